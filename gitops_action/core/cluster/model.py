"""What a cluster reports: kinds, objects, changes, events."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from typing import Literal, Self
from urllib.parse import quote

from gitops_action.core.dataclass import dataclass
from gitops_action.core.manifests.fields import flag, items, mapping, text, texts
from gitops_action.core.manifests.model import Body
from gitops_action.errors import GitOpsError

LiveObject = Body
"""An object as the cluster holds it, managed fields included."""

ChangeKind = Literal["added", "modified", "deleted"]


@dataclasses.dataclass(frozen=True, kw_only=True, order=True)
class Resource:
    """A kind as the API server serves it, in one version.

    Attributes:
        group: empty for the core API.
        version: such as `v1`.
        kind: such as `Deployment`.
        plural: its name in paths and in RBAC rules: `deployments`.
        namespaced: whether its objects live in namespaces.
        verbs: what the server can do with it at all.
    """

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool
    verbs: frozenset[str] = frozenset()

    @property
    def api_version(self) -> str:
        """The `apiVersion` of its objects."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """Where the API serves it; the namespace is left out for kinds that have none."""
        start = f"/apis/{self.group}" if self.group else "/api"
        place = ("namespaces", namespace) if namespace and self.namespaced else ()
        parts = (self.version, *place, self.plural, name, subresource)
        return "/".join((start, *(quote(part, safe=":") for part in parts if part)))


@dataclass(frozen=True, kw_only=True)
class Listing:
    """The objects of a kind at one moment; `version` is where a watch goes on from."""

    items: tuple[LiveObject, ...]
    version: str


@dataclass(frozen=True, kw_only=True)
class WatchEvent:
    """One change of one object; of a deleted one, `body` is its last state."""

    change: ChangeKind
    body: LiveObject


@dataclass(frozen=True, kw_only=True)
class EventFacts:
    """What the cluster reported about an object, once or `count` times.

    `at` is when it was last seen, RFC 3339 with a time zone; empty where nobody said.
    """

    reason: str
    message: str
    warning: bool
    count: int
    at: str


@dataclasses.dataclass(frozen=True, kw_only=True, order=True)
class Right:
    """Something that an account may do or not: a verb on a kind, in a namespace or everywhere."""

    verb: str
    resource: Resource
    namespace: str = ""
    subresource: str = ""

    def __str__(self) -> str:
        """For people: `patch deployments.apps in namespace web`."""
        name = ".".join(part for part in (self.resource.plural, self.resource.group) if part)
        shown = f"{name}/{self.subresource}" if self.subresource else name
        return f"{self.verb} {shown}" + (f" in namespace {self.namespace}" * bool(self.namespace))


@dataclass(frozen=True, kw_only=True)
class ApplyOptions:
    """How objects are applied.

    Attributes:
        manager: the field manager's name.
        force: take fields over that another manager owns.
        dry_run: let the server decide everything and write nothing.
    """

    manager: str
    force: bool = False
    dry_run: bool = False


@dataclass(frozen=True, kw_only=True)
class Applied:
    """What came of one object: what lives now, or the error; seconds that it took.

    `body` is the very object that was given; `tried` is false where the run ended before its turn,
    and then there may be no error.
    """

    body: Body
    live: LiveObject | None = None
    error: GitOpsError | None = None
    seconds: float = 0.0
    tried: bool = True


@dataclass(frozen=True, kw_only=True)
class LeaseTerms:
    """What is leased, by whom, for how long.

    Attributes:
        namespace: where the lease is.
        name: its name.
        holder: who we are, for others that wait for us: repository, run and attempt.
        seconds: after so long without a sign of life it is free for others.
        wait: seconds to wait for another holder before giving up.
    """

    namespace: str
    name: str
    holder: str
    seconds: int = 60
    wait: float = 0.0


# What was asked of a cluster, for the words of errors.


@dataclass(frozen=True, kw_only=True)
class Operation:
    """What was asked, for the words of an error: `apply ConfigMap web/settings`."""

    verb: str
    about: str

    def __str__(self) -> str:
        """Verb and object."""
        return f"{self.verb} {self.about}".strip()


# The kinds that a cluster serves, read from its discovery documents.


class Resources:
    """Finds kinds; of several versions of one, the server's preferred comes first."""

    def __init__(
        self, found: Iterable[Resource], reporting: Iterable[tuple[str, str]] = ()
    ) -> None:
        """Take them in the server's order of preference.

        Args:
            found: the kinds.
            reporting: group and kind of those that have a status subresource.
        """
        self._all = tuple(found)
        self.reporting = frozenset(reporting)
        self._exact = {(one.api_version, one.kind): one for one in reversed(self._all)}
        self._any = {(one.group, one.kind): one for one in reversed(self._all)}

    def __iter__(self) -> Iterator[Resource]:
        """Every kind in every version."""
        return iter(self._all)

    def exact(self, api_version: str, kind: str) -> Resource | None:
        """The kind in this version; None when it is not served."""
        return self._exact.get((api_version, kind))

    def preferred(self, group: str, kind: str) -> Resource | None:
        """The kind in the version that the server prefers; None when it is not served."""
        return self._any.get((group, kind))

    @classmethod
    def aggregated(cls, documents: Iterable[Body]) -> Self:
        """Read `APIGroupDiscoveryList` documents (apidiscovery.k8s.io/v2 and v2beta1)."""
        served = [
            (text(group, "metadata", "name"), text(version, "version"), one)
            for document in documents
            for group in items(document, "items")
            for version in items(group, "versions")
            for one in items(version, "resources")
            if text(one, "responseKind", "kind")
        ]
        return cls(
            (
                Resource(
                    group=group,
                    version=version,
                    kind=text(one, "responseKind", "kind"),
                    plural=text(one, "resource"),
                    namespaced=text(one, "scope") == "Namespaced",
                    verbs=frozenset(texts(one, "verbs")),
                )
                for group, version, one in served
            ),
            (
                (group, text(one, "responseKind", "kind"))
                for group, _, one in served
                if any(text(sub, "subresource") == "status" for sub in items(one, "subresources"))
            ),
        )

    @classmethod
    def listed(cls, documents: Iterable[Body]) -> Self:
        """Read `APIResourceList` documents, one a group and version; subresources are left out."""
        served = [
            (text(document, "groupVersion"), one)
            for document in documents
            for one in items(document, "resources")
        ]
        return cls(
            (
                Resource(
                    group=_group(group_version),
                    version=group_version.rpartition("/")[2],
                    kind=text(one, "kind"),
                    plural=text(one, "name"),
                    namespaced=bool(flag(one, "namespaced")),
                    verbs=frozenset(texts(one, "verbs")),
                )
                for group_version, one in served
                if "/" not in text(one, "name")
            ),
            (
                (_group(group_version), text(one, "kind"))
                for group_version, one in served
                if text(one, "name").endswith("/status")
            ),
        )


def group_versions(document: Body) -> tuple[str, ...]:
    """The group versions of an `APIGroupList`, of each group the preferred one first."""
    found: list[str] = []
    for group in items(document, "groups"):
        preferred = text(mapping(group, "preferredVersion"), "groupVersion")
        others = [text(one, "groupVersion") for one in items(group, "versions")]
        found += [preferred, *(one for one in others if one != preferred)]
    return tuple(found)


def _group(group_version: str) -> str:
    group, slash, _ = group_version.partition("/")
    return group if slash else ""
