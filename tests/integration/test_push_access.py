"""The account that `init` writes for `engine: push`: it deploys to its namespace, and no more."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from gitops_action.core.cluster import errors
from gitops_action.core.cluster.model import Resource
from gitops_action.core.deploy.result import Result
from testbed.cluster import ControlPlane
from testbed.cluster.api import Json
from testbed.demo.layouts import CLASSIC
from tests.support.pruning import config_map, exists
from tests.support.push import Place, actions, deploy, place, sentences
from tests.support.wait import workload

HOME = CLASSIC.namespace
SECRETS = Resource(group="", version="v1", kind="Secret", plural="secrets", namespaced=True)


@pytest.fixture
def confined(tmp_path: Path, control_plane: ControlPlane) -> Place:
    """An administrator applied `cluster-config/`; the deployer comes with a token of its own.

    The namespace stays: its name is the template's, and its removal takes a while.
    """
    CLASSIC.write("ghcr.io/acme/web", tmp_path / "environment")
    folder = tmp_path / "environment" / CLASSIC.administration
    rendered = control_plane.kubectl("kustomize", str(folder))
    items = [item for item in yaml.safe_load_all(rendered) if item]
    listing = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
    control_plane.kubectl("apply", "--server-side", "-f", "-", stdin=listing)
    account = f"{HOME}-deployer"
    token = control_plane.kubectl("create", "token", account, "-n", HOME, "--duration=1h")
    document = yaml.safe_load(control_plane.kubeconfig)
    document["users"] = [
        {"name": one["name"], "user": {"token": token.strip()}} for one in document["users"]
    ]
    return place(control_plane, HOME, json.dumps(document))


def careful(name: str = "web", behaviour: str = "") -> Json:
    """A Deployment that the namespace's Pod Security Standard (`restricted`) lets in."""
    body: Json = json.loads(json.dumps(workload("Deployment", HOME, name, behaviour)))
    pod = body["spec"]["template"]["spec"]
    pod["securityContext"] = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    for container in pod["containers"]:
        container["securityContext"] = {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        }
    return body


def test_it_deploys_waits_and_prunes_in_its_namespace(
    confined: Place, control_plane: ControlPlane
) -> None:
    web, old = careful(), config_map(HOME, "old")
    first = deploy(confined, web, old, config_map(HOME, "kept"))
    assert first.result is Result.SUCCEEDED, sentences(first)
    assert set(actions(first).values()) == {"created"}
    assert first.notes == ()
    broken = careful("broken", "crash-loop")
    failed = deploy(confined, web, old, config_map(HOME, "kept"), broken)
    assert failed.result is Result.FAILED
    assert failed.failures[0].log, "it may read the failing container's log"
    second = deploy(confined, web, config_map(HOME, "kept"))
    assert second.result is Result.SUCCEEDED, sentences(second)
    assert actions(second)["old"] == "pruned"
    assert not exists(control_plane, HOME, "old")


def test_it_is_refused_elsewhere_before_anything_is_written(
    confined: Place, control_plane: ControlPlane, namespace: str
) -> None:
    mine, theirs = config_map(HOME, "mine"), config_map(namespace, "theirs")
    result = deploy(confined, mine, theirs)
    assert result.result is Result.FAILED
    assert namespace in sentences(result)
    assert not exists(control_plane, HOME, "mine")
    assert not exists(control_plane, namespace, "theirs")
    for where in (namespace, "kube-system", ""):
        with pytest.raises(errors.AccessDeniedError):
            confined.cluster.list(SECRETS, namespace=where)
