"""The action's image: what it adds to its base, what is pulled, and how soon a bump is done.

The last figure is what the image itself costs, on a busy machine too: the time that its layers take
at the registry's rate, and the CPU time of the daemon that unpacks them and of the container.

python -m benchmarks image
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.parts.figures import Figure
from benchmarks.parts.throttle import throttled
from testbed import reaper
from testbed.action import Step, run_step
from testbed.demo.layouts import APPLICATION, ENVIRONMENT, NEW_TAG, OVERLAYS
from testbed.demo.stage import Stage
from testbed.docker import action_image, base_image, daemon
from testbed.docker.daemon import answers
from testbed.docker.images import push, size
from testbed.process import PartError, run
from testbed.registry import Registry

MEGABYTE = 1_000_000
MOST = 220
COMPRESSED = 120
RATE = 50 * MEGABYTE
SECONDS = 10
_START_SECONDS = 60
_GROUPS = Path("/sys/fs/cgroup")


def measure() -> Iterator[Figure]:
    """Build the image and compare; push it, and pull it as a runner does.

    Raises:
        PartError: there is no Docker here.
    """
    with daemon(), reaper.scratch("bench-image") as folder:
        base, action = base_image(), action_image()
        yield _unpacked(action, base)
        with Registry.start(folder / "registry") as registry:
            named = ((base, "base"), (action, "action"))
            below, own = (sum(push(registry.address, *one)) for one in named)
            yield _compressed(below, own)
            try:
                yield _pulled(registry, folder, own - below)
            except PartError as error:
                yield _pull_figure(None, str(error))


def _unpacked(action: str, base: str) -> Figure:
    own, below = size(action), size(base)
    return Figure(
        row="image",
        name="image: size on top of its base",
        value=(own - below) / MEGABYTE,
        unit="MB",
        target=MOST,
        detail=f"{own / MEGABYTE:.0f} MB on {base} with {below / MEGABYTE:.0f} MB, unpacked",
    )


def _compressed(below: int, own: int) -> Figure:
    return Figure(
        row="image",
        name="image: compressed, as it is pulled",
        value=own / MEGABYTE,
        unit="MB",
        target=COMPRESSED,
        detail=f"of it {(own - below) / MEGABYTE:.0f} MB on top of this base",
    )


def _pulled(registry: Registry, folder: Path, own: int) -> Figure:
    """A daemon that has the base alone, as a hosted runner may, pulls the action and bumps."""
    with (
        _runner() as used,
        throttled(int(registry.address.rpartition(":")[2]), RATE) as port,
        Stage.open(folder / "stage", OVERLAYS) as stage,
    ):
        stage.registry.push_image(APPLICATION, NEW_TAG)
        run("docker", "pull", "--quiet", f"{registry.address}/base:1", timeout=600)
        image = f"localhost:{port}/action:1"
        began, before = time.perf_counter(), used()
        run("docker", "pull", "--quiet", image, timeout=600)
        pulled, unpacking = time.perf_counter() - began, used() - before
        result = run_step(_bump(stage), folder / "job", image=image)
        seconds, busy = time.perf_counter() - began, used() - before
        if result.exit_code:
            raise PartError(f"the bump failed:\n{result.log[-2000:]}")
    transfer = own / RATE
    return _pull_figure(
        transfer + busy,
        f"{transfer:.1f} s for the layers on top of the base, {unpacking:.1f} s CPU to unpack them,"
        f" {busy - unpacking:.1f} s CPU of container and bump; by the clock, with what else ran"
        f" here, {seconds:.1f} s, of which the pull took {pulled:.1f} s",
    )


def _pull_figure(seconds: float | None, detail: str) -> Figure:
    return Figure(
        row="image",
        name="image: pull at 50 MB/s and a whole bump",
        value=seconds,
        unit="s",
        target=SECONDS,
        detail=detail,
    )


def _bump(stage: Stage) -> Step:
    inputs = {
        "repository": ENVIRONMENT,
        "token": stage.token,
        "images": f"{stage.image}:{NEW_TAG}",
    }
    env = {
        "GITHUB_API_URL": stage.forge.api_url,
        "GITHUB_GRAPHQL_URL": stage.forge.graphql_url,
        "GITHUB_SERVER_URL": stage.forge.server_url,
        "GITHUB_REPOSITORY": APPLICATION,
    }
    return Step(inputs=inputs, env=env)


@contextlib.contextmanager
def _runner() -> Iterator[Callable[[], float]]:
    """A second, empty daemon, which `docker` talks to; gives CPU seconds, containers included."""
    before = dict(os.environ)
    # A short path: those of containerd's sockets end at 107 characters.
    with tempfile.TemporaryDirectory(prefix="dockerd-") as name, Path(name, "log").open("w") as log:
        host, group = f"unix://{name}/sock", f"gitops-action-bench-{os.getpid()}"
        process = subprocess.Popen(
            [
                *("dockerd", "--data-root", f"{name}/data", "--exec-root", f"{name}/exec"),
                *("--pidfile", f"{name}/pid", "--host", host),
                *("--bridge=none", "--iptables=false", "--ip6tables=false"),
                *("--exec-opt", "native.cgroupdriver=cgroupfs", "--cgroup-parent", f"/{group}"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        os.environ["DOCKER_HOST"] = host
        try:
            deadline = time.monotonic() + _START_SECONDS
            while not answers():
                if process.poll() is not None or time.monotonic() > deadline:
                    raise PartError(f"no second dockerd: {Path(log.name).read_text()[-1000:]}")
                time.sleep(0.2)
            yield lambda: _processes_cpu(process.pid) + _group_cpu(group)
        finally:
            os.environ.pop("DOCKER_HOST")
            os.environ.update(before)
            process.terminate()
            process.wait(_START_SECONDS)
            for folder in (_GROUPS / group, *_GROUPS.glob(f"*/{group}")):
                with contextlib.suppress(OSError):
                    folder.rmdir()
            # A container on the host's network leaves this mount behind.
            subprocess.run(
                ["umount", "--lazy", f"{name}/exec/netns/default"], check=False, capture_output=True
            )


def _processes_cpu(pid: int) -> float:
    """CPU seconds of a process and of those below it, ended ones included."""
    folder = Path(f"/proc/{pid}")
    try:
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
        below = " ".join(task.read_text() for task in folder.glob("task/*/children")).split()
    except OSError:  # it has ended meanwhile, and counts for the one above
        return 0.0
    own = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    return own + sum(_processes_cpu(int(each)) for each in below)


def _group_cpu(group: str) -> float:
    """CPU seconds of all containers of a control group, ended ones included."""
    second, first = _GROUPS / group / "cpu.stat", _GROUPS / "cpuacct" / group / "cpuacct.usage"
    if second.exists():
        return int(second.read_text().split()[1]) / 1e6
    return int(first.read_text()) / 1e9 if first.exists() else 0.0
