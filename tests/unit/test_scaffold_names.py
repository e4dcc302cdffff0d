"""Names that would not fit somewhere are refused before anything is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from gitops_action.commands import init
from gitops_action.core.inputs.init import InitInputs
from gitops_action.core.outcome import Outcome
from gitops_action.core.scaffold import names
from gitops_action.core.scaffold.names import check_library
from gitops_action.errors import GitOpsError, UsageError

Check = Callable[[str], object]


@pytest.mark.parametrize(
    ("check", "text"),
    [
        *((names.check_environment, text) for text in ("staging", "eu-1", "a", "x" * 40)),
        *((names.check_owner, text) for text in ("acme", "Octo-Org", "a" * 39, "1a")),
        *((names.check_repository, text) for text in ("environment", "env.prod", "_x", "1")),
        *((names.check_registry, text) for text in ("ghcr.io", "localhost:5000", "r.example.com")),
        *((names.check_code_owners, text) for text in ("@acme", "@acme/sre @bob")),
        *((names.read_image, text) for text in ("ghcr.io/a/b", "localhost:5000/a:1.20")),
    ],
)
def test_names_that_fit(check: Check, text: str) -> None:
    check(text)


@pytest.mark.parametrize(
    ("check", "text"),
    [
        *(
            (names.check_environment, text)
            for text in (
                *("", "Staging", "1st", "-a", "a-", "a_b", "a.b", "a/b", "..", "a b", "x" * 41),
                *("on", "yes", "null", "y", "true", "default", "kube-system", "flux-system"),
                *("über", "a\nb", "a: b", "${{ github.token }}", "⟦library⟧", "{{ 1 }}", "a#b"),
            )
        ),
        *((names.check_owner, text) for text in ("", "-a", "a-", "a--b", "a/b", "a.b", "a" * 40)),
        *((names.check_repository, text) for text in ("", ".", "..", "a/b", "a.git", "a b", "ü")),
        *(
            (names.check_registry, text)
            for text in ("", "ghcr", "https://ghcr.io", "a.b/c", "a.b:x", "a.b\n", "-a.b")
        ),
        *((names.check_code_owners, text) for text in ("", "acme", "@a/b/c", "a@b.c", "@a,@b")),
        *(
            (names.read_image, text)
            for text in (
                "",
                "A/b",
                "nginx",
                "acme/web",
                "ghcr.io/a/b@sha256:" + "0" * 64,
                "a b",
                "a\n",
                "$(id)",
            )
        ),
    ],
)
def test_names_that_do_not(check: Check, text: str) -> None:
    with pytest.raises(UsageError) as caught:
        check(text)
    assert caught.value.cause
    assert caught.value.fix


@given(st.text(max_size=45))
def test_whatever_is_a_label_is_text_in_yaml(text: str) -> None:
    try:
        names.check_label("application", text)
    except UsageError:
        return
    assert YAML(typ="safe", pure=True).load(f"[{text}]") == [text]


@given(st.text(max_size=60))
def test_a_suggestion_is_a_name_that_fits(text: str) -> None:
    try:
        names.check_label("application", text)
    except UsageError as error:
        if error.fix.startswith("take `"):
            names.check_label("application", error.fix.split("`")[1])


class Nowhere:
    """Fails when something is written."""

    def folder(self, requested: str, *, name: str) -> str:
        return requested or name or "."

    def in_the_way(self, folder: str, paths: tuple[str, ...]) -> tuple[str, ...]:
        assert folder
        assert paths
        return ()

    def write(self, folder: str, files: Mapping[str, str]) -> None:
        raise AssertionError(folder, list(files))

    def files(self, name: str) -> Mapping[str, str]:
        return {"README.md": f"{name} of acme/web\n"}


def run(inputs: InitInputs) -> Outcome:
    nowhere = Nowhere()
    return init.run(
        inputs, init.InitPorts(templates=nowhere, target=nowhere, runs_from="acme/gitops-action")
    )


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        (InitInputs(what="environment"), "--owner is missing"),
        (InitInputs(what="application", owner="acme"), "--name is missing"),
        (InitInputs(what="environment", owner="acme", image="a.b/c"), "--image means nothing"),
        (InitInputs(what="application", owner="a", name="web", engine="push"), "--engine means"),
        (
            InitInputs(what="workflow", owner="a", name="web", code_owners="@a"),
            "--code-owners means nothing for `init workflow`",
        ),
        (
            InitInputs(what="environment", owner="a", layout="minimal", environments=("x",)),
            "--environments means nothing for `init environment --layout minimal`",
        ),
        (
            InitInputs(what="environment", owner="a", applications=("web", "web=a.b/c")),
            "'web' is named twice",
        ),
        (InitInputs(what="environment", owner="a", applications=("web=",)), "cannot be an image"),
        (InitInputs(what="application", owner="a", name="web", image="a.b/c:v1"), "has a tag"),
        (InitInputs(what="application", owner="a", name="My.App"), "'My.App' cannot be"),
        (InitInputs(what="environment", owner="a b"), "'a b' cannot be an owner's name"),
    ],
)
def test_what_cannot_be_is_told_and_nothing_is_written(inputs: InitInputs, words: str) -> None:
    with pytest.raises(GitOpsError) as caught:
        run(inputs)
    assert words in str(caught.value)
    assert caught.value.exit_code == 2
    assert caught.value.fix


def test_a_dry_run_writes_nothing() -> None:
    outcome = run(InitInputs(what="application", owner="acme", name="web", dry_run=True))
    assert outcome.headline == "would write 1 file to web"
    assert outcome.data["files"] == ["README.md"]


@pytest.mark.parametrize("library", ["OWNER/gitops-action", "acme", "acme/a/b", "a b/c"])
def test_the_documents_placeholder_is_no_library(library: str) -> None:
    with pytest.raises(UsageError):
        check_library(library)
    check_library("acme/gitops-action")
