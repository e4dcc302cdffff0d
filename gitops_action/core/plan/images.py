"""From wanted images to edits: at the place that settles each, or one layer above."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from gitops_action.core.config.applications import by_image_name
from gitops_action.core.discovery import DiscoveredImages, Source, application_of_live
from gitops_action.core.discovery.image import (
    EffectiveImage,
    ImageLocation,
    Role,
    Spelling,
    repository_of,
)
from gitops_action.core.discovery.kinds import markers
from gitops_action.core.discovery.substitution import unresolved
from gitops_action.core.images import ImageChange, ImageReference
from gitops_action.core.plan.model import (
    CannotWriteError,
    DigestMode,
    PlanLine,
    PlanRequest,
    SharedFileError,
    UntracedError,
    Use,
    Uses,
    allowed,
)
from gitops_action.core.plan.writer import Item, Writer, created_line
from gitops_action.errors import GitOpsError, Location

# What is to be written at a place so that it says the wanted version.

_ALGORITHM = "sha256:"
_BARE_KEYS = ("sha", "sha256")


def version_values(
    place: ImageLocation, target: ImageReference, mode: DigestMode
) -> Mapping[Role, str]:
    """New values for the scalars that say tag and digest, by what they say.

    A digest is written where the place can hold it: in a whole reference, in a `digest` key that is
    there, in a kustomize `newTag` (kustomize renders `name:tag@digest`), and in a tag that carries
    one already. No key is created for it.

    Raises:
        CannotWriteError: an old digest would go stale, or the place cannot say the target.
    """
    digest = _digest(place, target, mode)
    if "reference" in place.spots:
        written = Spelling(name=place.spelling.name, tag=target.tag or "", digest=digest)
        return {"reference": f"{place.prefix}{written}"}
    if "tag" in place.spots and "digest" in place.spots:
        return {"tag": target.tag or "", "digest": _as_key(place, digest)}
    if "tag" in place.spots:
        return {"tag": _tag(place, target, digest)}
    if not digest:
        fix = "add a `newTag` or `tag` key beside the digest, or use `digest: pin`"
        raise _cannot(place, "only a digest stands here, and the target has none", fix)
    return {"digest": _as_key(place, digest)}


def name_values(
    place: ImageLocation, target: ImageReference, values: Mapping[Role, str]
) -> Mapping[Role, str]:
    """New values for the scalars that say the name; empty when none of them does.

    Args:
        place: where the name stands.
        target: its name is written.
        values: what is written at the same place already.
    """
    if "reference" in place.spots:
        written = values.get("reference", place.text("reference")).removeprefix(place.prefix)
        version = written[len(place.spelling.name) :]
        # Argo CD: the name that is looked for has to stay, in front of the one it becomes.
        prefix = place.prefix or (f"{place.literal}=" if place.literal else "")
        return {"reference": f"{prefix}{target.name}{version}"}
    if "name" not in place.spots:
        return {}
    if not place.text("registry"):
        return {"name": target.name}
    return {"registry": target.domain, "name": target.path}


def _digest(place: ImageLocation, target: ImageReference, mode: DigestMode) -> str:
    """The digest to write. The old one stays only while its tag does."""
    old = place.spelling
    if target.digest or not old.digest or mode == "drop":
        return target.digest or ""
    if target.tag == old.tag:
        return old.digest
    fix = "use `digest: pin` to write the new one, or `digest: drop` to take it away"
    raise _cannot(place, f"the digest of {old.tag or 'the old version'} would stay", fix)


def _tag(place: ImageLocation, target: ImageReference, digest: str) -> str:
    if target.tag is None:
        fix = "give the image with its tag, or add a `digest` key"
        raise _cannot(place, "only a tag stands here, and the target has none", fix)
    holds = place.literal is not None or "@" in place.text("tag")
    return f"{target.tag}@{digest}" if holds and digest else target.tag


def _as_key(place: ImageLocation, digest: str) -> str:
    """Charts with a `sha` key take the bare hexadecimal digits."""
    key = str(place.spots["digest"].path.steps[-1]).lower()
    bare = key in _BARE_KEYS and not place.text("digest").startswith(_ALGORITHM)
    return digest.removeprefix(_ALGORITHM) if bare else digest


def _cannot(place: ImageLocation, cause: str, fix: str) -> CannotWriteError:
    spot = place.main
    location = Location(file=spot.file, line=spot.line)
    return CannotWriteError(
        f"{spot.at} cannot say the wanted version", cause=cause, fix=fix, location=location
    )


# Which images of an environment are meant, and which others stand on the same places.


@dataclass(frozen=True, kw_only=True)
class RequestedImage:
    """An image that is to become a change's target."""

    live: EffectiveImage
    change: ImageChange
    application: str | None


