"""Whose approvals count, for which change, and what stays unknown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_action.core.config.resolved import Approvals
from gitops_action.core.gates.approvals import (
    ApprovalFacts,
    ChangeComparison,
    People,
    Review,
    evaluate,
    newest_reviews,
    reviews_to_compare,
    tally,
)
from gitops_action.core.gates.model import GateResult

START = datetime(2026, 11, 28, 12, tzinfo=UTC)
SAME = ChangeComparison(kind="same")
UNREAD = ChangeComparison(kind="unread", reason="3fa9c1d does not render today")
GONE = ChangeComparison(kind="unavailable", reason="the commit is gone")
TEAM = Approvals(count=2, teams=("acme/sre",))
ONE = Approvals(count=1)
HEAD = "9b2e77a1c04d5e6f"


def changed(objects: int) -> ChangeComparison:
    return ChangeComparison(kind="different", objects=objects)


def review(login: str, state: str = "approved", minute: int = 0, **more: Any) -> Review:
    values: dict[str, Any] = {
        "number": minute + 1,
        "login": login,
        "state": state,
        "commit": HEAD,
        "submitted": START + timedelta(minutes=minute),
        "change": SAME,
        **more,
    }
    return Review(**values)


def facts(*reviews: Review, **more: Any) -> ApprovalFacts:
    values: dict[str, Any] = {
        "author": "ann",
        "reviews": reviews,
        "writers": dict.fromkeys(("ann", "alice", "bob", "carol", "dave"), True),
        "teams": {"acme/sre": frozenset({"Alice", "bob", "carol"})},
        **more,
    }
    return ApprovalFacts(**values)


def judged(rule: Approvals, *reviews: Review, **more: Any) -> GateResult:
    result = evaluate("production", rule, facts(*reviews, **more))
    assert result is not None
    return result


def outcome(rule: Approvals, *reviews: Review, **more: Any) -> tuple[str, str, str]:
    result = judged(rule, *reviews, **more)
    return result.word, result.code, result.reason


GIVEN, MISSING, OPEN = "approvals-given", "approvals-missing", "approvals-unknown"

TABLE: list[Any] = [
    pytest.param(ONE, [], {}, "wait", "0 of 1 approval", id="none"),
    pytest.param(ONE, [review("alice")], {}, "pass", "1 of 1 approval", id="one who may write"),
    pytest.param(
        ONE, [review("eve")], {"writers": {"eve": False}}, "wait", "0 of 1 approval", id="a reader"
    ),
    pytest.param(
        ONE,
        [review("eve")],
        {"writers": {}},
        "unknown",
        "the role of eve is not readable",
        id="a role that is not readable",
    ),
    pytest.param(
        TEAM,
        [review("alice"), review("BOB")],
        {"writers": {}},
        "pass",
        "2 of 2 approvals (acme/sre)",
        id="members count with read access, in any case of letters",
    ),
    pytest.param(
        TEAM,
        [review("alice"), review("dave")],
        {},
        "wait",
        "1 of 2 approvals (acme/sre)",
        id="who may write and is no member",
    ),
    pytest.param(
        Approvals(count=1, users=("Dave",)),
        [review("dave")],
        {"writers": {}},
        "pass",
        "1 of 1 approval (Dave)",
        id="a user",
    ),
    pytest.param(
        TEAM,
        [review("alice"), review("bob")],
        {"teams": {}},
        "unknown",
        "team acme/sre is not readable",
        id="a team that is not readable",
    ),
    pytest.param(
        TEAM,
        [review("alice")],
        {"teams": {}},
        "wait",
        "0 of 2 approvals (acme/sre)",
        id="one approval too few, whatever the team says",
    ),
    pytest.param(
        Approvals(count=1, teams=("acme/sre", "acme/dba")),
        [review("alice"), review("dave")],
        {},
        "pass",
        "1 of 1 approval (acme/sre, acme/dba)",
        id="the other team cannot change the result",
    ),
    pytest.param(ONE, [review("ann")], {}, "wait", "0 of 1 approval", id="the author"),
    pytest.param(
        Approvals(count=1, not_by=()),
        [review("ann")],
        {},
        "pass",
        "1 of 1 approval",
        id="the author, where that is allowed",
    ),
    pytest.param(
        ONE,
        [review("alice")],
        {"pushers": People(logins=frozenset({"Alice"}))},
        "wait",
        "0 of 1 approval",
        id="a pusher",
    ),
    pytest.param(
        ONE,
        [review("alice")],
        {"pushers": People(unread="a push has no actor")},
        "unknown",
        "a push has no actor",
        id="pushers that are not readable",
    ),
    pytest.param(
        ONE,
        [review("ann")],
        {"pushers": People(unread="a push has no actor")},
        "wait",
        "0 of 1 approval",
        id="the author, whoever pushed",
    ),
    pytest.param(
        ONE,
        [review("alice")],
        {"source_authors": People(logins=frozenset({"alice"}))},
        "pass",
        "1 of 1 approval",
        id="source authors count by default",
    ),
    pytest.param(
        Approvals(count=1, not_by=("source-authors",)),
        [review("alice")],
        {"source_authors": People(logins=frozenset({"alice"}))},
        "wait",
        "0 of 1 approval",
        id="a source author",
    ),
    pytest.param(
        Approvals(count=1, not_by=("source-authors",)),
        [review("alice")],
        {"source_authors": People(unread="acme/web is not readable")},
        "unknown",
        "acme/web is not readable",
        id="source commits that are not readable",
    ),
    pytest.param(
        ONE,
        [review("alice")],
        {"asked_by": "ALICE"},
        "wait",
        "0 of 1 approval",
        id="who asked for the rollback",
    ),
    pytest.param(
        ONE,
        [review("alice", change=changed(1))],
        {},
        "wait",
        "0 of 1 approval",
        id="another change",
    ),
    pytest.param(
        ONE, [review("alice", change=GONE)], {}, "wait", "0 of 1 approval", id="a lost commit"
    ),
    pytest.param(
        ONE,
        [review("alice", change=UNREAD)],
        {},
        "unknown",
        "the change that alice approved could not be compared: 3fa9c1d does not render today",
        id="not compared",
    ),
    pytest.param(
        ONE,
        [review("alice"), review("bob", change=UNREAD)],
        {},
        "pass",
        "1 of 1 approval",
        id="enough without the one that is not compared",
    ),
    pytest.param(ONE, [review("alice", account="Bot")], {}, "wait", "0 of 1 approval", id="an App"),
    pytest.param(
        ONE,
        [review("alice"), review("bob", "changes-requested")],
        {},
        "wait",
        "changes requested by bob",
        id="changes requested beside an approval",
    ),
    pytest.param(
        ONE,
        [review("alice"), review("eve", "changes-requested")],
        {"writers": {"eve": False, "alice": True}},
        "pass",
        "1 of 1 approval",
        id="changes requested by a reader",
    ),
    pytest.param(
        ONE,
        [review("alice"), review("eve", "changes-requested")],
        {"writers": {"alice": True}},
        "unknown",
        "the role of eve is not readable",
        id="changes requested by anyone",
    ),
    pytest.param(
        ONE,
        [review("alice"), review("app", "changes-requested", account="Bot")],
        {},
        "pass",
        "1 of 1 approval",
        id="changes requested by an App",
    ),
    pytest.param(
        TEAM,
        [review("alice"), review("bob"), review("dave", "changes-requested")],
        {},
        "wait",
        "changes requested by dave",
        id="changes requested by who may write and is no member",
    ),
    pytest.param(
        ONE,
        [review("alice"), review("alice", "dismissed", 1)],
        {},
        "wait",
        "0 of 1 approval",
        id="a dismissal revives no older approval",
    ),
    pytest.param(
        ONE,
        [review("alice"), review("alice", "commented", 1)],
        {},
        "pass",
        "1 of 1 approval",
        id="a comment changes nothing",
    ),
    pytest.param(
        ONE,
        [review("alice", "changes-requested"), review("alice", "approved", 1)],
        {},
        "pass",
        "1 of 1 approval",
        id="the newest of a person",
    ),
    pytest.param(
        ONE,
        [review("alice"), review("ALICE", "changes-requested", 1)],
        {},
        "wait",
        "changes requested by ALICE",
        id="one person in two spellings",
    ),
    pytest.param(
        Approvals(count=2),
        [review("alice"), review("alice", minute=1)],
        {},
        "wait",
        "1 of 2 approvals",
        id="one person twice",
    ),
    pytest.param(
        ONE,
        [review("")],
        {"writers": {"": True}},
        "wait",
        "0 of 1 approval",
        id="an account that is gone",
    ),
]


@pytest.mark.parametrize(("rule", "reviews", "more", "word", "reason"), TABLE)
def test_what_counts(
    rule: Approvals, reviews: list[Review], more: dict[str, Any], word: str, reason: str
) -> None:
    code = {"pass": GIVEN, "wait": MISSING, "unknown": OPEN}[word]
    code = "changes-requested" if reason.startswith("changes") else code
    assert outcome(rule, *reviews, **more) == (word, code, reason)


def test_without_a_count_only_a_request_for_changes_closes_it() -> None:
    rule = Approvals()
    assert evaluate("staging", rule, facts(review("alice"))) is None
    assert outcome(rule, review("alice", "changes-requested"))[:2] == ("wait", "changes-requested")


def test_of_two_reviews_at_one_moment_the_later_number_counts() -> None:
    first, second = review("alice", number=7), review("alice", "changes-requested", number=8)
    for order in permutations((first, second)):
        assert newest_reviews(order) == (second,)


def test_the_comment_names_the_reviewer_the_commit_and_what_changed_since() -> None:
    result = judged(
        TEAM, review("alice"), review("bob", commit="3fa9c1d" + "0" * 33, change=changed(1))
    )
    assert result.found == "1 of 2: `alice`; `bob` approved 3fa9c1d, then 1 object changed"
    assert result.opened_by == "acme/sre"


def test_each_approval_that_does_not_count_has_its_reason() -> None:
    found = tally(
        ONE,
        facts(
            review("ann"),
            review("bob"),
            review("eve"),
            review("carol", change=GONE),
            writers={"ann": True, "bob": True, "eve": False, "carol": True},
            pushers=People(logins=frozenset({"bob"})),
        ),
    )
    assert {one.login: one.reason for one in found.approvers} == {
        "ann": "opened the pull request",
        "bob": "pushed a change to the pull request",
        "eve": "has no write access",
        "carol": "approved 9b2e77a, which cannot be compared (the commit is gone): approve again",
    }


def test_a_change_that_differs_is_certain_by_any_approver_it() -> None:
    found = tally(TEAM, facts(review("dave", change=changed(2)), teams={}))
    assert [(one.counts, one.reason) for one in found.approvers] == [
        (False, "approved 9b2e77a, then 2 objects changed")
    ]


def test_a_review_of_a_deleted_account_does_not_count() -> None:
    assert newest_reviews([review("")]) == ()


def test_a_list_that_is_read_does_not_make_up_for_one_that_is_not() -> None:
    rule = replace(ONE, not_by=("pushers", "author", "source-authors"))
    unread = People(unread="the pushes are not readable")
    result = evaluate("production", rule, facts(review("alice"), pushers=unread))
    assert result
    assert (result.word, result.reason) == ("unknown", "the pushes are not readable")


def test_only_approvals_that_can_count_are_compared() -> None:
    reviews = (review("alice"), review("ann"), review("eve"), review("bob", "dismissed"))
    found = reviews_to_compare(TEAM, facts(*reviews))
    assert [one.login for one in found] == ["alice"]


# What is not readable never changes a result that is certain.

LOGINS = ("alice", "bob", "carol", "dave", "ann")
REVIEWS = st.builds(
    review,
    login=st.sampled_from(LOGINS),
    state=st.sampled_from(["approved", "changes-requested", "dismissed", "commented"]),
    minute=st.integers(0, 6),
    change=st.sampled_from([SAME, changed(2), GONE, UNREAD]),
)
RULES = st.builds(
    Approvals,
    count=st.integers(0, 3),
    teams=st.sampled_from([(), ("acme/sre",), ("acme/sre", "acme/dba")]),
    users=st.sampled_from([(), ("dave",)]),
    not_by=st.sampled_from([(), ("author",), ("author", "pushers"), ("source-authors",)]),
)
UNSURE = st.sampled_from([People(), People(unread="x"), People(logins=frozenset({"alice"}))])


def completed(known: ApprovalFacts) -> Iterable[ApprovalFacts]:
    """Some of the facts that could be behind what is not readable."""
    for yes in (True, False):
        everyone = frozenset(LOGINS)
        people = People(logins=everyone) if not yes else People()
        yield replace(
            known,
            pushers=people if known.pushers.unread else known.pushers,
            source_authors=people if known.source_authors.unread else known.source_authors,
            writers={login: known.writers.get(login, yes) for login in LOGINS},
            teams={"acme/sre": everyone if yes else frozenset(), "acme/dba": frozenset()}
            | dict(known.teams),
            reviews=tuple(
                replace(one, change=SAME if yes else changed(1))
                if one.change.kind == "unread"
                else one
                for one in known.reviews
            ),
        )


@given(
    rule=RULES,
    reviews=st.lists(REVIEWS, max_size=6),
    pushers=UNSURE,
    authors=UNSURE,
    writers=st.dictionaries(st.sampled_from(LOGINS), st.booleans()),
    teams=st.sampled_from([{}, {"acme/sre": frozenset({"alice", "bob"})}]),
)
def test_a_certain_result_holds_whatever_is_behind_what_is_not_readable(
    rule: Approvals, reviews: list[Review], **known: Any
) -> None:
    known["source_authors"] = known.pop("authors")
    unsure = facts(*reviews, **known)
    result = evaluate("production", rule, unsure)
    word = result.word if result else "pass"
    if word == "unknown":
        return
    for sure in completed(unsure):
        found = evaluate("production", rule, sure)
        assert (found.word if found else "pass") == word


@given(rule=RULES, reviews=st.lists(REVIEWS, max_size=6), seed=st.randoms())
def test_the_order_of_reviews_does_not_matter(
    rule: Approvals, reviews: list[Review], seed: Any
) -> None:
    numbered = [replace(one, number=index) for index, one in enumerate(reviews)]
    mixed = list(numbered)
    seed.shuffle(mixed)
    one, other = (evaluate("production", rule, facts(*order)) for order in (numbered, mixed))
    assert (one and (one.word, one.reason)) == (other and (other.word, other.reason))
