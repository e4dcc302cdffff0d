"""Programs fetched from published images, from a real registry on loopback that has such images."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from testbed import cache, published
from testbed.cluster.binaries import VERSION, find, find_binaries
from testbed.process import PartError
from testbed.published import Published, fetch
from testbed.registry import Registry

_SCRIPT = b'#!/bin/sh\necho "etcd Version: 3.6.8 $1"\n'


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with Registry.start(tmp_path_factory.mktemp("registry")) as running:
        yield running


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GITOPS_ACTION_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def publish(registry: Registry, name: str, files: Mapping[str, bytes]) -> Published:
    digest = registry.push_image(f"k8s/{name}", "v1", files=files, index=True)
    return Published(image=f"{registry.address}/k8s/{name}:v1@{digest}", path="usr/local/bin/etcd")


def test_the_program_comes_out_of_the_image_and_runs(registry: Registry) -> None:
    program = publish(registry, "etcd", {"usr/local/bin/etcd": _SCRIPT, "etc/passwd": b"root\n"})
    path = fetch(program)
    assert path.read_bytes() == _SCRIPT
    shown = subprocess.run([path, "--version"], capture_output=True, text=True, check=True)
    assert shown.stdout == "etcd Version: 3.6.8 --version\n"
    asked = len(registry.requests())
    assert fetch(program) == path
    assert len(registry.requests()) == asked  # the second time nobody is asked


def test_content_with_another_digest_is_refused(registry: Registry, root: Path) -> None:
    program = publish(registry, "altered", {"usr/local/bin/etcd": _SCRIPT + b"# altered\n"})
    blobs = registry.log.parent / "images/docker/registry/v2/blobs/sha256"
    layers = [path for path in blobs.rglob("data") if path.read_bytes()[:2] == b"\x1f\x8b"]
    newest = max(layers, key=lambda path: path.stat().st_mtime_ns)
    newest.write_bytes(newest.read_bytes()[:-1] + b"\xff")  # the length that gzip records
    with pytest.raises(PartError, match="sends other content than it says"):
        fetch(program)
    assert not cache.has(program.item)
    assert list((root / "scratch").iterdir()) == []


def test_an_image_without_the_program_is_named(registry: Registry) -> None:
    program = publish(registry, "empty", {"usr/local/bin/other": _SCRIPT})
    with pytest.raises(PartError, match="has no usr/local/bin/etcd"):
        fetch(program)


def test_a_program_that_does_not_run_here_is_not_taken(registry: Registry) -> None:
    program = publish(registry, "broken", {"usr/local/bin/etcd": b"#!/bin/sh\nexit 3\n"})
    with pytest.raises(PartError, match="exit code 3"):
        fetch(program)
    assert not cache.has(program.item)


def test_a_machine_of_another_kind_is_named(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = publish(registry, "kind", {"usr/local/bin/etcd": _SCRIPT})
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    with pytest.raises(PartError, match="not published for riscv64"):
        fetch(program)


def test_an_image_that_is_not_there_and_a_registry_that_is_not_there(registry: Registry) -> None:
    absent = f"k8s/absent:v1@sha256:{'0' * 64}"
    with pytest.raises(PartError, match=r"etcd cannot be fetched: .* is not in the registry"):
        fetch(Published(image=f"{registry.address}/{absent}", path="usr/local/bin/etcd"))
    with pytest.raises(PartError, match="etcd cannot be fetched: localhost:1 cannot be reached"):
        fetch(Published(image=f"localhost:1/{absent}", path="usr/local/bin/etcd"))


def test_programs_are_looked_for_in_this_order(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assets, programs = tmp_path / "assets", tmp_path / "bin"
    for folder in (assets, programs):
        folder.mkdir()
        (folder / "etcd").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(programs))
    assert find("etcd", {"KUBEBUILDER_ASSETS": str(assets)}) == assets / "etcd"
    assert find("etcd", {}) == programs / "etcd"
    assert find("kube-apiserver", {"KUBEBUILDER_ASSETS": str(assets)}) is None
    fetched = cache.item(published.APISERVER.item, lambda path: path.touch(mode=0o755))
    assert find("kube-apiserver", {}) == fetched
    assert fetched.is_relative_to(root)


def test_what_nobody_has_is_fetched_before_it_is_built(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No toolchain is on PATH here, so a build would fail."""
    programs = {}
    for name in ("etcd", "kube-apiserver", "kube-controller-manager"):
        digest = registry.push_image(f"k8s/{name}", "v2", files={f"bin/{name}": _SCRIPT})
        programs[name] = Published(
            image=f"{registry.address}/k8s/{name}:v2@{digest}", path=f"bin/{name}"
        )
    monkeypatch.setattr("testbed.cluster.binaries._PUBLISHED", programs)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    monkeypatch.setattr("shutil.which", lambda _name: None)
    found = find_binaries({})
    assert [found.etcd, found.apiserver, found.controller_manager] == [
        cache.root() / program.item for program in programs.values()
    ]
    assert all(os.access(path, os.X_OK) for path in (found.etcd, found.apiserver))


def test_the_pinned_images_are_of_the_release_that_is_built() -> None:
    for program in (published.APISERVER, published.CONTROLLER_MANAGER):
        assert f":v{VERSION}@sha256:" in program.image
