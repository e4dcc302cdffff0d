"""Explicit edits, one a line: `FILE: PATH = VALUE`."""

from __future__ import annotations

import posixpath
from dataclasses import field

from gitops_action.core.config import Environment
from gitops_action.core.dataclass import dataclass
from gitops_action.core.discovery import OutsideRepositoryError, Source
from gitops_action.core.yaml.path import YamlPath, parse_path
from gitops_action.errors import GitOpsError, GitOpsErrors, Location, UsageError

_FIX = "write `FILE: PATH = VALUE`, for example `values.yaml: image.tag = v2`"


@dataclass(frozen=True, kw_only=True)
class SetEdit:
    """One explicit edit. `line` is its line in the `set` input."""

    file: str
    path: YamlPath
    value: str
    line: int = field(default=1, compare=False)

    def __str__(self) -> str:
        """As the input writes it; in quotes where reading it back would take something away."""
        plain = _unquoted(self.value.strip()) == self.value
        value = self.value if plain else f'"{self.value}"'
        return f"{self.file}: {self.path} = {value}"


def parse_set_lines(text: str) -> tuple[SetEdit, ...]:
    """Read the lines of `set`; empty ones and those that begin with `#` are skipped.

    Raises:
        UsageError: a line does not follow the grammar, or two set one path to different values.
        GitOpsErrors: several lines are wrong; all are reported.
    """
    edits: dict[tuple[str, str], SetEdit] = {}
    errors: list[GitOpsError] = []
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        try:
            edit = _parse(line, number)
            known = edits.setdefault((edit.file, str(edit.path)), edit)
            if known != edit:
                errors.append(_contradiction(known, edit))
        except UsageError as error:
            errors.append(error)
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise GitOpsErrors("Several lines of `set` are wrong", tuple(errors))
    return tuple(edits.values())


def locate(edit: SetEdit, source: Source, environment: Environment) -> str:
    """The file that an edit means.

    The environment's folder comes first: the file at that path in it, else the only file in it
    whose path ends so; else the file at that path from the repository's top.

    Raises:
        UsageError: several files in the environment are meant, or none is there, or it leads out.
    """
    location = Location(file=edit.file)
    requested = source.resolve("", edit.file, location)
    if source.is_link(posixpath.normpath(edit.file)):
        raise (
            OutsideRepositoryError(edit.file, location)
            if not source.has(requested)
            else UsageError(
                f"`set`, line {edit.line}: {edit.file} is a symbolic link",
                cause=f"it points to {requested}",
                fix=f"name {requested} itself",
            )
        )
    inside = [p for p in sorted(source.snapshot.files) if environment.contains(p)]
    exact = [p for p in inside if environment.path and p == f"{environment.root}/{requested}"]
    ending = [p for p in inside if f"/{p}".endswith(f"/{requested}")]
    if exact or (source.has(requested) and requested in inside):
        return (exact or [requested])[0]
    if len(ending) == 1:
        return ending[0]
    if len(ending) > 1:
        raise _several(edit, ending)
    if source.has(requested):
        return requested
    raise UsageError(
        f"`set`, line {edit.line}: there is no file {edit.file}",
        cause=f"neither in environment {environment.name} nor from the repository's top",
        fix="write the path from the environment's folder or from the repository's top",
    )


def _parse(line: str, number: int) -> SetEdit:
    file, colon, rest = line.partition(":")
    left, equals, value = _split_value(rest)
    if not (colon and equals and file.strip() and left.strip()):
        raise UsageError(f"`set`, line {number}: {line!r} is not an edit", fix=_FIX)
    try:
        path = parse_path(left.strip())
    except UsageError as error:
        error.title = f"`set`, line {number}: {error.title}"
        raise
    return SetEdit(file=file.strip(), path=path, value=_unquoted(value.strip()), line=number)


def _split_value(text: str) -> tuple[str, str, str]:
    """Split at the first `=` outside quotes and brackets, which belong to the path."""
    quote, depth = "", 0
    for index, letter in enumerate(text):
        if quote:
            quote = "" if letter == quote and text[index - 1] != "\\" else quote
        elif letter in "\"'":
            quote = letter
        elif letter in "[]":
            depth += 1 if letter == "[" else -1
        elif letter == "=" and depth <= 0:
            return text[:index], "=", text[index + 1 :]
    return text.partition("=")


def _unquoted(value: str) -> str:
    """A value in quotes keeps its blanks; the quotes are not part of it."""
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
    return value[1:-1] if quoted else value


def _contradiction(first: SetEdit, second: SetEdit) -> UsageError:
    return UsageError(
        f"`set` gives {first.file}: {first.path} two values",
        cause=f"lines {first.line} and {second.line} contradict each other",
        fix="keep one of the two lines",
    )


def _several(edit: SetEdit, found: list[str]) -> UsageError:
    return UsageError(
        f"`set`, line {edit.line}: {edit.file} could be several files",
        cause=", ".join(found),
        fix="write more of the path",
    )
