"""From wanted images to edits: at the place that settles each, or one layer above."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gitops_action.core.discovery import Source
from gitops_action.core.discovery.live import Live
from gitops_action.core.discovery.spots import Place, Role
from gitops_action.core.images import ImageReference
from gitops_action.core.plan.compose import name_values, version_values
from gitops_action.core.plan.errors import CannotWriteError, SharedFileError
from gitops_action.core.plan.globs import allowed
from gitops_action.core.plan.request import PlanLine, PlanRequest
from gitops_action.core.plan.targets import Wanted
from gitops_action.core.plan.writer import Item, Writer, created_line
from gitops_action.errors import GitOpsError, Location

_VERSION: tuple[Role, ...] = ("reference", "tag", "digest")
_NAME: tuple[Role, ...] = ("reference", "registry", "name")


@dataclass(kw_only=True)
class ImagePlanner:
    """Plans image after image into one writer.

    Attributes:
        request: what is asked for.
        source: the files.
        writer: takes lines and edits.
        others: closures of the other environments, by name.
        uses: images that must not change, by the place that settles them.
        errors: what cannot be done, all of it.
    """

    request: PlanRequest
    source: Source
    writer: Writer
    others: Mapping[str, frozenset[str]]
    uses: Mapping[tuple[str, str], tuple[Live, ...]]
    errors: list[GitOpsError] = field(default_factory=list)

    def plan(self, wanted: Wanted) -> None:
        """Plan one image; what is wrong with it is kept."""
        try:
            self._plan(wanted)
        except GitOpsError as error:
            if str(error) not in {str(known) for known in self.errors}:
                self.errors.append(error)

    def _plan(self, wanted: Wanted) -> None:
        live, target = wanted.live, wanted.change.target
        renames = wanted.change.rename and live.repository != target.repository
        if not self._differs(wanted, renames=renames):
            self._put(live.version, self._version(wanted), wanted)
            return
        sharers = self._sharers(live.version, _VERSION)
        sharers += self._sharers(live.naming, _NAME) if renames else ()
        needs_entry = renames and _keeps_old_name(live, target)
        if sharers:
            self._create(wanted, renames=renames, sharers=sharers)
        elif needs_entry:
            self._create(wanted, renames=renames, sharers=())
        else:
            self._edit(wanted, renames=renames)

    def _edit(self, wanted: Wanted, *, renames: bool) -> None:
        live, target = wanted.live, wanted.change.target
        values = self._version(wanted)
        if renames and live.naming.key == live.version.key:
            values = {**values, **name_values(live.version, target, values)}
        elif renames:
            self._put(live.naming, name_values(live.naming, target, {}), wanted)
        self._put(live.version, values, wanted)

    def _differs(self, wanted: Wanted, *, renames: bool) -> bool:
        place = wanted.live.version
        try:
            values = self._version(wanted)
        except CannotWriteError:
            return True
        return renames or any(place.text(role) != value for role, value in values.items())

    def _version(self, wanted: Wanted) -> Mapping[Role, str]:
        place, target = wanted.live.version, wanted.change.target
        if not place.settles:
            raise CannotWriteError(
                f"{place.main.at} names {wanted.live.repository}, but says no version",
                cause="keys are never created",
                fix="add a tag there",
                location=Location(file=place.main.file, line=place.main.line),
            )
        return version_values(place, target, self.request.digest_mode)

    def _put(self, place: Place, values: Mapping[Role, str], wanted: Wanted) -> None:
        self.writer.put(
            place,
            values,
            application=wanted.application,
            repository=wanted.change.target.repository,
        )

    def _sharers(self, place: Place, roles: tuple[Role, ...]) -> tuple[str, ...]:
        """Who else stands on the scalars that would change: environments, or images not meant."""
        files = {spot.file for role, spot in place.spots.items() if role in roles}
        found = [name for name, closure in self.others.items() if files & closure]
        found += [f"{live.repository} of {live.root}" for live in self.uses.get(place.key, ())]
        return tuple(dict.fromkeys(found))

    def _create(self, wanted: Wanted, *, renames: bool, sharers: tuple[str, ...]) -> None:
        """An `images` entry in the lowest kustomization above that nobody else stands on."""
        live, place = wanted.live, wanted.live.version
        barred = {
            layer.kustomization for other in self.uses.get(place.key, ()) for layer in other.layers
        }
        # Below the layer that says it now, an entry would be overruled, or would break its match.
        lowest = max(live.settled, live.named) if renames else live.settled
        for layer in live.layers[lowest:]:
            path = layer.kustomization
            shared = any(path in closure for closure in self.others.values())
            if not shared and path not in barred and self._may_edit(path):
                item = _entry(layer.name, wanted, renames=renames)
                self.writer.create(path, item, created_line(self._line(wanted), path, item))
                return
        location = Location(file=place.main.file, line=place.main.line)
        if not sharers:
            raise CannotWriteError(
                f"{place.main.at} cannot take the name {wanted.change.target.name}",
                cause="no name is written there, and keys are never created",
                fix="add the name there, or rename it by `set`",
                location=location,
            )
        own = self.request.environment.name
        raise SharedFileError(str(live.repository), (own, *sharers), location)

    def _may_edit(self, path: str) -> bool:
        return not self.request.paths or allowed(path, self.request.paths)

    def _line(self, wanted: Wanted) -> PlanLine:
        spot = wanted.live.version.main
        return PlanLine(
            environment=self.request.environment.name,
            application=wanted.application,
            file=spot.file,
            line=spot.line,
            path=spot.at,
            old=spot.value,
            new="",
            rule=wanted.live.version.rule,
            reason=wanted.live.version.reason,
            repository=wanted.change.target.repository,
        )


def _keeps_old_name(live: Live, target: ImageReference) -> bool:
    """Whether the name cannot be changed where it stands: an entry above matches it literally."""
    matched = live.version.literal == live.spelling.name and live.version.key != live.naming.key
    return matched or not name_values(live.naming, target, {})


def _entry(name: str, wanted: Wanted, *, renames: bool) -> Item:
    target = wanted.change.target
    pairs = (
        ("name", name),
        ("newName", target.name if renames else None),
        ("newTag", target.tag),
        ("digest", target.digest),
    )
    return tuple((key, value) for key, value in pairs if value)
