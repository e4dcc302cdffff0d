"""Approvals on a real forge: they count for exactly the change that was approved."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.gate_forge import (
    NEW,
    OLD,
    PRODUCTION,
    STAGING,
    WEB,
    GateStage,
    codes,
    config,
    gate_stage,
    overlay,
)

REPOSITORY = "acme/environment"
ONE = config(production="merge: auto\ngates: {approvals: {count: 1}}")
OTHER = f"v3@sha256:{'3' * 64}"
BRANCH = "gitops/production/web"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[GateStage]:
    with gate_stage(tmp_path) as made:
        made.configure(ONE)
        yield made


def test_a_push_that_changes_an_object_voids_the_approval(stage: GateStage) -> None:
    number = stage.bump()
    approved = stage.repository.resolve(BRANCH)
    stage.approve(number)
    stage.repository.commit(branch=BRANCH, files={PRODUCTION: overlay(OTHER)}, author="alice")
    outcome = stage.gate()
    assert (stage.merged(number), codes(outcome)[-1]) == (False, "approvals-missing")
    comment = stage.comment(number)
    assert "`bob`" in comment
    assert f"approved {'`' + approved[:7] + '`'}, then 1 object changed" in comment


def test_an_update_from_the_base_keeps_the_approval(stage: GateStage) -> None:
    number = stage.bump()
    stage.approve(number)
    stage.repository.commit(files={STAGING: overlay(OTHER)}, author="carol")
    stage.update(number, by="bob")
    outcome = stage.gate()
    assert (codes(outcome), stage.merged(number)) == ([], True)


def test_an_approval_on_an_older_base_counts_where_the_change_is_the_same(stage: GateStage) -> None:
    number = stage.bump()
    stage.approve(number)
    stage.repository.commit(files={STAGING: overlay(OTHER), "README.md": "# changed\n"})
    assert codes(stage.gate()) == []
    assert stage.merged(number)


def test_an_approval_on_an_older_base_counts_no_more_where_the_change_differs(
    stage: GateStage,
) -> None:
    number = stage.bump()
    stage.approve(number)
    # The approved change was from v1 to v2; now it would also undo this.
    stage.repository.commit(files={"base/web.yaml": WEB.replace("{app: web}", "{app: web, a: b}")})
    outcome = stage.gate()
    assert (stage.merged(number), codes(outcome)) == (False, ["approvals-missing"])


def test_a_merge_by_hand_that_smuggles_a_change_loses_the_approval(stage: GateStage) -> None:
    number = stage.bump()
    stage.approve(number)
    stage.repository.commit(files={"README.md": "# changed\n"})
    stage.update(number, by="alice")
    stage.repository.commit(
        branch=BRANCH,
        files={
            "base/namespace.yaml": "apiVersion: v1\nkind: Namespace\n"
            "metadata: {name: web, labels: {smuggled: x}}\n"
        },
        author="alice",
        message="Merge branch 'main'",
    )
    outcome = stage.gate()
    assert (stage.merged(number), codes(outcome)[-1]) == (False, "approvals-missing")


def test_who_pushed_a_change_cannot_approve_it(stage: GateStage) -> None:
    number = stage.bump()
    stage.repository.commit(branch=BRANCH, files={PRODUCTION: overlay(OTHER)}, author="bob")
    stage.approve(number)
    assert "approvals-missing" in codes(stage.gate())
    assert "pushed a change" in stage.comment(number)
    stage.approve(number, by="carol")
    assert codes(stage.gate()) == ["invalid"]


def test_a_commit_under_a_colleagues_name_does_not_let_its_pusher_approve(
    stage: GateStage,
) -> None:
    number = stage.bump()
    oid = stage.repository.commit(branch="aside", files={PRODUCTION: overlay(OTHER)}, author="bob")
    stage.repository.move(BRANCH, oid, by="carol")
    stage.approve(number, by="carol")
    assert "approvals-missing" in codes(stage.gate())
    stage.approve(number, by="bob")
    assert codes(stage.gate()) == ["invalid"]


def test_a_dismissed_approval_is_none_and_revives_no_older_one(stage: GateStage) -> None:
    number = stage.bump()
    stage.approve(number)
    stage.forge.advance_clock(10)
    second = stage.approve(number)
    stage.repository.dismiss(second)
    assert codes(stage.gate()) == ["approvals-missing"]


def test_an_edited_review_is_no_approval(stage: GateStage) -> None:
    number = stage.bump()
    review = stage.repository.review(number, by="bob", state="COMMENTED", body="hm")
    stage.repository.edit_review(review, "approved, /gitops approve LGTM", by="bob")
    assert codes(stage.gate()) == ["approvals-missing"]


def test_requested_changes_block_whatever_others_approve(stage: GateStage) -> None:
    number = stage.bump()
    stage.repository.review(number, by="carol", state="CHANGES_REQUESTED")
    stage.approve(number)
    outcome = stage.gate()
    assert codes(outcome) == ["changes-requested"]
    assert stage.ready(number) == ("pending", "waiting: changes requested by carol")


def test_only_people_with_write_access_count(stage: GateStage) -> None:
    number = stage.bump()
    stage.approve(number, by="stranger")
    assert codes(stage.gate()) == ["approvals-missing"]
    assert "has no write access" in stage.comment(number)


def test_the_author_does_not_count(stage: GateStage) -> None:
    number = stage.propose({PRODUCTION: overlay(NEW)}, by="bob")
    pull = stage.repository.pull(number)
    review = stage.repository.review(number, by="carol")
    review.author = pull.author  # GitHub refuses it; the gate does not rely on that
    assert codes(stage.gate()) == ["approvals-missing"]


def test_members_of_a_team_count_by_todays_membership(stage: GateStage) -> None:
    stage.configure(
        config(production="merge: auto\ngates: {approvals: {count: 1, teams: [acme/sre]}}")
    )
    number = stage.bump()
    team = stage.forge.organization("acme").team(
        "sre", members=("carol",), repositories={REPOSITORY: "write"}
    )
    del team
    stage.approve(number, by="bob")
    assert codes(stage.gate()) == ["approvals-missing"]
    stage.approve(number, by="carol")
    assert codes(stage.gate()) == []


def test_a_team_that_cannot_be_read_is_unknown(stage: GateStage) -> None:
    stage.configure(
        config(production="merge: auto\ngates: {approvals: {count: 1, teams: [acme/sre]}}")
    )
    number = stage.bump()
    stage.approve(number)
    outcome = stage.gate()
    assert (outcome.exit_code, codes(outcome)) == (0, ["approvals-unknown"])
    assert stage.ready(number) == ("error", "unknown: team acme/sre is not readable")


def test_approvals_are_unknown_while_who_pushed_cannot_be_read(stage: GateStage) -> None:
    number = stage.bump()
    stage.approve(number)
    stage.forge.fail(r"GET .*/activity", status=500, times=99)
    assert codes(stage.gate()) == ["approvals-unknown"]
    assert not stage.merged(number)


def test_the_same_tag_with_another_digest_is_another_change(stage: GateStage) -> None:
    number = stage.bump()
    stage.approve(number)
    again = f"v2@sha256:{'9' * 64}"
    stage.repository.commit(branch=BRANCH, files={PRODUCTION: overlay(again)}, author="alice")
    assert "approvals-missing" in codes(stage.gate())
    assert OLD in stage.repository.read("main", PRODUCTION).decode()
