"""The base branch at one moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from datetime import datetime

from gitops_action.commands.gate.ports import GatePorts
from gitops_action.core.config import Config, Hold
from gitops_action.core.dataclass import dataclass
from gitops_action.core.gates.base_history import NoActivityError, pushes_of_merges
from gitops_action.core.gates.holds import UnreadableHold
from gitops_action.core.gates.open_pull_request import Push


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


@dataclass(frozen=True, kw_only=True)
class BasePushes:
    """Changes of the base, newest first; `by_merges` where merges are all that is known of them."""

    pushes: tuple[Push, ...]
    by_merges: bool = False


def read_base_pushes(
    ports: GatePorts, base: BaseState, *, enough: Callable[[Push], bool]
) -> BasePushes:
    """The base's changes up to the first that is `enough`, by activity, or else by merges.

    Merges prove less: what they do not prove is left out, and counts for nothing.

    Raises:
        GitOpsError: they cannot be read.
    """
    try:
        return BasePushes(
            pushes=ports.activity.pushes(ports.repository, base.branch, enough=enough)
        )
    except NoActivityError:
        merges = ports.merges.into(base.branch)
        return BasePushes(pushes=pushes_of_merges(base.commit, merges), by_merges=True)
