"""The demo's story, told without Docker: the same steps, as processes."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from testbed.cache import ROOT


def demo(layout: str, engine: str, verbose: str = "1") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "testbed.demo", layout],
        cwd=ROOT,
        env={
            **os.environ,
            "ENGINE": engine,
            "VERBOSE": verbose,
            "WITHOUT_DOCKER": "the test has its own",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.mark.usefixtures("flux_parts")
@pytest.mark.parametrize(
    ("layout", "engine", "verbose"),
    [("classic", "flux", "1"), ("overlays", "flux", "1"), ("overlays", "push", "")],
)
def test_the_demo_goes_from_a_tag_to_what_runs_and_back_from_what_breaks(
    layout: str, engine: str, verbose: str
) -> None:
    done = demo(layout, engine, verbose)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    for words in ("crashed", "connection refused", "A person presses Revert"):
        assert words in done.stdout
    recorded = re.findall(r"GitHub Deployment of (\w+) to \w+: (\w+)", done.stdout)
    assert [state for _, state in recorded] == ["success", "failure", "success"]
    assert len({commit for commit, _ in recorded}) == 3
    running = done.stdout.rpartition("kubectl get")[2]
    assert "CrashLoopBackOff" not in running
    assert re.search(r"deployment\.apps/web +(\d)/\1", running)
    assert ("Flux reads the double" in done.stdout) is (engine == "flux")
    assert done.stdout.index("Pull request: ") < done.stdout.index("An administrator prepares")
    _, _, summary = done.stdout.partition("What happened")
    assert 5 <= len(summary.strip().splitlines()) <= 10
    assert len(done.stdout.splitlines()) < (1000 if verbose else 160)


def test_an_engine_that_is_not_there_is_told() -> None:
    done = demo("classic", "argo")
    assert done.returncode == 2
    assert "no engine argo; there are push, flux" in done.stdout
