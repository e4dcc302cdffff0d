"""Where news of the cluster comes from, and what the threads that read it say."""

from __future__ import annotations

from dataclasses import dataclass, field

from gitops_action.core.cluster.model import LiveObject, WatchEvent
from gitops_action.core.manifests.fields import text
from gitops_action.core.manifests.model import ObjectId
from gitops_action.errors import GitOpsError

EXPLAINING = frozenset({("", "Pod"), ("", "Event"), ("apps", "ReplicaSet")})
"""Kinds that say why a workload is not healthy: group and kind."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """What one thread reads.

    Attributes:
        api_version: of the kind.
        kind: such as `Deployment`.
        namespace: empty for all, and for kinds that have none.
        wanted: the objects that are awaited; empty for kinds that only explain them.
        named: ask for each wanted object now and then, where the account may not list or watch.
        once: read once, do not watch.
    """

    api_version: str
    kind: str
    namespace: str = ""
    wanted: frozenset[ObjectId] = field(default=frozenset(), compare=False)
    named: bool = False
    once: bool = False

    @property
    def group(self) -> str:
        """The API group of the kind; empty for the core API."""
        group, slash, _ = self.api_version.partition("/")
        return group if slash else ""

    @property
    def explains(self) -> bool:
        """Whether all of it is of interest, not only what is awaited."""
        return not self.wanted or (self.group, self.kind) in EXPLAINING

    def id_of(self, body: LiveObject) -> ObjectId:
        """Which object that is; watches may tell no more than namespace and name."""
        return ObjectId(
            group=self.group,
            kind=self.kind,
            namespace=text(body, "metadata", "namespace"),
            name=text(body, "metadata", "name"),
        )

    def __str__(self) -> str:
        """For people: `Pod in namespace web`."""
        return f"{self.kind} in namespace {self.namespace}" if self.namespace else self.kind


@dataclass(frozen=True, kw_only=True)
class Listed:
    """All that is there now."""

    source: Source
    items: tuple[LiveObject, ...]


@dataclass(frozen=True, kw_only=True)
class Changed:
    """One change since."""

    source: Source
    event: WatchEvent


@dataclass(frozen=True, kw_only=True)
class Away:
    """The cluster does not answer, or not usefully; it is asked again."""

    source: Source
    error: GitOpsError


@dataclass(frozen=True, kw_only=True)
class Denied:
    """The account may not read this; the thread has ended."""

    source: Source
    error: GitOpsError


@dataclass(frozen=True, kw_only=True)
class Expired:
    """The credentials do not count any more; the thread has ended."""

    source: Source
    error: GitOpsError


@dataclass(frozen=True, kw_only=True)
class Broken:
    """A bug: raised where it can be seen."""

    source: Source
    error: Exception


News = Listed | Changed | Away | Denied | Expired | Broken
