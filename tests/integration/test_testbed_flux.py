"""Flux in the test bed is the real thing: it fetches, applies, keeps its inventory, prunes."""

from __future__ import annotations

from pathlib import Path

from testbed.cluster import ControlPlane
from testbed.flux import Flux
from testbed.forge import Forge
from tests.support.flux import apply, get, git_repository, kustomization, until


def config_map(name: str, value: str) -> str:
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{key: {value}}}\n"


def test_a_new_commit_is_applied_when_it_is_asked_for(
    control_plane: ControlPlane, namespace: str, flux: Flux, tmp_path: Path
) -> None:
    with Forge.start(tmp_path / "forge") as forge:
        files: dict[str, str | bytes] = {
            "apps/one.yaml": config_map("one", "first"),
            "apps/two.yaml": config_map("two", "first"),
        }
        repository = forge.create_repository("acme/environment", files=files, private=False)
        apply(
            control_plane,
            git_repository(namespace, repository.clone_url),
            kustomization(namespace, namespace, "./apps", targetNamespace=namespace),
        )

        def applied() -> str:
            status = get(control_plane, "kustomization", namespace).get("status", {})
            return str(status.get("lastAppliedRevision", ""))

        first = repository.resolve("main")
        until(lambda: applied().endswith(first), what="the first commit is applied")

        second = repository.commit(
            files={"apps/one.yaml": config_map("one", "second"), "apps/two.yaml": None}
        )
        for kind in ("gitrepository", "kustomization"):
            control_plane.kubectl(
                *("annotate", "--overwrite", "-n", "flux-system", kind, namespace),
                "reconcile.fluxcd.io/requestedAt=now",
            )
        until(lambda: applied().endswith(second), what="the second commit is applied")

        assert get(control_plane, "configmap", "one", namespace)["data"] == {"key": "second"}
        assert not get(control_plane, "configmap", "two", namespace)  # pruned
        inventory = get(control_plane, "kustomization", namespace)["status"]["inventory"]
        assert [entry["id"] for entry in inventory["entries"]] == [f"{namespace}_one__ConfigMap"]
        control_plane.kubectl("delete", "-n", "flux-system", "kustomization", namespace)
        control_plane.kubectl("delete", "-n", "flux-system", "gitrepository", namespace)
        told = flux.log("kustomize-controller").splitlines()
        mine = [line for line in told if f'"name":"{namespace}"' in line]
        assert mine
        assert not [line for line in mine if '"level":"error"' in line]
