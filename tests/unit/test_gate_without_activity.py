"""The gate on a GitHub without a record of pushes: Enterprise Server before 3.17.

Where the base stood at a review follows from merged pull requests, as far as they prove it.
"""

from __future__ import annotations

from dataclasses import replace

from gitops_action.adapters.gate_views import GateViews
from gitops_action.commands.gate import command as gate
from gitops_action.core.gates.base_history import BY_MERGES
from gitops_action.core.inputs.gate import GateInputs
from gitops_action.core.outcome import Job
from tests.support.gate_world import REPOSITORY, World, codes, config

BY_PUSHERS = "merge: auto\ngates: {approvals: {count: 1}}"
WEAKER = "merge: auto\ngates:\n  approvals: {count: 1, not-by: [author]}"


def without_activity(production: str = WEAKER) -> World:
    """Whose base is a merge, so that something is known of it."""
    here = World(files={".github/gitops.yaml": config(production)})
    here.keeps_activity = False
    merge_by_hand(here, "first")
    return here


def merge_by_hand(here: World, name: str) -> None:
    """A person proposes a document, and GitHub's button merges it."""
    here.change({f"{name}.md": name}, branch=name)
    number = here.open(name, by="alice")
    here.ports(Job()).merges.merge(number, head=here.head(number), method="merge", title="")


def test_merges_say_where_the_base_stood_at_a_review() -> None:
    here = without_activity()
    number = here.bump("v2")
    here.review(number, by="bob")
    merge_by_hand(here, "second")
    here.gate()
    assert here.pulls[number].state == "merged"


def test_a_push_to_the_base_that_no_merge_made_leaves_older_approvals_out() -> None:
    here = without_activity()
    number = here.bump("v2")
    here.review(number, by="bob")
    here.change({"README.md": "pushed"})
    assert codes(here.gate()) == ["approvals-missing"]
    merge_by_hand(here, "second")
    assert codes(here.gate()) == ["approvals-missing"]
    here.review(number, by="bob")
    here.gate()
    assert here.pulls[number].state == "merged"


def test_who_pushed_stays_unknown_without_a_record_of_pushes() -> None:
    here = without_activity(BY_PUSHERS)
    number = here.bump("v2")
    here.review(number, by="bob")
    assert codes(here.gate()) == ["approvals-unknown"]
    assert "keeps no record of pushes" in here.ready(number)[1]


def test_the_comment_names_the_weaker_source() -> None:
    here = without_activity(WEAKER.replace("count: 1", "count: 2"))
    here.review(here.bump("v2"), by="bob")
    merge_by_hand(here, "second")
    ports = replace(here.ports(Job(repository=REPOSITORY)), texts=GateViews())
    gate.run(GateInputs(repository=REPOSITORY, token="t", base="main"), ports)
    found = [one.comment.body for one in here.pulls.values() if one.comment]
    assert any(BY_MERGES in text for text in found)
