"""Holds: what must not come to an environment: a version, an application's images, any change.

An image makes it a hold of a version, an application alone a pin, neither a freeze. The content of
a hold's file decides, never the file's name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Literal

from gitops_action.core.config.resolved import CONFIG_PATH, Config
from gitops_action.core.dataclass import dataclass
from gitops_action.core.images import ImageReference, same_repository
from gitops_action.errors import GitOpsError, GitOpsErrors

HOLDS_FOLDER = ".github/gitops/holds/"
ALL = "all"
"""The environment of a hold that is about every environment."""

HoldKind = Literal["version", "pin", "freeze"]


def in_holds_folder(path: str) -> bool:
    """Whether a file lies where holds do. Whether it is one says `hold_files.is_hold_file`."""
    return path.startswith(HOLDS_FOLDER)


def is_settings(path: str, config: str = CONFIG_PATH) -> bool:
    """Whether a file is the configuration, or lies where holds do: it decides, and runs nowhere."""
    return path == config or in_holds_folder(path)


@dataclass(frozen=True, kw_only=True)
class Hold:
    """One hold.

    Attributes:
        environment: the environment it protects, or `all`.
        application: the application it is about; None for every application.
        image: the image with the tag, the digest, or both that must not run; None for a pin or a
            freeze.
        reason: why, as a person or a rollback wrote it: untrusted text.
        author: who set it: untrusted text.
        since: when it begins to hold; None for always.
        until: when it ends by itself; None for never.
        file: the file it is read from; empty for one that is not written yet.
        pull_request: the number of the open pull request that proposes it; None for one that the
            base branch has.
    """

    environment: str
    application: str | None = None
    image: ImageReference | None = None
    reason: str = ""
    author: str = ""
    since: datetime | None = None
    until: datetime | None = None
    file: str = ""
    pull_request: int | None = None

    @property
    def kind(self) -> HoldKind:
        """What it keeps out: one version, every image change of an application, or everything."""
        if self.image:
            return "version"
        return "pin" if self.application else "freeze"

    def on(self, environment: str) -> bool:
        """Whether it is about this environment."""
        return self.environment in {environment, ALL}

    def expired(self, now: datetime) -> bool:
        """Whether it has ended, so that its file only waits for being deleted."""
        return self.until is not None and self.until <= now

    def active(self, now: datetime) -> bool:
        """Whether it holds now: it has begun and has not ended."""
        return not self.expired(now) and not (self.since and self.since > now)

    def same_subject(self, other: Hold) -> bool:
        """Whether both are about the same thing, whatever their times and reasons."""
        mine = (self.environment, self.application, self.image)
        return mine == (other.environment, other.application, other.image)


@dataclass(frozen=True, kw_only=True)
class Holds:
    """Every hold of a repository, and what could not be read of them.

    Attributes:
        holds: those that could be read; former names of environments are replaced.
        problems: what is wrong with the others, each with file and line.
        unreadable: the paths of the others.
    """

    holds: tuple[Hold, ...] = ()
    problems: tuple[GitOpsError, ...] = ()
    unreadable: tuple[str, ...] = ()

    def readable(self) -> tuple[Hold, ...]:
        """The holds, where all of them can be read.

        Raises:
            GitOpsErrors: what an unreadable one keeps out is not known, so nothing may pass.
        """
        if self.problems:
            count = len(self.problems)
            plural = "s" if count > 1 else ""
            raise GitOpsErrors(f"{count} error{plural} in {HOLDS_FOLDER}", self.problems)
        return self.holds

    def expired(self, now: datetime) -> tuple[Hold, ...]:
        """Those that have ended: to be cleaned up."""
        return tuple(hold for hold in self.holds if hold.expired(now))


def frozen(holds: Iterable[Hold], environment: str, now: datetime) -> Hold | None:
    """The freeze of this environment that ends last, or None."""
    found = [
        hold
        for hold in holds
        if hold.kind == "freeze" and hold.on(environment) and hold.active(now)
    ]
    return next((hold for hold in found if not hold.until), None) or max(
        found, key=lambda hold: hold.until or now, default=None
    )


def held(
    holds: Iterable[Hold],
    environment: str,
    application: str | None,
    image: ImageReference,
    now: datetime,
) -> Hold | None:
    """The hold or pin that keeps this image out of the environment, or None; freezes are apart.

    Args:
        holds: all that there are.
        environment: where the image is to run.
        application: which gets it; None where that is not known: then each application's hold
            counts.
        image: the version that is to run.
        now: the moment.
    """
    for hold in holds:
        if hold.kind == "freeze" or not hold.on(environment) or not hold.active(now):
            continue
        if hold.application and application and hold.application != application:
            continue
        if hold.image is None or names_version(hold.image, image):
            return hold
    return None


def names_version(held_image: ImageReference, image: ImageReference) -> bool:
    """Whether a hold of one image is about the other.

    Where both name a digest, the digest decides: a tag that was built again is another version,
    and a mirror's copy is the same one. Else repository and tag are compared.
    """
    if held_image.digest and image.digest:
        return held_image.digest == image.digest
    same = same_repository(held_image.name, image.name)
    return same and held_image.tag is not None and held_image.tag == image.tag


def current_names(holds: Iterable[Hold], config: Config) -> tuple[Hold, ...]:
    """The holds with the names that their environments have today."""
    now = {former: item.name for item in config.environments for former in item.formerly}
    return tuple(
        replace(hold, environment=now[hold.environment]) if hold.environment in now else hold
        for hold in holds
    )


# What a change to the files of holds does: adding one needs no approval, taking from one does.

Loosening = Literal["removed", "shortened", "narrowed", "unreadable"]


@dataclass(frozen=True, kw_only=True)
class Loosened:
    """A hold that holds less after a change.

    `hold` is None where the file could not be read before: what it kept out is not known.
    """

    file: str
    how: Loosening
    hold: Hold | None = None


@dataclass(frozen=True, kw_only=True)
class HoldsChange:
    """What a change to the files of holds does.

    Attributes:
        added: holds that keep out what nothing kept out before.
        loosened: holds that are removed, shortened or narrowed.
        environments: those that the changed files name, in the configuration's order: the change
            touches them.
        loosens: those of them that something is taken from: it needs their approvals.
    """

    added: tuple[Hold, ...] = ()
    loosened: tuple[Loosened, ...] = ()
    environments: tuple[str, ...] = ()
    loosens: tuple[str, ...] = ()


def hold_changes(
    before: Holds, after: Holds, *, changed: Iterable[str], config: Config, now: datetime
) -> HoldsChange:
    """Compare the holds of the base with those after the merge.

    A hold that has ended keeps nothing out, so that removing it takes nothing away.

    Args:
        before: every hold of the base's tip.
        after: every hold after the merge.
        changed: the files of holds that differ.
        config: the base's, whose environments count.
        now: the moment.
    """
    paths = frozenset(changed)
    added = tuple(
        hold
        for hold in after.holds
        if hold.file in paths and not any(covers(other, hold, now) for other in before.holds)
    )
    loosened = tuple(_loosened(before, after, paths, now))
    touched = _names_of((*before.holds, *after.holds), paths)
    unread = [path for path in (*before.unreadable, *after.unreadable) if path in paths]
    taken = {item.hold.environment for item in loosened if item.hold}
    lost = [item.file for item in loosened if item.hold is None]
    return HoldsChange(
        added=added,
        loosened=loosened,
        environments=_of_config(touched, unread, config),
        loosens=_of_config(taken, lost, config),
    )


def _loosened(
    before: Holds, after: Holds, paths: frozenset[str], now: datetime
) -> Iterable[Loosened]:
    for hold in before.holds:
        if hold.file not in paths or hold.expired(now):
            continue
        if not any(covers(other, hold, now) for other in after.holds):
            yield Loosened(file=hold.file, how=_how(hold, after.holds), hold=hold)
    for path in before.unreadable:
        if path in paths:
            yield Loosened(file=path, how="unreadable")


def _how(hold: Hold, after: Sequence[Hold]) -> Loosening:
    if any(_wider(other, hold) for other in after):
        return "shortened"
    return "narrowed" if any(other.file == hold.file for other in after) else "removed"


def covers(other: Hold, hold: Hold, now: datetime) -> bool:
    """Whether `other` keeps out all that `hold` keeps out, from now on."""
    begins = hold.since or now
    sooner = other.since is None or other.since <= max(now, begins)
    longer = other.until is None or (hold.until is not None and other.until >= hold.until)
    return _wider(other, hold) and sooner and longer


def _wider(other: Hold, hold: Hold) -> bool:
    if other.environment not in {hold.environment, ALL}:
        return False
    if other.application not in {None, hold.application}:
        return False
    return other.image is None or (hold.image is not None and _all_of(other.image, hold.image))


def _all_of(other: ImageReference, image: ImageReference) -> bool:
    """Whether a hold of `other` names each version that one of `image` names."""
    same = same_repository(other.name, image.name) and other.digest == image.digest
    return same and image.tag in {None, other.tag}


def _names_of(holds: Iterable[Hold], paths: frozenset[str]) -> set[str]:
    return {hold.environment for hold in holds if hold.file in paths}


def _of_config(names: set[str], unread: Sequence[str], config: Config) -> tuple[str, ...]:
    """The environments of these names, and those that the names of unreadable files name."""
    known = {
        name: item.name for item in config.environments for name in (item.name, *item.formerly)
    }
    found = {known.get(name, name) for name in names}
    for path in unread:
        found |= named_by_file(path, known) or {ALL}
    return tuple(item.name for item in config.environments if ALL in found or item.name in found)


def named_by_file(path: str, known: Mapping[str, str]) -> set[str]:
    """The environments that a hold file's name may be about; none where no name fits.

    Args:
        path: of the file.
        known: today's name of an environment by each name that it has or had.
    """
    stem = path.removeprefix(HOLDS_FOLDER)
    first = stem.partition(".")[0]
    if first in known:
        return {known[first]}
    return {now for name, now in known.items() if stem.startswith(f"{name}-")}
