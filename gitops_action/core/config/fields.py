"""The kinds of value that the configuration model is made of, each with its check."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Annotated, TypeVar
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from gitops_action.core.config.check import normalised
from gitops_action.core.config.resolved import PLACEHOLDER
from gitops_action.core.config.values import (
    DURATION_PATTERN,
    NAME_PATTERN,
    PERCENTAGE_PATTERN,
    parse_duration,
    parse_percentage,
)
from gitops_action.core.config.windows import check_cron
from gitops_action.core.images import ImageReferenceError, normalise_repository
from gitops_action.core.pattern import pattern

# Expressions of the configuration: the Common Expression Language, checked before it is needed.

LONGEST = 1_000
"""Characters of one expression: what is longer is a program, and could not be bounded."""

MOST_LOOPS = 3
"""Loops (`all`, `exists`, `map`, `filter`) in one expression: nested, each multiplies the work."""

MOST_STEPS = 200_000
"""Items that the loops of one expression may visit, which takes about half a second."""

_LOOP = r"\b(?:all|exists_one|exists|map|filter)(?:\s|//[^\n]*\n)*\("
_LOOPS = pattern(_LOOP)
_TOKENS = pattern(
    r"""\"\"\".*?\"\"\"|\'\'\'.*?\'\'\'|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|//[^\n]*"""
    rf"|(?P<loop>{_LOOP})|(?P<open>\()|(?P<close>\))",
    re.DOTALL,
)
_RAW = pattern(r"""\b[bB]?[rR][bB]?["']""")
_FRAME = pattern(
    r"\AFailed to parse expression.*?: ERROR: <input>:\d+:(?P<column>\d+): ", re.DOTALL
)
"""How the library's messages begin; the expression itself comes before the place."""


def expression_limit(text: str) -> str:
    """Why an expression could take too long, in a line; empty when it cannot."""
    if len(text) > LONGEST:
        return f"longer than {LONGEST} characters"
    if len(_LOOPS.findall(text)) > MOST_LOOPS:
        return f"more than {MOST_LOOPS} loops (all, exists, map, filter)"
    return ""


def too_many_steps(text: str, value: object) -> bool:
    """Whether the loops of an expression could visit too many items of a value.

    The library cannot be interrupted, so the work is bounded before: the largest collection, with
    what the expression itself adds to it, to the power of the loops within loops.
    """
    depth = _loop_depth(text)
    if not depth:
        return False
    literal = text.count(",") + 1
    largest = (_largest(value) + literal) * (text.count("+") + 1)
    steps: int = largest**depth
    return steps > MOST_STEPS


def _loop_depth(text: str) -> int:
    """How many loops are inside of each other; all of them, where the text cannot be followed."""
    if _RAW.search(text):
        return len(_LOOPS.findall(text))
    inside: list[bool] = []
    deepest = 0
    for token in _TOKENS.finditer(text):
        if token["loop"] or token["open"]:
            inside.append(bool(token["loop"]))
            deepest = max(deepest, sum(inside))
        elif token["close"] and inside:
            inside.pop()
    return deepest


def _largest(value: object) -> int:
    """The number of items of the largest list or mapping in a value."""
    largest, waiting = 0, [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, Mapping):
            largest = max(largest, len(item))
            waiting.extend(item.values())
        elif isinstance(item, list | tuple):
            largest = max(largest, len(item))
            waiting.extend(item)
    return largest


