"""Who owns which field of a live object (`metadata.managedFields`, Kubernetes documentation)."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from gitops_action.core.answers import parse_json
from gitops_action.core.manifests.fields import items, mapping, text
from gitops_action.core.manifests.model import Body

CLIENT_SIDE_MANAGERS = frozenset({"kubectl", "kubectl-client-side-apply"})
"""Managers under which kubectl's client-side apply wrote, old and new."""

_CLIENT_SIDE = frozenset((one, "Update") for one in CLIENT_SIDE_MANAGERS)
_PERSON = "kubectl"
_BEFORE_FIELDS = "before-first-apply"
"""Manager of what was written before the API server kept track of fields."""

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def field_manager(environment: str) -> str:
    """The field manager of an environment's deployments."""
    return f"gitops-action:{environment}"


def applied_entries(live: Body, manager: str) -> tuple[Body, ...]:
    """The entries of a manager's server-side applies; more than one only after a change of API."""
    return tuple(
        entry
        for entry in items(live, "metadata", "managedFields")
        if entry.get("manager") == manager
        and entry.get("operation") == "Apply"
        and not text(entry, "subresource")
    )


def applied_by(live: Body, manager: str) -> bool:
    """Whether that manager has applied the object."""
    return bool(applied_entries(live, manager))


def entries_to_migrate(live: Body, former: Collection[str] = ()) -> tuple[Body, ...]:
    """Entries of managers whose fields have to become ours before the first apply of ours.

    Fields that kubectl's client-side apply owns would otherwise stay owned by it for ever, and
    what we stop describing would stay in the object. Only those that really are its: kubectl also
    edits and scales under its name, so the annotation of client-side apply has to be there.

    Args:
        live: the object.
        former: managers that applied what is ours now: of an environment's former names, or of
            the environment that an object comes from.
    """
    client_side = LAST_APPLIED in mapping(live, "metadata", "annotations")
    return tuple(
        entry
        for entry in items(live, "metadata", "managedFields")
        if not text(entry, "subresource")
        and (
            (_operation(entry) in {(one, "Apply") for one in former})
            or (client_side and _operation(entry) in _CLIENT_SIDE)
        )
    )


def managers_to_migrate(live: Body, former: Collection[str] = ()) -> tuple[str, ...]:
    """The managers of these entries."""
    return tuple(sorted({text(one, "manager") for one in entries_to_migrate(live, former)}))


def _operation(entry: Body) -> tuple[str, str]:
    return text(entry, "manager"), text(entry, "operation")


def is_person(manager: str) -> bool:
    """Whether a manager is a person's `kubectl`, or nobody that is known.

    Each command of kubectl has a name of its own (`kubectl-edit`, `kubectl-set`,
    `kubectl-rollout`); `kubectl scale` and `kubectl apply --server-side` have `kubectl`.
    """
    return manager in {_PERSON, _BEFORE_FIELDS} or manager.startswith(f"{_PERSON}-")


def is_autoscaler(manager: str) -> bool:
    """Whether a manager sets the number of replicas for an autoscaler: Kubernetes' or KEDA."""
    return manager in {"kube-controller-manager", "keda", "keda-operator"}


def list_key(written: str) -> Mapping[str, object] | None:
    """The key of a list item, from `k:{"name":"web"}`; None when it is no such key."""
    if not written.startswith("k:"):
        return None
    found = _json(written)
    return found if isinstance(found, Mapping) else None


def set_value(written: str) -> object:
    """The member of a set, from `v:"text"`; None when it is no such member."""
    return _json(written) if written.startswith("v:") else None


def _json(written: str) -> object:
    try:
        return parse_json(written[2:])
    except ValueError:
        return None


# Takes fields over, so that one manager owns them: ours.


def migrated(live: Body, manager: str, former: Collection[str] = ()) -> Body | None:
    """The live object with those fields in our name; None where there are none of that kind.

    Args:
        live: as the cluster holds it.
        manager: our field manager.
        former: managers that applied what is ours now.
    """
    taken = entries_to_migrate(live, former)
    if not taken:
        return None
    entries = items(live, "metadata", "managedFields")
    ours = applied_entries(live, manager)
    fields: Mapping[str, object] = {}
    for entry in (*ours, *taken):
        fields = joined_fields(fields, mapping(entry, "fieldsV1"))
    version = text((ours or taken)[0], "apiVersion")
    merged = {
        "manager": manager,
        "operation": "Apply",
        "apiVersion": version,
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    }
    kept = [one for one in entries if one not in taken and one not in ours]
    metadata = {**mapping(live, "metadata"), "managedFields": [*kept, merged]}
    return {**live, "metadata": metadata}


def joined_fields(one: Mapping[str, object], other: Mapping[str, object]) -> Mapping[str, object]:
    """Both sets of fields; a field is a key, its children are below it."""
    result = dict(one)
    for key, below in other.items():
        mine = result.get(key)
        both = isinstance(mine, Mapping) and isinstance(below, Mapping)
        result[key] = joined_fields(mine, below) if both else below  # type: ignore[arg-type] # `both` says that they are mappings
    return result
