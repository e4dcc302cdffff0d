"""Read the base branch once: its tip, configuration, holds, and the files worth planning on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gitops_action.commands.ports import ContentStore, Tip
from gitops_action.core.config import (
    HOLDS_FOLDER,
    Config,
    Environment,
    Hold,
    load_config,
    load_holds,
)
from gitops_action.core.files import Keep, Snapshot
from gitops_action.core.plan import unread_folders


@dataclass(frozen=True, kw_only=True)
class Base:
    """The base branch at one commit. Everything that is decided names this commit."""

    tip: Tip
    config: Config
    holds: tuple[Hold, ...]
    snapshot: Snapshot


def read_settings(
    store: ContentStore, *, branch: str | None, config: str
) -> tuple[Tip, Config, tuple[Hold, ...]]:
    """Read what steers us from the base branch's tip, never from a pull request's head."""
    tip = store.tip(base=branch, config=config)
    settings = tip.settings
    found = settings.get(config)
    loaded = load_config(config, found.data if found else None)
    holds = load_holds(
        {path: file.data for path, file in settings.items() if path.startswith(HOLDS_FOLDER)}
    )
    return tip, loaded, holds


def read_base(store: ContentStore, *, branch: str | None, config: str, keep: Keep) -> Base:
    """Read settings and content of the base branch's tip."""
    tip, loaded, holds = read_settings(store, branch=branch, config=config)
    snapshot = read_content(store, commit=tip.commit, config=loaded, keep=keep)
    return Base(tip=tip, config=loaded, holds=holds, snapshot=snapshot)


def read_content(store: ContentStore, *, commit: str, config: Config, keep: Keep) -> Snapshot:
    """Read the files of all environments at a commit.

    Declared environments are read folder by folder, with one more read for the bases they point
    to outside; where that is not enough, and without declared folders, the whole tree is read.
    All environments are read, because a file that two of them share must be recognised.
    """
    folders = _folders(config.environments)
    if not folders:
        return store.read(commit=commit, folders=(), keep=keep)
    snapshot = store.read(commit=commit, folders=folders, keep=keep)
    missing = unread_folders(snapshot, config.environments)
    if missing and snapshot.folders:
        snapshot = _merged(snapshot, store.read(commit=commit, folders=missing, keep=keep))
        if snapshot.folders and unread_folders(snapshot, config.environments):
            return store.read(commit=commit, folders=(), keep=keep)
    return snapshot


def _folders(environments: Sequence[Environment]) -> tuple[str, ...]:
    """Their root folders without those inside another one; none when one is the whole tree."""
    roots = sorted({environment.root for environment in environments})
    if "" in roots:
        return ()
    return tuple(r for r in roots if not any(r.startswith(f"{other}/") for other in roots))


def _merged(first: Snapshot, second: Snapshot) -> Snapshot:
    if not second.folders:
        return second
    return replace(
        first,
        files={**first.files, **second.files},
        folders=(*first.folders, *second.folders),
        notes=(*first.notes, *second.notes),
    )
