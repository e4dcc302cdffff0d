"""OCI labels and annotations: the keys of the OCI image specification, then those given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC

from gitops_action.core.dataclass import dataclass
from gitops_action.core.pattern import pattern
from gitops_action.core.tags.context import TagContext
from gitops_action.core.tags.expressions import expand, global_names
from gitops_action.core.tags.rules import text_lines
from gitops_action.errors import UsageError

_LEVEL = pattern(r"(?:manifest|index)(?:-descriptor)?(?:\[[^\[\]]+\])?")
"""Where annotations can be put, with a platform or not (Docker, "Annotations")."""


@dataclass(frozen=True, kw_only=True)
class LabelLines:
    """`key=value` entries, sorted by key, and a warning for every line that is none."""

    entries: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def label_entries(text: str, context: TagContext, version: str) -> LabelLines:
    """Labels by the OCI image specification, and those of the `labels` input, which win.

    Raises:
        UsageError: an expression is wrong.
    """
    given, warnings = _pairs("labels", text_lines(text), context)
    return LabelLines(entries=_entries({**_standard(context, version), **given}), warnings=warnings)


def annotation_entries(
    text: str, levels: Iterable[str], context: TagContext, version: str
) -> LabelLines:
    """Annotations at each level, each entry with the level in front.

    A line of the `annotations` input that begins with levels (`index,manifest:key=value`) counts
    for these alone. The specification's keys stand at `levels` only.

    Raises:
        UsageError: an expression is wrong, or a level is unknown.
    """
    requested = tuple(dict.fromkeys(levels))
    _check_levels(requested)
    common, named = _by_level(text_lines(text))
    standard, warnings = _standard(context, version), set[str]()
    entries: list[str] = []
    for level in dict.fromkeys((*requested, *named)):
        shared = common if level in requested else []
        given, told = _pairs("annotations", [*shared, *named.get(level, [])], context)
        warnings.update(told)
        pairs = {**standard, **given} if level in requested else given
        entries += [f"{level}:{entry}" for entry in _entries(pairs)]
    return LabelLines(entries=tuple(entries), warnings=tuple(sorted(warnings)))


def _check_levels(levels: Iterable[str]) -> None:
    for level in levels:
        if not _LEVEL.fullmatch(level):
            raise UsageError(
                f"DOCKER_METADATA_ANNOTATIONS_LEVELS: unknown level {level!r}",
                fix="levels are manifest, index, manifest-descriptor and index-descriptor",
            )


def _by_level(lines: Iterable[str]) -> tuple[list[str], dict[str, list[str]]]:
    common: list[str] = []
    named: dict[str, list[str]] = {}
    for line in lines:
        prefix, colon, rest = line.partition(":")
        levels = [level.strip() for level in prefix.split(",")]
        if colon and all(_LEVEL.fullmatch(level) for level in levels):
            for level in levels:
                named.setdefault(level, []).append(rest)
        else:
            common.append(line)
    return common, named


def _standard(context: TagContext, version: str) -> dict[str, str]:
    repository = context.repository
    created = context.now.astimezone(UTC).isoformat(timespec="milliseconds")
    pairs = {
        "title": repository.name,
        "description": repository.description,
        "url": repository.html_url,
        "source": repository.html_url,
        "version": version,
        "created": created.replace("+00:00", "Z"),
        "revision": context.sha,
        "licenses": repository.license,
    }
    return {f"org.opencontainers.image.{key}": value for key, value in pairs.items()}


def _pairs(
    source: str, lines: Iterable[str], context: TagContext
) -> tuple[dict[str, str], tuple[str, ...]]:
    pairs: dict[str, str] = {}
    warnings: list[str] = []
    for line in lines:
        key, equals, value = expand(line, global_names(context)).partition("=")
        if equals and key.strip():
            pairs[key.strip()] = value
        else:
            warnings.append(f"`{source}`: {line!r} is no `key=value` and is left out")
    return pairs, tuple(warnings)


def _entries(pairs: Mapping[str, str]) -> tuple[str, ...]:
    """One line each: outputs are lists of lines, and a description may hold several."""
    return tuple(f"{key}={' '.join(value.splitlines())}" for key, value in sorted(pairs.items()))
