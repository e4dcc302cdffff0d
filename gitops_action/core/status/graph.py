"""Where the graph of environments is drawn: boxes from top to bottom, one layer after the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from textwrap import wrap

from gitops_action.core.dataclass import dataclass
from gitops_action.core.status.model import EnvironmentStatus
from gitops_action.core.status.words import edge_label, is_open

_BOX_WIDTH, _BOX_HEIGHT = 280, 62
_GAP, _TOP = 84, -12
_COLUMN, _ONLY_COLUMN = 340, 460
_CHARACTER = 6.4
"""Pixels that a character of a label takes."""
_LINES = 3
_NAME = 30


@dataclass(frozen=True, kw_only=True)
class Box:
    """An environment: its place in pixels, and what stands in it."""

    name: str
    text: str
    x: float
    y: float
    width: float = _BOX_WIDTH
    height: float = _BOX_HEIGHT

    @property
    def middle(self) -> float:
        """Its horizontal middle."""
        return self.x + self.width / 2


@dataclass(frozen=True, kw_only=True)
class Edge:
    """The way to an environment, from the bottom of one box to the top of another.

    `open` says that nothing keeps changes back; `lines` say what does.
    """

    x1: float
    y1: float
    x2: float
    y2: float
    open: bool
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class EnvironmentGraph:
    """Everything that is drawn, in pixels."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]


def layers(environments: Sequence[EnvironmentStatus]) -> Mapping[str, int]:
    """How far each environment is from the first ones; of a circle, nothing is counted twice."""
    known = {one.name: one for one in environments}
    found: dict[str, int] = {}

    def depth(name: str, above: frozenset[str]) -> int:
        if name not in found:
            before = [one for one in known[name].after if one in known and one not in above]
            found[name] = max((depth(one, above | {name}) + 1 for one in before), default=0)
        return found[name]

    for name in known:
        depth(name, frozenset({name}))
    return found


def graph(environments: Sequence[EnvironmentStatus]) -> EnvironmentGraph:
    """Place boxes and edges."""
    depths = layers(environments)
    rows: dict[int, list[EnvironmentStatus]] = {}
    for one in environments:
        rows.setdefault(depths[one.name], []).append(one)
    most = max((len(row) for row in rows.values()), default=1)
    column = _COLUMN if most > 1 else _ONLY_COLUMN
    width = float(most * column)
    boxes = {
        one.name: _box(one, (place + 0.5) * width / len(row), depth)
        for depth, row in rows.items()
        for place, one in enumerate(row)
    }
    height = max((box.y + box.height for box in boxes.values()), default=0.0) + 2
    return EnvironmentGraph(
        width=width,
        height=height,
        boxes=tuple(boxes.values()),
        edges=tuple(_edges(environments, boxes, column)),
    )


def _box(one: EnvironmentStatus, middle: float, depth: int) -> Box:
    running = one.running
    text = ", ".join(f"{item.application} {item.version}" for item in running) or "nothing known"
    return Box(
        name=_short(one.name, _NAME),
        text=_short(text, int((_BOX_WIDTH - 24) / _CHARACTER)),
        x=middle - _BOX_WIDTH / 2,
        y=_TOP + _GAP + depth * (_BOX_HEIGHT + _GAP),
    )


def _edges(
    environments: Iterable[EnvironmentStatus], boxes: Mapping[str, Box], column: float
) -> Iterable[Edge]:
    for one in environments:
        target = boxes[one.name]
        label = edge_label(one)
        width = int((column / 2 - 24) / _CHARACTER)
        sources = [boxes[name] for name in one.after if name in boxes]
        starts = [(box.middle, box.y + box.height) for box in sources]
        for number, (x, y) in enumerate(starts or [(target.middle, target.y - _GAP + 8)]):
            yield Edge(
                x1=x,
                y1=y,
                x2=target.middle,
                y2=target.y - 3,
                open=is_open(one),
                lines=_lines(label, width) if number == 0 else (),
            )


def _lines(text: str, width: int) -> tuple[str, ...]:
    found = wrap(text, width, break_long_words=True) or [""]
    kept = found[:_LINES]
    if len(found) > _LINES:
        kept[-1] = f"{kept[-1][: width - 1]}…"
    return tuple(kept)


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
