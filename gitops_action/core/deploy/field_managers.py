"""Who owns which field of a live object (`metadata.managedFields`, Kubernetes documentation)."""

from __future__ import annotations

import json
from collections.abc import Mapping

from gitops_action.core.manifests.fields import items, mapping, text
from gitops_action.core.manifests.model import Body

CLIENT_SIDE_MANAGERS = frozenset({"kubectl", "kubectl-client-side-apply"})
"""Managers under which kubectl's client-side apply wrote, old and new."""

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


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


def managers_to_migrate(live: Body) -> tuple[str, ...]:
    """Managers whose fields have to become ours before the first apply of ours.

    Fields that kubectl's client-side apply owns would otherwise stay owned by it for ever, and
    what we stop describing would stay in the object. Only those that really are its: kubectl also
    edits and scales under its name, so the annotation of client-side apply has to be there.
    """
    if LAST_APPLIED not in mapping(live, "metadata", "annotations"):
        return ()
    found = {
        text(entry, "manager")
        for entry in items(live, "metadata", "managedFields")
        if entry.get("operation") == "Update" and not text(entry, "subresource")
    }
    return tuple(sorted(found & CLIENT_SIDE_MANAGERS))


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
        return json.loads(written[2:])
    except ValueError:
        return None


# Takes the fields of kubectl's client-side apply over, so that one manager owns them: ours.


def migrated(live: Body, manager: str) -> Body | None:
    """The live object with those fields in our name; None where there are none of that kind.

    Args:
        live: as the cluster holds it.
        manager: our field manager.
    """
    theirs = managers_to_migrate(live)
    if not theirs:
        return None
    entries = items(live, "metadata", "managedFields")
    taken = [one for one in entries if _is_update_of(one, theirs)]
    ours = applied_entries(live, manager)
    fields: Mapping[str, object] = {}
    for entry in (*ours, *taken):
        fields = _union(fields, mapping(entry, "fieldsV1"))
    version = text((ours or tuple(taken))[0], "apiVersion")
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


def _is_update_of(entry: Body, managers: tuple[str, ...]) -> bool:
    return (
        text(entry, "manager") in managers
        and text(entry, "operation") == "Update"
        and not text(entry, "subresource")
    )


def _union(one: Mapping[str, object], other: Mapping[str, object]) -> Mapping[str, object]:
    """Both sets of fields; a field is a key, its children are below it."""
    result = dict(one)
    for key, below in other.items():
        mine = result.get(key)
        both = isinstance(mine, Mapping) and isinstance(below, Mapping)
        result[key] = _union(mine, below) if both else below  # type: ignore[arg-type] # `both` says that they are mappings
    return result
