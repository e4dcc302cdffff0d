"""Hooks and waves on a real API server: ours, Helm's and Argo CD's."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Any

from gitops_action.commands.deploy.push.engine import deploy_by_push
from gitops_action.core.deploy.result import Result, TargetResult
from gitops_action.core.manifests import parse_manifests
from gitops_action.core.manifests.model import Body
from testbed.cluster import ControlPlane
from tests.support.pruning import config_map, exists
from tests.support.push import again, deploy, is_retried, live, place, sentences
from tests.support.wait import workload

OWN, HELM, ARGO = "gitops-action/", "helm.sh/", "argocd.argoproj.io/"


def annotated(body: Body, prefix: str = OWN, **annotations: str) -> dict[str, Any]:
    metadata = body["metadata"]
    assert isinstance(metadata, dict)
    written = {prefix + key.replace("_", "-"): value for key, value in annotations.items()}
    there = {**metadata.get("annotations", {}), **written}
    return {**body, "metadata": {**metadata, "annotations": there}}


def rows(result: TargetResult) -> dict[str, str]:
    return {one.id.name: one.action.value for one in result.objects}


def note(result: TargetResult, name: str) -> str:
    return next(one.note for one in result.objects if one.id.name == name)


def created(plane: ControlPlane, body: Body) -> datetime:
    return datetime.fromisoformat(live(plane, body)["metadata"]["creationTimestamp"])


def uid(plane: ControlPlane, body: Body) -> str:
    found = live(plane, body)
    return found["metadata"]["uid"] if found else ""


def test_hooks_run_around_what_is_applied_and_only_when_something_changes(
    control_plane: ControlPlane, namespace: str
) -> None:
    here = place(control_plane, namespace)
    migrate = annotated(workload("Job", namespace, "migrate", "exit=0"), hook="pre")
    smoke = annotated(workload("Job", namespace, "smoke"), hook="post")
    alarm = annotated(workload("Job", namespace, "alarm"), hook="failure")
    settings = config_map(namespace, "settings")
    described = (smoke, settings, alarm, migrate)

    first = deploy(here, *described)
    assert first.result is Result.SUCCEEDED, sentences(first)
    assert rows(first) == {
        "migrate": "created",
        "settings": "created",
        "smoke": "created",
        "alarm": "skipped",
    }
    assert note(first, "migrate") == "hook (gitops-action/hook: pre)"
    ended = live(control_plane, migrate)["status"]["completionTime"]
    assert datetime.fromisoformat(ended) <= created(control_plane, settings)
    assert created(control_plane, settings) <= created(control_plane, smoke)
    assert not live(control_plane, alarm)
    before = uid(control_plane, migrate)
    assert {"migrate", "smoke", "settings"} <= here.known()

    second = deploy(here, *described)
    assert second.result is Result.SUCCEEDED, sentences(second)
    assert rows(second)["migrate"] == rows(second)["smoke"] == "skipped"
    assert "nothing has changed" in note(second, "migrate")
    assert uid(control_plane, migrate) == before

    third = deploy(here, smoke, {**settings, "data": {"a": "new"}}, alarm, migrate)
    assert third.result is Result.SUCCEEDED, sentences(third)
    assert uid(control_plane, migrate) not in {"", before}

    last = deploy(here, {**settings, "data": {"a": "new"}})
    assert last.result is Result.SUCCEEDED, sentences(last)
    assert rows(last)["migrate"] == rows(last)["smoke"] == "pruned"
    assert not live(control_plane, migrate)


def test_a_failed_pre_hook_stops_before_anything_else_changes(
    control_plane: ControlPlane, namespace: str
) -> None:
    here = place(control_plane, namespace)
    broken = workload("Job", namespace, "migrate", "exit=3", log="no such table\n", backoffLimit=0)
    migrate = annotated(broken, hook="pre", hook_delete_policy="hook-failed")
    alarm = annotated(workload("Job", namespace, "alarm"), hook="failure")
    settings = config_map(namespace, "settings")
    assert deploy(here, settings).result is Result.SUCCEEDED

    changed = {**settings, "data": {"a": "new"}}
    result = deploy(here, changed, config_map(namespace, "more"), migrate, alarm)
    assert result.result is Result.FAILED
    (failure,) = result.failures
    assert failure.object_id is not None
    assert failure.object_id.name == "migrate"
    assert failure.log == ("no such table",)
    assert "a pre hook has failed: nothing else was changed" in result.notes
    assert live(control_plane, settings)["data"] == {"a": "b"}
    assert not exists(control_plane, namespace, "more")
    assert rows(result)["alarm"] == "created"
    assert live(control_plane, alarm)["status"]["succeeded"] == 1
    assert "deleted (hook-failed)" in note(result, "migrate")

    fixed = annotated(workload("Job", namespace, "migrate"), hook="pre")
    again_good = deploy(here, changed, config_map(namespace, "more"), fixed, alarm)
    assert again_good.result is Result.SUCCEEDED, sentences(again_good)
    assert live(control_plane, settings)["data"] == {"a": "new"}


def test_a_failed_post_hook_fails_the_deployment_and_runs_again(
    control_plane: ControlPlane, namespace: str
) -> None:
    here = place(control_plane, namespace)
    settings = config_map(namespace, "settings")
    bad = workload("Job", namespace, "smoke", "exit=1", backoffLimit=0)
    first = deploy(here, settings, annotated(bad, hook="post"))
    assert first.result is Result.FAILED
    assert exists(control_plane, namespace, "settings")
    second = deploy(here, settings, annotated(bad, hook="post"))
    assert second.result is Result.FAILED
    assert rows(second)["settings"] == "unchanged"
    good = annotated(workload("Job", namespace, "smoke"), hook="post")
    assert deploy(here, settings, good).result is Result.SUCCEEDED


def test_a_wave_is_healthy_before_the_next_is_applied(
    control_plane: ControlPlane, namespace: str
) -> None:
    here = place(control_plane, namespace)
    base = annotated(workload("Deployment", namespace, "db", "ready-after=2"), wave="-1")
    later = annotated(config_map(namespace, "later"), wave="5")
    result = deploy(here, later, config_map(namespace, "settings"), base)
    assert result.result is Result.SUCCEEDED, sentences(result)
    gap = created(control_plane, config_map(namespace, "settings")) - created(control_plane, base)
    assert gap >= timedelta(seconds=1)
    assert created(control_plane, later) >= created(
        control_plane, config_map(namespace, "settings")
    )


def test_a_wave_that_fails_is_the_last(control_plane: ControlPlane, namespace: str) -> None:
    here = place(control_plane, namespace)
    base = annotated(workload("Deployment", namespace, "db", "image-pull-error"), wave="-1")
    wait = {"timeout": timedelta(seconds=3)}
    result = deploy(here, base, config_map(namespace, "settings"), **wait)
    assert result.result is Result.FAILED
    assert not exists(control_plane, namespace, "settings")
    assert rows(result)["settings"] == "skipped"
    assert here.store.load().commit == ""
    assert is_retried(result), "a wait that timed out"


def test_helm_hooks_keep_their_meaning(control_plane: ControlPlane, namespace: str) -> None:
    here = place(control_plane, namespace)
    account: Body = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"namespace": namespace, "name": "migrator"},
    }
    account = annotated(account, HELM, hook="pre-install,pre-upgrade", hook_weight="-5")
    migrate = annotated(
        workload("Job", namespace, "migrate"),
        HELM,
        hook="pre-install,pre-upgrade",
        hook_delete_policy="before-hook-creation,hook-succeeded",
    )
    migrate["spec"]["template"]["spec"]["serviceAccountName"] = "migrator"
    upgrade = annotated(workload("Job", namespace, "upgrade"), HELM, hook="pre-upgrade")
    test = annotated(workload("Pod", namespace, "check"), HELM, hook="test")
    settings = config_map(namespace, "settings")

    first = deploy(here, account, migrate, upgrade, test, settings)
    assert first.result is Result.SUCCEEDED, sentences(first)
    assert rows(first) == {
        "migrator": "created",
        "migrate": "created",
        "upgrade": "skipped",
        "check": "skipped",
        "settings": "created",
    }
    assert "does not run at a first deployment" in note(first, "upgrade")
    assert "deleted (hook-succeeded)" in note(first, "migrate")
    assert not live(control_plane, migrate)
    assert live(control_plane, account)
    assert not live(control_plane, test)
    assert any("helm.sh/hook: test" in one for one in first.notes)

    second = deploy(here, account, migrate, upgrade, test, {**settings, "data": {"a": "new"}})
    assert second.result is Result.SUCCEEDED, sentences(second)
    assert rows(second)["upgrade"] == "created"
    assert live(control_plane, upgrade)["status"]["succeeded"] == 1


def test_a_release_that_helm_installed_is_upgraded(
    control_plane: ControlPlane, namespace: str
) -> None:
    here = place(control_plane, namespace)
    key = annotated(config_map(namespace, "key"), HELM, hook="pre-install")
    settings = config_map(namespace, "settings")
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    for one in (key, settings):
        control_plane.api.create(path, dict(one))
    before = uid(control_plane, key)
    result = deploy(here, {**key, "data": {"a": "new"}}, {**settings, "data": {"c": "d"}})
    assert result.result is Result.SUCCEEDED, sentences(result)
    assert "does not run at a later deployment" in note(result, "key")
    assert uid(control_plane, key) == before
    assert live(control_plane, key)["data"] == {"a": "b"}


def test_argo_cd_hooks_keep_their_meaning(control_plane: ControlPlane, namespace: str) -> None:
    here = place(control_plane, namespace)
    first = annotated(
        workload("Pod", namespace, "migrate", "exit=0", restartPolicy="Never"),
        ARGO,
        hook="PreSync",
        hook_delete_policy="HookSucceeded",
    )
    beside = annotated(workload("Job", namespace, "beside"), ARGO, hook="Sync", sync_wave="1")
    skipped = annotated(config_map(namespace, "skipped"), ARGO, hook="Skip")
    front = annotated(config_map(namespace, "front"), ARGO, sync_wave="2")
    result = deploy(here, skipped, front, beside, config_map(namespace, "settings"), first)
    assert result.result is Result.SUCCEEDED, sentences(result)
    assert not exists(control_plane, namespace, "skipped")
    assert created(control_plane, beside) <= created(control_plane, front)
    assert "deleted (hook-succeeded)" in note(result, "migrate")
    assert rows(result)["beside"] == "created"


def test_a_pre_hook_finds_the_namespace_that_arrives_with_it(
    control_plane: ControlPlane, namespace: str
) -> None:
    new = f"{namespace}-new"
    space: Body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": new}}
    migrate = annotated(workload("Job", new, "migrate"), hook="pre")
    result = deploy(place(control_plane, namespace), migrate, space, config_map(new, "settings"))
    assert result.result is Result.SUCCEEDED, sentences(result)
    control_plane.api.delete(f"/api/v1/namespaces/{new}")


def test_a_dry_run_names_the_hooks_and_runs_none(
    control_plane: ControlPlane, namespace: str
) -> None:
    here = place(control_plane, namespace)
    early = annotated(workload("Job", namespace, "early"), hook="pre", wave="-1")
    migrate = annotated(workload("Job", namespace, "migrate"), hook="pre")
    result = deploy(here, migrate, early, config_map(namespace, "settings"), dry_run=True)
    assert result.result is Result.SUCCEEDED, sentences(result)
    order = f"pre hooks would run, in this order: Job {namespace}/early, Job {namespace}/migrate"
    assert order in result.notes
    assert rows(result) == {"early": "created", "migrate": "created", "settings": "created"}
    assert not live(control_plane, migrate)

    wrong = annotated(workload("Job", namespace, "migrate", parallelism="many"), hook="pre")
    refused = deploy(here, wrong, config_map(namespace, "settings"))
    assert refused.result is Result.FAILED
    assert not exists(control_plane, namespace, "settings")


def test_what_is_no_hook_is_not_deleted_for_one(
    control_plane: ControlPlane, namespace: str
) -> None:
    here = place(control_plane, namespace)
    stranger = workload("Job", namespace, "migrate")
    control_plane.api.create(f"/apis/batch/v1/namespaces/{namespace}/jobs", dict(stranger))
    before = uid(control_plane, stranger)
    result = deploy(here, annotated(stranger, hook="pre"), config_map(namespace, "settings"))
    assert result.result is Result.FAILED
    assert "is not of this environment" in sentences(result)
    assert uid(control_plane, stranger) == before
    assert not exists(control_plane, namespace, "settings")


def test_a_hook_of_another_environment_is_left_alone(
    control_plane: ControlPlane, namespace: str
) -> None:
    migrate = annotated(workload("Job", namespace, "migrate"), hook="pre")
    staging = place(control_plane, namespace, environment="staging")
    assert deploy(staging, migrate).result is Result.SUCCEEDED
    before = uid(control_plane, migrate)
    result = deploy(place(control_plane, namespace), migrate)
    assert result.result is Result.FAILED
    assert "belongs to another environment" in sentences(result)
    assert uid(control_plane, migrate) == before


def test_a_cancelled_hook_is_unknown_and_recorded(
    control_plane: ControlPlane, namespace: str
) -> None:
    slow = annotated(workload("Job", namespace, "migrate", "ready-after=60"), hook="pre")
    here = again(place(control_plane, namespace), slow, config_map(namespace, "settings"))
    timer = threading.Timer(3, here.stop.set)
    timer.start()
    result = deploy_by_push(here.run)
    timer.join()
    assert result.result is Result.UNKNOWN
    assert "migrate" in here.known()
    assert not exists(control_plane, namespace, "settings")


def service_account(namespace: str, name: str, **annotations: str) -> Body:
    metadata = {"namespace": namespace, "name": name}
    body: Body = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}
    return annotated(body, HELM, **annotations)


def test_a_chart_with_a_migration_job_is_released_as_helm_does(
    control_plane: ControlPlane, namespace: str
) -> None:
    """The shape of public charts: what the Job needs are hooks of a lower weight beside it."""
    here = place(control_plane, namespace)
    always = "pre-install, pre-upgrade"
    account = service_account(namespace, "web-job", hook=always, hook_weight="0")
    settings = annotated(config_map(namespace, "web-migrate"), HELM, hook=always, hook_weight="0")
    migrate = annotated(
        workload("Job", namespace, "web-automigrate"),
        HELM,
        hook=always,
        hook_weight="1",
        hook_delete_policy="before-hook-creation,hook-succeeded",
    )
    check = annotated(workload("Pod", namespace, "web-check"), HELM, hook="test-success")
    web = workload("Deployment", namespace, "web")
    chart = (web, check, migrate, settings, account)

    first = deploy(here, *chart)
    assert first.result is Result.SUCCEEDED, sentences(first)
    assert rows(first)["web-check"] == "skipped"
    assert "deleted (hook-succeeded)" in note(first, "web-automigrate")
    assert not live(control_plane, migrate)
    assert created(control_plane, account) <= created(control_plane, web)
    assert created(control_plane, settings) <= created(control_plane, web)
    unchanged = deploy(here, *chart)
    assert rows(unchanged)["web-automigrate"] == "skipped"

    before = uid(control_plane, account)
    web["spec"]["replicas"] = 2
    upgrade = deploy(here, *chart)
    assert upgrade.result is Result.SUCCEEDED, sentences(upgrade)
    assert rows(upgrade)["web-automigrate"] == "created"
    assert uid(control_plane, account) not in {"", before}


def test_what_a_failed_hook_needs_is_made_again_for_its_next_run(
    control_plane: ControlPlane, namespace: str
) -> None:
    here = place(control_plane, namespace)
    after, gone = "post-install,post-upgrade", "hook-succeeded"
    account = service_account(
        namespace, "smoke", hook=after, hook_weight="-1", hook_delete_policy=gone
    )
    settings = config_map(namespace, "settings")
    bad = workload("Job", namespace, "smoke", "exit=1", backoffLimit=0)
    first = deploy(here, settings, account, annotated(bad, HELM, hook=after))
    assert first.result is Result.FAILED
    assert not live(control_plane, account)

    good = annotated(workload("Job", namespace, "smoke"), HELM, hook=after)
    second = deploy(here, settings, account, good)
    assert second.result is Result.SUCCEEDED, sentences(second)
    made = {one.id.kind: one.action.value for one in second.objects if one.id.name == "smoke"}
    assert made == {"ServiceAccount": "created", "Job": "created"}
    third = deploy(here, settings, account, good)
    assert all(one.action.value in {"skipped", "unchanged"} for one in third.objects)


ARGO_EXAMPLE = """
apiVersion: batch/v1
kind: Job
metadata:
  generateName: schema
  namespace: {0}
  annotations: {{argocd.argoproj.io/hook: PreSync}}