def check_expression(text: str, variable: str = "") -> None:
    """Make sure that an expression can be read, and looks at what it is about.

    Args:
        text: the expression.
        variable: a variable that it has to use; empty for any.

    Raises:
        ValueError: it cannot be read, or does not use the variable; the message says why.
    """
    import cel  # noqa: PLC0415 - a compiled library, only where there is an expression

    if limit := expression_limit(text):
        raise ValueError(f"{text[:60]!r} cannot be used: {limit}")
    try:
        program = cel.compile(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is no expression: {_reason(str(error))}") from None
    if variable and variable not in program.variables():
        raise ValueError(f"{text!r} does not look at `{variable}`")


def _reason(message: str) -> str:
    """The parser's first complaint without its drawing of the place."""
    found = _FRAME.match(message)
    if not found:
        return " ".join(message.split())
    return f"{message[found.end() :].splitlines()[0]} (character {found['column']})"


OWNER_NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+$"
KUSTOMIZATION_PATTERN = r"^[a-z0-9][a-z0-9-]*/[a-z0-9][a-z0-9.-]*$"
URL_PATTERN = r"^https?://[^\s/@?#]+([/?#]\S*)?$"
ENVIRONMENT_URL_PATTERN = r"^https?://([^\s@?#{}]|\{application\})+([?#]\S*)?$"
KUBERNETES_PATTERN = r"^1\.[1-9][0-9]?$"
LOGIN_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9-]*(\[bot\])?$"


def problem(message: str, fix: str) -> PydanticCustomError:
    """An error of ours inside a validator, with the fix that is shown beside it."""
    return PydanticCustomError("gitops", "{reason}", {"reason": message, "fix": fix})


def matching(pattern: str, what: str, fix: str) -> AfterValidator:
    """A check that the whole text matches, told in words rather than as an expression."""
    compiled = re.compile(pattern, re.ASCII)

    def check(text: str) -> str:
        if not compiled.fullmatch(text):
            raise problem(f"{text!r} is no {what}", fix)
        return text

    return AfterValidator(check)


_T = TypeVar("_T")


def _from_text(read: Callable[[str], _T], fix: str) -> BeforeValidator:
    def convert(value: object) -> _T:
        if not isinstance(value, str):
            raise problem(f"{value!r} is not text", fix)
        try:
            return read(value)
        except ValueError as error:
            raise problem(str(error), fix) from None

    return BeforeValidator(convert)


def _checked_cron(text: str) -> str:
    check_cron(text)
    return text


def _checked_zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{text!r} is no known time zone") from None
    return text


def _checked_image(text: str) -> str:
    try:
        return normalise_repository(text)
    except ImageReferenceError as error:
        reason = f"{error.reason} (character {error.column})"
        raise ValueError(f"{text!r} is no image repository: {reason}") from None


def _checked_expression(text: str) -> str:
    check_expression(text)
    return text


def _checked_expectation(text: str) -> str:
    check_expression(text, "response")
    return text


def _checked_folder(text: str) -> str:
    try:
        folder = normalised(text)
    except ValueError as error:
        raise ValueError(f"{text!r} {error}") from None
    if PLACEHOLDER in folder:
        raise ValueError(f"{text!r} may not hold {PLACEHOLDER}")
    return folder


_IDENTITY = frozenset({"", "/apiVersion", "/kind", "/metadata", "/metadata/labels"})
_IDENTITY_METADATA = frozenset({"name", "namespace", "labels/gitops-action~1inventory"})


def _checked_pointer(text: str) -> str:
    if not re.fullmatch(r"(/([^/~]|~[01])+)+", text):
        raise ValueError(f"{text!r} is no JSON pointer")
    rest = text.removeprefix("/metadata/")
    if text in _IDENTITY or (rest != text and rest in _IDENTITY_METADATA):
        raise ValueError(f"{text!r} says which object it is, or whose")
    return text


def _budget(value: object) -> float | int:
    fix = 'write a share such as "20%", or a number of objects'
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if not isinstance(value, str):
        raise problem(f"{value!r} is neither a percentage nor a number of objects", fix)
    try:
        return float(parse_percentage(value))
    except ValueError as error:
        raise problem(str(error), fix) from None


_DURATION_FIX = "write a duration such as 90s, 10m, 1h30m, 2d"

