from __future__ import annotations

import pytest

from gitops_action.core.config import Application
from gitops_action.core.images import parse_image_lines
from gitops_action.core.plan import (
    AmbiguousEnvironmentError,
    CannotWriteError,
    FoldersNotReadError,
    KustomizeCycleError,
    NoMatchError,
    OutsideRepositoryError,
    SharedAnchorError,
    SharedFileError,
    make_keep,
    unread_folders,
)
from gitops_action.core.yaml.path import YamlSyntaxError
from gitops_action.errors import GitOpsError, GitOpsErrors, UsageError
from tests.support.plans import (
    DIGEST,
    OTHER_DIGEST,
    after,
    configured,
    plan,
    snapshot,
    text,
    uses,
    workload,
)

WEB = "ghcr.io/acme/web"
BUMP = f"{WEB}:v2"
PINNED = f"{WEB}:v2@{DIGEST}"
STAGED = configured(staging="environments/staging", production="environments/production")


def overlay(base: str, tag: str = "") -> str:
    entry = f"images:\n- name: {WEB}\n  newTag: {tag}\n" if tag else ""
    return f"resources:\n- {base}\n{entry}"


def staged(staging: str = "", production: str = "", base: str = "v0") -> dict[str, str]:
    return {
        "base/kustomization.yaml": "resources:\n- web.yaml\n",
        "base/web.yaml": workload(f"{WEB}:{base}"),
        "environments/staging/kustomization.yaml": overlay("../../base", staging),
        "environments/production/kustomization.yaml": overlay("../../base", production),
    }


# --- which environment ---


@pytest.mark.parametrize(
    ("staging", "production"),
    [("v1", "v1"), ("v1", ""), ("", "v1")],
    ids=["both overlays", "only one", "only the other"],
)
def test_without_configuration_sibling_overlays_are_ambiguous(
    staging: str, production: str
) -> None:
    with pytest.raises(AmbiguousEnvironmentError) as caught:
        plan(staged(staging, production), BUMP)
    assert caught.value.exit_code == 2
    assert "environments/staging" in caught.value.cause
    assert "environments/production" in caught.value.cause
    assert all(place.line for place in caught.value.places)
    assert "paths" in caught.value.fix


def test_a_tag_that_only_the_base_sets_is_not_ambiguous() -> None:
    assert list(plan(staged(), BUMP).edits) == ["base/web.yaml"]


@pytest.mark.parametrize(
    "folders",
    [
        ("environments/a", "environments/b"),
        ("applications/web/staging", "applications/web/production"),
        ("clusters/eu", "clusters/us"),
        ("web/overlays/one", "web/overlays/two"),
    ],
)
def test_without_configuration_sibling_folders_are_ambiguous(folders: tuple[str, str]) -> None:
    files = {f"{folder}/web.yaml": workload(f"{WEB}:v1") for folder in folders}
    with pytest.raises(AmbiguousEnvironmentError):
        plan(files, BUMP)


def test_values_files_of_several_environments_are_ambiguous() -> None:
    values = f"image:\n  repository: {WEB}\n  tag: v1\n"
    with pytest.raises(AmbiguousEnvironmentError):
        plan({"web/values-staging.yaml": values, "web/values-production.yaml": values}, BUMP)


def test_paths_say_which_overlay_is_meant() -> None:
    planned = plan(staged("v1", "v1"), BUMP, paths=("environments/staging/**",))
    assert list(planned.edits) == ["environments/staging/kustomization.yaml"]
    assert any("paths" in item.reason for item in planned.skipped)


def test_the_classic_layout_is_one_environment_with_its_applications() -> None:
    files = {
        "applications/web/deployment.yaml": workload(f"{WEB}:v1"),
        "applications/api/deployment.yaml": workload(f"{WEB}:v1", "ghcr.io/acme/api:v1"),
        "applications/db/deployment.yaml": workload("postgres:16"),
    }
    assert plan(files, BUMP).applications == ("api", "web")
    narrowed = plan(files, BUMP, applications=("web",))
    assert list(narrowed.edits) == ["applications/web/deployment.yaml"]
    with pytest.raises(NoMatchError, match="docker") as caught:
        plan(files, "docker.io/library/redis:7")
    assert caught.value.images["docker.io/library/postgres"] == 1


