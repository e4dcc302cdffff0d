"""The accounts that `init` writes for `engine: flux`: one applies, one waits, and no more."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from testbed.cluster import ControlPlane
from testbed.flux import NAMESPACE, Flux
from testbed.process import PartError
from tests.integration.test_push_access import careful
from tests.support.deploy_forge import CONFIG, settings
from tests.support.flux import apply, get, until
from tests.support.fluxing import Fluxing, beside, config, fluxing
from tests.support.scaffold import EXAMPLE, files_of

ENVIRONMENT = "staging"
WAITER = f"{ENVIRONMENT}-waiter"
PATH = f"environments/{ENVIRONMENT}/web.yaml"


ROLE = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role"}
FREE = json.dumps({"metadata": {"finalizers": None}})
NOBODY = {"apiVersion": "v1", "kind": "ConfigMap", "name": "nobody", "uid": "0-0-0-0-0"}
"""An owner that does not exist: what it owned is collected as garbage."""


@pytest.fixture(scope="module")
def administration(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `init environment --engine flux` writes for the administrator."""
    folder = tmp_path_factory.mktemp("environment")
    for path, text in files_of(EXAMPLE).items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    return folder / "cluster-config" / ENVIRONMENT


@pytest.fixture
def stage(
    tmp_path: Path, control_plane: ControlPlane, flux: Flux, administration: Path
) -> Iterator[Fluxing]:
    """The administrator applied the folder; only the address and the key are the test's own."""
    files = {PATH: settings(ENVIRONMENT, "web", "1")}
    with fluxing(tmp_path, control_plane, ENVIRONMENT, flux, files) as found:
        found.commit({CONFIG: config(f"{NAMESPACE}/{ENVIRONMENT}")})
        rendered = control_plane.kubectl("kustomize", str(administration))
        objects = [item for item in yaml.safe_load_all(rendered) if item]
        for one in objects:
            if one["kind"] == "GitRepository":
                one["spec"]["url"] = found.stage.repository.clone_url
                one["spec"]["secretRef"]["name"] = ENVIRONMENT
        namespaces = [one for one in objects if one["kind"] == "Namespace"]
        apply(control_plane, *namespaces)
        found.reconcile(*(one for one in objects if one["kind"] != "Namespace"))
        yield found
        # The name is the template's: the next test has it too, and a check that goes on holds it.
        flux.stop_kustomize()
        for kind in ("kustomization", "gitrepository"):
            control_plane.kubectl(
                *("patch", kind, ENVIRONMENT, "-n", NAMESPACE, "--type=merge", "-p", FREE)
            )
            control_plane.kubectl("delete", kind, ENVIRONMENT, "-n", NAMESPACE)
        flux.start_kustomize()


def kubeconfig(plane: ControlPlane, account: str = WAITER) -> str:
    """Leads to the waiting account."""
    token = plane.kubectl("create", "token", account, "-n", NAMESPACE, "--duration=1h")
    document = yaml.safe_load(plane.kubeconfig)
    for one in document["users"]:
        one["user"] = {"token": token.strip()}
    return json.dumps(document)


def refused(plane: ControlPlane, *arguments: str) -> str:
    """What the API server says to the waiting account."""
    with pytest.raises(PartError) as error:
        plane.kubectl(*arguments, f"--as=system:serviceaccount:{NAMESPACE}:{WAITER}")
    return str(error.value)


def test_it_waits_with_the_waiting_account_alone(stage: Fluxing) -> None:
    stage.commit({PATH: json.dumps(careful_here())})
    given = {"kubeconfig": kubeconfig(stage.plane), "kube_namespace": ""}
    first = stage.deploy(**given)
    assert first.outputs["result"] == "succeeded", first.log
    assert "may not" not in first.log
    stage.plane.behave("ghcr.io/acme/web:broken", "crash-loop", log="panic: no database")
    stage.commit({PATH: json.dumps(careful_here("ghcr.io/acme/web:broken"))})
    second = stage.deploy(**given)
    assert second.outputs["result"] == "failed", second.log
    assert "panic: no database" in second.summary


