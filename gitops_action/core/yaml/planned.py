"""An edit worked out: the bytes it changes and the meaning it gives them."""

from __future__ import annotations

from dataclasses import dataclass

from gitops_action.core.yaml.proof import Change
from gitops_action.core.yaml.splice import Span


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A span to replace, and the change of facts at `event` that has to come of it."""

    span: Span
    event: int
    change: Change
