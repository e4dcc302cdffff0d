"""What `init` writes for an administrator with Flux: a real API server takes all of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from gitops_action.core.config.load import load_config
from gitops_action.core.scaffold import Answers
from testbed.cluster import ControlPlane
from testbed.flux import Flux
from testbed.flux.notification import notification_kinds
from tests.support.scaffold import EXAMPLE, OTHER, files_of, written

CONFIG = ".github/gitops.yaml"
MINIMAL = replace(OTHER, layout="minimal", environments=("default",))
OVERLAYS = replace(OTHER, environments=("live", "production-eu"))
PLACES = [
    (MINIMAL, "cluster-config", "applications"),
    (OVERLAYS, "cluster-config/live", "live"),
    (OVERLAYS, "cluster-config/production-eu", "production-eu"),
]
OFF = "  # - notify.yaml\n"


@pytest.fixture(scope="module")
def cluster(control_plane: ControlPlane, flux: Flux) -> Iterator[ControlPlane]:  # noqa: ARG001 - its kinds have to be there
    """The kinds of all of Flux' controllers, those of notification-controller too."""
    kinds = str(notification_kinds())
    control_plane.kubectl("apply", "--server-side", "-f", kinds)
    control_plane.kubectl("wait", "--for=condition=Established", "-f", kinds)
    yield control_plane
    control_plane.kubectl("delete", "-f", kinds)


def tried(cluster: ControlPlane, folder: Path, namespace: str) -> list[str]:
    """What the API server would take, by kind and name; unknown fields are refused."""
    if not cluster.kubectl("get", "namespace", namespace, "--ignore-not-found", "-o", "name"):
        cluster.namespace(namespace)  # it stays: what goes takes a while, and refuses others
    options = ("--server-side", "--dry-run=server", "--validate=strict", "-o", "name")
    # Another test may have applied the very same objects with another manager.
    said = cluster.kubectl("apply", *options, "--force-conflicts", "-k", str(folder))
    return said.split()


@pytest.mark.parametrize(("answers", "path", "name"), PLACES)
def test_a_cluster_takes_the_folder(
    answers: Answers, path: str, name: str, tmp_path: Path, cluster: ControlPlane
) -> None:
    folder = written(answers, tmp_path) / path
    plain = tried(cluster, folder, name)
    assert f"kustomization.kustomize.toolkit.fluxcd.io/{name}" in plain
    assert f"gitrepository.source.toolkit.fluxcd.io/{name}" in plain
    assert f"validatingadmissionpolicy.admissionregistration.k8s.io/{name}-waiter" in plain
    assert not [one for one in plain if "notification" in one]
    listing = folder / "kustomization.yaml"
    assert OFF in listing.read_text()
    listing.write_text(listing.read_text().replace(OFF, "  - notify.yaml\n"))
    telling = {one for one in tried(cluster, folder, name) if "notification" in one}
    group = "notification.toolkit.fluxcd.io"
    assert telling == {f"provider.{group}/{name}-status", f"alert.{group}/{name}-status"}


@pytest.mark.parametrize("answers", [EXAMPLE, MINIMAL])
def test_what_the_readme_says_about_clusters_out_of_reach_is_right(answers: Answers) -> None:
    """Its lines are put where it says, and the configuration is right."""
    files = files_of(answers)
    (block,) = re.findall(
        r"^```yaml\n(    deploy:\n.*?)^```", files["README.md"], re.MULTILINE | re.DOTALL
    )
    known = re.compile(r"^    deploy:\n(?:      .*\n)+", re.MULTILINE)
    changed, times = known.subn(lambda _: block, files[CONFIG], count=1)
    assert times == 1
    config = load_config(CONFIG, changed.encode())
    deploy = config.environments[0].deploy
    assert deploy
    (target,) = deploy.targets
    assert (target.access, target.engine) == ("none", "flux")
    (alert,) = _alerts(files, answers.environments[0])
    (source,) = alert["spec"]["eventSources"]
    context = f"{source['kind']}/{source['name']}/0c9c2e41".lower()
    assert context.startswith(target.status_prefix)
    assert target.status_prefix.endswith("/"), "else it matches longer names too"


def _alerts(
    files: dict[str, str], environment: str
) -> list[dict[str, dict[str, list[dict[str, str]]]]]:
    paths = [path for path in files if path.endswith("notify.yaml")]
    mine = [path for path in paths if f"/{environment}/" in path] or paths
    bodies = YAML(typ="safe").load_all(files[mine[0]])
    return [body for body in bodies if body["kind"] == "Alert"]
