"""Open promotions: which of them still propose something."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gitops_action.core import trailers
from gitops_action.core.config import Config
from gitops_action.core.dataclass import dataclass
from gitops_action.core.gates.versions import ImageMove
from gitops_action.core.history.rows import version_key
from gitops_action.core.promotion.select import Choice

_MOOT = frozenset(
    {
        "promotion-stands",
        "promotion-held",
        "promotion-failed",
        "promotion-proposed-before",
        "after-failed",
        "after-held",
        "after-undone",
    }
)
"""Reason codes by which nothing is to be proposed, and time does not help."""


@dataclass(frozen=True, kw_only=True)
class OpenPromotion:
    """A pull request of ours that says it promotes; what it says is a hint."""

    number: int
    environment: str
    application: str
    images: tuple[str, ...] = ()
    approved: bool = False

    def proposes(self, moves: Iterable[ImageMove]) -> bool:
        """Whether these are the versions that it proposes."""
        own = {version_key(image) for image in self.images}
        return {version_key(str(move.after)) for move in moves} <= own


def read_promotion(number: int, body: str, *, approved: bool) -> OpenPromotion | None:
    """What a pull request's trailers say; None for one that does not promote."""
    if not trailers.is_promotion(body):
        return None
    found = trailers.parse_trailers(body)
    environments, names = found.get(trailers.ENVIRONMENT, ()), found.get(trailers.APPLICATION, ())
    if len(environments) != 1 or len(names) != 1:
        return None
    return OpenPromotion(
        number=number,
        environment=environments[0],
        application=names[0],
        images=found.get(trailers.IMAGE, ()),
        approved=approved,
    )


def moot(one: OpenPromotion, config: Config, choices: Sequence[Choice]) -> str:
    """Why an open promotion proposes nothing any more; empty while it does."""
    target = config.environment(one.environment)
    if target is None:
        return f"the environment {one.environment} is not configured any more"
    if not target.after:
        return f"{one.environment} does not come after another environment any more"
    found = next(
        (
            each
            for each in choices
            if (each.environment, each.application) == (one.environment, one.application)
        ),
        None,
    )
    if found is None:
        manual = target.promotion.mode == "manual"
        return "" if manual else f"nothing before {one.environment} contains {one.application}"
    return found.reason if not found.moves and found.code in _MOOT else ""