spec: {{template: {{spec: {{restartPolicy: Never, containers: [{{name: a, image: a}}]}}}}}}
---
apiVersion: batch/v1
kind: Job
metadata:
  name: page-up
  namespace: {0}
  annotations: {{argocd.argoproj.io/hook: Sync, argocd.argoproj.io/sync-wave: "1"}}
spec: {{template: {{spec: {{restartPolicy: Never, containers: [{{name: a, image: a}}]}}}}}}
---
apiVersion: batch/v1
kind: Job
metadata:
  name: page-down
  namespace: {0}
  annotations: {{argocd.argoproj.io/hook: Sync, argocd.argoproj.io/sync-wave: "3"}}
spec: {{template: {{spec: {{restartPolicy: Never, containers: [{{name: a, image: a}}]}}}}}}
"""


def test_an_argo_cd_application_with_waves_and_a_generated_name(
    control_plane: ControlPlane, namespace: str
) -> None:
    here = place(control_plane, namespace)
    text = ARGO_EXAMPLE.format(namespace)
    schema, page_up, page_down = (one.body for one in parse_manifests("a.yaml", text.encode()))
    back = config_map(namespace, "back")
    front = annotated(workload("Deployment", namespace, "front"), ARGO, sync_wave="2")
    described = (front, page_down, page_up, back, schema)

    result = deploy(here, *described)
    assert result.result is Result.SUCCEEDED, sentences(result)
    assert rows(result)["schema-presync"] == "created"
    order = [created(control_plane, one) for one in (schema, back, page_up, front, page_down)]
    assert order == sorted(order)
    before = uid(control_plane, schema)

    changed = deploy(here, front, page_down, page_up, {**back, "data": {"a": "new"}}, schema)
    assert changed.result is Result.SUCCEEDED, sentences(changed)
    assert uid(control_plane, schema) not in {"", before}
    jobs = control_plane.api.get(f"/apis/batch/v1/namespaces/{namespace}/jobs")["items"]
    assert {one["metadata"]["name"] for one in jobs} == {"schema-presync", "page-up", "page-down"}


HELM_EXAMPLE = """
apiVersion: batch/v1
kind: Job
metadata:
  generateName: schema
  namespace: {0}
  annotations: {{helm.sh/hook: pre-install, helm.sh/hook-weight: "-2"}}
