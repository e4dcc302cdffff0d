"""From rules and an event to tags, labels and annotations."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC

from gitops_action.core.tags.context import TagContext
from gitops_action.core.tags.emit import Emission, Emitter, clean_tag
from gitops_action.core.tags.expressions import expand, global_names
from gitops_action.core.tags.rules import Flavor, parse_flavor, parse_image_names, parse_rules
from gitops_action.errors import UsageError

LEVELS = ("manifest", "index", "manifest-descriptor", "index-descriptor")
"""Where annotations can be put (Docker's documentation of build annotations)."""


@dataclass(frozen=True, kw_only=True)
class Metadata:
    """The result.

    Attributes:
        version: the tag of the first rule that gave one; empty when none did.
        tag_names: tags without image names.
        tags: full references; equal to `tag_names` where no image is named.
        labels: `key=value`, sorted by key.
        annotations: `level:key=value`, sorted by key within each level.
        warnings: rules that could not be applied, and why.
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
    flavor = parse_flavor(inputs.flavor)
    emitter = Emitter(context=context, flavor=flavor)
    emissions = [emitter.emit(rule) for rule in parse_rules(inputs.tags)]
    names = _names(emissions, flavor)
    images = parse_image_names(inputs.images)
    version = names[0] if names else ""
    return Metadata(
        version=version,
        tag_names=names,
        tags=tuple(f"{image}:{name}" for image in images for name in names) if images else names,
        labels=_described(inputs.labels, context, version),
        annotations=_annotations(inputs, context, version),
        warnings=tuple(emission.warning for emission in emissions if emission.warning),
    )


def _names(emissions: Iterable[Emission], flavor: Flavor) -> tuple[str, ...]:
    """The tags in order, each once, `latest` at the end when the first one decides so."""
    emitted = [emission for emission in emissions if emission.tag]
    if not emitted:
        return ()
    names = list(dict.fromkeys(emission.tag for emission in emitted))
    latest = emitted[0].latest if flavor.latest == "auto" else flavor.latest == "true"
    if latest:
        prefix = flavor.prefix if flavor.prefix_latest else ""
        suffix = flavor.suffix if flavor.suffix_latest else ""
        names.append(clean_tag(f"{prefix}latest{suffix}"))
    return tuple(dict.fromkeys(names))


def _described(extra: str, context: TagContext, version: str) -> tuple[str, ...]:
    """The keys of the OCI image specification, then those given, which win; sorted by key."""
    repository = context.repository
    created = context.now.astimezone(UTC).isoformat(timespec="milliseconds")
    pairs = {
        "org.opencontainers.image.title": repository.name,
        "org.opencontainers.image.description": repository.description,
        "org.opencontainers.image.url": repository.html_url,
        "org.opencontainers.image.source": repository.html_url,
        "org.opencontainers.image.version": version,
        "org.opencontainers.image.created": created.replace("+00:00", "Z"),
        "org.opencontainers.image.revision": context.sha,
        "org.opencontainers.image.licenses": repository.license,
    }
    for line in _lines(extra):
        key, equals, value = expand(line, global_names(context)).partition("=")
        if not equals or not key.strip():
            raise UsageError(f"Not a `key=value` line: {line!r}", fix="write `key=value`")
        pairs[key.strip()] = value
    return tuple(f"{key}={' '.join(value.splitlines())}" for key, value in sorted(pairs.items()))


def _lines(text: str) -> list[str]:
    stripped = [line.strip() for line in text.splitlines()]
    return [line for line in stripped if line and not line.startswith("#")]


def _annotations(inputs: MetadataInputs, context: TagContext, version: str) -> tuple[str, ...]:
    """Annotations of each level; a line that begins with a level counts for that one alone."""
    found: list[str] = []
    named = {level: [] for level in LEVELS}  # type: dict[str, list[str]]
    common: list[str] = []
    for line in _lines(inputs.annotations):
        level, colon, rest = line.partition(":")
        (named[level] if colon and level in named else common).append(
            rest if colon and level in named else line
        )
    for level in dict.fromkeys((*inputs.levels, *(key for key in LEVELS if named[key]))):
        lines = [*(common if level in inputs.levels else ()), *named.get(level, ())]
        described = _described("\n".join(lines), context, version)
        found += [f"{level}:{line}" for line in described]
    return tuple(found)
