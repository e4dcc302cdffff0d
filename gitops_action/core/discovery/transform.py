"""`images` entries applied to images, in the order and by the rules of kustomize's transformer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from gitops_action.core.discovery.kinds.kustomize import Entry
from gitops_action.core.discovery.live import Live
from gitops_action.core.discovery.spelling import Spelling, entry_matches, split_image
from gitops_action.errors import GitOpsError, Location


def apply_entries(
    lives: Iterable[Live], entries: Iterable[Entry], *, whole: bool
) -> tuple[Live, ...]:
    """The images after all entries, each applied to what the one before made.

    An entry that reaches no image seen here is kept as an image of its own (`seen` False): what it
    is for may be rendered from something that was not read. When all was read (`whole`), it is
    `dead`: kustomize matches names literally, and no image has this one.
    """
    current = tuple(lives)
    for entry in entries:
        reached = [_reaches(entry, live) for live in current]
        current = tuple(
            _rewritten(live, entry) if hit else live
            for live, hit in zip(current, reached, strict=True)
        )
        if not any(reached):
            current = (*current, _unseen(entry, dead=whole))
    return current


def _reaches(entry: Entry, live: Live) -> bool:
    if not live.reachable:
        return False
    hit = entry_matches(entry.name, str(live.spelling))
    if hit is None:
        spot = entry.place.main
        raise GitOpsError(
            f"The entry name {entry.name!r} is an expression that is not evaluated here",
            cause="kustomize reads names as regular expressions; this one could take forever",
            fix="name the image itself",
            location=Location(file=spot.file, line=spot.line),
        )
    return hit


def _rewritten(live: Live, entry: Entry) -> Live:
    spelling = split_image(str(entry.rewrite(live.spelling)))
    return replace(
        live,
        spelling=spelling,
        naming=entry.place if entry.new_name else live.naming,
        version=entry.place if entry.settles else live.version,
        named=len(live.layers) if entry.new_name else live.named,
        settled=len(live.layers) if entry.settles else live.settled,
    )


def _unseen(entry: Entry, *, dead: bool) -> Live:
    return Live(
        spelling=split_image(str(entry.rewrite(Spelling(name=entry.name)))),
        naming=entry.place,
        version=entry.place,
        reachable=True,
        seen=False,
        dead=dead,
    )
