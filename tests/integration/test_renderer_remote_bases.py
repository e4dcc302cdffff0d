"""A remote base that is not followed keeps its own kustomization from being rendered, no other."""

from gitops_action.core.rendering import RemoteBaseError
from tests.support.renders import CONFIG_MAP, by_name, origins, render, told

_WEB = {
    "env/web/kustomization.yaml": "resources: [all.yaml]\n",
    "env/web/all.yaml": CONFIG_MAP % "web",
}
_REMOTE = "https://github.com/acme/base?ref=v1"


def test_beside_a_remote_base_the_rest_of_a_kustomization_is_rendered() -> None:
    """A monorepo's overlay lists dozens of kustomizations, one of which reads something remote."""
    files = {
        **_WEB,
        "env/kustomization.yaml": "namePrefix: my-\nresources: [web, api]\n",
        "env/api/kustomization.yaml": f"resources: [{_REMOTE}, own.yaml]\n",
        "env/api/own.yaml": CONFIG_MAP % "own",
    }
    rendering = render(files)
    said = f"{_REMOTE!r} is outside of the repository and is not followed"
    assert told(rendering) == [f"env/api/kustomization.yaml:1: {said}"]
    assert isinstance(rendering.problems[0], RemoteBaseError)
    assert by_name(rendering).keys() == {"ConfigMap my-web", "ConfigMap my-own"}
    assert origins(rendering)["ConfigMap my-web"] == "env/web/all.yaml:1"


def test_a_kustomization_that_patches_its_remote_base_is_left_out_alone() -> None:
    patch = "{apiVersion: v1, kind: ConfigMap, metadata: {name: base}, data: {a: b}}"
    files = {
        **_WEB,
        "env/kustomization.yaml": "resources: [web, api]\n",
        "env/api/kustomization.yaml": f"resources: [{_REMOTE}]\npatches: [{{path: patch.yaml}}]\n",
        "env/api/patch.yaml": patch,
    }
    rendering = render(files)
    assert [type(problem) for problem in rendering.problems] == [RemoteBaseError]
    assert by_name(rendering).keys() == {"ConfigMap web"}


def test_two_folders_that_share_a_remote_base_each_keep_the_rest() -> None:
    """What one folder's build leaves out of a shared file is there again for the next."""
    patch = "patches: [{target: {name: base}, patch: '[{op: add, path: /data, value: {}}]'}]\n"
    files = {
        "base/kustomization.yaml": f"resources: [{_REMOTE}, own.yaml]\n",
        "base/own.yaml": CONFIG_MAP % "own",
        "env/one/kustomization.yaml": f"namePrefix: one-\nresources: [../../base, x.yaml]\n{patch}",
        "env/one/x.yaml": CONFIG_MAP % "x",
        "env/two/kustomization.yaml": "namePrefix: two-\nresources: [../../base]\n",
    }
    rendering = render(files)
    assert {type(problem) for problem in rendering.problems} == {RemoteBaseError}
    assert "ConfigMap two-own" in by_name(rendering)


def test_beside_another_mistake_nothing_is_guessed() -> None:
    files = {**_WEB, "env/kustomization.yaml": f"resources: [web, {_REMOTE}, missing.yaml]\n"}
    rendering = render(files)
    assert len(rendering.problems) == 2
    assert rendering.manifests == ()


def test_a_patch_of_the_folders_own_remote_base_leaves_nothing_to_render() -> None:
    patch = "patches: [{path: patch.yaml}]\n"
    files = {
        "env/kustomization.yaml": f"resources: [{_REMOTE}]\n{patch}",
        "env/patch.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: base}, data: {a: b}}",
    }
    rendering = render(files)
    assert [type(problem) for problem in rendering.problems] == [RemoteBaseError]
    assert rendering.manifests == ()
