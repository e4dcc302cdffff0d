"""Events that would start workflow runs, with GitHub's rule for the job's own token."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_JOB = frozenset({"job"})
_ALWAYS = frozenset({"workflow_dispatch", "repository_dispatch"})


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened in a repository.

    Attributes:
        suppressed: made with the job's token, so GitHub starts no run for it (documentation
            "Triggering a workflow from a workflow").
        awaits_approval: GitHub makes a run but holds it (pull requests by the job's token).
    """

    name: str
    repository: str
    actor: str
    token_kind: str
    action: str = ""
    ref: str = ""
    oid: str = ""
    payload: Mapping[str, Any] = field(default_factory=dict)

    @property
    def suppressed(self) -> bool:
        """Return whether no run starts by itself."""
        return self.token_kind in _JOB and self.name not in _ALWAYS

    @property
    def awaits_approval(self) -> bool:
        """Return whether a person has to let the run start."""
        return self.suppressed and self.name == "pull_request"