Name = Annotated[
    str,
    matching(NAME_PATTERN, "name", "use a-z, 0-9 and dashes, starting with a letter or digit"),
    StringConstraints(max_length=63),
    WithJsonSchema({"type": "string", "pattern": NAME_PATTERN, "maxLength": 63}),
]
Duration = Annotated[
    timedelta,
    _from_text(parse_duration, _DURATION_FIX),
    WithJsonSchema({"type": "string", "pattern": DURATION_PATTERN}),
]
Cron = Annotated[
    str,
    _from_text(_checked_cron, 'write five fields, e.g. "0 17 * * FRI"'),
    WithJsonSchema({"type": "string"}),
]
TimeZone = Annotated[
    str,
    _from_text(_checked_zone, "write an IANA name such as Europe/Berlin or UTC"),
    WithJsonSchema({"type": "string"}),
]
ImageRepository = Annotated[
    str,
    _from_text(_checked_image, "write a repository such as ghcr.io/acme/web, without a tag"),
    WithJsonSchema({"type": "string"}),
]
OwnerName = Annotated[
    str,
    matching(OWNER_NAME_PATTERN, "repository OWNER/NAME", "write it as OWNER/NAME"),
    WithJsonSchema({"type": "string", "pattern": OWNER_NAME_PATTERN}),
]
Team = Annotated[
    str,
    matching(OWNER_NAME_PATTERN, "team ORG/TEAM", "write organisation and team: acme/sre"),
    WithJsonSchema({"type": "string", "pattern": OWNER_NAME_PATTERN}),
]
Login = Annotated[
    str,
    matching(LOGIN_PATTERN, "GitHub login", "write the login without @"),
    WithJsonSchema({"type": "string", "pattern": LOGIN_PATTERN}),
]
Kustomization = Annotated[
    str,
    matching(KUSTOMIZATION_PATTERN, "Kustomization", "write NAMESPACE/NAME: flux-system/staging"),
    WithJsonSchema({"type": "string", "pattern": KUSTOMIZATION_PATTERN}),
]
Url = Annotated[
    str,
    matching(URL_PATTERN, "address", "write https://host/path, without user or password in it"),
    WithJsonSchema({"type": "string", "pattern": URL_PATTERN}),
]
EnvironmentUrl = Annotated[
    str,
    matching(ENVIRONMENT_URL_PATTERN, "address", "write https://host/path; {application} once"),
    WithJsonSchema({"type": "string", "pattern": ENVIRONMENT_URL_PATTERN}),
]
Budget = Annotated[
    float | int,
    BeforeValidator(_budget),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": PERCENTAGE_PATTERN},
                {"type": "integer", "minimum": 0},
            ]
        }
    ),
]
Expression = Annotated[
    str,
    _from_text(_checked_expression, "write an expression such as \"status.phase == 'Ready'\""),
    WithJsonSchema({"type": "string", "minLength": 1}),
]
Expectation = Annotated[
    str,
    _from_text(_checked_expectation, 'write an expression such as "response.status == 200"'),
    WithJsonSchema({"type": "string", "minLength": 1}),
]
FieldPointer = Annotated[
    str,
    _from_text(_checked_pointer, "write a JSON pointer to a field, e.g. /spec/replicas"),
    WithJsonSchema({"type": "string", "pattern": "^/"}),
]
Folder = Annotated[
    str,
    _from_text(_checked_folder, "write a folder of this repository, e.g. crds"),
    WithJsonSchema({"type": "string", "minLength": 1}),
]
KubernetesVersion = Annotated[
    str,
    _from_text(str, 'write it in quotes, e.g. "1.36"'),
    matching(KUBERNETES_PATTERN, "Kubernetes version", 'write MAJOR.MINOR in quotes: "1.36"'),
    WithJsonSchema({"type": "string", "pattern": KUBERNETES_PATTERN}),
]
Text = Annotated[str, StringConstraints(min_length=1)]
Count = Annotated[int, Field(ge=0)]


def hyphenated(name: str) -> str:
    """The key that a field is written as."""
    return name.rstrip("_").replace("_", "-")


class Shape(BaseModel):
    """What all parts share: hyphens in keys, no unknown key, no conversion of types."""

    model_config = ConfigDict(
        alias_generator=hyphenated,
        extra="forbid",
        strict=True,
        frozen=True,
        populate_by_name=False,
    )
