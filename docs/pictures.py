# ruff: noqa: INP001 - a script; the package beside it holds the rest
"""Take the pictures of the documents: `python docs/pictures.py` writes `docs/pictures/*.png`.

It takes Chromium (`CHROMIUM` names another browser of its kind). The pages are made by the real
views, so run it when what they write has changed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "docs")]

from generator.pictures import WIDTH, pages  # noqa: E402 - the path comes first

TARGET = ROOT / "docs" / "pictures"
_MEASURE = "<script>document.title = document.documentElement.scrollHeight</script>"
_POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
"""The status page lets no script run, so the page that is measured is without its policy."""


def main() -> int:
    """Write the pictures; 1 where there is no browser."""
    browser = shutil.which(os.environ.get("CHROMIUM", "chromium"))
    if browser is None:
        sys.stderr.write("error: Chromium is not installed. Fix: install it, or set CHROMIUM\n")
        return 1
    with tempfile.TemporaryDirectory() as folder:
        for name, html in pages().items():
            page = Path(folder) / f"{name}.html"
            page.write_text(_POLICY.sub("", html) + _MEASURE, encoding="utf-8")
            shown = _run(browser, folder, "--dump-dom", f"--window-size={WIDTH},100", page.as_uri())
            (height,) = re.findall(r"<title>(\d+)</title>", shown)
            target = TARGET / f"{name}.png"
            size = f"--window-size={WIDTH},{height}"
            _run(browser, folder, f"--screenshot={target}", size, page.as_uri())
            sys.stdout.write(f"written: {target.relative_to(ROOT)}\n")
    return 0


def _run(browser: str, profile: str, *arguments: str) -> str:
    options = [
        "--headless",
        "--disable-gpu",
        "--hide-scrollbars",
        f"--user-data-dir={profile}/profile",
        *(["--no-sandbox"] if os.geteuid() == 0 else []),  # Chromium refuses root with one
    ]
    done = subprocess.run(  # noqa: S603 - the browser that was named
        [browser, *options, *arguments], capture_output=True, text=True, check=True, timeout=120
    )
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