def changes_by_repository(changes: Iterable[ImageChange]) -> dict[str, ImageChange]:
    """The change of each repository; a rename also brings what has the new name to the target."""
    listed = tuple(changes)
    found = {change.target.repository: change for change in listed if change.rename}
    return found | {change.repository: change for change in listed}


def requested_images(
    request: PlanRequest, discovered: DiscoveredImages
) -> tuple[RequestedImage, ...]:
    """The images that are meant, whatever file they stand in.

    An entry that certainly reaches no image counts only where nothing else has its repository.
    """
    changes = changes_by_repository(request.changes)
    matching = [live for live in discovered.lives if live.repository in changes]
    alive = {live.repository for live in matching if not live.dead}
    found = []
    for live in matching:
        application = application_of_live(live, request.environment, request.config)
        if live.dead and live.repository in alive:
            continue
        if _is_selected(application, live, request):
            change = changes[str(live.repository)]
            found.append(RequestedImage(live=live, change=change, application=application))
    return tuple(found)


def dead_entries(request: PlanRequest, discovered: DiscoveredImages) -> tuple[ImageLocation, ...]:
    """Entries for a wanted repository that reach no image, where other places have it."""
    changes = changes_by_repository(request.changes)
    alive = {live.repository for live in discovered.lives if not live.dead}
    return tuple(
        live.version
        for live in discovered.lives
        if live.dead and live.repository in changes and live.repository in alive
    )


def editable(requested: RequestedImage, request: PlanRequest) -> bool:
    """Whether `paths` lets the file be edited."""
    return not request.paths or allowed(requested.live.version.main.file, request.paths)


def other_uses(discovered: DiscoveredImages, requested: Iterable[RequestedImage]) -> Uses:
    """What else is decided by scalars; tags without a repository are images of their own."""
    chosen = {id(item.live) for item in requested}
    found: dict[tuple[str, str], dict[Use, None]] = {}
    for live in discovered.lives:
        if id(live) not in chosen and live.repository is not None and not live.dead:
            for spot in (*live.version.spots.values(), *live.naming.spots.values()):
                found.setdefault(spot.key, {}).setdefault(Use(spot=spot, live=live))
    for spot in discovered.lone:
        if spot.anchored is None and not spot.has_anchor:
            continue  # what others merge is a template, not an image
        found.setdefault(spot.key, {}).setdefault(Use(spot=spot, live=None))
    return {key: tuple(uses) for key, uses in found.items()}


