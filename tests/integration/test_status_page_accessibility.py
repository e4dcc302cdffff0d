"""The status page in a real browser, examined by axe."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gitops_action.adapters.status_page import HtmlPage
from gitops_action.core.status.model import EnvironmentStatus, StatusReport, VersionStatus
from testbed.browser import Browser, Theme
from testbed.forge import npm

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "docs"))

from generator.status_example import status_page  # noqa: E402 - the path comes first

_RUN = """
axe.run(document, {resultTypes: ["violations", "incomplete"]}).then(found => {
  const brief = list => list.map(one => [one.id, one.nodes.map(node => node.html)]);
  return {
    violations: brief(found.violations),
    passes: found.passes.length,
    theme: matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light",
  };
})
"""
_WIDTHS = pytest.mark.parametrize("width", [1200, 390], ids=["desktop", "phone"])
_THEMES = pytest.mark.parametrize("theme", ["light", "dark"])


def examined(html: str, *, width: int, theme: Theme) -> dict[str, Any]:
    """What axe finds."""
    folder, _ = npm.package("axe-core")
    with Browser().page(html, width=width, theme=theme) as page:
        page.evaluate((folder / "axe.min.js").read_text(encoding="utf-8"))
        found: dict[str, Any] = page.evaluate(_RUN)
        return found


@_THEMES
@_WIDTHS
def test_axe_finds_no_violation(width: int, theme: Theme) -> None:
    found = examined(status_page(), width=width, theme=theme)
    assert found["violations"] == []
    assert found["passes"] > 20
    assert found["theme"] == theme


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


@_WIDTHS
def test_axe_finds_no_violation_in_tables_of_older_versions(width: int) -> None:
    page = page_with_older_versions()
    assert "19 older versions of web" in page
    found = examined(page, width=width, theme="dark")
    assert found["violations"] == []


def test_axe_sees_what_is_wrong() -> None:
    spoiled = status_page().replace('<html lang="en">', "<html>")
    (violation,) = examined(spoiled, width=1200, theme="light")["violations"]
    assert violation[0] == "html-has-lang"
