"""The change hash: equal for the same change, whatever happens around it; else different."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_action.core.gates.change_hash import (
    ChangeHash,
    FileChange,
    ObjectChange,
    change_hash,
    counted_files,
    differing,
    object_changes,
    object_hashes,
)
from gitops_action.core.manifests.model import Manifest, ObjectId


def manifest(name: str = "web", replicas: int = 1, **more: Any) -> Manifest:
    return Manifest(
        id=ObjectId(group="apps", kind="Deployment", namespace="shop", name=name),
        version="v1",
        body={"kind": "Deployment", "spec": {"replicas": replicas}},
        **more,
    )


def changed(path: str, before: str = "1", after: str = "2", mode: str = "100644") -> FileChange:
    return FileChange(path=path, mode=mode, before=before, after=after)


WEB = ObjectChange(environment="production", key="web", before="1", after="2")


def hashed(*objects: ObjectChange, files: tuple[FileChange, ...] = ()) -> ChangeHash:
    return change_hash(objects, files)


def test_the_hash_of_nothing_and_of_something_stays_what_it_is() -> None:
    """Approvals are kept by it: another value is another HASH_VERSION."""
    # printf '[1,[],[]]' | sha256sum
    assert hashed().digest.startswith("b0dbe7c922cc6b1c")
    # printf '[1,[["production","web","1","2"]],[["x","100644","1","2"]]]' | sha256sum
    assert hashed(WEB, files=(changed("x"),)).short == "fed47ae04aef"


@pytest.mark.parametrize(
    "other",
    [
        hashed(),
        hashed(WEB, WEB.__class__(environment="staging", key="web", before="1", after="2")),
        hashed(ObjectChange(environment="staging", key="web", before="1", after="2")),
        hashed(ObjectChange(environment="production", key="api", before="1", after="2")),
        hashed(ObjectChange(environment="production", key="web", before="0", after="2")),
        hashed(ObjectChange(environment="production", key="web", before="1", after="3")),
        hashed(ObjectChange(environment="production", key="web", before="1", after="")),
        hashed(WEB, files=(changed("x"),)),
    ],
)
def test_whatever_differs_is_another_hash(other: ChangeHash) -> None:
    assert hashed(WEB).digest != other.digest
    assert differing(hashed(WEB), other) > 0


@pytest.mark.parametrize(
    "other",
    [
        changed("y"),
        changed("x", before="0"),
        changed("x", after="3"),
        changed("x", after=""),
        changed("x", mode="100755"),
        changed("x", mode="120000"),
    ],
)
def test_path_mode_and_content_of_a_file_count(other: FileChange) -> None:
    assert hashed(files=(changed("x"),)).digest != hashed(files=(other,)).digest


def test_fields_do_not_run_into_each_other() -> None:
    one = ObjectChange(environment="a", key="bc", before="", after="d")
    other = ObjectChange(environment="ab", key="c", before="d", after="")
    assert hashed(one).digest != hashed(other).digest


def test_how_many_objects_and_files_differ() -> None:
    api = ObjectChange(environment="production", key="api", before="1", after="2")
    moved = ObjectChange(environment="production", key="web", before="1", after="9")
    assert differing(hashed(WEB), hashed(WEB)) == 0
    assert differing(hashed(WEB), hashed(moved)) == 1
    assert differing(hashed(WEB), hashed(moved, api, files=(changed("x"),))) == 3


OBJECTS = st.builds(
    ObjectChange,
    environment=st.sampled_from(["staging", "production"]),
    key=st.text(max_size=3),
    before=st.sampled_from(["", "1"]),
    after=st.sampled_from(["", "1", "2"]),
)
FILES = st.builds(changed, path=st.text(max_size=3), after=st.sampled_from(["", "2"]))


@given(st.lists(OBJECTS), st.lists(FILES), st.randoms())
def test_the_order_does_not_matter(
    objects: list[ObjectChange], files: list[FileChange], seed: Any
) -> None:
    mixed, others = [*objects, *objects], [*files]
    seed.shuffle(mixed)
    seed.shuffle(others)
    assert change_hash(objects, files) == change_hash(mixed, others)


@given(st.lists(OBJECTS), st.lists(OBJECTS), st.lists(FILES), st.lists(FILES))
def test_equal_hashes_are_equal_changes(
    a: list[ObjectChange], b: list[ObjectChange], x: list[FileChange], y: list[FileChange]
) -> None:
    one, other = change_hash(a, x), change_hash(b, y)
    assert (one.digest == other.digest) == (set(a) == set(b) and set(x) == set(y))
    assert (differing(one, other) == 0) == (one.digest == other.digest)


# Objects.


def test_objects_that_differ() -> None:
    before = object_hashes([manifest("a"), manifest("b"), manifest("c")])
    after = object_hashes([manifest("a"), manifest("b", 2), manifest("d")])
    found = object_changes("production", before, after)
    assert [('"b"' in one.key, bool(one.before), bool(one.after)) for one in found] == [
        (True, True, True),
        (False, True, False),
        (False, False, True),
    ]


def test_the_same_object_of_other_clusters_and_controllers_is_another() -> None:
    by = ObjectId(group="g", kind="Kustomization", namespace="n", name="x")
    every = [manifest(), manifest(cluster="eu"), manifest(cluster="us"), manifest(deployer=by)]
    assert len(object_hashes(every)) == 4


def test_an_object_that_is_described_twice_counts_twice() -> None:
    once, twice = object_hashes([manifest()]), object_hashes([manifest(), manifest(replicas=2)])
    assert once.keys() == twice.keys()
    assert once != twice
    assert twice == object_hashes([manifest(replicas=2), manifest()])


# Files.

INPUTS = {"production/web.yaml", "production/kustomization.yaml", "production/README.md"}


@pytest.mark.parametrize(
    ("path", "counts"),
    [
        ("production/web.yaml", False),
        ("production/kustomization.yaml", False),
        ("production/README.md", False),
        ("scripts/deploy.sh", True),
        ("other/web.yaml", True),
        ("README.md", False),
        ("docs/guide.RST", False),
        ("notes.txt", True),
        (".github/workflows/gate.yml", True),
        (".github/gitops.yaml", True),
        (".github/gitops/holds/x.yaml", True),
        (".github/README.md", True),
    ],
)
def test_which_files_count_beside_the_objects(path: str, counts: bool) -> None:
    assert bool(counted_files([changed(path)], INPUTS, ())) is counts


@pytest.mark.parametrize("path", sorted(INPUTS))
def test_every_input_counts_where_nothing_renders(path: str) -> None:
    """A document may be what a generator reads, so it counts here."""
    assert counted_files([changed(path)], INPUTS, INPUTS)
