"""What is remote is decided once: `bump` and rendering never disagree about a reference."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_action.core.discovery.cursor import documents
from gitops_action.core.discovery.source import Source, resolved
from gitops_action.core.kustomize import is_remote
from gitops_action.core.rendering.graph import layout_of, look_through
from gitops_action.core.repository import RepositoryFile, Snapshot
from gitops_action.core.yaml.parse import parse

BASE = "resources: [{name: x}]\n"


def files_of(reference: str, *local: str) -> dict[str, RepositoryFile]:
    texts = {"env/kustomization.yaml": f"resources:\n  - {reference!r}\n"}
    texts |= {f"{folder}/kustomization.yaml": "resources: []\n" for folder in local}
    return {name: RepositoryFile(path=name, data=text.encode()) for name, text in texts.items()}


def rendering(reference: str, *local: str) -> bool:
    """Whether rendering takes the reference for remote."""
    files = files_of(reference, *local)
    graph = look_through("env", files, layout_of(files), allow_remote=False)
    return bool(graph.remote)


def bump(reference: str, *local: str) -> bool:
    """Whether discovery does."""
    files = files_of(reference, *local)
    source = Source(snapshot=Snapshot(commit="", files=files))
    (top,) = documents(parse("env/kustomization.yaml", files["env/kustomization.yaml"].data))
    listed = top.get("resources")
    assert listed
    resolved(source, "env", next(listed.items()))
    return any("is remote" in note.reason for note in source.remote)


@pytest.mark.parametrize(
    ("reference", "remote"),
    [
        ("https://github.com/acme/base//web?ref=v1", True),
        ("https://example.com/web.yaml", True),
        ("github.com/acme/base?ref=v1", True),
        ("gitlab.com/acme/base", True),
        ("git.acme.example/team/base", True),
        ("git@github.com:acme/base", True),
        ("git@github.com/acme/base", True),
        ("org-1@github.com:acme/base", True),
        ("ssh://git@github.com/acme/base", True),
        ("git::https://example.com/base", True),
        ("base?ref=v1", True),
        ("../vendor/github.com/acme/base", False),
        ("vendor/github.com/acme/base", False),
        ("./github.com/acme/base", False),
        ("../base?ref=v1", False),
        ("../git@home/base", False),
        ("../base", False),
        ("web.yaml", False),
        ("apps.v2/web.yaml", False),
        ("/etc/passwd", False),
    ],
)
def test_by_its_spelling(reference: str, remote: bool) -> None:
    assert is_remote(reference, exists=False) is remote
    assert rendering(reference) is remote
    assert bump(reference) is remote


@pytest.mark.parametrize(
    ("reference", "folder"),
    [
        ("../vendor/github.com/acme/base", "vendor/github.com/acme/base"),
        ("github.com/acme/base", "env/github.com/acme/base"),
        ("git@home/base", "env/git@home/base"),
        ("base?ref=v1", "env/base?ref=v1"),
        ("apps.v2/base", "env/apps.v2/base"),
    ],
)
def test_a_path_that_exists_is_local(reference: str, folder: str) -> None:
    assert not rendering(reference, folder)
    assert not bump(reference, folder)


PARTS = st.sampled_from(
    [
        "..",
        ".",
        "vendor",
        "github.com",
        "acme",
        "base",
        "git@github.com:acme",
        "https:",
        "",
        "web.yaml",
    ]
)
ENDS = st.sampled_from(["", "?ref=v1", "?submodules=0", ".git"])


@given(
    parts=st.lists(PARTS, min_size=1, max_size=4),
    end=ENDS,
    local=st.sampled_from(["vendor/github.com/acme/base", "env/github.com/acme/base", "base"]),
)
def test_bump_and_rendering_agree(parts: list[str], end: str, local: str) -> None:
    reference = "/".join(parts) + end
    assert bump(reference, local) is rendering(reference, local)
