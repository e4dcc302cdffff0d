"""No text from a repository can become an option of a program that is started."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_action.adapters.process import ArgumentError, CommandLine
from gitops_action.core.rendering import RenderError
from gitops_action.core.rendering.helm_names import (
    chart_problems,
    composed_name,
    namespace_name,
    release_name,
)
from gitops_action.core.rendering.kustomization import read_kustomization

PACKAGE = Path(__file__).parents[2] / "gitops_action"
SOURCES = {path: path.read_text() for path in sorted(PACKAGE.rglob("*.py"))}
MAKE_COMMANDS = ("CommandLine",)
RUN_GIT = ("git.run", "git.check", "_git.run", "_git.check", "self._speak")
PASSED_ON = {"command.py": "words", "remote.py": "words"}
"""Where a helper hands its own argument on; its callers are checked in its place."""


@pytest.mark.parametrize("text", ["--post-renderer=/bin/sh", "-o", "-", "", "a\0b"])
def test_a_text_that_would_be_an_option_is_refused(text: str) -> None:
    with pytest.raises(ArgumentError):
        CommandLine(program="git", words=("merge-base",), operands=(text,))


def test_a_long_option_takes_any_text() -> None:
    command = CommandLine(
        program="helm",
        words=("template", "--no-hooks"),
        values=(("--namespace", "--x"),),
        operands=("web",),
    )
    assert command.line == ("helm", "template", "--no-hooks", "--namespace=--x", "web")


def test_a_short_option_takes_no_dash() -> None:
    with pytest.raises(ArgumentError):
        CommandLine(program="git", words=("commit-tree",), values=(("-p", "--x"),))


@given(st.text(), st.text())
def test_only_our_own_words_are_options(value: str, operand: str) -> None:
    try:
        command = CommandLine(
            program="git", words=("a", "-b"), values=(("--c", value),), operands=(operand,)
        )
    except ArgumentError:
        return
    assert [part for part in command.line if part.startswith("-")] == ["-b", f"--c={value}"]


def test_programs_are_started_in_few_places_alone() -> None:
    """`pager.py` starts what the user of a terminal has set as PAGER."""
    starts = (
        "subprocess.Popen",
        "subprocess.run",
        "os.system",
        "os.exec",
        "os.spawn",
        "_git.execute(",
    )
    found = {path.name for path, text in SOURCES.items() if any(word in text for word in starts)}
    assert found == {"process.py", "command.py", "sandbox.py", "pager.py"}


def test_words_of_commands_are_literals_of_our_source() -> None:
    assert [f"{path}:{node.lineno}" for path, node in _calls() if not _fixed(path, node)] == []


def test_the_search_finds_the_calls() -> None:
    assert len(list(_calls())) > 25


def _calls() -> Iterator[tuple[Path, ast.Call]]:
    for path, text in SOURCES.items():
        if not any(word in text for word in (*MAKE_COMMANDS, *RUN_GIT)):
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                if called in MAKE_COMMANDS or called.endswith(RUN_GIT):
                    yield path, node


def _fixed(path: Path, node: ast.Call) -> bool:
    given_words = [item.value for item in node.keywords if item.arg == "words"]
    words = (node.args[:1] or given_words)[:1]
    if not words:
        return False
    return _literal(path, words[0], node)


def _literal(path: Path, words: ast.expr, call: ast.Call) -> bool:
    if isinstance(words, ast.Name):
        return words.id == PASSED_ON.get(path.name) or _assigned(path, words.id, call)
    if isinstance(words, ast.Call) and ast.unparse(words.func) == "tuple":
        return _literal(path, words.args[0], call)
    return isinstance(words, ast.List | ast.Tuple) and all(_constant(item) for item in words.elts)


def _assigned(path: Path, name: str, call: ast.Call) -> bool:
    """Whether the variable is given nothing but literals in the function that calls."""
    function = next(
        node
        for node in ast.walk(ast.parse(SOURCES[path]))
        if isinstance(node, ast.FunctionDef)
        and node.lineno <= call.lineno <= (node.end_lineno or 0)
        and not any(
            isinstance(inner, ast.FunctionDef)
            and inner is not node
            and inner.lineno <= call.lineno <= (inner.end_lineno or 0)
            for inner in ast.walk(node)
        )
    )
    values = [
        node.value
        for node in ast.walk(function)
        if (isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name)
        or (isinstance(node, ast.AugAssign) and ast.unparse(node.target) == name)
    ]
    return bool(values) and all(_constant(value) for value in values)


def _constant(node: ast.expr) -> bool:
    if isinstance(node, ast.Starred):
        return _constant(node.value)
    if isinstance(node, ast.IfExp):
        return _constant(node.body) and _constant(node.orelse)
    if isinstance(node, ast.List | ast.Tuple):
        return all(_constant(item) for item in node.elts)
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


@pytest.mark.parametrize(
    "name",
    ["--post-renderer=/bin/sh", "-web", "Web", "a" * 54, "a_b", "a..b", "", "web\n", "a b"],
)
def test_release_names_that_helm_would_refuse(name: str) -> None:
    with pytest.raises(RenderError):
        release_name(name, None)


@pytest.mark.parametrize("name", ["web", "a" * 53, "shop-web", "a.b-c", "9"])
def test_release_names_that_helm_takes(name: str) -> None:
    assert release_name(name, None) == name


def test_namespaces() -> None:
    assert namespace_name("", None) == ""
    assert namespace_name("a" * 63, None) == "a" * 63
    for name in ("--x", "a.b", "A", "a" * 64):
        with pytest.raises(RenderError):
            namespace_name(name, None)


def test_long_composed_names_are_cut_as_flux_does() -> None:
    assert composed_name("", "web") == "web"
    assert composed_name("shop", "web") == "shop-web"
    cut = composed_name("a" * 30, "b" * 30)
    assert len(cut) == 53
    assert cut.startswith(f"{'a' * 30}-{'b' * 9}-")
    assert release_name(cut, None) == cut


CHARTS = "helmCharts:\n- name: web\n  releaseName: prod\n"


def problems_of(text: str) -> list[str]:
    return [str(item.title) for item in chart_problems(read_kustomization("k.yaml", text.encode()))]


@pytest.mark.parametrize(
    "text",
    [
        CHARTS.replace("prod", "--post-renderer=/bin/sh"),
        CHARTS.replace("prod", "'--post-renderer=/bin/sh'"),
        CHARTS.replace("releaseName", "RELEASENAME").replace("prod", "--x"),
        CHARTS.replace("releaseName", "relea\u017feName").replace("prod", "--x"),
        CHARTS.replace("prod", "!!binary LS14"),
        CHARTS.replace("name: web", "name: --web"),
        f"{CHARTS}  releaseName: --x\n",
        f"{CHARTS}  namespace: --x\n",
        f"{CHARTS}  version: --x\n",
        f"{CHARTS}  repo: --x\n",
        f"{CHARTS}  repo: file:///etc\n",
        f"{CHARTS}  kubeVersion: --x\n",
        f"{CHARTS}  apiVersions: [apps/v1, --x]\n",
        f"{CHARTS}  nameTemplate: --x\n",
        f"{CHARTS}  anythingNew: --x\n",
        f"{CHARTS}  <<: {{releaseName: --x}}\n",
        f"x: &x --x\n{CHARTS.replace('prod', '*x')}",
        f"{CHARTS}helmGlobals: {{configHome: plugins}}\n",
        f"{CHARTS}generators: [chart.yaml]\n",
        "helmChartInflationGenerator:\n- {chartName: web, releaseName: --x}\n",
        "helmChartInflationGenerator:\n- {chartName: web, extraArgs: [--x]}\n",
        "helmChartInflationGenerator:\n- {chartName: web, helmBin: /bin/sh}\n",
    ],
)
def test_chart_fields_that_would_reach_helm_as_options(text: str) -> None:
    assert problems_of(text)


@pytest.mark.parametrize(
    "text",
    [
        CHARTS,
        f"{CHARTS}  namespace: shop\n  version: '>=1.0.0 <2'\n  valuesInline: {{flag: --x}}\n",
        f"{CHARTS}  repo: https://charts.example\n  kubeVersion: v1.36.0\n",
        f"{CHARTS}  repo: oci://ghcr.io/acme\n  apiVersions: [apps/v1]\n",
        f"{CHARTS}helmGlobals: {{chartHome: ../charts}}\ntransformers: [x.yaml]\n",
    ],
)
def test_chart_fields_that_are_values(text: str) -> None:
    assert problems_of(text) == []
