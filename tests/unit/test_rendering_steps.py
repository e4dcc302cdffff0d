"""Environments rendered: what is rendered, how often, and what a failure leaves standing."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping

from gitops_action.commands.render import EnvironmentRendering, render_environment
from gitops_action.commands.validate.scope import find_touched, render_both
from gitops_action.core.config import Config, load_config
from gitops_action.core.manifests import content_hash, read_manifests
from gitops_action.core.rendering import RenderError, Rendering
from gitops_action.core.rendering.deployers import BuildSettings
from gitops_action.core.repository import RepositoryFile, Sides, Tree, TreeFile, blob_id

CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\n"


class Trees:
    """Both sides in memory."""

    def __init__(self, before: Mapping[str, str], after: Mapping[str, str]) -> None:
        self._content = {"base": before, "head": after}

    def sides(self) -> Sides:
        return Sides(base=self.tree("base"), merged=self.tree("head"))

    def tree(self, commit: str) -> Tree:
        listed = {
            path: TreeFile(mode="100644", blob=blob_id(text.encode()))
            for path, text in self._content[commit].items()
        }
        return Tree(commit=commit, files=listed)

    def read(self, tree: Tree, paths: Iterable[str]) -> Mapping[str, RepositoryFile]:
        content = self._content[tree.commit]
        return {
            path: RepositoryFile(path=path, data=content[path].encode())
            for path in paths
            if path in content
        }


class Renderer:
    """Every file of the folder as it is; one with the word `broken` is a problem."""

    def __init__(self) -> None:
        self.folders: list[str] = []
        self.at_once = 0
        self.most_at_once = 0
        self._lock = threading.Lock()

    def render(
        self, folder: str, files: Mapping[str, RepositoryFile], _settings: BuildSettings
    ) -> Rendering:
        with self._lock:
            self.folders.append(folder)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        time.sleep(0.02)
        with self._lock:
            self.at_once -= 1
        if any(b"broken" in file.data for file in files.values()):
            return Rendering(problems=(RenderError(f"{folder} is broken"),))
        parsed = [read_manifests(path, file.data) for path, file in sorted(files.items())]
        return Rendering(manifests=tuple(item for part in parsed for item in part.manifests))


def config(**paths: str) -> Config:
    lines = "".join(f"  {name}: {{path: '{path}'}}\n" for name, path in paths.items())
    return load_config("gitops.yaml", f"version: 1\nenvironments:\n{lines}".encode())


def both(
    settings: Config, before: Mapping[str, str], after: Mapping[str, str], renderer: Renderer
) -> dict[str, tuple[EnvironmentRendering, EnvironmentRendering]]:
    trees = Trees(before, after)
    sides = trees.sides()
    pairs = render_both(find_touched(settings, sides, trees), trees, renderer)
    return {pair.environment.name: (pair.before, pair.after) for pair in pairs}


MANY = {f"envs/e{number:02}/a.yaml": CONFIG_MAP % f"c{number}" for number in range(20)}
TWENTY = config(**{f"e{number:02}": f"envs/e{number:02}" for number in range(20)})


def test_only_what_changes_is_rendered() -> None:
    renderer = Renderer()
    pairs = both(TWENTY, MANY, {**MANY, "envs/e07/a.yaml": CONFIG_MAP % "new"}, renderer)
    assert renderer.folders == ["envs/e07", "envs/e07"]
    before, after = pairs["e07"]
    assert [item.id.name for item in before.manifests] == ["c7"]
    assert [item.id.name for item in after.manifests] == ["new"]
    assert before.hash != after.hash == content_hash(after.manifests)
    assert after.files == {"envs/e07/a.yaml"}


def test_nothing_is_rendered_where_nothing_changes() -> None:
    renderer = Renderer()
    assert both(TWENTY, MANY, {**MANY, "README.md": "words"}, renderer) == {}
    assert renderer.folders == []


def test_two_folders_at_a_time() -> None:
    renderer = Renderer()
    after = {path: text.replace("c", "d") for path, text in MANY.items()}
    assert len(both(TWENTY, MANY, after, renderer)) == 20
    assert len(renderer.folders) == 40
    assert renderer.most_at_once == 2


def test_folders_of_applications_that_are_the_same_are_rendered_once() -> None:
    settings = config(live="apps/{application}/live")
    before = {f"apps/{name}/live/a.yaml": CONFIG_MAP % name for name in ("one", "two", "three")}
    renderer = Renderer()
    after = {**before, "apps/two/live/a.yaml": CONFIG_MAP % "new"}
    old, new = both(settings, before, after, renderer)["live"]
    assert sorted(renderer.folders) == [
        "apps/one/live",
        "apps/three/live",
        "apps/two/live",
        "apps/two/live",
    ]
    assert {item.id.name for item in old.manifests} == {"one", "two", "three"}
    assert {item.id.name for item in new.manifests} == {"one", "new", "three"}


def test_a_folder_that_fails_is_its_environments_alone() -> None:
    after = {path: text.replace("c", "d") for path, text in MANY.items()}
    after["envs/e03/a.yaml"] = "broken"
    pairs = both(TWENTY, MANY, after, Renderer())
    failed = [name for name, (_, new) in pairs.items() if new.problems]
    assert failed == ["e03"]
    assert pairs["e03"][0].problems == ()
    assert all(len(new.manifests) == 1 for name, (_, new) in pairs.items() if name != "e03")


def test_a_base_that_two_environments_share_touches_both() -> None:
    settings = config(one="one", two="two", three="three")
    before = {
        "base/kustomization.yaml": "resources: [a.yaml]\n",
        "base/a.yaml": CONFIG_MAP % "a",
        "one/kustomization.yaml": "resources: [../base]\n",
        "two/kustomization.yaml": "resources: [../base]\n",
        "three/a.yaml": CONFIG_MAP % "b",
    }
    pairs = both(settings, before, {**before, "base/a.yaml": CONFIG_MAP % "c"}, Renderer())
    assert pairs.keys() == {"one", "two"}


def test_one_environment_at_one_commit() -> None:
    trees = Trees(MANY, MANY)
    environment = TWENTY.environments[3]
    found = render_environment(environment, TWENTY, trees.tree("base"), trees, Renderer())
    assert found.environment is environment
    assert [item.id.name for item in found.manifests] == ["c3"]
