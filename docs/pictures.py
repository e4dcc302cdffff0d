# ruff: noqa: INP001 - a script; the package beside it holds the rest
"""Take the pictures of the documents: `python docs/pictures.py` writes `docs/pictures/*.png`.

It takes Chromium (`CHROMIUM` names another browser of its kind). The pages are made by the real
views, so run it when what they write has changed.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "docs")]

from generator.pictures import WIDTH, pages  # noqa: E402 - the path comes first
from generator.png import unfiltered  # noqa: E402 - as above

from testbed.browser import Browser  # noqa: E402 - as above
from testbed.process import PartError  # noqa: E402 - as above

TARGET = ROOT / "docs" / "pictures"
_MEASURE = "<script>document.title = document.documentElement.scrollHeight</script>"
_POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
"""The status page lets no script run, so the page that is measured is without its policy."""


def main() -> int:
    """Write the pictures; 1 where there is no browser."""
    try:
        browser = Browser()
    except PartError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    for name, html in pages().items():
        page = _POLICY.sub("", html) + _MEASURE
        shown = browser.document(page, width=WIDTH, height=100)
        (height,) = re.findall(r"<title>(\d+)</title>", shown)
        target = TARGET / f"{name}.png"
        browser.picture(page, target, width=WIDTH, height=int(height))
        target.write_bytes(unfiltered(target.read_bytes()))
        sys.stdout.write(f"written: {target.relative_to(ROOT)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
