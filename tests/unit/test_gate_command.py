"""The gate's command on a repository in memory: what it decides, writes and merges."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gitops_action.core.deploy.result import Result
from gitops_action.core.gates.change_cache import read_remembered, write_remembered
from gitops_action.core.gates.decisions import Decision, DecisionKind
from gitops_action.core.gates.head_cache import cached_hash
from gitops_action.core.gates.http import HttpAnswer
from gitops_action.core.gates.open_pull_request import JOB_TOKEN_LOGIN, GateComment
from gitops_action.core.gates.simulate import parse_simulation
from gitops_action.errors import UsageError
from tests.support.gate_world import APP, BUMPER, WEB_FILE, World, codes, config, image, manifest

PRODUCTION = WEB_FILE.format("production")
OTHER = f"{PRODUCTION.rpartition('/')[0]}/other.yaml"
ONE = "merge: auto\ngates: {approvals: {count: 1}}"


def world(production: str = "merge: auto", staging: str = "merge: auto") -> World:
    return World(files={".github/gitops.yaml": config(production, staging)})


def merged(one: World, number: int) -> bool:
    return one.pulls[number].state == "merged"


def test_what_may_merge_is_merged() -> None:
    here = world()
    number = here.bump("v2")
    outcome = here.gate()
    assert outcome.outputs["merged"] == json.dumps([number])
    assert (merged(here, number), here.ready(number)[0]) == (True, "success")
    assert here.described("production") == manifest("v2")


@pytest.mark.parametrize(
    ("production", "given"),
    [
        ("merge: manual", {}),
        ("merge: auto", {"merge": "never"}),
        ("merge: auto", {"dry_run": True}),
    ],
)
def test_what_may_not_merge_by_itself_is_left(production: str, given: dict[str, object]) -> None:
    here = world(production)
    number = here.bump("v2")
    outcome = here.gate(**given)
    assert (merged(here, number), outcome.outputs["ready"]) == (False, json.dumps([number]))


def test_a_dry_run_writes_nothing() -> None:
    here = world()
    here.bump("v2")
    here.gate(dry_run=True)
    assert here.writes == []


def test_nothing_is_written_where_nothing_changed() -> None:
    here = world(ONE)
    here.bump("v2")
    here.gate()
    here.writes.clear()
    here.tick(hours=1)
    here.gate()
    assert here.writes == []


# Whose pull request it is.


def test_a_persons_pull_request_is_not_merged() -> None:
    here = world()
    here.change({PRODUCTION: manifest("v1", replicas=3)}, branch="topic")
    number = here.open("topic", by="alice")
    here.gate()
    assert (merged(here, number), here.ready(number)[0]) == (False, "success")


def test_a_bump_that_also_changes_something_else_is_a_persons() -> None:
    here = world()
    number = here.bump("v2")
    here.change({PRODUCTION: manifest("v2", replicas=9)}, branch=here.pulls[number].branch)
    here.gate()
    assert not merged(here, number)


def test_a_bump_with_another_file_is_a_persons() -> None:
    here = world()
    number = here.bump("v2")
    here.change({"scripts/x.sh": "true\n"}, branch=here.pulls[number].branch)
    here.gate()
    assert not merged(here, number)


def test_a_bump_of_another_branch_is_a_persons() -> None:
    here = world()
    number = here.bump("v2", by="alice", branch="topic")
    here.gate()
    assert not merged(here, number)
    assert here.ready(number)[0] == "success"


def test_a_fork_that_pretends_to_be_a_bump_is_a_persons() -> None:
    here = world()
    number = here.bump("v2", by="gitops-bot[bot]")
    here.pulls[number].fork = True
    here.gate()
    assert not merged(here, number)


def test_an_image_that_the_base_does_not_have_is_not_merged() -> None:
    here = world()
    number = here.bump("v2")
    other = manifest("v2").replace("ghcr.io/acme/web:", "ghcr.io/mallory/web:")
    pull = here.pulls[number]
    here.change({PRODUCTION: other}, branch=pull.branch)
    pull.body = pull.body.replace("ghcr.io/acme/web:", "ghcr.io/mallory/web:")
    here.gate()
    assert not merged(here, number)


def test_one_that_touches_workflows_is_merged_by_hand() -> None:
    here = world()
    number = here.bump("v2")
    here.change({".github/workflows/x.yml": "on: push\n"}, branch=here.pulls[number].branch)
    here.gate()
    assert not merged(here, number)
    assert set(here.newest(number)) == {"gitops/ready", "gitops/staging", "gitops/production"}
    comment = here.pulls[number].comment
    assert comment is not None
    assert "(by-hand)" in comment.body


# By whose rules.


def test_the_base_s_rules_decide_on_a_change_of_the_rules() -> None:
    here = world(ONE)
    here.change({".github/gitops.yaml": config()}, branch="topic", by="alice")
    number = here.open("topic", by="alice")
    outcome = here.gate()
    assert codes(outcome) == ["approvals-missing"]
    assert here.ready(number)[0] == "pending"


def test_every_pull_request_gets_ready() -> None:
    here = world()
    here.change({"README.md": "# changed\n"}, branch="docs")
    docs = here.open("docs", by="alice")
    here.change({PRODUCTION: manifest("v1", replicas=2)}, branch="draft")
    draft = here.open("draft", by="alice")
    here.pulls[draft].draft = True
    here.change({PRODUCTION: manifest("v1", replicas=3)}, branch="fork", by="mallory")
    fork = here.open("fork", by="mallory", fork=True)
    here.gate()
    assert here.ready(docs) == ("success", "ready: no environment is touched")
    assert here.ready(draft) == ("pending", "waiting: draft")
    assert here.ready(fork)[0] == "success"
    assert not any(merged(here, one) for one in (docs, draft, fork))


def test_a_chart_that_was_not_rendered_is_unknown() -> None:
    here = world()
    number = here.bump("v2")
    here.broken = {"chart"}
    assert codes(here.gate()) == ["validation-unknown"]
    assert not merged(here, number)


def test_a_forged_status_is_recomputed() -> None:
    here = world(ONE)
    number = here.bump("v2")
    here.status(number, "gitops/ready", "success", by=JOB_TOKEN_LOGIN)
    here.gate()
    assert here.ready(number)[0] == "pending"
    assert here.newest(number)["gitops/ready"].creator == APP


def test_the_status_of_an_environment_that_is_gone_does_not_block() -> None:
    here = world(ONE)
    number = here.bump("v2")
    here.status(number, "gitops/old", "pending", by=APP)
    here.status(number, "gitops/others", "pending", by="someone")
    here.gate()
    found = here.newest(number)
    assert (found["gitops/old"].state, found["gitops/others"].state) == ("success", "pending")


# Approvals: of this very change.


def test_a_push_voids_an_approval_and_an_update_keeps_it() -> None:
    here = world(ONE)
    number = here.bump("v2")
    here.review(number, by="bob")
    here.change({"README.md": "# changed\n"})
    here.update(number, by="bob")
    assert merged(here, number) is False
    here.gate()
    assert merged(here, number)
    second = here.bump("v3")
    here.review(second, by="bob")
    here.revise(second, "v4", by="alice")
    outcome = here.gate()
    assert codes(outcome) == ["approvals-missing"]


def test_a_change_of_the_base_beside_it_keeps_an_approval() -> None:
    here = world(ONE)
    number = here.bump("v2")
    here.review(number, by="bob")
    here.change({OTHER: manifest("v1").replace("web", "other")})
    here.update(number)
    here.gate()
    assert merged(here, number)


@pytest.mark.parametrize("where", ["nowhere", "chart", "head", "base"])
def test_what_does_not_render_counts_by_its_files(where: str) -> None:
    """A comment changes no object; where the objects are unknown, it counts."""
    here = world(ONE)
    number = here.bump("v2")
    branch = here.pulls[number].branch
    here.broken = {"chart"} if where == "chart" else set()
    if where == "base":
        here.change({OTHER: "a: [\n"})
        here.update(number)
    if where in {"head", "base"}:
        other = None if where == "base" else "a: [\n"
        here.change({OTHER: other}, branch=branch, by="alice", message=here.pulls[number].body)
    here.gate()
    first = change_of(here, number)
    commented = {PRODUCTION: f"# why\n{manifest('v2')}"}
    here.change(commented, branch=branch, by="alice", message=here.pulls[number].body)
    here.gate()
    assert (change_of(here, number) == first) is (where == "nowhere")


def test_a_change_that_differs_is_published_though_its_words_are_the_same() -> None:
    here = world(ONE)
    number = here.bump("v2")
    here.gate()
    first, words = change_of(here, number), here.ready(number)
    here.change({OTHER: manifest("v1", replicas=4)})  # the same object once more
    here.gate()
    assert here.ready(number) == words
    assert change_of(here, number) != first


def test_who_pushed_does_not_count() -> None:
    here = world(ONE)
    number = here.bump("v2")
    here.revise(number, "v3", by="bob")
    here.review(number, by="bob")
    assert codes(here.gate()) == ["approvals-missing"]


def test_a_push_by_nobody_known_is_unknown() -> None:
    here = world(ONE)
    number = here.bump("v2")
    here.revise(number, "v3", by="")
    here.review(number, by="bob")
    assert codes(here.gate()) == ["approvals-unknown"]


def test_who_pushed_to_a_fork_is_read_there() -> None:
    here = world("merge: manual\ngates: {approvals: {count: 1}}")
    here.change({PRODUCTION: manifest("v2")}, branch="topic", by="alice")
    number = here.open("topic", by="mallory", fork=True)
    here.review(number, by="alice")
    assert codes(here.gate()) == ["approvals-missing"]
    here.review(number, by="bob")
    assert "approvals-missing" not in codes(here.gate())
    assert here.ready(number)[0] == "success"


def test_no_activity_at_all_is_unknown() -> None:
    here = world(ONE)
    number = here.bump("v2")
    here.review(number, by="bob")
    here.pushes[here.pulls[number].branch].clear()
    assert codes(here.gate()) == ["approvals-unknown"]


def test_activity_that_lags_behind_is_unknown() -> None:
    here = world(ONE)
    number = here.bump("v2")
    branch = here.pulls[number].branch
    here.revise(number, "v3", by="bob")
    here.review(number, by="bob")
    late = here.pushes[branch].pop(0)
    assert codes(here.gate()) == ["approvals-unknown"]
    assert codes(here.gate()) == ["approvals-unknown"]
    here.pushes[branch].insert(0, late)
    assert codes(here.gate()) == ["approvals-missing"]


@pytest.mark.parametrize("broken", ["activity", "roles"])
def test_what_cannot_be_read_is_closed(broken: str) -> None:
    here = world(ONE)
    number = here.bump("v2")
    here.review(number, by="bob")
    here.broken = {broken}
    outcome = here.gate()
    assert (merged(here, number), outcome.exit_code) == (False, 0)
    assert codes(outcome) == ["approvals-unknown"]
    here.broken = set()
    here.gate()
    assert merged(here, number)


def test_the_cache_counts_only_where_the_gate_wrote_it() -> None:
    """bob approves v3; then v2 comes back, whose hash someone has written onto v3's commit."""
    for creator, expected in ((APP, []), (JOB_TOKEN_LOGIN, ["approvals-missing"])):
        here = world(ONE)
        number = here.bump("v2")
        here.gate()
        url = here.newest(number)["gitops/ready"].url
        here.revise(number, "v3", by="alice")
        here.status(number, "gitops/ready", "success", by=creator, url=url)
        here.review(number, by="bob")
        here.revise(number, "v2", by="alice")
        here.change({"README.md": "# x"}, branch=here.pulls[number].branch, by="alice")
        here.change({"README.md": None}, branch=here.pulls[number].branch, by="alice")
        assert codes(here.gate()) == expected


