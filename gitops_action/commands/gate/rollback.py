"""Whether a pull request is a rollback: by records, people and content, never by what it says."""

from __future__ import annotations

from gitops_action.commands.gate.base import BaseState
from gitops_action.commands.gate.change import MergedChange
from gitops_action.commands.gate.facts import RunFacts
from gitops_action.commands.gate.ports import GatePorts
from gitops_action.commands.gate.reexecute import BRANCHES, Reexecution
from gitops_action.core.config import Environment
from gitops_action.core.gates.decisions import rollback_requests
from gitops_action.core.gates.open_pull_request import OpenPullRequest
from gitops_action.core.gates.rollback import (
    RollbackCause,
    RollbackRequest,
    returns,
    rollback_cause,
)
from gitops_action.core.gates.versions import ImageMove

_BOT = "[bot]"


class RollbackClaims:
    """The causes of rollbacks at one base."""

    def __init__(self, ports: GatePorts, base: BaseState, facts: RunFacts) -> None:
        """Nothing is read yet."""
        self._ports = ports
        self._base = base
        self._facts = facts

    def cause(
        self, environment: Environment, pull: OpenPullRequest, moves: tuple[ImageMove, ...]
    ) -> RollbackCause | None:
        """Why images go back, by the records and by people.

        Whether nothing else changes is for `alone`. The branch's name, and what records say of
        themselves, only save reading more of every other pull request.
        """
        if not moves:
            return None
        requests = rollback_requests(pull.decisions, environment.name)
        named = pull.branch.startswith(f"{BRANCHES}{environment.name}/rollback/")
        if named and self._facts.by_job_token:
            requests = (*requests, *_by_merge(pull, moves))
        found = None
        if requests or named:
            found = rollback_cause(moves, self._facts.records(environment), requests)
        return found or self._own(environment, pull, moves)

    def _own(
        self, environment: Environment, pull: OpenPullRequest, moves: tuple[ImageMove, ...]
    ) -> RollbackCause | None:
        """A person with the right proposes the return, as by GitHub's button *Revert*."""
        if pull.fork or not pull.author or pull.author.endswith(_BOT):
            return None
        if not self._facts.ran_before(environment, moves):
            return None
        records = self._facts.records(environment)
        images = tuple(move.before for move in moves if move.before)
        asked = RollbackRequest(login=pull.author, images=images, at=pull.created or self._base.now)
        cause = rollback_cause(moves, records, (asked,)) if returns(moves, records) else None
        return cause if cause and self._ports.people.may_write(pull.author) else None

    def alone(
        self, environment: Environment, change: MergedChange, moves: tuple[ImageMove, ...]
    ) -> bool:
        """Whether the change is exactly the return of these images, with holds that it adds."""
        if change.added_holds is None:
            return False
        return Reexecution(
            sides=change.sides,
            base=self._base,
            trees=self._ports.trees,
            repository=self._ports.repository,
            beside=change.added_holds,
        ).gives(environment, moves)


def _by_merge(pull: OpenPullRequest, moves: tuple[ImageMove, ...]) -> tuple[RollbackRequest, ...]:
    """A person's `/gitops merge` of this very head: without an App nothing records who asked."""
    images = tuple(move.before for move in moves if move.before)
    return tuple(
        RollbackRequest(login=one.login, images=images, at=one.at)
        for one in pull.decisions
        if one.kind == "merge" and one.change and not one.void
    )
