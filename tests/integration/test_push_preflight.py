"""Many new objects on a real API server: which are tried before the first write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from gitops_action.adapters.schemas import OfflineSchemas
from gitops_action.commands.deploy.push.engine import deploy_by_push
from gitops_action.commands.deploy.target import TargetRun
from gitops_action.core.config import Deploy
from gitops_action.core.deploy.result import Result, TargetResult
from gitops_action.core.manifests.model import Manifest
from testbed.cluster import ControlPlane
from testbed.cluster.api import Json
from tests.support.pruning import Place, config_map, exists
from tests.support.push import actions, again, place, sentences

MANY = 120


class Counting:
    """The cluster, with a count of what was tried without writing."""

    def __init__(self, cluster: Any) -> None:
        self._cluster = cluster
        self.tried: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cluster, name)

    def apply_all(self, bodies: Sequence[Json], options: Any, **more: Any) -> Any:
        if options.dry_run:
            self.tried += [body["metadata"]["name"] for body in bodies]
        return self._cluster.apply_all(bodies, options, **more)


def schemas(version: str, definitions: Sequence[Manifest]) -> OfflineSchemas:
    return OfflineSchemas(kubernetes=version, crds=definitions)


def run(here: Place, *described: Json, **changes: Any) -> tuple[TargetResult, Counting]:
    counting = Counting(here.cluster)
    made: TargetRun = again(here, *described).run
    changes = {"schemas": schemas, **changes}
    return deploy_by_push(replace(made, cluster=counting, **changes)), counting


@pytest.fixture
def here(control_plane: ControlPlane, namespace: str) -> Place:
    return place(control_plane, namespace)


def maps(namespace: str, count: int = MANY) -> list[Json]:
    return [config_map(namespace, f"c{number}") for number in range(count)]


def test_of_many_new_objects_one_of_each_kind_is_tried(here: Place, namespace: str) -> None:
    secret: Json = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"namespace": namespace, "name": "s"},
    }
    result, counting = run(here, *maps(namespace), secret)
    assert result.result is Result.SUCCEEDED, sentences(result)
    assert set(actions(result).values()) == {"created"}
    assert len(counting.tried) == 2
    assert "s" in counting.tried
    assert any(f"{MANY - 1} objects were not tried" in note for note in result.notes)


def test_what_a_schema_objects_to_is_tried_and_nothing_is_written(
    here: Place, control_plane: ControlPlane, namespace: str
) -> None:
    wrong = {**config_map(namespace, "wrong"), "date": {"a": "b"}}
    result, counting = run(here, *maps(namespace), wrong)
    assert result.result is Result.FAILED
    assert "wrong" in counting.tried
    assert len(counting.tried) == 2
    assert "date" in sentences(result)
    assert not exists(control_plane, namespace, "c0")


def test_all_are_tried_where_the_configuration_says_so(here: Place, namespace: str) -> None:
    full = replace(here, settings=Deploy(preflight="full"))
    result, counting = run(full, *maps(namespace))
    assert result.result is Result.SUCCEEDED, sentences(result)
    assert len(counting.tried) == MANY


@pytest.mark.parametrize("count", [100, 101])
def test_up_to_a_hundred_new_objects_are_all_tried(here: Place, namespace: str, count: int) -> None:
    result, counting = run(here, *maps(namespace, count))
    assert result.result is Result.SUCCEEDED, sentences(result)
    assert len(counting.tried) == (count if count == 100 else 1)


def test_without_schemas_all_are_tried(here: Place, namespace: str) -> None:
    result, counting = run(here, *maps(namespace), schemas=None)
    assert result.result is Result.SUCCEEDED, sentences(result)
    assert len(counting.tried) == MANY


def test_changed_objects_are_always_tried(here: Place, namespace: str) -> None:
    described = maps(namespace)
    assert run(here, *described)[0].result is Result.SUCCEEDED
    changed = [{**one, "data": {"a": "c"}} for one in described]
    result, counting = run(here, *changed)
    assert set(actions(result).values()) == {"configured"}
    assert len(counting.tried) == MANY