def _is_selected(application: str | None, live: EffectiveImage, request: PlanRequest) -> bool:
    if request.applications:
        return (application or by_image_name(live.repository or "")) in request.applications
    declared = request.config.application(application) if application else None
    return declared is None or not declared.images or live.repository in declared.images


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
    uses: Uses
    errors: list[GitOpsError] = field(default_factory=list)

    def plan(self, requested: RequestedImage) -> None:
        """Plan one image; what is wrong with it is kept."""
        try:
            self._plan(requested)
        except GitOpsError as error:
            if str(error) not in {str(known) for known in self.errors}:
                self.errors.append(error)

    def _plan(self, requested: RequestedImage) -> None:
        live, target = requested.live, requested.change.target
        renames = requested.change.rename and live.repository != target.repository
        renames = renames or _says_other_name(live, target)
        untraced = live.untraced or unresolved(live)
        if untraced is not None:
            raise UntracedError(str(live.repository), untraced)
        if not self._differs(requested, renames=renames):
            self._put(live.version, self._version(requested), requested)
            return
        sharers = self._sharers(live.version, _VERSION)
        sharers += self._sharers(live.naming, _NAME) if renames else ()
        needs_entry = renames and not _is_marker(live) and _keeps_old_name(live, target)
        if sharers:
            self._create(requested, renames=renames, sharers=sharers)
        elif needs_entry:
            self._create(requested, renames=renames, sharers=())
        else:
            self._edit(requested, renames=renames)

    def _edit(self, requested: RequestedImage, *, renames: bool) -> None:
        live, target = requested.live, requested.change.target
        values = self._version(requested)
        if renames and live.naming.key == live.version.key:
            values = {**values, **name_values(live.version, target, values)}
        elif renames:
            self._put(live.naming, name_values(live.naming, target, {}), requested)
        self._put(live.version, values, requested)

    def _differs(self, requested: RequestedImage, *, renames: bool) -> bool:
        place = requested.live.version
        try:
            values = self._version(requested)
        except CannotWriteError:
            return True
        return renames or any(place.text(role) != value for role, value in values.items())

    def _version(self, requested: RequestedImage) -> Mapping[Role, str]:
        place, target = requested.live.version, requested.change.target
        if not place.settles:
            raise CannotWriteError(
                f"{place.main.at} names {requested.live.repository}, but says no version",
                cause="keys are never created",
                fix="add a tag there",
                location=Location(file=place.main.file, line=place.main.line),
            )
        return version_values(place, target, self.request.digest_mode)

    def _put(
        self, place: ImageLocation, values: Mapping[Role, str], requested: RequestedImage
    ) -> None:
        self.writer.put(
            place,
            values,
            application=requested.application,
            repository=requested.change.target.repository,
        )

    def _sharers(self, place: ImageLocation, roles: tuple[Role, ...]) -> tuple[str, ...]:
        """Who else stands on the scalars that would change: environments, or images not meant."""
        files = {spot.file for role, spot in place.spots.items() if role in roles}
        found = [name for name, closure in self.others.items() if files & closure]
        found += [use.sharer for use in self._uses(place, roles)]
        return tuple(dict.fromkeys(found))

    def _uses(self, place: ImageLocation, roles: tuple[Role, ...]) -> list[Use]:
        """Other images that the scalars of a place decide."""
        spots = [spot for role, spot in place.spots.items() if role in roles]
        return [
            use
            for spot in spots
            for use in self.uses.get(spot.key, ())
            if use.spot.path == spot.path or not markers.is_marked(spot)
        ]

    def _create(
        self, requested: RequestedImage, *, renames: bool, sharers: tuple[str, ...]
    ) -> None:
        """An `images` entry in the lowest kustomization above that nobody else stands on."""
        live, place = requested.live, requested.live.version
        uses = self._uses(place, _VERSION)
        barred = {layer.kustomization for use in uses if use.live for layer in use.live.layers}
        # Below the layer that says it now, an entry would be overruled, or would break its match.
        lowest = max(live.settled, live.named) if renames else live.settled
        for layer in live.layers[lowest:]:
            path = layer.kustomization
            shared = any(path in closure for closure in self.others.values())
            if not shared and path not in barred and self._may_edit(path):
                item = _entry(layer.name, requested, renames=renames)
                self.writer.create(path, item, created_line(self._line(requested), path, item))
                return
        location = Location(file=place.main.file, line=place.main.line)
        if not sharers:
            raise CannotWriteError(
                f"{place.main.at} cannot take the name {requested.change.target.name}",
                cause="no name is written there, and keys are never created",
                fix="add the name there, or rename it by `set`",
                location=location,
            )
        for spot in place.spots.values():
            self.writer.refuse_other_images(spot)
        own = self.request.environment.name
        release = live.release
        values_of = " ".join(("the", release.kind, *release.names[:1])) if release else ""
        raise SharedFileError(str(live.repository), (own, *sharers), location, values_of=values_of)

    def _may_edit(self, path: str) -> bool:
        return not self.request.paths or allowed(path, self.request.paths)

    def _line(self, requested: RequestedImage) -> PlanLine:
        spot = requested.live.version.main
        return PlanLine(
            environment=self.request.environment.name,
            application=requested.application,
            file=spot.file,
            line=spot.line,
            path=spot.at,
            old=spot.value,
            new="",
            rule=requested.live.version.rule,
            reason=requested.live.version.reason,
            repository=requested.change.target.repository,
        )


def _is_marker(live: EffectiveImage) -> bool:
    """Whether markers alone say which image it is."""
    return live.version.rule in markers.RULES


def _says_other_name(live: EffectiveImage, target: ImageReference) -> bool:
    """Whether a marked name is another one than the image's: it moves along with the version."""
    if not _is_marker(live):
        return False
    name = live.version.written_name
    return bool(name) and repository_of(name) != target.repository


def _keeps_old_name(live: EffectiveImage, target: ImageReference) -> bool:
    """Whether the name cannot be changed where it stands: an entry above matches it literally."""
    matched = live.version.literal == live.spelling.name and live.version.key != live.naming.key
    return matched or not name_values(live.naming, target, {})


def _entry(name: str, requested: RequestedImage, *, renames: bool) -> Item:
    target = requested.change.target
    pairs = (
        ("name", name),
        ("newName", target.name if renames else None),
        ("newTag", target.tag),
        ("digest", target.digest),
    )
    return tuple((key, value) for key, value in pairs if value)
