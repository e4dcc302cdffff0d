"""Finding an image in a checkout of many files, against `git grep`.

    python -m benchmarks discovery

Ours reads every file, plans the edit and proves it; `git grep` looks for the image's name.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.parts.environment import application, environment
from benchmarks.parts.figures import Figure
from benchmarks.parts.scratch import scratch
from gitops_action.adapters.worktree import WorktreeStore
from gitops_action.core.config import load_config
from gitops_action.core.images import parse_image_lines
from gitops_action.core.plan import PlanRequest, make_keep, make_plan
from testbed.cache import ROOT
from testbed.process import PartError, run

FILES = 20_000
REPEATS = 7
RATIO = 3.0
_REGISTRY = "registry.example.com"
_NAME = application(500)


def measure() -> Iterator[Figure]:
    """Measure the core alone, and the whole command."""
    with scratch() as root:
        _check_out(root)
        core, grep, command = _in_turns(
            lambda: _plan(root),
            lambda: _grep(root),
            lambda: _command(root),
        )
    yield Figure(
        row="discovery",
        name=f"{FILES} files, read and plan: time to git grep",
        value=core / grep,
        unit="x",
        target=RATIO,
        detail=f"{core:.2f} s to {grep:.2f} s, median of {REPEATS}",
    )
    yield Figure(
        row="discovery",
        name=f"{FILES} files, `bump --mode local --dry-run` as a process: time to git grep",
        value=command / grep,
        unit="x",
        detail=f"{command:.2f} s to {grep:.2f} s, interpreter start and imports included",
    )


def _in_turns(*runs: Callable[[], None]) -> list[float]:
    """The median seconds of each; all are run in turns, and once before to warm caches."""
    seconds: list[list[float]] = [[] for _ in runs]
    for _ in range(REPEATS + 1):
        for number, work in enumerate(runs):
            started = time.perf_counter()
            work()
            seconds[number].append(time.perf_counter() - started)
    return [statistics.median(found[1:]) for found in seconds]


def _check_out(root: Path) -> None:
    for path, data in environment(FILES, _REGISTRY):
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    identity = ("-c", "user.name=robot", "-c", "user.email=robot@example.com")
    run("git", "init", "--quiet", cwd=root)
    run("git", "add", "--all", cwd=root)
    run("git", *identity, "commit", "--quiet", "--message=Initial commit", cwd=root)


def _plan(root: Path) -> None:
    """What `mode: local` does between its start and its words."""
    changes = parse_image_lines(f"{_REGISTRY}/acme/{_NAME}:v2.0.0")
    store = WorktreeStore(root)
    config = load_config(".github/gitops.yaml", None)
    snapshot = store.read(commit="", folders=(), keep=make_keep(changes, ()))
    plan = make_plan(
        PlanRequest(
            snapshot=snapshot,
            environment=config.environments[0],
            config=config,
            changes=changes,
            digest_mode="keep",
        )
    )
    if tuple(plan.edits) != (f"applications/{_NAME}/deployment.yaml",):
        raise PartError(f"the plan is wrong: {tuple(plan.edits)}")


def _grep(root: Path) -> None:
    run("git", "grep", "--files-with-matches", "-F", f"{_REGISTRY}/acme/{_NAME}", cwd=root)


def _command(root: Path) -> None:
    image = f"--images={_REGISTRY}/acme/{_NAME}:v2.0.0"
    command = ("-m", "gitops_action", "bump", "--mode=local", "--dry-run", "--json", image)
    paths = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH", ""))))
    run(sys.executable, *command, cwd=root, env={"PYTHONPATH": paths})
