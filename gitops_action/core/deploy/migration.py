"""Takes the fields of kubectl's client-side apply over, so that one manager owns them: ours.

The rule is that of Kubernetes' documentation, "Server-Side Apply", "Upgrading from client-side
apply": what that manager owned by updates becomes part of what we own by applies. Fields that we
then do not describe are removed by our first apply, its annotation among them.
"""

from __future__ import annotations

from collections.abc import Mapping

from gitops_action.core.deploy.managed import applied_entries, managers_to_migrate
from gitops_action.core.manifests.fields import items, mapping, text
from gitops_action.core.manifests.model import Body


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
