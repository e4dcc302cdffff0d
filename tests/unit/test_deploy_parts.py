"""The small parts of `deploy`: order, outcome, targets in threads, ways to a cluster, progress."""

from __future__ import annotations

import io
import json
import threading
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import cast

import pytest

from gitops_action.adapters.progress import ProgressTellers
from gitops_action.adapters.views import DeployViews
from gitops_action.adapters.workflow.terminal import TerminalReporter
from gitops_action.app.clusters import GivenClusters
from gitops_action.app.tools import Context
from gitops_action.commands.deploy.environment import Work, deploy_targets
from gitops_action.commands.deploy.report import OUTPUT_LIMIT, deployment_outcome, list_outcome
from gitops_action.commands.deploy.target import TargetRun
from gitops_action.core.config import Environment, Target
from gitops_action.core.config.select import in_sequence
from gitops_action.core.deploy.diff import ObjectDiff
from gitops_action.core.deploy.pending import Decision, PendingStep
from gitops_action.core.deploy.result import (
    Action,
    EnvironmentResult,
    Failure,
    ObjectResult,
    Progress,
    Result,
    TargetResult,
)
from gitops_action.core.inputs.common import ClusterInputs
from gitops_action.core.manifests.model import ObjectId
from gitops_action.core.redaction.known import Redactor
from gitops_action.core.report.deployment import Deployed, DeploymentReport
from gitops_action.errors import Location, UsageError

WEB = ObjectId(group="apps", kind="Deployment", namespace="web", name="web")
HOSTILE = "web | <img src=x> @everyone\n::error::no"


def reported(*targets: TargetResult, **more: object) -> DeploymentReport:
    outcome = EnvironmentResult(environment="staging", commit="c" * 40, targets=targets)
    deployed = Deployed(outcome=outcome, deployment=7, seconds=1.25, notes=("a note",))
    deployed = replace(deployed, **more)  # type: ignore[arg-type]
    return DeploymentReport(repository="a/b", commit="c" * 40, environments=(deployed,))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"prod": ("stage",), "stage": (), "dev": ()}, ["stage", "prod", "dev"]),
        ({"c": ("b",), "b": ("a",), "a": ()}, ["a", "b", "c"]),
        ({"only": ("elsewhere",)}, ["only"]),
        ({"x": ("y",), "y": ("x",)}, ["x", "y"]),
    ],
)
def test_environments_come_after_those_they_name(
    given: dict[str, tuple[str, ...]], expected: list[str]
) -> None:
    every = [Environment(name=name, after=after) for name, after in given.items()]
    assert [one.name for one in in_sequence(every)] == expected


def test_the_outcome_tells_failures_at_the_line_that_describes_the_object() -> None:
    bare = replace(WEB, namespace="")
    failure = Failure(
        sentence="it crashed", object_id=WEB, events=("BackOff",), log=("panic",), fix="fix it"
    )
    item = ObjectResult(id=WEB, action=Action.CREATED, seconds=2.0)
    target = TargetResult(
        target="eu", result=Result.FAILED, objects=(item,), failures=(failure,), notes=("seen",)
    )
    report = reported(target, places={bare: Location(file="web.yaml", line=3)})
    outcome = deployment_outcome(report, DeployViews())
    assert outcome.exit_code == 1
    assert outcome.outputs["result"] == "failed"
    assert outcome.outputs["deployment-id"] == "7"
    error = outcome.notices[0]
    assert error.level == "error"
    assert error.location == Location(file="web.yaml", line=3)
    for words in ("it crashed", "event: BackOff", "log: panic", "Fix: fix it"):
        assert words in error.text
    assert [one.level for one in outcome.notices[1:]] == ["notice", "notice"]
    assert "panic" in outcome.summary
    (row,) = cast("list[dict[str, object]]", json.loads(outcome.outputs["objects"]))
    assert (row["environment"], row["target"], row["seconds"]) == ("staging", "eu", 2.0)


