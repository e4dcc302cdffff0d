"""Lists of objects, in pages; single objects; what happened to them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Literal, TypeVar

from gitops_action.adapters.cluster.requests import Caller
from gitops_action.adapters.cluster.transport import ClusterRequest
from gitops_action.core.cluster import errors
from gitops_action.core.cluster.model import (
    Applied,
    ApplyOptions,
    EventFacts,
    Listing,
    LiveObject,
    Operation,
    Resource,
)
from gitops_action.core.dataclass import dataclass
from gitops_action.core.manifests.fields import items, number, text
from gitops_action.core.manifests.model import Body
from gitops_action.errors import GitOpsError

_PAGE = 500
_METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_LOG_BYTES = 65536
_EVENTS = Resource(group="", version="v1", kind="Event", plural="events", namespaced=True)
_PODS = Resource(group="", version="v1", kind="Pod", plural="pods", namespaced=True)


@dataclass(frozen=True, kw_only=True)
class ObjectSelection:
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


def list_objects(caller: Caller, selection: ObjectSelection, *, metadata: bool = False) -> Listing:
    """Everything that matches; of a list that went stale between its pages, a fresh one.

    Raises:
        ClusterError: it cannot be read.
    """
    try:
        return _whole(_pages(caller, selection, metadata=metadata))
    except errors.VersionGoneError:
        return _whole(_pages(caller, selection, metadata=metadata))


def _whole(pages: Iterator[Listing]) -> Listing:
    found: list[LiveObject] = []
    version = ""
    for page in pages:
        found += page.items
        version = page.version
    return Listing(items=tuple(found), version=version)


def _pages(caller: Caller, selection: ObjectSelection, *, metadata: bool) -> Iterator[Listing]:
    operation = Operation(verb="list", about=str(selection))
    resource, token = selection.resource, ""
    while True:
        query = {"limit": str(_PAGE), **selection.query, **({"continue": token} if token else {})}
        accept = _METADATA if metadata else "application/json"
        asked = ClusterRequest(method="GET", path=selection.path, query=query, accept=accept)
        body = caller.safe(operation, asked).body
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
    operation = Operation(verb="read", about=f"events in namespace {namespace}")
    path = _EVENTS.path(namespace)
    found = caller.read(operation, path, {"fieldSelector": f"involvedObject.uid={uid}"}).body
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
    operation = Operation(verb="read", about=f"the log of Pod {namespace}/{pod}")
    path = _PODS.path(namespace, pod, "log")
    asked = ClusterRequest(method="GET", path=path, query=query, accept="application/json, */*")
    return caller.safe(operation, asked).text


# Work on many objects at once, on few threads, ending early when nothing more can succeed.

T = TypeVar("T")
R = TypeVar("R")

THREADS = 16
"""So many that the API server, not the way to it, sets the pace (measured: 8 are 15 % slower)."""
_OF_EACH = 4
"""A thread for so many objects: its connection and TLS cost as much as a few requests."""
_HOPELESS = (errors.ExpiredError, errors.UnreachableError)


def in_parallel(work: Callable[[T], R], given: Sequence[T]) -> list[R]:
    """The results in the order of what is given; the first error ends it."""
    if len(given) <= 1:
        return [work(one) for one in given]
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(work, given))


def apply_in_parallel(
    apply: Callable[[Body], LiveObject],
    bodies: Sequence[Body],
    *,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[Applied]:
    """Apply objects that do not depend on each other, giving each as it is done.

    An object that is refused does not hold up the others. When the cluster is away or the
    credentials have run out, those that were not begun are given with that error, `tried` unset.
    After `stop` none is begun, and the answers of those that were are still given.
    """
    over = threading.Event()
    last: list[GitOpsError] = []

    def one(body: Body) -> Applied:
        if over.is_set():
            return Applied(body=body, error=last[0], tried=False)
        if stop():
            return Applied(body=body, tried=False)
        started = time.perf_counter()
        try:
            live = apply(body)
        except GitOpsError as error:
            if isinstance(error, _HOPELESS):
                last.append(error)
                over.set()
            return Applied(body=body, error=error, seconds=time.perf_counter() - started)
        return Applied(body=body, live=live, seconds=time.perf_counter() - started)

    with ThreadPoolExecutor(min(THREADS, 1 + len(bodies) // _OF_EACH)) as pool:
        try:
            for done in as_completed([pool.submit(one, body) for body in bodies]):
                yield done.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


# Writes: server-side apply, create, replace, delete by UID, annotations.

Propagation = Literal["Background", "Foreground", "Orphan"]

_APPLY = "application/apply-patch+yaml"  # JSON is YAML
_MERGE = "application/merge-patch+json"


def apply_object(
    caller: Caller, resource: Resource, body: Body, options: ApplyOptions, namespace: str
) -> LiveObject:
    """Apply it server-side; unknown and duplicate fields are errors.

    It may be sent twice when an answer was lost: the second time changes nothing.

    Raises:
        ClusterError: one of its kinds, by what the server objects to.
    """
    name = text(body, "metadata", "name")
    query = {"fieldManager": options.manager, "fieldValidation": "Strict"}
    query["force"] = "true" if options.force else "false"
    if options.dry_run:
        query["dryRun"] = "All"
    path = resource.path(namespace, name)
    operation = Operation(verb="apply", about=shown(resource, namespace, name))
    asked = ClusterRequest(method="PATCH", path=path, query=query, body=body, content=_APPLY)
    return caller.safe(operation, asked).body


def create_object(
    caller: Caller, resource: Resource, body: Body, namespace: str, *, manager: str
) -> LiveObject:
    """Create it; sent once, for an answer that was lost may have been a success.

    Raises:
        AlreadyExistsError: one of that name is there.
        ClusterError: the server refuses.
    """
    operation = Operation(
        verb="create", about=shown(resource, namespace, text(body, "metadata", "name"))
    )
    path = resource.path(namespace)
    asked = ClusterRequest(method="POST", path=path, query={"fieldManager": manager}, body=body)
    return caller.once(operation, asked).body


def replace_object(
    caller: Caller, resource: Resource, body: Body, namespace: str, *, manager: str
) -> LiveObject:
    """Write the whole of it in place of the version that it names; sent once.

    Raises:
        ChangedMeanwhileError: that version is no longer the one that lives.
        ClusterError: the server refuses.
    """
    name = text(body, "metadata", "name")
    operation = Operation(verb="replace", about=shown(resource, namespace, name))
    path = resource.path(namespace, name)
    asked = ClusterRequest(method="PUT", path=path, query={"fieldManager": manager}, body=body)
    return caller.once(operation, asked).body


def delete_object(  # noqa: PLR0913 - what, exactly which, and how
    caller: Caller,
    resource: Resource,
    namespace: str,
    name: str,
    *,
    uid: str,
    propagation: Propagation,
    dry_run: bool,
) -> None:
    """Start to delete this very object; finalizers may hold it back after that.

    Raises:
        AlreadyGoneError: it is gone, or another one stands in its place.
        ClusterError: the server refuses.
    """
    options: dict[str, object] = {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "preconditions": {"uid": uid},
        "propagationPolicy": propagation,
    }
    if dry_run:
        options["dryRun"] = ["All"]
    operation = Operation(verb="delete", about=shown(resource, namespace, name))
    try:
        path = resource.path(namespace, name)
        caller.safe(operation, ClusterRequest(method="DELETE", path=path, body=options))
    except errors.NotFoundError as error:
        raise errors.AlreadyGoneError(error.title, cause=error.cause) from None


def annotate_object(
    caller: Caller,
    resource: Resource,
    namespace: str,
    name: str,
    annotations: Mapping[str, str | None],
) -> LiveObject:
    """Set annotations, or remove those that are None.

    Raises:
        ClusterError: the server refuses.
    """
    operation = Operation(verb="annotate", about=shown(resource, namespace, name))
    body = {"metadata": {"annotations": dict(annotations)}}
    path = resource.path(namespace, name)
    query = {"fieldManager": "gitops-action"}
    asked = ClusterRequest(method="PATCH", path=path, query=query, body=body, content=_MERGE)
    return caller.safe(operation, asked).body


def shown(resource: Resource, namespace: str, name: str) -> str:
    """For people: `Deployment web/api`, `Namespace web`."""
    place = f"{namespace}/" if namespace and resource.namespaced else ""
    return f"{resource.kind} {place}{name}"
