"""Replacing scalars: which bytes, in which style, and when to refuse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from gitops_action.core.yaml.find import resolve
from gitops_action.core.yaml.nodes import Scalar, YamlFile
from gitops_action.core.yaml.path import EditRefusedError, PathNotFoundError, YamlPath
from gitops_action.core.yaml.proof import STRING, Planned, Reads, Replace, ScalarChange
from gitops_action.core.yaml.render import Span, block_span, keeps_type, render
from gitops_action.core.yaml.scalars import Kind, kinds
from gitops_action.errors import Location

_SHOWN = 8


@dataclass(kw_only=True)
class _Target:
    """A scalar, what it becomes, and the places through which that was asked for."""

    scalar: Scalar
    edit: Replace
    places: set[YamlPath] = field(default_factory=set)


def replacements(file: YamlFile, edits: Sequence[Replace]) -> list[Planned]:
    """The spans that `edits` replace; nothing for what reads so already.

    Raises:
        PathNotFoundError: an edit's path names no scalar.
        EditRefusedError: two edits contradict each other, another place would change too, or the
            scalar is written in a way that cannot hold the value.
    """
    planned = [_planned(file, target) for target in _targets(file, edits)]
    return [plan for plan in planned if plan is not None]


def _targets(file: YamlFile, edits: Sequence[Replace]) -> list[_Target]:
    targets: dict[int, _Target] = {}
    for edit in edits:
        node, place = resolve(file, edit.path)
        if not isinstance(node, Scalar):
            raise PathNotFoundError(
                f"{str(edit.path)!r} is not a single value",
                fix="name a value inside it",
                location=Location(file=file.path, line=node.line, column=node.column),
            )
        target = targets.setdefault(node.event, _Target(scalar=node, edit=edit))
        target.places.add(place)
        if (target.edit.value, target.edit.as_string) != (edit.value, edit.as_string):
            raise refused(
                file,
                node,
                "two edits give the same value two meanings",
                f"{target.edit.value!r} by {target.edit.path}, {edit.value!r} by {edit.path}",
                "keep one of the two; the places share one anchor" if node.aliases else "keep one",
            )
    return list(targets.values())


def _planned(file: YamlFile, target: _Target) -> Planned | None:
    scalar, value = target.scalar, target.edit.value
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise refused(file, scalar, "the value holds half a character", repr(value), "fix it")
    if scalar.style in {"literal", "folded"}:
        span, value = block_span(file, scalar, value)
        read: tuple[Kind, Kind] = STRING
    else:
        read = _kinds(file, scalar, target.edit)
        span = _span(file, scalar, value, read)
    if value == scalar.value and read == scalar.kinds:
        return None
    _check_readers(file, target)
    requested = Reads(value=value, kinds=read, anchor=scalar.anchor, tag=scalar.tag)
    return Planned(
        span=span, event=scalar.event, change=ScalarChange(removed=1, added=(requested,))
    )


def _kinds(file: YamlFile, scalar: Scalar, edit: Replace) -> tuple[Kind, Kind]:
    """What the new value has to read as in YAML 1.1 and 1.2."""
    if not edit.as_string and keeps_type(scalar, edit.value, is_json=file.is_json):
        return scalar.kinds if scalar.tag is not None else kinds(edit.value)
    if scalar.tag is not None and scalar.kinds != STRING:
        raise refused(
            file,
            scalar,
            f"the tag of this value makes it {scalar.kind}, not text",
            f"{edit.value!r} does not fit {scalar.tag}",
            "remove the tag",
        )
    return STRING


def _span(file: YamlFile, scalar: Scalar, value: str, read: tuple[Kind, Kind]) -> Span:
    written = value  # a number and the like, which `keeps_type` has looked at
    if read == STRING:
        style = "double" if file.is_json else scalar.style
        written = render(value, style, flow=scalar.flow, text=scalar.tag is None)
    empty = scalar.start == scalar.end
    if empty and not _can_hold(file, scalar):
        raise refused(
            file,
            scalar,
            "there is no value here that could be replaced",
            f"{scalar.path} has no `:` of its own",
            "write the key with a value first",
        )
    return Span(start=scalar.start, end=scalar.end, text=f" {written}" if empty else written)


def _can_hold(file: YamlFile, scalar: Scalar) -> bool:
    """Whether text put at an empty scalar's place becomes its value."""
    if scalar.anchor is not None or scalar.tag is not None:
        return True
    return bool(scalar.path.steps) and file.text[scalar.start - 1 : scalar.start] in {":", "-"}


def _check_readers(file: YamlFile, target: _Target) -> None:
    """Refuse when a place that nobody named reads the same scalar.

    Where the alias is the value itself, its anchor is the place to edit and needs no naming.
    """
    scalar, asked = target.scalar, target.places
    by_alias = scalar.anchor is not None and any(place != scalar.path for place in asked)
    implied = {scalar.path} if by_alias or "<<" in scalar.path.steps else set()
    others = {scalar.path, *scalar.aliases} - asked - implied
    if others or (scalar.aliases and scalar.notes.too_many_readers):
        shown = sorted(str(place) for place in others)[:_SHOWN] or ["more places than are followed"]
        raise refused(
            file,
            scalar,
            "this value is shared by an anchor, other places would change too",
            f"not asked for, but changed with it: {', '.join(shown)}",
            "edit all of these places together, or give this one a value of its own",
        )


def refused(file: YamlFile, scalar: Scalar, title: str, cause: str, fix: str) -> EditRefusedError:
    """The error for an edit of `scalar` that is not made."""
    place = Location(file=file.path, line=scalar.line, column=scalar.column)
    return EditRefusedError(title, cause=cause, fix=fix, location=place)
