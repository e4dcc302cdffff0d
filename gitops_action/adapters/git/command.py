"""Runs Git through GitPython: plain commands, no options of GitPython's own that are unsafe."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from gitops_action.adapters.git.target import GitTarget
from gitops_action.adapters.process import end
from gitops_action.errors import GitOpsError

if TYPE_CHECKING:
    from git.cmd import Git

_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
_INHERITED = frozenset(
    (
        *("PATH", "LD_LIBRARY_PATH", "TMPDIR", *_PROXIES, *(name.lower() for name in _PROXIES)),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH"),
    )
)
"""What Git keeps of our environment: where programs, proxies and trusted certificates are."""


@dataclass(frozen=True, kw_only=True)
class GitResult:
    """What a command left behind. `stderr` is text with the token taken out."""

    status: int
    stdout: bytes
    stderr: str
    timed_out: bool = False


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
        variables = {**self._environment, **(environ or {})}
        with tempfile.TemporaryFile() as given:
            given.write(stdin)
            given.seek(0)
            started = self._git.execute(
                [*_without_inherited(variables), "git", *arguments],
                istream=given,
                as_process=True,
                env=variables,
                shell=False,
                start_new_session=True,  # so that its own children can be ended with it
            )
            return self._finish(cast("subprocess.Popen[bytes]", started.proc))

    def _finish(self, process: subprocess.Popen[bytes]) -> GitResult:
        """Wait for the end. GitPython's own limit needs `ps`, which small images have not."""
        late = False
        try:
            stdout, stderr = process.communicate(timeout=self._timeout)
        except subprocess.TimeoutExpired:
            stdout, stderr, late = *end(process), True
        except BaseException:
            end(process)
            raise
        said = self._clean(stderr.decode("utf-8", "replace"))
        return GitResult(status=process.returncode, stdout=stdout, stderr=said, timed_out=late)

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


def _without_inherited(variables: Mapping[str, str]) -> list[str]:
    """The start of a command that takes away what GitPython would hand on of our environment.

    There are tokens in it that are none of Git's business, and variables such as
    GIT_SSL_NO_VERIFY and GIT_ALLOW_PROTOCOL, which overrule settings by being there at all.
    """
    names = [name for name in os.environ if name not in _INHERITED and name not in variables]
    return ["env", *(part for name in names for part in ("-u", name))] if names else []


def _load(folder: Path) -> Git:
    """GitPython looks for the program when it is imported."""
    try:
        from git.cmd import Git  # noqa: PLC0415 - costs time that the API transport must not pay
    except ImportError as error:
        raise GitOpsError(
            "Git is not installed", cause="`transport: git` needs the program", fix="install git"
        ) from error
    return Git(folder)
