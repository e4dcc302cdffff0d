"""Bad days: limits, server errors and cut connections, before and after a write took effect."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gitops_action.core.pull_requests import ABSENT, NewCommit, NewPullRequest
from gitops_action.errors import ConflictError, GitOpsError
from tests.support.github_forge import CONFIG, Stage, SystemClock, stage

BRANCH = "gitops/staging/web"
FILE = "applications/web/deployment.yaml"
REQUEST = NewPullRequest(branch=BRANCH, base="main", title="Bump web", body="v1 to v2")

PASSING = {
    "500": {"status": 500},
    "502": {"status": 502},
    "429": {"status": 429, "headers": {"Retry-After": "0"}},
    "secondary limit": {
        "status": 403,
        "headers": {"Retry-After": "0"},
        "message": "You have exceeded a secondary rate limit.",
    },
    "cut": {"cut": True},
}
CUT_OFF = {"502": {"status": 502, "when": "after"}, "cut": {"cut": True, "when": "after"}}


@pytest.fixture
def on(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path) as found:
        yield found


def bump(on: Stage, expected: str = ABSENT) -> str:
    store = on.content()
    tip = store.tip(base=None, config=CONFIG)
    snapshot = store.read(commit=tip.commit, folders=(), keep=lambda *_: True)
    store.confirm(snapshot=snapshot, paths=[FILE])
    new = NewCommit(
        branch=BRANCH,
        expected=expected,
        parent=tip.commit,
        changes={FILE: b"image: ghcr.io/acme/web:v2\n"},
        message="Bump web",
    )
    return store.write(new)


@pytest.mark.parametrize("trouble", PASSING)
@pytest.mark.parametrize(
    "request_name",
    ["repository", "tarball", "git/trees", "git/commits", "updateRefs", "POST .*/pulls "],
)
def test_trouble_that_passes_loses_nothing_and_does_nothing_twice(
    on: Stage, request_name: str, trouble: str
) -> None:
    fault = on.forge.fail(match=request_name, times=2, **PASSING[trouble])

    head = bump(on)
    opened = on.pulls().open(REQUEST)

    assert fault.times == 0
    assert on.repository.head(BRANCH) == head == opened.head_oid
    assert len(on.repository.pull_requests()) == 1
    assert len(on.repository.log(BRANCH)) == len(on.repository.log("main")) + 1


@pytest.mark.parametrize("trouble", CUT_OFF)
@pytest.mark.parametrize("request_name", ["git/trees", "git/commits", "updateRefs"])
def test_a_write_that_was_cut_off_after_it_took_effect(
    on: Stage, request_name: str, trouble: str
) -> None:
    fault = on.forge.fail(match=request_name, **CUT_OFF[trouble])

    head = bump(on)

    assert fault.times == 0
    assert on.repository.head(BRANCH) == head
    assert len(on.repository.log(BRANCH)) == len(on.repository.log("main")) + 1


@pytest.mark.parametrize("trouble", CUT_OFF)
def test_a_pull_request_that_was_opened_unseen_is_found(on: Stage, trouble: str) -> None:
    bump(on)
    fault = on.forge.fail(match="POST .*/pulls ", **CUT_OFF[trouble])

    opened = on.pulls().open(REQUEST)

    assert fault.times == 0
    assert [one.number for one in on.repository.pull_requests()] == [opened.number]


@pytest.mark.parametrize("trouble", CUT_OFF)
def test_a_comment_that_was_written_unseen_is_found(on: Stage, trouble: str) -> None:
    bump(on)
    number = on.pulls().open(REQUEST).number
    fault = on.forge.fail(match="POST .*/comments ", **CUT_OFF[trouble])

    on.pulls().comment(number, body="once", marker="note")

    assert fault.times == 0
    assert len(on.repository.comments(number)) == 1


def test_a_ref_that_moves_just_before_the_update_is_a_conflict(on: Stage) -> None:
    person: list[str] = []

    def interfere() -> None:
        person.append(on.repository.commit(branch=BRANCH, files={"x": "y"}, message="mine"))

    on.forge.fail(match="updateRefs", action=interfere)

    with pytest.raises(ConflictError):
        bump(on)

    assert on.repository.head(BRANCH) == person[0]


def test_a_ref_that_moves_while_the_update_is_cut_off_is_a_conflict(on: Stage) -> None:
    person: list[str] = []

    def interfere() -> None:
        person.append(on.repository.commit(branch=BRANCH, files={"x": "y"}, message="mine"))

    on.forge.fail(match="updateRefs", action=interfere, cut=True)

    with pytest.raises(ConflictError):
        bump(on)

    assert on.repository.head(BRANCH) == person[0]


def test_trouble_that_stays_is_told_and_nothing_is_written(on: Stage) -> None:
    on.forge.fail(match="git/commits", status=503, times=99)

    with pytest.raises(GitOpsError, match="503"):
        bump(on)

    assert on.repository.head(BRANCH) is None


def test_a_limit_beyond_retry_policy_is_told_with_its_end(on: Stage) -> None:
    on.forge.fail(match="repository", status=429, headers={"Retry-After": "3600"}, times=9)

    with pytest.raises(GitOpsError, match=r"rate limit.*UTC"):
        bump(on)


def test_a_whole_bump_takes_nine_requests(on: Stage) -> None:
    """Tip, archive and its redirect, branch, proof, tree, commit, ref, pull request."""
    store, forge = on.content(), on.pulls()
    on.forge.requests.clear()

    tip = store.tip(base=None, config=CONFIG)
    snapshot = store.read(commit=tip.commit, folders=(), keep=lambda *_: True)
    facts = forge.branch(name=BRANCH, base=tip.branch, base_oid=tip.commit, paths=[FILE])
    store.confirm(snapshot=snapshot, paths=[FILE])
    new = NewCommit(
        branch=BRANCH,
        expected=facts.head or ABSENT,
        parent=tip.commit,
        changes={FILE: b"image: ghcr.io/acme/web:v2\n"},
        message="Bump web",
    )
    store.write(new)
    forge.open(REQUEST)

    on.forge.assert_clean()
    assert len(on.forge.requests) <= 9
    assert sum(one.content_creating for one in on.forge.requests) <= 4


def test_the_request_count_is_the_same_for_a_large_repository(on: Stage) -> None:
    many = {f"applications/app{n}/deployment.yaml": f"image: acme/app{n}:v1\n" for n in range(2000)}
    on.repository.commit(branch="main", files=many, message="many")
    on.forge.requests.clear()

    bump(on)

    assert len(on.forge.requests) == 7


def test_a_primary_limit_that_ends_soon_is_sat_out(on: Stage) -> None:
    """The primary limit names the time of its end; a near one is sat out."""
    soon = str(int(SystemClock().now().timestamp()))
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": soon}
    fault = on.forge.fail(
        match="repository", status=403, headers=headers, message="API rate limit exceeded"
    )

    assert on.content().tip(base=None, config=CONFIG).branch == "main"
    assert fault.times == 0
