"""The demo's story, told without Docker: the same steps, as processes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from testbed.cache import ROOT
from testbed.demo.page import page_file
from tests.support.terminal import fake_browser, in_terminal


def demo(layout: str, engine: str, verbose: str = "1") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "testbed.demo", layout],
        cwd=ROOT,
        env=environment(engine, verbose),
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )


def environment(engine: str, verbose: str) -> dict[str, str]:
    without = {"WITHOUT_DOCKER": "the test has its own"}
    return {**os.environ, "ENGINE": engine, "VERBOSE": verbose, **without}


def demo_at_a_desktop(
    layout: str, engine: str, verbose: str, browser: Path
) -> subprocess.CompletedProcess[str]:
    """The same in a terminal with a display, and a browser."""
    desktop = {"DISPLAY": ":0", "BROWSER": str(browser), "CI": ""}
    terminal = {"TERM": "dumb"}
    return in_terminal(
        [sys.executable, "-m", "testbed.demo", layout],
        {**environment(engine, verbose), **desktop, **terminal},
    )


PAGE = page_file()
ROLLED_BACK = (
    "crashed",
    "connection refused",
    "#{0} Roll web back to v1.3.0 in {1}: by itself, {1} runs the version",
    "v1.4.0 once more: refused, it is on hold",
)
PROMOTED = (
    "/gitops hold production web@v1.3.0",
    "v1.3.0 is on hold in production: the schema is not migrated",
    "/gitops promote web to production: #4 waited for soak, window and approval",
)


@pytest.mark.usefixtures("flux_parts")
@pytest.mark.parametrize(
    ("layout", "engine", "verbose"), [("classic", "flux", "1"), ("overlays", "push", "")]
)
def test_the_demo_goes_from_a_tag_to_what_runs_and_back_from_what_breaks(
    layout: str, engine: str, verbose: str, tmp_path: Path
) -> None:
    browser, seen = fake_browser(tmp_path)
    if layout == "classic":
        done = demo_at_a_desktop(layout, engine, verbose, browser)
        assert seen.read_text(encoding="utf-8") == PAGE.as_uri() + "\n"
    else:
        done = demo(layout, engine, verbose)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    promoted = layout == "overlays"
    back = (6, "staging") if promoted else (3, "default")
    for words in (*ROLLED_BACK, *(PROMOTED if promoted else ())):
        assert words.format(*back) in done.stdout
    recorded = re.findall(r"GitHub Deployment of (\w+) to (\w+): (\w+)", done.stdout)
    expected = [(back[1], "success"), (back[1], "failure"), (back[1], "success")]
    if promoted:
        expected.insert(1, ("production", "success"))
        for gate in ("soak", "windows", "approvals"):
            assert re.search(rf"waits +{gate} ", done.stdout)
    assert [(environment, state) for _, environment, state in recorded] == expected
    assert len({commit for commit, _, _ in recorded}) == len(expected)
    running = done.stdout.rpartition("kubectl get")[2]
    assert "CrashLoopBackOff" not in running
    assert re.search(r"deployment\.apps/web +(\d)/\1", running)
    assert ("Flux reads the double" in done.stdout) is (engine == "flux")
    assert done.stdout.index("/pull/1") < done.stdout.index("An administrator prepares")
    assert f"The status page: {PAGE.as_uri()}" in " ".join(done.stdout.split())
    page = PAGE.read_text(encoding="utf-8")
    assert re.search(rf"{back[1]} runs web v1\.3\.0 since ", page)
    assert ">drifted, compared" in page
    assert "kubectl scale: the comparison of" in done.stdout
    assert ("Flux takes it back at its next interval" in done.stdout) is (engine == "flux")
    _, _, summary = done.stdout.partition("What happened")
    assert 5 <= len(summary.strip().splitlines()) <= 10
    assert len(done.stdout.splitlines()) < (1000 if verbose else 160)


def test_an_engine_that_is_not_there_is_told() -> None:
    done = demo("classic", "argo")
    assert done.returncode == 2
    assert "no engine argo; there are push, flux" in done.stdout
