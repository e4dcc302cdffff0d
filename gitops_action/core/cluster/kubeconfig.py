"""A kubeconfig's text (Kubernetes: "kubeconfig v1"), and the context that is picked from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gitops_action.core.manifests.fields import items, mapping, text
from gitops_action.core.manifests.model import Body
from gitops_action.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class Picked:
    """One context with its cluster and its user."""

    name: str
    cluster: Body
    user: Body
    namespace: str


def broken(cause: str, fix: str) -> UsageError:
    """An error about the kubeconfig; never with a piece of it, for it is a secret."""
    return UsageError("`kubeconfig` cannot be used", cause=cause, fix=fix)


def pick(content: str, context: str) -> Picked:
    """The named context, or the current one.

    Raises:
        UsageError: it is no kubeconfig, or has no such context, cluster or user.
    """
    body = _load(content)
    name = context or text(body, "current-context")
    if not name:
        raise broken("it has no `current-context`", f"set `context`: {_names(body, 'contexts')}")
    found = _named(body, "contexts", name)
    if found is None:
        raise broken(f"it has no context {name!r}", f"contexts are {_names(body, 'contexts')}")
    chosen = mapping(found, "context")
    cluster = _named(body, "clusters", text(chosen, "cluster"))
    user = _named(body, "users", text(chosen, "user"))
    if cluster is None or user is None:
        missing = "cluster" if cluster is None else "user"
        raise broken(f"context {name!r} names a {missing} that is not in it", "complete it")
    return Picked(
        name=name,
        cluster=mapping(cluster, "cluster"),
        user=mapping(user, "user"),
        namespace=text(chosen, "namespace"),
    )


def _load(content: str) -> Body:
    import yaml  # noqa: PLC0415 - only where a kubeconfig is read

    try:
        loaded: object = yaml.load(content, Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, ValueError):
        raise broken("it is no YAML", "pass the content of the file, not its path") from None
    if not isinstance(loaded, Mapping):
        raise broken("it is no kubeconfig", "pass the content of the file, not its path")
    return loaded


def _named(body: Body, key: str, name: str) -> Body | None:
    return next((one for one in items(body, key) if text(one, "name") == name), None)


def _names(body: Body, key: str) -> str:
    return ", ".join(text(one, "name") for one in items(body, key)) or "none"
