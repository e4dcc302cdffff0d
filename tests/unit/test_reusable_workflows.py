"""What every reusable workflow takes, and that the variant by OIDC is otherwise the same."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from gitops_action.core.status.drift import STEPS

FOLDER = Path(__file__).parents[2] / ".github" / "workflows"
DOCUMENTS = FOLDER.parents[1] / "docs"
ADDRESSES = ("server-url", "api-url", "graphql-url")
TEMPLATES = sorted((FOLDER.parents[1] / "templates").glob("*/.github/workflows/*.yml"))


def read(path: Path) -> dict[Any, Any]:
    body: dict[Any, Any] = yaml.load(path.read_text(), Loader=yaml.CSafeLoader)
    return body


def called(body: Mapping[Any, Any]) -> Mapping[str, Any]:
    # YAML 1.1 reads the key `on` as a boolean.
    found: Mapping[str, Any] = (body[True] or {}).get("workflow_call") or {}
    return found


# release.yml is an application's: it is called where images are built.
REUSABLE = [
    path.name
    for path in sorted(FOLDER.glob("*.yml"))
    if called(read(path)) and path.name != "release.yml"
]


@pytest.mark.parametrize("name", REUSABLE)
def test_every_one_takes_a_runner_and_the_addresses_of_github(name: str) -> None:
    body = read(FOLDER / name)
    assert {"runs-on", *ADDRESSES} <= set(called(body)["inputs"])
    for job in body["jobs"].values():
        assert job["runs-on"] == "${{ inputs.runs-on }}"
        for step in job["steps"]:
            if str(step.get("uses", "")).startswith("OWNER/gitops-action"):
                given = {key: step["with"].get(key) for key in ADDRESSES}
                assert given == {key: f"${{{{ inputs.{key} }}}}" for key in ADDRESSES}


@pytest.mark.parametrize("name", REUSABLE)
def test_every_input_and_secret_is_used(name: str) -> None:
    text = (FOLDER / name).read_text()
    call = called(yaml.load(text, Loader=yaml.CSafeLoader))
    for kind in ("inputs", "secrets"):
        for key in call.get(kind) or {}:
            assert re.search(rf"{kind}\.{key}\b(?!-)", text), key


OF_OIDC = {
    *("cloud", "cluster", "region", "role", "workload-identity-provider", "service-account"),
    *("azure-client-id", "azure-tenant-id"),
}
OF_DEPLOY = {"context"}
CREDENTIALS = ("kubeconfig", "context", "kube-server", "kube-ca", "kube-token")


def test_the_variant_by_oidc_is_the_same_but_for_the_credentials() -> None:
    plain, minted = read(FOLDER / "deploy.yml"), read(FOLDER / "deploy-oidc.yml")
    inputs, ours = called(plain)["inputs"], called(minted)["inputs"]
    assert set(ours) ^ set(inputs) == OF_OIDC | OF_DEPLOY
    assert set(called(plain)["secrets"]) - set(called(minted)["secrets"]) == {
        "kubeconfig",
        "kube-token",
    }
    assert plain["jobs"]["plan"] == minted["jobs"]["plan"]
    one, other = plain["jobs"]["deploy"], minted["jobs"]["deploy"]
    assert other["permissions"].pop("id-token") == "write"
    (step,), (*before, last) = one.pop("steps"), other.pop("steps")
    assert one == other
    for each in (step, last):
        for key in CREDENTIALS:
            each["with"].pop(key, None)
    assert step == last
    assert not [each for each in before if str(each.get("uses", "")).startswith("OWNER")]


def test_the_variant_with_artifact_metadata_is_the_same_but_for_the_right() -> None:
    plain, recorded = read(FOLDER / "deploy.yml"), read(FOLDER / "deploy-artifact-metadata.yml")
    other = recorded["jobs"]["deploy"]
    assert other["permissions"].pop("artifact-metadata") == "write"
    assert other["steps"][0]["with"].pop("artifact-metadata") == "true"
    assert called(plain) == called(recorded)
    assert plain["jobs"] == recorded["jobs"]


def test_each_state_of_drift_has_a_step_that_status_reads() -> None:
    steps = read(FOLDER / "drift.yml")["jobs"]["drift"]["steps"]
    found = {
        step["name"]: re.findall(r"outputs\.state == '(\w+)'", step["if"])
        for step in steps
        if "outputs.state" in str(step.get("if"))
    }
    assert found == {name: [word] for name, word in STEPS.items()}


def test_the_status_page_is_written_alike_for_pages() -> None:
    kept, published = read(FOLDER / "status.yml"), read(FOLDER / "status-pages.yml")
    for part in ("inputs", "secrets"):
        assert called(kept)[part] == called(published)[part]
    (*one, _), (*other, upload) = (
        each["jobs"]["status"].pop("steps") for each in (kept, published)
    )
    assert one == other
    assert kept["jobs"]["status"] == published["jobs"]["status"]
    assert upload["uses"].startswith("actions/upload-pages-artifact@")
    assert published["jobs"]["publish"]["permissions"] == {"pages": "write", "id-token": "write"}
    assert all(level == "read" for level in kept["jobs"]["status"]["permissions"].values())


def test_only_the_variants_may_ask_for_an_identity() -> None:
    for name in {*REUSABLE} - {"deploy-oidc.yml", "status-pages.yml"}:
        for job in read(FOLDER / name)["jobs"].values():
            assert "id-token" not in job.get("permissions", {}), name


def test_cloud_credentials_stay_in_the_steps_that_use_them() -> None:
    steps = {
        step["name"]: step for step in read(FOLDER / "deploy-oidc.yml")["jobs"]["deploy"]["steps"]
    }
    assert steps["Log in to AWS"]["with"]["output-env-credentials"] is False
    google = steps["Get the cluster's token from Google Cloud"]["with"]
    assert (google["create_credentials_file"], google["export_environment_variables"]) == (
        False,
        False,
    )
    for name, step in steps.items():
        if "run" in step and "token" in step["run"]:
            mask, output = step["run"].index("::add-mask::"), step["run"].index("GITHUB_OUTPUT")
            assert mask < output, name
    assert "AWS" not in str(steps["Deploy"].get("env"))


def test_a_typed_name_comes_back_from_the_configuration() -> None:
    """GitHub makes an environment without protection of whatever name a job has."""
    for name in ("deploy.yml", "deploy-artifact-metadata.yml", "deploy-oidc.yml"):
        plan = read(FOLDER / name)["jobs"]["plan"]
        assert "format(" not in plan["outputs"]["environments"]
        assert "steps.plan.outputs.selected" in plan["outputs"]["environments"]
        (step,) = plan["steps"]
        assert step["with"]["environment"] == "${{ inputs.environment }}"
        assert step["with"]["destroy"] == "${{ inputs.destroy }}"


def test_schedules_do_not_deploy_more_than_four_times_a_day() -> None:
    for path in TEMPLATES:
        if path.name == "deploy.yml":
            (cron,) = re.findall(r'cron: "(.*)"', path.read_text())
            minute, hours, *_ = cron.split()
            assert (minute.isdigit(), len(hours.split(","))) == (True, 4)


_CRON = re.compile(r'cron: "(.*)"')
_JOBS = {"deploy.yml": 1, "drift.yml": 2, "gate.yml": 1, "promote.yml": 1, "status.yml": 1}
"""Jobs of a scheduled run that finds nothing to do, with one environment."""


def test_headers_and_documents_have_the_schedules_that_init_writes() -> None:
    known = set()
    for path in TEMPLATES:
        crons = _CRON.findall(path.read_text())
        if crons:
            assert _CRON.findall((FOLDER / path.name).read_text()) == crons, path.name
        known.update(crons)
    for page in ("deploy.md", "drift.md", "status.md", "cloud-credentials.md", "promotion.md"):
        assert set(_CRON.findall((DOCUMENTS / page).read_text())) <= known, page


def test_the_documents_count_the_minutes_of_each_schedule() -> None:
    page = (DOCUMENTS / "deploy.md").read_text().partition("## What the schedules cost")[2]
    rows = dict(re.findall(r"^\| `([\w.]+)`.* \| (\d+)", page, re.MULTILINE))
    crons = {path.name: _CRON.findall(path.read_text()) for path in TEMPLATES}
    assert set(rows) >= {name for name, cron in crons.items() if cron}
    for name, minutes in rows.items():
        (cron,) = crons.get(name) or ("",)
        if cron:
            hours = cron.split()[1]
            runs = 24 if hours == "*" else len(hours.split(","))
            assert int(minutes) == runs * 30 * _JOBS[name], name


def test_jobs_of_templates_make_no_deployment() -> None:
    for path in TEMPLATES:
        for job in read(path)["jobs"].values():
            if "environment" in job:
                assert job["environment"]["deployment"] is False, path


OF_THE_APP = {"teams", "merge-queue", "mode"}
"""Inputs that only an App can honour: teams, a queue, and commits past the rulesets."""


@pytest.mark.parametrize("name", ["gate", "promote", "rollback", "commands"])
def test_the_variant_by_the_jobs_token_is_the_same_but_for_the_identity(name: str) -> None:
    plain, ours = read(FOLDER / f"{name}.yml"), read(FOLDER / f"{name}-job-token.yml")
    assert set(called(plain)["inputs"]) - set(called(ours)["inputs"]) <= OF_THE_APP
    assert set(called(ours)["inputs"]) <= set(called(plain)["inputs"])
    assert set(called(plain)["secrets"]) ^ set(called(ours)["secrets"]) == {
        "GITOPS_GATE_PRIVATE_KEY"
    }
    assert plain["jobs"].keys() == ours["jobs"].keys()
    for job, body in ours["jobs"].items():
        (step,) = body["steps"]
        *_, expected = plain["jobs"][job]["steps"]
        expected["with"] |= {"token": "${{ github.token }}"}
        expected["with"].pop("mode", None)
        assert step == expected
        assert body["concurrency"] == plain["jobs"][job]["concurrency"]
        assert "environment" not in body


def test_a_merge_by_the_jobs_token_may_start_the_deployment() -> None:
    for path in FOLDER.glob("*-job-token.yml"):
        assert read(path)["jobs"]["gate"]["permissions"]["actions"] == "write", path
