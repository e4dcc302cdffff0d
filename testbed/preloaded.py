"""Runs of the action without the time to import it: a process that has it forks for each.

A run of `entrypoint.py` or of the command line is a process of its own, with the environment, the
folder and the output that it is given. Hundreds of runs in a test suite import the same modules;
here they are imported once, in a server that each test process starts when it needs one. Where
`TESTBED_PRELOADED` is not set, and in the container, both are started as users start them.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import random
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from testbed import reaper

ROOT = Path(__file__).resolve().parents[1]
ENTRYPOINT = ROOT / "entrypoint.py"
WANTED = "TESTBED_PRELOADED"
_START_SECONDS = 60.0
_SIZE = 8
"""Bytes of the number that says how long a request is."""

_lock = threading.Lock()
_servers: dict[int, Path] = {}


def run_entrypoint(
    env: Mapping[str, str], cwd: Path, *, timeout: float
) -> subprocess.CompletedProcess[bytes]:
    """Run the entrypoint to its end; both streams are in `stdout`.

    Raises:
        subprocess.TimeoutExpired: it took too long, and was killed.
    """
    command = [sys.executable, str(ENTRYPOINT)]
    if not os.environ.get(WANTED):
        return subprocess.run(
            command,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=timeout,
            check=False,
        )
    with tempfile.TemporaryFile() as output:
        code = _forked({"env": dict(env), "cwd": str(cwd)}, [output.fileno()], timeout)
        output.seek(0)
        shown = output.read()
    if code is None:
        raise subprocess.TimeoutExpired(command, timeout, shown)
    return subprocess.CompletedProcess(command, code, shown)


def run_command_line(
    arguments: Sequence[str], env: Mapping[str, str], cwd: Path, *, timeout: float = 120
) -> subprocess.CompletedProcess[str]:
    """Run `python -m gitops_action` to its end; `PYTHONPATH` in `env` counts as there.

    Raises:
        subprocess.TimeoutExpired: it took too long, and was killed.
    """
    command = [sys.executable, "-m", "gitops_action", *arguments]
    if not os.environ.get(WANTED):
        return subprocess.run(
            command,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
    request = {"env": dict(env), "cwd": str(cwd), "arguments": list(arguments)}
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        code = _forked(request, [output.fileno(), errors.fileno()], timeout)
        output.seek(0)
        errors.seek(0)
        shown, reported = output.read(), errors.read()
    if code is None:
        raise subprocess.TimeoutExpired(command, timeout, shown, reported)
    return subprocess.CompletedProcess(command, code, shown, reported)


def _forked(request: Mapping[str, object], streams: list[int], timeout: float) -> int | None:
    """The exit code of a run in a fork of the server; None when it was killed.

    Args:
        request: its `env` and `cwd`, and the `arguments` of a command line.
        streams: the file of both outputs, or one for each.
        timeout: seconds.
    """
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(server()))
        text = json.dumps(request).encode()
        socket.send_fds(connection, [len(text).to_bytes(_SIZE, "big")], streams)
        connection.sendall(text)
        answer = connection.makefile("rb")
        process = int(answer.readline())
        connection.settimeout(timeout)
        try:
            return int(answer.readline())
        except TimeoutError:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
            return None


def server() -> Path:
    """The address of this process' server, which ends with this process."""
    with _lock:
        if os.getpid() not in _servers:
            stack = ExitStack()
            address = stack.enter_context(reaper.scratch("preloaded")) / "socket"
            process = subprocess.Popen(
                [sys.executable, "-m", "testbed.preloaded", str(address)],
                cwd=ROOT,
                stdin=subprocess.PIPE,  # its end is the server's end
                start_new_session=True,
            )
            stack.callback(process.wait)
            stack.callback(process.terminate)
            atexit.register(stack.close)
            _wait_for(address, process)
            _servers[os.getpid()] = address
        return _servers[os.getpid()]


def _wait_for(address: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not address.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("the server of preloaded runs does not start")
        time.sleep(0.05)


def serve(address: Path) -> None:
    """Fork for each connection, until the process that started this one is gone."""
    _load()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listener:
        unfinished = address.with_suffix(".new")
        listener.bind(str(unfinished))
        listener.listen(64)
        unfinished.rename(address)
        while True:
            ready, _, _ = select.select([listener, sys.stdin], [], [])
            if sys.stdin in ready:
                return
            connection, _ = listener.accept()
            with connection:
                if os.fork() == 0:
                    _supervise(connection)
                    return


def _load() -> None:
    """Import the action and what it imports late, and make what a run makes once.

    What is there by then is frozen: runs neither search it for garbage nor copy its pages.
    """
    for found in pkgutil.walk_packages([str(ROOT / "gitops_action")], "gitops_action."):
        if not found.name.endswith("__main__"):
            importlib.import_module(found.name)
    command = importlib.import_module("gitops_action.adapters.git.command")
    command._load(ROOT)  # noqa: SLF001 - the import of GitPython
    views = importlib.import_module("gitops_action.adapters.templates")._views()  # noqa: SLF001
    for name in views.list_templates():
        views.get_template(name)
    for each in gc.get_objects():
        if type(each).__module__ == "gitops_action.core.pattern":
            for method in ("match", "fullmatch", "search", "finditer", "sub"):
                getattr(each, method)
    gc.collect()
    gc.freeze()


def _supervise(connection: socket.socket) -> None:
    """Fork once more: this process reports how the run ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    size, streams, _, _ = socket.recv_fds(connection, _SIZE, 2)
    asked = json.loads(connection.recv(int.from_bytes(size, "big"), socket.MSG_WAITALL))
    process = os.fork()
    if process == 0:
        _be_in(streams, asked["env"], asked["cwd"])
        _run(asked.get("arguments"))
    with suppress(BrokenPipeError):
        connection.sendall(b"%d\n" % process)
        _, status = os.waitpid(process, 0)
        connection.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
    os._exit(0)


def _be_in(streams: Sequence[int], env: Mapping[str, str], cwd: str) -> None:
    """Take over what the run would have been started in."""
    null = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((null, 0), (streams[0], 1), (streams[-1], 2)):
        os.dup2(source, target)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    sys.path[:0] = filter(None, env.get("PYTHONPATH", "").split(os.pathsep))
    time.tzset()
    random.seed()


def _run(arguments: Sequence[str] | None) -> None:
    """Be the command line with these arguments, else the entrypoint; ends as a program does."""
    if arguments is None:
        sys.argv = [str(ENTRYPOINT)]
        runpy.run_path(str(ENTRYPOINT), run_name="__main__")
    else:
        sys.argv = ["gitops-action", *arguments]
        runpy.run_module("gitops_action", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