def test_the_job_s_own_account_has_no_cache() -> None:
    """Every workflow of the repository, a pull request's too, writes as this account."""
    here = world(ONE)
    here.viewer = JOB_TOKEN_LOGIN
    number = here.bump("v2")
    here.gate()
    url = here.newest(number)["gitops/ready"].url
    here.revise(number, "v3", by="alice")
    here.status(number, "gitops/ready", "success", by=JOB_TOKEN_LOGIN, url=url)
    here.review(number, by="bob")
    here.revise(number, "v2", by="alice")
    assert codes(here.gate()) == ["approvals-missing"]


# What is taken over from an earlier run.


def evaluations(here: World) -> int:
    """How many merges of heads into the base were looked at."""
    return here.requests.count("sides")


def test_what_has_not_changed_is_not_evaluated_again() -> None:
    here = world(ONE)
    number = here.bump("v2")
    here.gate()
    here.requests.clear()
    here.tick(hours=1)
    assert codes(here.gate()) == ["approvals-missing"]
    assert evaluations(here) == 0
    here.review(number, by="bob")
    here.gate()
    assert merged(here, number)


def test_a_base_that_moved_elsewhere_changes_nothing() -> None:
    here = world(ONE)
    here.bump("v2")
    here.gate()
    here.change({WEB_FILE.format("staging"): manifest("v5")})
    here.requests.clear()
    here.gate()
    assert evaluations(here) == 0
    here.change({WEB_FILE.format("production"): manifest("v1", replicas=4)})
    assert codes(here.gate()) == ["merge-conflict"]


