"""Values of Secrets in everything that `drift` prints and writes: planted, then looked for."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from testbed.action import StepResult
from testbed.cluster import ControlPlane
from tests.support.deploy_forge import CONFIG, RIGHTS, Deploying, deploying, settings
from tests.support.drift import STAGING, drift_step
from tests.support.github_forge import REPOSITORY

FOLDER = "environments/staging"
DESCRIBED = {"first": "Described-first-7141", "second": "Described-second-7142"}
OVERRIDDEN = "Overridden-first-7143"
LIVE = {"first": "Stolen-first-7144", "second": "Stolen-second-7145"}
KEY = "-----BEGIN THING-----\nTGluZS1vZi1hLWtleS03MTQ2\n-----END THING-----\n"
PLANTED = (*DESCRIBED.values(), OVERRIDDEN, *LIVE.values(), KEY.splitlines()[1])


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def secret(namespace: str) -> str:
    """Both ways of writing a value; `stringData` wins where both have the key."""
    body = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "login", "namespace": namespace},
        "data": {"first": encoded(OVERRIDDEN), "key.pem": encoded(KEY)},
        "stringData": DESCRIBED,
    }
    return json.dumps(body)


def copies(values: dict[str, str]) -> dict[str, str]:
    """A ConfigMap's data with values that a person copied out of the Secret, in many shapes."""
    long = "x" * 150
    return {
        "value": values["first"],
        "encoded": encoded(values["first"]),
        "line": f"user {values['second']} reads",
        "cut": f"{long} {encoded(values['second'])} {values['second']} {values['second']}",
        "key": KEY,
        "key-encoded": encoded(KEY),
    }


def settings_of(namespace: str) -> str:
    body = json.loads(settings(namespace, "settings", "1"))
    return json.dumps({**body, "data": dict.fromkeys(copies(LIVE), "described")})


@pytest.fixture
def stage(tmp_path: Path, control_plane: ControlPlane, namespace: str) -> Iterator[Deploying]:
    files = {
        CONFIG: STAGING,
        f"{FOLDER}/login.yaml": secret(namespace),
        f"{FOLDER}/settings.yaml": settings_of(namespace),
    }
    with deploying(tmp_path, control_plane, namespace, files) as found:
        yield found


def findings(result: StepResult) -> dict[str, Any]:
    (found,) = json.loads(result.outputs["report"])["environments"]
    return {one["name"]: one for one in found["objects"]}


def test_no_value_of_a_secret_is_printed_or_written(stage: Deploying) -> None:
    plane, space = stage.plane, stage.namespace
    assert stage.deploy(environment="staging").exit_code == 0
    assert drift_step(stage).outputs["state"] == "clean"
    stolen = json.dumps({"stringData": LIVE})
    plane.kubectl("patch", "secret", "login", "-n", space, "-p", stolen)
    copied = json.dumps({"data": copies(LIVE)})
    plane.kubectl("patch", "configmap", "settings", "-n", space, "-p", copied)
    rights = {**RIGHTS, "issues": "write"}
    token = stage.forge.token(
        login="github-actions[bot]", repositories=[REPOSITORY], permissions=rights
    )
    sights = stage.root / "sights.json"
    kept = {"issue": "true", "sights": str(sights), "token": token}
    results = [drift_step(stage, format=one, **kept) for one in ("table", "markdown", "json")]
    found = findings(results[0])
    assert {one["path"] for one in found["login"]["fields"]} == {"data.first", "data.second"}
    assert {one["path"] for one in found["settings"]["fields"]} == {
        f"data.{key}" for key in copies(LIVE)
    }
    (issue,) = stage.repository.issues()
    assert "data.second" in issue.body
    written = {
        "issue": issue.title + issue.body,
        "sights": sights.read_text(),
        **{f"log {n}": one.log for n, one in enumerate(results)},
        **{f"summary {n}": one.summary for n, one in enumerate(results)},
        **{f"output {n}": json.dumps(dict(one.outputs)) for n, one in enumerate(results)},
    }
    needles = {form for one in PLANTED for form in forms(one)} | {encoded(KEY)}
    shown_in = {(place, one) for place, text in written.items() for one in needles if one in text}
    assert shown_in == set()
    assert "patch" not in found["login"]
    assert "patch" not in found["settings"]


def forms(value: str) -> set[str]:
    """The value, a beginning of it that is long enough to tell, and both in base64."""
    beginning = value[:12]
    return {value, beginning, encoded(value), encoded(value).rstrip("="), encoded(beginning)}
