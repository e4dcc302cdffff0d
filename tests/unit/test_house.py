"""The layout's figures (docs/architecture.md): measured, so that they stay where they are.

`python tests/unit/test_house.py` prints them.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import accumulate
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "gitops_action"
MAP = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")

MOST_LINES = 450
MOST_CLASS_NAMES_USED_TWICE = 5
MOST_WITH_ONE_IMPORTER = 0.33
LEAST_HALF = 150
MOST_IMPORT_SHARE = 0.10


@cache
def modules() -> Mapping[str, Path]:
    """Each module that holds code, by its dotted name."""
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts): path
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.name not in {"__init__.py", "__main__.py"}
    }


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """A file's module and each of its statements, however deep. All that is counted is one."""
    return tuple(_statements(ast.parse(path.read_text(encoding="utf-8"))))


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for part in ("body", "orelse", "finalbody", "handlers", "cases"):
        for inner in getattr(node, part, ()):
            yield from _statements(inner)


def tree(name: str) -> ast.Module:
    module = nodes(modules()[name])[0]
    assert isinstance(module, ast.Module)
    return module


@cache
def code_lines(name: str) -> int:
    """Lines without blank lines, comments and docstrings."""
    text = modules()[name].read_text(encoding="utf-8").splitlines()
    written = sum(1 for line in text if line.strip() and not line.strip().startswith("#"))
    documented = (
        node.body[0]
        for node in nodes(modules()[name])
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and ast.get_docstring(node) is not None
    )
    return written - sum((doc.end_lineno or doc.lineno) - doc.lineno + 1 for doc in documented)


def imports(name: str, *, at_start: bool = False) -> Iterator[tuple[str, int]]:
    """The modules of ours that this one imports, with the import's number of lines."""
    found = tree(name).body if at_start else nodes(modules()[name])
    for node in found:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("gitops_action"):
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                target = inner if inner in modules() else node.module or ""
                yield target, (node.end_lineno or node.lineno) - node.lineno + 1


@cache
def importers() -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in nodes(path):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("gitops_action"):
                for alias in node.names:
                    inner = f"{node.module}.{alias.name}"
                    target = inner if inner in modules() else node.module or ""
                    found[target].add(str(path))
    return found


def half_of_the_code() -> int:
    """Half of the code stands in files of at least this many lines of code."""
    sizes = sorted((code_lines(name) for name in modules()), reverse=True)
    reached = accumulate(sizes)
    return next(size for size, sum_ in zip(sizes, reached, strict=True) if sum_ * 2 >= sum(sizes))


def import_share() -> float:
    lines = sum(
        (node.end_lineno or node.lineno) - node.lineno + 1
        for name in modules()
        for node in nodes(modules()[name])
        if isinstance(node, ast.Import | ast.ImportFrom)
    )
    return lines / sum(code_lines(name) for name in modules())


def class_names_used_twice() -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for name in modules():
        for node in tree(name).body:
            if isinstance(node, ast.ClassDef):
                found[node.name].append(name)
    return {name: homes for name, homes in found.items() if len(homes) > 1}


def one_importer() -> list[str]:
    return [name for name in modules() if len(importers()[name]) == 1]


def circles() -> list[str]:
    """Modules that reach themselves through imports at their start."""
    graph = {
        name: {target for target, _ in imports(name, at_start=True) if target in modules()}
        for name in modules()
    }
    return [name for name in graph if name in _reached(graph, name)]


def _reached(graph: Mapping[str, set[str]], start: str) -> set[str]:
    seen: set[str] = set()
    ahead = list(graph[start])
    while ahead:
        name = ahead.pop()
        if name not in seen:
            seen.add(name)
            ahead += graph[name]
    return seen


def test_files_hold_one_concept() -> None:
    long = {name: code_lines(name) for name in modules() if code_lines(name) > MOST_LINES}
    assert not long, "two concepts in one file?"
    assert half_of_the_code() >= LEAST_HALF


def test_few_files_have_a_single_importer() -> None:
    assert len(one_importer()) <= MOST_WITH_ONE_IMPORTER * len(modules())


def test_no_class_name_stands_for_two_things() -> None:
    twice = class_names_used_twice()
    assert len(twice) <= MOST_CLASS_NAMES_USED_TWICE, twice


def test_imports_go_in_no_circle() -> None:
    assert not circles()


def test_imports_stay_a_tenth_of_the_code() -> None:
    assert import_share() <= MOST_IMPORT_SHARE


@pytest.mark.parametrize(
    ("question", "home"),
    [
        ("Why is a closed pull request not reopened?", "core/pull_request_state.py"),
        ("for example in a CronJob?", "core/discovery/kinds/workloads.py"),
        ("for example after a secondary rate limit?", "adapters/github/client.py"),
        ("What is the name of the field manager?", "core/deploy/field_managers.py"),
        ("and within which budget?", "core/deploy/prune.py"),
        ("Which environments wait for a deployment?", "core/deploy/pending.py"),
        ("Does Flux run the commit?", "core/flux/verdict.py"),
        ("Where do I add an input?", "core/inputs/"),
        ("What do pull requests, commits and summaries say?", "views/*.j2"),
    ],
)
def test_the_map_leads_to_the_home_of_a_rule(question: str, home: str) -> None:
    (row,) = (line for line in MAP.splitlines() if line.startswith("|") and question in line)
    assert f"`{home}`" in row.partition("|")[2].partition("|")[2][:80]
    assert list(PACKAGE.glob(home))


if __name__ == "__main__":
    total = sum(code_lines(name) for name in modules())
    print(f"files: {len(modules())}")  # noqa: T201 - the figures, for whoever asks
    print(f"lines of code: {total}")  # noqa: T201 - same
    print(f"files with a single importer: {len(one_importer()) / len(modules()):.0%}")  # noqa: T201 - same
    print(f"half of the code in files of at least: {half_of_the_code()}")  # noqa: T201 - same
    print(f"import lines: {import_share():.1%}")  # noqa: T201 - same
    print(f"import circles: {circles()}")  # noqa: T201 - same
    print(f"class names used twice: {len(class_names_used_twice())}")  # noqa: T201 - same
