"""The accounts that `init` writes for `engine: flux`: who may do what, read from the files."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import yaml

from gitops_action.core.scaffold import Answers
from tests.support.scaffold import combinations, files_of, name_of

FLUX = [one for one in combinations() if one.subject == "environment" and one.engine == "flux"]
LOOK = frozenset({"get", "list", "watch"})
CONTENT = frozenset({("", "configmaps"), ("", "secrets")})
"""What the waiting account does not read: the content is nobody's business but the workload's."""
EVIDENCE = frozenset(
    {("", "events"), ("", "pods"), ("", "pods/log"), ("apps", "replicasets")},
)
ASKED = frozenset(
    {
        ("kustomize.toolkit.fluxcd.io", "kustomizations"),
        ("source.toolkit.fluxcd.io", "gitrepositories"),
    }
)
SEEN = ASKED | {
    ("source.toolkit.fluxcd.io", "ocirepositories"),
    ("helm.toolkit.fluxcd.io", "helmreleases"),
}
Body = dict[str, Any]
Right = tuple[str, str]


def bodies(answers: Answers, name: str) -> list[Body]:
    """Every object in the files of that name."""
    files = files_of(answers).items()
    texts = [text for path, text in files if path.endswith(f"/{name}") and "cluster-" in path]
    assert texts
    return [body for text in texts for body in yaml.load_all(text, Loader=yaml.CSafeLoader)]


def rights(objects: list[Body], verb: str) -> set[Right]:
    """What the Roles among these objects let someone do."""
    return {
        (group, resource)
        for role in objects
        if role["kind"] == "Role"
        for rule in role["rules"]
        if verb in rule["verbs"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }


def roles_of(access: list[Body], account: str, *, central: bool) -> list[Body]:
    """Roles of one account, those in Flux's namespace or the others."""
    return [
        body
        for body in access
        if body["kind"] == "Role"
        and body["metadata"]["name"].endswith(f"-{account}")
        and (body["metadata"]["namespace"] == "flux-system") is central
    ]


@pytest.mark.parametrize("answers", FLUX, ids=name_of)
def test_nobody_has_rights_in_the_whole_cluster(answers: Answers) -> None:
    access = bodies(answers, "access.yaml")
    assert not {body["kind"] for body in access} & {"ClusterRole", "ClusterRoleBinding"}
    for verb in ("*", "bind", "escalate", "impersonate", "deletecollection"):
        assert not rights(access, verb)
    assert not [right for right in rights(access, "get") if "*" in right]


@pytest.mark.parametrize("answers", FLUX, ids=name_of)
def test_the_waiting_account_sees_what_is_deployed_but_no_content(answers: Answers) -> None:
    access = bodies(answers, "access.yaml")
    deployed = rights(roles_of(access, "deployer", central=False), "create")
    waiting = roles_of(access, "waiter", central=False)
    for verb in LOOK:
        assert rights(waiting, verb) == (deployed - CONTENT) | EVIDENCE
    assert {verb for role in waiting for rule in role["rules"] for verb in rule["verbs"]} == LOOK


@pytest.mark.parametrize("answers", FLUX, ids=name_of)
def test_it_asks_its_own_source_and_kustomization_only(answers: Answers) -> None:
    access, flux = bodies(answers, "access.yaml"), bodies(answers, "flux.yaml")
    names = {(body["kind"], body["metadata"]["name"]) for body in flux}
    central = roles_of(access, "waiter", central=True)
    assert central
    for role in central:
        assert rights([role], "get") == rights([role], "watch") == SEEN
        asking = [rule for rule in role["rules"] if "patch" in rule["verbs"]]
        assert rights([{**role, "rules": asking}], "patch") == ASKED
        own = role["metadata"]["name"].removesuffix("-waiter")
        assert {("GitRepository", own), ("Kustomization", own)} <= names
        for rule in asking:
            assert rule["verbs"] == ["patch"]
            assert rule["resourceNames"] == [own]


@pytest.mark.parametrize("answers", FLUX, ids=name_of)
def test_each_waiting_account_is_kept_to_the_annotation(answers: Answers) -> None:
    access = bodies(answers, "access.yaml")
    accounts = {body["metadata"]["name"] for body in access if body["kind"] == "ServiceAccount"}
    policies = [body for body in access if body["kind"] == "ValidatingAdmissionPolicy"]
    bound = {
        body["spec"]["policyName"]
        for body in access
        if body["kind"] == "ValidatingAdmissionPolicyBinding"
        and body["spec"]["validationActions"] == ["Deny"]
    }
    waiters = {name for name in accounts if name.endswith("-waiter")}
    assert {body["metadata"]["name"] for body in policies} == bound == waiters
    for body in policies:
        (condition,) = body["spec"]["matchConditions"]
        assert f':flux-system:{body["metadata"]["name"]}"' in condition["expression"]


@pytest.mark.parametrize("answers", FLUX, ids=name_of)
def test_flux_acts_as_the_deployer_and_proves_what_it_did(answers: Answers) -> None:
    access, flux = bodies(answers, "access.yaml"), bodies(answers, "flux.yaml")
    accounts = {
        (body["metadata"]["namespace"], body["metadata"]["name"])
        for body in access
        if body["kind"] == "ServiceAccount"
    }
    kustomizations = [body for body in flux if body["kind"] == "Kustomization"]
    assert len(kustomizations) == len(answers.environments)
    for body in kustomizations:
        spec = body["spec"]
        assert (body["metadata"]["namespace"], spec["serviceAccountName"]) in accounts
        assert spec["prune"] is True
        assert spec["wait"] is True
        assert {"timeout", "retryInterval", "interval"} <= spec.keys()


def test_an_engine_that_pushes_has_no_account_that_waits() -> None:
    pushing = replace(FLUX[0], engine="push")
    accounts = [body["metadata"]["name"] for body in bodies(pushing, "access.yaml")]
    assert accounts
    assert not [name for name in accounts if "waiter" in name]
