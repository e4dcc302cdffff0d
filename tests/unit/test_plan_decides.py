"""The place that decides: in the order of the tool that renders, or refused with its place."""

from __future__ import annotations

import pytest

from gitops_action.core.plan import (
    AmbiguousEnvironmentError,
    MarkerError,
    NoMatchError,
    Plan,
    SeveralStreamsError,
    SharedFileError,
    UntracedError,
    make_keep,
    parse_set_lines,
)
from tests.support.plans import after, configured, plan, workload

WEB = "ghcr.io/acme/web"
BUMP = f"{WEB}:v2"


def edited(files: dict[str, str], images: str = BUMP) -> dict[str, str]:
    """What changes, by file."""
    result = after(files, plan(files, images))
    return {path: result[path] for path in files if result[path] != files[path]}


def told(planned: Plan) -> str:
    return "\n".join(f"{item.file}:{item.line}: {item.reason}" for item in planned.skipped)


# --- files that something names ---


def application(source: str, name: str = "web") -> str:
    return (
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\n"
        f"metadata: {{name: {name}}}\nspec:\n  source:\n    path: chart\n" + source
    )


CHART = {
    "chart/Chart.yaml": "name: web\nversion: 1.0.0\n",
    "chart/values.yaml": f"image: {{repository: {WEB}, tag: v0}}\n",
    "chart/prod": "image: {tag: v1}\n",
    "chart/prod.yaml": "image: {tag: v1}\n",
}


@pytest.mark.parametrize("name", ["prod.yaml", "prod"])
def test_a_values_file_that_argo_cd_names_decides_whatever_its_name(name: str) -> None:
    files = {**CHART, "app.yaml": application(f"    helm: {{valueFiles: [{name}]}}\n")}
    assert edited(files) == {f"chart/{name}": "image: {tag: v2}\n"}


def test_a_values_file_of_another_source_is_found_from_the_top() -> None:
    files = {
        **CHART,
        "settings/web": "image: {tag: v1}\n",
        "app.yaml": "apiVersion: argoproj.io/v1alpha1\nkind: Application\n"
        "metadata: {name: web}\nspec:\n  sources:\n  - {repoURL: x, ref: here}\n"
        "  - path: chart\n    helm: {valueFiles: [$here/settings/web]}\n",
    }
    assert list(edited(files)) == ["settings/web"]


def test_values_object_stands_in_for_the_text_of_values() -> None:
    files = {
        **CHART,
        "app.yaml": application(
            "    helm:\n      values: 'image: {tag: v5}'\n      valuesObject: {image: {tag: v1}}\n"
        ),
    }
    assert "valuesObject: {image: {tag: v2}}" in edited(files)["app.yaml"]


@pytest.mark.parametrize("name", [".argocd-source.yaml", ".argocd-source-web.yaml"])
def test_the_override_file_of_argo_cd_is_read_last(name: str) -> None:
    files = {
        **CHART,
        "app.yaml": application("    helm: {parameters: [{name: image.tag, value: v1}]}\n"),
        f"chart/{name}": "helm: {parameters: [{name: image.tag, value: v9}]}\n",
    }
    assert list(edited(files)) == [f"chart/{name}"]


def test_an_override_of_another_application_does_not_count() -> None:
    files = {
        **CHART,
        "app.yaml": application("    helm: {parameters: [{name: image.tag, value: v1}]}\n"),
        "chart/.argocd-source-api.yaml": "helm: {parameters: [{name: image.tag, value: v9}]}\n",
    }
    assert list(edited(files)) == ["app.yaml"]


def test_values_that_a_generator_makes_for_a_release_are_read() -> None:
    files = {
        "kustomization.yaml": "resources: [release.yaml]\nconfigMapGenerator:\n"
        "- {name: web-values, files: [values.yaml=web.yaml]}\n",
        "release.yaml": "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\n"
        "metadata: {name: web}\nspec:\n  valuesFrom: [{kind: ConfigMap, name: web-values}]\n"
        f"  values: {{image: {{repository: {WEB}}}}}\n",
        "web.yaml": "image: {tag: v1}\n",
    }
    assert list(edited(files)) == ["web.yaml"]


