"""What the process was started in, as one value that is passed on."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TextIO

from gitops_action.core.dataclass import dataclass
from gitops_action.core.inputs import every_secret
from gitops_action.core.inputs.values import variable
from gitops_action.core.redaction.known import Redactor

_RUNNER_SECRETS = ("ACTIONS_RUNTIME_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN")


@dataclass(frozen=True, kw_only=True)
class ProcessEnvironment:
    """Environment variables and standard streams; tests make their own."""

    environ: Mapping[str, str]
    stdin: TextIO
    stdout: TextIO
    stderr: TextIO

    @property
    def in_actions(self) -> bool:
        """Whether GitHub's runner reads our streams."""
        return self.environ.get("GITHUB_ACTIONS") == "true"

    @property
    def terminal(self) -> tuple[TextIO, TextIO] | None:
        """Where a person can be asked; None in a job and in a pipe."""
        asked = not self.in_actions and self.stdin.isatty() and self.stderr.isatty()
        return (self.stdin, self.stderr) if asked else None

    def redactor(self) -> Redactor:
        """Knows every secret that the environment may hold, before anything is read or said."""
        secrets = every_secret()
        names = [name for item in secrets for name in (variable(item.name), *item.variables)]
        return Redactor(self.environ.get(name, "") for name in (*names, *_RUNNER_SECRETS))


def of_this_process() -> ProcessEnvironment:
    """The surroundings of the running process."""
    return ProcessEnvironment(
        environ=dict(os.environ), stdin=sys.stdin, stdout=sys.stdout, stderr=sys.stderr
    )
