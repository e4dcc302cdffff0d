"""What bump follows, what validate renders, what deploy applies and what is hashed are one set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

import pytest

from gitops_action.adapters.renderer import KustomizeRenderer, find_kubectl
from gitops_action.commands.gate.change import ChangeReader
from gitops_action.commands.render import EnvironmentRendering, FolderRenders, render_environment
from gitops_action.commands.validate.scope import find_touched, render_both
from gitops_action.core.config import load_config
from gitops_action.core.discovery import images_in
from gitops_action.core.gates.change_hash import object_changes, object_hashes
from gitops_action.core.manifests import content_hash
from gitops_action.core.rendering import RemoteBaseError
from gitops_action.core.repository import RepositoryFile, Sides, Snapshot, Tree, TreeFile, blob_id
from gitops_action.core.validation.images import images_of
from tests.support.renders import runner

if TYPE_CHECKING:
    from gitops_action.commands.gate.ports import GateTrees
    from gitops_action.commands.validate.ports import Workshop

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CONFIG = "version: 1\nenvironments:\n  prod: {path: '%s'}\n"
KUSTOMIZATION = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"


def deployment(name: str, image: str = "") -> str:
    return (
        f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec:\n"
        f"  selector: {{matchLabels: {{app: {name}}}}}\n  template:\n"
        f"    metadata: {{labels: {{app: {name}}}}}\n    spec:\n"
        f"      containers: [{{name: {name}, image: '{image or f'ghcr.io/acme/{name}:v1'}'}}]\n"
    )


def flux(name: str, path: str, more: str = "", kind: str = "GitRepository") -> str:
    return (
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n"
        f"metadata: {{name: {name}, namespace: flux-system}}\n"
        f"spec:\n  interval: 10m\n  prune: true\n  path: {path}\n"
        f"  sourceRef: {{kind: {kind}, name: flux-system}}\n{more}"
    )


def argo(name: str, path: str, more: str = "") -> str:
    return (
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\n"
        f"metadata: {{name: {name}, namespace: argocd}}\nspec:\n  project: default\n"
        "  destination: {server: 'https://kubernetes.default.svc', namespace: web}\n"
        f"  source:\n    repoURL: https://github.com/acme/fleet\n    path: {path}\n{more}"
    )


@dataclass(frozen=True)
class Layout:
    """A repository, its environment, and the images that run there."""

    files: Mapping[str, str]
    images: frozenset[str]
    path: str = "clusters/prod"
    remote: str = ""
    """The file that names a remote base: what is known of the rest is not the whole."""


def layout(files: Mapping[str, str], *images: str, path: str = "clusters/prod") -> Layout:
    return Layout(files, frozenset(f"ghcr.io/acme/{image}" for image in images), path)


def source(name: str, url: str, branch: str = "main") -> str:
    return (
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\n"
        f"metadata: {{name: {name}, namespace: flux-system}}\n"
        f"spec:\n  interval: 1m\n  url: {url}\n  ref: {{branch: {branch}}}\n"
    )


BASE_AND_OVERLAY = {
    "apps/base/web/kustomization.yaml": "resources: [web.yaml]\n",
    "apps/base/web/web.yaml": deployment("web"),
    "apps/prod/kustomization.yaml": (
        "resources: [../base/web]\nimages: [{name: ghcr.io/acme/web, newTag: v2}]\n"
    ),
    "apps/staging/kustomization.yaml": "resources: [../base/web]\nnamePrefix: staging-\n",
}
LAYOUTS = {
    "plain folder": layout(
        {"env/web.yaml": deployment("web"), "env/deep/api.yaml": deployment("api")},
        "web:v1",
        "api:v1",
        path="env",
    ),
    "kustomize": layout(BASE_AND_OVERLAY, "web:v2", path="apps/prod"),
    "bases beside overlays": layout(BASE_AND_OVERLAY, "web:v1", "web:v2", path="apps"),
    "an own kustomization leaves files out": layout(
        {
            "env/kustomization.yaml": "resources: [web.yaml]\n",
            "env/web.yaml": deployment("web"),
            "env/old.yaml": deployment("old"),
            "env/deep/kustomization.yaml": "resources: [deep.yaml]\n",
            "env/deep/deep.yaml": deployment("deep"),
        },
        "web:v1",
        path="env",
    ),
    "components": layout(
        {
            "env/app/kustomization.yaml": "resources: [web.yaml]\ncomponents: [../part]\n",
            "env/app/web.yaml": deployment("web"),
            "env/part/kustomization.yaml": (
                "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
                "images: [{name: ghcr.io/acme/web, newTag: v3}]\n"
            ),
        },
        "web:v3",
        path="env",
    ),
    "one folder an application": layout(
        {
            "apps/web/prod/web.yaml": deployment("web"),
            "apps/api/prod/kustomization.yaml": "resources: [api.yaml]\n",
            "apps/api/prod/api.yaml": deployment("api"),
            "apps/api/staging/api.yaml": deployment("api", "ghcr.io/acme/api:v9"),
        },
        "web:v1",
        "api:v1",
        path="apps/{application}/prod",
    ),
    "flux, plain folders": layout(
        {
            "clusters/prod/apps.yaml": flux("apps", "./apps"),
            "apps/web.yaml": deployment("web"),
            "apps/api/kustomization.yaml": "resources: [api.yaml]\n",
            "apps/api/api.yaml": deployment("api"),
        },
        "web:v1",
        "api:v1",
    ),
    "flux, overlays": layout(
        {**BASE_AND_OVERLAY, "clusters/prod/apps.yaml": flux("apps", "./apps/prod")}, "web:v2"
    ),
    "flux sets images": layout(
        {
            **BASE_AND_OVERLAY,
            "clusters/prod/apps.yaml": flux(
                "apps", "apps/prod", "  images: [{name: ghcr.io/acme/web, newTag: v7}]\n"
            ),
        },
        "web:v7",
    ),
    "flux of flux, inside the folder": layout(
        {
            "clusters/prod/flux-system/kustomization.yaml": "resources: [sync.yaml]\n",
            "clusters/prod/flux-system/sync.yaml": flux("flux-system", "./clusters/prod"),
            "clusters/prod/apps.yaml": flux("apps", "./apps"),
            "apps/kustomization.yaml": "resources: [web/ks.yaml]\n",
            "apps/web/ks.yaml": flux("web", "./apps/web/app"),
            "apps/web/app/kustomization.yaml": "resources: [web.yaml]\n",
            "apps/web/app/web.yaml": deployment("web"),
        },
        "web:v1",
    ),
    "flux below the environment": layout(
        {
            "clusters/prod/ks.yaml": flux("web", "./clusters/prod/web"),
            "clusters/prod/web/web.yaml": deployment("web"),
            "clusters/prod/api.yaml": deployment("api"),
        },
        "web:v1",
        "api:v1",
    ),
    "flux, an artifact": layout(
        {
            "clusters/prod/apps.yaml": flux("apps", "./apps", kind="OCIRepository"),
            "apps/web.yaml": deployment("web"),
        }
    ),
    "flux, an artifact of a controller": layout(
        {
            "clusters/prod/apps.yaml": flux("apps", "./apps", kind="ExternalArtifact"),
            "clusters/prod/api.yaml": deployment("api"),
            "apps/web.yaml": deployment("web"),
        },
        "api:v1",
    ),
    "flux reads another repository": layout(
        {
            "clusters/prod/source.yaml": source("flux-system", "https://github.com/acme/other"),
            "clusters/prod/apps.yaml": flux("apps", "./apps/prod"),
            "clusters/prod/api.yaml": deployment("api"),
            **BASE_AND_OVERLAY,
        },
        "api:v1",
    ),
    "flux reads another branch": layout(
        {
            "clusters/prod/source.yaml": source(
                "flux-system", "https://github.com/acme/fleet", branch="old"
            ),
            "clusters/prod/apps.yaml": flux("apps", "./apps/prod"),
            "clusters/prod/api.yaml": deployment("api"),
            **BASE_AND_OVERLAY,
        },
        "api:v1",
    ),
    "flux reads this repository and another one": layout(
        {
            "clusters/prod/sources.yaml": "---\n".join(
                (
                    source("flux-system", "ssh://git@github.com/acme/fleet"),
                    source("other", "https://github.com/acme/other"),
                )
            ),
            "clusters/prod/apps.yaml": flux("apps", "./apps/prod"),
            "clusters/prod/other.yaml": flux("other", "./plain").replace(
                "name: flux-system}", "name: other}"
            ),
            "plain/api.yaml": deployment("api"),
            **BASE_AND_OVERLAY,
        },
        "web:v2",
    ),
    "remote bases": replace(
        layout(
            {
                "env/kustomization.yaml": "resources: [web, api]\n",
                "env/web/kustomization.yaml": "resources: [web.yaml]\n",
                "env/web/web.yaml": deployment("web"),
                "env/api/kustomization.yaml": (
                    "resources: ['https://github.com/acme/base?ref=v1', api.yaml]\n"
                ),
                "env/api/api.yaml": deployment("api"),
            },
            "web:v1",
            "api:v1",
            path="env",
        ),
        remote="env/api/kustomization.yaml",
    ),
    "argo cd, app of apps": layout(
        {
            "clusters/prod/root.yaml": argo("root", "argocd"),
            "argocd/web.yaml": argo("web", "apps/prod"),
            "argocd/api.yaml": argo("api", "plain"),
            "plain/api.yaml": deployment("api"),
            "plain/below/old.yaml": deployment("old"),
            **BASE_AND_OVERLAY,
        },
        "web:v2",
        "api:v1",
    ),
    "argo cd reads another repository": layout(
        {
            "clusters/prod/web.yaml": argo("web", "apps/prod").replace("/fleet", "/other"),
            "clusters/prod/api.yaml": deployment("api"),
            **BASE_AND_OVERLAY,
        },
        "api:v1",
    ),
    "argo cd reads several repositories and branches": layout(
        {
            "clusters/prod/web.yaml": argo("web", "apps/prod", "    targetRevision: main\n"),
            "clusters/prod/other.yaml": argo("other", "other").replace("/fleet", "/other"),
            "clusters/prod/later.yaml": argo("later", "later", "    targetRevision: later\n"),
            "clusters/prod/tag.yaml": argo("tag", "later", "    targetRevision: refs/tags/v1\n"),
            "clusters/prod/more.yaml": (
                f"{argo('more', '').partition('  source:')[0]}  sources:\n"
                "    - {repoURL: 'https://github.com/acme/other', path: other}\n"
                "    - repoURL: https://github.com/acme/fleet\n"
                "      path: more\n      targetRevision: HEAD\n"
            ),
            "other/api.yaml": deployment("other"),
            "later/api.yaml": deployment("later"),
            "more/more.yaml": deployment("more"),
            **BASE_AND_OVERLAY,
        },
        "web:v2",
        "more:v1",
    ),
    "argo cd sets images and recurses": layout(
        {
            "clusters/prod/web.yaml": argo(
                "web", "apps/prod", "    kustomize: {images: ['ghcr.io/acme/web:v8']}\n"
            ),
            "clusters/prod/api.yaml": argo("api", "plain", "    directory: {recurse: true}\n"),
            "plain/api.yaml": deployment("api"),
            "plain/below/more.yaml": deployment("more"),
            **BASE_AND_OVERLAY,
        },
        "web:v8",
        "api:v1",
        "more:v1",
    ),
}


class Trees:
    """One commit in memory, and a change of it."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self.content = {"base": dict(files), "head": dict(files)}

    def tree(self, commit: str) -> Tree:
        listed = {
            path: TreeFile(mode="100644", blob=blob_id(text.encode()))
            for path, text in self.content[commit].items()
        }
        return Tree(commit=commit, files=listed)

    def sides(self) -> Sides:
        return Sides(base=self.tree("base"), merged=self.tree("head"), branch="main")

    def read(self, tree: Tree, paths: Iterable[str]) -> Mapping[str, RepositoryFile]:
        content = self.content[tree.commit]
        return {
            path: RepositoryFile(path=path, data=content[path].encode())
            for path in paths
            if path in content
        }


