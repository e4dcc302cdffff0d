# ruff: noqa: INP001 - a script; the package beside it holds the rest
"""Take the pictures of the documents: `python docs/pictures.py` writes `docs/pictures/*.png`.

It takes Chromium (`CHROMIUM` names another browser of its kind). The pages are made by the real
views, so run it when what they write has changed. The status page of README is the one that the
demo ends with, so that it runs the demo, without Docker.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "docs")]

from generator.pictures import WIDTH, pages  # noqa: E402 - the path comes first
from generator.png import unfiltered  # noqa: E402 - as above

from testbed.browser import Browser  # noqa: E402 - as above
from testbed.demo.page import page_file  # noqa: E402 - as above
from testbed.process import PartError, run  # noqa: E402 - as above

TARGET = ROOT / "docs" / "pictures"


def main() -> int:
    """Write the pictures; 1 where a part of it is missing."""
    try:
        browser = Browser()
        shown = {**pages(), "status-page": _page_of_the_demo()}
    except PartError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    for name, html in shown.items():
        target = TARGET / f"{name}.png"
        with browser.page(html, width=WIDTH, height=100) as page:
            target.write_bytes(unfiltered(page.picture()))
        sys.stdout.write(f"written: {target.relative_to(ROOT)}\n")
    return 0


def _page_of_the_demo() -> str:
    run(
        *(sys.executable, "-m", "testbed.demo", "overlays"),
        cwd=ROOT,
        env={"WITHOUT_DOCKER": "what runs is the same", "ENGINE": "push"},
    )
    return page_file().read_text(encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
