"""Reads the text of inputs by their kind, and reports everything that is wrong in one go."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import Field
from typing import Any, ClassVar, Protocol, TypeVar
from urllib.parse import urlsplit

from gitops_action.core.dataclass import dataclass
from gitops_action.core.inputs.declaration import Command, Input, Kind
from gitops_action.core.pattern import pattern
from gitops_action.core.redaction.known import SHORTEST_PASSWORD
from gitops_action.errors import GitOpsErrors, UsageError

_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})
BOOLEANS = _TRUE | _FALSE
"""What a `flag` may be, as GitHub's toolkit reads booleans."""

_REPOSITORY = pattern(r"[A-Za-z0-9][A-Za-z0-9_-]{0,38}/(?!\.{1,2}\Z)[A-Za-z0-9._-]{1,100}")
_NAME = pattern(r"[A-Za-z0-9._-]{1,100}")
_CONTROL = pattern(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class _Dataclass(Protocol):
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


InputsT = TypeVar("InputsT", bound=_Dataclass)


@dataclass(frozen=True, kw_only=True)
class Values:
    """The values of one command's inputs, checked: reading them cannot fail."""

    command: Command
    texts: Mapping[str, str]

    def text(self, name: str) -> str:
        """The value as text."""
        return self.texts[name]

    def flag(self, name: str) -> bool:
        """The value of a `flag`."""
        return self.texts[name] in _TRUE

    def names(self, name: str) -> tuple[str, ...]:
        """The names of a `names` input in order, each once."""
        return split_names(self.texts[name])

    def build(self, target: type[InputsT], **computed: object) -> InputsT:
        """Fill a dataclass whose fields are named after inputs; `computed` ones win.

        A test holds every such dataclass against the declaration: names, types and defaults.
        """
        fields: dict[str, Any] = {
            item.field: self._value(item)
            for item in self.command.everything
            if item.field in target.__dataclass_fields__
        }
        return target(**{**fields, **computed})

    def _value(self, item: Input) -> str | bool | tuple[str, ...]:
        if item.kind == "flag":
            return self.flag(item.name)
        return self.names(item.name) if item.kind == "names" else self.text(item.name)


def check_values(command: Command, given: Mapping[str, str]) -> Values:
    """Give each input its text or its default, and check it by its kind.

    Args:
        command: whose inputs are read.
        given: name to text as it came from the runner or the command line; a text that is empty
            counts as not given.

    Raises:
        UsageError: an input is not written as its grammar says.
        GitOpsErrors: several are not.
    """
    texts: dict[str, str] = {}
    errors: list[UsageError] = []
    for item in command.everything:
        text = given.get(item.name, "")
        texts[item.name] = (text if item.kind == "raw" else text.strip()) or item.default
        if error := _fault(item, texts[item.name]):
            errors.append(error)
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise GitOpsErrors("Several inputs are wrong", tuple(errors))
    return Values(command=command, texts=texts)


def split_names(text: str) -> tuple[str, ...]:
    """Split a list of names at line breaks and commas; each name once, order kept."""
    parts = (part.strip() for line in text.splitlines() for part in line.split(","))
    return tuple(dict.fromkeys(part for part in parts if part))


def nearest(name: str, known: tuple[str, ...]) -> str:
    """The known name that was probably meant, or empty."""
    from difflib import get_close_matches  # noqa: PLC0415 - only a mistake needs it

    return next(iter(get_close_matches(name, known, n=1, cutoff=0.5)), "")


def _fault(item: Input, text: str) -> UsageError | None:
    if not text:
        return None
    if _CONTROL.search(text):
        return _wrong(item, "it contains a control character", "remove it")
    check = _CHECKS.get(item.kind)
    return check(item, text) if check else None


def _wrong(item: Input, cause: str, fix: str) -> UsageError:
    return UsageError(f"The input `{item.name}` is not valid", cause=cause, fix=fix)


def _check_line(item: Input, text: str) -> UsageError | None:
    if "\n" in text or "\r" in text:
        return _wrong(item, "it has several lines", "give one value")
    return None


def _check_secret(item: Input, text: str) -> UsageError | None:
    if item.name.endswith("password") and len(text.strip()) < SHORTEST_PASSWORD:
        cause = (
            f"it is shorter than {SHORTEST_PASSWORD} characters, so that names in the log and in"
            " outputs may contain it"
        )
        return _wrong(item, cause, "set a longer password, or a token")
    return None if item.several_lines else _check_line(item, text)


def _check_flag(item: Input, text: str) -> UsageError | None:
    if text in BOOLEANS:
        return None
    return _wrong(item, f"{text!r} is neither true nor false", "write `true` or `false`")


def _check_choice(item: Input, text: str) -> UsageError | None:
    if text in item.choices:
        return None
    close = nearest(text, item.choices)
    fix = f"did you mean `{close}`? " if close else ""
    allowed = ", ".join(f"`{choice}`" for choice in item.choices)
    return _wrong(item, f"{text!r} is not one of its values", f"{fix}write one of {allowed}")


def _check_url(item: Input, text: str) -> UsageError | None:
    fix = "write it like `https://github.example.com/api/v3`"
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        return _wrong(item, "it is not an address", fix)
    if parts.username is not None or parts.password is not None:
        return _wrong(item, "it contains a user or password", "give tokens by `token`")
    plain = parts.scheme in {"http", "https"} and host and port != 0
    if not plain or parts.query or parts.fragment or re.search(r"\s", text):
        return _wrong(item, f"{text!r} is not an http(s) address", fix)
    return None


def _check_repository(item: Input, text: str) -> UsageError | None:
    if _REPOSITORY.fullmatch(text):
        return None
    fix = f"name its owner, too: `OWNER/{text}`" if _NAME.fullmatch(text) else ""
    return _wrong(item, f"{text!r} is not OWNER/NAME", fix or "write it like `acme/environment`")


_CHECKS: dict[Kind, Callable[[Input, str], UsageError | None]] = {
    "flag": _check_flag,
    "choice": _check_choice,
    "url": _check_url,
    "repository": _check_repository,
    "secret": _check_secret,
}


# Defaults that depend on the surroundings: resolved here and nowhere else.

_PUBLIC_SERVER = "https://github.com"
_PUBLIC_API = "https://api.github.com"


@dataclass(frozen=True, kw_only=True)
class Endpoints:
    """Where one GitHub is reached; without a slash at the end."""

    api_url: str
    graphql_url: str
    server_url: str


def with_defaults(
    command: Command, given: Mapping[str, str], environ: Mapping[str, str]
) -> dict[str, str]:
    """Fill in what was not given from the environment.

    Secrets fall back to their variables, `repository` to the job's, and the three addresses of
    GitHub to the job's or to what follows from the one that was given.
    """
    texts = {name: text for name, text in given.items() if text}
    for item in command.inputs:
        fallback = (environ.get(variable, "").strip() for variable in item.variables)
        if not texts.get(item.name, "").strip() and (text := next(filter(None, fallback), "")):
            texts[item.name] = text
    if command.find("repository") and environ.get("GITHUB_REPOSITORY"):
        texts.setdefault("repository", environ["GITHUB_REPOSITORY"])
    if command.find("api-url"):
        endpoints = resolve_endpoints(texts, environ)
        texts["api-url"] = endpoints.api_url
        texts["graphql-url"] = endpoints.graphql_url
        texts["server-url"] = endpoints.server_url
    return texts


def resolve_endpoints(given: Mapping[str, str], environ: Mapping[str, str]) -> Endpoints:
    """The addresses of GitHub: as given, else of the job, else the public ones.

    As soon as one is given, the others follow from it and not from the job, so that two servers
    are never mixed. GitHub Enterprise Server has its APIs at `/api/v3` and `/api/graphql`,
    GitHub Enterprise Cloud with data residency at `api.NAME.ghe.com` (GitHub's documentation,
    "Getting started with the REST API" and "Forming calls with GraphQL").
    """
    own = {name: given.get(name, "").strip().rstrip("/") for name in _VARIABLES}
    if not any(own.values()):
        own = {name: environ.get(key, "").rstrip("/") for name, key in _VARIABLES.items()}
    server = own["server-url"] or _server(own["api-url"] or own["graphql-url"])
    api = own["api-url"] or _api(server)
    return Endpoints(
        api_url=api, graphql_url=own["graphql-url"] or _graphql(api), server_url=server
    )


_VARIABLES = {
    "api-url": "GITHUB_API_URL",
    "graphql-url": "GITHUB_GRAPHQL_URL",
    "server-url": "GITHUB_SERVER_URL",
}


def _server(api: str) -> str:
    parts = _parts(api)
    if parts is None:
        return _PUBLIC_SERVER
    scheme, host = parts
    cloud = host == "api.github.com" or host.endswith(".ghe.com")
    return f"{scheme}://{host.removeprefix('api.') if cloud else host}"


def _api(server: str) -> str:
    parts = _parts(server)
    if parts is None or parts[1] == "github.com":
        return _PUBLIC_API
    scheme, host = parts
    return f"{scheme}://api.{host}" if host.endswith(".ghe.com") else f"{server}/api/v3"


def _graphql(api: str) -> str:
    return f"{api.removesuffix('/v3')}/graphql"


def _parts(address: str) -> tuple[str, str] | None:
    try:
        parts = urlsplit(address)
    except ValueError:
        return None  # said later, when the input's grammar is checked
    return (parts.scheme, parts.netloc.lower()) if parts.netloc else None


# The runner's way of passing inputs: `INPUT_*` variables.

_PREFIX = "INPUT_"
_OF_THE_RUNNER = frozenset({"INPUT_ARGS", "INPUT_ENTRYPOINT"})
"""`with.args` and `with.entrypoint` belong to the runner, for any container action."""


def variable(name: str) -> str:
    """The variable that carries an input.

    The runner upper-cases the name and replaces spaces by underscores; hyphens stay, as
    `@actions/core` reads them back (actions/toolkit, `getInput`).
    """
    return _PREFIX + name.replace(" ", "_").upper()


def given_inputs(inputs: tuple[Input, ...], environ: Mapping[str, str]) -> dict[str, str]:
    """Name to text of the inputs that are set and not empty."""
    texts = {item.name: environ.get(variable(item.name), "") for item in inputs}
    return {name: text for name, text in texts.items() if text}


def refuse_unknown_inputs(
    command: Command, everything: tuple[Input, ...], environ: Mapping[str, str]
) -> None:
    """Stop at inputs that no command has: a misspelt `dry-run` must not write.

    The runner only warns about them, and passes them on.

    Raises:
        UsageError: there is no such input.
        GitOpsErrors: there are several.
    """
    known = {variable(item.name) for item in everything} | {variable("command")}
    strays = [key for key in sorted(environ) if _is_input(key) and key not in known]
    names = ("command", *(item.name for item in command.inputs))
    others = tuple(item.name for item in everything)
    errors = tuple(_unknown(key, names, others) for key in strays)
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise GitOpsErrors("Several inputs do not exist", errors)


def stray_inputs(
    command: Command, everything: tuple[Input, ...], environ: Mapping[str, str]
) -> tuple[str, ...]:
    """Sentences about inputs of other commands, which do nothing for this one.

    Only those that differ from their defaults: the runner sets every default that `action.yml`
    names.
    """
    known = {variable(item.name): item for item in everything}
    mine = {variable(item.name) for item in command.inputs} | {variable("command")}
    notes: list[str] = []
    for key in sorted(environ):
        if not _is_input(key) or key in mine or key not in known:
            continue
        text = environ[key].strip()
        if text and text != known[key].default and not known[key].runner_default:
            notes.append(f"The input `{known[key].name}` does nothing for `{command.name}`.")
    return tuple(notes)


def _is_input(key: str) -> bool:
    return key.startswith(_PREFIX) and key not in _OF_THE_RUNNER


def _unknown(key: str, names: tuple[str, ...], others: tuple[str, ...]) -> UsageError:
    name = key.removeprefix(_PREFIX).lower()
    close = nearest(name, names) or nearest(name, others)
    return UsageError(
        f"There is no input `{name}`",
        cause="`with:` gives it to the action, which does not have it",
        fix=f"did you mean `{close}`?" if close else "remove it from `with:`",
    )