def rendered(here: Layout) -> tuple[EnvironmentRendering, Trees]:
    config = load_config("gitops.yaml", (CONFIG % here.path).encode())
    trees = Trees(here.files)
    renderer = KustomizeRenderer(find_kubectl(), runner())
    (environment,) = config.environments
    found = render_environment(
        environment,
        config,
        trees.tree("base"),
        trees,
        renderer,
        repository="acme/fleet",
        branch="main",
    )
    return found, trees


@pytest.mark.parametrize("name", LAYOUTS)
def test_bump_validate_and_deploy_agree(name: str) -> None:
    here = LAYOUTS[name]
    rendering, trees = rendered(here)
    not_followed = [error for error in rendering.problems if isinstance(error, RemoteBaseError)]
    assert list(rendering.problems) == not_followed
    places = [error.location.file for error in not_followed if error.location]
    assert places == ([here.remote] if here.remote else [])
    assert frozenset(images_of(rendering.manifests)) == here.images
    config = load_config("gitops.yaml", (CONFIG % here.path).encode())
    files = {path: RepositoryFile(path=path, data=t.encode()) for path, t in here.files.items()}
    (environment,) = config.environments
    uses = images_in(
        snapshot=Snapshot(commit="c", files=files, folders=()),
        environment=environment,
        config=config,
        repository="acme/fleet",
        branch="main",
    )
    assert frozenset(str(use.reference) for use in uses) == here.images
    assert {use.file for use in uses} <= rendering.files
    assert {item.origin.file for item in rendering.manifests if item.origin} <= rendering.files
    assert rendering.hash == content_hash(rendering.manifests)
    assert {item.id for item in rendering.applied} <= {item.id for item in rendering.manifests}
    _is_validated_alike(here, rendering, trees)
    _is_hashed_alike(here, rendering)


