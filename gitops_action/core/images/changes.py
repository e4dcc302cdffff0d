"""The `images` input of `bump`: one reference a line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from gitops_action.core.dataclass import dataclass
from gitops_action.core.images.fault import ImageReferenceError
from gitops_action.core.images.oci import ImageFacts
from gitops_action.core.images.reference import (
    ImageReference,
    normalise_repository,
    parse_reference,
)
from gitops_action.core.pattern import pattern
from gitops_action.errors import GitOpsError, GitOpsErrors, UsageError

if TYPE_CHECKING:
    from semver import Version


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
        GitOpsErrors: several lines are wrong; all are reported.
    """
    changes: dict[str, tuple[int, ImageChange]] = {}
    errors: list[GitOpsError] = []
    for number, line in _lines(text):
        try:
            change = _parse_line(line, number)
            first, known = changes.setdefault(change.repository, (number, change))
            if not _same(known, change):
                errors.append(_contradiction(change.repository, first, number))
        except UsageError as error:
            errors.append(error)
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise GitOpsErrors("Several lines of `images` are wrong", tuple(errors))
    return tuple(change for _, change in changes.values())


def _same(one: ImageChange, other: ImageChange) -> bool:
    """Whether they want the same, however the name is spelled."""
    return _meaning(one) == _meaning(other)


def _meaning(change: ImageChange) -> tuple[str, str, str | None, str | None]:
    target = change.target
    return change.repository, target.repository, target.tag, target.digest


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


# Whether one tag is older than another, where tags are versions.

_VERSION = pattern(r"v?(?P<core>\d+(?:\.\d+){1,3})(?:[-_.](?P<suffix>[A-Za-z0-9._-]+))?")
_STAGES = frozenset({"a", "alpha", "b", "beta", "rc", "cr", "pre", "preview"})
_STAGES |= {"dev", "snapshot", "canary", "nightly"}
_WORDS = pattern(r"[A-Za-z]+|[0-9]+")


def is_downgrade(old: str, new: str) -> bool | None:
    """Whether `new` is the older one of two version tags.

    Versions have two to four numbers and may begin with `v`; `1.2.3-alpine` keeps its variant.
    Prereleases are ordered as Semantic Versioning 2.0.0 (section 11) says, with `rc10` read as
    `rc.10`. None when the tags cannot be compared: one is no version, one is a moving tag of the
    other (`1.2` and `1.2.3`), or only the variant or packaging differs (`1.2.3`, `1.2.3-alpine`).
    """
    before, after = _VERSION.fullmatch(old), _VERSION.fullmatch(new)
    if before is None or after is None:
        return None
    left, right = _numbers(before), _numbers(after)
    shared = min(len(left), len(right))
    if left[:shared] != right[:shared]:
        return right[:shared] < left[:shared]
    if len(left) != len(right):
        return None
    return _compare_suffixes(before["suffix"], after["suffix"])


def _numbers(found: re.Match[str]) -> tuple[int, ...]:
    return tuple(int(number) for number in found["core"].split("."))


def _compare_suffixes(old: str | None, new: str | None) -> bool | None:
    if old == new:
        return False
    if old and new and old.isdigit() and new.isdigit():
        return int(new) < int(old)
    before, after = _prerelease(old), _prerelease(new)
    return None if before is None or after is None else after < before


def _prerelease(suffix: str | None) -> Version | None:
    """A version that stands for the suffix alone; None when it names a variant."""
    from semver import Version  # noqa: PLC0415 - most tags differ in their numbers

    if suffix is None:
        return Version(1)
    words = [word.lower() for word in _WORDS.findall(suffix)]
    if not words or words[0] not in _STAGES:
        return None
    if any(word not in _STAGES and not word.isdigit() for word in words):
        return None
    return Version(1, prerelease=".".join(word.lstrip("0") or "0" for word in words))


# Whether a tag and a digest that were given together belong together.


def verify_pin(reference: ImageReference, facts: ImageFacts) -> UsageError | None:
    """The error for a reference whose digest is not what its tag points to, else None.

    The digest of one platform's manifest belongs to the index that lists it.

    Args:
        reference: what was asked for.
        facts: what the registry says of the reference's tag.
    """
    if reference.tag is None or reference.digest is None:
        return None
    if reference.digest == facts.digest or reference.digest in facts.members:
        return None
    return UsageError(
        f"Tag and digest of {reference.name} do not belong together",
        cause=f"{reference.name}:{reference.tag} is {facts.digest}, not {reference.digest}",
        fix="give the tag or the digest alone, or the digest that the registry has for the tag",
    )
