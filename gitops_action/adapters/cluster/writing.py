"""Writes: server-side apply, create, replace, delete by UID, annotations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from gitops_action.adapters.cluster.caller import Caller
from gitops_action.adapters.cluster.transport import Request
from gitops_action.core.cluster.doing import Doing
from gitops_action.core.cluster.errors import AlreadyGoneError, NotFoundError
from gitops_action.core.cluster.model import ApplyOptions, LiveObject, Resource
from gitops_action.core.manifests.fields import text
from gitops_action.core.manifests.model import Body

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
    doing = Doing(verb="apply", about=shown(resource, namespace, name))
    asked = Request(method="PATCH", path=path, query=query, body=body, content=_APPLY)
    return caller.safe(doing, asked).body


def create_object(
    caller: Caller, resource: Resource, body: Body, namespace: str, *, manager: str
) -> LiveObject:
    """Create it; sent once, for an answer that was lost may have been a success.

    Raises:
        AlreadyExistsError: one of that name is there.
        ClusterError: the server refuses.
    """
    doing = Doing(verb="create", about=shown(resource, namespace, text(body, "metadata", "name")))
    path = resource.path(namespace)
    asked = Request(method="POST", path=path, query={"fieldManager": manager}, body=body)
    return caller.once(doing, asked).body


def replace_object(
    caller: Caller, resource: Resource, body: Body, namespace: str, *, manager: str
) -> LiveObject:
    """Write the whole of it in place of the version that it names; sent once.

    Raises:
        ChangedMeanwhileError: that version is no longer the one that lives.
        ClusterError: the server refuses.
    """
    name = text(body, "metadata", "name")
    doing = Doing(verb="replace", about=shown(resource, namespace, name))
    path = resource.path(namespace, name)
    asked = Request(method="PUT", path=path, query={"fieldManager": manager}, body=body)
    return caller.once(doing, asked).body


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
    doing = Doing(verb="delete", about=shown(resource, namespace, name))
    try:
        path = resource.path(namespace, name)
        caller.safe(doing, Request(method="DELETE", path=path, body=options))
    except NotFoundError as error:
        raise AlreadyGoneError(error.title, cause=error.cause) from None


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
    doing = Doing(verb="annotate", about=shown(resource, namespace, name))
    body = {"metadata": {"annotations": dict(annotations)}}
    path = resource.path(namespace, name)
    query = {"fieldManager": "gitops-action"}
    asked = Request(method="PATCH", path=path, query=query, body=body, content=_MERGE)
    return caller.safe(doing, asked).body


def shown(resource: Resource, namespace: str, name: str) -> str:
    """For people: `Deployment web/api`, `Namespace web`."""
    place = f"{namespace}/" if namespace and resource.namespaced else ""
    return f"{resource.kind} {place}{name}"
