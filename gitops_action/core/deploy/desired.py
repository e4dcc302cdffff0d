"""What is sent to the API server for a described object."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping

from gitops_action.core.manifests import fields
from gitops_action.core.manifests.model import Body

INVENTORY_LABEL = "gitops-action/inventory"
_SERVER_SIDE = (
    "creationTimestamp",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
)


def to_apply(body: Body, *, inventory: str) -> Body:
    """The object with our label, without what only the server decides.

    A Secret's `stringData` becomes `data`: the server does the same, but records the fields under
    a name that no live object has, so nobody could compare them again.

    Args:
        body: the object as it is described.
        inventory: the value of our label, which says whose inventory it is in.
    """
    kept = {key: value for key, value in body.items() if key != "status" and value is not None}
    metadata = {
        key: value
        for key, value in fields.mapping(body, "metadata").items()
        if key not in _SERVER_SIDE and value is not None
    }
    metadata["labels"] = {**fields.labels(body), INVENTORY_LABEL: inventory}
    if not fields.annotations(body):
        metadata.pop("annotations", None)  # an empty mapping has no fields that could be compared
    return _with_data({**kept, "metadata": metadata})


def _with_data(body: dict[str, object]) -> Body:
    written = body.get("stringData")
    if body.get("kind") != "Secret" or not isinstance(written, Mapping):
        return body
    encoded = {
        str(key): b64encode(str(value).encode()).decode()
        for key, value in written.items()
        if value is not None
    }
    rest = {key: value for key, value in body.items() if key != "stringData"}
    return {**rest, "data": {**fields.mapping(body, "data"), **encoded}}
