"""The demo's story, told without Docker: the same steps, as processes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from testbed.cache import ROOT


@pytest.mark.parametrize("engine", ["push", "flux"])
@pytest.mark.parametrize("layout", ["classic", "overlays"])
def test_the_demo_goes_from_a_tag_to_what_runs_and_back_from_what_breaks(
    layout: str, engine: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "testbed.demo", layout],
        cwd=ROOT,
        env={**os.environ, "ENGINE": engine, "WITHOUT_DOCKER": "the test has its own"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    for words in (
        "succeeded",
        "failed",
        "crashed",
        "connection refused",
        "1/1",
        "A person reverts it",
    ):
        assert words in done.stdout
