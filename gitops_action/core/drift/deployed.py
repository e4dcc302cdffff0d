"""What a cluster is compared with: the newest successful deployment, unless one runs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from gitops_action.core.dataclass import dataclass
from gitops_action.core.deployments.records import (
    DeploymentFacts,
    content_of,
    last_verified,
    was_verified,
)

SETTLES = timedelta(minutes=2)
"""After a deployment, controllers may still be writing."""
_LONGEST_RUN = timedelta(hours=1)
"""A record without an end is one of a run that was killed (deploy.yml, `timeout-minutes`)."""
_RUNS = frozenset({"queued", "pending", "in_progress"})


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """What an environment is compared with.

    Attributes:
        commit: of the newest success; empty where there was none.
        failed: of a newer deployment that did not succeed; empty where there is none.
        busy: why nothing is compared now; empty where nothing runs.
        destroyed: the environment was taken down, and nothing was deployed since.
    """

    commit: str = ""
    failed: str = ""
    busy: str = ""
    destroyed: bool = False


def baseline(history: Sequence[DeploymentFacts], now: datetime) -> Baseline | None:
    """What to compare with, by GitHub's Deployments; None where none is ours.

    Args:
        history: newest first, with statuses, as far back as the newest success.
        now: the time.
    """
    ours = [one for one in history if content_of(one) is not None]
    if not ours:
        return None
    newest, success = ours[0], last_verified(ours)
    content = content_of(newest)
    good = content_of(success) if success is not None else None
    return Baseline(
        commit=good.commit if good is not None else "",
        failed="" if content is None or was_verified(newest) else content.commit,
        busy=_busy(newest, now),
        destroyed=content is not None and content.destroyed,
    )


def _busy(newest: DeploymentFacts, now: datetime) -> str:
    since = newest.statuses[0].at if newest.statuses else newest.created
    if since is None:
        return ""
    running = not newest.statuses or newest.statuses[0].state in _RUNS
    if running and now - since < _LONGEST_RUN:
        return f"a deployment of {newest.commit[:12]} runs"
    if not running and now - since < SETTLES:
        return f"a deployment of {newest.commit[:12]} has only just ended"
    return ""
