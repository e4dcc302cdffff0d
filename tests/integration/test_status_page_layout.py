"""The status page as a person sees it, on a desktop and a phone, light and dark."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from testbed.browser import Browser, Theme
from tests.support.page_layout import faults, looked_at
from tests.support.status_pages import crowded_page, hostile_page, long_page, strange_page

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "docs"))

from generator.status_example import status_page  # noqa: E402 - the path comes first

PAGES = {
    "usual": status_page,
    "crowded": crowded_page,
    "long": long_page,
    "strange": strange_page,
    "hostile": hostile_page,
}
_PAGES = pytest.mark.parametrize("name", PAGES)
_WIDTHS = pytest.mark.parametrize("width", [1200, 390], ids=["desktop", "phone"])
_GROUNDS: dict[Theme, tuple[int, int, int]] = {"light": (255, 255, 255), "dark": (13, 17, 23)}


def opened(html: str) -> str:
    """The page with every cell and table that a person can open."""
    return html.replace("<details>", "<details open>")


@pytest.mark.parametrize("theme", _GROUNDS)
@_WIDTHS
@_PAGES
def test_everything_has_its_place_and_is_seen(name: str, width: int, theme: Theme) -> None:
    with Browser().page(opened(PAGES[name]()), width=width, theme=theme) as page:
        assert faults(page) == []
        unseen, corner, seen = looked_at(page)
    assert unseen == []
    assert corner == _GROUNDS[theme]
    assert seen > 50


def test_numbers_stay_before_titles_that_run_to_the_left() -> None:
    """`#4711 …` after a name in Hebrew: the browser would turn the number over."""
    script = """
      [...document.querySelectorAll(".gates li")].slice(0, 3).map(item => {
        const text = [...item.querySelectorAll("*")].flatMap(one => [...one.childNodes])
          .find(one => one.nodeType == 3 && one.data.includes("#4711"));
        const place = at => { const range = document.createRange();
          range.setStart(text, at); range.setEnd(text, at + 1);
          return range.getBoundingClientRect().left; };
        const at = text.data.indexOf("#");
        return place(at) < place(at + 1);
      })
    """
    with Browser().page(strange_page(), width=1200) as page:
        assert page.evaluate(script) == [True, True, True]


@_WIDTHS
def test_closed_cells_have_their_place_too(width: int) -> None:
    with Browser().page(crowded_page(), width=width) as page:
        assert faults(page) == []


@pytest.mark.parametrize(
    ("style", "fault"),
    [
        (".scroll{overflow-x:visible}", "the page is"),
        (".now li{overflow-wrap:normal;word-break:keep-all}", "leaves"),
        (".gates{overflow:hidden;height:1rem}", "is cut"),
        (".metric .value{margin-top:-2.5rem}", "overlap"),
        ("svg .name{font-size:30px}", "crosses the border of a box"),
    ],
)
def test_a_fault_of_the_layout_is_found(style: str, fault: str) -> None:
    spoiled = opened(long_page()).replace("</style>", f"{style}</style>")
    with Browser().page(spoiled, width=390) as page:
        assert fault in "\n".join(faults(page))


@pytest.mark.parametrize(
    ("style", "fault"),
    [
        (".quiet{color:#c0c4c8}", "was here"),
        ("svg text{fill:#f0f0f0}", "opens"),
        (".edge.closed{stroke:#f0e8d8}", "edge closed"),
        (".box{fill:#1f2328}", "production"),
    ],
)
def test_what_is_not_seen_is_found(style: str, fault: str) -> None:
    spoiled = status_page().replace("</style>", f"{style}</style>")
    with Browser().page(spoiled, width=1200) as page:
        unseen, _, _ = looked_at(page)
    assert fault in "\n".join(unseen)
