"""Runs Git through GitPython: plain commands, no options of GitPython's own that are unsafe."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gitops_action.adapters.git.target import GitTarget
from gitops_action.errors import GitOpsError

if TYPE_CHECKING:
    from git.cmd import Git

_KILLED = "did not complete in"


@dataclass(frozen=True, kw_only=True)
class GitResult:
    """What a command left behind. `stderr` is text with the token taken out."""

    status: int
    stdout: bytes
    stderr: str


class GitCommand:
    """Git on one bare repository of ours, in a folder that is ours alone."""

    def __init__(self, target: GitTarget, folder: Path, *, timeout: float) -> None:
        """Take the repository it speaks to, the folder, and a limit in seconds for a command."""
        self._git = _load(folder)
        self._environment = target.environment(folder)
        self._secrets = tuple(
            secret for secret in (target.token, target.authorization.split()[1]) if secret
        )
        self._timeout = timeout

    def run(
        self,
        arguments: Sequence[str],
        *,
        stdin: bytes = b"",
        environ: Mapping[str, str] | None = None,
    ) -> GitResult:
        """Run one command to its end, whatever its status."""
        with tempfile.TemporaryFile() as given:
            given.write(stdin)
            given.seek(0)
            status, stdout, stderr = self._git.execute(
                ["git", *arguments],
                istream=given,
                with_extended_output=True,
                with_exceptions=False,
                stdout_as_string=False,
                strip_newline_in_stdout=False,
                kill_after_timeout=self._timeout,
                env={**self._environment, **(environ or {})},
                shell=False,
            )
        output = stdout if isinstance(stdout, bytes) else stdout.encode()
        return GitResult(status=status, stdout=output, stderr=self._clean(stderr))

    def check(
        self,
        arguments: Sequence[str],
        *,
        stdin: bytes = b"",
        environ: Mapping[str, str] | None = None,
    ) -> bytes:
        """Run a command that works on our own folder and has no reason to fail.

        Raises:
            GitOpsError: it failed nevertheless.
        """
        result = self.run(arguments, stdin=stdin, environ=environ)
        if result.status:
            raise GitOpsError(f"`git {arguments[0]}` failed", cause=result.stderr.strip())
        return result.stdout

    def _clean(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text


def timed_out(result: GitResult) -> bool:
    """Whether the command was ended by our limit."""
    return _KILLED in result.stderr


def _load(folder: Path) -> Git:
    """GitPython looks for the program when it is imported."""
    try:
        from git.cmd import Git  # noqa: PLC0415 - costs time that the API transport must not pay
    except ImportError as error:
        raise GitOpsError(
            "Git is not installed", cause="`transport: git` needs the program", fix="install git"
        ) from error
    return Git(folder)
