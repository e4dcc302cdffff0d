"""Start and stop the test bed: `python -m testbed up|down|clean`.

`up` leaves a GitHub double with the demo's repositories and a registry running, prints where they
are and which token opens them, and starts Docker where none runs. `down` ends all of it. `clean`
also removes the images and the cache.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

from testbed import cache, reaper
from testbed.demo.layouts import ENVIRONMENT, OVERLAYS
from testbed.demo.stage import Stage
from testbed.docker import daemon, why_no_docker
from testbed.docker.images import remove_all
from testbed.process import PartError

_SECONDS = 60


def up() -> None:
    """Start everything and leave it running."""
    if _running():
        print("already up")
        print(_state().read_text())
        return
    reason = why_no_docker()
    if reason:
        print(f"without Docker: {reason}", file=sys.stderr)
    log = _state().with_name("log")
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "testbed", "serve"],
            cwd=cache.ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline = time.monotonic() + _SECONDS
    while not _running():
        if process.poll() is not None or time.monotonic() > deadline:
            process.terminate()
            raise PartError(f"the test bed does not start:\n{log.read_text()[-3000:]}")
        time.sleep(0.1)
    print(_state().read_text())


def serve() -> None:
    """Serve until SIGTERM or Ctrl-C; what `up` runs in the background."""
    reaper.protect()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    docker = nullcontext() if why_no_docker() else daemon()
    try:
        with docker, reaper.scratch("testbed") as root, Stage.open(root, OVERLAYS) as stage:
            _publish(stage)
            signal.pause()
    except KeyboardInterrupt:
        pass
    finally:
        _state().unlink(missing_ok=True)


def down() -> None:
    """Stop what `up` started."""
    pid = _running()
    if pid:
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + _SECONDS
        while _running() and time.monotonic() < deadline:
            time.sleep(0.1)
    print("stopped" if pid else "nothing was running")


def clean() -> None:
    """Stop what was started, remove the images that the test bed made, and the cache."""
    down()
    if not why_no_docker():
        with daemon():
            print(f"removed {remove_all()} images")
    cache.remove()
    print(f"removed {cache.root()}")


COMMANDS: dict[str, Callable[[], None]] = {
    "up": up,
    "down": down,
    "clean": clean,
    "serve": serve,
}


def _publish(stage: Stage) -> None:
    """Write where everything is, in one step, readable by us alone: it holds a token."""
    told = {
        "pid": os.getpid(),
        "server-url": stage.forge.server_url,
        "api-url": stage.forge.api_url,
        "graphql-url": stage.forge.graphql_url,
        "repository": ENVIRONMENT,
        "token": stage.token,
        "registry": stage.registry.address,
    }
    draft = _state().with_suffix(".new")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(told, indent=2))
    draft.replace(_state())


def _running() -> int:
    """The process id of the server that `up` started; 0 when none runs."""
    try:
        pid = int(json.loads(_state().read_text())["pid"])
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError, KeyError):
        return 0
    return pid if command[1:4] == [b"-m", b"testbed", b"serve"] else 0


def _state() -> Path:
    return cache.LOCAL / "up" / "state.json"


def main(arguments: list[str]) -> int:
    """Run one command; return the exit code."""
    if len(arguments) != 1 or arguments[0] not in COMMANDS:
        print(f"usage: python -m testbed {'|'.join(COMMANDS)}", file=sys.stderr)
        return 2
    try:
        COMMANDS[arguments[0]]()
    except PartError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
