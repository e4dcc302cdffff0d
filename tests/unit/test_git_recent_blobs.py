"""Which blobs a scratch repository keeps in memory."""

from __future__ import annotations

from gitops_action.adapters.git.scratch import RecentBlobs

MIB = 1024 * 1024


def test_what_was_read_is_kept() -> None:
    recent = RecentBlobs()
    recent.keep({"a": b"1"})
    recent.keep({"b": b"2"})
    assert recent.of(["b", "a", "c"]) == {"a": b"1", "b": b"2"}


def test_no_more_than_sixteen_mebibytes_are_kept() -> None:
    recent = RecentBlobs()
    recent.keep({"a": bytes(10 * MIB)})
    recent.keep({"b": bytes(6 * MIB)})
    assert list(recent.of(["a", "b"])) == ["a", "b"]
    recent.keep({"c": b"1"})
    assert list(recent.of(["a", "b", "c"])) == ["c"]
    recent.keep({"d": bytes(17 * MIB)})
    assert list(recent.of(["c", "d"])) == []
    recent.keep({"e": b"1"})
    assert list(recent.of(["e"])) == ["e"]
