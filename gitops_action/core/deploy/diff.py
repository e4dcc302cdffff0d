"""How two renders differ, object by object, for people to read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Literal

from gitops_action.core.dataclass import dataclass
from gitops_action.core.manifests import Body, Manifest, ObjectId
from gitops_action.core.manifests.canonical import canonical, dump
from gitops_action.core.redaction.objects import redacted_pair
from gitops_action.errors import Location

# Unified diffs of lines, in bounded time.

_CONTEXT = 3
_COMPARED = 4_000_000
"""Pairs of lines that are compared at most; beyond, the differing middle is replaced whole."""

_Span = tuple[int, int, int, int]
"""Lines `a:b` of the old text, which lines `c:d` of the new one take the place of."""


def unified(before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    """The difference in the unified format of diff(1), three lines of context, no file headers.

    A text that is added or removed as a whole (the other one is empty) has no hunk header.
    """
    if not before or not after:
        yield from (f"-{line}" for line in before)
        yield from (f"+{line}" for line in after)
        return
    for hunk in _hunks(_spans(before, after)):
        yield from _hunk(hunk, before, after)


def _spans(before: Sequence[str], after: Sequence[str]) -> list[_Span]:
    """What differs. What both texts begin and end with is never compared."""
    head = _shared(before, after)
    tail = _shared(before[head:][::-1], after[head:][::-1])
    left, right = before[head : len(before) - tail], after[head : len(after) - tail]
    if not left and not right:
        return []
    if len(left) * len(right) > _COMPARED:
        return [(head, head + len(left), head, head + len(right))]
    codes = SequenceMatcher(None, left, right, autojunk=False).get_opcodes()
    return [(head + a, head + b, head + c, head + d) for tag, a, b, c, d in codes if tag != "equal"]


def _shared(before: Sequence[str], after: Sequence[str]) -> int:
    """How many lines both begin with."""
    pairs = enumerate(zip(before, after, strict=False))
    return next((i for i, (old, new) in pairs if old != new), min(len(before), len(after)))


def _hunks(spans: list[_Span]) -> list[list[_Span]]:
    """Differences that stand so near each other that their contexts meet belong together."""
    hunks: list[list[_Span]] = []
    for span in spans:
        if hunks and span[0] - hunks[-1][-1][1] <= 2 * _CONTEXT:
            hunks[-1].append(span)
        else:
            hunks.append([span])
    return hunks


def _hunk(spans: list[_Span], before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    lead = min(_CONTEXT, spans[0][0])
    trail = min(_CONTEXT, len(before) - spans[-1][1])
    here, new = spans[0][0] - lead, spans[0][2] - lead
    end, new_end = spans[-1][1] + trail, spans[-1][3] + trail
    yield f"@@ -{_range(here, end)} +{_range(new, new_end)} @@"
    for start, stop, new_start, new_stop in spans:
        yield from (f" {line}" for line in before[here:start])
        yield from (f"-{line}" for line in before[start:stop])
        yield from (f"+{line}" for line in after[new_start:new_stop])
        here = stop
    yield from (f" {line}" for line in before[here:end])


def _range(start: int, end: int) -> str:
    """A range as diff(1) writes it: counted from 1, with the length unless that is one."""
    length = end - start
    if length == 1:
        return str(start + 1)
    return f"{start + 1 if length else start},{length}"


Change = Literal["added", "changed", "removed"]


@dataclass(frozen=True, kw_only=True)
class ObjectDiff:
    """One object that differs.

    Attributes:
        id: which object.
        change: what became of it.
        text: unified diff of its canonical YAML with three lines of context and without file
            headers; of an object that is added or removed, every line. Secrets are taken out.
        origin: the file it comes from; of a removed one, came from.
        lines_added: lines that begin with a plus.
        lines_removed: lines that begin with a minus.
    """

    id: ObjectId
    change: Change
    text: str
    origin: Location | None = None
    lines_added: int = 0
    lines_removed: int = 0


def diff_objects(before: Sequence[Manifest], after: Sequence[Manifest]) -> tuple[ObjectDiff, ...]:
    """Every object that is added, changed or removed, sorted by its identity.

    Objects are the same when group, kind, namespace and name are; a new version of the kind is a
    change. Where one side holds an object several times, they are compared in their order.
    """
    old, new = _numbered(before), _numbered(after)
    return tuple(
        diff
        for key in sorted(old.keys() | new.keys())
        if (diff := _diff(old.get(key), new.get(key))) is not None
    )


def _numbered(manifests: Sequence[Manifest]) -> dict[tuple[ObjectId, int], Manifest]:
    found: dict[tuple[ObjectId, int], Manifest] = {}
    for manifest in manifests:
        number = 0
        while (manifest.id, number) in found:
            number += 1
        found[manifest.id, number] = manifest
    return found


def _diff(before: Manifest | None, after: Manifest | None) -> ObjectDiff | None:
    here = after or before
    if here is None or (before and after and _same(before.body, after.body)):
        return None
    left, right = redacted_pair(
        canonical(before.body) if before else None, canonical(after.body) if after else None
    )
    lines = tuple(unified(_text(left, before), _text(right, after)))
    return ObjectDiff(
        id=here.id,
        change="changed" if before and after else "added" if after else "removed",
        text="\n".join(lines),
        origin=here.origin,
        lines_added=sum(line.startswith("+") for line in lines),
        lines_removed=sum(line.startswith("-") for line in lines),
    )


def _same(before: Body, after: Body) -> bool:
    """Whether both are written alike. Python takes `true` and `1` for equal, an API does not."""
    return _exact(before) == _exact(after) or _exact(canonical(before)) == _exact(canonical(after))


def _exact(body: Body) -> str:
    return json.dumps(body, sort_keys=True, default=str)


def _text(body: Body, manifest: Manifest | None) -> list[str]:
    return dump(body).removesuffix("\n").split("\n") if manifest else []
