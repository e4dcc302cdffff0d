"""`deploy` as a step of a job: GitHub's double, a real API server, a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from testbed.action import Step, StepResult
from testbed.cluster import ControlPlane
from tests.support.deploy_forge import CONFIG, Deploying, deploying, settings, web

WEB = "environments/staging/web.yaml"
GOOD = "ghcr.io/acme/web:v1"
BETTER = "ghcr.io/acme/web:v2"
BAD = "ghcr.io/acme/web:v3"
SECRET = "s3cr3t-of-the-application"


def config(target: str = "engine: push") -> str:
    deploy = f"deploy: {{{target}, prune: {{max: 100%}}, health: {{timeout: 60s}}}}"
    return (
        "version: 1\nenvironments:\n"
        f"  staging:\n    path: environments/staging\n    {deploy}\n"
        f"  production:\n    path: environments/production\n    after: [staging]\n    {deploy}\n"
    )


@pytest.fixture
def stage(tmp_path: Path, control_plane: ControlPlane, namespace: str) -> Iterator[Deploying]:
    files = {
        CONFIG: config(),
        WEB: web(namespace, GOOD),
        "environments/production/settings.yaml": settings(namespace, "production", "1"),
    }
    with deploying(tmp_path, control_plane, namespace, files) as found:
        yield found


def rows(result: StepResult, name: str = "objects") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(result.outputs[name])
    return found


def actions(result: StepResult) -> dict[str, str]:
    return {row["name"]: row["action"] for row in rows(result)}


def test_a_release_is_deployed_verified_recorded_and_told(stage: Deploying) -> None:
    first = stage.deploy(environment="staging", environment_url="https://staging.acme.dev")
    assert first.exit_code == 0, first.log
    assert first.outputs["result"] == "succeeded"
    assert actions(first) == {"web": "created"}
    assert rows(first)[0]["health"] == "Current"
    assert rows(first, "failures") == []
    assert first.outputs["deployment-id"].isdigit()
    assert stage.states("staging") == [["success", "in_progress", "queued"]]
    assert "::group::staging" in first.log
    assert "web" in first.summary
    assert "created" in first.summary
    again = stage.deploy(environment="staging")
    assert actions(again) == {"web": "unchanged"}
    stage.commit({WEB: web(stage.namespace, BETTER)})
    newer = stage.deploy(environment="staging")
    assert actions(newer) == {"web": "configured"}, newer.log
    (container,) = stage.live("deployment", "web")["spec"]["template"]["spec"]["containers"]
    assert container["image"] == BETTER


def test_a_failing_release_is_caught_with_its_reason_and_its_line(stage: Deploying) -> None:
    stage.plane.behave(BAD, "crash-loop", log="panic: no database")
    assert stage.deploy(environment="staging").exit_code == 0
    stage.commit({WEB: web(stage.namespace, BAD, progressDeadlineSeconds=30)})
    result = stage.deploy(environment="staging")
    assert result.exit_code == 1
    assert result.outputs["result"] == "failed"
    (failure,) = rows(result, "failures")
    assert "crash" in failure["message"]
    assert any("no database" in line for line in failure["log"])
    assert f"file={WEB}" in result.log
    assert "no database" in result.summary
    assert stage.states("staging")[0][0] == "failure"
    pending = stage.deploy(pending="true", dry_run="true", kubeconfig="", kube_namespace="")
    assert "this very content failed" in pending.log


def test_a_dry_run_shows_the_difference_and_writes_nothing(stage: Deploying) -> None:
    result = stage.deploy(environment="staging", dry_run="true")
    assert result.exit_code == 0, result.log
    assert actions(result) == {"web": "created"}
    assert "+" in result.summary
    assert GOOD in result.summary
    assert stage.live("deployment", "web") == {}
    assert stage.states("staging") == []
    listed = stage.plane.kubectl("get", "lease,configmap", "-n", stage.namespace, "-o", "name")
    assert "gitops" not in listed


def test_an_older_commit_is_superseded_and_going_back_is_a_revert(stage: Deploying) -> None:
    old = stage.repository.resolve("main")
    stage.commit({WEB: web(stage.namespace, BETTER)})
    assert stage.deploy(environment="staging").exit_code == 0
    for dry_run in ("true", ""):
        result = stage.deploy(environment="staging", commit=old, dry_run=dry_run)
        assert result.exit_code == 0
        assert result.outputs["result"] == "superseded"
    assert "is newer and contains it" in result.log
    (container,) = stage.live("deployment", "web")["spec"]["template"]["spec"]["containers"]
    assert container["image"] == BETTER
    stage.commit({WEB: web(stage.namespace, GOOD)})
    reverted = stage.deploy(environment="staging")
    assert actions(reverted) == {"web": "configured"}


def test_pending_lists_what_is_due_and_deploys_it_in_order(stage: Deploying) -> None:
    listed = stage.deploy(pending="true", dry_run="true", kubeconfig="", kube_namespace="")
    assert listed.exit_code == 0, listed.log
    assert json.loads(listed.outputs["environments"]) == ["staging", "production"]
    assert "comes after staging" in listed.log
    early = stage.deploy(pending="true", environment="production")
    assert early.outputs["result"] == "nothing"
    assert "production: wait, it comes after staging" in early.log
    result = stage.deploy(pending="true")
    assert result.exit_code == 0, result.log
    assert json.loads(result.outputs["environments"]) == ["staging", "production"]
    nothing = stage.deploy(pending="true")
    assert nothing.outputs["result"] == "nothing"
    assert json.loads(nothing.outputs["environments"]) == []
    assert nothing.log.count("1 objects are as described") == 2
    stage.commit({"environments/production/settings.yaml": settings(stage.namespace, "new", "2")})
    due = stage.deploy(pending="true", dry_run="true", kubeconfig="", kube_namespace="")
    assert json.loads(due.outputs["environments"]) == ["production"]
    pruned = stage.deploy(pending="true")
    assert actions(pruned) == {"new": "created", "production": "pruned"}, pruned.log


def test_a_list_gives_the_named_environments_as_they_are_declared(stage: Deploying) -> None:
    """Whatever is pending: the workflow uses them as names of GitHub environments."""

    def listed(**inputs: str) -> StepResult:
        return stage.deploy(
            pending="true", dry_run="true", kubeconfig="", kube_namespace="", **inputs
        )

    assert json.loads(listed().outputs["selected"]) == []
    for text in ("production", " production,", "production\n"):
        assert json.loads(listed(environment=text).outputs["selected"]) == ["production"]
    unknown = listed(environment="prodution")
    assert (unknown.exit_code, unknown.outputs.get("selected", "")) == (2, "")
    assert json.loads(listed(destroy="staging").outputs["selected"]) == ["staging"]
    never = listed(destroy="never")
    assert never.exit_code == 2
    assert "nothing was deployed under its name" in never.log


def test_the_first_push_of_a_new_repository_ends_green_with_a_notice(stage: Deploying) -> None:
    first = stage.deploy(pending="true", kubeconfig="", kube_namespace="")
    assert first.exit_code == 0, first.log
    assert first.outputs["result"] == "nothing"
    assert "::notice" in first.log
    assert (
        "nothing was ever deployed, and neither `kubeconfig` nor `kube-server` is given"
        in first.log
    )
    named = stage.deploy(environment="staging", kubeconfig="", kube_namespace="")
    assert named.exit_code == 2
    assert stage.deploy(environment="staging").exit_code == 0
    stage.commit({WEB: web(stage.namespace, BETTER)})
    lost = stage.deploy(pending="true", kubeconfig="", kube_namespace="")
    assert lost.exit_code == 2, "a secret that went is no new repository"


def test_one_that_comes_after_a_failure_is_not_deployed(stage: Deploying) -> None:
    stage.plane.behave(BAD, "crash-loop")
    last = "  last: {path: environments/last, after: [production], deploy: {engine: push}}\n"
    stage.commit(
        {
            WEB: web(stage.namespace, BAD),
            CONFIG: config() + last,
            "environments/last/settings.yaml": settings(stage.namespace, "last", "1"),
        }
    )
    result = stage.deploy(pending="true")
    assert result.exit_code == 1
    assert "not deployed: it comes after staging" in result.log
    assert stage.live("configmap", "last") == {}
    assert stage.live("configmap", "production") == {}
    assert stage.states("production") == []
    later = stage.deploy(pending="true")
    assert later.outputs["result"] == "nothing"
    assert "staging, which has not succeeded with what it describes" in later.log
    assert stage.live("configmap", "production") == {}
    by_name = stage.deploy(environment="production")
    assert by_name.outputs["result"] == "succeeded", by_name.log


def test_a_failed_environment_holds_up_only_what_the_same_commits_change(
    stage: Deploying,
) -> None:
    settled = "environments/production/settings.yaml"
    assert stage.deploy(pending="true").outputs["result"] == "succeeded"
    stage.plane.behave(BAD, "crash-loop")
    stage.commit({WEB: web(stage.namespace, BAD)})
    assert stage.deploy(pending="true").outputs["result"] == "failed"
    stage.commit({settled: settings(stage.namespace, "production", "2")})
    held = stage.deploy(pending="true")
    assert held.outputs["result"] == "nothing", held.log
    stage.commit({WEB: web(stage.namespace, GOOD)})
    freed = stage.deploy(pending="true", environment="production")
    assert freed.outputs["result"] == "succeeded", freed.log
    assert stage.live("configmap", "production")["data"] == {"value": "2"}
    stage.commit(
        {WEB: web(stage.namespace, BAD), settled: settings(stage.namespace, "production", "1")}
    )
    back = stage.deploy(pending="true", environment="production")
    assert stage.live("configmap", "production")["data"] == {"value": "1"}, back.log
    assert "it goes back to" in back.log


def test_one_that_cannot_be_reached_delays_those_after_it_once(stage: Deploying) -> None:
    away = _kubeconfig_to("https://127.0.0.1:1")
    for _ in range(2):
        waits = stage.deploy(pending="true", environment="production")
        assert waits.outputs["result"] == "nothing", waits.log
        unreachable = stage.deploy(pending="true", environment="staging", kubeconfig=away)
        assert unreachable.outputs["result"] == "unknown", unreachable.log
    goes = stage.deploy(pending="true", environment="production")
    assert goes.outputs["result"] == "succeeded", goes.log
    assert "still unknown" in goes.log
    assert [states[0] for states in stage.states("staging")] == ["error", "error"]


def test_a_value_that_is_no_text_is_refused_with_its_line(stage: Deploying) -> None:
    path = "environments/staging/login.yaml"
    secret = (
        "apiVersion: v1\nkind: Secret\n"
        f"metadata: {{name: login, namespace: {stage.namespace}}}\n"
        "stringData:\n  user: web\n  debug: true\n"
    )
    stage.commit({path: secret})
    result = stage.deploy(environment="staging")
    assert result.outputs["result"] == "failed"
    assert "stringData.debug is not text" in result.log
    assert f"::error file={path},line=1" in result.log
    assert stage.live("deployment", "web") == {}


def test_what_failed_outside_its_content_is_tried_again(stage: Deploying) -> None:
    shared = json.loads(settings(stage.namespace, "shared", "theirs"))
    stage.plane.kubectl(
        "apply", "--server-side", "--field-manager=someone", "-f", "-", stdin=json.dumps(shared)
    )
    stage.commit({"environments/staging/shared.yaml": settings(stage.namespace, "shared", "ours")})
    failed = stage.deploy(pending="true", environment="staging")
    assert failed.outputs["result"] == "failed"
    waits = stage.deploy(pending="true", environment="staging")
    assert waits.outputs["result"] == "nothing"
    assert "it is tried again from" in waits.log
    stage.plane.kubectl("delete", "configmap", "shared", "-n", stage.namespace)
    future = str(int(time.time()) + 301)
    later = stage.deploy(pending="true", environment="staging", at=future)
    assert later.outputs["result"] == "succeeded", later.log
    assert [states[0] for states in stage.states("staging")] == ["success", "failure"]


@pytest.mark.parametrize("first", ["staging", "production"])
def test_an_object_moves_between_environments_without_being_deleted(
    stage: Deploying, first: str
) -> None:
    shared = settings(stage.namespace, "shared", "1")
    stage.commit({"environments/staging/shared.yaml": shared})
    assert stage.deploy(pending="true").exit_code == 0
    uid = stage.live("configmap", "shared")["metadata"]["uid"]
    moved = settings(stage.namespace, "shared", "2")
    stage.commit(
        {
            "environments/staging/shared.yaml": None,
            "environments/production/shared.yaml": moved,
        }
    )
    order = [first, *({"staging", "production"} - {first})]
    logs = [stage.deploy(environment=name) for name in order]
    assert [one.exit_code for one in logs] == [0, 0], logs[0].log + logs[1].log
    found = stage.live("configmap", "shared")
    assert found["metadata"]["uid"] == uid
    assert found["data"] == {"value": "2"}
    if first == "staging":
        assert "production describes it now" in logs[0].log
    stage.commit({"environments/staging/shared.yaml": shared})
    both = stage.deploy(environment="staging")
    assert both.exit_code == 1
    assert "belongs to another environment" in both.log
    neither = dict.fromkeys(
        ("environments/staging/shared.yaml", "environments/production/shared.yaml")
    )
    stage.commit(neither)
    assert stage.deploy(environment="production").exit_code == 0
    assert stage.live("configmap", "shared") == {}


def test_an_environment_is_taken_down_and_one_that_is_declared_no_more_is_named(
    stage: Deploying,
) -> None:
    assert stage.deploy(pending="true").exit_code == 0
    differs = stage.deploy(environment="staging", destroy="production")
    assert differs.exit_code == 2
    shown = stage.deploy(destroy="staging", dry_run="true")
    assert actions(shown) == {"web": "pruned"}, shown.log
    assert "1 Deployment" in shown.log
    assert stage.live("deployment", "web")
    gone = stage.deploy(destroy="staging")
    assert gone.exit_code == 0, gone.log
    assert stage.live("deployment", "web") == {}
    assert stage.states("staging")[0][:2] == ["inactive", "success"]
    later = stage.deploy(pending="true")
    assert "deploy it by name" in later.log + later.summary
    assert stage.live("deployment", "web") == {}
    assert stage.deploy(environment="staging").exit_code == 0
    without = config().partition("  production:")[0]
    stage.commit({CONFIG: without, "environments/production/settings.yaml": None})
    named = stage.deploy(environment="staging")
    assert "the environment production is not declared any more" in named.log
    removed = stage.deploy(destroy="production")
    assert removed.exit_code == 0, removed.log
    assert stage.live("configmap", "production") == {}
    assert "is not declared any more" not in stage.deploy(environment="staging").log


def test_the_deployments_page_says_what_changes_and_the_way_back(stage: Deploying) -> None:
    described = config().replace(
        "path: environments/staging",
        'path: environments/staging\n    url: "https://{application}.acme.dev"\n'
        "    production: true",
    )
    stage.commit({CONFIG: described})
    assert stage.deploy(environment="staging").exit_code == 0
    stage.plane.behave(BAD, "crash-loop")
    stage.commit({WEB: web(stage.namespace, BAD)})
    failed = stage.deploy(environment="staging")
    assert "the last version that was verified here is web v1" in failed.log
    newest, first = stage.deployments("staging")
    assert newest["description"] == "web v1 → v3"
    assert first["description"] == "web v1"
    assert newest["production_environment"] is True
    status = newest["statuses"][0]
    assert status["environment_url"] == "https://web.acme.dev"
    assert status["description"].endswith("(last good: web v1)")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_is_ended_while_it_applies_leaves_no_orphan(
    stage: Deploying, number: signal.Signals
) -> None:
    many = {
        f"environments/staging/many-{index}.yaml": settings(stage.namespace, f"many-{index}", "1")
        for index in range(300)
    }
    stage.commit(many)
    process = _started(stage, stage.step(environment="staging"))
    deadline = time.monotonic() + 60
    while "many-" not in _names(stage):
        assert time.monotonic() < deadline, "nothing was applied"
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.05)
    process.send_signal(number)
    process.communicate(timeout=30)
    begun = _names(stage).count("many-")
    assert begun
    stage.plane.kubectl("delete", "lease", "--all", "-n", stage.namespace)
    stage.commit(dict.fromkeys(many))
    result = stage.deploy(environment="staging")
    assert result.exit_code == 0, result.log[-3000:]
    assert "many-" not in _names(stage)


def _names(stage: Deploying) -> str:
    found = stage.plane.api.get(stage.plane.resources.collection("configmap", stage.namespace))
    return "\n".join(item["metadata"]["name"] for item in found["items"])


def test_drift_is_a_note_or_corrected(stage: Deploying) -> None:
    assert stage.deploy(pending="true").outputs["result"] == "succeeded"
    change = ("patch", "configmap", "production", "-n", stage.namespace, "--type=merge")
    stage.plane.kubectl(*change, "--field-manager=someone", '-p={"data": {"value": "9"}}')
    seen = stage.deploy(pending="true")
    assert seen.outputs["result"] == "nothing"
    assert "1 objects differ from what is described: ConfigMap" in seen.log
    assert stage.live("configmap", "production")["data"] == {"value": "9"}
    stage.plane.kubectl("delete", "configmap", "production", "-n", stage.namespace)
    stage.commit({CONFIG: config().replace("engine: push", "engine: push, drift: correct")})
    corrected = stage.deploy(pending="true")
    assert corrected.outputs["result"] == "succeeded", corrected.log
    assert stage.live("configmap", "production")["data"] == {"value": "1"}
    assert [states[0] for states in stage.states("production")] == ["success", "inactive"]
    by_hand = '-p={"data": {"value": "9"}}'
    stage.plane.kubectl(*change, "--field-manager=kubectl-edit", by_hand)
    reset = stage.deploy(pending="true")
    assert actions(reset) == {"production": "configured"}, reset.log
    assert stage.live("configmap", "production")["data"] == {"value": "1"}


def test_hooks_have_rows_in_the_summary_with_what_makes_them_hooks(stage: Deploying) -> None:
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": "migrate",
            "namespace": stage.namespace,
            "annotations": {"gitops-action/hook": "pre"},
        },
        "spec": {
            "template": {
                "spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "a:1"}]}
            }
        },
    }
    stage.commit({"environments/staging/migrate.yaml": json.dumps(job)})
    shown = stage.deploy(environment="staging", dry_run="true")
    assert "pre hooks would run, in this order: Job" in shown.summary
    assert _row(shown, "migrate") == ["created", "hook (gitops-action/hook: pre)"]
    done = stage.deploy(environment="staging")
    assert done.outputs["result"] == "succeeded", done.log
    assert _row(done, "migrate") == ["created", "hook (gitops-action/hook: pre)"]
    again = stage.deploy(environment="staging")
    why = "nothing has changed since it succeeded"
    assert _row(again, "migrate") == ["skipped", f"hook (gitops-action/hook: pre): {why}"]


def _row(result: StepResult, name: str) -> list[str]:
    """Action and note of an object in the summary's table, without its marks of code."""
    line = next(one for one in result.summary.splitlines() if one.startswith("| ") and name in one)
    cells = [cell.strip() for cell in line.replace("`", "").strip("| ").split(" | ")]
    return [cells[1], cells[-1]]


