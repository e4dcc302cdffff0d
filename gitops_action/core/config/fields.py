"""The kinds of value that the configuration model is made of, each with its check."""

from __future__ import annotations

import re
from collections.abc import Callable
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
from gitops_action.core.config.expressions import check_expression
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


def problem(message: str, fix: str) -> PydanticCustomError:
    """An error of ours inside a validator, with the fix that is shown beside it."""
    return PydanticCustomError("gitops", "{reason}", {"reason": message, "fix": fix})


def matching(pattern: str, what: str, fix: str) -> AfterValidator:
    """A check that the whole text matches, explained in words rather than as an expression."""
    compiled = re.compile(pattern, re.ASCII)

    def check(text: str) -> str:
        if not compiled.fullmatch(text):
            article = "an" if what[0].lower() in "aeiou" else "a"
            raise problem(f"{text!r} is not {article} {what}", fix)
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
        raise ValueError(f"{text!r} is not a known time zone") from None
    return text


def _checked_image(text: str) -> str:
    try:
        return normalise_repository(text)
    except ImageReferenceError as error:
        reason = f"{error.reason} (character {error.column})"
        raise ValueError(f"{text!r} is not an image repository: {reason}") from None


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


def _checked_file(text: str) -> str:
    if not _checked_folder(text) or text.endswith("/"):
        raise ValueError(f"{text!r} is a folder")
    return normalised(text)


_IDENTITY = frozenset({"", "/apiVersion", "/kind", "/metadata", "/metadata/labels"})
_IDENTITY_METADATA = frozenset({"name", "namespace", "labels/gitops-action~1inventory"})


def _checked_pointer(text: str) -> str:
    if not re.fullmatch(r"(/([^/~]|~[01])+)+", text):
        raise ValueError(f"{text!r} is not a JSON pointer")
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
DeployWorkflow = Annotated[
    str,
    matching(DEPLOY_WORKFLOW_PATTERN, "workflow file", "write .github/workflows/FILE.yml"),
    WithJsonSchema({"type": "string", "pattern": DEPLOY_WORKFLOW_PATTERN}),
]
WorkflowFile = Annotated[
    str,
    matching(
        WORKFLOW_PATTERN, "workflow file", "write OWNER/REPO/.github/workflows/FILE.yml, without @"
    ),
    WithJsonSchema({"type": "string", "pattern": WORKFLOW_PATTERN}),
]
RefPattern = Annotated[
    str,
    matching(REF_PATTERN, "ref", "write refs/heads/main or refs/tags/v*; * is any text"),
    WithJsonSchema({"type": "string", "pattern": REF_PATTERN}),
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
File = Annotated[
    str,
    _from_text(_checked_file, "write a file of this repository: .github/trusted-root.jsonl"),
    WithJsonSchema({"type": "string", "minLength": 1}),
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
AppId = Annotated[int, Field(ge=1)]


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
        defer_build=True,  # the whole is built once, not each part by itself and again in the whole
    )
