"""What comments do to a pull request and its gates, and what refuses them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from gitops_action.errors import UsageError
from tests.support.comments import DONE, REFUSED, RIGHTS, Conversation, code, outside_code
from tests.support.gate_forge import (
    FILES,
    NEW,
    PRODUCTION,
    REPOSITORY,
    STAGING,
    GateStage,
    codes,
    config,
    gate_stage,
    overlay,
)

APPROVED = "merge: auto\ngates: {approvals: {count: 1}, override: {users: [%s]}}"
HOLD = ".github/gitops/holds/production.web.v2.yaml"
HELD = (
    'environment: production\napplication: web\nimage: "ghcr.io/acme/web:v2"\nreason: it leaks\n'
    "author: alice\nsince: 2020-01-01T00:00:00Z\n"
)
DEPLOY = """\
name: deploy
run-name: deploy ${{ inputs.environment }}
on:
  workflow_dispatch:
    inputs:
      environment: {type: string}
jobs: {deploy: {runs-on: ubuntu-latest, steps: [{run: "true"}]}}
"""


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[GateStage]:
    with gate_stage(tmp_path, {**FILES, ".github/workflows/deploy.yml": DEPLOY}) as made:
        yield made


@pytest.fixture
def talk(stage: GateStage, tmp_path: Path) -> Conversation:
    return Conversation(forge=stage.forge, root=tmp_path)


def change(stage: GateStage, number: int) -> str:
    """The hash that the gate's comment shows."""
    found = re.search(r"change `([0-9a-f]{12})`", stage.comment(number))
    assert found
    return found[1]


def gated(stage: GateStage, who: str = "bob") -> int:
    """A bump that waits for an approval, which `who` may override."""
    stage.configure(config(production=APPROVED % who))
    number = stage.bump()
    assert codes(stage.gate()) == ["approvals-missing"]
    stage.forge.advance_clock(5)
    return number


# What is done.


def test_an_override_lets_this_very_change_pass_a_gate(
    stage: GateStage, talk: Conversation
) -> None:
    number = gated(stage)
    digits = change(stage, number)
    outcome = talk.say(f"/gitops override approvals {digits} because hotfix", by="bob")
    assert outcome.outputs == {"command": "override", "result": "done", "reason-code": ""}
    assert talk.reactions == DONE
    assert (
        f"`bob` overrides the gate approvals of `production` for the change `{digits}`"
        in (talk.replies[-1])
    )
    stage.gate()
    assert stage.merged(number)


def test_an_override_ends_with_its_change(stage: GateStage, talk: Conversation) -> None:
    number = gated(stage)
    talk.say(f"/gitops override approvals {change(stage, number)} because hotfix", by="bob")
    stage.repository.commit(
        branch="gitops/production/web", files={PRODUCTION: overlay(f"v3@sha256:{'3' * 64}")}
    )
    stage.gate()
    assert not stage.merged(number)


def test_an_override_is_for_every_environment_whose_rule_names_the_person(
    stage: GateStage, talk: Conversation
) -> None:
    stage.configure(config(production=APPROVED % "carol", staging=APPROVED % "bob, carol"))
    number = stage.propose({STAGING: overlay(NEW), PRODUCTION: overlay(NEW)})
    stage.gate()
    stage.forge.advance_clock(5)
    digits = change(stage, number)
    assert code(talk.say(f"/gitops override approvals {digits} because x", by="bob")) == ""
    stage.gate()
    states = {name: state for name, (state, _) in stage.statuses(number).items()}
    assert (states["gitops/staging"], states["gitops/production"]) == ("success", "pending")
    refused = talk.say(f"/gitops override approvals {digits} because x", by="alice")
    assert code(refused) == "no-right"


@pytest.mark.parametrize(
    ("by", "digits", "reason"),
    [
        ("alice", "", "no-right"),
        ("mallory", "", "no-right"),
        ("bob", "0123456789ab", "other-change"),
    ],
)
def test_an_override_is_refused(
    stage: GateStage, talk: Conversation, by: str, digits: str, reason: str
) -> None:
    number = gated(stage)
    wanted = digits or change(stage, number)
    outcome = talk.say(f"/gitops override approvals {wanted} because hotfix", by=by)
    assert code(outcome) == reason
    assert talk.reactions == REFUSED
    assert f"Reason code: `{reason}`" in talk.replies[-1]
    stage.gate()
    assert not stage.merged(number)


