"""Reviews in the double: who may give them, which count, what stays of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from testbed.forge.errors import ApiError
from tests.support.double import NAME, Talk, talking


@pytest.fixture
def talk(tmp_path: Path) -> Iterator[Talk]:
    with talking(tmp_path / "forge") as made:
        made.repository.collaborator("bob", "write")
        made.repository.collaborator("carol", "write")
        made.repository.collaborator("reader", "read")
        made.repository.commit(branch="topic", files={"new": "1\n"})
        made.repository.open(head="topic", by="alice")
        yield made
        made.forge.assert_clean()


def person(talk: Talk, login: str) -> Talk:
    return talk.acting(kind="pat", login=login, repositories=[NAME])


def review(talk: Talk, event: str | None = "APPROVE", **given: Any) -> Any:
    body = {**given, **({"event": event} if event else {})}
    return talk.rest("POST", "/pulls/1/reviews", json=body)


def decision(talk: Talk) -> Any:
    query = """query { repository(owner: "acme", name: "environment") { pullRequest(number: 1) {
      reviewDecision latestOpinionatedReviews(first: 9) { nodes { state } } } } }"""
    return talk.graphql(query)["data"]["repository"]["pullRequest"]["reviewDecision"]


def mergeable(talk: Talk) -> bool:
    return talk.rest("PUT", "/pulls/1/merge", json={}).status_code == 200


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ("APPROVE", "Can not approve your own pull request"),
        ("REQUEST_CHANGES", "Can not request changes on your own pull request"),
    ],
)
def test_nobody_reviews_an_own_pull_request(talk: Talk, event: str, said: str) -> None:
    refused = review(person(talk, "alice"), event, body="x")
    assert (refused.status_code, refused.json()["errors"]) == (422, [said])
    assert review(person(talk, "alice"), "COMMENT", body="fine").status_code == 200
    with pytest.raises(ApiError):
        talk.repository.review(1, by="alice")


def test_approvals_of_readers_and_strangers_do_not_count(talk: Talk) -> None:
    talk.repository.protect("main", required_reviews=1)
    talk.repository.review(1, by="reader")
    talk.repository.review(1, by="stranger")
    assert decision(talk) == "REVIEW_REQUIRED"
    assert not mergeable(talk)
    talk.repository.review(1, by="bob")
    assert decision(talk) == "APPROVED"
    assert mergeable(talk)


def test_a_reviewer_who_lost_write_access_no_longer_counts(talk: Talk) -> None:
    talk.repository.protect("main", required_reviews=1)
    talk.repository.review(1, by="bob")
    talk.repository.collaborator("bob", "read")
    assert decision(talk) == "REVIEW_REQUIRED"


def test_a_change_request_blocks_until_that_person_approves(talk: Talk) -> None:
    talk.repository.protect("main", required_reviews=1)
    talk.repository.review(1, by="carol", state="CHANGES_REQUESTED")
    talk.repository.review(1, by="bob")
    assert decision(talk) == "CHANGES_REQUESTED"
    refused = talk.rest("PUT", "/pulls/1/merge", json={})
    assert refused.status_code == 405
    assert "requesting changes" in refused.json()["message"]
    talk.repository.review(1, by="carol", state="COMMENTED")
    assert decision(talk) == "CHANGES_REQUESTED"
    talk.repository.review(1, by="carol")
    assert decision(talk) == "APPROVED"


def test_a_dismissal_revives_no_older_review(talk: Talk) -> None:
    talk.repository.protect("main", required_reviews=1)
    talk.repository.review(1, by="bob")
    newer = review(person(talk, "bob"), "APPROVE").json()["id"]
    by_reader = person(talk, "reader")
    path = f"/pulls/1/reviews/{newer}/dismissals"
    assert by_reader.rest("PUT", path, json={"message": "no"}).status_code == 403
    dismissed = person(talk, "carol").rest("PUT", path, json={"message": "no"})
    assert dismissed.json()["state"] == "DISMISSED"
    assert decision(talk) == "REVIEW_REQUIRED"
    again = person(talk, "carol").rest("PUT", path, json={"message": "no"})
    assert again.status_code == 422


def test_a_pending_review_is_its_authors_alone(talk: Talk) -> None:
    bob = person(talk, "bob")
    number = review(bob, None, body="later").json()["id"]
    assert review(bob, None).status_code == 422
    assert talk.rest("GET", "/pulls/1/reviews").json() == []
    assert "submitted_at" not in bob.rest("GET", f"/pulls/1/reviews/{number}").json()
    sent = bob.rest("POST", f"/pulls/1/reviews/{number}/events", json={"event": "APPROVE"})
    assert (sent.json()["state"], sent.json()["body"]) == ("APPROVED", "later")
    assert [r["id"] for r in talk.rest("GET", "/pulls/1/reviews").json()] == [number]


def test_an_edited_review_names_its_editor(talk: Talk) -> None:
    made = talk.repository.review(1, by="bob", state="COMMENTED", body="no")
    changed = person(talk, "carol").rest("PUT", f"/pulls/1/reviews/{made.id}", json={"body": "ok"})
    assert changed.json()["body"] == "ok"
    refused = person(talk, "reader").rest("PUT", f"/pulls/1/reviews/{made.id}", json={"body": "x"})
    assert refused.status_code == 403
    query = """query { repository(owner: "acme", name: "environment") { pullRequest(number: 1) {
      reviews(first: 9) { nodes { body lastEditedAt editor { login } author { login } commit { oid }
        fullDatabaseId authorCanPushToRepository authorAssociation
        userContentEdits(first: 9) { nodes { editor { login } diff } } } } } } }"""
    (found,) = talk.graphql(query)["data"]["repository"]["pullRequest"]["reviews"]["nodes"]
    assert (found["editor"], found["author"]) == ({"login": "carol"}, {"login": "bob"})
    assert found["userContentEdits"]["nodes"] == [{"editor": {"login": "carol"}, "diff": "ok"}]
    assert found["commit"]["oid"] == talk.repository.head("topic")
    assert (found["authorCanPushToRepository"], found["authorAssociation"]) == (
        True,
        "COLLABORATOR",
    )


def test_a_review_keeps_the_commit_it_was_given_on(talk: Talk) -> None:
    first = talk.repository.head("topic")
    talk.repository.review(1, by="bob")
    talk.repository.commit(branch="topic", files={"new": "2\n"})
    (found,) = talk.rest("GET", "/pulls/1/reviews").json()
    assert (found["state"], found["commit_id"]) == ("APPROVED", first)


def test_the_job_may_not_approve_unless_the_repository_allows_it(talk: Talk) -> None:
    job = talk.acting(kind="job", home=NAME, permissions={"pull_requests": "write"})
    refused = review(job, "APPROVE")
    assert "not permitted to approve" in refused.text
    talk.repository.repository.actions_may_approve = True
    assert review(job, "APPROVE").status_code == 200


def test_reviews_set_off_events(talk: Talk) -> None:
    talk.forge.events.clear()
    made = talk.repository.review(1, by="bob")
    talk.repository.dismiss(made)
    found = [(e.name, e.action, e.payload["state"]) for e in talk.forge.events]
    assert found == [
        ("pull_request_review", "submitted", "approved"),
        ("pull_request_review", "dismissed", "dismissed"),
    ]


def test_mergeability_is_unknown_at_first(talk: Talk) -> None:
    first, second = (talk.rest("GET", "/pulls/1").json() for _ in range(2))
    assert (first["mergeable"], first["mergeable_state"]) == (None, "unknown")
    assert (second["mergeable"], second["mergeable_state"]) == (True, "clean")
    talk.repository.commit(files={"other": "moved\n"})
    query = """query { repository(owner: "acme", name: "environment") {
      pullRequest(number: 1) { mergeable mergeStateStatus } } }"""
    told = [talk.graphql(query)["data"]["repository"]["pullRequest"] for _ in range(2)]
    assert [each["mergeable"] for each in told] == ["UNKNOWN", "MERGEABLE"]