def test_without_the_right_to_ask_it_waits_for_the_interval(stage: Fluxing) -> None:
    role = get(stage.plane, "role", WAITER)
    rules = [rule for rule in role["rules"] if "patch" not in rule["verbs"]]
    metadata = {"name": WAITER, "namespace": NAMESPACE}
    apply(stage.plane, {**ROLE, "metadata": metadata, "rules": rules})
    until(lambda: stage.status().get("lastAppliedRevision"), what="Flux has applied the first")
    stage.flux.stop_source()
    stage.commit({PATH: settings(ENVIRONMENT, "web", "2")})

    def fetch() -> None:
        """What the end of an interval does: a controller that starts looks at everything."""
        until(
            lambda: stage.stage.states(ENVIRONMENT)[:1] == [["in_progress", "queued"]],
            what="the deployment has begun",
        )
        time.sleep(3)
        stage.flux.start_source()

    given = {"kubeconfig": kubeconfig(stage.plane), "kube_namespace": ""}
    result = beside(lambda: stage.deploy(**given), fetch)
    assert result.outputs["result"] == "succeeded", result.log
    assert "may not ask Flux to reconcile GitRepository" in result.log
    assert "interval, 1m" in result.log
    assert "Flux's word" not in result.log


def test_the_waiting_account_changes_one_annotation_and_nothing_else(stage: Fluxing) -> None:
    plane, flux = stage.plane, ("-n", NAMESPACE)
    mine = f"--as=system:serviceaccount:{NAMESPACE}:{WAITER}"
    until(lambda: not may_suspend(plane), what="the policy counts")
    for kind in ("kustomization", "gitrepository"):
        asked = "reconcile.fluxcd.io/requestedAt=2026-01-01"
        plane.kubectl("annotate", "--overwrite", kind, ENVIRONMENT, *flux, asked, mine)
        patch = ("patch", kind, ENVIRONMENT, *flux, "--type=merge", "-p")
        for change in (
            {"spec": {"suspend": True}},
            {"metadata": {"annotations": {"other": "1"}}},
            {"metadata": {"labels": {"other": "1"}}},
            {"metadata": {"finalizers": ["acme.dev/other"]}},
            {"metadata": {"ownerReferences": [NOBODY]}},
        ):
            said = refused(plane, *patch, json.dumps(change))
            assert "this account may" in said, change
        assert "forbidden" in refused(plane, "delete", kind, ENVIRONMENT, *flux).lower()
    for words in (
        ("get", "secrets", *flux),
        ("get", "secrets", "-n", ENVIRONMENT),
        ("get", "configmaps", "-n", ENVIRONMENT),
        ("get", "nodes"),
        ("delete", "deployment", "web", "-n", ENVIRONMENT),
        ("get", "pods", "-n", "kube-system"),
    ):
        assert "forbidden" in refused(plane, *words).lower(), words


def may_suspend(plane: ControlPlane) -> bool:
    """Whether the API server would let it; a new policy counts after a moment."""
    change = json.dumps({"spec": {"suspend": True}})
    place = ("kustomization", ENVIRONMENT, "-n", NAMESPACE, "--type=merge", "--dry-run=server")
    who = f"--as=system:serviceaccount:{NAMESPACE}:{WAITER}"
    try:
        plane.kubectl("patch", *place, "-p", change, who)
    except PartError:
        return False
    return True


def test_others_are_not_kept_from_changing_flux(stage: Fluxing) -> None:
    stage.patch("kustomization", suspend=True)
    stage.patch("kustomization", suspend=False)


def careful_here(image: str = "ghcr.io/acme/web:v1") -> dict[str, Any]:
    """A Deployment that the namespace's Pod Security Standard lets in."""
    body: dict[str, Any] = careful()
    body["metadata"]["namespace"] = ENVIRONMENT
    body["spec"]["template"]["spec"]["containers"][0]["image"] = image
    return body
