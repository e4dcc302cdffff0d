"""The formats of text in the configuration, each with its check, its words and its fix."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from gitops_action.core.config import values
from gitops_action.core.config.check import normalised
from gitops_action.core.config.expressions import check_expression
from gitops_action.core.config.resolved import PLACEHOLDER
from gitops_action.core.dataclass import dataclass
from gitops_action.core.images import ImageReferenceError, normalise_repository
from gitops_action.core.pattern import pattern

OWNER_NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+$"
KUSTOMIZATION_PATTERN = r"^[a-z0-9][a-z0-9-]*/[a-z0-9][a-z0-9.-]*$"
URL_PATTERN = r"^https?://[^\s/@?#]+([/?#]\S*)?$"
ENVIRONMENT_URL_PATTERN = r"^https?://([^\s@?#{}]|\{application\})+([?#]\S*)?$"
KUBERNETES_PATTERN = r"^1\.[1-9][0-9]?$"
DEPLOY_WORKFLOW_PATTERN = r"^\.github/workflows/[A-Za-z0-9._-]+\.ya?ml$"
_WORKFLOW_PART = r"([A-Za-z0-9._-]|\{application\})+"
WORKFLOW_PATTERN = (
    r"^[A-Za-z0-9][A-Za-z0-9-]*/"
    + _WORKFLOW_PART
    + r"/\.github/workflows/"
    + _WORKFLOW_PART
    + r"\.ya?ml$"
)
REF_PATTERN = r"^refs/[^\s?\[\]^~:\\]+$"
LOGIN_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9-]*(\[bot\])?$"
LONGEST_NAME = 63
"""Of a label's value, and of a name in Kubernetes (RFC 1123)."""


@dataclass(frozen=True, kw_only=True)
class Format:
    """How one kind of text is written.

    Attributes:
        check: raises ValueError, with a message that quotes the text, where it is none.
        fix: what to write instead.
        pattern: for editors; empty where a pattern cannot say it.
        otherwise: what a value is that is no text; empty where it lacks quotes alone.
    """

    check: Callable[[str], object]
    fix: str
    pattern: str = ""
    otherwise: str = "not text"

    def accepts(self, text: str) -> bool:
        """Whether the text is written so."""
        return not self.problem(text)

    def problem(self, text: str) -> str:
        """What is wrong with the text, or empty."""
        try:
            self.check(text)
        except ValueError as error:
            return str(error)
        return ""


def _matching(expression: str, what: str, fix: str, *, otherwise: str = "") -> Format:
    """Text that an expression matches as a whole, explained in words."""

    def check(text: str) -> None:
        if not re.fullmatch(expression, text, re.ASCII):
            article = "an" if what[0].lower() in "aeiou" else "a"
            raise ValueError(f"{text!r} is not {article} {what}")

    return Format(check=check, fix=fix, pattern=expression, otherwise=otherwise)


def _check_name(text: str) -> None:
    if not re.fullmatch(values.NAME_PATTERN, text, re.ASCII):
        raise ValueError(f"{text!r} is not a name")
    if len(text) > LONGEST_NAME:
        raise ValueError(f"{text!r} has more than {LONGEST_NAME} characters")


def _check_cron(text: str) -> None:
    from gitops_action.core.config.windows import (  # noqa: PLC0415 - most configurations have no windows
        check_cron,
    )

    check_cron(text)


def _check_zone(text: str) -> None:
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - same

    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{text!r} is not a known time zone") from None


def _check_image(text: str) -> None:
    try:
        normalise_repository(text)
    except ImageReferenceError as error:
        reason = f"{error.reason} (character {error.column})"
        raise ValueError(f"{text!r} is not an image repository: {reason}") from None


def _check_expectation(text: str) -> None:
    check_expression(text, "response")


def _check_folder(text: str) -> None:
    try:
        folder = normalised(text)
    except ValueError as error:
        raise ValueError(f"{text!r} {error}") from None
    if PLACEHOLDER in folder:
        raise ValueError(f"{text!r} may not hold {PLACEHOLDER}")


