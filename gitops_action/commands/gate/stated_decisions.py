"""Whether decisions that people's comments state count: by today's roles, and by the head then."""

from __future__ import annotations

from dataclasses import replace

from gitops_action.commands.gate.ports import GatePorts
from gitops_action.core.gates.decisions import Decision
from gitops_action.core.gates.open_pull_request import OpenPullRequest
from gitops_action.errors import GitOpsError

_MOVED = "the branch has moved since: write it again"


class StatedDecisions:
    """Resolves the comments of one run; nobody has looked at them before."""

    def __init__(self, ports: GatePorts) -> None:
        """Nothing is read yet."""
        self._ports = ports

    def resolved(self, pull: OpenPullRequest, digest: str) -> OpenPullRequest:
        """The pull request with decisions that either count or say why they do not.

        `digest` is the change hash as it is now.
        """
        if not any(one.stated for one in pull.decisions):
            return pull
        return replace(
            pull, decisions=tuple(self._resolved(one, pull, digest) for one in pull.decisions)
        )

    def _resolved(self, one: Decision, pull: OpenPullRequest, digest: str) -> Decision:
        if not one.stated:
            return one
        resolved = replace(one, stated=False, void=one.void or self._without_right(one))
        if resolved.void:
            return resolved
        if one.kind == "merge":
            moved = self._moved(one, pull)
            return replace(resolved, void=moved) if moved else replace(resolved, change=digest)
        known = bool(one.change) and digest.startswith(one.change)
        return replace(resolved, change=digest) if known else resolved

    def _without_right(self, one: Decision) -> str:
        """Why the person has no right to it; where that is not readable, merging stays off."""
        may = self._ports.people.may_write(one.login)
        if may is None and one.kind != "merge-off":
            return f"the role of {one.login} is not readable"
        return f"{one.login} has no write access" if may is False else ""

    def _moved(self, one: Decision, pull: OpenPullRequest) -> str:
        """Whether the comment may be about another head: a merge is asked for what was seen."""
        where = pull.head_repository or self._ports.repository
        try:
            pushes = self._ports.activity.pushes(
                where, pull.branch, enough=lambda push: push.at < one.at
            )
        except GitOpsError:
            return "who pushed to the branch is not readable"
        seen = next((push.after for push in pushes if push.at < one.at), "")
        later = any(push.at >= one.at for push in pushes)
        return _MOVED if later or seen != pull.head else ""
