"""The double's merge queue."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from testbed.forge import MergeQueueRule, rights
from testbed.forge.errors import ApiError
from testbed.forge.merge_queue import QueueEntry, entry_of
from tests.support.double import NAME, Talk, talking

QUEUES = rights("contents", "pull_requests", "statuses", "merge_queues")
ENQUEUE = """mutation($id: ID!, $oid: GitObjectID) {
  enqueuePullRequest(input: {pullRequestId: $id, expectedHeadOid: $oid}) {
    mergeQueueEntry { position state headCommit { oid } enqueuer { login } } } }"""


@pytest.fixture
def talk(tmp_path: Path) -> Iterator[Talk]:
    with talking(tmp_path / "forge") as made:
        for branch in ("a", "b", "c"):
            made.repository.commit(branch=branch, files={branch: "1\n"})
            made.repository.open(head=branch)
        made.repository.ruleset("main", required_statuses=("ci",), merge_queue=MergeQueueRule())
        for branch in ("a", "b", "c"):
            made.repository.status(str(made.repository.head(branch)), "ci")
        yield made.acting(repositories=[NAME], permissions=QUEUES)
        made.forge.assert_clean()


def queued(talk: Talk, *numbers: int) -> list[QueueEntry]:
    return [talk.repository.enqueue(number) for number in numbers]


def merged(talk: Talk) -> list[int]:
    return [pull.number for pull in talk.repository.pull_requests() if pull.merged_at]


def reasons(talk: Talk, number: int) -> list[str]:
    return [event.reason for event in talk.repository.pull(number).timeline if event.reason]


def identifier(talk: Talk, number: int) -> str:
    return str(talk.rest("GET", f"/pulls/{number}").json()["node_id"])


def test_a_queue_takes_the_place_of_merging(talk: Talk) -> None:
    refused = talk.rest("PUT", "/pulls/1/merge", json={})
    assert refused.status_code == 405
    assert "through the merge queue" in refused.json()["message"]


def test_the_groups_own_statuses_decide(talk: Talk) -> None:
    head = talk.repository.head("a")
    entry = talk.graphql(ENQUEUE, id=identifier(talk, 1), oid=head)["data"]["enqueuePullRequest"]
    shown = entry["mergeQueueEntry"]
    assert (shown["position"], shown["state"]) == (1, "AWAITING_CHECKS")
    assert merged(talk) == []
    group = shown["headCommit"]["oid"]
    assert group != head
    assert any(
        name.startswith("gh-readonly-queue/main/pr-1-") for name in talk.repository.branches()
    )
    asked = [e for e in talk.forge.events if e.name == "merge_group"]
    assert [(e.action, e.oid) for e in asked] == [("checks_requested", group)]
    talk.rest("POST", f"/statuses/{group}", json={"state": "success", "context": "ci"})
    assert merged(talk) == [1]
    assert talk.repository.head("main") == group
    assert not any(name.startswith("gh-readonly") for name in talk.repository.branches())
    assert talk.repository.repository.activity[-2].kind == "merge_queue_merge"


def test_the_head_is_expected_and_what_is_required_has_to_be_there(talk: Talk) -> None:
    stale = talk.graphql(ENQUEUE, id=identifier(talk, 1), oid="0" * 40)
    assert stale["errors"][0]["type"] == "STALE_DATA"
    talk.repository.commit(branch="a", files={"a": "2\n"})
    assert "ci" in talk.graphql(ENQUEUE, id=identifier(talk, 1))["errors"][0]["message"]


def test_the_right_to_queues_is_one_of_its_own(talk: Talk) -> None:
    without = talk.acting(repositories=[NAME])
    refused = without.graphql(ENQUEUE, id=identifier(talk, 1))
    assert refused["errors"][0]["type"] == "FORBIDDEN"


def test_entries_stand_on_those_before_them(talk: Talk) -> None:
    first, second = queued(talk, 1, 2)
    assert second.base_oid == first.oid
    assert set(talk.repository.files(second.oid)) > {"a", "b"}
    newest = second.oid
    talk.repository.status(newest, "ci")
    assert merged(talk) == []
    talk.repository.status(first.oid, "ci")
    assert merged(talk) == [1, 2]
    assert talk.repository.head("main") == newest


def test_a_failed_entry_leaves_and_those_behind_are_built_again(talk: Talk) -> None:
    first, second = queued(talk, 1, 2)
    before = second.oid
    talk.repository.status(first.oid, "ci", "failure")
    assert reasons(talk, 1) == ["failed_checks"]
    assert (second.oid != before, second.base_oid) == (True, talk.repository.head("main"))
    assert "a" not in talk.repository.files(second.oid)
    talk.repository.status(second.oid, "ci")
    assert merged(talk) == [2]


def test_checks_that_never_come_time_out(talk: Talk) -> None:
    queued(talk, 1)
    talk.forge.advance_clock(59 * 60)
    assert reasons(talk, 1) == []
    talk.forge.advance_clock(60)
    assert reasons(talk, 1) == ["checks_timed_out"]
    assert merged(talk) == []


@pytest.mark.parametrize("change", ["push", "close"])
def test_a_push_or_closing_takes_it_out(talk: Talk, change: str) -> None:
    (entry,) = queued(talk, 1)
    if change == "push":
        talk.repository.commit(branch="a", files={"a": "2\n"})
    else:
        talk.repository.close(1)
    assert entry_of(talk.repository.pull(1)) is None
    talk.repository.commit(branch="x", files={"x": "1\n"})
    assert merged(talk) == []
    assert entry.oid == ""


def test_conflicts_with_an_entry_before_take_it_out(talk: Talk) -> None:
    talk.repository.commit(branch="c", files={"a": "other\n"})
    talk.repository.status(str(talk.repository.head("c")), "ci")
    queued(talk, 1, 3)
    assert reasons(talk, 3) == ["merge_conflict"]


def test_a_base_that_moves_builds_groups_again(talk: Talk) -> None:
    (entry,) = queued(talk, 1)
    before = entry.oid
    talk.repository.commit(files={"x": "1\n"})
    assert entry.oid != before
    assert entry.base_oid == talk.repository.head("main")


def test_dequeue_and_the_listing(talk: Talk) -> None:
    queued(talk, 1, 2)
    query = """query { repository(owner: "acme", name: "environment") { mergeQueue(branch: "main") {
      configuration { mergeMethod } entries(first: 9) { nodes { position state
        pullRequest { number isInMergeQueue } } } } } }"""

    def listed() -> list[Any]:
        found = talk.graphql(query)["data"]["repository"]["mergeQueue"]["entries"]["nodes"]
        return [(each["position"], each["pullRequest"]["number"]) for each in found]

    assert listed() == [(1, 1), (2, 2)]
    out = "mutation($id: ID!) { dequeuePullRequest(input: {id: $id}) { clientMutationId } }"
    assert "errors" not in talk.graphql(out, id=identifier(talk, 1))
    assert listed() == [(1, 2)]
    assert reasons(talk, 1) == ["manual"]
    assert "errors" in talk.graphql(out, id=identifier(talk, 1))


def test_head_green_lets_the_last_vouch_for_all(talk: Talk) -> None:
    rule = talk.repository.repository.protections[0]
    rule.merge_queue = MergeQueueRule(strategy="HEADGREEN", method="squash", minimum=2)
    first, second = queued(talk, 1, 2)
    talk.repository.status(second.oid, "ci")
    assert merged(talk) == [1, 2]
    assert [len(commit.parents) for commit in talk.repository.log("main")[:2]] == [1, 1]
    assert first.oid == ""


def test_a_group_waits_for_enough_entries_or_for_its_time(talk: Talk) -> None:
    talk.repository.repository.protections[0].merge_queue = MergeQueueRule(minimum=2)
    (entry,) = queued(talk, 1)
    talk.repository.status(entry.oid, "ci")
    assert (merged(talk), entry.state) == ([], "MERGEABLE")
    talk.forge.advance_clock(300)
    assert merged(talk) == [1]


def test_auto_merge_does_not_enqueue(talk: Talk) -> None:
    talk.repository.commit(branch="a", files={"a": "2\n"})
    query = """mutation($id: ID!) { enablePullRequestAutoMerge(
      input: {pullRequestId: $id}) { pullRequest { number } } }"""
    assert "errors" not in talk.graphql(query, id=identifier(talk, 1))
    talk.repository.status(str(talk.repository.head("a")), "ci")
    assert (merged(talk), entry_of(talk.repository.pull(1))) == ([], None)


def test_without_a_queue_nothing_is_enqueued(talk: Talk) -> None:
    talk.repository.unprotect()
    with pytest.raises(ApiError, match="not enabled"):
        talk.repository.enqueue(1)
