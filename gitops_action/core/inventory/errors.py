"""An inventory that cannot be trusted stops the deployment: an empty one would lose objects."""

from __future__ import annotations

from gitops_action.errors import GitOpsError


class InventoryError(GitOpsError):
    """The recorded inventory is damaged, was edited, or is of another environment."""


def corrupt(where: str, cause: str) -> InventoryError:
    """The error for the inventory kept in the ConfigMap `where` (namespace and name)."""
    return InventoryError(
        f"The inventory in the ConfigMap {where} cannot be read",
        cause=cause,
        fix=(
            "restore the ConfigMap; or delete it: the next deployment records what it applies,"
            " and objects removed meanwhile stay in the cluster until you delete them"
        ),
    )