RELEASE = """\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web}
spec:
  chart:
    spec:
      chart: ./chart
      sourceRef: {kind: GitRepository, name: flux-system}
"""


def test_values_files_that_a_release_names_decide_whatever_their_names() -> None:
    files = {**CHART, "web.yaml": f"{RELEASE}      valuesFiles: [chart/values.yaml, chart/prod]\n"}
    assert edited(files) == {"chart/prod": "image: {tag: v2}\n"}


def test_values_of_a_release_lie_over_those_of_its_chart() -> None:
    files = {**CHART, "web.yaml": f"{RELEASE}  values: {{image: {{tag: v1}}}}\n"}
    assert list(edited(files)) == ["web.yaml"]
    assert list(edited({**CHART, "web.yaml": RELEASE})) == ["chart/values.yaml"]


def test_an_edit_by_set_alone_knows_what_another_environment_builds_on() -> None:
    keep = make_keep((), parse_set_lines("chart/values.yaml: image.tag = v2"))
    assert keep("flux.yaml", flux("  prune: true\n").encode())
    assert not keep("other.yaml", b"a: 1\n")


# --- the order of the tool that renders ---


def flux(spec: str, path: str = "./apps") -> str:
    head = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n"
    return f"{head}metadata: {{name: apps}}\nspec:\n  path: {path}\n" + spec


APPS = {
    "apps/kustomization.yaml": f"resources: [web.yaml]\nimages:\n- {{name: {WEB}, newTag: v1}}\n",
    "apps/web.yaml": workload(f"{WEB}:v0"),
}


def test_flux_merges_entries_of_one_name_by_field() -> None:
    files = {
        "apps/kustomization.yaml": "resources: [web.yaml]\nimages:\n"
        f"- {{name: app, newName: {WEB}, newTag: v1}}\n",
        "apps/web.yaml": workload("app"),
        "flux.yaml": flux("  images: [{name: app, newTag: v5}]\n"),
    }
    assert list(edited(files)) == ["flux.yaml"]


def test_patches_of_flux_come_before_images() -> None:
    patch = (
        "  patches:\n  - target: {kind: Deployment}\n    patch: |-\n      - op: replace\n"
        f"        path: /spec/template/spec/containers/0/image\n        value: {WEB}:v9\n"
    )
    assert list(edited({**APPS, "flux.yaml": flux(patch)})) == ["apps/kustomization.yaml"]
    bare = {**APPS, "apps/kustomization.yaml": "resources: [web.yaml]\n"}
    assert list(edited({**bare, "flux.yaml": flux(patch)})) == ["flux.yaml"]


def test_flux_adds_to_a_folder_without_kustomization_too() -> None:
    files = {
        "apps/web.yaml": workload(f"{WEB}:v0"),
        "flux.yaml": flux(f"  images: [{{name: {WEB}, newTag: v1}}]\n"),
    }
    assert list(edited(files)) == ["flux.yaml"]


def test_argo_cd_overwrites_entries_of_one_name() -> None:
    files = {
        **APPS,
        "app.yaml": application(f"    kustomize: {{images: ['{WEB}:v5']}}\n").replace(
            "path: chart", "path: apps"
        ),
    }
    assert list(edited(files)) == ["app.yaml"]


def test_a_transformer_that_is_a_program_is_named() -> None:
    files = {
        "kustomization.yaml": "resources: [web.yaml]\ntransformers: [run.yaml]\n",
        "web.yaml": workload(f"{WEB}:v1"),
        "run.yaml": "apiVersion: example.org/v1\nkind: Rewrite\nmetadata: {name: x}\n",
    }
    assert "run.yaml:1" in told(plan(files, BUMP))
    files["run.yaml"] += f"image: {WEB}\n"
    with pytest.raises(UntracedError) as caught:
        plan(files, BUMP)
    assert str(caught.value.location) == "run.yaml:1"


