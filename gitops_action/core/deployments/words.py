"""States and descriptions: how a result is told where GitHub has room for one line."""

from __future__ import annotations

from gitops_action.core.deploy.result import EnvironmentResult, Result
from gitops_action.core.deployments.model import LONGEST_DESCRIPTION, CommitState, DeploymentState

_DEPLOYMENT: dict[Result, DeploymentState] = {
    Result.SUCCEEDED: "success",
    Result.FAILED: "failure",
    Result.UNKNOWN: "error",
    Result.SUPERSEDED: "inactive",
    Result.NOTHING: "inactive",
}
_COMMIT: dict[Result, CommitState] = {
    Result.SUCCEEDED: "success",
    Result.FAILED: "failure",
    Result.UNKNOWN: "error",
}


def deployment_state(result: Result) -> DeploymentState:
    """GitHub's state; `error` says that it could not be told, which is no failure."""
    return _DEPLOYMENT[result]


def commit_state(result: Result) -> CommitState | None:
    """The state of a commit's status; None where there is nothing to say."""
    return _COMMIT.get(result)


def described(result: EnvironmentResult) -> str:
    """How it ended, with every target's own result where there are several."""
    several = len(result.targets) > 1
    named = ", ".join(f"{one.target} {one.result}" for one in result.targets) if several else ""
    first = next((one.failures[0].sentence for one in result.targets if one.failures), "")
    healthy = sum(len(one.objects) for one in result.targets)
    words = first or (f"{healthy} objects are as described and healthy" if not several else "")
    return one_line(": ".join(part for part in (named, words) if part) or str(result.result))


def one_line(text: str) -> str:
    """At most as long as GitHub takes."""
    flat = " ".join(text.split())
    return flat if len(flat) <= LONGEST_DESCRIPTION else f"{flat[: LONGEST_DESCRIPTION - 1]}…"
