"""A run of the gate over many open pull requests in which nothing has changed.

    python -m benchmarks gate

The GitHub double runs in this process; the run is a process of its own, whose time on the processor
is measured, Git's and the renderers' included.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator

from benchmarks.parts.figures import Figure
from benchmarks.parts.scratch import scratch
from testbed.cache import ROOT
from testbed.process import PartError
from tests.support.gate_forge import NEW, STAGING, GateStage, config, gate_stage, overlay

OPEN = 200
MOST_RUNS = 25
MOST_REQUESTS, MOST_MILLISECONDS = 20, 50
_RULES = config(
    production="merge: auto\nafter: [staging]\n"
    "gates: {soak: 1h, approvals: {count: 2}, checks: [ci/smoke]}",
    staging="merge: auto\ndeploy: {engine: push}",
)
_WAITING = re.compile(r"left to the next run")


def measure() -> Iterator[Figure]:
    """Measure one unchanged run, after as many as it takes to publish all."""
    with scratch() as root, gate_stage(root) as stage:
        _open(stage)
        for _ in range(MOST_RUNS):
            seconds, requests, said = _run(stage)
            if not _WAITING.search(said) and not _writes(stage):
                break
        else:
            raise PartError("the gate did not come to rest")
    name = f"{OPEN} open pull requests, nothing changed"
    yield Figure(
        row="gate",
        name=f"{name}: requests",
        value=float(requests),
        unit="requests",
        target=MOST_REQUESTS,
    )
    yield Figure(
        row="gate",
        name=f"{name}: time on the processor for each",
        value=seconds / OPEN * 1000,
        unit="ms",
        target=MOST_MILLISECONDS,
        detail=f"{seconds:.2f} s in all, start of the process included",
    )


def _open(stage: GateStage) -> None:
    """Each has one approval of two, so that reviewers and pushers are read of all."""
    stage.configure(_RULES)
    stage.repository.commit(files={STAGING: overlay(NEW)})
    for number in range(OPEN):
        version = f"v{number + 2}@sha256:{number + 2:064x}"
        bump = stage.bump(version, branch=f"gitops/production/web-{number}")
        stage.approve(bump, by=("bob", "carol")[number % 2])


def _writes(stage: GateStage) -> bool:
    return any(
        one.method != "GET" and "graphql" not in one.path and "git-upload-pack" not in one.path
        for one in stage.forge.requests
    )


def _run(stage: GateStage) -> tuple[float, int, str]:
    """Seconds on the processor, requests, and what was said."""
    stage.forge.requests.clear()
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(stage.root),
        "PYTHONPATH": str(ROOT),
        "GITOPS_TOKEN": stage.token,
        "GITHUB_REPOSITORY": stage.repository.full_name,
        "GITHUB_API_URL": stage.forge.api_url,
        "GITHUB_GRAPHQL_URL": stage.forge.graphql_url,
        "GITHUB_SERVER_URL": stage.forge.server_url,
    }
    command = [sys.executable, "-m", "gitops_action", "gate", "--verify=off"]
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(command, env=environ, stdout=said, stderr=said)
        # The children of this process are the double's as well: only this one counts.
        _, status, used = os.wait4(process.pid, 0)
        said.seek(0)
        text = said.read()
    if status:
        raise PartError(f"the gate failed: {text[-2000:]}")
    return used.ru_utime + used.ru_stime, len(stage.forge.requests), text
