"""What annotations say about hooks and waves: ours, Helm's, Argo CD's."""

from __future__ import annotations

from typing import Any

import pytest

from gitops_action.core.deploy.hooks import (
    AT_REMOVAL,
    DeletePolicy,
    Hook,
    Occasion,
    Phase,
    hook_of,
    in_order,
    not_followed,
    split,
    wave_of,
)
from gitops_action.core.manifests.model import Manifest, ObjectId
from gitops_action.errors import GitOpsError, Location

BEFORE, SUCCEEDED, FAILED = DeletePolicy.BEFORE, DeletePolicy.SUCCEEDED, DeletePolicy.FAILED
HELM, ARGO, OWN = "helm.sh/", "argocd.argoproj.io/", "gitops-action/"


def body(**annotations: str) -> dict[str, Any]:
    return {"metadata": {"name": "web", "annotations": annotations}}


def a_hook(**annotations: str) -> Hook:
    found = hook_of(body(**annotations))
    assert isinstance(found, Hook), found
    return found


@pytest.mark.parametrize(
    ("annotations", "phases"),
    [
        ({f"{OWN}hook": "pre"}, {Phase.PRE: Occasion.ALWAYS}),
        (
            {f"{OWN}hook": "post, failure"},
            {Phase.POST: Occasion.ALWAYS, Phase.FAILURE: Occasion.ALWAYS},
        ),
        ({f"{HELM}hook": "pre-install,pre-upgrade"}, {Phase.PRE: Occasion.ALWAYS}),
        ({f"{HELM}hook": "pre-upgrade"}, {Phase.PRE: Occasion.UPGRADE}),
        ({f"{HELM}hook": "post-install"}, {Phase.POST: Occasion.INSTALL}),
        (
            {f"{HELM}hook": "pre-install, post-upgrade, test"},
            {Phase.PRE: Occasion.INSTALL, Phase.POST: Occasion.UPGRADE},
        ),
        ({f"{ARGO}hook": "PreSync"}, {Phase.PRE: Occasion.ALWAYS}),
        ({f"{ARGO}hook": "Sync"}, {Phase.SYNC: Occasion.ALWAYS}),
        (
            {f"{ARGO}hook": "PostSync,SyncFail"},
            {Phase.POST: Occasion.ALWAYS, Phase.FAILURE: Occasion.ALWAYS},
        ),
        ({f"{ARGO}hook": "PostSync", f"{HELM}hook": "test"}, {Phase.POST: Occasion.ALWAYS}),
        (
            {f"{OWN}hook": "pre-delete,post-delete"},
            {Phase.PRE_DELETE: Occasion.ALWAYS, Phase.POST_DELETE: Occasion.ALWAYS},
        ),
        ({f"{HELM}hook": "pre-delete"}, {Phase.PRE_DELETE: Occasion.ALWAYS}),
        (
            {f"{HELM}hook": "pre-install,post-delete"},
            {Phase.PRE: Occasion.INSTALL, Phase.POST_DELETE: Occasion.ALWAYS},
        ),
        ({f"{ARGO}hook": "PreDelete"}, {Phase.PRE_DELETE: Occasion.ALWAYS}),
        ({f"{ARGO}hook": "PostDelete"}, {Phase.POST_DELETE: Occasion.ALWAYS}),
        (
            {f"{OWN}hook": "failure", f"{ARGO}hook": "PostSync", f"{HELM}hook": "test"},
            {Phase.FAILURE: Occasion.ALWAYS},
        ),
    ],
)
def test_when_a_hook_runs(annotations: dict[str, str], phases: dict[Phase, Occasion]) -> None:
    assert a_hook(**annotations).phases == phases


@pytest.mark.parametrize(
    ("annotations", "policies"),
    [
        ({f"{OWN}hook": "pre"}, {BEFORE}),
        (
            {f"{OWN}hook": "pre", f"{OWN}hook-delete-policy": "hook-succeeded,hook-failed"},
            {SUCCEEDED, FAILED},
        ),
        ({f"{HELM}hook": "pre-upgrade"}, {BEFORE}),
        (
            {
                f"{HELM}hook": "pre-upgrade",
                f"{HELM}hook-delete-policy": "hook-succeeded, before-hook-creation",
            },
            {SUCCEEDED, BEFORE},
        ),
        ({f"{ARGO}hook": "PreSync", f"{ARGO}hook-delete-policy": "HookFailed"}, {FAILED}),
        ({f"{ARGO}hook": "PreSync", f"{ARGO}hook-delete-policy": "Never"}, {BEFORE}),
    ],
)
def test_when_its_object_is_deleted(
    annotations: dict[str, str], policies: set[DeletePolicy]
) -> None:
    assert a_hook(**annotations).policies == policies


@pytest.mark.parametrize(
    ("annotations", "weight"),
    [
        ({f"{OWN}hook": "pre", f"{OWN}wave": "-3"}, -3),
        ({f"{HELM}hook": "pre-upgrade", f"{HELM}hook-weight": "-5"}, -5),
        ({f"{HELM}hook": "pre-upgrade", f"{HELM}hook-weight": "soon"}, 0),
        ({f"{ARGO}hook": "PreSync", f"{ARGO}sync-wave": "2"}, 2),
        ({f"{ARGO}hook": "PreSync", f"{HELM}hook-weight": "4"}, 4),
    ],
)
def test_the_weight(annotations: dict[str, str], weight: int) -> None:
    assert a_hook(**annotations).weight == weight


