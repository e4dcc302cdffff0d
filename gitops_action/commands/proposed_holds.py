"""Holds that open pull requests propose: they count before they are merged.

A rollback keeps its version out from the moment that its pull request is open, and not only once
people have approved it. What counts is what merging the pull request would add to the base's holds;
its branch's name only saves reading all others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from gitops_action.commands.ports import Files
from gitops_action.core.config import Config, Hold, in_holds_folder, read_holds
from gitops_action.core.gates.open_pull_request import OpenPullRequest, OpenPullRequests
from gitops_action.core.gates.touches import HoldChange
from gitops_action.core.repository import RepositoryFile, Sides
from gitops_action.errors import GitOpsError

_BRANCHES = re.compile(r"gitops/(?:hold/.+|[^/]+/rollback/.+)")
"""Where pull requests for holds and rollbacks are."""

ReadChanges = Callable[[str], Iterable[HoldChange]]
"""The changed files of holds when a head is merged into the base."""


def proposed_holds(
    listing: OpenPullRequests, *, may_write: Callable[[str], bool | None], changes: ReadChanges
) -> Mapping[int, tuple[Hold, ...]]:
    """What open pull requests would put on hold, by their number.

    Args:
        listing: the open pull requests of the base.
        may_write: whether a person has write access; None where that cannot be read.
        changes: reads what a head changes.
    """

    def asked_for(pull: OpenPullRequest) -> bool:
        """Whether a person with the right wants it: our own account, which was asked, or a writer.

        Every workflow of the repository has the account of the job's token. But only one that may
        push opens a pull request from a branch, and a person who lets such a workflow run may open
        a hold as well, which only ever keeps something out.
        """
        if pull.author == listing.viewer.login:
            return True
        return may_write(pull.author) is True if pull.author else False

    return {
        pull.number: _holds_in(pull, changes)
        for pull in listing.pull_requests
        if not pull.fork and _BRANCHES.fullmatch(pull.branch) and asked_for(pull)
    }


def _holds_in(pull: OpenPullRequest, changes: ReadChanges) -> tuple[Hold, ...]:
    try:
        found = tuple(changes(pull.head))
    except GitOpsError:
        return ()
    return tuple(
        replace(one.after, pull_request=pull.number)
        for one in found
        if one.after is not None and one.after != one.before
    )


def hold_changes(trees: Files, sides: Sides, config: Config) -> tuple[HoldChange, ...]:
    """The files of holds that differ between a base and a head that is merged into it.

    Raises:
        GitOpsError: the server cannot be reached.
    """
    paths = [path for path in sides.changed() if in_holds_folder(path)]
    if not paths:
        return ()
    before, after = trees.read(sides.base, paths), trees.read(sides.merged, paths)
    return tuple(_hold_change(path, before.get(path), after.get(path), config) for path in paths)


def _hold_change(
    path: str, before: RepositoryFile | None, after: RepositoryFile | None, config: Config
) -> HoldChange:
    sides = [read_holds({path: file.data} if file else {}, config) for file in (before, after)]
    old, new = (next(iter(side.holds), None) for side in sides)
    unreadable = any(side.unreadable for side in sides)
    return HoldChange(path=path, before=old, after=new, unreadable=unreadable)
