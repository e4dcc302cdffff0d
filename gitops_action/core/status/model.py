"""The status of environments, as values that every format lays out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import Literal

from gitops_action.core.config import Hold
from gitops_action.core.config.holds import Holds
from gitops_action.core.dataclass import dataclass
from gitops_action.core.dora.metrics import DoraReport
from gitops_action.core.gates.verdict import VerdictWord
from gitops_action.core.status.drift import DriftStatus

VersionState = Literal[
    "runs", "deploying", "failed", "unknown", "waits", "proposed", "held", "was here", "skipped"
]
"""Where a version stands in an environment. `waits`: described and not yet deployed; `skipped`: a
newer version came first."""
Health = Literal["healthy", "failing", "unknown", "unverified", "merged"]
"""`unverified`: no proved record says so; `merged`: we do not deploy the environment."""


@dataclass(frozen=True, kw_only=True)
class VersionStatus:
    """A version of an application in an environment.

    Attributes:
        application: whose it is.
        version: the tag, else the start of the digest.
        image: the whole reference.
        state: where it stands.
        since: since when it runs, or when it was committed or last deployed.
        health: of what runs.
        number: of the pull request that brought it; 0 for none.
        commit: the first-parent commit that brought it; empty for what is only proposed.
        url: the page of the job that deployed it last, or of the pull request that proposes it.
        hold: the hold that keeps it out.
    """

    application: str
    version: str
    image: str
    state: VersionState
    since: datetime | None = None
    health: Health | None = None
    number: int = 0
    commit: str = ""
    url: str = ""
    hold: Hold | None = None


@dataclass(frozen=True, kw_only=True)
class EnvironmentChange:
    """An open pull request, as far as one environment is concerned.

    Attributes:
        number: its number.
        url: its page.
        title: untrusted text.
        environment: that it changes.
        versions: application and version of each image that it declares: hints.
        images: the whole references that it declares.
        word: what the gate wrote last; None where it has not written yet.
        text: the same in words, without the word; untrusted text.
        opens: the latest time that the text names.
    """

    number: int
    url: str
    title: str
    environment: str
    versions: tuple[tuple[str, str], ...] = ()
    images: tuple[str, ...] = ()
    word: VerdictWord | None = None
    text: str = ""
    opens: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class EnvironmentStatus:
    """One environment.

    Attributes:
        name: its name.
        after: the environments before it.
        production: whether it counts as production.
        deployed: whether we deploy it.
        url: where it can be visited; empty where that is not known.
        versions: every version of the period, newest first; for each image what runs is among them.
        proposals: open pull requests that change it, oldest first.
        frozen: the freeze that ends last.
        closed: why nothing merges now by `windows`, and when that ends; empty where they are open.
        opens: when the windows open.
        drift: what is known of how its cluster differs from what was deployed.
        note: why its past is incomplete; empty where it is not.
    """

    name: str
    after: tuple[str, ...] = ()
    production: bool = False
    deployed: bool = True
    url: str = ""
    versions: tuple[VersionStatus, ...] = ()
    proposals: tuple[EnvironmentChange, ...] = ()
    frozen: Hold | None = None
    closed: str = ""
    opens: datetime | None = None
    drift: DriftStatus = DriftStatus(word="none")
    note: str = ""

    @property
    def running(self) -> tuple[VersionStatus, ...]:
        """What runs, one for each image, by application."""
        found = (one for one in self.versions if one.state == "runs")
        return tuple(sorted(found, key=lambda one: (one.application, one.image)))

    def of(self, state: VersionState) -> tuple[VersionStatus, ...]:
        """The versions that stand so."""
        return tuple(one for one in self.versions if one.state == state)


@dataclass(frozen=True, kw_only=True)
class StatusReport:
    """Everything that `status` knows at one moment.

    Attributes:
        repository: OWNER/NAME; empty for a checkout without one.
        branch: the branch that was read; empty where it has no name.
        commit: its tip.
        now: the moment.
        environments: in the configuration's order.
        holds: every hold, and what could not be read of them.
        dora: the metrics of production; None where there are none.
        notes: what is not known, and why.
        pages: addresses of commits and pull requests; empty where there is no server.
    """

    repository: str
    branch: str
    commit: str
    now: datetime
    environments: tuple[EnvironmentStatus, ...]
    holds: Holds = field(default_factory=Holds)
    dora: DoraReport | None = None
    notes: tuple[str, ...] = ()
    pages: str = ""

    def versions(self) -> Mapping[tuple[str, str], Mapping[str, VersionStatus]]:
        """By application and version, newest first: how it stands in each environment."""
        found: dict[tuple[str, str], dict[str, VersionStatus]] = {}
        newest: dict[tuple[str, str], datetime] = {}
        for environment in self.environments:
            for one in environment.versions:
                key = one.application, one.version
                found.setdefault(key, {}).setdefault(environment.name, one)
                at = one.since or self.now
                newest[key] = min(at, newest.get(key, at))
        ordered = sorted(found, key=lambda key: newest[key], reverse=True)
        return {key: found[key] for key in sorted(ordered, key=lambda key: key[0])}