def test_declared_images_say_which_application_has_an_image() -> None:
    files = {
        "env/web/deployment.yaml": workload(f"{WEB}:v1"),
        "env/api/deployment.yaml": workload(f"{WEB}:v1"),
    }
    applications = (
        Application(name="web", images=(WEB,)),
        Application(name="api", images=("ghcr.io/acme/api",)),
    )
    planned = plan(files, BUMP, config=configured(applications, env="env"))
    assert list(planned.edits) == ["env/web/deployment.yaml"]


def test_an_application_placeholder_in_the_path() -> None:
    files = {
        f"applications/{name}/{stage}/web.yaml": workload(f"{WEB}:v1")
        for name in ("web", "api")
        for stage in ("staging", "production")
    }
    config = configured(staging="applications/{application}/staging")
    planned = plan(files, BUMP, config=config, applications=("api",))
    assert list(planned.edits) == ["applications/api/staging/web.yaml"]
    assert planned.applications == ("api",)


# --- what several environments stand on ---


def test_the_only_creation_is_an_entry_in_the_environments_own_overlay() -> None:
    files = staged()
    planned = plan(files, PINNED, config=STAGED)
    assert list(planned.edits) == ["environments/staging/kustomization.yaml"]
    content = after(files, planned)["environments/staging/kustomization.yaml"]
    assert content.startswith(files["environments/staging/kustomization.yaml"])
    assert f"name: {WEB}" in content
    assert "newTag: v2" in content
    assert DIGEST in content
    (line,) = planned.lines
    assert (line.rule, line.old) == ("kustomize-images-created", "")


def test_nothing_is_created_where_the_shared_base_is_at_the_target_already() -> None:
    planned = plan(staged(base="v2"), BUMP, config=STAGED)
    assert not planned.edits
    assert planned.unchanged


def test_a_shared_file_that_no_overlay_reaches_is_refused() -> None:
    files = {
        "base/kustomization.yaml": "resources:\n- release.yaml\n",
        "base/release.yaml": text(f"""
            apiVersion: helm.toolkit.fluxcd.io/v2
            kind: HelmRelease
            spec:
              values:
                image: {{repository: {WEB}, tag: v1}}
            """),
        "environments/staging/kustomization.yaml": overlay("../../base"),
        "environments/production/kustomization.yaml": overlay("../../base"),
    }
    with pytest.raises(SharedFileError) as caught:
        plan(files, BUMP, config=STAGED)
    assert caught.value.sharers == ("staging", "production")
    assert str(caught.value.location) == "base/release.yaml:5"
    assert "`set`" in caught.value.fix


def test_applications_that_share_a_base_do_not_change_along() -> None:
    files = {
        "base/kustomization.yaml": "resources:\n- web.yaml\n",
        "base/web.yaml": workload(f"{WEB}:v1"),
        "env/a/kustomization.yaml": overlay("../../base"),
        "env/b/kustomization.yaml": overlay("../../base"),
    }
    planned = plan(files, BUMP, config=configured(env="env"), applications=("a",))
    assert list(planned.edits) == ["env/a/kustomization.yaml"]


# --- digests ---

DIGESTS = {
    "pin over tag": (f"{WEB}:v1", PINNED, "pin", PINNED),
    "keep without digest": (f"{WEB}:v1", BUMP, "keep", BUMP),
    "drop": (f"{WEB}:v1@{OTHER_DIGEST}", BUMP, "drop", BUMP),
    "digest alone": (f"{WEB}:v1", f"{WEB}@{DIGEST}", "pin", f"{WEB}@{DIGEST}"),
    "same tag keeps its digest": (f"{WEB}:v2@{DIGEST}", BUMP, "keep", f"{WEB}:v2@{DIGEST}"),
}


@pytest.mark.parametrize(("old", "bump", "mode", "new"), DIGESTS.values(), ids=DIGESTS)
def test_digests_in_a_reference(old: str, bump: str, mode: str, new: str) -> None:
    files = {"web.yaml": workload(old)}
    assert after(files, plan(files, bump, digest_mode=mode)) == {"web.yaml": workload(new)}


