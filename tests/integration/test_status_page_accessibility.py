"""The status page in a real browser, examined by axe."""

from __future__ import annotations

import json
import re
import sys
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from gitops_action.adapters.status_page import HtmlPage
from gitops_action.core.status.model import EnvironmentStatus, StatusReport, VersionStatus
from testbed.browser import Browser
from testbed.forge import npm

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "docs"))

from generator.status_example import status_page  # noqa: E402 - the path comes first

_POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
_RUN = """
<script>
axe.run(document, {resultTypes: ["violations", "incomplete"]}).then(found => {
  const brief = list => list.map(one => [one.id, one.nodes.map(node => node.html)]);
  const text = JSON.stringify({
    violations: brief(found.violations),
    passes: found.passes.length,
    width: document.documentElement.scrollWidth,
    theme: matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light",
  });
  const note = document.createElement("pre");
  note.id = "found";
  note.textContent = text;
  document.body.append(note);
});
</script>
"""


def examined(page: str, *, width: int, theme: str) -> dict[str, Any]:
    """What axe finds; the page's policy, which lets no script run, is taken off for it."""
    folder, _ = npm.package("axe-core")
    script = (folder / "axe.min.js").read_text(encoding="utf-8")
    assert "</script" not in script
    assert _POLICY.search(page)
    html = _POLICY.sub("", page).replace("</body>", f"<script>{script}</script>{_RUN}</body>")
    shown = Browser().document(html, width=width, theme=theme)
    found = re.search(r'<pre id="found">(.*?)</pre>', shown, re.DOTALL)
    assert found, "axe did not end"
    answer: dict[str, Any] = json.loads(unescape(found[1]))
    return answer


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 500], ids=["desktop", "narrow"])
def test_axe_finds_no_violation(width: int, theme: str) -> None:
    found = examined(status_page(), width=width, theme=theme)
    assert found["violations"] == []
    assert found["passes"] > 20
    assert found["theme"] == theme
    assert found["width"] <= width, "it scrolls sideways"


def page_with_older_versions() -> str:
    """The tables of older versions, opened."""
    now = datetime(2026, 11, 28, 9, 5, tzinfo=UTC)
    versions = tuple(
        VersionStatus(
            application="web",
            version=f"v{number}",
            image=f"ghcr.io/acme/web:v{number}",
            state="was here" if number % 3 else "failed",
            since=now - timedelta(days=number),
            number=number,
        )
        for number in range(1, 30)
    )
    report = StatusReport(
        repository="acme/environment",
        branch="main",
        commit="3fa9c1d0" * 5,
        now=now,
        environments=(EnvironmentStatus(name="production", versions=versions),),
    )
    return HtmlPage().page(report).replace("<details>", "<details open>")


@pytest.mark.parametrize("width", [1200, 500], ids=["desktop", "narrow"])
def test_axe_finds_no_violation_in_tables_of_older_versions(width: int) -> None:
    page = page_with_older_versions()
    assert "19 older versions of web" in page
    found = examined(page, width=width, theme="dark")
    assert found["violations"] == []
    assert found["width"] <= width, "it scrolls sideways"


def test_axe_sees_what_is_wrong() -> None:
    spoiled = status_page().replace('<html lang="en">', "<html>")
    (violation,) = examined(spoiled, width=1200, theme="light")["violations"]
    assert violation[0] == "html-has-lang"
