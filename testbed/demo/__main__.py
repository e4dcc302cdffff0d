"""Run the demo: `python -m testbed.demo [classic] [overlays]`; KEEP=1 leaves everything up."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from testbed.cache import ROOT
from testbed.demo.layouts import APPLICATION, LAYOUTS, NEW_TAG, Layout
from testbed.demo.show import Screen
from testbed.demo.stage import Stage
from testbed.docker import action_image, daemon, runner_image, why_no_docker
from testbed.process import PartError


@dataclass(frozen=True, kw_only=True)
class Images:
    """The images a workflow runs in; both empty where there is no Docker."""

    action: str = ""
    runner: str = ""


def main(names: list[str], *, keep: bool) -> int:
    """Show each layout; return the exit code."""
    # A log file has no width; a table needs some.
    screen = Screen(Console(width=None if sys.stdout.isatty() else 120))
    unknown = [name for name in names if name not in LAYOUTS]
    if unknown:
        screen.note(f"no layout {', '.join(unknown)}; there are {', '.join(LAYOUTS)}")
        return 2
    root = Path(tempfile.mkdtemp(prefix="gitops-demo-"))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        _run(screen, root, [LAYOUTS[name] for name in names or LAYOUTS], keep=keep)
    except PartError as error:
        screen.console.print(f"[red]✗[/] {error}", markup=True, highlight=False)
        return 1
    except KeyboardInterrupt:
        screen.note("interrupted")
        return 130
    finally:
        if keep:
            screen.note(f"files are kept in {root}")
        else:
            shutil.rmtree(root, ignore_errors=True)
    return 0


def _run(screen: Screen, root: Path, layouts: list[Layout], *, keep: bool) -> None:
    reason = os.environ.get("WITHOUT_DOCKER") or why_no_docker()
    with daemon() if not reason else nullcontext():
        images = _images(screen, reason)
        for layout in layouts:
            _show(screen, root / layout.name, layout, images, keep=keep)


def _images(screen: Screen, reason: str) -> Images:
    """Make the images, or say that the demo goes on without Docker."""
    if reason:
        screen.note(f"Without Docker ({reason}): no workflow runner and no image build;")
        screen.note("the same steps run as processes through entrypoint.py.")
        return Images()
    with screen.doing("Build the action's image (the first time takes minutes)"):
        action = action_image()
    with screen.doing("Build the runner's image"):
        runner = runner_image()
    return Images(action=action, runner=runner)


def _show(screen: Screen, root: Path, layout: Layout, images: Images, *, keep: bool) -> None:
    screen.title(layout)
    with Stage.open(root, layout) as stage:
        screen.console.print(
            f"  GitHub double {stage.forge.server_url}, registry {stage.registry.address}"
        )
        screen.repository(stage, layout)
        with screen.doing(f"A developer pushes the tag {NEW_TAG} of {APPLICATION}"):
            release = stage.release(NEW_TAG)
        if images.action:
            with screen.doing("The release workflow runs under act, in containers"):
                stage.run_release(
                    release,
                    action_image=images.action,
                    runner_image=images.runner,
                    on_line=screen.act_line,
                )
        else:
            with screen.doing("tag, push of the image, bump"):
                stage.run_processes(release)
        for pull in stage.environment.pull_requests():
            screen.pull_request(stage, pull)
            with screen.doing("The environment repository validates it"):
                validation = stage.validate(pull)
            screen.validation(validation)
        stage.forge.assert_clean()
        if keep:
            _wait(screen)


def _wait(screen: Screen) -> None:
    """Leave the servers up until somebody ends it."""
    screen.note("KEEP=1: the servers stay up; Ctrl-C goes on")
    try:
        signal.pause()
    except KeyboardInterrupt:
        screen.console.print()


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main(sys.argv[1:], keep=os.environ.get("KEEP") == "1"))
