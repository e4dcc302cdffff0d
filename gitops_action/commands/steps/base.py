"""Read the base branch once: its tip, configuration, holds, and the files worth planning on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gitops_action.commands.ports import ContentStore
from gitops_action.core.config import APPLICATIONS_FOLDER, Config, Hold, load_config, load_holds
from gitops_action.core.files import Keep, Snapshot, Tip


@dataclass(frozen=True, kw_only=True)
class Base:
    """The base branch at one commit. Everything that is decided names this commit."""

    tip: Tip
    config: Config
    holds: tuple[Hold, ...]


def read_base(store: ContentStore, *, branch: str | None, config: str) -> Base:
    """Read what steers us from the base branch's tip, never from a pull request's head."""
    tip = store.tip(base=branch, config=config)
    found = tip.settings.get(config)
    loaded = load_config(config, found.data if found else None)
    holds = load_holds({path: file.data for path, file in tip.settings.items()})
    return Base(tip=tip, config=loaded, holds=holds)


def read_content(
    store: ContentStore, *, commit: str, config: Config, applications: Sequence[str], keep: Keep
) -> Snapshot:
    """Read the files of all environments at a commit.

    The folders that configuration and application names tell are read alone; where they tell
    none, the whole tree is. All environments are read, because a file that two of them share
    must be recognised.
    """
    return store.read(commit=commit, folders=_folders(config, applications), keep=keep)


def widen(
    store: ContentStore, snapshot: Snapshot, *, folders: tuple[str, ...], keep: Keep
) -> Snapshot:
    """Read the folders that were found to be missing as well; the whole tree when none is named."""
    more = store.read(commit=snapshot.commit, folders=folders, keep=keep)
    if not more.folders:
        return more
    return replace(
        snapshot,
        files={**snapshot.files, **more.files},
        folders=(*snapshot.folders, *more.folders),
        notes=(*snapshot.notes, *more.notes),
    )


def _folders(config: Config, applications: Sequence[str]) -> tuple[str, ...]:
    """Folders without those inside another one; none when one of them is the whole tree."""
    if not config.declared:
        return tuple(f"{APPLICATIONS_FOLDER}/{name}" for name in applications)
    folders = {
        folder
        for environment in config.environments
        for folder in environment.folders(applications)
    }
    if "" in folders:
        return ()
    ordered = sorted(folders)
    return tuple(f for f in ordered if not any(f.startswith(f"{other}/") for other in ordered))
