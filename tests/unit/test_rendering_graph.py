"""Kustomizations looked through before anything runs: every mistake with file and line."""

from collections.abc import Mapping

import pytest

from gitops_action.core.rendering import LinkError, RemoteBaseError
from gitops_action.core.rendering.graph import Graph, layout_of, look_through
from gitops_action.core.repository import REGULAR, SYMLINK, RepositoryFile

FINE = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"


def look(files: Mapping[str, str], *, allow_remote: bool = False) -> Graph:
    every = {
        path: RepositoryFile(
            path=path,
            data=text.removeprefix("->").encode(),
            mode=SYMLINK if text.startswith("->") else REGULAR,
        )
        for path, text in files.items()
    }
    return look_through("env", every, layout_of(every), allow_remote=allow_remote)


def told(graph: Graph) -> list[str]:
    return [f"{problem.location}: {problem.title}" for problem in graph.problems]


def test_a_kustomization_that_is_fine() -> None:
    graph = look(
        {
            "env/kustomization.yaml": (
                "resources: [../base, own.yaml]\npatches:\n  - patch: |\n      a: b\n"
                "  - path: p.yaml\npatchesStrategicMerge:\n  - |-\n    kind: X\n"
                "configMapGenerator:\n  - {name: a, files: [k=a.txt], envs: [a.txt]}\n"
            ),
            "env/own.yaml": FINE,
            "env/p.yaml": FINE,
            "env/a.txt": "",
            "base/d.yaml": FINE,
            "base/kustomization.yml": "resources: [d.yaml]\n",
        }
    )
    assert told(graph) == []
    assert [item.path for item in graph.kustomizations] == [
        "env/kustomization.yaml",
        "base/kustomization.yml",
    ]
    assert graph.resources == ["base/d.yaml", "env/own.yaml"]
    assert graph.outside == graph.remote == []


@pytest.mark.parametrize(
    ("kustomization", "title"),
    [
        ("resources:\n  - nope.yaml\n", "2: 'nope.yaml' is not there"),
        ("resources:\n  - ../../x\n", "2: '../../x' leaves the repository"),
        ("resources:\n  - /etc\n", "2: '/etc' leaves the repository"),
        ("patches:\n  - path: /etc/passwd\n", "2: '/etc/passwd' leaves the repository"),
        ("patches:\n  - path: p\n", "2: 'p' is not there"),
        ("resources:\n  - ../empty\n", "2: empty has no kustomization.yaml"),
        ("resources:\n  - ../both\n", "2: both has several kustomization files"),
        ("components:\n  - own.yaml\n", "2: component 'own.yaml' is a file"),
        ("patches:\n  - path: ../base\n", "2: '../base' is a folder, not a file"),
        ("secretGenerator:\n  - {name: a, files: [a=../../b]}\n", "2: '../../b' leaves"),
        ("resources:\n  - ../env\n", "2: kustomizations build on each other: env → env"),
        ("resources:\n  - ..\n", "2: kustomizations build on each other: env → ."),
        (
            "resources:\n  - ../circle\n",
            "3: kustomizations build on each other: env → circle",
        ),
        ("resources: [\n", "2:1: file is not valid YAML"),
        ("resources:\n  - ../away/x.yaml\n", "2: '../away/x.yaml' leaves the repository, through"),
    ],
)
def test_mistakes(kustomization: str, title: str) -> None:
    graph = look(
        {
            "env/kustomization.yaml": kustomization,
            "env/own.yaml": FINE,
            "empty/x.txt": "",
            "both/kustomization.yaml": "{}",
            "both/Kustomization": "{}",
            "base/kustomization.yaml": "{}",
            "circle/kustomization.yaml": "# a\nresources:\n  - ../env\n",
            "away": "->/etc",
        }
    )
    (problem,) = told(graph)
    assert title in problem
    assert problem.startswith("circle/" if "circle" in title else "env/")
    assert graph.problems[0].fix


def test_every_mistake_is_told_in_one_go() -> None:
    text = "resources:\n  - one.yaml\n  - ../../two\n  - https://three.example/x.yaml\n"
    graph = look({"env/kustomization.yaml": text})
    assert [str(item.location) for item in graph.problems] == [
        f"env/kustomization.yaml:{line}" for line in (2, 3, 4)
    ]


