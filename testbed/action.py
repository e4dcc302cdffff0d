"""Run one step of the action the way GitHub's runner does: its variables, files and mounts.

With an image it is `docker run` with the runner's mounts (actions/runner, "container action
handler"); without one the same entrypoint runs as a process.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from testbed.docker import owner_label
from testbed.preloaded import run_entrypoint

RUNNER_USER = 1001
"""The user that owns the runner's files; the container's root is another."""

_FILES = {
    "GITHUB_OUTPUT": "set_output",
    "GITHUB_STEP_SUMMARY": "step_summary",
    "GITHUB_ENV": "set_env",
    "GITHUB_STATE": "save_state",
    "GITHUB_PATH": "add_path",
}
_MOUNTS = ("workspace", "home", "workflow", "file_commands", "runner_temp")
# What a process needs of this machine: programs, temporary files, certificate authorities.
_KEPT = ("PATH", "TMPDIR", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")


@dataclass(frozen=True, kw_only=True)
class Step:
    """A step that uses the action.

    Attributes:
        inputs: the step's `with`, names as in action.yml.
        env: the job's `GITHUB_*` and other variables.
        event: the webhook payload.
    """

    inputs: Mapping[str, str]
    env: Mapping[str, str] = field(default_factory=dict)
    event: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class StepResult:
    """How the step ended: what it printed (both streams), set as outputs and summarised."""

    exit_code: int
    log: str
    outputs: Mapping[str, str]
    summary: str


def run_step(step: Step, root: Path, *, image: str = "", timeout: float = 300) -> StepResult:
    """Run the step.

    Args:
        step: what to run.
        root: a folder for the runner's files; `root/workspace` is the job's workspace.
        image: the action's image; empty runs `entrypoint.py` of this checkout as a process.
        timeout: seconds until it is given up.
    """
    seen = Path("/github") if image else root
    _prepare(root, step.event)
    variables = {**_variables(step, seen), **step.env}
    workspace = root / "workspace"
    if image:
        done = subprocess.run(
            _container(image, root, variables),
            cwd=workspace,
            env={**os.environ, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=timeout,
            check=False,
        )
    else:
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        done = run_entrypoint({**kept, **variables}, workspace, timeout=timeout)
    files = root / "file_commands"
    return StepResult(
        exit_code=done.returncode,
        log=done.stdout.decode("utf-8"),
        outputs=parse_outputs((files / _FILES["GITHUB_OUTPUT"]).read_text(encoding="utf-8")),
        summary=(files / _FILES["GITHUB_STEP_SUMMARY"]).read_text(encoding="utf-8"),
    )


def parse_outputs(text: str) -> dict[str, str]:
    """Read a GITHUB_OUTPUT file: `name=value` or `name<<DELIMITER` with lines up to it.

    Raises:
        ValueError: a line is neither, or a delimiter never comes; the runner fails then too.
    """
    outputs: dict[str, str] = {}
    lines = iter(text.splitlines())
    for line in lines:
        name, equals, value = line.partition("=")
        if "<<" in name or not equals:
            name, opened, delimiter = line.partition("<<")
            if not opened:
                raise ValueError(f"not an output: {line!r}")
            value = "\n".join(_until(lines, delimiter))
        outputs[name] = value
    return outputs


def _until(lines: Iterator[str], delimiter: str) -> Iterator[str]:
    for line in lines:
        if line == delimiter:
            return
        yield line
    raise ValueError(f"no end of the output that {delimiter!r} ends")


def _prepare(root: Path, event: Mapping[str, object]) -> None:
    """Make the runner's folders and files; as root they get the runner's user."""
    for name in _MOUNTS:
        (root / name).mkdir(parents=True, exist_ok=True)
    (root / "workflow" / "event.json").write_text(json.dumps(event))
    for name in _FILES.values():
        (root / "file_commands" / name).write_text("")
    if os.geteuid() == 0:
        for path in (root, *root.rglob("*")):
            os.chown(path, RUNNER_USER, RUNNER_USER, follow_symlinks=False)


def _variables(step: Step, seen: Path) -> dict[str, str]:
    """The variables of the step, with paths as the action sees them."""
    inputs = {
        f"INPUT_{name.replace(' ', '_').upper()}": value for name, value in step.inputs.items()
    }
    files = {name: str(seen / "file_commands" / file) for name, file in _FILES.items()}
    return {
        **inputs,
        **files,
        "CI": "true",
        "HOME": str(seen / "home"),
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_PATH": str(seen / "workflow" / "event.json"),
        "GITHUB_WORKSPACE": str(seen / "workspace"),
        "RUNNER_TEMP": str(seen / "runner_temp"),
    }


def _container(image: str, root: Path, variables: Mapping[str, str]) -> list[str]:
    """The runner names variables only; their values stay off the command line."""
    mounts = [f"--volume={root / name}:/github/{name}" for name in _MOUNTS]
    names = [f"--env={name}" for name in variables]
    return [
        *("docker", "run", "--rm", "--network=host", "--workdir=/github/workspace"),
        *("--label", owner_label()),
        *mounts,
        *names,
        image,
    ]