def test_a_cancelled_job_tells_how_far_it_got_and_the_next_goes_on(stage: Deploying) -> None:
    slow = web(stage.namespace, BETTER).replace(
        '"labels"', '"annotations": {"testbed/behaviour": "never-ready"},\n"labels"', 1
    )
    stage.commit({WEB: slow})
    summary = stage.root / "summary"
    process = _started(stage, stage.step(environment="staging"))
    deadline = time.monotonic() + 60
    while not stage.live("deployment", "web"):
        assert time.monotonic() < deadline, "it was not applied"
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.1)
    time.sleep(1)
    process.send_signal(signal.SIGTERM)
    began = time.monotonic()
    log, _ = process.communicate(timeout=30)
    assert time.monotonic() - began < 7.5, "GitHub kills it then"
    assert process.returncode == 130, log
    assert "The job was cancelled" in summary.read_text()
    assert stage.states("staging")[0][0] == "error"
    stage.commit({WEB: web(stage.namespace, GOOD)})
    assert stage.deploy(environment="staging").outputs["result"] == "succeeded"


def test_two_targets_succeed_together_and_are_told_apart(
    stage: Deploying, control_plane: ControlPlane
) -> None:
    control_plane.namespace(f"{stage.namespace}-2")
    both = "targets: [{name: eu, engine: push, context: eu}, {name: us, engine: push, context: us}]"
    stage.commit({CONFIG: config(both)})
    kubeconfig = _two_contexts(control_plane.kubeconfig, stage.namespace)
    result = stage.deploy(environment="staging", kubeconfig=kubeconfig, kube_namespace="")
    assert result.exit_code == 0, result.log
    assert {row["target"] for row in rows(result)} == {"eu", "us"}
    assert "[eu] " in result.log
    assert "[us] " in result.log