@pytest.mark.parametrize(
    "content",
    [
        workload(f"{WEB}:v1@{OTHER_DIGEST}"),
        f"image:\n  repository: {WEB}\n  tag: v1\n  digest: {OTHER_DIGEST}\n",
        f"image:\n  repository: {WEB}\n  tag: v1@{OTHER_DIGEST}\n",
    ],
)
def test_a_digest_that_would_go_stale_is_refused_or_dropped(content: str) -> None:
    with pytest.raises(CannotWriteError) as caught:
        plan({"values.yaml": content}, BUMP, digest_mode="keep")
    assert "digest: drop" in caught.value.fix
    dropped = after(
        {"values.yaml": content}, plan({"values.yaml": content}, BUMP, digest_mode="drop")
    )
    assert OTHER_DIGEST not in dropped["values.yaml"]


def test_an_emptied_digest_key_is_told() -> None:
    content = f"image:\n  repository: {WEB}\n  tag: v1\n  digest: {OTHER_DIGEST}\n"
    planned = plan({"values.yaml": content}, BUMP, digest_mode="drop")
    assert [(line.path, line.new) for line in planned.lines] == [
        ("image.tag", "v2"),
        ("image.digest", ""),
    ]


def test_a_place_with_a_digest_alone_cannot_take_a_tag() -> None:
    content = f"images:\n- name: {WEB}\n  digest: {OTHER_DIGEST}\n"
    with pytest.raises(CannotWriteError):
        plan({"kustomization.yaml": content}, BUMP, digest_mode="drop")


# --- renames ---

RENAMES = {
    "reference": ("a.yaml", workload("acme/old:v1"), workload(BUMP)),
    "newName": (
        "kustomization.yaml",
        "images:\n- name: app\n  newName: acme/old\n  newTag: v1\n",
        f"images:\n- name: app\n  newName: {WEB}\n  newTag: v2\n",
    ),
    "registry and repository": (
        "values.yaml",
        "image:\n  registry: quay.io\n  repository: acme/old\n  tag: v1\n",
        "image:\n  registry: ghcr.io\n  repository: acme/web\n  tag: v2\n",
    ),
    "argo cd": (
        "app.yaml",
        (
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec:\n  source:\n"
            "    kustomize:\n      images:\n      - acme/old:v1\n"
        ),
        (
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec:\n  source:\n"
            f"    kustomize:\n      images:\n      - acme/old={BUMP}\n"
        ),
    ),
}


@pytest.mark.parametrize(("path", "before", "expected"), RENAMES.values(), ids=RENAMES)
def test_renames_keep_what_is_matched_literally(path: str, before: str, expected: str) -> None:
    old = "quay.io/acme/old" if "quay.io" in before else "acme/old"
    bump = f"{old}={BUMP}"
    assert after({path: before}, plan({path: before}, bump)) == {path: expected}
    assert not plan({path: expected}, bump).edits


# --- what is wrong ---


def test_all_files_that_do_not_parse_are_named_and_nothing_is_edited() -> None:
    files = {
        "a.yaml": f"image: [{WEB}\n",
        "b.yaml": f"web: {WEB}\n\tx: 1\n",
        "web.yaml": workload(f"{WEB}:v1"),
    }
    with pytest.raises(GitOpsErrors) as caught:
        plan(files, BUMP)
    assert [str(error.location).split(":")[0] for error in caught.value.errors] == [
        "a.yaml",
        "b.yaml",
    ]
    assert all(error.location and error.location.line for error in caught.value.errors)
    assert caught.value.exit_code == 1


def test_a_broken_file_without_the_image_does_not_matter() -> None:
    files = {"broken.yaml": "a: [\n", "web.yaml": workload(f"{WEB}:v1")}
    assert list(plan(files, BUMP).edits) == ["web.yaml"]


BROKEN = "a:   b: c\n"
DUPLICATE = "kind: HelmRelease\nspec: {a: 1}\nspec: {a: 2}\n"
FLUX = "apiVersion: helm.toolkit.fluxcd.io/v2\n"


