"""Kustomizations that share a run of kubectl give what each gives alone, in fewer runs."""

import os
from collections.abc import Mapping
from pathlib import Path

from gitops_action.adapters.renderer import KustomizeRenderer, find_kubectl
from gitops_action.core.manifests import content_hash
from tests.support.renders import CONFIG_MAP, origins, render, repository, runner, told

_DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata: {name: %s}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - {name: web, image: ghcr.io/acme/web:v1, envFrom: [{configMapRef: {name: settings}}]}
"""
_BINDING = """apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: reads-%s}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects: [{kind: ServiceAccount, name: robot, namespace: default}]
"""
_ACCOUNT = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: robot}\n"


def _folder(name: str, resource: str, more: str = "") -> dict[str, str]:
    return {
        f"env/{name}/kustomization.yaml": f"namespace: {name}\nresources: [all.yaml]\n{more}",
        f"env/{name}/all.yaml": resource,
    }


def _many(count: int) -> dict[str, str]:
    """Folders of a Deployment each, with an image, a patch and labels."""
    files: dict[str, str] = {}
    patch = (
        "patches:\n  - target: {kind: Deployment}\n    patch: |\n"
        "      - {op: add, path: /spec/replicas, value: 2}\n"
    )
    more = (
        f"images: [{{name: ghcr.io/acme/web, newTag: v2}}]\nlabels: [{{pairs: {{a: b}}}}]\n{patch}"
    )
    for number in range(count):
        files |= _folder(f"app{number}", _DEPLOYMENT % "web", more)
    return files


class _Counted:
    """A renderer, and how often it started kubectl."""

    def __init__(self, root: Path) -> None:
        self._log = root / "runs"
        self._log.write_text("")
        program = root / "kubectl"
        program.write_text(f'#!/bin/sh\necho run >> {self._log}\nexec {find_kubectl()} "$@"\n')
        program.chmod(0o755)
        self.renderer = KustomizeRenderer(str(program), runner(os.environ))

    @property
    def runs(self) -> int:
        return len(self._log.read_text().splitlines())


def _alone(files: Mapping[str, str], *folders: str) -> str:
    """The hash of what folders of `env`, else all of them, give in a run of their own."""
    names = folders or sorted({path.split("/")[1] for path in files if path.startswith("env/")})
    every = [item for name in names for item in render(files, f"env/{name}").manifests]
    return content_hash(every)


def test_many_folders_take_few_runs_and_the_other_side_of_a_change_fewer(tmp_path: Path) -> None:
    files, counted = _many(67), _Counted(tmp_path)
    rendering = counted.renderer.render("env", repository(files))
    assert told(rendering) == []
    assert counted.runs == 2  # 64 and 3
    last = ("app7", "app8", "app9")
    found = [item for item in rendering.manifests if item.id.namespace in last]
    assert content_hash(found) == _alone(files, *last)
    assert len(rendering.manifests) == 67
    assert origins(rendering)["Deployment app7/web"] == "env/app7/all.yaml:1"
    changed = {**files, "env/app3/all.yaml": _DEPLOYMENT % "site"}
    after = counted.renderer.render("env", repository(changed))
    assert counted.runs == 3  # the one folder that differs
    assert {item.id.name for item in after.manifests} == {"web", "site"}


def test_a_name_that_one_folder_changes_is_not_changed_in_another(tmp_path: Path) -> None:
    """kustomize matches name references over all that a run builds."""
    generated = "configMapGenerator: [{name: settings, literals: [a=b]}]\n"
    files = {
        **_folder("one", _DEPLOYMENT % "web", generated),
        **_folder("two", _DEPLOYMENT % "web"),
        **_folder("three", CONFIG_MAP % "settings", "namePrefix: prod-\n"),
        **_folder("four", CONFIG_MAP % "x"),
    }
    counted = _Counted(tmp_path)
    rendering = counted.renderer.render("env", repository(files))
    assert told(rendering) == []
    assert content_hash(rendering.manifests) == _alone(files)
    assert counted.runs == 3  # one, three, and the other two together


def test_the_namespace_of_a_subject_stays_its_own_folders_business() -> None:
    files = {**_folder("one", _ACCOUNT), **_folder("two", _BINDING % "two"), **_many(3)}
    rendering = render(files)
    assert told(rendering) == []
    assert content_hash(rendering.manifests) == _alone(files)
    bindings = [item for item in rendering.manifests if item.id.kind == "ClusterRoleBinding"]
    assert [item.body["subjects"] for item in bindings] == [
        [{"kind": "ServiceAccount", "name": "robot", "namespace": "default"}]
    ]


def test_notes_of_kustomize_that_a_file_brings_along_reach_no_other_folder() -> None:
    marked = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: evil\n  annotations:\n"
        "    internal.config.kubernetes.io/previousNames: settings\n"
        "    internal.config.kubernetes.io/previousKinds: ConfigMap\n"
        "    internal.config.kubernetes.io/previousNamespaces: default\n"
    )
    plain = {"env/two/kustomization.yaml": "resources: [all.yaml]\n"}
    files = {**_folder("two", _DEPLOYMENT % "web"), **plain, **_many(2)}
    expected = render(files).manifests
    attacked = {
        **files,
        "env/aaa/kustomization.yaml": "resources: [all.yaml]\n",
        "env/aaa/all.yaml": marked,
    }
    shown = [item for item in render(attacked).manifests if item.id.name != "evil"]
    assert content_hash(shown) == content_hash(expected)


def test_a_folder_that_fails_keeps_nothing_back(tmp_path: Path) -> None:
    broken = _folder("bad", CONFIG_MAP % "x", "patches: [{path: all.yaml, target: {name: '('}}]\n")
    files, counted = {**_many(8), **broken}, _Counted(tmp_path)
    rendering = counted.renderer.render("env", repository(files))
    assert len(told(rendering)) == 1
    assert "env/bad/" in told(rendering)[0]
    assert content_hash(rendering.manifests) == _alone(_many(8))
    assert counted.runs < 9 + 1 + 2


def test_an_object_that_two_folders_describe_is_found_as_before() -> None:
    cluster_wide = "apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: shared}\n"
    files = {**_folder("one", cluster_wide), **_folder("two", cluster_wide), **_many(3)}
    rendering = render(files)
    assert told(rendering) == ["env/two/all.yaml:1: PersistentVolume shared is described twice"]


def test_files_beside_a_folder_are_read_when_they_change(tmp_path: Path) -> None:
    """A base and a patch elsewhere are part of what a build depends on."""
    files = {
        "base/kustomization.yaml": "resources: [web.yaml]\n",
        "base/web.yaml": _DEPLOYMENT % "web",
    }
    for name in ("one", "two"):
        files[f"env/{name}/kustomization.yaml"] = (
            f"namespace: {name}\nresources: [../../base]\npatches: [{{path: ../../patch.yaml}}]\n"
        )
    patch = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: %d}\n"
    renderer = _Counted(tmp_path).renderer
    for replicas in (2, 3):
        rendering = renderer.render("env", repository({**files, "patch.yaml": patch % replicas}))
        assert told(rendering) == []
        assert [item.body["spec"]["replicas"] for item in rendering.manifests] == [replicas] * 2  # type: ignore[index]
