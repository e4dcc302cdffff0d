"""`init kubeconfig` on a real API server, and the documents' own commands for it."""

from __future__ import annotations

import os
import re
import shlex
import stat
import subprocess
from pathlib import Path
from uuid import uuid4

import pytest

from gitops_action.adapters.cluster import access_of, connect
from gitops_action.core.cluster import Given
from gitops_action.core.cluster.errors import AccessDeniedError
from gitops_action.core.inputs import DEPLOY, check_values
from testbed.cluster import ControlPlane
from testbed.preloaded import run_command_line

ROOT = Path(__file__).parents[2]
RULES = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "create"]}]
EVERYTHING = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]
PAGES = ("docs/deploy.md", "docs/flux.md", "templates/environment/README.md")


@pytest.fixture
def namespace(control_plane: ControlPlane) -> str:
    return control_plane.namespace(f"shop-{uuid4().hex[:8]}")


@pytest.fixture
def home(control_plane: ControlPlane, tmp_path: Path) -> Path:
    """An administrator's folder, with the kubeconfig that leads to the cluster."""
    (tmp_path / ".kube").mkdir()
    (tmp_path / ".kube" / "config").write_text(control_plane.kubeconfig)
    return tmp_path


def init(home: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    environ = {"HOME": str(home), "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    return run_command_line(["init", "kubeconfig", *flags], environ, home)


def of(account: str, namespace: str) -> tuple[str, ...]:
    return ("--account", account, "--namespace", namespace)


def config_map(name: str, namespace: str) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace},
    }


@pytest.mark.parametrize("lifetime", ["lasting", "1h"])
def test_the_action_reads_it_and_it_may_what_the_account_may(
    control_plane: ControlPlane, namespace: str, home: Path, lifetime: str
) -> None:
    control_plane.account(namespace, "deployer", RULES)
    done = init(home, *of("deployer", namespace), "--lifetime", lifetime)
    assert done.returncode == 0, done.stderr
    path = home / f"{namespace}.kubeconfig"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text()
    values = check_values(DEPLOY, {"kubeconfig": text})
    access = access_of(Given(kubeconfig=values.text("kubeconfig")))
    assert (access.server, access.namespace) == (control_plane.server, namespace)
    assert control_plane.token not in text
    assert access.token not in f"{done.stdout}{done.stderr}"
    cluster = connect(access)
    cluster.create(config_map("made", namespace), manager="test")
    with pytest.raises(AccessDeniedError):
        cluster.list(cluster.resource("v1", "Secret"), namespace=namespace)
    secrets = control_plane.kubectl("get", "secrets", "-n", namespace, "-o", "name").split()
    assert secrets == (["secret/deployer-token"] if lifetime == "lasting" else [])


def test_again_with_force_takes_the_same_secret_and_no_other_one(
    control_plane: ControlPlane, namespace: str, home: Path
) -> None:
    control_plane.account(namespace, "deployer", RULES)
    control_plane.account(namespace, "other", RULES)
    path = home / f"{namespace}.kubeconfig"
    assert init(home, *of("deployer", namespace)).returncode == 0
    first = path.read_text()
    refused = init(home, *of("deployer", namespace))
    assert (refused.returncode, "in the way" in refused.stderr) == (1, True)
    assert init(home, *of("deployer", namespace), "--force").returncode == 0
    assert path.read_text() == first
    control_plane.kubectl("create", "secret", "generic", "other-token", "-n", namespace)
    refused = init(home, *of("other", namespace), "--force")
    assert (refused.returncode, "is no token of other" in refused.stderr) == (1, True)
    assert path.read_text() == first


def test_an_administrator_and_an_account_that_is_not_there_are_refused(
    control_plane: ControlPlane, namespace: str, home: Path
) -> None:
    control_plane.account(namespace, "root", cluster_rules=EVERYTHING)
    for account, said in (("root", "is an administrator"), ("nobody", "nobody")):
        done = init(home, *of(account, namespace))
        assert (done.returncode, said in done.stderr) == (1, True), done.stderr
    assert not list(home.glob("*.kubeconfig"))
    assert not control_plane.kubectl("get", "secrets", "-n", namespace, "-o", "name")


@pytest.mark.parametrize("page", PAGES)
def test_the_documents_command_makes_one(
    control_plane: ControlPlane, home: Path, page: str
) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    commands = re.findall(r"gitops-action init kubeconfig ((?:.*\\\n)*.*)", text)
    assert commands
    for command in commands:
        words = shlex.split(command.replace("\\\n", " ").removesuffix("-->"))
        given = dict(zip(words[::2], words[1::2], strict=True))
        where = given.get("--account-namespace", given["--namespace"])
        for name in {where, given["--namespace"]}:
            manifest = f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}}}\n"
            control_plane.kubectl("apply", "-f", "-", stdin=manifest)
        account = f"metadata: {{name: {given['--account']}, namespace: {where}}}\n"
        control_plane.kubectl(
            "apply", "-f", "-", stdin=f"apiVersion: v1\nkind: ServiceAccount\n{account}"
        )
        done = init(home, *words, "--force")
        assert done.returncode == 0, done.stderr


def test_no_document_stores_a_persons_credentials_or_a_token_that_runs_out() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *ROOT.glob("templates/*/*.md")]
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert "config set-credentials" not in text, page
        assert not re.search(r"config view --raw.*>", text), page
        assert not re.search(r"create token .*--duration", text), page