def test_a_team_that_cannot_be_read_overrides_nothing(stage: GateStage, talk: Conversation) -> None:
    stage.configure(
        config(
            production="merge: auto\n"
            "gates: {approvals: {count: 1}, override: {teams: [acme/oncall]}}"
        )
    )
    stage.forge.organization("acme").team("oncall", members=["bob"])
    number = stage.bump()
    stage.gate()
    stage.forge.advance_clock(5)
    talk.rights = {name: right for name, right in RIGHTS.items() if name != "members"}
    wanted = f"/gitops override approvals {change(stage, number)} because x"
    assert code(talk.say(wanted, by="bob")) == "team-unreadable"
    assert "team acme/oncall is not readable" in talk.replies[-1].replace("`", "")
    talk.rights = None
    assert code(talk.say(wanted, by="bob")) == ""


def test_a_merge_by_comment_merges_what_is_merged_by_people(
    stage: GateStage, talk: Conversation
) -> None:
    stage.configure(config(production="merge: manual"))
    number = stage.bump()
    stage.forge.advance_clock(5)
    assert code(talk.say("/gitops merge")) == "not-evaluated"
    assert "`/gitops refresh`" in talk.replies[-1]
    assert code(talk.say("/gitops refresh")) == ""
    stage.gate()
    assert not stage.merged(number)
    assert code(talk.say("/gitops merge")) == ""
    stage.gate()
    assert stage.merged(number)


def test_merge_off_keeps_a_pull_request_open(stage: GateStage, talk: Conversation) -> None:
    number = stage.bump()
    stage.forge.advance_clock(5)
    assert code(talk.say("/gitops merge off because we wait for finance")) == ""
    stage.gate()
    assert not stage.merged(number)


def test_why_answers_what_the_gate_waits_for(stage: GateStage, talk: Conversation) -> None:
    gated(stage)
    before = len(talk.replies)
    assert code(talk.say("/gitops why", by="mallory")) == ""
    assert len(talk.replies) == before + 1
    assert "0 of 1 approval" in talk.replies[-1]


def test_a_deployment_is_started_for_the_environment(stage: GateStage, talk: Conversation) -> None:
    stage.bump()
    outcome = talk.say("/gitops deploy production because the registry is back")
    assert code(outcome) == ""
    (run,) = stage.repository.runs()
    assert (run.event, run.title, run.inputs) == (
        "workflow_dispatch",
        "deploy production",
        {"environment": "production"},
    )
    assert (talk.replies, talk.reactions) == ([], DONE)


def test_unhold_proposes_to_remove_the_hold(stage: GateStage, talk: Conversation) -> None:
    stage.repository.commit(files={HOLD: HELD})
    stage.bump()
    assert code(talk.say("/gitops unhold production web@v2")) == ""
    (pull,) = [one for one in stage.repository.pull_requests() if "hold" in one.head]
    assert HOLD not in stage.repository.files(pull.head)
    assert (talk.replies, talk.reactions) == ([], DONE)


def test_a_hold_names_the_person_who_wrote_the_comment(
    stage: GateStage, talk: Conversation
) -> None:
    stage.bump()
    assert code(talk.say("/gitops hold because it leaks", by="bob", GITHUB_ACTOR="carol")) == ""
    (pull,) = [one for one in stage.repository.pull_requests() if "hold" in one.head]
    (path,) = [one for one in stage.repository.files(pull.head) if "/holds/" in one]
    text = stage.repository.read(pull.head, path).decode()
    assert 'author: "bob"' in text
    assert "ghcr.io/acme/web:v2" in text


def test_status_is_answered_on_an_issue(stage: GateStage, talk: Conversation) -> None:
    stage.bump()
    assert code(talk.say("/gitops status", issue=True)) == ""
    assert "`production`: `web v1`" in talk.replies[-1]


def test_only_what_the_gate_itself_says_names_the_environment(
    stage: GateStage, talk: Conversation
) -> None:
    """Anybody with write access can set a status; what is changed in two has to be named."""
    stage.configure(config(production=APPROVED % "bob", staging=APPROVED % "bob"))
    number = stage.propose({STAGING: overlay(NEW), PRODUCTION: overlay(NEW)})
    head = stage.repository.pull(number).head_oid
    stage.repository.status(head, "gitops/staging", by="alice")
    assert code(talk.say("/gitops hold web because x")) == "missing-environment"
    assert "staging, production" in talk.replies[-1]


# What is refused or ignored.


def test_text_that_is_no_command_of_ours_is_ignored(stage: GateStage, talk: Conversation) -> None:
    stage.bump()
    for body in ("> /gitops merge", "```\n/gitops merge\n```", "/hold", "/gitopsmerge", "hi"):
        assert code(talk.say(body)) == "not-a-command"
    assert code(talk.say("/gitops merge", by="renovate[bot]", kind="Bot")) == "not-a-command"
    assert (talk.replies, talk.reactions) == ([], set())