def _is_validated_alike(here: Layout, rendering: EnvironmentRendering, trees: Trees) -> None:
    """A change of any file that an image comes from is seen, and its base side is the same set."""
    config = load_config("gitops.yaml", (CONFIG % here.path).encode())
    origins = {item.origin.file for item in rendering.manifests if item.origin}
    for path in sorted(origins & here.files.keys()):
        trees.content["head"] = {**here.files, path: f"{here.files[path]}# changed\n"}
        touched = find_touched(config, trees.sides(), trees, repository="acme/fleet")
        assert [item.name for item in touched] == ["prod"], path
        assert touched[0].before.files == rendering.files
    renderer = KustomizeRenderer(find_kubectl(), runner())
    for pair in render_both(touched, trees, renderer):
        assert pair.before.hash == pair.after.hash == rendering.hash


class CommitTrees(Trees):
    """The same as the gate reads it: commits and merges of them by name."""

    def at(self, commit: str) -> Tree:
        return self.tree(commit)

    def sides(self, *, base: str = "base", head: str = "head") -> Sides:
        return Sides(base=self.tree(base), merged=self.tree(head), branch="main")


def _is_hashed_alike(here: Layout, rendering: EnvironmentRendering) -> None:
    """The gate's change hash is over exactly the objects that are rendered, and no others."""
    config = load_config("gitops.yaml", (CONFIG % here.path).encode())
    trees = CommitTrees(here.files)
    newer = {path: text.replace(":v", ":v1") for path, text in here.files.items()}
    trees.content["head"] = {**newer, "elsewhere/api.yaml": deployment("api")}
    with FolderRenders(trees, KustomizeRenderer(find_kubectl(), runner())) as renders:
        reader = ChangeReader(
            cast("GateTrees", trees),
            cast("Workshop", None),  # for what validates, which is not asked here
            config,
            repository="acme/fleet",
            branch="main",
            config_path="gitops.yaml",
            verify="off",
            renders=renders,
        )
        (environment,) = config.environments
        base = reader.rendering(environment, "base")
        assert (base.hash, base.files) == (rendering.hash, rendering.files)
        change = reader.change(base="base", head="head", now=NOW)
        after = reader.rendering(environment, "head")
    counted = [item.path for item in change.hash.files]
    if here.remote:  # not known whole: every file of the environment counts by itself
        assert {*counted} - {"elsewhere/api.yaml"} <= rendering.files
        return
    sides = [object_hashes(item.manifests) for item in (rendering, after)]
    assert change.hash.objects == object_changes("prod", *sides)
    outside = {*trees.sides().changed()} - rendering.files - after.files
    assert counted == sorted(outside)


