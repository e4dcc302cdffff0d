"""Why a workflow could not be started, with the way out."""

from __future__ import annotations

from gitops_action.adapters.github.failures import (
    HTTP_NOT_FOUND,
    HTTP_UNPROCESSABLE,
    RequestFailure,
)
from gitops_action.core.dispatch import Order
from gitops_action.errors import GitOpsError

_TEMPLATE = "take the workflow of the environment template (`gitops-action init environment`)"


def explain(failure: RequestFailure, order: Order, repository: str) -> GitOpsError | None:
    """The error for a refusal that is about the workflow; None for any other failure."""
    by_hand = order.event == "workflow_dispatch"
    if failure.status == HTTP_NOT_FOUND and by_hand:
        return GitOpsError(
            f"{repository} has no workflow {order.workflow}",
            cause="there is no such file in `.github/workflows/` of its default branch",
            fix=f"{_TEMPLATE}, or name another one as `workflow`",
        )
    if failure.status != HTTP_UNPROCESSABLE:
        return None
    message = failure.message.lower()
    if "trigger" in message:
        return GitOpsError(
            f"{order.workflow} of {repository} cannot be started by hand",
            cause=failure.message,
            fix="add `workflow_dispatch` to its `on:` on the default branch, or set"
            " `dispatch-event: repository_dispatch`",
        )
    if "input" in message:
        return GitOpsError(
            f"{order.workflow} of {repository} does not take what is sent",
            cause=f"{failure.message}; sent: {', '.join(order.inputs)}",
            fix=f"declare these inputs under `workflow_dispatch`, or {_TEMPLATE}",
        )
    if "ref" in message:
        return GitOpsError(
            f"{repository} has no branch {order.ref!r}",
            cause=failure.message,
            fix="correct `base`, or leave it out for the default branch",
        )
    return None
