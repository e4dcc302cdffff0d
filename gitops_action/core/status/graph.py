"""Where the graph of environments is drawn: boxes from top to bottom, one layer after the other.

A change enters a box near its left corner, and what keeps it out stands beside the arrow. Between
two layers every environment that is entered there has a line of its own, its track, which collects
its sources. A source that is further above leads there by a lane beside all boxes.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from gitops_action.core.dataclass import dataclass
from gitops_action.core.markdown import page_text
from gitops_action.core.status.model import EnvironmentStatus
from gitops_action.core.status.words import edge_label, is_open, opening

_BOX_WIDTH, _BOX_HEIGHT = 320, 62
"""With a lane or two beside it, a box fits a phone."""
_COLUMN = 350
_MARGIN = 1
_PADDING = 12
_PORT = 28
"""From a box's left side to where changes enter."""
_ASIDE = 12
"""How much further right those leave that do not go straight down."""
_LABEL = _PORT + 14
_TRACK, _LANE = 7, 12
_LINE, _LINES, _SIGN = 15, 3, 16
_LONGEST = 1_000
_NARROW, _BROAD = frozenset(" .,:;'|!()[]/\\-iljtfrI"), frozenset("mwMW@%…—")
_COMMON = "\uffff"
"""Behind it are emoji and rare letters."""
_NAME_SCALE = 1.35
"""Letters of a name to those of a label: larger, and bold."""

Point = tuple[float, float]


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
    def port(self) -> float:
        """Where changes enter, and leave straight down."""
        return self.x + _PORT


@dataclass(frozen=True, kw_only=True)
class Edge:
    """The way to an environment.

    Attributes:
        source: the environment it comes from; empty where there is none.
        target: the environment it leads to.
        points: its corners from the target back to the source, so that the dashes of edges that
            share a part lie upon each other.
        open: nothing keeps changes back.
        lines: what keeps them back, and when that ends.
        label: where the first of these lines begins.
    """

    source: str
    target: str
    points: tuple[Point, ...]
    open: bool
    lines: tuple[str, ...] = ()
    label: Point = (0, 0)

    @property
    def path(self) -> str:
        """The same for SVG."""
        return "M" + "L".join(f"{x:g} {y:g}" for x, y in self.points)


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


def graph(environments: Sequence[EnvironmentStatus], now: datetime) -> EnvironmentGraph:
    """Place boxes and edges."""
    depths = layers(environments)
    rows: dict[int, list[EnvironmentStatus]] = {}
    for one in environments:
        rows.setdefault(depths[one.name], []).append(one)
    columns = max((len(row) for row in rows.values()), default=1)
    drawing = _Drawing(
        rows=tuple(tuple(rows[depth]) for depth in sorted(rows)),
        depths=depths,
        labels={one.name: _label(one, now) for one in environments},
        right=_MARGIN * 2 + _BOX_WIDTH + (columns - 1) * _COLUMN,
    )
    boxes = drawing.boxes()
    height = max((box.y + box.height for box in boxes.values()), default=0) + _MARGIN
    return EnvironmentGraph(
        width=drawing.right + _LANE * len(drawing.lanes),
        height=height,
        boxes=tuple(boxes.values()),
        edges=tuple(drawing.edges(boxes)),
    )


