"""Deployment records that count, and those that prove nothing.

Anyone with push access can create a GitHub Deployment. A record is proved by the run and the job
that its `log_url` names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime

from gitops_action.core.dataclass import dataclass
from gitops_action.core.deploy.result import Result


@dataclass(frozen=True, kw_only=True)
class EvaluatedRecord:
    """One deployment of an environment, with whether its record is proved.

    Attributes:
        number: of the GitHub Deployment.
        environment: its name as it is configured today.
        commit: of the environment repository.
        applications: each application's images, digests included, as they were rendered.
        targets: each target's own result; one entry `default` where there is only one.
        result: how it ended; `UNKNOWN` while it runs.
        started: when the record was made.
        ended: when its last status was written; None while it runs.
        url: the page of the job that deployed.
        unproved: why the record proves nothing to gates, promotion and rollback; empty for a
            proved one.
    """

    number: int
    environment: str
    commit: str
    applications: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    targets: Mapping[str, Result] = field(default_factory=dict)
    result: Result = Result.UNKNOWN
    started: datetime
    ended: datetime | None = None
    url: str = ""
    unproved: str = ""

    @property
    def proved(self) -> bool:
        """Whether gates, promotion and rollback may rely on it."""
        return not self.unproved