def test_a_branch_that_moves_between_comment_and_run_is_not_merged(
    stage: GateStage, talk: Conversation
) -> None:
    number = stage.bump()
    stage.gate(merge="never")
    stage.forge.advance_clock(60)
    stage.repository.commit(branch="gitops/production/web", files={"README.md": "x\n"})
    for command in ("merge", "refresh", "override soak 0123456789ab because x"):
        assert code(talk.say(f"/gitops {command}", after=-30)) == "head-moved"
    assert code(talk.say("/gitops hold production because x", after=-30)) == ""
    assert not stage.merged(number)


def test_the_text_as_it_was_created_counts(stage: GateStage, talk: Conversation) -> None:
    """A comment that is read by its number has to be unedited: writers edit those of others."""
    number = stage.bump()
    stage.forge.advance_clock(5)
    token = stage.forge.token(
        kind="pat", login="bob", repositories=[REPOSITORY], permissions={"issues": "write"}
    )
    address = f"{stage.forge.api_url}/repos/{REPOSITORY}/issues"
    headers = {"Authorization": f"Bearer {token}"}
    made = requests.post(
        f"{address}/{number}/comments",
        json={"body": "/gitops refresh"},
        headers=headers,
        timeout=20,
    ).json()
    stage.forge.advance_clock(5)
    assert code(talk.say("", comment_id=str(made["id"]))) == ""
    stage.forge.advance_clock(5)
    requests.patch(
        f"{address}/comments/{made['id']}",
        json={"body": "/gitops merge off"},
        headers=headers,
        timeout=20,
    )
    with pytest.raises(UsageError, match="edited"):
        talk.say("", comment_id=str(made["id"]))
    with pytest.raises(UsageError, match="not created"):
        talk.say("/gitops merge off", action="edited")


def test_a_run_again_needs_the_right_of_who_starts_it(stage: GateStage, talk: Conversation) -> None:
    stage.bump()
    again = {"GITHUB_RUN_ATTEMPT": "2"}
    for who, reason in (("mallory", "no-right"), ("bob", "")):
        outcome = talk.say("/gitops merge off", GITHUB_TRIGGERING_ACTOR=who, **again)
        assert code(outcome) == reason


def test_a_closed_pull_request_takes_some_commands(stage: GateStage, talk: Conversation) -> None:
    number = stage.bump()
    stage.repository.close(number)
    for command in ("merge", "why", "refresh", "override soak 0123456789ab because x"):
        assert code(talk.say(f"/gitops {command}", state="closed")) == "not-here"
    assert code(talk.say("/gitops hold production because x", state="closed")) == ""


def test_on_an_issue_the_environment_has_to_be_named(stage: GateStage, talk: Conversation) -> None:
    stage.bump()
    assert code(talk.say("/gitops hold web because x", issue=True)) == "missing-environment"
    assert "staging, production" in talk.replies[-1]
    assert code(talk.say("/gitops hold production web because x", issue=True)) == ""


def test_two_commands_at_once_are_both_done(stage: GateStage, tmp_path: Path) -> None:
    stage.bump()
    talks = [Conversation(forge=stage.forge, root=tmp_path, said=n) for n in (100, 200)]
    bodies = ("/gitops hold staging because a", "/gitops hold production because b")
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda one: one[0].say(one[1]), zip(talks, bodies, strict=True)))
    assert [code(one) for one in done] == ["", ""]
    assert len([one for one in stage.repository.pull_requests() if "hold" in one.head]) == 2


HOSTILE = (
    '`"; rm -rf / #$(id)` @acme/sre <!-- x --> ::set-output name=x::y\u2028'
    " Fixes #1 ${{ secrets.A }}"
)


def test_text_of_a_comment_acts_on_nothing(stage: GateStage, talk: Conversation) -> None:
    number = stage.bump()
    assert code(talk.say(f"/gitops hold production because {HOSTILE}")) == ""
    (pull,) = [one for one in stage.repository.pull_requests() if "hold" in one.head]
    for text in (pull.body, pull.title, stage.repository.log(pull.head)[0].message):
        assert "@acme/sre" not in outside_code(text)
        assert "Fixes #1" not in outside_code(text)
        assert "<!-- x" not in outside_code(text)
        assert not re.search(r"^::", text, re.MULTILINE)
    assert code(talk.say(f"/gitops {HOSTILE}")) == "unknown-command"
    assert code(talk.say(f"/gitops merge off because {HOSTILE}")) == ""
    for text in talk.replies:
        assert "@acme/sre" not in outside_code(text)
        assert not re.search(r"^::", text, re.MULTILINE)
    stage.gate()
    assert not stage.merged(number)
