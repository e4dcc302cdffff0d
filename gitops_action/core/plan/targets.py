"""Which images of an environment are meant, and which others stand on the same places."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gitops_action.core.discovery import Survey, application_of_live
from gitops_action.core.discovery.live import Live
from gitops_action.core.discovery.spots import Place
from gitops_action.core.images import ImageChange
from gitops_action.core.plan.globs import allowed
from gitops_action.core.plan.request import PlanRequest


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """An image that is to become a change's target."""

    live: Live
    change: ImageChange
    application: str | None


def changes_by_repository(changes: Iterable[ImageChange]) -> dict[str, ImageChange]:
    """The change of each repository; a rename also brings what has the new name to the target."""
    listed = tuple(changes)
    found = {change.target.repository: change for change in listed if change.rename}
    return found | {change.repository: change for change in listed}


def wanted_images(request: PlanRequest, survey: Survey) -> tuple[Wanted, ...]:
    """The images that are meant, whatever file they stand in.

    An entry that certainly reaches no image counts only where nothing else has its repository.
    """
    changes = changes_by_repository(request.changes)
    matching = [live for live in survey.lives if live.repository in changes]
    alive = {live.repository for live in matching if not live.dead}
    found = []
    for live in matching:
        application = application_of_live(live, request.environment, request.config)
        if live.dead and live.repository in alive:
            continue
        if _is_selected(application, live, request):
            change = changes[str(live.repository)]
            found.append(Wanted(live=live, change=change, application=application))
    return tuple(found)


def dead_entries(request: PlanRequest, survey: Survey) -> tuple[Place, ...]:
    """Entries for a wanted repository that reach no image, where other places have it."""
    changes = changes_by_repository(request.changes)
    alive = {live.repository for live in survey.lives if not live.dead}
    return tuple(
        live.version
        for live in survey.lives
        if live.dead and live.repository in changes and live.repository in alive
    )


def editable(wanted: Wanted, request: PlanRequest) -> bool:
    """Whether `paths` lets the file be edited."""
    return not request.paths or allowed(wanted.live.version.main.file, request.paths)


def other_uses(
    survey: Survey, wanted: Iterable[Wanted]
) -> Mapping[tuple[str, str], tuple[Live, ...]]:
    """Images that must not change, by the place that settles them or their name."""
    chosen = {id(item.live) for item in wanted}
    found: dict[tuple[str, str], tuple[Live, ...]] = {}
    for live in survey.lives:
        if id(live) not in chosen and live.repository is not None and not live.dead:
            for key in {live.version.key, live.naming.key}:
                found[key] = (*found.get(key, ()), live)
    return found


def _is_selected(application: str | None, live: Live, request: PlanRequest) -> bool:
    if request.applications:
        return application in request.applications
    declared = request.config.application(application) if application else None
    return declared is None or not declared.images or live.repository in declared.images
