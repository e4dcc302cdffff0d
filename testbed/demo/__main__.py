"""Run the demo: `python -m testbed.demo [classic] [overlays]`.

KEEP=1 leaves everything up; ENGINE=flux lets Flux apply, instead of the job; VERBOSE=1 shows all
that GitHub's pages would show.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from testbed import reaper
from testbed.cache import ROOT
from testbed.demo.automation import Automation
from testbed.demo.cluster import Cluster
from testbed.demo.kept import ways_in
from testbed.demo.layouts import APPLICATION, ENGINES, LAYOUTS, NEW_TAG, Layout
from testbed.demo.preparation import Preparation
from testbed.demo.show import Screen
from testbed.demo.stage import Stage
from testbed.demo.story import Story
from testbed.docker import action_image, daemon, runner_image, why_no_docker
from testbed.docker.images import has_action_image, has_runner_image
from testbed.forge.model import PullRequest
from testbed.process import PartError

_IMAGES = ("buildx", "base-image", "action-image", "runner-image")
_WHERE = (
    "VERBOSE=1 shows all of it, KEEP=1 keeps servers and files; on GitHub: docs/ten-minutes.md.",
)
_ADAPTED = (
    "Flux reads the double by HTTP with a token, where the files say ssh://git@github.com and a"
    " deploy key; and it gives up the health check of a version as soon as there is a newer one"
    " (its feature gate CancelHealthCheckOnNewRevision)."
)


@dataclass(frozen=True, kw_only=True)
class Images:
    """The images a workflow runs in; both empty where there is no Docker."""

    action: str = ""
    runner: str = ""


def main(names: list[str], *, keep: bool, engine: str) -> int:
    """Show each layout; return the exit code."""
    # A log file has no width; a table needs some.
    console = Console(width=None if sys.stdout.isatty() else 120)
    screen = Screen(console, verbose=os.environ.get("VERBOSE") == "1")
    unknown = [name for name in names if name not in LAYOUTS]
    if unknown:
        screen.note(f"no layout {', '.join(unknown)}; there are {', '.join(LAYOUTS)}")
        return 2
    if engine not in ENGINES:
        screen.note(f"no engine {engine}; there are {', '.join(ENGINES)}")
        return 2
    reaper.protect()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        layouts = [replace(LAYOUTS[name], engine=engine) for name in names or LAYOUTS]
        with _folder(screen, keep=keep) as root:
            _run(screen, root, layouts, keep=keep)
    except PartError as error:
        screen.console.print(f"[red]✗[/] {error}", markup=True, highlight=False)
        return 1
    except KeyboardInterrupt:
        screen.note("interrupted")
        return 130
    return 0


@contextmanager
def _folder(screen: Screen, *, keep: bool) -> Iterator[Path]:
    """The demo's files: removed at the end, also of a demo that is killed, or kept."""
    if not keep:
        with reaper.scratch("demo") as folder:
            yield folder
        return
    kept = Path(tempfile.mkdtemp(prefix="gitops-demo-"))
    try:
        yield kept
    finally:
        screen.note(f"files are kept in {kept}")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a run of the demo has: images now, or images and the rest once they are made."""

    preparation: Preparation
    images: Images
    docker: bool
    keep: bool

    def later(self) -> Images:
        """The images that the preparation made, where none were there at the start."""
        return made_images() if self.docker and not self.images.action else Images()


def made_images() -> Images:
    """The images of action and runner."""
    return Images(action=action_image(), runner=runner_image())


def _run(screen: Screen, root: Path, layouts: list[Layout], *, keep: bool) -> None:
    reason = os.environ.get("WITHOUT_DOCKER") or why_no_docker()
    with daemon() if not reason else nullcontext():
        images = _images(screen, reason)
        screen.note("No cluster of yours is touched: KUBECONFIG is not read.")
        names = ["flux" if layouts[0].engine == "flux" else "cluster"]
        names += () if reason or images.action else _IMAGES
        preparation = Preparation(names)
        plan = Plan(preparation=preparation, images=images, docker=not reason, keep=keep)
        for layout in layouts:
            _show(screen, root / layout.name, layout, plan)
    screen.summary(*_WHERE)


def _images(screen: Screen, reason: str) -> Images:
    """The images when they are there; else say why the first release runs as processes."""
    if reason:
        screen.note(f"Without Docker ({reason}): no workflow runner and no image build;")
        screen.note("the same steps run as processes through entrypoint.py.")
        return Images()
    if has_action_image() and has_runner_image():
        return made_images()
    screen.note("The images of action and runner are made meanwhile: until they are there, the")
    screen.note("same steps run as processes through entrypoint.py.")
    return Images()


def _show(screen: Screen, root: Path, layout: Layout, plan: Plan) -> None:
    """First a pull request, which needs no cluster; then the cluster and what it makes of it."""
    screen.title(layout)
    with Stage.open(root, layout) as stage:
        screen.console.print(
            f"  GitHub double {stage.forge.server_url}, registry {stage.registry.address}"
        )
        screen.repository(stage, layout)
        pull = _propose(screen, stage, plan.images, NEW_TAG)
        screen.happened(
            f"{layout.name} (engine {layout.engine}): tag {NEW_TAG} of {APPLICATION} became pull"
            f" request #{pull.number}, {screen.seconds:.0f} s after the start"
        )
        _validate(screen, stage, pull)
        if not plan.preparation.done:
            screen.note("The control plane is being made; the next step waits for it.")
        with screen.operation("The control plane's programs are made"):
            plan.preparation.wait()
        with Cluster.start(root, layout) as cluster:
            _play(screen, stage, cluster, pull, plan)


def _play(screen: Screen, stage: Stage, cluster: Cluster, pull: PullRequest, plan: Plan) -> None:
    """What becomes of the pull request, on a cluster."""
    with screen.operation("An administrator prepares the cluster (cluster-config/)"):
        cluster.prepare(stage)
    if cluster.layout.engine == "flux":
        screen.note(_ADAPTED)
    story = Story(
        screen=screen,
        stage=stage,
        cluster=cluster,
        automation=Automation.install(stage),
        propose=lambda tag: _propose(screen, stage, plan.later(), tag),
    )
    story.play(pull)
    screen.running(cluster.running())
    stage.forge.assert_clean()
    if plan.keep:
        _wait(screen, ways_in(stage, cluster.plane.kubeconfig))


def _propose(screen: Screen, stage: Stage, images: Images, tag: str) -> PullRequest:
    """From a tag to a pull request."""
    with screen.operation(f"A developer pushes the tag {tag} of {APPLICATION}"):
        release = stage.release(tag)
    if images.action:
        with screen.operation("The release workflow runs under act, in containers"):
            stage.run_release(
                release,
                action_image=images.action,
                runner_image=images.runner,
                on_line=screen.act_line,
            )
    else:
        with screen.operation("tag, push of the image, bump"):
            stage.run_processes(release)
    pull = next(pull for pull in stage.environment.pull_requests() if not pull.merged_at)
    screen.pull_request(stage, pull, whole=tag == NEW_TAG)
    return pull


def _validate(screen: Screen, stage: Stage, pull: PullRequest) -> None:
    with screen.operation("The environment repository validates it"):
        validation = stage.validate(pull)
    screen.result("validate", validation)


def _wait(screen: Screen, commands: tuple[str, ...]) -> None:
    """Leave the servers up until someone ends it, and show by which commands to try them."""
    screen.note("KEEP=1: the servers stay up; try them from another terminal, Ctrl-C ends them")
    for command in commands:
        screen.console.print(f"  {command}", markup=False, highlight=False, soft_wrap=True)
    try:
        signal.pause()
    except KeyboardInterrupt:
        screen.console.print()


if __name__ == "__main__":
    os.chdir(ROOT)
    engine = os.environ.get("ENGINE") or "push"
    sys.exit(main(sys.argv[1:], keep=os.environ.get("KEEP") == "1", engine=engine))
