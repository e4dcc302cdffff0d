"""The ports of a bump, gathered."""

from __future__ import annotations

from gitops_action.commands.ports import Clock, ContentStore, Forge, Registry, SourceHistory, Texts
from gitops_action.core.dataclass import dataclass
from gitops_action.core.outcome import Job
from gitops_action.core.report.bump import PromotionView


@dataclass(frozen=True, kw_only=True)
class BumpPorts:
    """What a bump talks to. In `mode: local` there is no forge, registry or history.

    `promotion` says where the version ran before, for the words of a promotion.
    """

    store: ContentStore
    texts: Texts
    clock: Clock
    job: Job
    forge: Forge | None = None
    registry: Registry | None = None
    history: SourceHistory | None = None
    promotion: PromotionView | None = None