def test_what_was_evaluated_last_is_remembered_when_the_comment_says_the_same() -> None:
    here = world(ONE)
    here.bump("v2")
    here.gate()
    here.change({"scripts/x.sh": "true\n"})  # every entry stands on it
    here.gate()
    here.requests.clear()
    here.writes.clear()
    here.gate()
    assert (evaluations(here), here.writes) == (0, [])


def forged(here: World, number: int) -> None:
    """An entry that says: nothing is touched, and it is one of ours."""
    comment = here.pulls[number].comment
    assert comment is not None
    entry = read_remembered(comment.body)
    assert entry is not None
    other = write_remembered(replace(entry, causes={}, moves={}, ours=True))
    body = comment.body.replace(comment.body.split("\n")[2], other)
    here.pulls[number].comment = replace(comment, body=body)


def test_an_entry_counts_in_the_app_s_own_comment() -> None:
    here = world(ONE)
    number = here.bump("v2")
    here.gate()
    forged(here, number)
    here.requests.clear()
    here.gate()  # says something else, so that all is evaluated
    assert (evaluations(here) > 0, here.ready(number)[0]) == (True, "pending")


def test_an_entry_that_somebody_else_edited_does_not_count() -> None:
    here = world(ONE)
    number = here.bump("v2")
    here.gate()
    comment = here.pulls[number].comment
    assert comment is not None
    here.pulls[number].comment = replace(comment, edited=True)
    here.requests.clear()
    here.gate()
    assert evaluations(here) > 0


def test_the_job_s_own_account_takes_nothing_over() -> None:
    """Every workflow of the repository, a pull request's too, comments as this account."""
    here = world(ONE)
    here.viewer = JOB_TOKEN_LOGIN
    here.bump("v2")
    here.gate()
    here.requests.clear()
    here.gate()
    assert evaluations(here) > 0


def test_nothing_is_merged_by_an_entry() -> None:
    """Whatever the entry says, a merge evaluates everything again."""
    here = world("merge: auto")
    here.change({PRODUCTION: manifest("v1", replicas=3)}, branch="gitops/production/web")
    number = here.open("gitops/production/web", by="alice")
    here.gate()
    comment = here.pulls[number].comment
    assert comment is not None
    entry = read_remembered(comment.body)
    assert entry is not None
    body = comment.body.replace(
        write_remembered(entry), write_remembered(replace(entry, ours=True))
    )
    here.pulls[number].comment = replace(comment, body=body)
    here.gate()
    assert not merged(here, number)


# What if.


def test_an_assumed_approval_and_time_open_gates_and_write_nothing() -> None:
    here = world(f'{ONE[:-1]}, windows: [{{deny: "0 10 * * *", for: 4h}}]}}')
    number = here.bump("v2")
    asked = {"dry_run": True, "pull_request": number}
    assert codes(here.gate(**asked)) == ["approvals-missing", "window-closed"]
    assumed = parse_simulation("approve:bob,at:2026-11-28T15:00Z")
    assert codes(here.gate(simulation=assumed, **asked)) == []
    strangers = parse_simulation("approve:stranger,at:2026-11-28T15:00Z")
    assert codes(here.gate(simulation=strangers, **asked)) == ["approvals-missing"]
    assert here.writes == []


# Authors of the application's commits.

NOT_BY = "merge: auto\ngates: {approvals: {count: 1, not-by: [author, source-authors]}}"


@pytest.mark.parametrize(
    ("authors", "expected"),
    [
        (frozenset({"carol"}), []),
        (frozenset({"carol", "Bob"}), ["approvals-missing"]),
        (frozenset(), []),
        (None, ["approvals-unknown"]),
    ],
)
def test_who_wrote_the_commits_does_not_count(
    authors: frozenset[str] | None,
    expected: list[str],
) -> None:
    here = world(NOT_BY)
    here.sources[image("v1")] = "1" * 40
    here.sources[image("v2")] = "2" * 40
    here.authors["1" * 40, "2" * 40] = authors
    number = here.bump("v2")
    here.review(number, by="bob")
    assert codes(here.gate()) == expected


