"""The plan of one environment: survey, choose, compose, edit, prove."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from gitops_action.core.config import Environment, application_of
from gitops_action.core.config.applications import by_image_name
from gitops_action.core.config.select import nearest
from gitops_action.core.discovery import (
    DiscoveredImages,
    FilesNotReadError,
    FoldersNotReadError,
    ImageDiscovery,
    ImageUse,
    Skipped,
    Source,
    substitution,
    uses_of,
)
from gitops_action.core.discovery.image import EffectiveImage, Spot
from gitops_action.core.discovery.kinds import markers
from gitops_action.core.discovery.prefilter import TEMPLATE_ENDINGS
from gitops_action.core.discovery.relevance import signs_of
from gitops_action.core.images import ImageReference
from gitops_action.core.plan.images import (
    ImagePlanner,
    RequestedImage,
    changes_by_repository,
    dead_entries,
    editable,
    other_uses,
    requested_images,
)
from gitops_action.core.plan.mentions import mentions
from gitops_action.core.plan.model import (
    AmbiguousEnvironmentError,
    CannotWriteError,
    MarkerError,
    NoMatchError,
    Plan,
    PlanLine,
    PlanRequest,
    allowed,
    make_keep,
    repositories_of,
)
from gitops_action.core.plan.sets import SetEdit, locate
from gitops_action.core.plan.streams import different_versions, refuse_streams
from gitops_action.core.plan.unreadable import refuse_unreadable
from gitops_action.core.plan.writer import Writer
from gitops_action.core.repository import SYMLINK, Snapshot
from gitops_action.core.yaml.find import find, resolve
from gitops_action.core.yaml.parse import is_sops, looks_templated, parse
from gitops_action.errors import GitOpsError, GitOpsErrors, Location, UsageError

# Without configuration: whether several overlays could be meant, so that nothing is guessed.

_PARENTS = frozenset({"overlays", "overlay", "environments", "envs", "env", "clusters", "stages"})
_APPLICATION_PARENTS = frozenset({"applications", "apps", "services"})
_STAGES = frozenset(
    {
        *("dev", "develop", "development", "test", "testing", "qa", "uat", "int", "integration"),
        *("stage", "staging", "preview", "preprod", "pre-prod", "pre-production", "sandbox"),
        *("prod", "production", "live", "canary"),
    }
)
_VALUES = re.compile(r"values[-_.](?P<name>[^/]+)\.ya?ml|(?P<other>[^/]+)[-_.]values\.ya?ml")

Sibling = tuple[str, str]
"""What the siblings have in common, and which of them it is."""


def refuse_ambiguity(requested: Iterable[RequestedImage]) -> None:
    """Refuse when sibling overlays settle an image in different places.

    Raises:
        AmbiguousEnvironmentError: with file and line in each overlay.
    """
    groups: dict[tuple[str, str], dict[str, dict[tuple[str, str], Location]]] = {}
    listed = tuple(requested)
    for item in listed:
        spot = item.live.version.main
        for parent, name in siblings(item.live):
            overlays = groups.setdefault((str(item.live.repository), parent), {})
            place = Location(file=spot.file, line=spot.line)
            overlays.setdefault(name, {})[spot.key] = place
    for (repository, parent), overlays in groups.items():
        settled = {frozenset(places) for places in overlays.values()}
        if len(overlays) > 1 and len(settled) > 1:
            named = {
                f"{parent}/{name}".lstrip("/"): tuple(places.values())
                for name, places in sorted(overlays.items())
            }
            raise AmbiguousEnvironmentError(repository, named, _variables(listed, repository))


def _variables(requested: Iterable[RequestedImage], repository: str) -> list[str]:
    """The variables that say the version, where the places named are those of their values."""
    places = (i.live.version for i in requested if i.live.repository == repository)
    return list(dict.fromkeys(p.reason for p in places if p.rule == substitution.RULE))


def siblings(live: EffectiveImage) -> Iterable[Sibling]:
    """The overlays an image is part of: by its root, else by the file that settles it."""
    found = list(_siblings(live, live.root))
    settling = live.version.main.file
    return found if found or settling == live.root else list(_siblings(live, settling))


def _siblings(live: EffectiveImage, path: str) -> Iterable[Sibling]:
    """By folder names, by building on a base, by file names."""
    *folders, file = path.split("/")
    for index, folder in enumerate(folders):
        parent = folders[index - 1] if index else ""
        if parent in _PARENTS or folder.lower() in _STAGES:
            yield "/".join(folders[:index]), folder
            return
    above = folders[-2] if len(folders) > 1 else ""
    if (
        folders
        and path == live.root
        and _builds_on_others(live)
        and above not in _APPLICATION_PARENTS
    ):
        yield "/".join(folders[:-1]), folders[-1]
    values = _VALUES.fullmatch(file)
    if values:
        yield "/".join([*folders, "values"]), values["name"] or values["other"]


def _builds_on_others(live: EffectiveImage) -> bool:
    """Whether its root is a kustomization over something outside its own folder, or not seen."""
    folder = live.root.rpartition("/")[0]
    return (not live.seen and bool(live.layers)) or any(
        not layer.kustomization.startswith(f"{folder}/") for layer in live.layers[:-1]
    )


# Explicit edits as part of a plan.


def plan_sets(
    request: PlanRequest,
    source: Source,
    writer: Writer,
    others: Mapping[str, frozenset[str]],
) -> list[GitOpsError]:
    """Plan every explicit edit; returns what is wrong with them.

    A file that another environment stands on too is edited: the report names it.
    """
    errors: list[GitOpsError] = []
    for edit in request.sets:
        try:
            _plan(edit, request, source, writer)
            path = locate(edit, source, request.environment)
            sharers = [name for name, closure in others.items() if path in closure]
            if sharers:
                source.skip(path, 1, f"edited by `set`; {', '.join(sharers)} stands on it too")
        except GitOpsError as error:
            errors.append(error)
    return errors


def _plan(edit: SetEdit, request: PlanRequest, source: Source, writer: Writer) -> None:
    path = locate(edit, source, request.environment)
    if request.paths and not allowed(path, request.paths):
        raise UsageError(
            f"`set`, line {edit.line}: {path} is left out by `paths`", fix="widen `paths`"
        )
    file = parse(path, source.data(path))
    if is_sops(file):
        raise CannotWriteError(
            f"{path} is encrypted with SOPS",
            cause="an edit would break its checksum",
            fix="edit it with sops",
            location=Location(file=path),
        )
    scalar = find(file, edit.path)
    _, place = resolve(file, edit.path)
    spot = Spot(
        file=path,
        path=place,
        value=scalar.value,
        line=scalar.line,
        kind=scalar.kind,
        comment=scalar.comment,
        anchored=None if scalar.path == place else scalar.path,
        readers=tuple(at for at in (scalar.path, *scalar.aliases) if at != place),
    )
    line = PlanLine(
        environment=request.environment.name,
        application=application_of(path, request.environment, request.config),
        file=path,
        line=scalar.line,
        path=str(edit.path),
        old=scalar.value,
        new=edit.value,
        rule="set",
        reason=f"asked for by `set`, line {edit.line}",
        repository=None,
    )
    if scalar.value == edit.value:
        writer.unchanged.setdefault((path, spot.at), line)
    else:
        writer.write(spot, edit.value, line, as_string=False)


_SHOWN = 5


def make_plan(request: PlanRequest) -> Plan:
    """Plan the edits that bring an environment to the wanted images; nothing is guessed.

    Planning again on the result has no edits. Files, their order and other images do not matter.

    Raises:
        NoMatchError: a wanted image is not used there.
        AmbiguousEnvironmentError: without configuration, sibling overlays set it.
        SharedFileError: an edit would change another environment, or an image not meant.
        FoldersNotReadError: the environment builds on folders that were not read.
        FilesNotReadError: it names files that the prefilter passed over.
        GitOpsErrors: several things are wrong; each file that does not parse is named.
    """
    source = _source(request)
    surveyor = ImageDiscovery(source)
    discovered = surveyor.discovered(request.environment)
    others = _closures(surveyor, request)
    _refuse_unread(request, discovered, source)
    _raise(_misfits(request, discovered))
    requested = _requested(request, discovered, source)
    uses = other_uses(discovered, requested)
    writer = Writer(source=source, environment=request.environment.name, uses=uses)
    planner = ImagePlanner(request=request, source=source, writer=writer, others=others, uses=uses)
    for item in requested:
        planner.plan(item)
    _rename_markers(request, discovered, requested, writer)
    _raise(planner.errors + plan_sets(request, source, writer, others))
    return _finished(request, discovered, source, requested, writer)


def _refuse_unread(request: PlanRequest, discovered: DiscoveredImages, source: Source) -> None:
    if source.unread:
        raise FoldersNotReadError(tuple(source.unread))
    if source.unread_files:
        raise FilesNotReadError(tuple(source.unread_files))
    refuse_unreadable(request, discovered, source)


def _finished(
    request: PlanRequest,
    discovered: DiscoveredImages,
    source: Source,
    requested: Sequence[RequestedImage],
    writer: Writer,
) -> Plan:
    writer.follow_aliases()
    edits, refused = writer.contents()
    _raise(refused)
    _skip_dead_entries(request, discovered, source)
    lines = tuple(sorted(writer.lines.values(), key=_order))
    unchanged = tuple(sorted(writer.unchanged.values(), key=_order))
    named = {line.application for line in (*lines, *unchanged)}
    return Plan(
        environment=request.environment.name,
        applications=tuple(sorted(name for name in named if name)),
        lines=lines,
        unchanged=unchanged,
        edits=edits,
        skipped=_skipped(request, discovered, source, requested),
        notes=different_versions(requested),
        previous=_previous(request, discovered, requested),
    )


def _skip_dead_entries(request: PlanRequest, discovered: DiscoveredImages, source: Source) -> None:
    for place in dead_entries(request, discovered):
        reason = f"the entry {place.literal} reaches no image: kustomize matches names literally"
        source.skip(place.main.file, place.main.line, reason)


def unread_folders(snapshot: Snapshot, environments: Sequence[Environment]) -> tuple[str, ...]:
    """Folders that environments build on and that were not read; empty when the tree was."""
    source = Source(snapshot=snapshot)
    surveyor = ImageDiscovery(source)
    for environment in environments:
        surveyor.closure(environment)
    return tuple(sorted(source.unread))


def _source(request: PlanRequest) -> Source:
    """Only what the prefilter wants, so that every way of reading gives the same plan."""
    keep = make_keep(request.changes, request.sets)
    files = request.snapshot.files
    kept = {
        path: files[path]
        for path in sorted(files)
        if files[path].mode == SYMLINK or keep(path, files[path].data)
    }
    return Source(
        snapshot=replace(request.snapshot, files=kept),
        repository=request.repository,
        branch=request.branch,
        passed_over=files,
        signs=signs_of(repositories_of(request.changes)),
    )


def _closures(surveyor: ImageDiscovery, request: PlanRequest) -> Mapping[str, frozenset[str]]:
    own = request.environment.name
    return {
        environment.name: surveyor.closure(environment)
        for environment in request.config.environments
        if environment.name != own
    }


def _requested(
    request: PlanRequest, discovered: DiscoveredImages, source: Source
) -> tuple[RequestedImage, ...]:
    """The images to edit; those in files that may not be edited are reported as left alone."""
    chosen = requested_images(request, discovered)
    for item in chosen:
        if not editable(item, request):
            spot = item.live.version.main
            source.skip(spot.file, spot.line, f"{item.live.repository} is left out by `paths`")
    within = tuple(item for item in chosen if editable(item, request))
    if not request.config.declared:
        refuse_ambiguity(within)
    refuse_streams(within)
    missing = _missing(request, within)
    if missing:
        raise _no_match(request, missing, discovered, source)
    return within


def _rename_markers(
    request: PlanRequest,
    discovered: DiscoveredImages,
    requested: Sequence[RequestedImage],
    writer: Writer,
) -> None:
    """Renaming an image renames our markers of the places that are edited."""
    places = [place for item in requested for place in (item.live.version, item.live.naming)]
    edited = {spot.key for place in places for spot in place.spots.values()}
    renames = {change.repository: change for change in request.changes if change.rename}
    for mark in discovered.marks:
        change = renames.get(mark.repository or "")
        if change is not None and mark.spot.key in edited:
            writer.rename_marker(mark.spot, change.target.name)


def _misfits(request: PlanRequest, discovered: DiscoveredImages) -> list[GitOpsError]:
    """Markers of the wanted images that do not fit their values."""
    changes = changes_by_repository(request.changes)
    found = (mark for mark in markers.misfits(discovered.marks) if mark.repository in changes)
    return [MarkerError(mark) for mark in found]


def _missing(request: PlanRequest, within: Iterable[RequestedImage]) -> list[str]:
    there = {item.change.repository for item in within}
    return [change.repository for change in request.changes if change.repository not in there]


def _no_match(
    request: PlanRequest, missing: Sequence[str], discovered: DiscoveredImages, source: Source
) -> NoMatchError:
    everything = Source(
        snapshot=request.snapshot, repository=request.repository, branch=request.branch
    )
    full = ImageDiscovery(everything).discovered(request.environment)
    uses = uses_of(full, request.environment, request.config)
    counts = Counter(use.repository for use in uses)
    ordered = sorted(counts, key=lambda name: (-_nearness(name, missing), name))
    images = {name: counts[name] for name in ordered}
    hint = _hint(request, missing, discovered, uses)
    hint = "; ".join(
        part for part in (hint, *_elsewhere(request, missing, discovered, source)) if part
    )
    return NoMatchError(missing, request.environment.name, images, hint)


def _nearness(name: str, missing: Sequence[str]) -> float:
    from difflib import SequenceMatcher  # noqa: PLC0415 - only a mistake needs it

    return max(SequenceMatcher(None, name, requested).ratio() for requested in missing)


def _hint(
    request: PlanRequest,
    missing: Sequence[str],
    discovered: DiscoveredImages,
    uses: Sequence[ImageUse],
) -> str:
    elsewhere = sorted(
        {str(use.application) for use in uses if use.repository in missing and use.application}
    )
    if unknown := _unknown_application(request, uses):
        return unknown
    if templates := _templates(request, missing):
        return (
            f"`paths` names {', '.join(templates)}: a template, not YAML; edit its values instead"
        )
    if elsewhere and request.applications:
        return f"it is used by application {', '.join(elsewhere)}: ask for that one"
    if any(use.repository in missing for use in uses):
        return "it is there, but left out by `paths` or by its application's `images`"
    marks = [*discovered.unresolved, *discovered.lone]
    if marks:
        places = ", ".join(f"{spot.file}:{spot.line}" for spot in marks[:5])
        return f"values without a repository ({places}) need a `# gitops-image:` marker, or `set`"
    return ""


def _unknown_application(request: PlanRequest, uses: Sequence[ImageUse]) -> str:
    """A name that is no application, with the nearest one."""
    declared = {application.name for application in request.config.applications}
    known = sorted(declared | {use.application or by_image_name(use.repository) for use in uses})
    for name in request.applications:
        if name not in known:
            close = nearest(name, known)
            meant = f"; did you mean `{close}`?" if close else f": there are {', '.join(known)}"
            declare = f"; or declare `{name}` in `applications` of {request.config.path}"
            return f"there is no application `{name}`{meant if known else ''}{declare}"
    return ""


def _templates(request: PlanRequest, missing: Sequence[str]) -> tuple[str, ...]:
    """The templates that `paths` names and that may hold the image; nothing is edited in them."""
    if not request.paths:
        return ()
    words = tuple(name.rpartition("/")[2].encode() for name in missing)
    return tuple(
        path
        for path, file in sorted(request.snapshot.files.items())
        if allowed(path, request.paths)
        and (path in request.paths or any(word in file.data for word in words))
        and (path.endswith(TEMPLATE_ENDINGS) or looks_templated(file.data))
    )[:_SHOWN]


def _elsewhere(
    request: PlanRequest, missing: Sequence[str], discovered: DiscoveredImages, source: Source
) -> Iterator[str]:
    """Where the missing images may be: in text that no rule recognises, in remote bases."""
    named = mentions(missing, request.environment, discovered, source)
    yield from (f"{item.file}:{item.line}: {item.reason}" for item in named[:_SHOWN])
    remote = [item for item in source.remote if item.file in discovered.files]
    if remote and not named:
        yield "not read, because remote: " + ", ".join(
            f"{item.file}:{item.line}" for item in remote[:_SHOWN]
        )


def _order(line: PlanLine) -> tuple[str, int, str]:
    return line.file, line.line, line.path


def _previous(
    request: PlanRequest, discovered: DiscoveredImages, requested: Sequence[RequestedImage]
) -> tuple[ImageReference, ...]:
    chosen = {item.live.repository for item in requested}
    uses = uses_of(discovered, request.environment, request.config)
    found = (use.reference for use in uses if use.repository in chosen)
    return tuple(dict.fromkeys(reference for reference in found if reference))


def _skipped(
    request: PlanRequest,
    discovered: DiscoveredImages,
    source: Source,
    requested: Sequence[RequestedImage],
) -> tuple[Skipped, ...]:
    """What was left alone in this environment and has to do with a wanted image."""
    told = [item for item in source.skipped if item.file in discovered.files]
    if request.changes:
        names = changes_by_repository(request.changes)
        told += mentions(names, request.environment, discovered, source)
    # An entry that reaches nothing that was read can only be for what stands elsewhere.
    unseen = {item.live.version.main.file for item in requested if not item.live.seen}
    told += [item for item in source.remote if item.file in unseen]
    doubts = dict.fromkeys(doubt for item in requested for doubt in item.live.doubts)
    told += [Skipped(file=doubt.file, line=doubt.line, reason=doubt.what) for doubt in doubts]
    return tuple(sorted(set(told), key=lambda item: (item.file, item.line, item.reason)))


def _raise(errors: Iterable[GitOpsError]) -> None:
    listed = tuple(errors)
    if len(listed) == 1:
        raise listed[0]
    if listed:
        raise GitOpsErrors("The plan cannot be made", listed)
