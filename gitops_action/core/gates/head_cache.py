"""The change hash that a commit status carries: the gate App's own cache.

`?gitops=v1.<hash>.<base>` in the address that the status leads to says what the change of its
commit was on that base. It counts only where the gate itself wrote the status, and only for the
version of the hash that is computed today.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

from gitops_action.core.dataclass import dataclass
from gitops_action.core.gates.change_hash import HASH_VERSION
from gitops_action.core.gates.open_pull_request import HeadStatus
from gitops_action.core.pattern import pattern

_QUERY = "gitops"
_ENTRY = pattern(r"v([0-9]{1,4})\.([0-9a-f]{64})\.([0-9a-f]{40}|[0-9a-f]{64})")


@dataclass(frozen=True, kw_only=True)
class CachedHash:
    """What the change of a commit was on a base."""

    digest: str
    base: str


def cached_url(page: str, entry: CachedHash, *, comment: int) -> str:
    """The address of a status: the gate's comment, with the entry in its query."""
    anchor = f"#issuecomment-{comment}" if comment else ""
    return f"{page}?{_QUERY}=v{HASH_VERSION}.{entry.digest}.{entry.base}{anchor}"


def cached_hash(url: str) -> CachedHash | None:
    """The entry in the address of a status; None where there is none of this version."""
    try:
        values = parse_qs(urlsplit(url).query).get(_QUERY, [])
    except ValueError:
        return None
    found = _ENTRY.fullmatch(values[0]) if len(values) == 1 else None
    if found is None or int(found[1]) != HASH_VERSION:
        return None
    return CachedHash(digest=found[2], base=found[3])


def hash_at(
    statuses: Iterable[HeadStatus], *, viewer: str, base: str, at: datetime
) -> CachedHash | None:
    """The entry that held when a review was submitted: our newest status not later than that.

    None where it is of another base, or where we had not yet said anything.
    """
    ours = [
        (one.created, found)
        for one in statuses
        if one.creator == viewer and one.created and one.created <= at
        for found in (cached_hash(one.url),)
        if found
    ]
    if not ours:
        return None
    _, newest = max(ours, key=lambda pair: pair[0])
    return newest if newest.base == base else None
