"""The gate `approvals`: enough people who count have approved this very change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from datetime import datetime
from typing import Literal

from gitops_action.core.config.resolved import Approvals
from gitops_action.core.dataclass import dataclass
from gitops_action.core.gates.model import GateResult, Word, plural

ReviewState = Literal["approved", "changes-requested", "dismissed", "commented"]


@dataclass(frozen=True, kw_only=True)
class ChangeComparison:
    """How the change that a review saw compares to the change as it is now.

    Attributes:
        kind: equal by the change hash; different; `unavailable` for good (a commit or base that
            cannot be had, so that the person has to approve again); `unread` for now.
        objects: how many objects and files differ.
        reason: why it is unavailable or unread.
    """

    kind: Literal["same", "different", "unavailable", "unread"]
    objects: int = 0
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Review:
    """One review, as GitHub reports it.

    Attributes:
        number: GitHub's id; of two at one moment the higher is the newer.
        login: of the reviewer; empty for an account that is gone.
        account: `User`, `Bot`, …: only users count, and block.
        state: what the review says now.
        commit: the head commit that it was submitted on.
        submitted: when.
        change: for an approval, how the change it saw compares to the change now.
        writes: whether the reviewer may write, as the list of pull requests has it; None where it
            does not say.
    """

    number: int
    login: str
    state: ReviewState
    commit: str
    submitted: datetime
    account: str = "User"
    change: ChangeComparison = field(
        default_factory=lambda: ChangeComparison(kind="unread", reason="not compared")
    )
    writes: bool | None = None


@dataclass(frozen=True, kw_only=True)
class People:
    """A list of logins; `unread` says why more may belong to it, and is empty when none does."""

    logins: frozenset[str] = frozenset()
    unread: str = ""

    def has(self, login: str) -> bool:
        """Whether a login is among them, in any case of letters."""
        return login.casefold() in {one.casefold() for one in self.logins}


@dataclass(frozen=True, kw_only=True)
class ApprovalFacts:
    """What is known of a pull request's reviews, and of who may approve it.

    Attributes:
        author: who opened the pull request.
        reviews: all of them, in any order.
        pushers: who pushed a change to it; an update that leaves the change hash equal makes
            nobody one.
        source_authors: logins of the application's commits; read only where they matter.
        writers: whether a reviewer may write; who is missing could not be read.
        teams: members by today, by `ORG/TEAM`; a team that is missing could not be read.
        asked_by: who asked for the rollback; empty for other changes.
        no_teams: why teams decide nothing here; empty where their members can be read.
        note: what weakens the comparison of changes, for the comment.
    """

    author: str = ""
    reviews: tuple[Review, ...] = ()
    pushers: People = field(default_factory=People)
    source_authors: People = field(default_factory=People)
    writers: Mapping[str, bool] = field(default_factory=dict)
    teams: Mapping[str, frozenset[str]] = field(default_factory=dict)
    asked_by: str = ""
    no_teams: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Reviewer:
    """A person who approved, and whether that counts.

    Attributes:
        login: whose approval.
        counts: None where what could not be read decides.
        reason: why it does not count, or what could not be read.
        commit: that was approved.
    """

    login: str
    counts: bool | None
    reason: str = ""
    commit: str = ""


@dataclass(frozen=True, kw_only=True)
class Tally:
    """Everybody who approved, and everybody who may write and requests changes."""

    approvers: tuple[Reviewer, ...] = ()
    objectors: tuple[Reviewer, ...] = ()

    def counted(self, *, maybe: bool = False) -> int:
        """How many approvals count; with `maybe`, how many could."""
        return sum(1 for one in self.approvers if one.counts or (maybe and one.counts is None))


def newest_reviews(reviews: Iterable[Review]) -> tuple[Review, ...]:
    """The review that counts of each person.

    A dismissal is the newest word of its own review: it revives no earlier one. A comment changes
    nothing, and Apps neither count nor block.
    """
    newest: dict[str, Review] = {}
    for review in sorted(reviews, key=lambda one: (one.submitted, one.number)):
        if review.state != "commented" and review.account == "User" and review.login:
            newest[review.login.casefold()] = review
    return tuple(newest.values())


def reviews_to_compare(rule: Approvals, facts: ApprovalFacts) -> tuple[Review, ...]:
    """The approvals for which the change that they saw has to be compared: others never count."""
    return tuple(
        review
        for review in newest_reviews(facts.reviews)
        if review.state == "approved" and _person(review.login, rule, facts)[0] is not False
    )


def tally(rule: Approvals, facts: ApprovalFacts) -> Tally:
    """Who counts, who does not and why."""
    newest = newest_reviews(facts.reviews)
    return Tally(
        approvers=tuple(_approver(one, rule, facts) for one in newest if one.state == "approved"),
        objectors=tuple(
            Reviewer(login=one.login, counts=may, reason=why, commit=one.commit)
            for one in newest
            if one.state == "changes-requested"
            for may, why in (_may_write(one.login, facts),)
            if may is not False
        ),
    )


def evaluate(environment: str, rule: Approvals, facts: ApprovalFacts) -> GateResult | None:
    """None where no approval is needed and nobody requests changes."""
    found = tally(rule, facts)
    if not rule.count and not found.objectors:
        return None
    word, code, reason = _verdict(rule, found)
    if rule.count and facts.no_teams:
        word, code, reason = "refuse", "teams-need-app", facts.no_teams
    return GateResult(
        gate="approvals",
        environment=environment,
        word=word,
        reason=reason,
        code=code,
        found="; ".join(filter(None, (_described(rule, found), facts.note))),
        opened_by="" if word == "pass" else ", ".join((*rule.teams, *rule.users)),
    )


def _verdict(rule: Approvals, found: Tally) -> tuple[Word, str, str]:
    """Unknown only where what cannot be read could change the result."""
    objecting = [one.login for one in found.objectors if one.counts]
    if objecting:
        return "wait", "changes-requested", f"changes requested by {', '.join(objecting)}"
    counted, possible = found.counted(), found.counted(maybe=True)
    of = f" ({', '.join((*rule.teams, *rule.users))})" if rule.teams or rule.users else ""
    said = f"{counted} of {plural(rule.count, 'approval')}{of}"
    if possible < rule.count:
        return "wait", "approvals-missing", said
    unread = [one.reason for one in found.objectors]
    if counted < rule.count:
        unread += [one.reason for one in found.approvers if one.counts is None]
    if unread:
        return "unknown", "approvals-unknown", unread[0]
    return "pass", "approvals-given", said


def _approver(review: Review, rule: Approvals, facts: ApprovalFacts) -> Reviewer:
    counts, reason = _person(review.login, rule, facts)
    if counts is not False:
        same, differs = _change(review)
        if same is False or counts:
            counts, reason = same, differs
    return Reviewer(login=review.login, counts=counts, reason=reason, commit=review.commit)


_Answer = tuple[bool | None, str]
"""Whether something holds, and why not or why nobody knows."""
_DIGITS = 7


def _person(login: str, rule: Approvals, facts: ApprovalFacts) -> _Answer:
    """Whether this person's approval counts, whatever they approved."""
    excluded, why = _excluded(login, rule, facts)
    if excluded:
        return False, why
    named, missing = _named(login, rule, facts)
    if named is False:
        return False, missing
    if named is None:
        return None, missing
    return (True, "") if excluded is False else (None, why)