spec: {{template: {{spec: {{restartPolicy: Never, containers: [{{name: a, image: a}}]}}}}}}
---
apiVersion: batch/v1
kind: Job
metadata:
  name: page-up
  namespace: {0}
  annotations:
    helm.sh/hook: pre-install
    helm.sh/hook-delete-policy: before-hook-creation
    helm.sh/hook-weight: "-1"
spec: {{template: {{spec: {{restartPolicy: Never, containers: [{{name: a, image: a}}]}}}}}}
---
apiVersion: v1
kind: Service
metadata:
  name: front
  namespace: {0}
  annotations: {{helm.sh/hook-weight: "2"}}
spec: {{selector: {{app: front}}, ports: [{{port: 80}}]}}
---
apiVersion: batch/v1
kind: Job
metadata:
  name: page-down
  namespace: {0}
  annotations: {{helm.sh/hook: post-install}}
spec: {{template: {{spec: {{restartPolicy: Never, containers: [{{name: a, image: a}}]}}}}}}
"""


def test_an_argo_cd_application_with_helm_hooks(
    control_plane: ControlPlane, namespace: str
) -> None:
    """Of a weight without a hook nothing follows; hooks for installs alone run once."""
    here = place(control_plane, namespace)
    text = HELM_EXAMPLE.format(namespace)
    described = [one.body for one in parse_manifests("a.yaml", text.encode())]
    schema, page_up, service, page_down = described
    front = workload("ReplicaSet", namespace, "front")

    first = deploy(here, front, *described)
    assert first.result is Result.SUCCEEDED, sentences(first)
    hooks = {"schema-pre-install", "page-up", "page-down"}
    assert rows(first) == dict.fromkeys({*hooks, "front"}, "created")
    order = [created(control_plane, one) for one in (schema, page_up, service, page_down)]
    assert order == sorted(order)

    upgrade = deploy(here, workload("ReplicaSet", namespace, "front", replicas=2), *described)
    assert upgrade.result is Result.SUCCEEDED, sentences(upgrade)
    found = {one.id.name: one.action.value for one in upgrade.objects if one.id.kind == "Job"}
    assert found == dict.fromkeys(hooks, "skipped")
    assert "does not run at a later deployment" in note(upgrade, "page-up")