def test_images_that_do_not_say_their_commit_leave_it_unknown() -> None:
    here = world(NOT_BY)
    here.review(here.bump("v2"), by="bob")
    assert codes(here.gate()) == ["approvals-unknown"]


# Who pushed.


def test_a_push_of_an_earlier_proposal_does_not_count() -> None:
    """Bob's change was merged from the same branch, and counts for nothing in the next one."""
    here = world(ONE)
    branch = "gitops/production/web"
    first = here.bump("v2", branch=branch, by="bob")
    here.review(first, by="alice")
    here.gate()
    assert merged(here, first)
    second = here.bump("v3", branch=branch)
    here.review(second, by="bob")
    here.gate()
    assert merged(here, second)


def test_a_push_under_the_newest_one_counts() -> None:
    here = world(ONE)
    number = here.bump("v2", branch="gitops/production/web", by="bob")
    here.revise(number, "v3", by=BUMPER)
    here.review(number, by="bob")
    assert codes(here.gate()) == ["approvals-missing"]
    assert not merged(here, number)


def test_pushers_that_could_not_be_read_are_read_by_the_next_run() -> None:
    here = world("merge: manual\ngates: {approvals: {count: 1}}")
    number = here.bump("v3")
    here.revise(number, "v2", by="bob")
    here.review(number, by="bob")
    here.broken = {"activity"}
    assert codes(here.gate()) == ["approvals-unknown"]
    here.broken = set()
    assert codes(here.gate()) == ["approvals-missing"]


def test_pushers_that_were_read_are_not_read_again() -> None:
    here = world("merge: manual\ngates: {approvals: {count: 1}}")
    here.review(here.bump("v2"), by="bob")
    here.gate()
    assert "activity" in here.requests
    here.requests.clear()
    here.gate()
    assert "activity" not in here.requests


# What is a bump.


def test_a_bump_that_changes_a_file_s_mode_is_a_persons() -> None:
    here = world()
    here.merged_modes[PRODUCTION] = "100755"
    number = here.bump("v2")
    here.gate()
    assert not merged(here, number)


def test_a_pull_request_that_changes_nothing_is_not_merged() -> None:
    here = world()
    number = here.bump("v1")
    here.gate()
    assert not merged(here, number)


def test_of_a_single_environment_a_bump_need_not_name_it() -> None:
    rules = "version: 1\nenvironments: {production: {path: environments/production, merge: auto}}\n"
    here = World(files={".github/gitops.yaml": rules})
    number = here.bump("v2")
    here.pulls[number].body = f"Bump\n\nGitOps-Image: {image('v2')}"
    here.commits[here.head(number)] = replace(here.commits[here.head(number)], message="Bump")
    here.gate()
    assert merged(here, number)


# Holds that are only proposed.

FREEZE = ".github/gitops/holds/production._.freeze.yaml"


@pytest.mark.parametrize(
    ("by", "branch", "expected"),
    [
        (APP, "gitops/hold/production._.freeze", ["frozen"]),
        ("alice", "gitops/hold/production._.freeze", ["frozen"]),
        ("stranger", "gitops/hold/production._.freeze", []),
        (BUMPER, "gitops/hold/production._.freeze", []),
        ("alice", "topic", []),
    ],
)
def test_an_open_pull_request_for_a_hold_counts_as_the_hold(
    by: str,
    branch: str,
    expected: list[str],
) -> None:
    here = world("merge: manual")
    number = here.bump("v2")
    here.change({FREEZE: "environment: production\nreason: sale\n"}, branch=branch, by=by)
    here.open(branch, by=by)
    outcome = here.gate(pull_request=None)
    mine = [one for one in json.loads(outcome.outputs["waiting"]) if one["pull-request"] == number]
    assert [one["reason-code"] for one in mine] == expected


def test_a_hold_that_the_job_s_token_opened_counts_for_a_gate_with_the_job_s_token() -> None:
    """Opening it takes the right to push here, and who has it may open a hold of their own."""
    for viewer, expected in ((JOB_TOKEN_LOGIN, "failure"), (APP, "success")):
        here = world("merge: manual")
        number = here.bump("v2")
        branch = "gitops/hold/production._.freeze"
        text = "environment: production\nreason: sale\n"
        here.change({FREEZE: text}, branch=branch, by=JOB_TOKEN_LOGIN)
        here.open(branch, by=JOB_TOKEN_LOGIN)
        here.viewer = viewer
        here.gate()
        assert here.ready(number)[0] == expected


@pytest.mark.parametrize("proposed", [None, "# why\nenvironment: production\nreason: sale\n"])
def test_a_pull_request_that_adds_no_hold_proposes_none(proposed: str | None) -> None:
    here = world("merge: manual")
    number = here.bump("v2")
    here.change({FREEZE: "environment: production\nreason: sale\n"})
    here.change({FREEZE: proposed}, branch="gitops/hold/freeze", by=APP)
    here.open("gitops/hold/freeze", by=APP)
    outcome = here.gate(pull_request=None)
    waiting = json.loads(outcome.outputs["waiting"])
    (mine,) = [one for one in waiting if one["pull-request"] == number]
    assert mine["reason-code"] == "frozen"
    assert "proposed" not in mine["reason"]


# After, soak, holds, windows.

LATER = "merge: auto\nafter: [staging]\ngates: {soak: 1h}"
DEPLOYED = "merge: auto\ndeploy: {engine: push}"


def soaking() -> tuple[World, int]:
    here = world(LATER, DEPLOYED)
    here.change({WEB_FILE.format("staging"): manifest("v2")})
    return here, here.bump("v2")


def test_a_version_has_to_run_and_soak_in_the_environment_before() -> None:
    here, number = soaking()
    assert codes(here.gate()) == ["after-missing", "soak-not-started"]
    here.deploy("staging")
    outcome = here.gate()
    assert codes(outcome) == ["soak-running"]
    here.tick(minutes=61)
    here.gate()
    assert merged(here, number)


