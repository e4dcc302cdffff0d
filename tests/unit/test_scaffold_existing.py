"""Which environments are assumed of a repository that exists."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_action.core.config.load import read_config
from gitops_action.core.config.tree_check import check_tree
from gitops_action.core.rendering.follow import deployers_in
from gitops_action.core.repository import RepositoryFile
from gitops_action.core.scaffold.existing import (
    AssumedEnvironment,
    assumed_environments,
    whole_repository,
    written,
)

_OBJECT = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n"


def flux(name: str, path: str, kind: str = "GitRepository") -> str:
    return (
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n"
        f"metadata: {{name: {name}, namespace: flux-system}}\n"
        f"spec: {{path: {path}, sourceRef: {{kind: {kind}, name: flux-system}}}}\n"
    )


def argo(name: str, path: str) -> str:
    return (
        f"apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: {name}}}\n"
        f"spec: {{source: {{repoURL: https://github.com/acme/fleet, path: {path}}}}}\n"
    )


def assumed(files: Mapping[str, str]) -> tuple[AssumedEnvironment, ...]:
    made = {path: RepositoryFile(path=path, data=text.encode()) for path, text in files.items()}
    return assumed_environments(sorted(files), deployers_in(made))


BOOTSTRAPPED = {
    f"clusters/{name}/{file}": text
    for name in ("production", "staging")
    for file, text in {
        "flux-system/gotk-sync.yaml": flux("flux-system", f"./clusters/{name}"),
        "apps.yaml": flux("apps", f"./apps/{name}"),
    }.items()
} | {"apps/staging/kustomization.yaml": "resources: []\n", "apps/production/x.yaml": _OBJECT}
TENANTS = {"tenants/base/team/sync.yaml": flux("team", "./tenants/team")}
LAYOUTS: Mapping[str, tuple[Mapping[str, str], list[tuple[str, str, str, tuple[str, ...]]]]] = {
    "flux bootstrap, one folder a cluster": (
        {**BOOTSTRAPPED, **TENANTS},
        [
            ("staging", "clusters/staging", "flux", ()),
            ("production", "clusters/production", "flux", ("staging",)),
        ],
    ),
    "flux operator, one cluster": (
        {
            "kubernetes/flux/cluster/ks.yaml": flux("cluster-apps", "./kubernetes/apps"),
            "kubernetes/apps/web/ks.yaml": flux("web", "./kubernetes/apps/web/app"),
        },
        [("production", "kubernetes/flux/cluster", "flux", ())],
    ),
    "overlays of one application": (
        {f"overlays/{name}/kustomization.yaml": "" for name in ("prod", "dev", "qa")},
        [
            ("dev", "overlays/dev", "", ()),
            ("qa", "overlays/qa", "", ("dev",)),
            ("prod", "overlays/prod", "", ("qa",)),
        ],
    ),
    "overlays of each application, applied by argo": (
        {
            **{
                f"apps/{app}/overlays/{name}/kustomization.yaml": ""
                for app in ("web", "api")
                for name in ("staging", "production")
            },
            "apps/web/base/kustomization.yaml": "",
            "argocd/web.yaml": argo("web", "apps/web/overlays/staging"),
        },
        [
            ("staging", "apps/{application}/overlays/staging", "argocd", ()),
            ("production", "apps/{application}/overlays/production", "", ("staging",)),
        ],
    ),
    "clusters of any name": (
        {f"clusters/{name}/all.yaml": _OBJECT for name in ("eu-1", "us-1")},
        [("eu-1", "clusters/eu-1", "", ()), ("us-1", "clusters/us-1", "", ())],
    ),
    "folders of applications of argo": (
        {
            "cluster-a/bootstrap/web.yaml": argo("web", "workloads/web"),
            "workloads/web/a.yaml": _OBJECT,
        },
        [("cluster-a", "cluster-a/bootstrap", "argocd", ())],
    ),
    "names that only hold such a word": (
        {"local-storage/a.yaml": _OBJECT, "openshift-dev-spaces/a.yaml": _OBJECT},
        [("production", "", "", ())],
    ),
    "charts, tests and documents": (
        {
            "chart/Chart.yaml": "",
            "chart/values/prod/values.yaml": "",
            "tests/env/prod/a.yaml": _OBJECT,
            ".github/env/prod/a.yaml": _OBJECT,
        },
        [("production", "", "", ())],
    ),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_environments_are_found(name: str) -> None:
    files, expected = LAYOUTS[name]
    found = assumed(files)
    assert [(item.name, item.path, item.engine, item.after) for item in found] == expected


@pytest.mark.parametrize("name", LAYOUTS)
def test_what_is_written_is_a_configuration_without_mistakes(name: str) -> None:
    files, _ = LAYOUTS[name]
    text = written(assumed(files))
    reading = read_config(".github/gitops.yaml", text.encode())
    assert reading.problems == ()
    assert check_tree(reading, sorted(files)).errors == ()
    assert "# assumed: " in text


def test_regions_of_production_are_production() -> None:
    files = {f"envs/{name}/a.yaml": _OBJECT for name in ("prod-eu", "prod-us", "staging")}
    found = {item.name: item for item in assumed(files)}
    assert [item.production for item in found.values()] == [False, True, True]
    assert found["prod-us"].after == ("staging",)


def test_a_kustomization_of_another_kind_of_source_is_waited_for_by_name() -> None:
    files = {"clusters/prod/apps.yaml": flux("apps", "apps/prod", "ExternalArtifact")}
    (only,) = assumed(files)
    assert only.kustomizations == ("flux-system/apps",)
    assert "kustomizations: ['flux-system/apps']" in written([only])


_SEGMENT = st.one_of(
    st.sampled_from(
        ["apps", "overlays", "prod", "staging", "clusters", "all", "base", "{application}"]
    ),
    st.text(alphabet="aA0-._ :#'\"{}\n", min_size=1, max_size=4),
)


@given(st.lists(st.lists(_SEGMENT, min_size=1, max_size=4), max_size=12))
def test_any_tree_gives_yaml_that_can_be_read(trees: list[list[str]]) -> None:
    """What is wrong with it in another way is caught by the command, which then assumes less."""
    paths = sorted({"/".join([*parts, "a.yaml"]) for parts in trees})
    reading = read_config(".github/gitops.yaml", written(assumed_environments(paths, [])).encode())
    assert reading.document is not None
    assert list(reading.document.problems) == []
    fallback = read_config(".github/gitops.yaml", written([whole_repository()]).encode())
    assert fallback.problems == ()
