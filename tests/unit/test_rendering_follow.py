"""Which folders Flux and Argo CD build for an environment, and what they make of them."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_action.core.manifests import Manifest, ObjectId, parse_manifests
from gitops_action.core.rendering.additions import added_to, generated
from gitops_action.core.rendering.deployers import (
    AS_WRITTEN,
    BuildSettings,
    FolderBuild,
    NotFollowed,
    builds_of,
    image_entry,
    source_path,
)
from gitops_action.core.rendering.follow import Follower
from gitops_action.core.rendering.layout import Ignore, RepositoryLayout
from gitops_action.core.rendering.output import Collected, collect
from gitops_action.core.rendering.roots import Uses, find_roots
from gitops_action.core.rendering.variables import (
    Variables,
    holds_variable,
    substituted,
    template_notes,
    variables_of,
)
from gitops_action.core.repository import RepositoryFile

SOURCE = """apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: %s, namespace: flux-system}
spec: {url: %s, ref: {%s}}
"""


def flux(path: str = "./apps", name: str = "apps", source: str = "own", **more: object) -> str:
    spec = {"path": path, "sourceRef": {"kind": "GitRepository", "name": source}, **more}
    return (
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n"
        f"metadata: {{name: {name}, namespace: flux-system}}\nspec: {json.dumps(spec)}\n"
    )


def application(**source: object) -> str:
    spec = {"source": source, "destination": {"namespace": "web"}}
    return (
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\n"
        f"metadata: {{name: web, namespace: argocd}}\nspec: {json.dumps(spec)}\n"
    )


def objects(text: str, path: str = "clusters/prod/apps.yaml") -> tuple[Manifest, ...]:
    return parse_manifests(path, text.encode())


def followed(
    text: str,
    files: tuple[str, ...] = ("apps/a.yaml",),
    repository: str = "acme/fleet",
    branch: str = "main",
) -> tuple[list[str], list[str]]:
    """The folders that are followed, and why others are not."""
    follower = Follower(layout=RepositoryLayout(files, {}), repository=repository, branch=branch)
    found = objects(text)
    follower.learn(found)
    result = follower.follow(found)
    problems = [error.title for error in result.problems]
    reasons = [item.reason for item in result.left_out]
    return [build.path for build in result.builds], reasons + problems


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("./apps", "apps"),
        ("apps/", "apps"),
        ("/apps", "apps"),
        ("./apps/../infra/", "infra"),
        ("./", ""),
        ("", ""),
        ("../../etc", "etc"),
        ("./apps/${cluster}", None),
        ("apps/{{name}}", None),
    ],
)
def test_a_path_counts_from_the_top_of_the_source(written: str, path: str | None) -> None:
    assert source_path(written) == path


@given(st.text(alphabet="./ab", max_size=20))
def test_a_path_never_leaves_the_repository(written: str) -> None:
    path = source_path(written)
    assert path is not None
    assert not path.startswith(("/", "../"))
    assert path != ".."


HERE = "https://github.com/acme/fleet"


@pytest.mark.parametrize(
    ("url", "reference", "reason"),
    [
        (HERE, "branch: main", ""),
        ("ssh://git@github.com/acme/fleet.git", "branch: main", ""),
        ("https://github.com/acme/tenant", "branch: main", "not acme/fleet"),
        (HERE, "branch: stable", "follows the branch `stable`"),
        (HERE, "tag: v1", "reads the tag `v1`"),
        (HERE, "commit: abc", "reads the commit `abc`"),
    ],
)
def test_a_source_is_this_repository_by_its_address(url: str, reference: str, reason: str) -> None:
    paths, reasons = followed(f"{SOURCE % ('own', url, reference)}---\n{flux()}")
    assert paths == ([] if reason else ["apps"])
    assert all(reason in text for text in reasons)
    assert bool(reasons) == bool(reason)


def test_a_source_that_no_file_describes_is_this_repository_where_it_has_the_folder() -> None:
    assert followed(flux()) == (["apps"], [])
    paths, (reason,) = followed(flux("./elsewhere"))
    assert paths == []
    assert "no folder `elsewhere`" in reason


def test_a_fork_knows_its_source_by_what_bootstrap_wrote() -> None:
    sync = flux("./clusters/prod", name="flux-system", source="flux-system")
    source = SOURCE % ("flux-system", "https://github.com/upstream/fleet", "branch: main")
    text = f"{source}---\n{sync}---\n{flux(source='flux-system')}"
    files = ("apps/a.yaml", "clusters/prod/apps.yaml")
    assert followed(text, files) == (["apps"], [])  # what builds itself is not followed again


def test_a_folder_that_is_gone_is_an_error_where_the_source_is_this_repository() -> None:
    text = f"{SOURCE % ('own', HERE, 'branch: main')}---\n{flux('./gone')}"
    paths, (said,) = followed(text)
    assert paths == []
    assert "builds `gone`, which is not in the repository" in said


@pytest.mark.parametrize(
    ("source", "paths", "reason"),
    [
        ({"repoURL": HERE, "path": "apps"}, ["apps"], ""),
        ({"repoURL": HERE, "path": "apps", "targetRevision": "HEAD"}, ["apps"], ""),
        ({"repoURL": HERE, "path": "apps", "targetRevision": "main"}, ["apps"], ""),
        ({"repoURL": HERE, "path": "apps", "targetRevision": "v1"}, [], "the revision `v1`"),
        ({"repoURL": "https://github.com/other/x", "path": "apps"}, [], "it reads other/x"),
        ({"repoURL": HERE, "path": "{{path}}"}, [], "is a template"),
        ({"repoURL": "https://charts.example.com", "chart": "web"}, [], ""),
    ],
)
def test_applications_of_argo_cd(source: dict[str, str], paths: list[str], reason: str) -> None:
    found, reasons = followed(application(**source))
    assert found == paths
    assert [reason in text for text in reasons] == ([True] if reason else [])


def one_build(text: str) -> FolderBuild:
    (manifest,) = objects(text)
    (build,) = builds_of(manifest.id, manifest.body)
    assert isinstance(build, FolderBuild)
    return build


def test_flux_adds_its_fields_to_the_kustomization() -> None:
    build = one_build(
        flux(
            targetNamespace="web",
            patches=[{"patch": "p"}],
            images=[{"name": "web", "newTag": "v2"}],
            components=["../parts/x"],
        )
    )
    assert build.components == ("parts/x",)
    kustomization = (
        b"namespace: old\nresources: [a.yaml]\nimages: [{name: web, newTag: v1}, {name: b}]"
    )
    made = json.loads(added_to("k", kustomization, build.settings))
    assert made == {
        "namespace": "web",
        "resources": ["a.yaml"],
        "patches": [{"patch": "p"}],
        "images": [{"name": "web", "newTag": "v2"}, {"name": "b"}],
        "components": ["../parts/x"],
    }
    parts = Collected(files=("apps/a.yaml",), kustomizations=("apps/b",))
    assert json.loads(generated("apps", parts, build.settings))["resources"] == ["a.yaml", "b"]


@pytest.mark.parametrize(
    ("written", "entry"),
    [
        ("ghcr.io/acme/web:v2", {"name": "ghcr.io/acme/web", "newTag": "v2"}),
        ("localhost:5000/web", {"name": "localhost:5000/web"}),
        ("web=ghcr.io/acme/web:v2", {"name": "web", "newName": "ghcr.io/acme/web", "newTag": "v2"}),
        ("web=*@sha256:1", {"name": "web", "digest": "sha256:1"}),
    ],
)
def test_images_as_argo_cd_writes_them(written: str, entry: dict[str, str]) -> None:
    assert image_entry(written) == entry


def test_other_kinds_lead_nowhere() -> None:
    (manifest,) = objects("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
    assert list(builds_of(manifest.id, manifest.body)) == []


def test_a_path_by_a_variable_is_said() -> None:
    (manifest,) = objects(flux("./apps/${cluster}"))
    (found,) = builds_of(manifest.id, manifest.body)
    assert isinstance(found, NotFollowed)


K = Uses()


@pytest.mark.parametrize(
    ("kustomizations", "claimed", "tops"),
    [
        ({"base": K, "prod": Uses(targets=frozenset({"base"}))}, [], ["prod"]),
        ({"part": Uses(component=True), "prod": K}, [], ["prod"]),
        ({"apps": K, "apps/web": K}, [], ["apps"]),
        ({"apps": K, "apps/prod": Uses(targets=frozenset({"apps"}))}, [], ["apps/prod"]),
        ({"apps/base": K, "apps/prod": Uses(targets=frozenset({"apps/base"}))}, ["apps/prod"], []),
        ({"a": Uses(targets=frozenset({"b"})), "b": Uses(targets=frozenset({"a"}))}, [], ["a"]),
        ({"": K, "web": K}, [], [""]),
    ],
    ids=["base", "component", "below", "overlay-below-base", "claimed", "circle", "own"],
)
def test_only_what_nothing_refers_to_is_built_by_itself(
    kustomizations: Mapping[str, Uses], claimed: list[str], tops: list[str]
) -> None:
    assert list(find_roots((), kustomizations, claimed=claimed).kustomizations) == tops


def test_files_that_stand_for_themselves() -> None:
    paths = ("a.yaml", "apps/b.yaml", "base/c.yaml", "chart/values.yaml", "used.yaml")
    kustomizations = {"base": Uses(targets=frozenset({"used.yaml"}))}
    roots = find_roots(paths, kustomizations, claimed=["apps"], charts=["chart"])
    assert roots.files == ("a.yaml",)


def collected(settings: BuildSettings, *paths: str) -> Collected:
    return collect(
        "apps", RepositoryLayout(paths, {}), Ignore({}), lambda _: b"resources: []", settings
    )


def test_argo_cd_takes_the_files_directly_in_a_folder_unless_told_to_recurse() -> None:
    paths = ("apps/a.yaml", "apps/b/c.yaml", "apps/d.json")
    assert collected(BuildSettings(flat=True), *paths).files == ("apps/a.yaml", "apps/d.json")
    assert collected(BuildSettings(recursive=True), *paths).files == paths
    some = BuildSettings(recursive=True, include="{a.yaml,b/*}", exclude="b/c*")
    assert collected(some, *paths).files == ("apps/a.yaml",)


def test_flux_builds_every_outermost_kustomization_also_one_that_is_referred_to() -> None:
    paths = ("apps/x/kustomization.yaml", "apps/x/y/kustomization.yaml", "apps/z.yaml")
    found = collected(BuildSettings(generated=True), *paths)
    assert (found.kustomizations, found.files) == (("apps/x",), ("apps/z.yaml",))
    assert collected(AS_WRITTEN, *paths).kustomizations == ("apps/x",)


def config_map(**data: object) -> Manifest:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "${name}"}, "data": data}
    (manifest,) = parse_manifests("a.yaml", json.dumps(body).encode())
    return manifest


@pytest.mark.parametrize(
    ("written", "made"),
    [
        ("${one}", 1),
        ("${word}", "text"),
        ("a-${word}-b", "a-text-b"),
        ("${none:=default}", "default"),
        ("${none:-8080}", 8080),
        ("${empty:-default}", "default"),
        ("${none:-${word}}", "text"),
        ("${none:=${name}-${none:=${one}}}/b", "a-1/b"),
        ("${word:-${name}}", "text"),
        ("${none:-a$b{c}", "a$b{c"),
        ("${none:-${word^^}}", "${word^^}"),
        ("${empty-default}", None),
        ("${none}", None),
        ("a ${none}", "a "),
        ("$${word}", "${word}"),
        ("with space: ${one}", "with space: 1"),
        ("${word^^}", "${word^^}"),
        ("$word", "$word"),
    ],
)
def test_variables_as_flux_replaces_them(written: str, made: object) -> None:
    known = Variables(values={"one": "1", "word": "text", "empty": "", "name": "a"})
    data = substituted(config_map(key=written), known).body["data"]
    assert isinstance(data, Mapping)
    assert data["key"] == made


def test_a_variable_in_a_name_changes_the_identity() -> None:
    assert substituted(config_map(), Variables(values={"name": "web"})).id.name == "web"


def test_a_template_of_another_tool_is_noted_once_for_all_its_files() -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: '%s'}\n"
    every = [
        manifest
        for path, name in (("a.yaml", "a-{{uid}}"), ("b.yaml", "{{uid}}"), ("c.yaml", "c"))
        for manifest in parse_manifests(path, (text % name).encode())
    ]
    (note,) = template_notes(every)
    assert note.startswith("a.yaml and 1 more: a template that another tool fills in")
    assert not list(template_notes(every[2:]))


def test_a_variable_that_a_secret_may_hold_stays() -> None:
    unknown = Variables(unknown=("Secret `s`",))
    made = substituted(config_map(key="${x}", other="${y:=1}"), unknown)
    assert made.body["data"] == {"key": "${x}", "other": 1}
    assert holds_variable(made.body)


def test_an_object_may_opt_out() -> None:
    body = dict(config_map(key="${x}").body)
    body["metadata"] = {
        "name": "a",
        "annotations": {"kustomize.toolkit.fluxcd.io/substitute": "disabled"},
    }
    (manifest,) = parse_manifests("a.yaml", json.dumps(body).encode())
    assert substituted(manifest, Variables()) is manifest


def test_variables_come_from_config_maps_in_order_and_secrets_are_unknown() -> None:
    post_build = {
        "substitute": {"a": "own"},
        "substituteFrom": [
            {"kind": "ConfigMap", "name": "settings"},
            {"kind": "Secret", "name": "secrets"},
            {"kind": "ConfigMap", "name": "later"},
        ],
    }
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: flux-system}\n"
    (found,) = parse_manifests("s.yaml", f"{text}data: {{a: '1', b: '2'}}\n".encode())
    variables = variables_of(post_build, "flux-system", {found.id: found})
    assert variables.values == {"a": "own", "b": "2"}
    assert variables.unknown == ("Secret `secrets`", "ConfigMap `later`")
    later = ObjectId(group="", kind="ConfigMap", namespace="flux-system", name="later")
    assert variables.missing == (later,)


def test_a_file_is_only_read_once_for_both_sides() -> None:
    file = RepositoryFile(path="a.yaml", data=flux().encode())
    assert followed(file.data.decode()) == (["apps"], [])