def _check_file(text: str) -> None:
    _check_folder(text)
    if not normalised(text) or text.endswith("/"):
        raise ValueError(f"{text!r} is a folder")


_POINTER = pattern(r"(/([^/~]|~[01])+)+")
_IDENTITY = frozenset({"", "/apiVersion", "/kind", "/metadata", "/metadata/labels"})
_IDENTITY_METADATA = frozenset({"name", "namespace", "labels/gitops-action~1inventory"})


def _check_pointer(text: str) -> None:
    if not _POINTER.fullmatch(text):
        raise ValueError(f"{text!r} is not a JSON pointer")
    rest = text.removeprefix("/metadata/")
    if text in _IDENTITY or (rest != text and rest in _IDENTITY_METADATA):
        raise ValueError(f"{text!r} says which object it is, or whose")


FORMATS: Mapping[str, Format] = {
    "name": Format(
        check=_check_name,
        fix="use a-z, 0-9 and dashes, starting with a letter or digit",
        pattern=values.NAME_PATTERN,
        otherwise="",
    ),
    "time-span": Format(
        check=values.parse_duration,
        fix="write a duration such as 90s, 10m, 1h30m, 2d",
        pattern=values.DURATION_PATTERN,
    ),
    "percentage": Format(
        check=values.parse_percentage,
        fix='write a share such as "20%", or a number of objects',
        pattern=values.PERCENTAGE_PATTERN,
        otherwise="neither a percentage nor a number of objects",
    ),
    "cron": Format(check=_check_cron, fix='write five fields, e.g. "0 17 * * FRI"'),
    "time-zone": Format(check=_check_zone, fix="write an IANA name such as Europe/Berlin or UTC"),
    "image-repository": Format(
        check=_check_image, fix="write a repository such as ghcr.io/acme/web, without a tag"
    ),
    "owner-name": _matching(OWNER_NAME_PATTERN, "repository OWNER/NAME", "write it as OWNER/NAME"),
    "team": _matching(OWNER_NAME_PATTERN, "team ORG/TEAM", "write organisation and team: acme/sre"),
    "login": _matching(LOGIN_PATTERN, "GitHub login", "write the login without @"),
    "deploy-workflow": _matching(
        DEPLOY_WORKFLOW_PATTERN, "workflow file", "write .github/workflows/FILE.yml"
    ),
    "workflow-file": _matching(
        WORKFLOW_PATTERN,
        "workflow file",
        "write OWNER/REPO/.github/workflows/FILE.yml, without @",
    ),
    "ref-pattern": _matching(
        REF_PATTERN, "ref", "write refs/heads/main or refs/tags/v*; * is any text"
    ),
    "kustomization": _matching(
        KUSTOMIZATION_PATTERN, "Kustomization", "write NAMESPACE/NAME: flux-system/staging"
    ),
    "url": _matching(
        URL_PATTERN, "address", "write https://host/path, without user or password in it"
    ),
    "environment-url": _matching(
        ENVIRONMENT_URL_PATTERN, "address", "write https://host/path; {application} once"
    ),
    "expression": Format(
        check=check_expression,
        fix="write an expression such as \"status.phase == 'Ready'\"",
    ),
    "expectation": Format(
        check=_check_expectation, fix='write an expression such as "response.status == 200"'
    ),
    "field-pointer": Format(
        check=_check_pointer,
        fix="write a JSON pointer to a field, e.g. /spec/replicas",
        pattern="^/",
    ),
    "file": Format(
        check=_check_file, fix="write a file of this repository: .github/trusted-root.jsonl"
    ),
    "folder": Format(check=_check_folder, fix="write a folder of this repository, e.g. crds"),
    "kubernetes-version": _matching(
        KUBERNETES_PATTERN,
        "Kubernetes version",
        'write MAJOR.MINOR in quotes: "1.36"',
        otherwise="not text",
    ),
}
"""By the name that the schema calls them; none is a format that JSON Schema itself defines."""