def test_a_replacement_from_an_env_file_is_refused_with_its_line() -> None:
    files = {
        "kustomization.yaml": "resources: [web.yaml]\n"
        "configMapGenerator: [{name: versions, envs: [.env]}]\n"
        "replacements:\n- source: {kind: ConfigMap, name: versions, fieldPath: data.TAG}\n"
        "  targets:\n  - select: {kind: Deployment}\n"
        "    fieldPaths: [spec.template.spec.containers.0.image]\n"
        "    options: {delimiter: ':', index: 1}\n",
        "web.yaml": workload(f"{WEB}:v0"),
        ".env": "A=1\nTAG=v1\n",
    }
    with pytest.raises(UntracedError) as caught:
        plan(files, BUMP)
    assert str(caught.value.location) == ".env:2"


# --- variables ---

VARIABLE = {"apps/web.yaml": workload(f"{WEB}:${{TAG}}")}


def test_the_value_of_a_variable_is_edited_where_it_is_written() -> None:
    files = {**VARIABLE, "flux.yaml": flux("  postBuild: {substitute: {TAG: v1}}\n")}
    assert "TAG: v2" in edited(files)["flux.yaml"]


def test_a_variable_of_a_config_map_is_edited_there() -> None:
    files = {
        **VARIABLE,
        "flux.yaml": flux("  postBuild: {substituteFrom: [{kind: ConfigMap, name: versions}]}\n"),
        "versions.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: versions}\n"
        "data: {TAG: v1}\n",
    }
    assert list(edited(files)) == ["versions.yaml"]


def test_the_default_of_a_variable_is_edited_inside_it() -> None:
    files = {
        "apps/web.yaml": workload(f"{WEB}:${{TAG:=v1}}"),
        "flux.yaml": flux("  postBuild: {substitute: {OTHER: x}}\n"),
    }
    assert edited(files) == {"apps/web.yaml": workload(f"{WEB}:${{TAG:=v2}}")}


@pytest.mark.parametrize(
    "spec",
    [
        "  prune: true\n",
        "  postBuild: {substituteFrom: [{kind: Secret, name: elsewhere}]}\n",
        "  postBuild: {substitute: {OTHER: x}}\n",
    ],
)
def test_a_variable_without_a_value_is_never_replaced(spec: str) -> None:
    with pytest.raises(UntracedError) as caught:
        plan({**VARIABLE, "flux.yaml": flux(spec)}, BUMP)
    assert "TAG" in caught.value.cause
    assert caught.value.location is not None
    assert caught.value.location.file == "apps/web.yaml"


def test_a_default_that_is_a_variable_is_not_edited() -> None:
    files = {
        "apps/web.yaml": workload(f"{WEB}:${{TAG:-${{OTHER}}}}"),
        "flux.yaml": flux("  postBuild: {substitute: {OTHER: v1}}\n"),
    }
    with pytest.raises(UntracedError) as caught:
        plan(files, BUMP)
    assert "TAG" in caught.value.cause


def test_a_variable_of_two_images_is_not_moved_for_one() -> None:
    files = {
        "apps/web.yaml": workload(f"{WEB}:${{TAG}}", "ghcr.io/acme/api:${TAG}"),
        "flux.yaml": flux("  postBuild: {substitute: {TAG: v1}}\n"),
    }
    with pytest.raises(SharedFileError):
        plan(files, BUMP)


def test_two_clusters_that_set_a_variable_are_ambiguous() -> None:
    files = {
        **VARIABLE,
        "clusters/a/apps.yaml": flux("  postBuild: {substitute: {TAG: v1}}\n"),
        "clusters/b/apps.yaml": flux("  postBuild: {substitute: {TAG: v2}}\n"),
    }
    with pytest.raises(AmbiguousEnvironmentError, match=r"apps/web\.yaml") as caught:
        plan(files, f"{WEB}:v3")
    assert "${TAG}" in caught.value.cause


