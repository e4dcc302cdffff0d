"""Which files a folder stands on: never one too few."""

import posixpath
from collections.abc import Iterable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_action.core.rendering import closure, closure_hash
from gitops_action.core.rendering.layout import RepositoryLayout
from gitops_action.core.repository import REGULAR, SYMLINK, RepositoryFile, Tree, TreeFile, blob_id


class Files:
    """A tree in memory; a text that starts with `->` is a symbolic link."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self.content = {path: self._file(path, text) for path, text in files.items()}
        self.read_paths: list[str] = []
        listed = {
            path: TreeFile(mode=file.mode, blob=blob_id(file.data))
            for path, file in self.content.items()
        }
        self.tree = Tree(commit="c", files=listed)

    def _file(self, path: str, text: str) -> RepositoryFile:
        mode = SYMLINK if text.startswith("->") else REGULAR
        return RepositoryFile(path=path, data=text.removeprefix("->").encode(), mode=mode)

    def read(self, paths: Iterable[str]) -> Mapping[str, RepositoryFile]:
        requested = list(paths)
        self.read_paths += requested
        return {path: self.content[path] for path in requested if path in self.content}

    def closure(self, folder: str) -> frozenset[str]:
        return closure(self.tree, folder, self.read)


BYSTANDERS = {"other/kustomization.yaml": "resources: [../base]\n", "README.md": "env/a.yaml\n"}


@pytest.mark.parametrize(
    ("kustomization", "reached"),
    [
        ("resources: [../base]", "base/d.yaml"),
        ("resources: [../base/d.yaml]", "base/d.yaml"),
        ("bases: ['../base/']", "base/d.yaml"),
        ("components: [../base]", "base/d.yaml"),
        ("patches: [{path: ../base/d.yaml}]", "base/d.yaml"),
        ("patchesStrategicMerge: [../base/d.yaml]", "base/d.yaml"),
        ("configMapGenerator: [{name: a, files: [../base/d.yaml]}]", "base/d.yaml"),
        ("configMapGenerator: [{name: a, files: [key=../base/d.yaml]}]", "base/d.yaml"),
        ("secretGenerator: [{name: a, envs: [../base/d.yaml]}]", "base/d.yaml"),
        ("replacements: [{path: ../base/d.yaml}]", "base/d.yaml"),
        ("configurations: [../base/d.yaml]", "base/d.yaml"),
        ("crds: [../base/d.yaml]", "base/d.yaml"),
        ("openapi: {path: ../base/d.yaml}", "base/d.yaml"),
        ("transformers: [../base/d.yaml]", "base/d.yaml"),
        ("helmCharts: [{name: web, valuesFile: ../base/d.yaml}]", "base/d.yaml"),
        ("helmGlobals: {chartHome: ../base}", "base/d.yaml"),
        ("generators: ['{kind: X, files: [../base/d.yaml]}\n']", "base/d.yaml"),
        (
            "transformers:\n  - |\n    kind: PatchTransformer\n    path: ../base/d.yaml",
            "base/d.yaml",
        ),
        ("x: &a {y: ../base}\nresources: [*a]", "base/d.yaml"),
        ("a-field-of-tomorrow: ../base", "base/d.yaml"),
    ],
)
def test_whatever_a_kustomization_names_is_taken_in(kustomization: str, reached: str) -> None:
    files = Files(
        {
            "env/kustomization.yaml": f"{kustomization}\n",
            "base/d.yaml": "x: y\n",
            "base/kustomization.yaml": "resources: [d.yaml, ../deeper]\n",
            "deeper/Kustomization": "resources: [e.yaml]\n",
            "deeper/e.yaml": "",
            **BYSTANDERS,
        }
    )
    found = files.closure("env")
    assert reached in found
    assert not found & BYSTANDERS.keys()


def test_bases_of_bases_and_circles() -> None:
    files = Files(
        {
            "a/kustomization.yaml": "resources: [../b]\n",
            "b/kustomization.yml": "resources: [../c, ../a]\n",
            "c/Kustomization": "resources: [../b]\n",
            "c/x.yaml": "",
        }
    )
    assert files.closure("a") == set(files.content)


def test_what_configures_a_plugin_may_name_files_as_well() -> None:
    files = Files(
        {
            "env/kustomization.yaml": "generators: [gen.yaml]\n",
            "env/gen.yaml": "kind: ConfigMapGenerator\nfiles: [../words/a.txt]\n",
            "words/a.txt": "",
            **BYSTANDERS,
        }
    )
    assert files.closure("env") == set(files.content) - BYSTANDERS.keys()


def test_a_plain_folder_is_its_files_and_what_is_ignored_above() -> None:
    files = Files(
        {
            ".sourceignore": "*.tmp.yaml\n",
            "env/.sourceignore": "",
            "env/deep/a.yaml": "",
            "env/notes.md": "",
            "environment/b.yaml": "",
            **BYSTANDERS,
        }
    )
    assert files.closure("env") == {
        ".sourceignore",
        "env/.sourceignore",
        "env/deep/a.yaml",
        "env/notes.md",
    }
    assert files.read_paths == ["env/deep/a.yaml"]  # an object in it may lead elsewhere


def test_the_whole_repository_without_what_steers_github() -> None:
    files = Files({".github/gitops.yaml": "", "a.yaml": "", "b/c.yaml": ""})
    assert files.closure("") == {"a.yaml", "b/c.yaml"}


def test_links_are_followed_wherever_they_stand() -> None:
    files = Files(
        {
            "env/kustomization.yaml": "resources: [../link/d.yaml]\n",
            "env/more": "->../extra",
            "link": "->base",
            "base/d.yaml": "",
            "extra/e.yaml": "",
            "away": "->/etc",
            **BYSTANDERS,
        }
    )
    assert files.closure("env") == {
        "env/kustomization.yaml",
        "env/more",
        "link",
        "base/d.yaml",
        "extra/e.yaml",
    }


def test_charts_that_releases_name_by_the_repositorys_top() -> None:
    release = (
        "kind: HelmRelease\nspec:\n  chart:\n    spec:\n      chart: ./charts/web\n"
        "      valuesFiles: [values/prod.yaml]\n"
    )
    files = Files(
        {
            "env/release.yaml": release,
            "charts/web/Chart.yaml": "",
            "charts/web/templates/a.yaml": "{{ x }}",
            "charts/other/Chart.yaml": "",
            "values/prod.yaml": "",
            "values/test.yaml": "",
        }
    )
    assert files.closure("env") == {
        "env/release.yaml",
        "charts/web/Chart.yaml",
        "charts/web/templates/a.yaml",
        "values/prod.yaml",
    }


def test_broken_files_lead_nowhere_and_break_nothing() -> None:
    files = Files({"env/kustomization.yaml": "resources: [../b\n", "b/x.yaml": ""})
    assert files.closure("env") == {"env/kustomization.yaml"}


def test_the_hash_tells_names_modes_and_contents() -> None:
    paths = ["a", "b"]
    one = Files({"a": "1", "b": "2"}).tree
    assert closure_hash(one, paths) == closure_hash(one, reversed(paths))
    others = [
        Files({"a": "1", "b": "3"}),
        Files({"a": "2", "b": "1"}),
        Files({"a": "->1", "b": "2"}),
    ]
    hashes = {closure_hash(item.tree, paths) for item in others} | {closure_hash(one, paths)}
    assert len(hashes) == 4
    assert closure_hash(one, ["a"]) not in hashes


PARTS = st.sampled_from(["a", "b", "c", "..", ".", ""])


@given(folder=st.lists(st.sampled_from("abc"), max_size=3), parts=st.lists(PARTS, max_size=6))
def test_ways_without_links_are_paths_as_they_are_normalised(
    folder: list[str], parts: list[str]
) -> None:
    reference = "/".join(parts).lstrip("/")
    expected = posixpath.normpath(posixpath.join("/".join(folder) or ".", reference or "."))
    way = RepositoryLayout(["x"], {}).follow("/".join(folder), reference)
    climbed = expected.startswith("..")
    assert way.path == (None if climbed else expected.removeprefix(".").lstrip("/"))


def test_ways_in_circles_lead_nowhere() -> None:
    layout = RepositoryLayout(["a", "b"], {"a": "b", "b": "a"})
    assert layout.follow("", "a").path is None
    assert RepositoryLayout(["a"], {"a": "../../x"}).follow("", "a").path is None
