"""How far a source or a Kustomization is on the way to a commit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from gitops_action.core.flux.revision import Revision


class Step(StrEnum):
    """Where it stands. `checking`: the commit is applied, its health is looked at."""

    WAITING = "waiting"
    CHECKING = "checking"
    DONE = "done"
    FAILED = "failed"


class Relation(StrEnum):
    """How a revision relates to the commit that is waited for."""

    HAS = "has"
    OLDER = "older"
    DIVERGED = "diverged"
    UNKNOWN = "unknown"


Relate = Callable[[Revision], Relation]
"""Asks the history of the environment repository."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What is known.

    Attributes:
        step: where it stands.
        sentence: for people.
        fix: what they can do; of failures, and of what keeps us waiting.
        innocent: what keeps it is not the commit's doing; when time runs out, it is unknown
            whether the commit works.
        revision: the one that contains the commit.
        unhealthy: everything was applied; the objects tell more than the sentence.
    """

    step: Step
    sentence: str
    fix: str = ""
    innocent: bool = False
    revision: Revision | None = None
    unhealthy: bool = False


def waiting(sentence: str, fix: str = "", *, innocent: bool = False) -> Verdict:
    """It is on the way."""
    return Verdict(step=Step.WAITING, sentence=sentence, fix=fix, innocent=innocent)


def failed(sentence: str, fix: str) -> Verdict:
    """It is certain that it will not get there by itself."""
    return Verdict(step=Step.FAILED, sentence=sentence, fix=fix)
