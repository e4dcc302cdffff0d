"""What a dry run of the API server says: whether anything would change, and how it would look."""

from __future__ import annotations

from collections.abc import Mapping

from gitops_action.core.manifests.fields import items, mapping
from gitops_action.core.manifests.model import Body

_SERVER_SIDE = frozenset(
    {
        "creationTimestamp",
        "deletionGracePeriodSeconds",
        "generation",
        "managedFields",
        "resourceVersion",
        "selfLink",
        "uid",
    }
)


def would_change(live: Body, answer: Body) -> bool:
    """Whether applying would write anything: content, or who owns which field.

    Args:
        live: the object as it is.
        answer: as the dry run gave it.
    """
    return described(live) != described(answer) or _owners(live) != _owners(answer)


def described(body: Body) -> Body:
    """The object without what only the server writes, for comparison and for people."""
    metadata = {
        key: value for key, value in mapping(body, "metadata").items() if key not in _SERVER_SIDE
    }
    return {**{key: value for key, value in body.items() if key != "status"}, "metadata": metadata}


def _owners(body: Body) -> list[Mapping[str, object]]:
    entries = items(body, "metadata", "managedFields")
    return [{key: value for key, value in one.items() if key != "time"} for one in entries]