def test_a_failure_that_knows_its_line_is_shown_there_and_names_it_once() -> None:
    line = Location(file="environments/staging/web.yaml", line=3)
    failure = Failure(sentence=f"{line}: data.key is not base64", location=line)
    target = TargetResult(target="eu", result=Result.FAILED, failures=(failure,))
    outcome = deployment_outcome(reported(target), DeployViews())
    assert outcome.notices[0].location == line
    assert outcome.notices[0].text == "staging: data.key is not base64"
    assert str(line) in outcome.summary


@pytest.mark.parametrize(
    ("result", "interrupted", "code"),
    [
        (Result.SUCCEEDED, False, 0),
        (Result.SUPERSEDED, False, 0),
        (Result.FAILED, False, 1),
        (Result.UNKNOWN, False, 1),
        (Result.UNKNOWN, True, 130),
    ],
)
def test_what_could_not_be_told_is_no_success(
    result: Result,
    interrupted: bool,
    code: int,
) -> None:
    report = replace(reported(TargetResult(target="eu", result=result)), interrupted=interrupted)
    assert deployment_outcome(report, DeployViews()).exit_code == code


def test_outputs_stay_within_what_github_takes() -> None:
    many = tuple(
        ObjectResult(id=replace(WEB, name=f"web-{number}"), action=Action.CREATED, note="n" * 900)
        for number in range(1000)
    )
    report = reported(TargetResult(target="eu", result=Result.SUCCEEDED, objects=many))
    outcome = deployment_outcome(report, DeployViews())
    assert len(outcome.outputs["objects"]) < OUTPUT_LIMIT + 100
    rows = json.loads(outcome.outputs["objects"])
    assert rows[-1]["left-out"] == len(many) - (len(rows) - 1)
    assert len(outcome.summary.encode()) < 1_048_576


def test_foreign_text_stays_harmless_in_the_summary() -> None:
    difference = ObjectDiff(id=WEB, change="changed", text=f"-a\n+{HOSTILE}")
    item = ObjectResult(id=replace(WEB, name=HOSTILE), action=Action.CREATED, note=HOSTILE)
    failure = Failure(sentence=HOSTILE, log=("```", HOSTILE))
    target = TargetResult(
        target="eu",
        result=Result.FAILED,
        objects=(item,),
        failures=(failure,),
        differences=(difference,),
    )
    text = DeployViews().summary(reported(target, notes=(HOSTILE,)))
    outside = [line for line in text.splitlines() if "<img" in line and "`" not in line]
    assert outside == [line for line in outside if line.startswith(("+", "web |"))]


def test_the_list_says_why() -> None:
    decisions = (
        Decision(environment="staging", step=PendingStep.DEPLOY, reason="it changed"),
        Decision(environment="production", step=PendingStep.WAIT, reason="it comes after staging"),
    )
    report = DeploymentReport(
        repository="a/b",
        commit="c" * 40,
        decisions=decisions,
        due=("staging",),
        selected=("production",),
    )
    outcome = list_outcome(report, DeployViews())
    assert outcome.outputs["selected"] == '["production"]'
    assert outcome.outputs["environments"] == '["staging"]'
    assert outcome.headline == "To deploy: staging"
    assert "production: wait, it comes after staging" in outcome.lines
    assert "it comes after staging" in outcome.summary


def _run(name: str, stop: threading.Event) -> TargetRun:
    run = object.__new__(TargetRun)
    object.__setattr__(run, "target", Target(name=name, engine="push"))
    object.__setattr__(run, "stop", stop)
    return run


def test_a_broken_engine_is_told_after_the_others_ended() -> None:
    stop = threading.Event()

    def engine(run: TargetRun) -> TargetResult:
        if run.target.name == "us":
            raise ValueError("a bug")
        return TargetResult(target=run.target.name, result=Result.SUCCEEDED)

    works = [
        Work(target=run.target.name, go=partial(engine, run))
        for run in (_run("eu", stop), _run("us", stop))
    ]
    ended = deploy_targets(works, stop)
    assert [one.result for one in ended.targets] == [Result.SUCCEEDED, Result.UNKNOWN]
    assert isinstance(ended.bug, ValueError)