def test_a_version_that_an_earlier_environment_took_back_does_not_pass() -> None:
    here = world(LATER, DEPLOYED)
    here.deploy("staging")
    here.change({WEB_FILE.format("staging"): manifest("v2")})
    here.deploy("staging")
    number = here.bump("v2")
    here.tick(minutes=61)
    here.change({WEB_FILE.format("staging"): manifest("v1")})
    here.deploy("staging")
    assert codes(here.gate()) == ["after-undone"]
    here.change({WEB_FILE.format("staging"): manifest("v2")})
    here.deploy("staging")
    here.tick(minutes=61)
    here.gate()
    assert merged(here, number)


def test_a_record_that_is_not_proved_proves_nothing() -> None:
    here, number = soaking()
    here.deploy("staging", proved=False)
    here.tick(hours=2)
    here.gate()
    assert not merged(here, number)


def test_a_record_proves_the_images_of_its_commit_whatever_its_payload_says() -> None:
    here, number = soaking()
    here.deploy("staging")
    newest = here.deployments[0]
    first = next(iter(here.commits))
    here.deployments[0] = type(newest)(
        **{
            **{name: getattr(newest, name) for name in newest.__dataclass_fields__},
            "commit": first,
            "applications": {"web": (image("v2"),)},
        }
    )
    here.tick(hours=2)
    assert codes(here.gate()) == ["after-missing", "soak-not-started"]
    assert not merged(here, number)


def test_records_that_cannot_be_read_are_unknown() -> None:
    here, number = soaking()
    here.deploy("staging")
    here.tick(hours=2)
    here.broken = {"records"}
    assert set(codes(here.gate())) == {"after-unreadable", "soak-unreadable"}
    assert not merged(here, number)


def test_an_environment_that_nothing_deploys_soaks_from_its_merge() -> None:
    here = world(LATER)
    here.change({WEB_FILE.format("staging"): manifest("v2")})
    number = here.bump("v2")
    assert codes(here.gate()) == ["soak-running"]
    here.tick(minutes=61)
    here.gate()
    assert merged(here, number)


def test_a_failure_in_the_environment_before_refuses() -> None:
    here, number = soaking()
    here.deploy("staging", result=Result.FAILED)
    outcome = here.gate()
    assert "after-failed" in codes(outcome)
    assert here.ready(number)[0] == "failure"


def test_a_window_opens_by_time() -> None:
    deny = '{deny: "0 11 * * *", for: 2h}'
    here = world(f"merge: auto\ngates: {{windows: [{deny}]}}")
    number = here.bump("v2")
    assert codes(here.gate()) == ["window-closed"]
    assert here.ready(number) == ("pending", "waiting: window until 2026-11-28 13:00Z")
    here.now = here.now.replace(hour=13, minute=0)
    here.gate()
    assert merged(here, number)


def test_an_address_opens_its_gate_by_answering_as_expected() -> None:
    url = "https://status.acme.dev/ok"
    expected = f'{{url: "{url}", expect: "response.status == 200"}}'
    here = world(f"merge: auto\ngates: {{http: [{expected}]}}")
    number = here.bump("v2")
    assert codes(here.gate()) == ["http-unanswered"]
    here.answers[url] = HttpAnswer(status=503)
    here.gate()
    assert (merged(here, number), here.ready(number)[0]) == (False, "pending")
    here.answers[url] = HttpAnswer(status=200)
    here.gate()
    assert merged(here, number)


def test_no_address_is_asked_where_none_is_configured() -> None:
    here = world()
    here.bump("v2")
    here.gate()
    assert "http" not in here.requests


def test_a_hold_on_the_version_refuses_until_it_is_lifted() -> None:
    here = world()
    path = ".github/gitops/holds/production.web.v2.yaml"
    here.change(
        {path: f'environment: production\napplication: web\nimage: "{image("v2")}"\nreason: bad\n'}
    )
    number = here.bump("v2")
    assert codes(here.gate()) == ["held-version"]
    assert here.ready(number)[0] == "failure"
    here.change({path: None})
    here.gate()
    assert merged(here, number)


def test_a_hold_that_cannot_be_read_blocks_all_but_its_repair() -> None:
    here = world()
    path = ".github/gitops/holds/production.web.v9.yaml"
    here.change({path: "environment: [production\n"})
    number = here.bump("v2")
    assert codes(here.gate()) == ["hold-unreadable"]
    here.change({path: None}, branch="repair")
    repair = here.open("repair", by="alice")
    here.gate()
    assert (merged(here, number), here.ready(repair)[0]) == (False, "success")


# Merging: read again, and guarded.


def test_an_approval_that_is_withdrawn_before_the_merge_is_seen() -> None:
    here = world(ONE)
    number = here.bump("v2")
    review = here.review(number, by="bob")

    def withdraw(_number: int) -> None:
        if review in here.pulls[number].reviews:
            here.dismiss(number, review)

    here.before_read = withdraw
    outcome = here.gate()
    assert (merged(here, number), codes(outcome)) == (False, ["approvals-missing"])
    assert here.ready(number)[0] == "pending"


def test_a_freeze_that_comes_before_the_merge_is_seen() -> None:
    here = world()
    number = here.bump("v2")
    path = ".github/gitops/holds/production.web.v2.yaml"
    held = f'environment: production\napplication: web\nimage: "{image("v2")}"\n'

    def hold(_number: int) -> None:
        here.change({path: held})

    here.before_read = hold
    outcome = here.gate()
    assert (merged(here, number), codes(outcome)) == (False, ["held-version"])


def test_a_head_that_moves_before_the_merge_is_evaluated_again() -> None:
    here = world(ONE)
    number = here.bump("v2")
    here.review(number, by="bob")
    moved: list[int] = []

    def move(_number: int) -> None:
        if not moved:
            moved.append(1)
            here.revise(number, "v3", by="alice")

    here.before_merge = move
    outcome = here.gate()
    assert (merged(here, number), codes(outcome)) == (False, ["approvals-missing"])


