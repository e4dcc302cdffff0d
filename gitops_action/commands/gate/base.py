"""The base branch at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime

from gitops_action.commands.gate.change import read_hold
from gitops_action.commands.gate.ports import GatePorts
from gitops_action.core.config import HOLDS_FOLDER, Config, Hold
from gitops_action.core.dataclass import dataclass
from gitops_action.core.gates.holds import UnreadableHold
from gitops_action.errors import GitOpsError


@dataclass(frozen=True, kw_only=True)
class BaseState:
    """The base branch at one moment: everything that is decided names this commit.

    Attributes:
        branch: its name.
        commit: its tip.
        config: the configuration on it.
        holds: those that can be read.
        unreadable: those that cannot, by path.
        now: when it was read.
    """

    branch: str
    commit: str
    config: Config
    holds: tuple[Hold, ...] = ()
    unreadable: Mapping[str, UnreadableHold] = field(default_factory=dict)
    now: datetime


def read_holds(
    ports: GatePorts, commit: str, config: Config
) -> tuple[tuple[Hold, ...], dict[str, UnreadableHold]]:
    """Every hold of a commit; those that cannot be read by path.

    Raises:
        GitOpsError: the commit cannot be fetched.
    """
    tree = ports.trees.at(commit)
    paths = [path for path in tree.files if path.startswith(HOLDS_FOLDER)]
    files = ports.trees.read(tree, paths) if paths else {}
    holds: list[Hold] = []
    unreadable: dict[str, UnreadableHold] = {}
    for path, file in sorted(files.items()):
        try:
            found = read_hold(file, config)
        except GitOpsError as error:
            line = error.location.line if error.location else None
            unreadable[path] = UnreadableHold(file=path, line=line, problem=error.title)
            continue
        holds += [found] if found else []
    return tuple(holds), unreadable
