"""States, sights and issues, without a cluster."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from gitops_action.commands.drift.issue import keep_issues
from gitops_action.commands.drift.report import as_markdown, drift_outcome
from gitops_action.core.deployments.payload import RecordContent, write_payload
from gitops_action.core.deployments.records import DeploymentFacts, DeploymentStatus
from gitops_action.core.drift.deployed import baseline
from gitops_action.core.drift.report import (
    DriftKind,
    DriftReport,
    DriftState,
    FieldDrift,
    ObjectDrift,
    TargetDrift,
    without_failure,
)
from gitops_action.core.drift.sights import after, drift_issue, read_sights, write_sights
from gitops_action.core.inputs.drift import DriftInputs
from gitops_action.core.issues import KnownIssue, NewIssue
from gitops_action.core.manifests.model import ObjectId
from gitops_action.core.redaction.known import Redactor

NOW = datetime(2026, 11, 28, 14, 0, tzinfo=UTC)
WEB = ObjectId(group="apps", kind="Deployment", namespace="shop", name="web")
DB = ObjectId(group="", kind="ConfigMap", namespace="shop", name="db")
REPLICAS = FieldDrift(path="spec.replicas", described="3", live="5", manager="kubectl", by="person")
CLEAN = TargetDrift(environment="production", target="default", commit="a" * 40, compared=2)
CHANGED = ObjectDrift(id=WEB, change=DriftKind.CHANGED, fields=(REPLICAS,))
MISSING = ObjectDrift(id=DB, change=DriftKind.MISSING)
DRIFTED = replace(CLEAN, objects=(CHANGED,))
UNKNOWN = replace(CLEAN, reason="the cluster does not answer")
TOKEN = "the-token-of-this-run"


def report(*targets: TargetDrift) -> DriftReport:
    return DriftReport(repository="acme/environments", at=NOW, targets=targets)


@dataclass
class FakeIssues:
    """The issues of a repository."""

    known: list[KnownIssue] = field(default_factory=list)

    def own(self) -> tuple[KnownIssue, ...]:
        return tuple(self.known)

    def open(self, new: NewIssue) -> KnownIssue:
        number = len(self.known) + 1
        made = KnownIssue(number=number, url="", title=new.title, body=new.text, is_open=True)
        self.known.append(made)
        return made

    def update(self, issue: KnownIssue, new: NewIssue) -> KnownIssue:
        made = replace(issue, title=new.title, body=new.text)
        self.known[issue.number - 1] = made
        return made

    def close(self, issue: KnownIssue, *, reason: str) -> None:
        assert reason
        self.known[issue.number - 1] = replace(issue, is_open=False, body=issue.settled_body())


class Runs:
    """One run after the other: what was seen is written and read between them."""

    def __init__(self) -> None:
        self.issues = FakeIssues()
        self.kept = ""

    def run(self, *targets: TargetDrift) -> list[bool]:
        """Which issues are open afterwards."""
        before = read_sights(self.kept)
        found = report(*targets)
        list(keep_issues(self.issues, found, before, Redactor([TOKEN])))
        self.kept = write_sights(after(found, before))
        return [one.is_open for one in self.issues.known]


def test_the_issue_opens_on_the_second_sight_and_closes_itself() -> None:
    runs = Runs()
    assert runs.run(DRIFTED) == []
    assert runs.run(DRIFTED) == [True]
    assert "1 object differs" in runs.issues.known[0].title
    assert runs.run(replace(DRIFTED, objects=(CHANGED, MISSING))) == [True]
    assert runs.run(replace(DRIFTED, objects=(CHANGED, MISSING))) == [True]
    assert "2 objects differ" in runs.issues.known[0].title
    assert runs.run(CLEAN) == [False]
    assert runs.run(CLEAN) == [False]


def test_the_issue_holds_no_secret_of_the_run() -> None:
    copied = replace(REPLICAS, path="data.a", live=f'"{TOKEN}"')
    found = replace(CLEAN, objects=(replace(CHANGED, fields=(copied,)),))
    runs = Runs()
    assert runs.run(found) == []
    assert runs.run(found) == [True]
    (issue,) = runs.issues.known
    assert "data.a" in issue.body
    assert TOKEN not in issue.body


def test_what_comes_and_goes_is_never_an_issue() -> None:
    runs = Runs()
    for one in (DRIFTED, CLEAN, DRIFTED, replace(CLEAN, objects=(MISSING,)), CLEAN):
        assert runs.run(one) == []


def test_unknown_neither_counts_nor_interrupts_nor_closes() -> None:
    runs = Runs()
    assert runs.run(DRIFTED) == []
    assert runs.run(UNKNOWN) == []
    assert runs.run(DRIFTED) == [True]
    assert runs.run(UNKNOWN) == [True]
    half = replace(CLEAN, unread=(WEB,))
    assert runs.run(half) == [True]
    assert half.state is DriftState.UNKNOWN
    assert runs.run(CLEAN) == [False]


def test_an_object_that_could_not_be_read_keeps_its_sight() -> None:
    runs = Runs()
    assert runs.run(DRIFTED) == []
    assert runs.run(replace(CLEAN, objects=(MISSING,), unread=(WEB,))) == []
    assert runs.run(DRIFTED) == [True]


def test_an_issue_that_a_person_closed_stays_closed_until_the_drift_changes() -> None:
    runs = Runs()
    runs.run(DRIFTED)
    runs.run(DRIFTED)
    runs.issues.known[0] = replace(runs.issues.known[0], is_open=False)
    assert runs.run(DRIFTED) == [False]
    both = replace(DRIFTED, objects=(CHANGED, MISSING))
    assert runs.run(both) == [False]
    assert runs.run(both) == [False, True]


def test_environments_have_issues_of_their_own_and_clusters_share_one() -> None:
    runs = Runs()
    eu, us = (replace(DRIFTED, target=name) for name in ("eu", "us"))
    other = replace(CLEAN, environment="staging")
    for _ in range(2):
        runs.run(eu, us, other)
    (issue,) = runs.issues.known
    assert "production (eu)" in issue.body
    assert "production (us)" in issue.body
    assert runs.run(replace(CLEAN, target="eu"), us, other) == [True]
    assert runs.run(replace(CLEAN, target="eu"), replace(UNKNOWN, target="us"), other) == [True]


@pytest.mark.parametrize("written", ["", "no json", "[]", '{"sights": 1}', '{"sights": {"a": 1}}'])
def test_a_file_that_holds_no_sights_is_as_none(written: str) -> None:
    assert not any(read_sights(written).values())


def test_state_exit_code_and_outputs() -> None:
    strict = DriftInputs(exit_code=True)
    for target, state, code in (
        (CLEAN, "clean", 0),
        (DRIFTED, "drifted", 1),
        (UNKNOWN, "unknown", 1),
    ):
        outcome = drift_outcome(report(target), strict)
        assert (outcome.outputs["state"], outcome.exit_code) == (state, code)
        assert drift_outcome(report(target), DriftInputs()).exit_code == 0
        assert json.loads(outcome.outputs["report"])["state"] == state
    assert drift_outcome(report(DRIFTED, UNKNOWN), strict).outputs["state"] == "drifted"


@pytest.mark.parametrize(
    ("objects", "patch", "expected"), [(3, 10, "whole"), (3, 300_000, "bare"), (9_000, 10, "none")]
)
def test_an_output_that_is_too_long_loses_patches_before_objects(
    objects: int, patch: int, expected: str
) -> None:
    target = replace(CLEAN, objects=(replace(CHANGED, patch="x" * patch),) * objects)
    found = json.loads(drift_outcome(report(target), DriftInputs()).outputs["report"])
    if expected == "none":
        assert found == {"version": 1, "state": "drifted", "left-out": objects}
        return
    (environment,) = found["environments"]
    assert ["patch" in one for one in environment["objects"]] == [expected == "whole"] * objects


def test_markdown_names_what_a_failed_deployment_left() -> None:
    said = "left by a failed deployment"
    left = replace(CHANGED, fields=(replace(REPLICAS, by="deployment"),))
    assert said in as_markdown((replace(CLEAN, objects=(left,)),))
    assert said not in as_markdown((DRIFTED,))


LEFT = replace(CHANGED, fields=(replace(REPLICAS, manager="", by="deployment"), REPLICAS))
STOPPED = ObjectDrift(
    id=ObjectId(group="x", kind="Kustomization", namespace="flux-system", name="web"),
    change=DriftKind.SUSPENDED,
)


def test_without_a_failed_deployment_a_field_of_ours_was_changed_when_it_was_applied() -> None:
    (found,) = without_failure(replace(CLEAN, objects=(LEFT,))).objects
    assert [one.by for one in found.fields] == ["admission", "person"]
    assert [one.who for one in found.fields] == [("admission",), ("kubectl",)]
    assert "webhook" in found.fix
    assert "deploy.ignore" in found.fix
    assert without_failure(DRIFTED) == DRIFTED


@pytest.mark.parametrize("change", ["suspended", "stuck", "outdated"])
def test_where_flux_has_stopped_nothing_is_said_of_who_left_it(change: str) -> None:
    stopped = replace(STOPPED, change=DriftKind(change))
    _, found = without_failure(replace(CLEAN, objects=(stopped, LEFT))).objects
    assert [one.by for one in found.fields] == ["", "person"]
    assert (found.sentence, found.fix) == ("", "")
    assert not found.failed


def test_markdown_says_what_helps() -> None:
    stopped = replace(STOPPED, sentence="it is suspended", fix="resume it: `flux resume x`")
    text = as_markdown((replace(CLEAN, objects=(stopped, CHANGED)),))
    assert "| suspended | | | |" in text
    (said,) = [line for line in text.splitlines() if line.startswith("- ")]
    assert said == f"- `{STOPPED.id}`: it is suspended; resume it: `flux resume x`"
    assert not any(line.startswith("- ") for line in as_markdown((DRIFTED,)).splitlines())


def test_markdown_cannot_be_broken_by_what_it_names() -> None:
    evil = replace(REPLICAS, live='"`</td>|<script> @acme/all #1"')
    text = as_markdown((replace(DRIFTED, objects=(replace(CHANGED, fields=(evil,)),)),))
    row = next(line for line in text.splitlines() if "spec.replicas" in line)
    assert row.count(" | ") == 4
    assert "``" in row


def facts(number: int, *states: str, commit: str = "c", ended: datetime = NOW) -> DeploymentFacts:
    content = RecordContent(environment="production", commit=commit * 40, hash="sha256:x")
    statuses = tuple(DeploymentStatus(state=one, at=ended) for one in states)  # type: ignore[arg-type]
    return DeploymentFacts(
        number=number,
        environment="production",
        commit=commit * 40,
        payload=write_payload(content),
        statuses=statuses,
        created=ended,
    )


def test_the_baseline_is_the_newest_success_unless_a_deployment_runs() -> None:
    later = NOW + timedelta(minutes=10)
    good, bad = facts(1, "success", commit="a"), facts(2, "failure", commit="b")
    assert baseline((), later) is None
    found = baseline((good,), later)
    assert found is not None
    assert (found.commit, found.failed, found.busy) == ("a" * 40, "", "")
    found = baseline((bad, good), later)
    assert found is not None
    assert (found.commit, found.failed) == ("a" * 40, "b" * 40)
    found = baseline((facts(2, "in_progress", "queued"), good), later)
    assert found is not None
    assert "runs" in found.busy
    found = baseline((good,), NOW + timedelta(seconds=90))
    assert found is not None
    assert "only just ended" in found.busy
    killed = baseline((facts(2, "in_progress"), good), NOW + timedelta(hours=2))
    assert killed is not None
    assert (killed.busy, killed.failed) == ("", "c" * 40)
    never = baseline((bad,), later)
    assert never is not None
    assert never.commit == ""


def test_the_issue_names_what_brings_back_what_was_deployed() -> None:
    body = drift_issue("qa one", frozenset({"x y"}), sections="").body
    assert "`gitops-action deploy --environment 'qa one'`" in body
    assert "`/gitops deploy qa one`" in body
