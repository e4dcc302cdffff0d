"""The cache of what is slow to make: one for all checkouts, whole or absent, safe for several."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path

import pytest

from testbed import cache, parts
from testbed.cluster.binaries import ETCD
from testbed.demo.preparation import Preparation
from testbed.gotool import ACTIONLINT, YQ, Module, Program
from testbed.process import PartError

# Says that it makes the item, waits for a line, and makes it.
_MAKER = """
    import os, sys
    from pathlib import Path
    from testbed import cache, reaper
    reaper.protect()
    def make(target):
        target.mkdir()
        (target / "one").touch()
        print("making", flush=True)
        sys.stdin.readline()
        (target / "two").touch()
    print("asking", flush=True)
    print(sorted(path.name for path in cache.item("go/thing-1", make).iterdir()), flush=True)
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GITOPS_ACTION_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def maker() -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(_MAKER)],
        cwd=cache.ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert line(process) == "asking"
    return process


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"GITOPS_ACTION_CACHE": "/a", "XDG_CACHE_HOME": "/b", "HOME": "/c"}, "/a"),
        ({"XDG_CACHE_HOME": "/b", "HOME": "/c"}, "/b/gitops-action"),
        ({"XDG_CACHE_HOME": "relative", "HOME": "/c"}, "/c/.cache/gitops-action"),
        (
            {"GITOPS_ACTION_CACHE": "", "XDG_CACHE_HOME": "", "HOME": "/c"},
            "/c/.cache/gitops-action",
        ),
    ],
)
def test_the_folder_is_the_user_s(
    environ: Mapping[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", environ["HOME"])
    assert cache.root(environ) == Path(expected)


def test_a_relative_folder_is_refused() -> None:
    with pytest.raises(PartError, match="not an absolute path: here"):
        cache.root({"GITOPS_ACTION_CACHE": "here"})


def test_a_folder_that_cannot_be_made_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("GITOPS_ACTION_CACHE", str(tmp_path / "file"))
    with pytest.raises(PartError, match="choose another one in GITOPS_ACTION_CACHE"):
        cache.folder("go")


@pytest.mark.usefixtures("root")
def test_of_two_processes_one_makes_it_and_the_other_waits() -> None:
    with maker() as first:
        assert line(first) == "making"
        with maker() as second:
            output, _ = first.communicate("\n", timeout=30)
            assert output.strip() == "['one', 'two']"
            output, _ = second.communicate("\n", timeout=30)
            assert output.strip() == "['one', 'two']"  # and it did not make it again


def test_a_killed_maker_leaves_nothing_under_that_name_and_the_next_one_makes_it(
    root: Path,
) -> None:
    with maker() as killed:
        assert line(killed) == "making"
        killed.send_signal(signal.SIGKILL)
    assert not (root / "go" / "thing-1").exists()
    with maker() as second:
        assert line(second) == "making"
        output, _ = second.communicate("\n", timeout=30)
        assert output.strip() == "['one', 'two']"
    assert list((root / "scratch").iterdir()) == []


def test_a_failing_maker_leaves_nothing(root: Path) -> None:
    def fail(target: Path) -> None:
        target.touch()
        raise PartError("it does not build")

    with pytest.raises(PartError):
        cache.item("go/thing-2", fail)
    assert not cache.has("go/thing-2")
    assert list((root / "scratch").iterdir()) == []


def test_removing_it_leaves_what_is_not_ours(root: Path) -> None:
    cache.item("go/thing-3", Path.touch)
    (root / "notes.txt").touch()
    cache.remove()
    assert [path.name for path in root.iterdir()] == ["notes.txt"]
    (root / "notes.txt").unlink()
    cache.remove()
    assert not root.exists()


def test_a_module_is_keyed_by_what_it_is_made_of_and_not_by_where_it_lies(tmp_path: Path) -> None:
    def item(folder: str, text: str, ldflags: str = "") -> str:
        path = tmp_path / folder / "web"
        path.mkdir(parents=True, exist_ok=True)
        (path / "go.mod").write_text(text)
        return Module(folder=path, packages=["."], ldflags=ldflags, usual="1 min").item

    first = item("a", "module web\n")
    assert item("b", "module web\n") == first
    assert item("b", "module web // new\n") != first
    assert item("a", "module web\n", "-X a=b") != first
    assert first.startswith(f"go/{cache.PLATFORM}/web-")


def test_a_program_is_keyed_by_its_version() -> None:
    assert YQ.name == "yq"  # no major version
    assert YQ.item == f"go/{cache.PLATFORM}/yq-v4.54.2"
    assert Program(package="example.com/yq@v5.0.0", usual="").item != YQ.item


def test_parts_are_taken_where_they_are(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assets = root.parent / "assets"
    assets.mkdir()
    for name in ("etcd", "kube-apiserver", "kube-controller-manager"):
        (assets / name).touch(mode=0o755)
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(assets))
    cache.item(ACTIONLINT.item, Path.touch)
    made = parts.build(["cluster", "actionlint"])
    assert [(one.part.name, one.source) for one in made] == [
        ("actionlint", "cache"),
        ("etcd", "KUBEBUILDER_ASSETS"),
        ("kubernetes", "KUBEBUILDER_ASSETS"),
    ]
    assert not cache.has(ETCD.item)


def test_a_preparation_says_at_the_end_what_could_not_be_made() -> None:
    preparation = Preparation(["helmet"])
    with pytest.raises(PartError, match="no part helmet"):
        preparation.wait()
    assert preparation.done


@pytest.mark.usefixtures("root")
def test_a_preparation_makes_nothing_that_is_there() -> None:
    cache.item(ACTIONLINT.item, Path.touch)
    assert parts.missing(["actionlint"]) == []
    preparation = Preparation(["actionlint"])
    preparation.wait()
    assert preparation.done


def test_images_without_docker_are_named_as_skipped(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(root))
    assert [one.source for one in parts.build(["base-image"])] == [
        "skipped: there is no docker command"
    ]


def test_an_unknown_part_is_named_with_those_there_are() -> None:
    with pytest.raises(PartError, match=r"no part helmet; there are cluster, .*, helm"):
        parts.select(["helmet"])


def test_every_group_names_parts_that_are_there() -> None:
    known = {part.name for part in parts.PARTS}
    assert all(set(names) <= known for names in parts.GROUPS.values())
    assert len(known) == len(parts.PARTS)
    assert [part.name for part in parts.select([])] == [part.name for part in parts.PARTS]
