"""What goes into a plan and what comes out of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Literal

from gitops_action.core.config import Config, Environment
from gitops_action.core.dataclass import dataclass
from gitops_action.core.discovery import Skipped, keep_files
from gitops_action.core.discovery.image import EffectiveImage, Spot, Untraced
from gitops_action.core.discovery.kinds.markers import MarkedScalar
from gitops_action.core.images import ImageChange, ImageReference
from gitops_action.core.linear_regex import DOTS, LinearRegex, LinearRegexError, linear_regex
from gitops_action.core.plan.sets import SetEdit
from gitops_action.core.repository import Keep, Snapshot
from gitops_action.errors import GitOpsError, Location, UsageError

DigestMode = Literal["pin", "keep", "drop"]


@dataclass(frozen=True, kw_only=True)
class PlanRequest:
    """One environment and what is to change in it.

    Attributes:
        snapshot: the repository's files; more than `make_keep` wants does not matter.
        environment: the one that is edited.
        config: the whole configuration, because no other environment may change along.
        changes: wanted images; targets carry the digest to pin already.
        applications: names asked for; none means every application that has the image.
        digest_mode: what becomes of digests when the target has none.
        sets: explicit edits.
        paths: globs of the files that may be edited; none means all.
        repository: OWNER/NAME of the environment repository; empty where it is not known.
        branch: its base branch; empty where it is not known.
    """

    snapshot: Snapshot
    environment: Environment
    config: Config
    changes: tuple[ImageChange, ...] = ()
    applications: tuple[str, ...] = ()
    digest_mode: DigestMode = "pin"
    sets: tuple[SetEdit, ...] = ()
    paths: tuple[str, ...] = ()
    repository: str = ""
    branch: str = ""


@dataclass(frozen=True, kw_only=True)
class Use:
    """A scalar that decides an image that must not change; `live` is None for an unknown one."""

    spot: Spot
    live: EffectiveImage | None

    @property
    def name(self) -> str:
        """The image, and where it is read."""
        where = f"{self.spot.file}: {self.spot.at}"
        if self.live is None:
            return f"a tag without a repository ({where})"
        return f"{self.live.repository} ({where})"

    @property
    def sharer(self) -> str:
        """The image, and the root it was reached from."""
        return f"{self.live.repository} of {self.live.root}" if self.live else self.name


Uses = Mapping[tuple[str, str], tuple[Use, ...]]
"""Images that must not change, by the scalar that decides their version or name."""


@dataclass(frozen=True, kw_only=True)
class PlanLine:
    """One scalar that changes, or is what it should be already, and why it is the one.

    `rule` is the short id of what recognised it, `reason` a sentence.
    """

    environment: str
    application: str | None
    file: str
    line: int
    path: str
    old: str
    new: str
    rule: str
    reason: str
    repository: str | None


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Byte edits for one environment, each with its reason.

    Attributes:
        environment: its name.
        applications: those touched or found at the target already, sorted.
        lines: what changes.
        unchanged: what is at the target already.
        edits: new content by path; only files that change.
        skipped: what was left alone, and why.
        previous: the wanted repositories' references as rendered before, each once.
        notes: what a reader of the plan should know.
    """

    environment: str
    applications: tuple[str, ...]
    lines: tuple[PlanLine, ...]
    unchanged: tuple[PlanLine, ...]
    edits: Mapping[str, bytes]
    skipped: tuple[Skipped, ...]
    previous: tuple[ImageReference, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def found(self) -> bool:
        """Whether the environment has anything that was asked for."""
        return bool(self.lines or self.unchanged)


def make_keep(changes: Sequence[ImageChange], sets: Sequence[SetEdit]) -> Keep:
    """The prefilter for reading a tree; without changes and edits it keeps every YAML file."""
    return keep_files(repositories_of(changes), frozenset(edit.file for edit in sets))


def repositories_of(changes: Sequence[ImageChange]) -> list[str]:
    """The repositories that are looked for; a rename also looks for its new name."""
    requested = [change.repository for change in changes]
    return requested + [change.target.repository for change in changes if change.rename]


# Why an environment cannot be planned.

_NEAREST = 5


class NoMatchError(UsageError):
    """Nothing in the environment uses a wanted image.

    Attributes:
        repositories: the wanted ones that are not there, normalised.
        images: how often each image that is there is used, nearest first.
    """

    def __init__(
        self, repositories: Sequence[str], environment: str, images: Mapping[str, int], hint: str
    ) -> None:
        """List the images that are there."""
        self.repositories = tuple(repositories)
        self.images = dict(images)
        near = [f"{name} ({_times(count)})" for name, count in images.items()][:_NEAREST]
        more = f" and {len(images) - _NEAREST} more" if len(images) > _NEAREST else ""
        there = ", ".join(near) + more
        super().__init__(
            f"Nothing in environment {environment} uses {' or '.join(self.repositories)}",
            cause=f"images that are there, nearest first: {there}"
            if there
            else "no image was found there",
            fix=hint or "check the name, or mark the value with `# gitops-image: REPOSITORY`",
        )


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


class AmbiguousEnvironmentError(UsageError):
    """Several sibling overlays set the image, and nothing says which is meant.

    Attributes:
        places: file and line in each overlay.
    """

    def __init__(
        self, repository: str, overlays: Mapping[str, Sequence[Location]], because: Sequence[str]
    ) -> None:
        """List the overlays with their places, and why these decide where that is not plain."""
        self.repository = repository
        self.places = tuple(place for places in overlays.values() for place in places)
        listed = "; ".join(
            f"{overlay} ({', '.join(str(place) for place in places)})"
            for overlay, places in overlays.items()
        )
        super().__init__(
            f"{repository} is set under {len(overlays)} overlays, and any could be meant",
            cause="; ".join((listed, *because)),
            fix="describe the environments in .github/gitops.yaml, which"
            " `gitops-action init config` writes; or choose for this time with `paths` or `set`",
        )


class UneditableError(GitOpsError):
    """A place that an image is set in, and that must not or cannot be edited."""


class SharedFileError(UneditableError):
    """An edit would change something else that stands on the same file.

    Attributes:
        sharers: the environments (or applications) that stand on it, the planned one first.
    """

    def __init__(
        self, repository: str, sharers: Sequence[str], location: Location, *, values_of: str = ""
    ) -> None:
        """Name both, and the place; `values_of` is the release whose Helm values say it."""
        self.sharers = tuple(sharers)
        way = (
            f"patch the values of {values_of} in a kustomization of its own (`patches`)"
            if values_of
            else "add an overlay entry (a kustomization of its own with `images`)"
        )
        super().__init__(
            f"{repository} is set in a file that {' and '.join(self.sharers)} share",
            cause="editing it would change all of them",
            fix=f"{way} or use `set`",
            location=location,
        )


class CannotWriteError(UneditableError):
    """The place cannot say what is wanted without a key being created or a digest going stale."""


class SeveralStreamsError(UsageError):
    """Places of one repository follow tags of different kinds, and nothing says which is meant."""

    def __init__(self, repository: str, tags: Mapping[str, Sequence[Location]]) -> None:
        """List the places by their tags."""
        listed = "; ".join(
            f"{tag} ({', '.join(str(place) for place in places)})" for tag, places in tags.items()
        )
        first = next(iter(tags.values()))[0]
        super().__init__(
            f"{repository} is deployed from several streams of tags",
            cause=listed,
            fix="choose with `application`, with `paths` "
            f"(for example `paths: {first.file}`), or with `set` where they share a file",
            location=first,
        )


class MarkerError(UneditableError):
    """A marker whose ending does not fit the value that it stands behind."""

    def __init__(self, mark: MarkedScalar) -> None:
        """Say which form fits."""
        spot = mark.spot
        form = f"`:{mark.role}`" if mark.role != "reference" else "no ending, a whole reference,"
        super().__init__(
            f"the marker of {spot.at} does not fit its value",
            cause=f"{form} does not fit {spot.value!r}",
            fix=f"write `# gitops-image: {mark.repository}` with {mark.misfit}",
            location=Location(file=spot.file, line=spot.line),
        )


class SharedAnchorError(UneditableError):
    """A value that other images read by an alias, so that they would change too."""

    def __init__(self, spot: Spot, others: Sequence[str]) -> None:
        """Name the anchor's place and the images."""
        location = Location(file=spot.file, line=spot.line)
        super().__init__(
            f"{spot.at} reads an anchor that also decides {', '.join(others)}",
            cause="an edit of the anchor changes all of them",
            fix="give the image a value of its own, or put the marker `# gitops-image: "
            "REPOSITORY:tag` on the anchor's line to let all of them follow this image",
            location=location,
        )


class UntracedError(UneditableError):
    """What decides an image in the end is nothing that can be edited."""

    def __init__(self, repository: str, untraced: Untraced) -> None:
        """Name the place that decides."""
        super().__init__(
            f"{repository} is not decided by a value that can be edited",
            cause=untraced.what,
            fix=untraced.fix,
            location=Location(file=untraced.file, line=untraced.line),
        )


# The globs of `paths`: which files may be edited.


def allowed(path: str, patterns: Sequence[str]) -> bool:
    """Whether a file may be edited. The last pattern that matches decides; `!` excludes.

    `*` stays within a folder, `**` spans folders, a pattern that names a folder means all below
    it. When the patterns only exclude, everything else is allowed.
    """
    verdict = all(pattern.startswith("!") for pattern in patterns)
    for pattern in patterns:
        excludes = pattern.startswith("!")
        if _expression(pattern.removeprefix("!").removeprefix("./")).fits(path):
            verdict = not excludes
    return verdict


@lru_cache(maxsize=256)
def _expression(pattern: str) -> LinearRegex:
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern.rstrip("/"))
    wild = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    body = "".join(wild.get(part, re.escape(part)) for part in parts)
    try:
        return linear_regex(f"{body}(?:/.*)?", DOTS)
    except LinearRegexError as error:
        raise UsageError(
            f"`paths`: {pattern[:60]!r} is not a valid pattern",
            cause=str(error),
            fix="write a shorter one",
        ) from None