def test_a_base_that_moves_before_the_merge_raises_an_alarm_in_the_same_files() -> None:
    here = world()
    number = here.bump("v2")

    def move(_number: int) -> None:
        here.change({"environments/production/more.yaml": manifest("v1").replace("web", "more")})

    here.before_merge = move
    outcome = here.gate()
    assert merged(here, number)
    assert [one.level for one in outcome.notices] == ["error"]
    assert "the base moved in between" in outcome.notices[0].text


def test_one_that_somebody_merged_meanwhile_counts_as_merged() -> None:
    here = world()
    number = here.bump("v2")

    def merge(_number: int) -> None:
        here.pulls[number].state = "merged"

    here.before_merge = merge
    outcome = here.gate()
    assert (outcome.exit_code, outcome.outputs["merged"]) == (0, json.dumps([number]))


def test_two_that_conflict_merge_one() -> None:
    here = world()
    first, second = here.bump("v2"), here.bump("v3")
    outcome = here.gate()
    assert [merged(here, one) for one in (first, second)] == [True, False]
    assert codes(outcome) == ["merge-conflict"]
    assert here.ready(second)[0] == "failure"


def test_a_conflicted_bump_is_planned_again_and_a_persons_pull_request_is_told() -> None:
    here = world("merge: manual")
    number = here.bump("v2")
    here.change({PRODUCTION: manifest("v1", replicas=5)}, branch="topic")
    person = here.open("topic", by="alice")
    here.change({PRODUCTION: manifest("v1", replicas=2)})
    outcome = here.gate()
    assert here.replanned == [("production", image("v2"))]
    assert f"#{number} was in conflict, and was planned again" in outcome.notices[0].text
    assert [here.ready(one)[0] for one in (number, person)] == ["failure", "failure"]
    assert here.ready(person)[1] == f"conflict: {PRODUCTION} cannot be merged into the base"


def test_a_fork_is_never_planned_again() -> None:
    here = world("merge: manual")
    number = here.bump("v2")
    here.pulls[number].fork = True
    here.change({PRODUCTION: manifest("v1", replicas=2)})
    here.gate()
    assert here.replanned == []


# Order and amount.


def test_the_event_s_pull_request_comes_first() -> None:
    here = world(ONE)
    numbers = [here.bump(f"v{n}") for n in range(2, 5)]
    here.gate(event={"pull_request": {"number": numbers[2]}})
    assert here.writes[:2] == ["comment", "gitops/production"]
    outcome = here.gate(event={"pull_request": {"number": numbers[2]}})
    assert outcome.lines[0] == f"#{numbers[2]}: waiting: 0 of 1 approval"


def test_at_most_sixty_writes_a_run_and_the_rest_is_named() -> None:
    here = world(ONE)
    for n in range(2, 32):
        here.bump(f"v{n}")
    outcome = here.gate()
    assert len(here.writes) == 60
    assert "are left to the next run: #21, #22" in outcome.notices[0].text
    here.gate()
    assert len(here.writes) == 90
    here.gate()
    assert len(here.writes) == 90


def test_a_status_that_cannot_be_written_is_written_by_the_next_run() -> None:
    here = world(ONE)
    number = here.bump("v2")
    here.broken = {"write gitops/ready"}
    outcome = here.gate()
    assert outcome.exit_code == 1
    here.broken = set()
    assert here.gate().exit_code == 0
    assert here.ready(number)[0] == "pending"


def test_an_edited_comment_is_written_again_and_steers_nothing() -> None:
    here = world(ONE)
    number = here.bump("v2")
    here.gate()
    comment = here.pulls[number].comment
    assert comment is not None
    edited = GateComment(number=comment.number, url=comment.url, body=comment.body, edited=True)
    here.pulls[number].comment = edited
    here.gate()
    assert here.pulls[number].comment != edited
    assert not merged(here, number)


def test_a_pull_request_that_is_not_open_is_an_error() -> None:
    with pytest.raises(UsageError, match="no open pull request"):
        world().gate(pull_request=7)


def test_clock_skew_opens_nothing() -> None:
    here, number = soaking()
    here.deploy("staging")
    newest = here.deployments[0]
    here.deployments[0] = type(newest)(
        **{
            **{name: getattr(newest, name) for name in newest.__dataclass_fields__},
            "ended": here.now + timedelta(hours=3),
        }
    )
    here.gate()
    assert not merged(here, number)


FREEZE = ".github/gitops/holds/production._.freeze.yaml"


def test_a_freeze_holds_the_pull_request_with_reason_and_end_and_merges_it_afterwards() -> None:
    here = world()
    text = 'environment: production\nreason: "sale"\nuntil: 2026-11-28T14:00:00Z\n'
    here.change({FREEZE: text})
    number = here.bump("v2")
    assert codes(here.gate()) == ["frozen"]
    assert here.ready(number) == ("failure", "held: frozen until 2026-11-28 14:00Z: sale")
    here.now = here.now.replace(hour=14, minute=0)
    here.gate()
    assert merged(here, number)


def test_removing_a_freeze_needs_the_approvals_and_adding_one_needs_nothing() -> None:
    here = world(ONE)
    here.change({FREEZE: "environment: production\n"}, branch="add", by="alice")
    add = here.open("add", by="alice")
    assert codes(here.gate()) == []
    here.change({FREEZE: "environment: production\n"})
    here.pulls[add].state = "closed"
    here.change({FREEZE: None}, branch="lift", by="alice")
    lift = here.open("lift", by="alice")
    assert codes(here.gate()) == ["approvals-missing"]
    here.review(lift, by="bob")
    assert codes(here.gate()) == []


