"""Which environments a pull request touches, by the base's rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from datetime import datetime
from typing import Literal

from gitops_action.core.config.holds import ALL, Hold, covers, named_by_file
from gitops_action.core.config.resolved import Config, Environment
from gitops_action.core.dataclass import dataclass
from gitops_action.core.repository import CODEOWNERS, WORKFLOWS_FOLDER

Cause = Literal["objects", "inputs", "configuration", "workflows", "hold-added", "hold-removed"]
"""Why an environment is touched. `hold-removed`: also one that is shortened or narrowed."""

STEERING = (WORKFLOWS_FOLDER, ".github/actions/")
"""Folders of what runs in this repository's jobs."""


@dataclass(frozen=True, kw_only=True)
class RenderedChange:
    """What changes in one environment.

    Attributes:
        environment: its name in the base's configuration.
        before: the hash of each object on the base; None where it does not render.
        after: the same of the merge.
        inputs: paths of its input closure, on either side.
    """

    environment: str
    before: Mapping[str, str] | None = None
    after: Mapping[str, str] | None = None
    inputs: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class HoldChange:
    """A changed file of holds; `before` and `after` are None where it is not there.

    `unreadable` says that a side exists and cannot be read: then the file's name decides whose it
    is.
    """

    path: str
    before: Hold | None = None
    after: Hold | None = None
    unreadable: bool = False


@dataclass(frozen=True, kw_only=True)
class ChangeFacts:
    """What a pull request changes.

    Attributes:
        base: the configuration of the base's tip.
        head: the configuration after the merge; None where it cannot be read.
        changed: paths that differ between the base and the merge.
        rendered: each environment of the base.
        holds: the changed files of holds.
        now: when it is looked at; a hold that has ended may be removed by anyone.
    """

    base: Config
    head: Config | None
    changed: frozenset[str]
    rendered: tuple[RenderedChange, ...] = ()
    holds: tuple[HoldChange, ...] = field(default=())
    now: datetime


def touched(facts: ChangeFacts) -> dict[str, frozenset[Cause]]:
    """The environments that are touched, in the configuration's order, each with its causes."""
    found: dict[str, set[Cause]] = {item.name: set() for item in facts.base.environments}
    for name, cause in _causes(facts):
        if name in found:
            found[name].add(cause)
    return {name: frozenset(causes) for name, causes in found.items() if causes}


def _causes(facts: ChangeFacts) -> Iterable[tuple[str, Cause]]:
    every = [item.name for item in facts.base.environments]
    for one in facts.rendered:
        if one.before != one.after:
            yield one.environment, "objects"
        if one.inputs & facts.changed:
            yield one.environment, "inputs"
    if facts.base.path in facts.changed:
        yield from ((name, "configuration") for name in reconfigured(facts.base, facts.head))
    for item in facts.base.environments:
        rule = item.gates.provenance if item.gates else None
        if rule and rule.trusted_root in facts.changed:
            yield item.name, "configuration"
    if any(_steers(path) for path in facts.changed):
        yield from ((name, "workflows") for name in every)
    for change in facts.holds:
        cause: Cause = "hold-removed" if loosens(change, facts.now) else "hold-added"
        yield from ((name, cause) for name in _named(change, every))


def _steers(path: str) -> bool:
    return path.startswith(STEERING) or path in CODEOWNERS


def reconfigured(base: Config, head: Config | None) -> tuple[str, ...]:
    """The environments whose resolved configuration differs; all where head cannot be read.

    What is configured for applications and for validation holds in every environment.
    """
    every = tuple(item.name for item in base.environments)
    if head is None or _shared(base) != _shared(head):
        return every
    return tuple(
        item.name
        for item in base.environments
        if _plain(item) != _plain(head.environment(item.name))
    )


def _shared(config: Config) -> object:
    applications = {item.name: replace(item, line=None) for item in config.applications}
    return applications, config.validate


def _plain(environment: Environment | None) -> Environment | None:
    """The environment without the line that it is declared on."""
    return replace(environment, line=None) if environment else None


def _named(change: HoldChange, every: Iterable[str]) -> tuple[str, ...]:
    """The environments that both sides of a hold name; by the file's name where one is unreadable.

    A name that no environment has means all: nobody can say whose it is.
    """
    known = tuple(every)
    names = {hold.environment for hold in (change.before, change.after) if hold}
    if change.unreadable:
        names |= named_by_file(change.path, {name: name for name in known}) or {ALL}
    return known if ALL in names else tuple(name for name in known if name in names)


def loosens(change: HoldChange, now: datetime) -> bool:
    """Whether less is on hold after the merge: removed, shortened, narrowed, or unreadable."""
    before, after = change.before, change.after
    if change.unreadable:
        return True
    if before is None or before.expired(now):
        return False
    return after is None or not covers(after, before, now)