def test_what_cannot_be_rendered_or_reached_is_told(stage: Deploying) -> None:
    unreachable = _kubeconfig_to("https://127.0.0.1:1")
    away = stage.deploy(environment="staging", kubeconfig=unreachable)
    assert away.exit_code == 1
    assert away.outputs["result"] == "unknown"
    assert stage.states("staging")[0][0] == "error"
    stage.commit({WEB: "kind: [broken"})
    broken = stage.deploy(environment="staging")
    assert broken.exit_code == 1
    assert broken.outputs["result"] == "failed"
    assert WEB in broken.log
    assert len(stage.states("staging")) == 1
    nobody = stage.deploy(environment="staging", kubeconfig="")
    assert nobody.exit_code in {1, 2}
    for one in (away, broken, nobody):
        everything = one.log + one.summary + json.dumps(dict(one.outputs))
        assert "planted-cluster-token" not in everything
        assert stage.token not in everything


def test_bad_input_is_refused_before_anything_is_touched(stage: Deploying) -> None:
    assert "No environment was specified" in _refused(stage.deploy())
    assert "'qa'" in _refused(stage.deploy(environment="qa"))
    assert "commit" in _refused(stage.deploy(environment="staging", commit="abc"))
    assert "no cluster to talk to" in _refused(stage.deploy(environment="staging", kubeconfig=""))
    stage.forge.fail("POST .*/deployments ", status=403)
    denied = stage.deploy(environment="staging")
    assert denied.exit_code == 1
    assert stage.live("deployment", "web") == {}
    assert stage.states("staging") == []


