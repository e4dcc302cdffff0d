"""The graph of environments: nothing is drawn behind a box, over words, or as what it is not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitops_action.core.config import Hold
from gitops_action.core.status.graph import Box, Edge, EnvironmentGraph, Point, graph, layers
from gitops_action.core.status.model import EnvironmentStatus, VersionStatus
from tests.support.properties import examples

NOW = datetime(2026, 11, 28, 9, 5, tzinfo=UTC)
_ASCENT, _DESCENT = 11, 4
"""Pixels of a label's letters above and below its line."""
Rectangle = tuple[float, float, float, float]
"""Left, top, right, bottom."""


def environments(**after: tuple[str, ...]) -> list[EnvironmentStatus]:
    return [EnvironmentStatus(name=name, after=before) for name, before in after.items()]


def rectangle(box: Box) -> Rectangle:
    return box.x, box.y, box.x + box.width, box.y + box.height


def words(edge: Edge) -> Iterator[Rectangle]:
    """Where an edge's words may reach: to the right end of their box."""
    x, y = edge.label
    for number, _ in enumerate(edge.lines):
        line = y + 15 * number
        yield x, line - _ASCENT, x + 278, line + _DESCENT


def segments(edge: Edge) -> Iterator[tuple[Point, Point]]:
    """The straight parts, each from its upper left end."""
    for one, other in pairwise(edge.points):
        assert one[0] == other[0] or one[1] == other[1], "it slants"
        yield min(one, other), max(one, other)


def crosses(segment: tuple[Point, Point], area: Rectangle) -> bool:
    """Whether a part of it lies inside; to touch the border is not to cross."""
    (x1, y1), (x2, y2) = segment
    left, top, right, bottom = area
    return (
        max(x1, left) <= min(x2, right)
        and max(y1, top) <= min(y2, bottom)
        and not (x2 <= left or x1 >= right or y2 <= top or y1 >= bottom)
    )


def shared(one: Edge, other: Edge) -> bool:
    """Whether two edges have a part in common that is longer than a crossing."""
    for (ax, ay), (bx, by) in segments(one):
        for (cx, cy), (dx, dy) in segments(other):
            width = min(bx, dx) - max(ax, cx)
            height = min(by, dy) - max(ay, cy)
            if width >= 0 and height >= 0 and (width > 0 or height > 0):
                return True
    return False


def check(drawn: EnvironmentGraph) -> None:
    boxes = {box.name: rectangle(box) for box in drawn.boxes}
    for left, top, right, bottom in boxes.values():
        assert 0 <= left < right <= drawn.width
        assert 0 <= top < bottom <= drawn.height
    for one, other in combinations(boxes.values(), 2):
        assert one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
    labels = [area for edge in drawn.edges for area in words(edge)]
    for edge in drawn.edges:
        for segment in segments(edge):
            assert 0 <= segment[0][0] <= segment[1][0] <= drawn.width
            assert 0 <= segment[0][1] <= segment[1][1] <= drawn.height
            assert not any(crosses(segment, box) for box in boxes.values()), (edge, "a box")
            assert not any(crosses(segment, area) for area in labels), (edge, "words")
        end, start = edge.points[0], edge.points[-1]
        target = boxes[edge.target]
        assert target[0] < end[0] < target[2]
        assert 0 < target[1] - end[1] < 5, "it ends above its target"
        if edge.source:
            source = boxes[edge.source]
            assert source[0] < start[0] < source[2]
            assert start[1] == source[3], "it begins below its source"
    for area in labels:
        assert not any(overlap(area, box) for box in boxes.values())
    for one, other in combinations(labels, 2):
        assert not overlap(one, other)
    for first, second in combinations(drawn.edges, 2):
        if shared(first, second):
            assert first.target == second.target or first.source == second.source


def overlap(one: Rectangle, other: Rectangle) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def ways(drawn: EnvironmentGraph) -> set[tuple[str, str]]:
    return {(edge.source, edge.target) for edge in drawn.edges}