def test_a_push_in_the_very_second_of_a_review_counts_as_seen_and_as_not_seen() -> None:
    here = world(ONE)
    number = here.bump("v2")
    review = here.review(number, by="bob")
    base = here.change({PRODUCTION: manifest("v1", replicas=2)})
    files = {**here.commits[base].files, PRODUCTION: manifest("v2", replicas=2)}
    merge = here.commit(files, (here.head(number), base), "Merge main")
    here.push(here.pulls[number].branch, merge, by="alice")
    push = here.pushes["main"][0]
    here.pushes["main"][0] = type(push)(
        before=push.before, after=push.after, at=review.submitted, actor=push.actor
    )
    assert "approvals-missing" in codes(here.gate())


def test_a_status_by_another_that_says_the_very_same_is_written_again_as_ours() -> None:
    """The ruleset pins `gitops/ready` to the App: others' statuses satisfy nothing."""
    here = world(ONE)
    number = here.bump("v2")
    here.gate()
    ours = here.newest(number)["gitops/ready"]
    theirs = {name: getattr(ours, name) for name in ours.__dataclass_fields__}
    here.statuses[here.head(number)].append(type(ours)(**{**theirs, "creator": "mallory"}))
    here.gate()
    assert here.newest(number)["gitops/ready"].creator == APP


# What people decided.

OVERRIDE = "merge: auto\ngates: {approvals: {count: 1}, override: {users: [dora]}}"


def decide(here: World, number: int, kind: DecisionKind, **given: Any) -> None:
    here.tick()
    one = Decision(kind=kind, person=7, at=here.now, **{"login": "dora", **given})
    here.pulls[number].decisions.append(one)


def change_of(here: World, number: int) -> str:
    """The hash that the gate published."""
    cached = cached_hash(here.newest(number)["gitops/ready"].url)
    assert cached is not None
    return cached.digest


def test_an_override_opens_a_gate_for_its_change_alone() -> None:
    here = world(OVERRIDE)
    number = here.bump("v2")
    assert codes(here.gate()) == ["approvals-missing"]
    change = change_of(here, number)
    decide(here, number, "override", gate="approvals", environment="production", change=change)
    here.revise(number, "v3", by=BUMPER)
    here.gate()
    assert not merged(here, number)
    assert "is void" in (here.pulls[number].comment or GateComment(number=0, url="", body="")).body
    decide(
        here,
        number,
        "override",
        gate="approvals",
        environment="production",
        change=change_of(here, number),
    )
    here.gate()
    assert merged(here, number)


@pytest.mark.parametrize("gate", ["validate", "hold"])
def test_validation_and_holds_cannot_be_overridden(gate: Any) -> None:
    here = world("merge: auto\ngates: {override: {users: [dora]}}")
    hold = "environment: production\nimage: ghcr.io/acme/web:v2\n"
    here.change({".github/gitops/holds/production.web.v2.yaml": hold})
    number = here.bump("v2")
    here.gate()
    change = change_of(here, number)
    decide(here, number, "override", gate=gate, environment="production", change=change)
    here.gate()
    assert not merged(here, number)


def test_an_override_by_somebody_who_may_not_counts_for_nothing() -> None:
    here = world(OVERRIDE)
    number = here.bump("v2")
    here.gate()
    change = change_of(here, number)
    decide(
        here,
        number,
        "override",
        login="mallory",
        gate="approvals",
        environment="production",
        change=change,
    )
    here.gate()
    assert not merged(here, number)


def test_a_merge_is_for_the_change_that_was_evaluated() -> None:
    here = world("merge: manual")
    number = here.bump("v2")
    here.gate()
    change = change_of(here, number)
    decide(here, number, "merge", change=change)
    here.revise(number, "v3", by=BUMPER)
    here.gate()
    assert not merged(here, number)
    decide(here, number, "merge", change=change_of(here, number))
    here.gate()
    assert merged(here, number)


def test_merging_is_switched_off_until_somebody_asks_for_it() -> None:
    here = world(ONE)
    number = here.bump("v2")
    decide(here, number, "merge-off")
    here.review(number, by="bob")
    here.gate()
    assert not merged(here, number)
    decide(here, number, "merge", change=change_of(here, number))
    here.gate()
    assert merged(here, number)


# Rollbacks.

ROLLED = (
    "merge: {merge}\nrollback: {{mode: {mode}}}\n"
    "deploy: {{engine: push}}\n"
    'gates: {{windows: [{{deny: "0 11 * * *", for: 4h}}], approvals: {{count: 1}}}}'
)
HOLD = "environment: production\nimage: ghcr.io/acme/web:v2\nreason: it crashes\n"
HOLD_FILE = ".github/gitops/holds/production.web.v2.yaml"


def failed(mode: str = "auto", merge: str = "manual") -> World:
    """v1 was verified, v2 failed."""
    here = world(ROLLED.format(mode=mode, merge=merge))
    here.deploy("production")
    here.change({PRODUCTION: manifest("v2")})
    here.deploy("production", result=Result.FAILED)
    return here


def roll_back(here: World, *, to: str = "v1", also: dict[str, str | None] | None = None) -> int:
    branch = "gitops/production/rollback/web"
    trailers = f"GitOps-Environment: production\nGitOps-Image: {image(to)}"
    files = {PRODUCTION: manifest(to), HOLD_FILE: HOLD, **(also or {})}
    here.change(files, branch=branch, by=BUMPER, message=f"Roll back\n\n{trailers}")
    return here.open(branch, by=BUMPER, body=f"Roll back\n\n{trailers}")


def test_a_failed_deployment_goes_back_by_itself_past_the_gates() -> None:
    here = failed()
    number = roll_back(here)
    here.gate()
    assert merged(here, number)
    assert here.described("production") == manifest("v1")
    assert HOLD_FILE in here.commits[here.branches["main"]].files
    comment = here.pulls[number].comment
    assert comment is not None
    assert "/gitops hold" not in comment.body  # it would hold what comes back


