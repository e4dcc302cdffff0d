"""What happens while a target is deployed, for whoever watches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gitops_action.core.manifests.model import ObjectId

ProgressTone = Literal["plain", "good", "bad", "quiet"]


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Something that happened, for whoever watches.

    Attributes:
        text: what, a few words; with an object they read on after its name: `configured`.
        object_id: the object it is about; None for the whole target.
        tone: whether it is good news, bad news, or of little interest.
    """

    text: str
    object_id: ObjectId | None = None
    tone: ProgressTone = "plain"