# --- markers ---


def marked(value: str, form: str = "") -> dict[str, str]:
    return {"settings.yaml": f"web:\n  value: {value} # gitops-image: {WEB}{form}\n"}


def test_name_and_tag_of_a_marked_image_move_together() -> None:
    files = {
        "settings.yaml": f"name: old.io/web # gitops-image: {WEB}:name\n"
        f"tag: v1 # gitops-image: {WEB}:tag\n"
    }
    assert edited(files)["settings.yaml"] == files["settings.yaml"].replace(
        "old.io/web", WEB, 1
    ).replace("v1", "v2")


def test_a_marked_reference_with_another_name_takes_the_new_one() -> None:
    assert edited(marked("old.io/web:v1")) == marked(BUMP)


@pytest.mark.parametrize("key", ["APP_VERSION", "--version"])
def test_a_marker_on_a_pair_keeps_the_key(key: str) -> None:
    assert edited(marked(f"{key}=v1", ":tag")) == marked(f"{key}=v2", ":tag")


def test_renaming_an_image_renames_its_markers() -> None:
    files = marked("v1", ":tag")
    assert edited(files, f"{WEB}=ghcr.io/acme/site:v2") == {
        "settings.yaml": "web:\n  value: v2 # gitops-image: ghcr.io/acme/site:tag\n"
    }


@pytest.mark.parametrize(
    ("value", "form", "fits"),
    [
        ("v1", "", ":tag"),
        ("1.9.0", "", ":tag"),
        (f"{WEB}:v1", ":tag", "no ending"),
        (f"{WEB}:v1", ":name", "no ending"),
        ("sha256:" + "ab" * 32, ":tag", ":digest"),
    ],
)
def test_a_marker_that_does_not_fit_says_which_form_does(value: str, form: str, fits: str) -> None:
    with pytest.raises(MarkerError) as caught:
        plan(marked(value, form), BUMP)
    assert fits in caught.value.fix
    assert str(caught.value.location) == "settings.yaml:2"


# --- streams, mentions ---


def test_streams_of_tags_are_not_mixed() -> None:
    files = {"web.yaml": workload(f"{WEB}:agent-1.0", f"{WEB}:client-3.1")}
    with pytest.raises(SeveralStreamsError, match=r"client-3\.1"):
        plan(files, f"{WEB}:agent-1.1")


@pytest.mark.parametrize("tags", [("v1.0", "v1.1"), ("1.0", "1.1-rc.1"), ("latest", "v1")])
def test_different_versions_of_one_stream_move_and_are_reported(tags: tuple[str, str]) -> None:
    planned = plan({"web.yaml": workload(*(f"{WEB}:{tag}" for tag in tags))}, f"{WEB}:v9")
    assert len(planned.lines) == 2
    assert all(tag in planned.notes[0] for tag in tags)


MENTIONS = {
    "compose.yaml": f"services:\n  web:\n    image: {WEB}:v1\n",
    ".github/workflows/ci.yaml": f"env:\n  IMAGE: {WEB}:v1\n",
    "old.yaml": f"a: 1\n# image: {WEB}:v1\n",
    "settings.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
    f"data:\n  image: {WEB}:v1\n",
    "text.yaml": f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: b}}\ndata:\n  a: |\n"
    f"    run {WEB}:v1\n",
    "chart/templates/web.yaml": f"{{{{- if .Values.on }}}}\nimage: {WEB}:v1\n{{{{- end }}}}\n",
}