@pytest.mark.parametrize("broken", [BROKEN, DUPLICATE])
@pytest.mark.parametrize("path", ["apps/other/release.yaml", "apps/other/kustomization.yaml"])
def test_a_file_of_another_application_that_does_not_parse_is_a_note(
    broken: str, path: str
) -> None:
    files = {path: f"{FLUX}# of the web team\n{broken}", "apps/web/a.yaml": workload(f"{WEB}:v1")}
    made = plan(files, BUMP)
    assert list(made.edits) == ["apps/web/a.yaml"]
    (note,) = [item for item in made.skipped if item.file == path]
    assert "does not parse" in note.reason
    assert note.line > 1


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("apps/other/release.yaml", f"# {WEB}\n{BROKEN}"),
        ("apps/other/release.yaml", f"repository: {WEB.partition('/')[2]}\n{BROKEN}"),
        ("apps/kustomization.yaml", f"{BROKEN}"),
        ("clusters/eu/kustomization.yaml", f"resources:\n- ../../apps/web\n{BROKEN}"),
        ("clusters/eu/apps.yaml", f"spec:\n  path: ./apps/web\n{BROKEN}"),
        ("apps/web/patch.yaml", f"{BROKEN}"),
    ],
)
def test_a_file_that_can_decide_the_image_is_an_error(path: str, content: str) -> None:
    files = {
        path: f"{FLUX}{content}",
        "apps/web/kustomization.yaml": "resources: [a.yaml]\npatches: [{path: patch.yaml}]\n",
        "apps/web/a.yaml": workload(f"{WEB}:v1"),
    }
    with pytest.raises(YamlSyntaxError):
        plan(files, BUMP)


def test_any_file_that_does_not_parse_can_hold_an_image_that_is_found_nowhere() -> None:
    with pytest.raises(YamlSyntaxError):
        plan({"apps/other/release.yaml": f"{FLUX}{BROKEN}"}, BUMP)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"applications": ("wbe",)}, "no application `wbe`; did you mean `web`?"),
        ({"paths": ("web/deployment.yaml.tpl",)}, "web/deployment.yaml.tpl: a template"),
        ({"paths": ("web/",)}, "web/deployment.yaml.tpl: a template"),
        ({"paths": ("none/",)}, "left out by `paths`"),
    ],
)
def test_what_was_misspelt_or_is_a_template_is_said(
    given: dict[str, tuple[str, ...]], told: str
) -> None:
    files = {
        "web/deployment.yaml.tpl": f"image: {WEB}:{{{{ tag }}}}\n",
        "applications/web/a.yaml": workload(f"{WEB}:v1"),
    }
    with pytest.raises(NoMatchError) as caught:
        plan(files, BUMP, **given)
    assert told in caught.value.fix


def test_shared_values_of_a_release_need_a_patch_of_the_release() -> None:
    release = (
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: web}\n"
        f"spec:\n  values:\n    image: {{repository: {WEB}, tag: v1}}\n"
    )
    files = {
        "base/kustomization.yaml": "resources: [release.yaml]\n",
        "base/release.yaml": release,
        "a/kustomization.yaml": "resources: [../base]\n",
        "b/kustomization.yaml": "resources: [../base]\n",
    }
    with pytest.raises(SharedFileError) as caught:
        plan(files, BUMP, config=configured(a="a", b="b"), environment="a")
    assert "patch the values of the HelmRelease web" in caught.value.fix
    assert "`images`" not in caught.value.fix


def test_paths_leave_a_broken_file_out() -> None:
    files = {"other/a.yaml": f"# {WEB}\n{BROKEN}", "web/a.yaml": workload(f"{WEB}:v1")}
    assert list(plan(files, BUMP, paths=("web/",)).edits) == ["web/a.yaml"]


def test_a_broken_kustomization_is_told() -> None:
    files = {"kustomization.yaml": "resources: [\n", "web.yaml": workload(f"{WEB}:v1")}
    with pytest.raises(YamlSyntaxError):
        plan(files, BUMP)


def test_templates_and_encrypted_files_are_left_alone_and_told() -> None:
    files = {
        "web.yaml": workload(f"{WEB}:v1"),
        "chart/templates/web.yaml": f"{{{{- if .Values.on }}}}\nimage: {WEB}:v1\n{{{{- end }}}}\n",
        "chart/_web.tpl": f"image: {WEB}:v1\n",
        "secret.yaml": f"image: {WEB}:v1\nsops:\n  mac: ENC[AES256_GCM,data:x]\n",
    }
    planned = plan(files, BUMP)
    assert list(planned.edits) == ["web.yaml"]
    assert {item.file for item in planned.skipped} == set(files) - {"web.yaml"}


def test_a_circle_of_kustomizations_is_an_error() -> None:
    files = {
        "a/kustomization.yaml": "resources: [../b]\n",
        "b/kustomization.yaml": "resources: [../a]\n",
        "web.yaml": workload(f"{WEB}:v1"),
    }
    with pytest.raises(KustomizeCycleError) as caught:
        plan(files, BUMP)
    assert caught.value.folders[0] == caught.value.folders[-1]