def _excluded(login: str, rule: Approvals, facts: ApprovalFacts) -> _Answer:
    """`not-by`, and who asked for a rollback: a definite exclusion beats one that is unknown."""
    lists = {
        "author": (People(logins=frozenset({facts.author})), "opened the pull request"),
        "pushers": (facts.pushers, "pushed a change to the pull request"),
        "source-authors": (facts.source_authors, "wrote commits that it brings"),
    }
    if login.casefold() == facts.asked_by.casefold():
        return True, "asked for the rollback"
    unread = ""
    for name in rule.not_by:
        people, why = lists[name]
        if people.has(login):
            return True, why
        unread = unread or people.unread
    return (None, unread) if unread else (False, "")


def _named(login: str, rule: Approvals, facts: ApprovalFacts) -> _Answer:
    """A member of a team, or one of the users; where nobody is named, who may write."""
    if not rule.teams and not rule.users:
        return _may_write(login, facts)
    if People(logins=frozenset(rule.users)).has(login):
        return True, ""
    unread = [team for team in rule.teams if team not in facts.teams]
    known = (facts.teams[team] for team in rule.teams if team in facts.teams)
    if any(People(logins=members).has(login) for members in known):
        return True, ""
    if unread:
        return None, f"team {unread[0]} is not readable"
    return False, f"is not in {', '.join((*rule.teams, *rule.users))}"


def _may_write(login: str, facts: ApprovalFacts) -> _Answer:
    roles = {name.casefold(): may for name, may in facts.writers.items()}
    may = roles.get(login.casefold())
    if may is None:
        return None, f"the role of {login} is not readable"
    return may, "" if may else "has no write access"


def _change(review: Review) -> _Answer:
    """Whether the change that was approved is the change as it is now."""
    change = review.change
    short = review.commit[:_DIGITS]
    if change.kind == "same":
        return True, ""
    if change.kind == "different":
        return False, f"approved {short}, then {plural(change.objects, 'object')} changed"
    if change.kind == "unavailable":
        return False, f"approved {short}, which cannot be compared ({change.reason}): approve again"
    return None, f"the change that {review.login} approved could not be compared: {change.reason}"


def _described(rule: Approvals, found: Tally) -> str:
    """`1 of 2: `alice`; `bob` approved 3fa9c1d, then 1 object changed`."""
    counted = ", ".join(f"`{one.login}`" for one in found.approvers if one.counts)
    parts = [f"{found.counted()} of {rule.count}" + (f": {counted}" if counted else "")]
    parts += [f"`{one.login}` requests changes" for one in found.objectors if one.counts]
    parts += [f"`{one.login}` {one.reason}" for one in found.approvers if one.counts is False]
    parts += [f"`{one.login}`: {one.reason}" for one in found.approvers if one.counts is None]
    return "; ".join(parts)