@pytest.mark.parametrize("path", MENTIONS)
def test_the_name_in_text_that_no_rule_recognises_is_reported(path: str) -> None:
    files = {path: MENTIONS[path], "web.yaml": workload(f"{WEB}:v1")}
    lines = MENTIONS[path].splitlines()
    number = next(n for n, line in enumerate(lines, 1) if WEB in line)
    planned = plan(files, BUMP)
    assert list(planned.edits) == ["web.yaml"]
    assert [(item.file, item.line) for item in planned.skipped] == [(path, number)]
    with pytest.raises(NoMatchError) as caught:
        plan({path: MENTIONS[path]}, BUMP)
    assert f"{path}:{number}" in caught.value.fix


def test_what_does_not_contain_the_image_is_not_reported() -> None:
    files = {
        "web.yaml": workload(f"{WEB}:v1"),
        "other/kustomization.yaml": "resources: [https://example.org/base?ref=v1]\n",
        "README.yaml": "text: web, ghcr.io/acme/web-proxy and github.com/ghcr.io/acme/web\n",
        "scan.yaml": "apiVersion: image.toolkit.fluxcd.io/v1\nkind: ImageRepository\n"
        f"metadata: {{name: web}}\nspec:\n  image: {WEB}\n",
    }
    assert plan(files, BUMP).skipped == ()


def test_the_error_lists_the_five_nearest_images() -> None:
    files = {"web.yaml": workload(*(f"ghcr.io/acme/app{n}:v1" for n in range(9)))}
    with pytest.raises(NoMatchError) as caught:
        plan(files, BUMP)
    assert caught.value.cause.count("ghcr.io") == 5
    assert "4 more" in caught.value.cause


# --- more ways to write an image ---


@pytest.mark.parametrize(
    "content",
    [
        f"image: {{name: {WEB}, version: v1}}\n",
        f"web: {{repository: {WEB}, version: v1}}\n",
        f"image.name: {WEB}\nimage.tag: v1\n",
    ],
)
def test_version_and_flat_keys_name_an_image(content: str) -> None:
    assert edited({"values.yaml": content}) == {"values.yaml": content.replace("v1", "v2")}


def test_an_artifact_of_flux_is_an_image() -> None:
    content = (
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nmetadata: {name: web}\n"
        f"spec:\n  url: oci://{WEB}\n  ref: {{tag: v1}}\n"
    )
    assert edited({"oci.yaml": content}) == {"oci.yaml": content.replace("tag: v1", "tag: v2")}


def test_wide_files_and_escaped_spellings_are_found() -> None:
    escaped = workload('"ghcr.io/acme/w\\u0065b:v1"')
    assert list(edited({"web.yaml": escaped})) == ["web.yaml"]
    wide = workload(f"{WEB}:v1").encode("utf-16")
    planned = plan({"web.yaml": wide}, BUMP)
    assert planned.edits == {"web.yaml": workload(BUMP).encode("utf-16")}


SOURCE = """apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: flux-system}
spec: {interval: 1m, url: https://github.com/acme/%s, ref: {branch: %s}}
"""


@pytest.mark.parametrize(
    ("repository", "branch", "files"),
    [
        ("fleet", "main", ["apps/web.yaml", "clusters/prod/own.yaml"]),
        ("other", "main", ["clusters/prod/own.yaml"]),
        ("fleet", "old", ["clusters/prod/own.yaml"]),
    ],
)
def test_what_flux_builds_of_another_repository_or_branch_is_not_edited(
    repository: str, branch: str, files: list[str]
) -> None:
    """The folder of that name here is another one."""
    planned = plan(
        {
            "clusters/prod/source.yaml": SOURCE % (repository, branch),
            "clusters/prod/apps.yaml": flux(
                "  sourceRef: {kind: GitRepository, name: flux-system, namespace: flux-system}\n"
            ),
            "clusters/prod/own.yaml": workload(f"{WEB}:v1", name="own"),
            "apps/web.yaml": workload(f"{WEB}:v1"),
        },
        BUMP,
        config=configured(prod="clusters/prod"),
        repository="acme/fleet",
        branch="main",
    )
    assert sorted(dict(planned.edits)) == files
