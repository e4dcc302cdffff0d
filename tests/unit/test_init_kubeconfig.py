"""`init kubeconfig`: what the file holds, which names and lifetimes are taken, what stops it."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from ruamel.yaml import YAML

from gitops_action.adapters.cluster.kubeconfig import of_content
from gitops_action.commands.kubeconfig import KubeconfigPorts, run
from gitops_action.core.cluster import Given
from gitops_action.core.inputs import check_values
from gitops_action.core.inputs.init import (
    INIT,
    KubeconfigInputs,
    kubeconfig_inputs,
    repository_inputs,
)
from gitops_action.core.scaffold.kubeconfig import (
    KubeconfigContent,
    kubeconfig_text,
    read_lifetime,
)
from gitops_action.errors import GitOpsError, UsageError

EXPIRES = datetime(2026, 11, 28, 15, 4, tzinfo=UTC)
INPUTS = KubeconfigInputs(account="staging-deployer", namespace="staging")


@dataclass
class FakeCluster:
    """A cluster with one account."""

    server: str = "https://cluster.example:6443"
    authority: str = ""
    administrator: bool = False
    minted: list[str] = field(default_factory=list)

    def may_everything(self, namespace: str, account: str) -> bool:
        del namespace, account
        return self.administrator

    def short(self, namespace: str, account: str, lifetime: timedelta) -> tuple[str, datetime]:
        self.minted.append(f"{namespace}/{account} {lifetime}")
        return "short-token", EXPIRES

    def lasting(self, namespace: str, account: str) -> tuple[str, str]:
        self.minted.append(f"{namespace}/{account}")
        return "lasting-token", f"{account}-token"


class FakeFile:
    """What was written."""

    def __init__(self, *there: str) -> None:
        self.files = dict.fromkeys(there, "other")

    def exists(self, path: str) -> bool:
        return path in self.files

    def write(self, path: str, text: str) -> None:
        self.files[path] = text


def written(inputs: KubeconfigInputs, cluster: FakeCluster) -> dict[str, str]:
    file = FakeFile()
    run(inputs, KubeconfigPorts(cluster=cluster, file=file))
    return file.files


def test_it_holds_the_account_and_nothing_else() -> None:
    content = KubeconfigContent(
        server="https://cluster.example:6443",
        ca="-----BEGIN CERTIFICATE-----\nx\n",
        token="a-token",
        namespace="staging",
        account="staging-deployer",
        context="eu",
    )
    body = YAML(typ="safe").load(kubeconfig_text(content))
    (cluster,) = body["clusters"]
    assert base64.b64decode(cluster["cluster"]["certificate-authority-data"]).startswith(b"-----")
    assert [user["user"] for user in body["users"]] == [{"token": "a-token"}]
    access = of_content(Given(kubeconfig=kubeconfig_text(replace(content, ca=""))))
    assert (access.server, access.token, access.namespace, access.name) == (
        "https://cluster.example:6443",
        "a-token",
        "staging",
        "eu",
    )


def test_a_lasting_token_says_how_it_is_revoked() -> None:
    cluster, file = FakeCluster(), FakeFile()
    outcome = run(INPUTS, KubeconfigPorts(cluster=cluster, file=file))
    assert list(file.files) == ["./staging.kubeconfig"]
    assert cluster.minted == ["staging/staging-deployer"]
    said = "\n".join(map(str, outcome.lines))
    assert "kubectl delete secret staging-deployer-token --namespace staging" in said
    assert "gh secret set KUBECONFIG --env staging < ./staging.kubeconfig" in said
    assert "lasting-token" not in f"{said}{outcome.data}"


def test_a_short_token_says_when_it_ends() -> None:
    inputs = replace(INPUTS, lifetime="2h", account_namespace="flux-system", name="eu")
    cluster, file = FakeCluster(), FakeFile()
    outcome = run(inputs, KubeconfigPorts(cluster=cluster, file=file))
    assert cluster.minted == ["flux-system/staging-deployer 2:00:00"]
    assert list(file.files) == ["./eu.kubeconfig"]
    assert "valid until 2026-11-28 15:04Z" in str(outcome.lines)


def test_the_workflow_may_reach_the_server_by_another_address() -> None:
    found = written(replace(INPUTS, kube_server="https://gateway.example"), FakeCluster())
    assert 'server: "https://gateway.example"' in found["./staging.kubeconfig"]


def test_an_administrator_is_refused_before_anything_is_minted() -> None:
    cluster, file = FakeCluster(administrator=True), FakeFile()
    with pytest.raises(GitOpsError, match="administrator of the cluster"):
        run(INPUTS, KubeconfigPorts(cluster=cluster, file=file))
    assert (cluster.minted, file.files) == ([], {})


def test_a_file_in_the_way_is_kept_unless_it_is_forced() -> None:
    cluster, file = FakeCluster(), FakeFile("./staging.kubeconfig")
    with pytest.raises(GitOpsError, match="in the way"):
        run(INPUTS, KubeconfigPorts(cluster=cluster, file=file))
    assert (cluster.minted, file.files) == ([], {"./staging.kubeconfig": "other"})
    run(replace(INPUTS, force=True), KubeconfigPorts(cluster=cluster, file=file))
    assert "lasting-token" in file.files["./staging.kubeconfig"]


def test_a_dry_run_mints_nothing() -> None:
    cluster = FakeCluster()
    assert written(replace(INPUTS, dry_run=True), cluster) == {}
    assert cluster.minted == []


@pytest.mark.parametrize("name", ["Staging", "a/b", "../x", "-x", "x" * 254, "a b"])
def test_what_is_no_name_is_refused(name: str) -> None:
    for inputs in (replace(INPUTS, account=name), replace(INPUTS, namespace=name)):
        with pytest.raises(UsageError, match="cannot be --"):
            written(inputs, FakeCluster())


@pytest.mark.parametrize("text", ["5m", "soon", "-1h", "1", ""])
def test_what_is_no_lifetime_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--lifetime"):
        read_lifetime(text)


def given(**more: str) -> dict[str, str]:
    return {"what": "kubeconfig", "account": "x", "namespace": "y", **more}


def test_flags_of_the_one_mean_nothing_for_the_other() -> None:
    assert kubeconfig_inputs(check_values(INIT, given())).lifetime == "lasting"
    for wrong, error in (
        (given(layout="minimal"), "--layout means nothing for `init kubeconfig`"),
        (given(account=""), "--account is missing"),
        (given(namespace=""), "--namespace is missing"),
    ):
        with pytest.raises(UsageError, match=error):
            kubeconfig_inputs(check_values(INIT, wrong))
    values = check_values(INIT, {"what": "environment", "account": "x"})
    with pytest.raises(UsageError, match="--account means nothing for `init environment`"):
        repository_inputs(values)
    assert repository_inputs(check_values(INIT, {"what": "workflow"})).what == "workflow"