def test_a_person_deploys_what_is_checked_out(stage: Deploying) -> None:
    """Without a token nothing is recorded, and uncommitted files do not count."""
    folder = _checkout(stage)
    (folder / WEB).write_text(web(stage.namespace, BAD))
    document = _by_hand(stage, folder)
    assert document["data"]["result"] == "succeeded"
    assert any("not recorded" in one["text"] for one in document["notices"])
    assert _image(stage) == GOOD
    assert stage.states("staging") == []


def test_without_github_a_revert_that_is_not_pushed_is_deployed(stage: Deploying) -> None:
    """And the next deployment of the branch brings back what the branch describes."""
    stage.commit({WEB: web(stage.namespace, BETTER)})
    assert stage.deploy(environment="staging").exit_code == 0
    folder = _checkout(stage)
    author = ["-c", "user.name=Alice", "-c", "user.email=alice@example.com"]
    subprocess.run(["git", *author, "revert", "--no-edit", "HEAD"], cwd=folder, check=True)
    document = _by_hand(stage, folder)
    assert document["data"]["result"] == "succeeded"
    assert _image(stage) == GOOD
    assert stage.deploy(environment="staging").exit_code == 0
    assert _image(stage) == BETTER


def _checkout(stage: Deploying) -> Path:
    folder = stage.root / "checkout"
    header = f"http.extraHeader=Authorization: bearer {stage.token}"
    clone = ["git", "-c", header, "clone", "-q", stage.repository.clone_url, str(folder)]
    subprocess.run(clone, check=True)
    return folder