@pytest.mark.parametrize(
    "reference",
    [
        "https://github.com/acme/base//web?ref=v1",
        "HTTPS://acme.example/x.yaml",
        "http://acme.example/x.yaml",
        "github.com/acme/base?ref=v1",
        "github.com/acme/base",
        "git@github.com:acme/base.git",
        "ssh://git@github.com/acme/base",
        "git::https://github.com/acme/base",
        "file:///etc",
        "gh.acme.example:acme/base",
    ],
)
@pytest.mark.parametrize(
    "field", ["resources: ['{}']", "components: ['{}']", "patches: [{{path: '{}'}}]"]
)
def test_remote_bases_are_refused_unless_allowed(reference: str, field: str) -> None:
    files = {"env/kustomization.yaml": field.format(reference)}
    (problem,) = look(files).problems
    assert isinstance(problem, RemoteBaseError)
    assert "remote-bases" in problem.fix
    allowed = look(files, allow_remote=True)
    assert allowed.problems == []
    assert [item.path for item in allowed.remote] == [reference]


def test_a_folder_that_only_looks_like_a_host_is_a_folder() -> None:
    graph = look(
        {
            "env/kustomization.yaml": "resources: [acme.example/base]\n",
            "env/acme.example/base/kustomization.yaml": "{}",
        }
    )
    assert graph.problems == graph.remote == []


def test_files_beside_the_kustomization_are_noted() -> None:
    files = {"env/kustomization.yaml": "resources: [../x.yaml]\n", "x.yaml": FINE}
    graph = look(files)
    assert graph.problems == []
    assert [item.path for item in graph.outside] == ["../x.yaml"]


@pytest.mark.parametrize(
    "more",
    [
        "transformers: [t.yaml]\n",
        "generators:\n  - |\n    kind: X\n",
        "x: !!str y\n",
        "!!binary Z2VuZXJhdG9ycw==: [t.yaml]\n",
        "labels: !!omap [{a: b}]\n",
        "<<: {validators: [t.yaml]}\n",
    ],
)
def test_what_could_hide_a_path_is_refused_beside_open_restrictions(more: str) -> None:
    files = {
        "env/kustomization.yaml": f"resources: [../x.yaml]\n{more}",
        "env/t.yaml": FINE,
        "x.yaml": FINE,
    }
    assert len(look(files).problems) == 1
    closed = files["env/kustomization.yaml"].replace("../x.yaml", "t.yaml")
    assert look({**files, "env/kustomization.yaml": closed}).problems == []


def test_paths_behind_anchors_merges_and_repeated_keys_are_seen() -> None:
    text = (
        "patches:\n  - &p {path: /etc/one}\n  - {<<: *p, target: {kind: X}}\n"
        "patches:\n  - path: /etc/two\n"
    )
    titles = {item.title for item in look({"env/kustomization.yaml": text}).problems}
    assert titles == {"'/etc/one' leaves the repository", "'/etc/two' leaves the repository"}


def test_a_kustomization_that_is_a_link() -> None:
    assert look({"env/kustomization.yaml": "->real.yaml", "env/real.yaml": "{}"}).problems == []
    (problem,) = look({"env/kustomization.yaml": "->/etc/passwd"}).problems
    assert isinstance(problem, LinkError)


@pytest.mark.parametrize("field", ["resources", "Resources", "RESOURCES", "re\u017fources"])
def test_fields_are_matched_in_any_case_as_kustomize_does(field: str) -> None:
    (problem,) = look({"env/kustomization.yaml": f"{field}: [/etc]\n"}).problems
    assert "leaves the repository" in problem.title


@pytest.mark.parametrize("value", ["x", "[]", "{}"])
def test_aliases_that_blow_a_kustomization_up(value: str) -> None:
    lines = [f"a0: &a0 [{', '.join([value] * 9)}]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 20)]
    (problem,) = look({"env/kustomization.yaml": "\n".join(lines)}).problems
    assert "values" in problem.title