def test_folders_that_multiply_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each lists the next one twice: two to the power of 40 images."""
    monkeypatch.setattr("gitops_action.core.discovery.overlay.MAX_IMAGES", 100)
    files = {
        f"{level}/kustomization.yaml": f"resources: [../{level + 1}, ../{level}/../{level + 1}]\n"
        for level in range(40)
    }
    files |= {
        "40/kustomization.yaml": "resources: [web.yaml]\n",
        "40/web.yaml": workload(f"{WEB}:v1"),
    }
    with pytest.raises(GitOpsError, match="comes to more than 100 images") as caught:
        plan(files, BUMP)
    assert caught.value.location is not None
    assert caught.value.location.file == "33/kustomization.yaml"


def test_a_reference_out_of_the_repository_is_refused() -> None:
    files = {"kustomization.yaml": "resources: [../../etc]\n", "web.yaml": workload(BUMP)}
    with pytest.raises(OutsideRepositoryError):
        plan(files, BUMP)


def test_remote_bases_are_left_alone_and_told() -> None:
    files = {
        "kustomization.yaml": "resources: [https://example.org/base?ref=v1]\n"
        f"images:\n- name: {WEB}\n  newTag: v1\n"
    }
    planned = plan(files, BUMP)
    assert planned.edits
    assert any("remote" in item.reason for item in planned.skipped)


def test_a_link_inside_the_repository_is_followed_to_its_file() -> None:
    files = {"base/kustomization.yaml": "resources: [web.yaml]\n",
             "base/web.yaml": workload(f"{WEB}:v1"),
             "env/kustomization.yaml": "resources: [linked]\n"}  # fmt: skip
    shot = snapshot(files, links={"env/linked": "../base"})
    planned = plan(shot, BUMP, config=configured(env="env"))
    assert list(planned.edits) == ["base/web.yaml"]


@pytest.mark.parametrize("target", ["/etc", "../../outside", "../../../x"])
def test_a_link_out_of_the_repository_is_refused(target: str) -> None:
    files = {"env/kustomization.yaml": "resources: [linked]\n", "web.yaml": workload(BUMP)}
    shot = snapshot(files, links={"env/linked": target})
    with pytest.raises(OutsideRepositoryError):
        plan(shot, BUMP)


def test_a_link_that_nothing_refers_to_does_not_matter() -> None:
    shot = snapshot({"web.yaml": workload(f"{WEB}:v1")}, links={"x.yaml": "/etc/passwd"})
    assert list(plan(shot, BUMP).edits) == ["web.yaml"]


def test_no_match_lists_the_nearest_images_first() -> None:
    files = {
        "a.yaml": workload("ghcr.io/acme/webb:v1", "redis:7"),
        "b.yaml": workload("redis:7", name="b"),
    }
    with pytest.raises(NoMatchError) as caught:
        plan(files, BUMP)
    assert list(caught.value.images.items()) == [
        ("ghcr.io/acme/webb", 1),
        ("docker.io/library/redis", 2),
    ]
    assert caught.value.repositories == (WEB,)
    assert caught.value.exit_code == 2


def test_no_match_names_tags_that_stand_without_repository() -> None:
    with pytest.raises(NoMatchError) as caught:
        plan({"web/values.yaml": "image:\n  tag: v1\n"}, BUMP)
    assert "web/values.yaml:2" in caught.value.fix


def test_folders_that_were_not_read_are_named() -> None:
    files = {"env/kustomization.yaml": "resources: [../base]\n"}
    shot = snapshot(files, folders=("env",))
    config = configured(env="env")
    assert unread_folders(shot, config.environments) == ("base",)
    with pytest.raises(FoldersNotReadError) as caught:
        plan(shot, BUMP, config=config)
    assert caught.value.folders == ("base",)
    assert unread_folders(snapshot(files), config.environments) == ()


def test_an_anchor_that_other_values_read_is_edited_and_every_reader_is_listed() -> None:
    content = f"a: &v v1\nimage:\n  repository: {WEB}\n  tag: *v\nother: *v\n"
    planned = plan({"values.yaml": content}, BUMP)
    assert after({"values.yaml": content}, planned)["values.yaml"] == content.replace("v1", "v2")
    assert {line.path: line.rule for line in planned.lines} == {
        "a": "yaml-alias",
        "image.tag": "helm-values",
        "other": "yaml-alias",
    }


ALIASED = {
    "values": f"""\
        api:
          image: {{repository: ghcr.io/acme/api, tag: &ver v1}}
        worker:
          image: {{repository: {WEB}, tag: *ver}}
        """,
    "a tag without repository": f"""\
        api: {{tag: &ver v1}}
        worker:
          image: {{repository: {WEB}, tag: *ver}}
        """,
    "entries": f"""\
        resources: [https://example.org/base?ref=v1]
        images:
        - {{name: ghcr.io/acme/api, newTag: &ver v1}}
        - {{name: {WEB}, newTag: *ver}}
        """,
}


@pytest.mark.parametrize("name", ALIASED)
def test_an_anchor_that_decides_another_image_is_refused(name: str) -> None:
    file = "kustomization.yaml" if name == "entries" else "values.yaml"
    with pytest.raises(SharedAnchorError) as caught:
        plan({file: text(ALIASED[name])}, BUMP)
    assert "gitops-image" in caught.value.fix
    assert caught.value.location is not None
    assert caught.value.location.file == file


def test_a_marker_on_the_anchor_lets_other_images_follow() -> None:
    content = text(f"""\
        api:
          image:
            repository: ghcr.io/acme/api
            tag: &ver v1 # gitops-image: {WEB}:tag
        worker:
          image: {{repository: {WEB}, tag: *ver}}
        """)
    planned = plan({"values.yaml": content}, BUMP)
    assert after({"values.yaml": content}, planned)["values.yaml"] == content.replace("v1", "v2")
    assert "api.image.tag" in {line.path for line in planned.lines}


def test_set_over_an_alias_that_decides_another_image_is_refused() -> None:
    content = text(ALIASED["values"]).replace(WEB, "ghcr.io/acme/worker")
    with pytest.raises(SharedAnchorError):
        plan({"values.yaml": content}, sets="values.yaml: worker.image.tag = v2")


def test_images_and_set_that_agree_are_one_edit() -> None:
    content = text("""\
        defaults: &image {registry: ghcr.io, tag: v1}
        web: {image: {<<: *image, repository: acme/web}}
        worker: {image: {<<: *image, repository: acme/web}}
        """)
    planned = plan({"values.yaml": content}, BUMP, sets="values.yaml: defaults.tag = v2")
    assert after({"values.yaml": content}, planned)["values.yaml"] == content.replace("v1", "v2")


def test_an_anchor_that_only_the_images_share_is_edited() -> None:
    content = workload("&image ghcr.io/acme/web:v1", "*image")
    planned = plan({"web.yaml": content}, BUMP)
    assert after({"web.yaml": content}, planned)["web.yaml"] == content.replace(":v1", ":v2")


def test_an_entry_that_reaches_nothing_is_told() -> None:
    files = {
        "kustomization.yaml": "resources: [web.yaml]\nimages:\n- name: web\n  newTag: v1\n"
        "- name: docker.io/library/nginx\n  newTag: '1'\n",
        "web.yaml": workload("nginx:1.0"),
    }
    planned = plan(files, "nginx:1.1")
    assert list(planned.edits) == ["web.yaml"]
    assert any("literally" in item.reason for item in planned.skipped)


def test_an_expression_that_could_take_forever_is_not_evaluated() -> None:
    files = {
        "kustomization.yaml": "resources: [web.yaml]\nimages:\n- name: (a+)+web\n  newTag: v1\n",
        "web.yaml": workload(f"{WEB}:v1"),
    }
    with pytest.raises(Exception, match="expression"):
        plan(files, BUMP)


def test_an_alias_bomb_ends() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    files = {"bomb.yaml": f"# {WEB}\n" + "\n".join(lines), "web.yaml": workload(f"{WEB}:v1")}
    with pytest.raises(Exception, match="alias"):
        plan(files, BUMP)


# --- set ---


def test_set_edits_by_path_keeping_the_type() -> None:
    files = {"env/values.yaml": "replicas: 2\nimage: {tag: v1}\n", "values.yaml": "replicas: 1\n"}
    config = configured(env="env")
    sets = "values.yaml: replicas = 3\nvalues.yaml: image.tag = 1.20"
    planned = plan(files, sets=sets, config=config)
    assert after(files, planned)["env/values.yaml"] == 'replicas: 3\nimage: {tag: "1.20"}\n'
    assert {line.rule for line in planned.lines} == {"set"}
    assert not plan(after(files, planned), sets=sets, config=config).edits


def test_set_finds_the_file_from_the_top_when_the_environment_has_none() -> None:
    files = {"env/a.yaml": "a: 1\n", "other/values.yaml": "a: 1\n"}
    planned = plan(files, sets="other/values.yaml: a = 2", config=configured(env="env"))
    assert list(planned.edits) == ["other/values.yaml"]


def test_set_finds_a_file_deeper_in_the_environment_when_it_is_the_only_one() -> None:
    files = {"env/web/values.yaml": "a: 1\n", "env/api/other.yaml": "a: 1\n"}
    planned = plan(files, sets="values.yaml: a = 2", config=configured(env="env"))
    assert list(planned.edits) == ["env/web/values.yaml"]


SET_FAULTS = {
    "no file": ("nope.yaml: a = 1", "there is no file"),
    "several files": ("values.yaml: a = 1", "several files"),
    "no path": ("env/web/values.yaml: b.c = 1", "b"),
    "no grammar": ("values.yaml a 1", "is not an edit"),
    "out of the repository": ("../x.yaml: a = 1", "leads out"),
    "absolute": ("/etc/passwd: a = 1", "leads out"),
    "two values": ("env/web/values.yaml: a = 1\nenv/web/values.yaml: a = 2", "two values"),
    "bad path": ("values.yaml: a[ = 1", "grammar"),
}


@pytest.mark.parametrize(("line", "message"), SET_FAULTS.values(), ids=SET_FAULTS)
def test_set_refuses_what_it_cannot_place(line: str, message: str) -> None:
    files = {"env/web/values.yaml": "a: 1\n", "env/api/values.yaml": "a: 1\n"}
    with pytest.raises((UsageError, OutsideRepositoryError), match=message):
        plan(files, sets=line, config=configured(env="env"))


def test_set_and_image_that_contradict_each_other_are_refused() -> None:
    files = {"values.yaml": f"image:\n  repository: {WEB}\n  tag: v1\n"}
    with pytest.raises(CannotWriteError):
        plan(files, BUMP, sets="values.yaml: image.tag = v3")


# --- the prefilter ---

KEPT = {
    "app/kustomization.yaml": (b"resources: []", True),
    "a.yaml": (b"image: ghcr.io/acme/web:v1", True),
    "b.yaml": (b"image: redis", False),
    "web.txt": (b"web", False),
    "x.tpl": (b"web", True),
    "values-prod.yaml": (b"image:\n  tag: v1\n", True),
    ".github/gitops.yaml": (b"version: 1", True),
    ".github/gitops/holds/x.yaml": (b"image: redis\n", True),
    "m.yaml": (b't: v1 # {"$imagepolicy": "a:b:tag"}\n', True),
}


@pytest.mark.parametrize(("path", "kept"), KEPT.items(), ids=KEPT)
def test_the_prefilter_keeps_what_can_matter(path: str, kept: tuple[bytes, bool]) -> None:
    assert make_keep(parse_image_lines(BUMP), ())(path, kept[0]) is kept[1]


def test_without_anything_requested_every_yaml_file_is_kept() -> None:
    keep = make_keep((), ())
    assert keep("any.yaml", b"a: 1\n")
    assert not keep("any.txt", b"a: 1\n")


# --- what an environment describes ---


def test_images_are_told_as_rendered_with_the_place_that_settles_them() -> None:
    found = uses(staged("v1", "v3"), STAGED, "staging")
    assert [(use.repository, use.tag, use.file, use.line) for use in found] == [
        (WEB, "v1", "environments/staging/kustomization.yaml", 5)
    ]


def test_previous_holds_what_is_described_before() -> None:
    planned = plan(staged("v1", "v3"), BUMP, config=STAGED)
    assert [str(reference) for reference in planned.previous] == [f"{WEB}:v1"]


def test_a_marker_in_a_text_that_is_no_yaml_is_told() -> None:
    files = {
        "config.yaml": "apiVersion: v1\nkind: ConfigMap\ndata:\n  run.sh: |\n"
        f"    set -e\n    image={WEB}:v1 # gitops-image: {WEB}\n    [ x ]: [\n",
        "web.yaml": workload(f"{WEB}:v1"),
    }
    planned = plan(files, BUMP)
    assert list(planned.edits) == ["web.yaml"]
    assert [(item.file, item.line) for item in planned.skipped] == [("config.yaml", 4)]
