"""Where an environment keeps what it knows of a cluster: its lease and its inventory.

Both live in the namespace of the connection. That namespace may itself arrive with the first
deployment: then it is created first, as the environment describes it and under its label and field
manager, so that the deployment goes on with it like with any other object.
"""

from __future__ import annotations

from gitops_action.commands.steps.deploy.run import Progress, TargetRun
from gitops_action.core.cluster.errors import AccessDeniedError, NotFoundError
from gitops_action.core.cluster.model import ApplyOptions, LiveObject, Resource, Right
from gitops_action.core.deploy.desired import to_apply
from gitops_action.core.inventory import inventory_label
from gitops_action.core.manifests.model import Manifest, ObjectId
from gitops_action.errors import GitOpsError

CONFIG_MAPS = Resource(
    group="", version="v1", kind="ConfigMap", plural="configmaps", namespaced=True
)
_LEASES = Resource(
    group="coordination.k8s.io", version="v1", kind="Lease", plural="leases", namespaced=True
)
_NAMESPACES = Resource(
    group="", version="v1", kind="Namespace", plural="namespaces", namespaced=False
)
_VERBS = {
    CONFIG_MAPS: ("get", "list", "create", "update", "delete"),
    _LEASES: ("get", "create", "update"),
}


def label_of(run: TargetRun) -> str:
    """The value of the label `gitops-action/inventory` on everything that the run applies."""
    return inventory_label(
        environment=run.environment.name, repository=run.repository, server_url=run.server_url
    )


def home_rights(namespace: str) -> tuple[Right, ...]:
    """What an account needs for the lease and the inventory, beside what it needs to deploy."""
    return tuple(
        Right(verb=verb, resource=resource, namespace=namespace)
        for resource, verbs in _VERBS.items()
        for verb in verbs
    )


def ensure_home(run: TargetRun) -> LiveObject | None:
    """Create the namespace of lease and inventory where it is missing and described.

    Returns:
        The namespace that was created; None where it was there, or may not be looked at (an
        account that is confined to its namespace: then the namespace exists).

    Raises:
        GitOpsError: it is missing, and the environment does not describe it.
        ClusterError: it could not be created.
    """
    name = run.cluster.namespace
    try:
        run.cluster.get(_NAMESPACES, namespace="", name=name)
    except NotFoundError:
        return _create(run, name)
    except AccessDeniedError:
        return None
    return None


def _create(run: TargetRun, name: str) -> LiveObject:
    described = _described(run, name)
    if described is None:
        raise GitOpsError(
            f"the namespace {name} is not there to keep the inventory and the lease in",
            cause=f"the cluster {run.cluster.name} has none of that name, and the environment"
            f" {run.environment.name} describes none",
            fix=f"describe it in the environment, create it (`kubectl create namespace {name}`),"
            " or name another by the input kube-namespace",
        )
    body = to_apply(described.body, inventory=label_of(run))
    live = run.cluster.apply(body, ApplyOptions(manager=run.manager))
    run.teller.tell(
        Progress(text="created first: lease and inventory live in it", object_id=described.id)
    )
    return live


def _described(run: TargetRun, name: str) -> Manifest | None:
    wanted = ObjectId(group="", kind="Namespace", namespace="", name=name)
    return next((one for one in run.rendering.manifests if one.id == wanted), None)
