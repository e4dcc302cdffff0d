"""How two renders differ, object by object, for people to read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from gitops_action.core.manifests import Body, Manifest, ObjectId
from gitops_action.core.manifests.canonical import canonical, dump
from gitops_action.core.validation.redaction import redacted_pair
from gitops_action.core.validation.unified import unified
from gitops_action.errors import Location

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