def _kubeconfig(*names: str) -> str:
    cluster = {"server": "https://127.0.0.1:1", "insecure-skip-tls-verify": True}
    return json.dumps(
        {
            "current-context": names[0],
            "contexts": [
                {"name": name, "context": {"cluster": "c", "user": "u", "namespace": name}}
                for name in names
            ],
            "clusters": [{"name": "c", "cluster": cluster}],
            "users": [{"name": "u", "user": {"token": "planted-token"}}],
        }
    )


def test_clusters_are_told_apart_and_their_secrets_known() -> None:
    out, redactor = io.StringIO(), Redactor()
    reporter = TerminalReporter(stream=out, redactor=redactor, colour=False)
    context = Context(environ={}, redactor=redactor, reporter=reporter)
    clusters = GivenClusters(
        inputs=ClusterInputs(kubeconfig=_kubeconfig("eu", "us")), context=context
    )
    target = Target(name="us", engine="push", context="us")
    cluster = clusters.connect(target, alone=False)
    assert (cluster.name, cluster.namespace) == ("us", "us")
    assert "planted-token" not in redactor.clean("a planted-token here")
    assert "may be anybody" in out.getvalue()
    named = replace(clusters, inputs=replace(clusters.inputs, kube_namespace="apps"))
    assert named.connect(target, alone=True).namespace == "apps"
    server = ClusterInputs(kube_server="https://127.0.0.1:1", kube_token="planted")
    assert replace(clusters, inputs=server).connect(target, alone=True).namespace == "default"
    with pytest.raises(UsageError, match="context"):
        replace(clusters, inputs=server).connect(target, alone=False)
    job = replace(context, environ={"GITHUB_ACTIONS": "true", "HOME": "/nowhere"})
    with pytest.raises(UsageError, match=r"There is no cluster to talk to.*`~/\.kube/config`"):
        GivenClusters(inputs=ClusterInputs(), context=job).connect(target, alone=True)


def test_a_persons_own_kubeconfig_is_read_at_a_terminal_alone(tmp_path: Path) -> None:
    (tmp_path / ".kube").mkdir()
    (tmp_path / ".kube" / "config").write_text(_kubeconfig("home", "us"))
    reporter = TerminalReporter(stream=io.StringIO(), redactor=Redactor(), colour=False)
    home = {"HOME": str(tmp_path)}
    target = Target(name="us", engine="push", context="us")

    def clusters(environ: dict[str, str]) -> GivenClusters:
        context = Context(environ=environ, redactor=Redactor(), reporter=reporter)
        return GivenClusters(inputs=ClusterInputs(), context=context)

    assert clusters(home).connect(target, alone=False).name == "us"
    with pytest.raises(UsageError, match=r"There is no cluster to talk to.*`~/\.kube/config`"):
        clusters({**home, "GITHUB_ACTIONS": "true"}).connect(target, alone=False)


def test_progress_of_several_targets_is_told_apart() -> None:
    out = io.StringIO()
    reporter = TerminalReporter(stream=out, redactor=Redactor(), colour=False)
    tellers = ProgressTellers(reporter)
    tellers.of("staging", "").phase("Apply 2 objects")
    tellers.of("staging", "").tell(Progress(text="configured", object_id=WEB, tone="good"))
    tellers.of("staging", "eu").phase("Wait")
    tellers.of("staging", "eu").tell(Progress(text="nothing yet"))
    tellers.close()
    lines = out.getvalue().splitlines()
    assert lines == [
        "staging: Apply 2 objects",
        "  Deployment web/web configured",
        "[eu] staging: Wait",
        "[eu] nothing yet",
    ]