def _by_hand(stage: Deploying, folder: Path) -> dict[str, Any]:
    """Deploy a checkout by the person's own kubeconfig, and without a token; gives the outcome."""
    home = stage.root / "home"
    (home / ".kube").mkdir(parents=True)
    (home / ".kube" / "config").write_text(stage.plane.kubeconfig)
    program = [sys.executable, "-m", "gitops_action", "deploy", "--environment", "staging"]
    given = ["--repository", "acme/environment", "--kube-namespace", stage.namespace]
    done = subprocess.run(
        [*program, *given, "--json"],
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "PYTHONPATH": str(Path.cwd()),
            "GITHUB_SERVER_URL": stage.forge.server_url,  # part of the inventory's identity
            "GITHUB_API_URL": "http://127.0.0.1:9",  # nobody answers there
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def _image(stage: Deploying) -> str:
    """The image that the cluster has."""
    (container,) = stage.live("deployment", "web")["spec"]["template"]["spec"]["containers"]
    return str(container["image"])


def _started(stage: Deploying, step: Step) -> subprocess.Popen[str]:
    """The step as a process that can be signalled."""
    names = {f"INPUT_{name.upper().replace(' ', '_')}": text for name, text in step.inputs.items()}
    env = {"PATH": os.environ["PATH"], "GITHUB_ACTIONS": "true", **names, **step.env}
    env |= {
        "TMPDIR": str(stage.root),  # one that is killed cannot remove its folders
        "GITHUB_OUTPUT": str(stage.root / "output"),
        "GITHUB_STEP_SUMMARY": str(stage.root / "summary"),
    }
    return subprocess.Popen(
        [sys.executable, "entrypoint.py"],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _refused(result: StepResult) -> str:
    assert result.exit_code == 2, result.log
    return result.log


def _kubeconfig_to(server: str) -> str:
    return json.dumps(
        {
            "current-context": "away",
            "contexts": [{"name": "away", "context": {"cluster": "away", "user": "me"}}],
            "clusters": [{"name": "away", "cluster": {"server": server}}],
            "users": [{"name": "me", "user": {"token": "planted-cluster-token"}}],
        }
    )


def _two_contexts(kubeconfig: str, namespace: str) -> str:
    """The same cluster by two names, each with a namespace of its own for its inventory."""
    import yaml  # noqa: PLC0415 - one helper's

    document = yaml.safe_load(kubeconfig)
    (context,) = document["contexts"]
    document["contexts"] = [
        {"name": "eu", "context": {**context["context"], "namespace": namespace}},
        {"name": "us", "context": {**context["context"], "namespace": f"{namespace}-2"}},
    ]
    return json.dumps(document)