def test_what_a_controller_applies_is_not_applied_by_the_environment_itself() -> None:
    rendering, _ = rendered(LAYOUTS["flux of flux, inside the folder"])
    deployers = {str(item.id): item.deployer and item.deployer.name for item in rendering.manifests}
    assert deployers == {
        "Kustomization flux-system/flux-system": None,
        "Kustomization flux-system/apps": None,
        "Kustomization flux-system/web": "apps",
        "Deployment web": "web",
    }
    applied = {item.id.name for item in rendering.applied}
    assert applied == {"flux-system", "apps"}


def test_patches_of_a_parent_reach_its_children() -> None:
    parent = """  patches:
    - target: {kind: Kustomization}
      patch: |
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        metadata: {name: _}
        spec:
          postBuild: {substitute: {tag: v5}, substituteFrom: [{kind: Secret, name: keys}]}
"""
    here = layout(
        {
            "clusters/prod/apps.yaml": flux("apps", "./apps", parent),
            "apps/kustomization.yaml": "resources: [web.yaml]\n",
            "apps/web.yaml": flux("web", "./web", "  targetNamespace: live\n"),
            "web/web.yaml": deployment("web", "ghcr.io/acme/web:${tag}"),
        }
    )
    rendering, _ = rendered(here)
    assert rendering.problems == ()
    (web,) = (item for item in rendering.manifests if item.id.kind == "Deployment")
    assert str(web.id) == "Deployment live/web"
    assert list(images_of([web])) == ["ghcr.io/acme/web:v5"]
    assert any("variables of Secret `keys` are not known here" in note for note in rendering.notes)


