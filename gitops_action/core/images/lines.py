"""The `images` input of `bump`: one reference a line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gitops_action.core.images.errors import ImageReferenceError
from gitops_action.core.images.reference import (
    ImageReference,
    normalise_repository,
    parse_reference,
)
from gitops_action.errors import GitOpsError, GitOpsErrors, UsageError


@dataclass(frozen=True, kw_only=True)
class ImageChange:
    """One image and what it becomes.

    Attributes:
        repository: the normalised repository that is looked for in the environment.
        target: the new reference; its `name` keeps the spelling given.
        rename: written as `old/name=new/name:tag`, so that the repository changes too.
    """

    repository: str
    target: ImageReference
    rename: bool = False


def parse_image_lines(text: str) -> tuple[ImageChange, ...]:
    """Read the lines; empty ones and those that begin with `#` are skipped.

    Raises:
        UsageError: a line is no reference or has neither tag nor digest, or two lines want
            different things for one repository.
        GitOpsErrors: several lines are wrong; all are told.
    """
    changes: dict[str, tuple[int, ImageChange]] = {}
    errors: list[GitOpsError] = []
    for number, line in _lines(text):
        try:
            change = _parse_line(line, number)
            first, known = changes.setdefault(change.repository, (number, change))
            if known != change:
                errors.append(_contradiction(change.repository, first, number))
        except UsageError as error:
            errors.append(error)
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise GitOpsErrors("Several lines of `images` are wrong", tuple(errors))
    return tuple(change for _, change in changes.values())


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if stripped and not stripped.startswith("#"):
            yield number, stripped


def _parse_line(line: str, number: int) -> ImageChange:
    old, rename, new = line.partition("=")
    try:
        target = parse_reference(new.strip() if rename else line)
        repository = normalise_repository(old.strip()) if rename else target.repository
    except ImageReferenceError as error:
        error.title = f"`images`, line {number}: {error.title}"
        raise
    if target.tag is None and target.digest is None:
        raise UsageError(
            f"`images`, line {number}: {target} has neither tag nor digest",
            cause="a bump needs to know which version is meant",
            fix=f"write `{target}:TAG` or `{target}@sha256:DIGEST`",
        )
    return ImageChange(repository=repository, target=target, rename=bool(rename))


def _contradiction(repository: str, first: int, second: int) -> UsageError:
    return UsageError(
        f"`images` names {repository} twice, with different targets",
        cause=f"lines {first} and {second} contradict each other",
        fix="keep one of the two lines",
    )