@dataclass(frozen=True, kw_only=True)
class _Drawing:
    """What is drawn, by layers; `right` is where the boxes end."""

    rows: tuple[tuple[EnvironmentStatus, ...], ...]
    depths: Mapping[str, int]
    labels: Mapping[str, tuple[str, ...]]
    right: float

    def sources(self, one: EnvironmentStatus) -> list[str]:
        """The environments above it: in a circle one is not."""
        mine = self.depths[one.name]
        return [name for name in dict.fromkeys(one.after) if self.depths.get(name, mine) < mine]

    @property
    def lanes(self) -> Mapping[str, float]:
        """Environments that follow one which is not just above, with the place of their lane."""
        skipping = [
            one.name
            for row in self.rows
            for one in row
            if any(self.depths[name] + 1 < self.depths[one.name] for name in self.sources(one))
        ]
        return {name: self.right + _LANE * (place + 0.5) for place, name in enumerate(skipping)}

    def tracks(self, depth: int) -> Sequence[str]:
        """The environments that something leads to below the layer above `depth`, in order."""
        around = self.lanes
        return [
            one.name
            for row in self.rows
            for one in row
            if any(self.depths[name] + 1 == depth for name in self.sources(one))
            or (self.depths[one.name] == depth and one.name in around)
        ]

    def boxes(self) -> Mapping[str, Box]:
        """Each environment's box, below the tracks and labels of its layer."""
        found: dict[str, Box] = {}
        y: float = 0
        for depth, row in enumerate(self.rows):
            lines = max(len(self.labels[one.name]) for one in row)
            y += _TRACK * (len(self.tracks(depth)) + 2) + _LINE * lines + _LINE
            share = (self.right - 2 * _MARGIN + _COLUMN - _BOX_WIDTH) / len(row)
            for place, one in enumerate(row):
                x = _MARGIN + share * (place + 0.5) - _COLUMN / 2
                found[one.name] = _box(one, x, y)
            y += _BOX_HEIGHT
        return found

    def edges(self, boxes: Mapping[str, Box]) -> Iterator[Edge]:
        """The ways to each environment; the first carries the words."""
        for one in (one for row in self.rows for one in row):
            target = boxes[one.name]
            ways = [(name, self._way(one.name, name, boxes)) for name in self.sources(one)]
            above = self._top(self.depths[one.name], boxes)
            alone = ("", ((target.port, target.y - 3), (target.port, above)))
            lines = self.labels[one.name]
            for number, (source, points) in enumerate(ways or [alone]):
                yield Edge(
                    source=source,
                    target=one.name,
                    points=points,
                    open=is_open(one),
                    lines=lines if number == 0 else (),
                    label=(target.x + _LABEL, target.y - _LINE * len(lines)),
                )

    def _top(self, depth: int, boxes: Mapping[str, Box]) -> float:
        """Where the space above a layer begins."""
        if not depth:
            return _MARGIN
        above = boxes[self.rows[depth - 1][0].name]
        return above.y + above.height

    def _track(self, depth: int, name: str, boxes: Mapping[str, Box]) -> float:
        return self._top(depth, boxes) + _TRACK * (self.tracks(depth).index(name) + 1.5)

    def _way(self, target: str, source: str, boxes: Mapping[str, Box]) -> tuple[Point, ...]:
        """From the target back to a source."""
        end, start = boxes[target], boxes[source]
        bottom = start.y + start.height
        below, depth = self.depths[source] + 1, self.depths[target]
        last = self._track(depth, target, boxes)
        tip = (end.port, end.y - 3)
        leave = start.port + _ASIDE
        if below == depth and start.port == end.port:
            return (tip, (end.port, bottom))
        if below == depth:
            return (tip, (end.port, last), (leave, last), (leave, bottom))
        lane, first = self.lanes[target], self._track(below, target, boxes)
        around = ((lane, last), (lane, first), (leave, first))
        return (tip, (end.port, last), *around, (leave, bottom))


def _box(one: EnvironmentStatus, x: float, y: float) -> Box:
    text = ", ".join(f"{item.application} {item.version}" for item in one.running)
    width = _BOX_WIDTH - 2 * _PADDING
    return Box(
        name=_short(_line(one.name), width / _NAME_SCALE),
        text=_short(_line(text or "nothing known"), width),
        x=x,
        y=y,
    )


def _label(one: EnvironmentStatus, now: datetime) -> tuple[str, ...]:
    """What keeps changes back, and in a line of its own when that ends."""
    width = _BOX_WIDTH - _LABEL - _SIGN
    opens = opening(one, now)
    return (*_lines(_line(edge_label(one)), width), *([opens] if opens else []))


# Texts by their width: estimated from above for fonts of machines that are not known.


def _line(text: str) -> str:
    """The text as the page writes it."""
    return page_text(text, limit=_LONGEST)


def _pixels(letter: str) -> float:
    """What a character takes in a label."""
    if unicodedata.category(letter) in {"Mn", "Me"}:
        return 0
    if unicodedata.east_asian_width(letter) in {"W", "F"} or letter > _COMMON:
        return 16
    if letter in _BROAD:
        return 12
    if letter in _NARROW:
        return 5
    return 9 if letter.isupper() or not letter.isascii() else 7.7


def _fitting(text: str, width: float) -> int:
    """How many of the first characters fit."""
    for number, letter in enumerate(text):
        width -= _pixels(letter)
        if width < 0:
            return number
    return len(text)


def _short(text: str, width: float) -> str:
    if _fitting(text, width) == len(text):
        return text
    return f"{text[: _fitting(text, width - _pixels('…'))].rstrip()}…"


def _lines(text: str, width: float) -> tuple[str, ...]:
    """The text in lines of this width, at words where that is possible; a last one is cut."""
    found: list[str] = []
    while len(found) < _LINES - 1 and (fitting := _fitting(text, width)) < len(text):
        space = text.rfind(" ", 1, fitting + 1)
        end = space if space > 0 else fitting
        found.append(text[:end].rstrip())
        text = text[end:].lstrip()
    return (*found, _short(text, width))