def test_a_flux_source_of_another_repository_is_not_followed() -> None:
    rendering, _ = rendered(LAYOUTS["flux reads another repository"])
    assert any("acme/other" in note for note in rendering.notes)


def test_a_folder_that_is_a_chart_itself_holds_no_objects_and_is_named() -> None:
    here = layout(
        {
            "env/Chart.yaml": "apiVersion: v2\nname: apps\nversion: 1.0.0\n",
            "env/values.yaml": "spec: {destination: {server: https://kubernetes.default.svc}}\n",
            "env/templates/applications.yaml": "kind: {{ .Values.kind }}\n",
        },
        path="env",
    )
    rendering, _ = rendered(here)
    assert (rendering.manifests, rendering.problems) == ((), ())
    assert [str(error.location) for error in rendering.unrendered] == ["env/Chart.yaml"]
    (note,) = rendering.notes
    assert note.startswith("env/Chart.yaml: env is a Helm chart and is not rendered by itself")


def test_a_chart_inside_the_folder_is_no_object_and_is_named() -> None:
    here = layout(
        {
            "env/web.yaml": deployment("web"),
            "env/chart/Chart.yaml": "apiVersion: v2\nname: api\nversion: 1.0.0\n",
            "env/chart/templates/api.yaml": "kind: {{ .Values.kind }}\n{{- if .Values.x }}\n",
        },
        path="env",
    )
    rendering, _ = rendered(here)
    assert rendering.problems == ()
    assert list(images_of(rendering.manifests)) == ["ghcr.io/acme/web:v1"]
    (note,) = rendering.notes
    assert note.startswith("env/chart: a Helm chart is rendered for the release that names it")


def test_what_leads_elsewhere_is_named() -> None:
    rendering, _ = rendered(LAYOUTS["flux, an artifact"])
    (note,) = rendering.notes
    assert note == (
        "not followed: Kustomization flux-system/apps: it reads the OCIRepository `flux-system`,"
        " not a Git repository"
    )


def test_a_remote_base_keeps_its_folder_alone_from_being_rendered() -> None:
    files = {
        **LAYOUTS["flux, plain folders"].files,
        "apps/api/kustomization.yaml": "resources: [https://github.com/acme/base?ref=v1]\n",
    }
    rendering, _ = rendered(replace(LAYOUTS["flux, plain folders"], files=files))
    (problem,) = rendering.problems
    assert "is outside of the repository and is not followed" in problem.title
    assert list(images_of(rendering.manifests)) == ["ghcr.io/acme/web:v1"]
