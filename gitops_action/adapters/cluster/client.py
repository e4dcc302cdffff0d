"""One cluster: everything that commands ask of it, for any number of threads at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager

from gitops_action.adapters.cluster import objects
from gitops_action.adapters.cluster.lease import Lease, hold_lease
from gitops_action.adapters.cluster.requests import RETRIES, Caller
from gitops_action.adapters.cluster.transport import ClusterRequest, ClusterTransport
from gitops_action.adapters.cluster.watching import Watching
from gitops_action.adapters.retry import RetryPolicy
from gitops_action.core.cluster.access import Access
from gitops_action.core.cluster.errors import ClusterError, NotFoundError
from gitops_action.core.cluster.model import (
    Applied,
    ApplyOptions,
    EventFacts,
    LeaseTerms,
    Listing,
    LiveObject,
    Operation,
    Resource,
    Resources,
    Right,
    group_versions,
)
from gitops_action.core.manifests.fields import flag, items, text, texts
from gitops_action.core.manifests.model import Body

# Asks a cluster which kinds it serves: two requests, or one a group version on older servers.

_AGGREGATED = ",".join(
    f"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList"
    for version in ("v2", "v2beta1")
)
_OPERATION = Operation(verb="read", about="the kinds it serves")


def discover(caller: Caller, *, aggregated: bool = True) -> Resources:
    """All kinds, those of the core API first.

    Args:
        caller: the cluster.
        aggregated: ask for the aggregated form; a server that lacks it gives the older one.

    Raises:
        ClusterError: they cannot be read.
    """
    accept = f"{_AGGREGATED},application/json" if aggregated else "application/json"
    core, groups = (
        caller.safe(_OPERATION, ClusterRequest(method="GET", path=path, accept=accept)).body
        for path in ("/api", "/apis")
    )
    if text(core, "kind") == text(groups, "kind") == "APIGroupDiscoveryList":
        return Resources.aggregated((core, groups))
    paths = [f"/api/{version}" for version in texts(core, "versions")]
    paths += [f"/apis/{version}" for version in group_versions(groups)]
    documents = []
    for path in paths:
        try:
            documents.append(caller.read(_OPERATION, path).body)
        except ClusterError as error:
            # An aggregated API that is down must not hide all others (kubectl does the same).
            if path == "/api/v1":
                raise error from None
    return Resources.listed(documents)


# What the account may do, asked before anything is written.

_REVIEWS = "/apis/authorization.k8s.io/v1"
_ASKING_RIGHTS = Operation(verb="ask", about="what the account may do")


def denied_rights(caller: Caller, rights: Iterable[Right]) -> tuple[Right, ...]:
    """Those of these rights that the account does not have, sorted.

    One rules review a namespace settles most of it; what it does not grant is asked for one by
    one, for it may be incomplete (webhook authorizers), and it does not show what holds outside of
    namespaces.

    Raises:
        ClusterError: the server does not answer.
    """
    requested = sorted(set(rights))
    namespaces = sorted({right.namespace for right in requested if right.namespace})
    rules = dict(
        zip(
            namespaces,
            objects.in_parallel(lambda one: _rules(caller, one), namespaces),
            strict=True,
        )
    )
    open_questions = [one for one in requested if not _granted(rules.get(one.namespace, ()), one)]
    answers = objects.in_parallel(lambda one: _allowed(caller, one), open_questions)
    return tuple(
        right for right, allowed in zip(open_questions, answers, strict=True) if not allowed
    )


def _rules(caller: Caller, namespace: str) -> tuple[Body, ...]:
    body = {"spec": {"namespace": namespace}}
    path = f"{_REVIEWS}/selfsubjectrulesreviews"
    return items(_review(caller, path, body), "status", "resourceRules")


def _granted(rules: tuple[Body, ...], right: Right) -> bool:
    """Whether a rule without names grants it (Kubernetes: "Using RBAC Authorization")."""
    name = "/".join(part for part in (right.resource.plural, right.subresource) if part)
    return any(
        not texts(rule, "resourceNames")
        and _covers(texts(rule, "verbs"), right.verb)
        and _covers(texts(rule, "apiGroups"), right.resource.group)
        and _covers(texts(rule, "resources"), name)
        for rule in rules
    )


def _covers(granted: tuple[str, ...], requested: str) -> bool:
    return "*" in granted or requested in granted


def _allowed(caller: Caller, right: Right) -> bool:
    attributes: Mapping[str, str] = {
        "verb": right.verb,
        "group": right.resource.group,
        "version": right.resource.version,
        "resource": right.resource.plural,
        "subresource": right.subresource,
        "namespace": right.namespace,
    }
    path = f"{_REVIEWS}/selfsubjectaccessreviews"
    body = {"spec": {"resourceAttributes": attributes}}
    return bool(flag(_review(caller, path, body), "status", "allowed"))


def _review(caller: Caller, path: str, body: Body) -> Body:
    """A question that is put as a create; it leaves nothing behind and may be repeated."""
    return caller.safe(_ASKING_RIGHTS, ClusterRequest(method="POST", path=path, body=body)).body


class ClusterClient:
    """A cluster as one account; every method may raise a `ClusterError`.

    A namespace is the one that an object names; for objects that name none, it is the context's.
    """

    def __init__(self, caller: Caller, namespace: str) -> None:
        """Nothing is asked yet."""
        self._caller = caller
        self._namespace = namespace
        self._looking = threading.Lock()
        self._resources: Resources | None = None

    @property
    def name(self) -> str:
        """What people call the cluster: its context, else its host."""
        return self._caller.name

    @property
    def namespace(self) -> str:
        """Where objects go that name no namespace."""
        return self._namespace

    def version(self) -> str:
        """The server's version, such as `v1.36.3`."""
        operation = Operation(verb="read", about="its version")
        return text(self._caller.read(operation, "/version").body, "gitVersion")

    def resources(self, *, fresh: bool = False) -> Resources:
        """The kinds that it serves; asked once, and again when they may have changed."""
        with self._looking:
            if self._resources is None or fresh:
                self._resources = discover(self._caller)
            return self._resources

    def list(
        self, resource: Resource, *, namespace: str = "", labels: str = "", metadata: bool = False
    ) -> Listing:
        """The objects of a kind, by label selector; `metadata` leaves out the rest of them."""
        selection = objects.ObjectSelection(resource=resource, namespace=namespace, labels=labels)
        return objects.list_objects(self._caller, selection, metadata=metadata)

    def get(self, resource: Resource, *, namespace: str, name: str) -> LiveObject:
        """One object; NotFoundError where it is not there."""
        operation = Operation(verb="read", about=objects.shown(resource, namespace, name))
        return self._caller.read(operation, resource.path(namespace, name)).body

    def apply(self, body: Body, options: ApplyOptions) -> LiveObject:
        """Apply one object server-side; gives what lives (or would live) now."""
        resource = self._resource_of(body)
        return objects.apply_object(self._caller, resource, body, options, self._place_of(body))

    def apply_all(
        self,
        bodies: Sequence[Body],
        options: ApplyOptions,
        *,
        stop: Callable[[], bool] = lambda: False,
    ) -> Iterator[Applied]:
        """Apply objects that do not depend on each other, in parallel; each as it is done."""
        self.resources()
        return objects.apply_in_parallel(lambda body: self.apply(body, options), bodies, stop=stop)

    def create(self, body: Body, *, manager: str) -> LiveObject:
        """Create one object; AlreadyExistsError where one of that name is there."""
        place = self._resource_of(body), body, self._place_of(body)
        return objects.create_object(self._caller, *place, manager=manager)

    def replace(self, body: Body, *, manager: str) -> LiveObject:
        """Write the whole object in place of the one whose resource version it carries."""
        place = self._resource_of(body), body, self._place_of(body)
        return objects.replace_object(self._caller, *place, manager=manager)

    def delete(  # noqa: PLR0913 - what, exactly which, and how
        self,
        resource: Resource,
        *,
        namespace: str,
        name: str,
        uid: str,
        propagation: objects.Propagation = "Background",
        dry_run: bool = False,
    ) -> None:
        """Start to delete this very object; AlreadyGoneError where it is not there any more."""
        objects.delete_object(
            self._caller,
            resource,
            namespace,
            name,
            uid=uid,
            propagation=propagation,
            dry_run=dry_run,
        )

    def annotate(
        self,
        resource: Resource,
        *,
        namespace: str,
        name: str,
        annotations: Mapping[str, str | None],
    ) -> LiveObject:
        """Set annotations, or remove those that are None."""
        return objects.annotate_object(self._caller, resource, namespace, name, annotations)

    def watch(  # noqa: PLR0913 - what, from where on, how long
        self,
        resource: Resource,
        *,
        seconds: float,
        namespace: str = "",
        labels: str = "",
        name: str = "",
        start: Listing | None = None,
    ) -> Watching:
        """The changes since a listing; without one, all that is there comes first, as added."""
        selection = objects.ObjectSelection(
            resource=resource, namespace=namespace, labels=labels, name=name
        )
        return Watching(self._caller, selection, start, seconds)

    def events(self, body: LiveObject) -> tuple[EventFacts, ...]:
        """What the cluster reported about this very object, oldest first."""
        return objects.events_about(self._caller, body)

    def log(
        self, namespace: str, pod: str, container: str, *, lines: int, previous: bool = False
    ) -> str:
        """The last lines of a container, or of its previous life."""
        return objects.log_tail(
            self._caller, namespace, pod, container, lines=lines, previous=previous
        )

    def denied(self, rights: Iterable[Right]) -> tuple[Right, ...]:
        """Those of these rights that the account does not have."""
        return denied_rights(self._caller, rights)

    def lease(self, terms: LeaseTerms) -> AbstractContextManager[Lease]:
        """Hold a lease while the block runs; LeaseHeldError where another keeps it."""
        return hold_lease(self._caller, terms)

    def resource(self, api_version: str, kind: str) -> Resource:
        """The kind, also when it was defined a moment ago; NotFoundError (`kind`) if not."""
        found = self.resources().exact(api_version, kind)
        found = found or self.resources(fresh=True).exact(api_version, kind)
        if found is None:
            error = NotFoundError(
                f"the cluster {self.name} does not know the kind {kind} of {api_version}",
                fix="install its CustomResourceDefinition first, or fix `apiVersion` and `kind`",
            )
            error.missing = "kind"
            raise error
        return found

    def close(self) -> None:
        """Close connections that are not in use."""
        self._caller.transport.close()

    def _resource_of(self, body: Body) -> Resource:
        return self.resource(text(body, "apiVersion"), text(body, "kind"))

    def _place_of(self, body: Body) -> str:
        return text(body, "metadata", "namespace") or self._namespace


def connect(access: Access, policy: RetryPolicy = RETRIES) -> ClusterClient:
    """Prepare a client; nothing is sent before the first request.

    Args:
        access: where and who.
        policy: how often and how long to try.

    Raises:
        UsageError: a certificate cannot be used.
    """
    transport = ClusterTransport(access)
    return ClusterClient(Caller(transport, access.name, policy), access.namespace)
