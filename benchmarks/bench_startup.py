"""What a bump costs before its first request, and which libraries it has loaded by then.

    python -m benchmarks startup

A server takes the first bytes and answers nothing; then the process is killed, and the system
reports the CPU time it used (wait4).
"""

from __future__ import annotations

import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.parts.figures import Figure
from testbed.cache import ROOT
from testbed.process import PartError

REPEATS = 7
SECONDS = 0.5
NEVER = ("kubernetes",)
HEAVY = ("jsonschema_rs", "ruamel.yaml", "git", "github", "jinja2", "rich", "cronsim", "packaging")
_RETRY_POLICY = 60


@dataclass(frozen=True, kw_only=True)
class Start:
    """How far a process came: its CPU seconds, and the modules it had imported, if asked for."""

    seconds: float
    modules: frozenset[str]


def measure() -> Iterator[Figure]:
    """Measure the start of `python entrypoint.py`."""
    start_once()
    seconds = [start_once().seconds for _ in range(REPEATS)]
    modules = start_once("-X", "importtime").modules
    loaded = [name for name in HEAVY if name in modules]
    yield Figure(
        row="startup",
        name="bump, from start to first request: CPU time",
        value=statistics.median(seconds),
        unit="s",
        target=SECONDS,
        detail=f"median of {REPEATS}; of {', '.join(HEAVY)} "
        + (f"it has loaded {', '.join(loaded)}" if loaded else "it has loaded none"),
    )
    yield Figure(
        row="startup",
        name=f"imports of {', '.join(NEVER)} by then",
        value=sum(name in modules for name in NEVER),
        unit="imports",
        target=0,
        exactly=True,
        detail=f"{len(modules)} modules in all",
    )


def start_once(*options: str) -> Start:
    """Start the action and stop it at its first request.

    Raises:
        PartError: it ended without a request.
    """
    with socket.create_server(("127.0.0.1", 0)) as server, tempfile.TemporaryFile() as log:
        server.settimeout(_RETRY_POLICY)
        port = server.getsockname()[1]
        process = subprocess.Popen(
            [sys.executable, *options, str(ROOT / "entrypoint.py")],
            env=_environment(port),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            connection, _ = server.accept()
            with connection:
                connection.recv(1)
        except TimeoutError:
            raise PartError("the action sends no request") from None
        finally:
            process.send_signal(signal.SIGKILL)
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        log.seek(0)
        text = log.read().decode("utf-8", "replace")
    names = re.findall(r"import time:[^|]*\|[^|]*\| +([\w.]+)", text)
    return Start(seconds=used.ru_utime + used.ru_stime, modules=frozenset(names))


def _environment(port: int) -> dict[str, str]:
    """A step of a job whose GitHub and whose registry is the server."""
    return {
        "PATH": os.environ["PATH"],
        "GITHUB_ACTIONS": "true",
        "INPUT_REPOSITORY": "acme/environment",
        "INPUT_TOKEN": "a token that goes nowhere",
        "INPUT_SERVER-URL": f"http://127.0.0.1:{port}",
        "INPUT_IMAGES": f"localhost:{port}/acme/web:v2.0.0",
    }
