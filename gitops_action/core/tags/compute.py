"""From rules and an event to tags, labels and annotations."""

from __future__ import annotations

from collections.abc import Iterable

from gitops_action.core.dataclass import dataclass
from gitops_action.core.pattern import pattern
from gitops_action.core.tags.context import TagContext
from gitops_action.core.tags.emit import Emission, Emitter
from gitops_action.core.tags.labels import annotation_entries, label_entries
from gitops_action.core.tags.rules import parse_flavor, parse_image_names, parse_rules

_TAG = pattern(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
"""What a tag may be (OCI distribution specification, "Pulling manifests")."""


@dataclass(frozen=True, kw_only=True)
class Metadata:
    """The result.

    Attributes:
        version: the tag of the first rule that gave one; empty when none did.
        tag_names: tags without image names.
        tags: full references; equal to `tag_names` where no image is named.
        labels: `key=value`, sorted by key.
        annotations: `level:key=value`, sorted by key within each level.
        warnings: what could not be applied, and why.
    """

    version: str = ""
    tag_names: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    annotations: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class MetadataInputs:
    """The line-based inputs as text, and the levels that annotations are meant for."""

    images: str = ""
    tags: str = ""
    flavor: str = ""
    labels: str = ""
    annotations: str = ""
    levels: tuple[str, ...] = ("manifest",)


def compute(inputs: MetadataInputs, context: TagContext) -> Metadata:
    """Apply the rules to the event.

    Raises:
        UsageError: a line of an input is wrong; names it.
    """
    emitter = Emitter(context=context, flavor=parse_flavor(inputs.flavor))
    rules = parse_rules(inputs.tags)
    emissions = [emitter.emit(rule) for rule in rules]
    names = _names(emissions, emitter)
    images = parse_image_names(inputs.images)
    version = names[0] if names else ""
    labelled = label_entries(inputs.labels, context, version)
    annotated = annotation_entries(inputs.annotations, inputs.levels, context, version)
    return Metadata(
        version=version,
        tag_names=names,
        tags=tuple(f"{image}:{name}" for image in images for name in names) if images else names,
        labels=labelled.entries,
        annotations=annotated.entries,
        warnings=(
            *(note for rule in rules for note in rule.notes),
            *(emission.warning for emission in emissions if emission.warning),
            *_malformed(names),
            *labelled.warnings,
            *annotated.warnings,
        ),
    )


def _names(emissions: Iterable[Emission], emitter: Emitter) -> tuple[str, ...]:
    """The tags in order, each once, `latest` at the end when the first one decides so."""
    emitted = [emission for emission in emissions if emission.tag]
    if not emitted:
        return ()
    requested = emitter.flavor.latest
    latest = emitted[0].latest if requested == "auto" else requested == "true"
    last = [emitter.latest()] if latest else []
    return tuple(dict.fromkeys([*(emission.tag for emission in emitted), *last]))


def _malformed(names: Iterable[str]) -> list[str]:
    """A registry would refuse these; which rule to fix is for their author to decide."""
    return [
        f"{name!r} cannot be pushed: a tag begins with a letter, digit or underscore and has at"
        " most 128 characters"
        for name in names
        if not _TAG.fullmatch(name)
    ]