@pytest.mark.parametrize(
    "graphed",
    [
        environments(dev=(), staging=("dev",), production=("staging",)),
        environments(dev=(), staging=("dev",), production=("dev", "staging")),
        environments(a=(), b=("a",), c=("b", "a"), d=("c", "b", "a"), e=("d", "a", "b")),
        environments(dev=(), eu=("dev",), us=("dev",), all=("eu", "us", "dev")),
        environments(dev=(), qa=(), eu=("dev", "qa"), us=("qa",), all=("us", "qa"), last=("dev",)),
        environments(a=(), b=(), c=(), d=("a", "b", "c"), e=("c",), f=("a",), g=("f", "b", "a")),
    ],
    ids=["chain", "skip", "skips", "parallel", "crossing", "three"],
)
def test_nothing_is_drawn_over_what_it_does_not_belong_to(
    graphed: Sequence[EnvironmentStatus],
) -> None:
    drawn = graph(graphed, NOW)
    check(drawn)
    wanted = {(name, one.name) for one in graphed for name in one.after or [""]}
    assert ways(drawn) == wanted


@st.composite
def any_environments(draw: st.DrawFn) -> list[EnvironmentStatus]:
    """Some environments, each after some of those before it, with words of some lines."""
    names = [f"e{number}" for number in range(draw(st.integers(1, 9)))]
    found = []
    for place, name in enumerate(names):
        before = draw(st.sets(st.sampled_from(names[:place]), max_size=4)) if place else ()
        reason = draw(st.sampled_from(["", "audit", "the audit of the year " * 9]))
        frozen = Hold(environment=name, reason=reason) if reason else None
        found.append(EnvironmentStatus(name=name, after=tuple(sorted(before)), frozen=frozen))
    return found


@settings(max_examples=examples(200))
@given(any_environments())
def test_any_environments_are_drawn_apart(graphed: list[EnvironmentStatus]) -> None:
    drawn = graph(graphed, NOW)
    check(drawn)
    assert ways(drawn) == {(name, one.name) for one in graphed for name in one.after or [""]}


def test_a_chain_fits_a_phone() -> None:
    """390 pixels without the page's margins, also with an edge that goes around."""
    chain = environments(a=(), b=("a",), c=("b", "a"))
    assert graph(chain, NOW).width <= 358


def test_environments_that_are_not_shown_leave_their_edge() -> None:
    (edge,) = graph(environments(production=("staging",)), NOW).edges
    assert edge.source == ""
    assert edge.lines == ("open",)


def test_layers() -> None:
    graphed = environments(dev=(), eu=("dev",), us=("dev",), all=("eu", "us"))
    assert layers(graphed) == {"dev": 0, "eu": 1, "us": 1, "all": 2}


def test_a_circle_of_environments_is_drawn_all_the_same() -> None:
    drawn = graph(environments(a=("b",), b=("a",)), NOW)
    check(drawn)
    assert ways(drawn) == {("b", "a"), ("", "b")}


@pytest.mark.parametrize(
    ("reason", "lines"),
    [
        ("audit", ("frozen: audit",)),
        (
            "the audit of the year takes until all auditors have gone",
            ("frozen: the audit of the year takes until", "all auditors have gone"),
        ),
        (
            "x" * 100,
            ("frozen:", "x" * 34, "x" * 32 + "…"),
        ),
        ("\u202eabc", ("frozen: \\u202eabc",)),
    ],
)
def test_words_on_an_edge_stay_beside_it(reason: str, lines: tuple[str, ...]) -> None:
    frozen = Hold(environment="dev", reason=reason)
    (edge,) = graph([EnvironmentStatus(name="dev", frozen=frozen)], NOW).edges
    assert edge.lines == lines


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("production", "production"),
        ("m" * 63, "m" * 17 + "…"),
        ("i" * 63, "i" * 41 + "…"),
        ("環境" * 30, "環境" * 6 + "…"),
        ("e\u0301" * 20, "e\u0301" * 20),
    ],
)
def test_long_names_end_inside_their_box(name: str, shown: str) -> None:
    versions = (VersionStatus(application=name, version="v1", image="x:v1", state="runs"),)
    (box,) = graph([EnvironmentStatus(name=name, versions=versions)], NOW).boxes
    assert box.name == shown