@pytest.mark.parametrize(
    ("annotation", "written"),
    [
        (f"{HELM}hook", "test"),
        (f"{HELM}hook", "post-rollback"),
        (f"{ARGO}hook", "Skip"),
    ],
)
def test_what_a_deployment_does_not_run_is_named(annotation: str, written: str) -> None:
    found = hook_of(body(**{annotation: written}))
    assert isinstance(found, str)
    assert f"{annotation}: {written}" in found


def test_what_runs_at_the_removal_is_not_applied_by_a_deployment() -> None:
    last = manifest("Job", "last", {f"{HELM}hook": "post-delete"})
    both = manifest("Job", "both", {f"{HELM}hook": "pre-install,pre-delete"})
    parts = split([last, both, manifest("Job", "web", {})])
    assert [one.id.name for one, _ in parts.hooks] == ["both"]
    assert [one.id.name for one, _ in parts.removal] == ["last", "both"]
    assert [(one.id.name, why) for one, why in parts.skipped] == [("last", AT_REMOVAL)]


@pytest.mark.parametrize(
    "annotations",
    [
        {f"{OWN}hook": "before"},
        {f"{OWN}hook": ""},
        {f"{OWN}hook": "pre", f"{OWN}hook-delete-policy": "never"},
        {f"{OWN}hook": "pre", f"{OWN}wave": "first"},
        {f"{OWN}wave": "1.5"},
    ],
)
def test_a_value_of_ours_that_does_not_exist_is_an_error(annotations: dict[str, str]) -> None:
    origin = Location(file="web.yaml", line=3)
    parts = split([manifest("Job", "web", annotations, origin=origin)])
    (problem,) = parts.problems
    assert problem.location == origin
    assert "Job shop/web" in problem.title
    assert problem.fix
    assert not parts.ordinary
    assert not parts.hooks


def manifest(
    kind: str, name: str, annotations: dict[str, str], origin: Location | None = None
) -> Manifest:
    found = ObjectId(group="batch" if kind == "Job" else "", kind=kind, namespace="shop", name=name)
    return Manifest(id=found, version="v1", body=body(**annotations), origin=origin)


def test_the_parts_of_an_environment() -> None:
    parts = split(
        [
            manifest("Secret", "settings", {}),
            manifest("Job", "migrate", {f"{HELM}hook": "pre-upgrade"}),
            manifest("Pod", "check", {f"{HELM}hook": "test"}),
            manifest("Job", "other", {"kluctl.io/hook": "pre-deploy"}),
        ]
    )
    assert [one.id.name for one in parts.ordinary] == ["settings", "other"]
    assert [one.id.name for one, _ in parts.hooks] == ["migrate"]
    assert [one.id.name for one, _ in parts.skipped] == ["check"]
    assert parts.notices == ("Job shop/other: the annotation kluctl.io/hook is not followed",)


@pytest.mark.parametrize(
    ("annotations", "wave"),
    [
        ({}, 0),
        ({f"{OWN}wave": "2"}, 2),
        ({f"{ARGO}sync-wave": "-1"}, -1),
        ({f"{ARGO}sync-wave": "later"}, 0),
        ({f"{ARGO}sync-wave": "3", f"{OWN}wave": "1"}, 1),
    ],
)
def test_the_wave_of_an_object(annotations: dict[str, str], wave: int) -> None:
    assert wave_of(body(**annotations)) == wave


def test_hooks_run_by_weight_then_by_what_they_stand_on() -> None:
    def of(kind: str, name: str, **annotations: str) -> tuple[ObjectId, Hook]:
        return manifest(kind, name, {}).id, a_hook(**annotations)

    hooks = [
        of("Job", "second", **{f"{HELM}hook": "pre-upgrade", f"{HELM}hook-weight": "5"}),
        of("Job", "first", **{f"{HELM}hook": "pre-upgrade", f"{HELM}hook-weight": "5"}),
        of("ServiceAccount", "runner", **{f"{HELM}hook": "pre-upgrade", f"{HELM}hook-weight": "5"}),
        of("Job", "own-a", **{f"{OWN}hook": "pre", f"{OWN}wave": "9"}),
        of("Job", "own-b", **{f"{OWN}hook": "pre", f"{OWN}wave": "9"}),
        of("Job", "early", **{f"{ARGO}hook": "PreSync", f"{ARGO}sync-wave": "-1"}),
    ]
    groups = [[one.name for one, _ in group] for group in in_order(hooks, lambda item: item)]
    assert groups == [["early"], ["runner"], ["first"], ["second"], ["own-a", "own-b"]]


def test_flux_follows_none_of_it_and_that_is_named() -> None:
    plain = manifest("Job", "plain", {})
    marked = [manifest("Job", f"job-{n}", {f"{HELM}hook": "pre-upgrade"}) for n in range(4)]
    waved = manifest("Job", "waved", {f"{ARGO}sync-wave": "1"})
    (note,) = not_followed([plain, waved, *marked])
    assert "Job shop/waved, Job shop/job-0, Job shop/job-1 and 2 more" in note
    assert not not_followed([plain])


def test_an_unknown_wave_is_told_for_ordinary_objects_too() -> None:
    with pytest.raises(GitOpsError, match="whole number"):
        wave_of(body(**{f"{OWN}wave": "first"}))


@pytest.mark.parametrize(("installing", "runs"), [(True, False), (False, True)])
def test_an_upgrade_hook_runs_at_upgrades_alone(installing: bool, runs: bool) -> None:
    hook = a_hook(**{f"{HELM}hook": "pre-upgrade"})
    assert hook.runs(Phase.PRE, installing=installing) is runs
    assert not hook.runs(Phase.POST, installing=installing)