@pytest.mark.parametrize(
    ("mode", "result"),
    [
        ("propose", Result.FAILED),
        ("auto", Result.UNKNOWN),
        ("auto", Result.SUCCEEDED),
    ],
)
def test_without_a_definite_failure_or_the_mode_nothing_goes_back(
    mode: str, result: Result
) -> None:
    here = world(ROLLED.format(mode=mode, merge="manual"))
    here.deploy("production")
    here.change({PRODUCTION: manifest("v2")})
    here.deploy("production", result=result)
    number = roll_back(here)
    here.gate()
    assert not merged(here, number)


def test_a_forged_record_is_no_cause() -> None:
    here = world(ROLLED.format(mode="auto", merge="auto"))
    here.deploy("production")
    here.change({PRODUCTION: manifest("v2")})
    here.deploy("production", result=Result.FAILED, proved=False)
    number = roll_back(here)
    here.gate()
    assert not merged(here, number)


def test_a_rollback_to_what_was_never_verified_has_no_cause() -> None:
    here = failed()
    number = roll_back(here, to="v0")
    here.gate()
    assert not merged(here, number)


def test_a_rollback_brings_nothing_else() -> None:
    here = failed()
    number = roll_back(here, also={"environments/production/more.yaml": manifest("v1")})
    here.gate()
    assert not merged(here, number)


def test_a_rollback_lifts_no_other_hold() -> None:
    other = ".github/gitops/holds/production.web.v0.yaml"
    here = failed()
    here.change({other: HOLD.replace("v2", "v0")})
    here.deploy("production", result=Result.FAILED)
    number = roll_back(here, also={other: None})
    here.gate()
    assert not merged(here, number)


def test_a_bump_with_a_hold_beside_it_is_a_persons() -> None:
    here = world()
    number = here.bump("v2")
    here.change({HOLD_FILE: HOLD.replace("v2", "v9")}, branch=here.pulls[number].branch, by=BUMPER)
    here.gate()
    assert not merged(here, number)


@pytest.mark.parametrize(
    ("mode", "merge", "goes"), [("propose", "auto", True), ("propose", "manual", False)]
)
def test_a_person_with_the_right_is_a_cause(mode: str, merge: str, goes: bool) -> None:
    here = world(ROLLED.format(mode=mode, merge=merge))
    here.deploy("production")
    here.change({PRODUCTION: manifest("v2")})
    here.deploy("production")
    number = roll_back(here)
    here.gate()
    assert not merged(here, number)
    decide(here, number, "rollback", environment="production", images=(image("v2"),))
    here.gate()
    assert merged(here, number) is goes


def test_a_rollback_with_a_cause_that_brings_more_needs_the_approvals() -> None:
    """A branch's name and a failure are not enough for what else the change brings."""
    here = failed()
    number = roll_back(here, also={"environments/production/more.yaml": manifest("v1")})
    here.gate()
    decide(here, number, "merge", change=change_of(here, number))
    here.gate()
    assert not merged(here, number)
    here.review(number, by="bob")
    here.gate()
    assert not merged(here, number)  # the window is closed


# A person's own pull request that goes back, as by GitHub's button "Revert".


def verified() -> World:
    """v1 and v2 were both verified."""
    here = world(ROLLED.format(mode="propose", merge="manual"))
    here.deploy("production")
    here.change({PRODUCTION: manifest("v2")})
    here.deploy("production")
    return here


def revert(
    here: World, to: str = "v1", by: str = "alice", also: dict[str, str | None] | None = None
) -> int:
    here.change({PRODUCTION: manifest(to), **(also or {})}, branch="revert-7-web", by=by)
    return here.open("revert-7-web", by=by)


def ready(here: World, number: int) -> str:
    return here.newest(number)["gitops/ready"].state


def test_a_persons_revert_is_a_rollback_that_a_person_merges() -> None:
    here = verified()
    number = revert(here)
    here.gate()
    assert ready(here, number) == "success"
    assert not merged(here, number)
    decide(here, number, "merge", change=change_of(here, number))
    here.gate()
    assert merged(here, number)


@pytest.mark.parametrize(
    ("to", "by", "also"),
    [
        ("v1", "mallory", None),
        ("v1", BUMPER, None),
        ("v0", "alice", None),
        ("v1", "alice", {"environments/production/more.yaml": manifest("v1")}),
    ],
)
def test_what_is_no_return_by_a_person_with_the_right_passes_every_gate(
    to: str, by: str, also: dict[str, str | None] | None
) -> None:
    here = verified()
    number = revert(here, to, by, also)
    here.gate()
    assert ready(here, number) != "success"


def test_what_was_rolled_back_goes_forward_by_every_gate() -> None:
    here = verified()
    here.change({PRODUCTION: manifest("v1")})
    here.deploy("production")
    number = revert(here, to="v2")
    here.gate()
    assert ready(here, number) != "success"


def test_a_revert_is_granted_at_every_run() -> None:
    here = verified()
    number = revert(here)
    for _ in range(3):
        here.gate()
        assert ready(here, number) == "success"


def test_an_apps_own_return_is_no_cause_whatever_it_may_write() -> None:
    here = verified()
    here.writers.add(BUMPER)
    number = revert(here, by=BUMPER)
    here.gate()
    assert ready(here, number) != "success"


def test_a_return_from_a_fork_passes_every_gate() -> None:
    here = verified()
    here.change({PRODUCTION: manifest("v1")}, branch="revert-7-web", by="alice")
    number = here.open("revert-7-web", by="alice", fork=True)
    here.gate()
    assert ready(here, number) != "success"


def test_a_return_whose_author_has_no_account_any_more_passes_every_gate() -> None:
    here = verified()
    here.writers.add("")
    number = revert(here)
    here.pulls[number].author = ""
    here.gate()
    assert ready(here, number) != "success"
