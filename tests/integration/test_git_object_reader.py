"""Sizes and content of objects, from one Git process that stays."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from gitops_action.adapters.git.object_reader import ObjectReader
from gitops_action.adapters.git.scratch import ScratchRepository
from gitops_action.errors import GitOpsError

MANY = 1_200
"""More than are asked for at once."""
ABSENT = "1" * 40


@pytest.fixture
def scratch() -> Iterator[ScratchRepository]:
    with ScratchRepository(None) as made:
        yield made


def blob(scratch: ScratchRepository, data: bytes) -> str:
    return scratch.git.check(["hash-object", "-w", "--stdin"], stdin=data).decode().strip()


def process_of(reader: ObjectReader) -> int:
    assert reader._process is not None  # noqa: SLF001 - the process is what the test ends
    return reader._process.pid  # noqa: SLF001 - same


def test_content_comes_byte_for_byte_and_what_is_absent_is_left_out(
    scratch: ScratchRepository,
) -> None:
    texts = [b"", b"a\nb\n", b"\0\xff\n" * 70_000, b"1 blob 2\n"]
    blobs = [blob(scratch, text) for text in texts]
    found = dict(scratch.objects.contents([blobs[0], ABSENT, *blobs[1:]]))
    assert [found[one] for one in blobs] == texts
    assert ABSENT not in found
    assert scratch.objects.sizes([*blobs, ABSENT]) == {
        one: len(text) for one, text in zip(blobs, texts, strict=True)
    }


def test_a_tree_has_a_size_and_no_content(scratch: ScratchRepository) -> None:
    tree = scratch.git.check(["mktree"], stdin=b"").decode().strip()
    data = blob(scratch, b"data")
    assert list(scratch.objects.sizes([tree])) == [tree]
    assert dict(scratch.objects.contents([tree, data])) == {data: b"data"}


@pytest.mark.parametrize("name", ["", " ", "x\ncontents y", "--all", "a b", f"{ABSENT}^{{tree}}"])
def test_a_name_is_never_another_question(scratch: ScratchRepository, name: str) -> None:
    data = blob(scratch, b"data")
    assert scratch.objects.sizes([name, data]) == {data: 4}


def test_many_objects_are_answered_by_one_process(scratch: ScratchRepository) -> None:
    data = [blob(scratch, f"{number}".encode()) for number in range(3)]
    found = list(scratch.objects.contents(data * (MANY // 3)))
    first = process_of(scratch.objects)
    assert [text for _, text in found] == [b"0", b"1", b"2"] * (MANY // 3)
    assert len(scratch.objects.sizes(data)) == len(data)
    assert process_of(scratch.objects) == first


def test_an_object_that_came_later_is_found(scratch: ScratchRepository) -> None:
    later = b"came later"
    early = blob(scratch, b"early")
    assert list(scratch.objects.sizes([early])) == [early]
    assert dict(scratch.objects.contents([blob(scratch, later)])).popitem()[1] == later


def test_threads_get_their_own_answers(scratch: ScratchRepository) -> None:
    texts = [f"{number}".encode() * 5_000 for number in range(8)]
    blobs = [blob(scratch, text) for text in texts]

    def read(number: int) -> bool:
        return dict(scratch.objects.contents([blobs[number]] * 50)) == {
            blobs[number]: texts[number]
        }

    with ThreadPoolExecutor(max_workers=8) as pool:
        assert all(pool.map(read, range(8)))


def test_a_process_that_was_killed_is_an_error_and_then_replaced(
    scratch: ScratchRepository,
) -> None:
    data = blob(scratch, b"data")
    assert scratch.objects.sizes([data])
    os.kill(process_of(scratch.objects), signal.SIGKILL)
    with pytest.raises(GitOpsError, match="`git cat-file` failed"):
        scratch.objects.sizes([data])
    assert scratch.objects.sizes([data]) == {data: 4}


def test_nothing_runs_on_after_the_end() -> None:
    with ScratchRepository(None) as scratch:
        scratch.objects.sizes([ABSENT])
        running = process_of(scratch.objects)
    with pytest.raises(ProcessLookupError):
        os.kill(running, 0)
