"""The runner's file commands: outputs, variables, state, path and summary.

Format: GitHub's documentation, "Workflow commands for GitHub Actions", environment files.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from gitops_action.adapters.workflow.summary import SUMMARY_LIMIT, shorten
from gitops_action.errors import GitOpsError

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


@dataclass(frozen=True, kw_only=True)
class FileCommands:
    """Writes to the files that the runner names in the job's environment.

    Attributes:
        environ: where the runner names them; a file that it does not name is not written.
        delimiter: a new text each time that no value can foresee.
    """

    environ: Mapping[str, str]
    delimiter: Callable[[], str]

    def set_outputs(self, outputs: Mapping[str, str]) -> None:
        """Set outputs of the step."""
        self._append("GITHUB_OUTPUT", self._pairs(outputs))

    def set_variables(self, variables: Mapping[str, str]) -> None:
        """Set environment variables for the later steps of the job."""
        self._append("GITHUB_ENV", self._pairs(variables))

    def save_state(self, state: Mapping[str, str]) -> None:
        """Keep values for the action's own post step."""
        self._append("GITHUB_STATE", self._pairs(state))

    def add_path(self, folder: str) -> None:
        """Put a folder in front of the later steps' PATH."""
        if "\n" in folder or "\r" in folder:
            raise ValueError("a folder on PATH has no line break")
        self._append("GITHUB_PATH", f"{folder}\n")

    def add_summary(self, markdown: str) -> None:
        """Add to the job summary, cut where the limit of the step would be passed."""
        named = self.environ.get("GITHUB_STEP_SUMMARY")
        if not named or not markdown:
            return
        path = Path(named)
        used = path.stat().st_size if path.exists() else 0
        text = shorten(f"{markdown.rstrip()}\n", SUMMARY_LIMIT - used)
        self._append("GITHUB_STEP_SUMMARY", text)

    def _pairs(self, values: Mapping[str, str]) -> str:
        return "".join(self._pair(name, value) for name, value in values.items())

    def _pair(self, name: str, value: str) -> str:
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name for an output or variable")
        delimiter = self.delimiter()
        if delimiter in value:
            raise ValueError("the delimiter is part of the value")
        return f"{name}<<{delimiter}\n{value}\n{delimiter}\n"

    def _append(self, variable: str, text: str) -> None:
        path = self.environ.get(variable)
        if not path or not text:
            return
        try:
            with Path(path).open("a", encoding="utf-8", errors="replace", newline="") as stream:
                stream.write(text)
        except OSError as error:
            raise GitOpsError(
                f"{variable} could not be written",
                cause=f"{path}: {error.strerror}",
                fix="let the step's user write to the runner's file",
            ) from error
