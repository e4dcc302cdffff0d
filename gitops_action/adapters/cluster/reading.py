"""Lists of objects, in pages; single objects; what happened to them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gitops_action.adapters.cluster.caller import Caller
from gitops_action.adapters.cluster.transport import Request
from gitops_action.core.cluster.doing import Doing
from gitops_action.core.cluster.errors import VersionGoneError
from gitops_action.core.cluster.model import EventFacts, Listing, LiveObject, Resource
from gitops_action.core.manifests.fields import items, number, text
from gitops_action.core.manifests.model import Body

_PAGE = 500
_METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_LOG_BYTES = 65536
_EVENTS = Resource(group="", version="v1", kind="Event", plural="events", namespaced=True)
_PODS = Resource(group="", version="v1", kind="Pod", plural="pods", namespaced=True)


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which objects of a kind are meant.

    Attributes:
        resource: the kind.
        namespace: empty for all.
        labels: a label selector; empty for any.
        name: of the only one that is meant; empty for any.
    """

    resource: Resource
    namespace: str = ""
    labels: str = ""
    name: str = ""

    @property
    def path(self) -> str:
        """Where the API serves them."""
        return self.resource.path(self.namespace)

    @property
    def query(self) -> dict[str, str]:
        """The selectors as parameters."""
        found = {"labelSelector": self.labels} if self.labels else {}
        return found | ({"fieldSelector": f"metadata.name={self.name}"} if self.name else {})

    def __str__(self) -> str:
        """For people: `deployments.apps in namespace web`."""
        name = ".".join(part for part in (self.resource.plural, self.resource.group) if part)
        return f"{name} in namespace {self.namespace}" if self.namespace else name


def list_objects(caller: Caller, selection: Selection, *, metadata: bool = False) -> Listing:
    """Everything that matches; of a list that went stale between its pages, a fresh one.

    Raises:
        ClusterError: it cannot be read.
    """
    try:
        return _whole(_pages(caller, selection, metadata=metadata))
    except VersionGoneError:
        return _whole(_pages(caller, selection, metadata=metadata))


def _whole(pages: Iterator[Listing]) -> Listing:
    found: list[LiveObject] = []
    version = ""
    for page in pages:
        found += page.items
        version = page.version
    return Listing(items=tuple(found), version=version)


def _pages(caller: Caller, selection: Selection, *, metadata: bool) -> Iterator[Listing]:
    doing = Doing(verb="list", about=str(selection))
    resource, token = selection.resource, ""
    while True:
        query = {"limit": str(_PAGE), **selection.query, **({"continue": token} if token else {})}
        accept = _METADATA if metadata else "application/json"
        asked = Request(method="GET", path=selection.path, query=query, accept=accept)
        body = caller.safe(doing, asked).body
        kind = {"apiVersion": resource.api_version, "kind": resource.kind}
        yield Listing(
            items=tuple({**item, **kind} for item in items(body, "items")),
            version=text(body, "metadata", "resourceVersion"),
        )
        token = text(body, "metadata", "continue")
        if not token:
            return


def events_about(caller: Caller, body: LiveObject) -> tuple[EventFacts, ...]:
    """What was reported about this very object, oldest first.

    Raises:
        ClusterError: they cannot be read.
    """
    namespace = text(body, "metadata", "namespace") or "default"
    uid = text(body, "metadata", "uid")
    doing = Doing(verb="read", about=f"events in namespace {namespace}")
    path = _EVENTS.path(namespace)
    found = caller.read(doing, path, {"fieldSelector": f"involvedObject.uid={uid}"}).body
    return tuple(sorted((_event(one) for one in items(found, "items")), key=lambda one: one.at))


def _event(body: Body) -> EventFacts:
    """One event, in the old form or the new one (events.k8s.io has `series` and `eventTime`)."""
    seen = (
        text(body, "series", "lastObservedTime"),
        text(body, "lastTimestamp"),
        text(body, "eventTime"),
        text(body, "metadata", "creationTimestamp"),
    )
    return EventFacts(
        reason=text(body, "reason"),
        message=text(body, "message"),
        warning=text(body, "type") == "Warning",
        count=number(body, "series", "count") or number(body, "count") or 1,
        at=next((at for at in seen if at), ""),
    )


def log_tail(  # noqa: PLR0913 - where, and how much
    caller: Caller, namespace: str, pod: str, container: str, *, lines: int, previous: bool
) -> str:
    """The last lines that a container wrote, at most 64 KiB.

    Raises:
        NotFoundError: the pod is gone.
        ClusterError: there is no log (the container never started), or no right to read it.
    """
    query = {"container": container, "tailLines": str(lines), "limitBytes": str(_LOG_BYTES)}
    if previous:
        query["previous"] = "true"
    doing = Doing(verb="read", about=f"the log of Pod {namespace}/{pod}")
    path = _PODS.path(namespace, pod, "log")
    asked = Request(method="GET", path=path, query=query, accept="application/json, */*")
    return caller.safe(doing, asked).text
