"""Which names fit every place that the templates put them: YAML, Kubernetes, paths, GitHub."""

from __future__ import annotations

import re

from gitops_action.core.images import ImageReference, ImageReferenceError, parse_reference
from gitops_action.core.pattern import pattern
from gitops_action.errors import UsageError

_LABEL = pattern(r"[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?")
_OWNER = pattern(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,37}[A-Za-z0-9])?")
_REPOSITORY = pattern(r"(?!\.{1,2}\Z)[A-Za-z0-9._-]{1,100}")
_CODE_OWNER = pattern(r"@[A-Za-z0-9][A-Za-z0-9-]{0,38}(?:/[A-Za-z0-9][A-Za-z0-9_.-]{0,99})?")
_REGISTRY = pattern(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?")
_NOT_TEXT = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
"""Words that YAML 1.1 does not read as text (yaml.org, types `bool` and `null`)."""

_TAKEN = frozenset({"default", "flux-system", "kube-system", "kube-public", "kube-node-lease"})


def check_label(what: str, name: str) -> None:
    """A name of ours: at most 40 characters, since Kubernetes' names are made from it.

    Raises:
        UsageError: it does not fit (RFC 1035 labels, as Services are called; YAML's words).
    """
    if name in _NOT_TEXT:
        raise _wrong(what, name, "YAML reads it as something else than a name", "take another name")
    if not _LABEL.fullmatch(name):
        raise _wrong(
            what,
            name,
            "it has to begin with a letter, hold small letters, digits and hyphens alone, not end"
            " in a hyphen, and have at most 40 characters",
            _suggestion(name),
        )


def check_environment(name: str) -> None:
    """An environment's name, which is its namespace too.

    Raises:
        UsageError: it does not fit, or the namespace belongs to someone else.
    """
    check_label("environment", name)
    if name in _TAKEN:
        raise _wrong(
            "environment",
            name,
            "the environment gets a namespace of its name, and this one is taken",
            "take another name",
        )


def check_owner(name: str) -> None:
    """An account on GitHub.

    Raises:
        UsageError: GitHub has no such names.
    """
    if not _OWNER.fullmatch(name) or "--" in name:
        raise _wrong("owner", name, "GitHub has no such accounts", "write it like `acme`")


def check_repository(name: str) -> None:
    """A repository's name, without its owner.

    Raises:
        UsageError: GitHub has no such names.
    """
    if not _REPOSITORY.fullmatch(name) or name.endswith(".git"):
        raise _wrong("repository", name, "GitHub has no such names", "write it like `environment`")


def check_library(text: str) -> None:
    """The repository of this action, OWNER/NAME.

    Raises:
        UsageError: it is none, or the documents' placeholder.
    """
    owner, slash, name = text.partition("/")
    check_owner(owner)
    check_repository(name if slash else "")
    if owner == "OWNER":
        raise _wrong(
            "library",
            text,
            "`OWNER` stands for an account in the documents",
            "name the account that the action's repository belongs to",
        )


def check_code_owners(text: str) -> None:
    """People and teams, separated by spaces.

    Raises:
        UsageError: one of them is neither.
    """
    for name in text.split() or [""]:
        if not _CODE_OWNER.fullmatch(name):
            raise _wrong("code owner", name, "it is neither a person nor a team", "write @acme/sre")


def check_registry(name: str) -> None:
    """A registry's host, with or without its port.

    Raises:
        UsageError: it is none.
    """
    if not _REGISTRY.fullmatch(name) or ("." not in name and ":" not in name):
        raise _wrong("registry", name, "it is not a host", "write it like `ghcr.io`")


def read_image(text: str) -> ImageReference:
    """An image with its registry, with or without a tag.

    Raises:
        UsageError: it is none, names no registry, or carries a digest.
    """
    try:
        image = parse_reference(text)
    except ImageReferenceError as error:
        raise _wrong("image", text, error.cause or error.title, error.fix) from error
    host, slash, _ = image.name.partition("/")
    if not slash or ("." not in host and ":" not in host):
        full = image.with_(tag=None).repository
        raise _wrong("image", text, "it names no registry", f"write it in full, like `{full}`")
    if image.digest:
        raise _wrong("image", text, "it has a digest", "name the tag; bumps write digests")
    return image


def _suggestion(name: str) -> str:
    words = "-".join(re.findall(r"[a-z0-9]+", name.lower()))
    close = words.lstrip("0123456789-")[:40].rstrip("-")
    return f"take `{close}`" if close and close not in _NOT_TEXT else "write it like `web`"


def _wrong(what: str, name: str, cause: str, fix: str) -> UsageError:
    article = "an" if what[0] in "aeiou" else "a"
    return UsageError(f"{name!r} cannot be {article} {what}'s name", cause=cause, fix=fix)
