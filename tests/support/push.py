"""Whole deployments by push on the test bed's control plane."""

from __future__ import annotations

import threading
from dataclasses import replace

from gitops_action.commands.deploy.push.engine import deploy_by_push
from gitops_action.core.deploy.result import EnvironmentResult, TargetResult
from gitops_action.core.manifests.model import Body
from testbed.cluster import ControlPlane
from testbed.cluster.api import Json
from tests.support.pruning import Place, place
from tests.support.wait import Told

__all__ = [
    "Place",
    "actions",
    "again",
    "deploy",
    "is_retried",
    "live",
    "place",
    "sentences",
    "version",
]


def deploy(here: Place, *described: Body, **options: object) -> TargetResult:
    """Deploy these objects, and nothing else, in a run of its own."""
    return deploy_by_push(again(here, *described, **options).run)


def again(here: Place, *described: Body, **options: object) -> Place:
    """The same environment, described again, in another run."""
    changed = replace(here.options, **options)  # type: ignore[arg-type]
    return replace(here, described=described, options=changed, told=Told(), stop=threading.Event())


def actions(result: TargetResult) -> dict[str, str]:
    return {one.id.name: one.action.value for one in result.objects}


def sentences(result: TargetResult) -> str:
    return "\n".join(f"{one.sentence} | {one.fix}" for one in result.failures)


def is_retried(result: TargetResult) -> bool:
    """Whether `pending` tries this failure again without a change of the content."""
    return EnvironmentResult(environment="x", commit="c" * 40, targets=(result,)).retry


def live(plane: ControlPlane, body: Body) -> Json:
    """The object as it is, by another client than ours."""
    metadata = body["metadata"]
    assert isinstance(metadata, dict)
    group = str(body["apiVersion"]).rpartition("/")[0]
    kind = str(body["kind"]).lower() + (f".{group}" if group else "")
    return plane.resources.get(kind, str(metadata["name"]), str(metadata.get("namespace", "")))


def version(plane: ControlPlane, body: Body) -> str:
    found: str = live(plane, body)["metadata"]["resourceVersion"]
    return found
