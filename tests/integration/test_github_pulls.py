"""Pull requests over the API, on a forge over real Git."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gitops_action.adapters.github import GitHubSourceHistory
from gitops_action.core.pull_requests import ABSENT, Decoration, NewCommit, NewPullRequest
from gitops_action.errors import ConflictError, GitOpsError
from testbed.forge import rights
from tests.support.github_forge import CONFIG, REPOSITORY, Stage, stage

BRANCH = "gitops/staging/web"
FILE = "applications/web/deployment.yaml"
REQUEST = NewPullRequest(branch=BRANCH, base="main", title="Bump web", body="v1 to v2")


@pytest.fixture
def on(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path) as found:
        yield found


def push(on: Stage, data: bytes = b"image: ghcr.io/acme/web:v2\n", branch: str = BRANCH) -> str:
    store = on.content()
    base = store.tip(base=None, config=CONFIG).commit
    new = NewCommit(
        branch=branch, expected=ABSENT, parent=base, changes={FILE: data}, message="Bump web"
    )
    return store.write(new)


def test_the_viewer_is_the_app_with_its_no_reply_address(on: Stage) -> None:
    found = on.pulls().viewer()

    assert found.login == "gitops-bot[bot]"
    assert found.email.endswith("+gitops-bot[bot]@users.noreply.127.0.0.1")


def test_facts_of_a_branch_that_does_not_exist(on: Stage) -> None:
    base = on.repository.head("main")

    found = on.pulls().branch(name=BRANCH, base="main", base_oid=base, paths=[FILE])

    assert (found.head, found.base, found.complete) == (None, base, True)
    assert (found.commits, found.pull_requests) == ((), ())
    assert (found.changed_paths, found.head_blobs) == (frozenset(), {})
    assert found.viewer.login == "gitops-bot[bot]"


def test_facts_of_a_branch_with_an_open_pull_request_take_one_request(on: Stage) -> None:
    head = push(on)
    opened = on.pulls().open(REQUEST)
    base = on.repository.head("main")
    on.forge.requests.clear()

    found = on.pulls().branch(
        name=BRANCH, base="main", base_oid=base, paths=[FILE, "README.md", "gone.yaml"]
    )

    assert len(on.forge.requests) == 1
    assert found.head == head
    assert found.changed_paths == {FILE}
    assert set(found.head_blobs) == {FILE, "README.md"}
    assert [(one.number, one.state, one.head_oid) for one in found.pull_requests] == [
        (opened.number, "open", head)
    ]
    (only,) = found.commits
    assert (only.oid, only.parents, only.message) == (head, (base,), "Bump web")
    assert only.author_email == found.viewer.email or only.author_login == found.viewer.login


def test_a_branch_without_pull_request_lists_its_paths_all_the_same(on: Stage) -> None:
    push(on)
    base = on.repository.head("main")

    found = on.pulls().branch(name=BRANCH, base="main", base_oid=base, paths=[])

    assert found.changed_paths == {FILE}


def test_commits_come_oldest_first_with_who_wrote_them(on: Stage) -> None:
    first = push(on)
    second = on.repository.commit(
        branch=BRANCH, files={"mine.txt": "x"}, message="mine", author="alice"
    )
    base = on.repository.head("main")

    found = on.pulls().branch(name=BRANCH, base="main", base_oid=base, paths=[])

    assert [one.oid for one in found.commits] == [first, second]
    assert found.commits[1].author_login == "alice"


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_merged_pull_requests_are_told_as_such(on: Stage, method: str) -> None:
    push(on)
    opened = on.pulls().open(REQUEST)
    on.repository.merge(opened.number, method=method, by="alice")
    base = on.repository.head("main")

    found = on.pulls().branch(name=BRANCH, base="main", base_oid=base, paths=[])

    assert [one.state for one in found.pull_requests] == ["merged"]
    assert found.pull_requests[0].merge_oid == base


def test_who_closed_a_pull_request_is_told(on: Stage) -> None:
    push(on)
    opened = on.pulls().open(REQUEST)
    on.repository.close(opened.number, by="alice")

    found = on.pulls().branch(
        name=BRANCH, base="main", base_oid=on.repository.head("main"), paths=[]
    )

    assert found.pull_requests[0].closed_by == "alice"
    assert not found.pull_requests[0].closed_by_deletion


def test_a_bot_is_named_as_the_viewer_is(on: Stage) -> None:
    push(on)
    opened = on.pulls().open(REQUEST)
    on.pulls().close(opened.number, reason="main has it")

    found = on.pulls().branch(
        name=BRANCH, base="main", base_oid=on.repository.head("main"), paths=[]
    )

    (one,) = found.pull_requests
    assert one.author_login == one.closed_by == found.viewer.login


def test_closed_by_deletion_of_the_branch_is_no_judgement(on: Stage) -> None:
    head = push(on)
    on.pulls().open(REQUEST)
    on.pulls().delete_branch(BRANCH, expected=head)

    found = on.pulls().branch(
        name=BRANCH, base="main", base_oid=on.repository.head("main"), paths=[]
    )

    assert found.head is None
    assert found.pull_requests[0].closed_by_deletion


def test_a_branch_that_moved_is_not_deleted(on: Stage) -> None:
    head = push(on)
    moved = on.repository.commit(branch=BRANCH, files={"mine.txt": "x"}, message="mine")

    with pytest.raises(ConflictError):
        on.pulls().delete_branch(BRANCH, expected=head)

    assert on.repository.head(BRANCH) == moved


def test_opening_twice_gives_the_same_pull_request(on: Stage) -> None:
    push(on)

    first, second = on.pulls().open(REQUEST), on.pulls().open(REQUEST)

    assert first == second
    assert (first.title, first.body, first.base_ref) == ("Bump web", "v1 to v2", "main")
    assert len(on.repository.pull_requests()) == 1


def test_edit_close_reopen(on: Stage) -> None:
    push(on)
    forge = on.pulls()
    number = forge.open(REQUEST).number

    forge.edit(number, title="New title", body="New body")
    forge.close(number, reason="gone")
    forge.close(number, reason="gone")
    assert len(on.repository.comments(number)) == 1
    forge.reopen(number)

    found = forge.branch(name=BRANCH, base="main", base_oid=on.repository.head("main"), paths=[])
    (one,) = found.pull_requests
    assert (one.title, one.body, one.state) == ("New title", "New body", "open")


def test_one_comment_a_marker_is_replaced_in_place(on: Stage) -> None:
    push(on)
    forge = on.pulls()
    number = forge.open(REQUEST).number

    forge.comment(number, body="first", marker="conflict")
    forge.comment(number, body="second", marker="conflict")
    forge.comment(number, body="other", marker="closed")

    found = on.repository.comments(number)
    assert [text.splitlines()[-1] for text in found] == ["second", "other"]


def test_another_persons_comment_with_our_marker_stays(on: Stage) -> None:
    push(on)
    forge = on.pulls()
    number = forge.open(REQUEST).number
    alice = on.forge.token(kind="pat", login="alice", permissions=rights("pull_requests"))
    on.pulls(alice).comment(number, body="planted", marker="conflict")

    forge.comment(number, body="ours", marker="conflict")

    assert [text.splitlines()[-1] for text in on.repository.comments(number)] == ["planted", "ours"]


def test_decoration_adds_what_is_missing_and_only_once(on: Stage) -> None:
    push(on)
    forge = on.pulls()
    number = forge.open(REQUEST).number
    requested = Decoration(labels=("gitops", "web"))

    assert forge.decorate(number, requested) == ()
    on.forge.requests.clear()
    assert forge.decorate(number, requested) == ()

    assert len(on.forge.requests) == 1
    found = forge.branch(name=BRANCH, base="main", base_oid=on.repository.head("main"), paths=[])
    assert set(found.pull_requests[0].labels) == {"gitops", "web"}


def test_refused_decoration_becomes_notes(on: Stage) -> None:
    push(on)
    number = on.pulls().open(REQUEST).number
    on.forge.fail(match="requested_reviewers", status=422, times=9)
    on.forge.fail(match="/assignees", status=403, times=9)

    notes = on.pulls().decorate(
        number, Decoration(labels=("x",), reviewers=("ghost", "other"), assignees=("ghost",))
    )

    assert [note.split(" was")[0] for note in notes] == [
        "reviewer `ghost`",
        "reviewer `other`",
        "assignee `ghost`",
    ]


def test_auto_merge_merges_when_the_requirement_is_met(on: Stage) -> None:
    on.repository.protect("main", required_statuses=("gitops/ready",))
    head = push(on)
    opened = on.pulls().open(REQUEST)

    assert on.pulls().auto_merge(opened, "squash") == ""
    assert on.pulls().auto_merge(opened, "squash") == ""
    on.repository.status(head, "gitops/ready")

    assert on.repository.pull(opened.number).merged_at is not None


def test_auto_merge_that_is_not_allowed_becomes_a_note(on: Stage) -> None:
    push(on)
    opened = on.pulls().open(REQUEST)

    assert "auto-merge was not switched on" in on.pulls().auto_merge(opened, "squash")


def test_a_token_without_right_to_pull_requests_is_told(on: Stage) -> None:
    push(on)
    token = on.forge.token(
        kind="app",
        login="writer[bot]",
        repositories=[REPOSITORY],
        permissions={"contents": "write", "metadata": "read"},
    )

    with pytest.raises(GitOpsError, match="pull-requests: write"):
        on.pulls(token).open(REQUEST)


@pytest.mark.parametrize("via", ["protection", "ruleset"])
def test_required_statuses_are_found_wherever_they_are_required(on: Stage, via: str) -> None:
    assert on.pulls().required_statuses("main") == frozenset()

    on.repository.protect("main", via=via, required_statuses=("gitops/ready", "ci"))

    assert on.pulls().required_statuses("main") == {"gitops/ready", "ci"}


def test_statuses_that_may_not_be_seen_count_as_not_required(on: Stage) -> None:
    token = on.forge.token(kind="app", login="other[bot]", repositories=["acme/other"])

    assert on.pulls(token).required_statuses("main") == frozenset()


def test_history_compares_commits_of_an_application(on: Stage) -> None:
    source = on.forge.create_repository("acme/web", files={"a": "1"}, private=True)
    base = source.head("main")
    subjects = [f"Change {number}\n\nbody" for number in range(3)]
    for number, subject in enumerate(subjects):
        head = source.commit(
            branch="main", files={"a": f"{number}x"}, message=subject, author="alice"
        )
    token = on.forge.token(kind="job", login="github-actions[bot]", repositories=["acme/web"])
    history = GitHubSourceHistory(on.client(token))

    found = history.compare(repository="acme/web", base=base, head=head)
    back = history.compare(repository="acme/web", base=head, head=base)

    assert found is not None
    assert (found.status, found.total) == ("ahead", 3)
    assert [one.subject for one in found.commits] == ["Change 0", "Change 1", "Change 2"]
    assert {one.author for one in found.commits} == {"alice"}
    assert found.url.startswith("http")
    assert back is not None
    assert back.status == "behind"


def test_history_that_may_not_be_read_is_none(on: Stage) -> None:
    history = GitHubSourceHistory(on.client())

    assert history.compare(repository="acme/web", base="a" * 40, head="b" * 40) is None


def test_forks_cannot_push_our_pull_request_off_the_page(on: Stage) -> None:
    push(on)
    opened = on.pulls().open(REQUEST)
    on.repository.close(opened.number, by="alice")
    fork = on.forge.fork(REPOSITORY, owner="mallory")
    for number in range(22):
        fork.commit(branch=BRANCH, files={f"{number}.yaml": "x"}, author="mallory")
        made = on.repository.open(head=f"mallory:{BRANCH}", by="mallory")
        on.repository.close(made.number, by="mallory")

    base = on.repository.head("main")
    found = on.pulls().branch(name=BRANCH, base="main", base_oid=base, paths=[FILE])

    (seen,) = found.pull_requests
    assert (seen.number, seen.state, seen.closed_by) == (opened.number, "closed", "alice")
