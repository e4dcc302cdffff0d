"""An environment's end and its change of name, on a real API server."""

from __future__ import annotations

from dataclasses import replace

from gitops_action.core.deploy.result import Result
from testbed.cluster import ControlPlane
from tests.support.pruning import config_map
from tests.support.push import actions, deploy, live, place, sentences
from tests.support.wait import workload


def inventories(plane: ControlPlane, namespace: str) -> list[str]:
    text = plane.kubectl(
        "get", "configmap", "-n", namespace, "-l", "gitops-action/stored-inventory", "-o", "name"
    )
    return text.split()


def test_destroying_deletes_everything_and_names_what_stays(
    control_plane: ControlPlane, namespace: str
) -> None:
    here = place(control_plane, namespace)
    keep = config_map(namespace, "keep")
    keep["metadata"]["annotations"] = {"gitops-action/prune": "disabled"}
    web, theirs = workload("Deployment", namespace), config_map(namespace, "theirs")
    control_plane.api.create(f"/api/v1/namespaces/{namespace}/configmaps", theirs)
    assert deploy(here, keep, web, config_map(namespace, "other")).result is Result.SUCCEEDED
    shown = deploy(here, dry_run=True, destroy=True)
    assert actions(shown) == {"web": "pruned", "other": "pruned"}
    assert "2 of 3 objects" in shown.notes[0]
    assert live(control_plane, web)
    result = deploy(here, destroy=True)
    assert result.result is Result.SUCCEEDED, sentences(result)
    assert not live(control_plane, web)
    assert live(control_plane, keep)
    assert live(control_plane, theirs)
    assert any("ConfigMap" in note and "keep stays" in note for note in result.notes)
    assert inventories(control_plane, namespace) == []
    nothing = deploy(here, destroy=True)
    assert nothing.result is Result.SUCCEEDED
    assert "nothing of production is recorded" in nothing.notes[0]


def hook(namespace: str, name: str, when: str, behaviour: str = "exit=0") -> dict[str, object]:
    body = dict(workload("Job", namespace, name, behaviour, backoffLimit=0))
    metadata, (key, _, value) = body["metadata"], when.partition("=")
    assert isinstance(metadata, dict)
    return {**body, "metadata": {**metadata, "annotations": {key: value}}}


def test_hooks_of_the_removal_run_before_and_after_everything_is_deleted(
    control_plane: ControlPlane, namespace: str
) -> None:
    here = place(control_plane, namespace)
    backup = hook(namespace, "backup", "helm.sh/hook=pre-delete")
    clean = hook(namespace, "clean", "argocd.argoproj.io/hook=PostDelete")
    settings = config_map(namespace, "settings")
    first = deploy(here, settings, backup, clean)
    assert first.result is Result.SUCCEEDED, sentences(first)
    assert actions(first) == {"settings": "created", "backup": "skipped", "clean": "skipped"}
    assert not live(control_plane, backup)

    shown = deploy(here, backup, clean, dry_run=True, destroy=True)
    assert f"post-delete hooks would run, in this order: Job {namespace}/clean" in shown.notes
    assert live(control_plane, settings)

    broken = hook(namespace, "backup", "helm.sh/hook=pre-delete", "exit=3")
    failed = deploy(here, broken, clean, destroy=True)
    assert failed.result is Result.FAILED
    assert "a pre-delete hook has failed: nothing was deleted" in failed.notes
    assert live(control_plane, settings)

    result = deploy(here, backup, clean, destroy=True)
    assert result.result is Result.SUCCEEDED, sentences(result)
    assert actions(result) == {"settings": "pruned", "backup": "created", "clean": "created"}
    for body in (settings, backup, clean):
        assert not live(control_plane, body)
    assert inventories(control_plane, namespace) == []


def test_a_hook_after_the_removal_needs_a_namespace_that_stays(
    control_plane: ControlPlane, namespace: str
) -> None:
    here = place(control_plane, namespace)
    new = f"{namespace}-new"
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": new}}
    clean = hook(new, "clean", "gitops-action/hook=post-delete")
    assert deploy(here, space, config_map(new, "settings")).result is Result.SUCCEEDED
    result = deploy(here, clean, destroy=True)
    assert result.result is Result.FAILED
    assert f"its namespace {new} is deleted with the environment" in sentences(result)
    assert live(control_plane, config_map(new, "settings"))
    assert deploy(here, destroy=True).result is Result.SUCCEEDED


def test_what_renders_to_nothing_is_refused_and_destroyed_by_its_name(
    control_plane: ControlPlane, namespace: str
) -> None:
    here = place(control_plane, namespace)
    settings = config_map(namespace, "settings")
    assert deploy(here, settings).result is Result.SUCCEEDED
    for confirmed in (False, True):
        refused = deploy(here, confirm_prune=confirmed)
        assert refused.result is Result.FAILED
        assert "deploy --destroy" in sentences(refused)
        assert live(control_plane, settings)
    assert deploy(here, destroy=True).result is Result.SUCCEEDED
    assert not live(control_plane, settings)
    assert deploy(here).result is Result.SUCCEEDED


def test_what_hangs_on_a_finalizer_is_a_failure_and_stays_in_the_inventory(
    control_plane: ControlPlane, namespace: str
) -> None:
    here = place(control_plane, namespace)
    stuck = config_map(namespace, "stuck")
    stuck["metadata"]["finalizers"] = ["test.bed/stays"]
    deploy(here, stuck)
    result = deploy(here, destroy=True, prune_wait=2.0)
    assert result.result is Result.FAILED
    assert "test.bed/stays" in sentences(result)
    assert here.known() == {"stuck"}
    patch = ("patch", "configmap", "stuck", f"-n{namespace}", "--type=merge")
    control_plane.kubectl(*patch, '-p={"metadata": {"finalizers": null}}')
    assert deploy(here, destroy=True).result is Result.SUCCEEDED


def test_a_renamed_environment_takes_everything_over(
    control_plane: ControlPlane, namespace: str
) -> None:
    before = place(control_plane, namespace, environment="prod")
    settings, gone = config_map(namespace, "settings"), config_map(namespace, "gone")
    settings["data"] = {"a": "b", "old": "goes"}
    assert deploy(before, settings, gone).result is Result.SUCCEEDED
    uid = live(control_plane, settings)["metadata"]["uid"]
    here = place(control_plane, namespace)
    assert deploy(here, settings).result is Result.FAILED
    here = replace(here, formerly=("prod",))
    result = deploy(here, {**settings, "data": {"a": "b"}})
    assert result.result is Result.SUCCEEDED, sentences(result)
    assert actions(result) == {"settings": "configured", "gone": "pruned"}
    found = live(control_plane, settings)
    assert found["metadata"]["uid"] == uid
    assert found["data"] == {"a": "b"}
    managers = {one["manager"] for one in found["metadata"]["managedFields"]}
    assert managers == {"gitops-action:production"}
    assert len(inventories(control_plane, namespace)) == 1
    assert "the inventory of prod was taken over" in result.notes
    assert actions(deploy(here, {**settings, "data": {"a": "b"}})) == {"settings": "unchanged"}
