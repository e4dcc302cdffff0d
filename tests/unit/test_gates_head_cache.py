"""The change hash in a status' address counts where the gate wrote it, for its time and base."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gitops_action.core.gates.change_hash import HASH_VERSION
from gitops_action.core.gates.head_cache import CachedHash, cached_hash, cached_url, hash_at
from gitops_action.core.gates.open_pull_request import HeadStatus

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
APP = "gitops-gate[bot]"
PAGE = "https://github.com/acme/environment/pull/7"
BASE, OTHER_BASE = "b" * 40, "c" * 40
ENTRY = CachedHash(digest="9b" * 32, base=BASE)
LATER = CachedHash(digest="3f" * 32, base=BASE)


def status(entry: CachedHash = ENTRY, *, minute: int = 0, **more: Any) -> HeadStatus:
    values: dict[str, Any] = {
        "context": "gitops/ready",
        "state": "success",
        "creator": APP,
        "created": NOON + timedelta(minutes=minute),
        "url": cached_url(PAGE, entry, comment=1),
        **more,
    }
    return HeadStatus(**values)


def at(*statuses: HeadStatus, base: str = BASE, minute: int = 5) -> CachedHash | None:
    return hash_at(statuses, viewer=APP, base=base, at=NOON + timedelta(minutes=minute))


def test_an_entry_reads_back_from_its_address() -> None:
    assert cached_hash(cached_url(PAGE, ENTRY, comment=12)) == ENTRY
    assert cached_hash(cached_url(PAGE, ENTRY, comment=0)) == ENTRY


@pytest.mark.parametrize(
    "query",
    [
        "",
        f"?gitops=v{HASH_VERSION + 1}.{ENTRY.digest}.{BASE}",
        f"?gitops=v{HASH_VERSION}.{ENTRY.digest}",
        f"?gitops=v{HASH_VERSION}.{ENTRY.digest}.{BASE}x",
        f"?gitops=v{HASH_VERSION}.{ENTRY.digest}.{BASE}&gitops=v{HASH_VERSION}.{'0' * 64}.{BASE}",
        f"#?gitops=v{HASH_VERSION}.{ENTRY.digest}.{BASE}",
    ],
)
def test_another_address_has_no_entry(query: str) -> None:
    assert cached_hash(f"{PAGE}{query}") is None
    assert cached_hash(f"http://[{query}") is None


def test_the_newest_of_ours_until_the_review_counts() -> None:
    assert at(status(), status(LATER, minute=3)) == LATER
    assert at(status(LATER, minute=3), status()) == LATER
    assert at(status(), status(LATER, minute=6)) == ENTRY
    assert at(status(minute=5)) == ENTRY


def test_what_another_wrote_or_what_has_no_time_does_not_count() -> None:
    assert at() is None
    assert at(status(creator="alice")) is None
    assert at(status(created=None)) is None
    assert at(status(url=PAGE)) is None
    assert at(status(), status(LATER, minute=3, creator="alice")) == ENTRY
    assert at(status(), status(minute=3, url=PAGE)) == ENTRY


def test_an_entry_of_another_base_does_not_count_nor_an_older_one_behind_it() -> None:
    moved = CachedHash(digest=LATER.digest, base=OTHER_BASE)
    assert at(status(moved)) is None
    assert at(status(), status(moved, minute=3)) is None
    assert at(status(moved), base=OTHER_BASE) == moved
