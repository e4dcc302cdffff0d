"""Runs Git, through GitPython where a server is asked: plain commands, no options of its own."""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import field
from http import HTTPStatus
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO, cast
from urllib.parse import urlsplit

from gitops_action.adapters.process import CommandLine, end, start
from gitops_action.core.dataclass import dataclass
from gitops_action.core.pattern import pattern
from gitops_action.core.pull_requests import Identity
from gitops_action.errors import GitOpsError, UsageError

if TYPE_CHECKING:
    from git.cmd import Git

# Which repository Git speaks to, as whom, and the environment that makes this safe.

_REPOSITORY = pattern(r"[A-Za-z0-9_][A-Za-z0-9_-]*/[A-Za-z0-9._-]+")
_STALL_SECONDS = 60
_STALL_BYTES = 100


@dataclass(frozen=True, kw_only=True)
class GitTarget:
    """A repository on a server, the token for it, and whose name commits bear.

    Attributes:
        server_url: for example `https://github.com`; `http` only where it says so itself.
        repository: `OWNER/NAME`.
        token: goes to Git through its environment alone.
        identity: author and committer.

    Raises:
        UsageError: the server's address or the repository's name cannot be used.
    """

    server_url: str
    repository: str
    token: str = field(repr=False)
    identity: Identity

    def __post_init__(self) -> None:
        """Nothing that Git could take for an option, another protocol or a file gets through."""
        parts = urlsplit(self.server_url)
        if parts.scheme not in {"https", "http"} or not parts.hostname or "@" in parts.netloc:
            raise UsageError(
                "`server-url` is not the address of a server", fix="write it as https://HOST"
            )
        if not _REPOSITORY.fullmatch(self.repository) or self.repository.endswith(("/.", "/..")):
            raise UsageError(
                f"`{self.repository}` is not the name of a repository", fix="write OWNER/NAME"
            )

    @property
    def url(self) -> str:
        """Where Git finds the repository; there is never an account in it."""
        return f"{self.server_url.rstrip('/')}/{self.repository}.git"

    @property
    def authorization(self) -> str:
        """The header's value; GitHub takes any token as the password of `x-access-token`."""
        pair = base64.b64encode(f"x-access-token:{self.token}".encode()).decode()
        return f"basic {pair}"

    def environment(self, folder: Path) -> Mapping[str, str]:
        """The variables for every Git command on the repository in `folder`.

        Personal and system settings are not read. Variables that lead Git elsewhere are set to
        our own places. What else was inherited is taken away when Git is started.
        """
        settings = self._settings()
        numbered = {"GIT_CONFIG_COUNT": str(len(settings))}
        for at, (key, value) in enumerate(settings):
            numbered |= {f"GIT_CONFIG_KEY_{at}": key, f"GIT_CONFIG_VALUE_{at}": value}
        return {
            "HOME": str(folder),  # curl, which Git uses, would look for accounts in ~/.netrc
            "GIT_DIR": str(folder),
            "GIT_COMMON_DIR": str(folder),
            "GIT_INDEX_FILE": str(folder / "gitops-index"),
            "GIT_OBJECT_DIRECTORY": str(folder / "objects"),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": "",
            "GIT_NAMESPACE": "",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_SYSTEM": os.devnull,
            "GIT_CONFIG_PARAMETERS": "",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ASKPASS": "",
            "SSH_ASKPASS": "",
            "GIT_TRACE": "0",
            "GIT_TRACE_CURL": "0",
            "GIT_TRACE_PACKET": "0",
            "GIT_TRACE_REDACT": "1",
            "GIT_LITERAL_PATHSPECS": "1",
            **self._signature(),
            **numbered,
        }

    def _signature(self) -> Mapping[str, str]:
        return {
            f"GIT_{role}_{what}": value
            for role in ("AUTHOR", "COMMITTER")
            for what, value in (("NAME", self.identity.name), ("EMAIL", self.identity.email))
        }

    def _settings(self) -> tuple[tuple[str, str], ...]:
        base = f"{self.server_url.rstrip('/')}/"
        scheme = urlsplit(self.server_url).scheme
        header = ((f"http.{base}.extraHeader", f"Authorization: {self.authorization}"),)
        return (
            *(header if self.token else ()),
            ("credential.helper", ""),
            ("core.hooksPath", os.devnull),
            ("core.fsmonitor", "false"),
            ("safe.directory", "*"),
            ("protocol.allow", "never"),
            (f"protocol.{scheme}.allow", "always"),
            ("http.followRedirects", "false"),
            ("http.lowSpeedLimit", str(_STALL_BYTES)),
            ("http.lowSpeedTime", str(_STALL_SECONDS)),
            ("gc.auto", "0"),
            ("maintenance.auto", "false"),
            ("push.negotiate", "true"),
            ("i18n.commitEncoding", "UTF-8"),
            ("advice.detachedHead", "false"),
        )


_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
_INHERITED = frozenset(
    (
        *("PATH", "LD_LIBRARY_PATH", "TMPDIR", *_PROXIES, *(name.lower() for name in _PROXIES)),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH"),
    )
)
"""What Git keeps of our environment: where programs, proxies and trusted certificates are."""
_ENGLISH = {"LANGUAGE": "C", "LC_ALL": "C"}
"""What Git says is read; GitPython sets the same."""


@dataclass(frozen=True, kw_only=True)
class GitResult:
    """What a command left behind. `stderr` is text with the token taken out."""

    status: int
    stdout: bytes
    stderr: str
    timed_out: bool = False


COMMAND_SECONDS = 600.0
"""How long one command of Git may take."""


class GitCommand:
    """Git on one bare repository of ours, in a folder that is ours alone."""

    def __init__(
        self,
        target: GitTarget,
        folder: Path,
        *,
        timeout: float = COMMAND_SECONDS,
        local: bool = False,
    ) -> None:
        """Take the repository, and the folder.

        Args:
            target: the repository that it speaks to.
            folder: of our own repository.
            timeout: a limit in seconds for a command.
            local: no server is asked, so that Git is started without GitPython, which takes
                longer to load than the commands take.
        """
        _refuse_without_git()
        self._folder = folder
        self._git = None if local else _load(folder)
        self._environment = target.environment(folder)
        self._secrets = tuple(
            secret for secret in (target.token, target.authorization.split()[1]) if secret
        )
        self.timeout = timeout

    def run(  # noqa: PLR0913 - the parts of a command line, and what surrounds it
        self,
        words: Sequence[str],
        *,
        values: Sequence[tuple[str, str]] = (),
        operands: Sequence[str] = (),
        settings: Sequence[tuple[str, str]] = (),
        stdin: bytes = b"",
        environ: Mapping[str, str] | None = None,
    ) -> GitResult:
        """Run one command to its end, whatever its status. See `CommandLine` for the arguments."""
        command = CommandLine(
            program="git",
            settings=tuple(settings),
            words=tuple(words),
            values=tuple(values),
            operands=tuple(operands),
        )
        variables = {**self._environment, **(environ or {})}
        with tempfile.TemporaryFile() as given:
            given.write(stdin)
            given.seek(0)
            return self._finish(self._started(command, given, variables))

    def start(self, words: Sequence[str]) -> subprocess.Popen[bytes]:
        """Start a command that reads its questions from a pipe; the caller ends it."""
        command = CommandLine(program="git", words=tuple(words))
        return self._started(command, subprocess.PIPE, self._environment)

    def _started(
        self, command: CommandLine, given: IO[bytes] | int, variables: Mapping[str, str]
    ) -> subprocess.Popen[bytes]:
        if self._git is None:
            kept = {name: os.environ[name] for name in _INHERITED if name in os.environ}
            environ = {**kept, **_ENGLISH, **variables}
            return start(command, stdin=given, environ=environ, cwd=self._folder)
        started = self._git.execute(
            [*_without_inherited(variables), *command.line],
            istream=cast("BinaryIO", given),
            as_process=True,
            env=variables,
            shell=False,
            start_new_session=True,  # so that its own children can be ended with it
        )
        process = cast("subprocess.Popen[bytes]", started.proc)
        started.proc = None  # else GitPython ends the process when nobody refers to `started`
        return process

    def _finish(self, process: subprocess.Popen[bytes]) -> GitResult:
        """Wait for the end. GitPython's own limit needs `ps`, which small images have not."""
        late = False
        try:
            stdout, stderr = process.communicate(timeout=self.timeout)
        except subprocess.TimeoutExpired:
            stdout, stderr, late = *end(process), True
        except BaseException:
            end(process)
            raise
        said = self._clean(stderr.decode("utf-8", "replace"))
        return GitResult(status=process.returncode, stdout=stdout, stderr=said, timed_out=late)

    def check(
        self,
        words: Sequence[str],
        *,
        values: Sequence[tuple[str, str]] = (),
        operands: Sequence[str] = (),
        stdin: bytes = b"",
        environ: Mapping[str, str] | None = None,
    ) -> bytes:
        """Run a command that works on our own folder and has no reason to fail.

        Raises:
            GitOpsError: it failed nevertheless.
        """
        result = self.run(words, values=values, operands=operands, stdin=stdin, environ=environ)
        if result.status:
            raise GitOpsError(f"`git {words[0]}` failed", cause=result.stderr.strip())
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


def _refuse_without_git() -> None:
    if shutil.which("git") is None:
        raise GitOpsError(
            "Git is not installed", cause="`transport: git` needs the program", fix="install git"
        )


def _load(folder: Path) -> Git:
    """Import GitPython without the `git version` that it starts then, with all our variables."""
    with _no_program():
        from git.cmd import Git  # noqa: PLC0415 - costs time that the API transport must not pay
    return Git(folder)


@contextmanager
def _no_program() -> Iterator[None]:
    """Let GitPython find no program at its import (see `git.refresh` in its documentation)."""
    own = {"GIT_PYTHON_GIT_EXECUTABLE": os.devnull, "GIT_PYTHON_REFRESH": "quiet"}
    before = {name: os.environ.pop(name, None) for name in own}
    os.environ.update(own)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


# From what Git says on standard error to an error that names cause and fix.

_STATUS = pattern(r"(?:returned error:|HTTP) (\d{3})")
_REMOTE = pattern(r"^remote: *(.*?) *$", re.MULTILINE)
_UNKNOWN_ACCOUNT = ("could not read Username", "could not read Password", "Authentication failed")
_UNKNOWN_COMMIT = ("server does not allow", "not our ref")
_MOVED = frozenset({301, 302, 307, 308})
_PERMANENT = range(400, 500)
_PASSING = frozenset({408, 425, 429})


class GitNetworkError(GitOpsError):
    """The server could not be reached, or the connection was cut: trying again may help."""


def failure(result: GitResult, target: GitTarget, *, writing: bool) -> GitOpsError:
    """The error for a command that spoke to the server and failed."""
    said = result.stderr
    found = _STATUS.search(said)
    status = int(found[1]) if found else 0
    told = _told(status, said, target, writing=writing)
    if told or (status in _PERMANENT and status not in _PASSING):
        return told or GitOpsError(f"{target.server_url} refuses", cause=f"HTTP status {status}")
    cause = f"it answers {status}" if status else last_line(said)
    cause = "no answer in time" if result.timed_out else cause
    return GitNetworkError(f"{target.server_url} cannot be reached", cause=cause)


def _told(status: int, said: str, target: GitTarget, *, writing: bool) -> GitOpsError | None:
    """The error that the server's answer names; None for anything else."""
    if status in _MOVED or "redirect" in said:
        return GitOpsError(
            f"{target.repository} has moved",
            cause="the server redirects to another address",
            fix="write its new name into `repository`",
        )
    if status == HTTPStatus.FORBIDDEN:
        return _forbidden(said, target, writing=writing)
    if status == HTTPStatus.UNAUTHORIZED or any(words in said for words in _UNKNOWN_ACCOUNT):
        return GitOpsError(
            f"The token is not accepted for {target.repository}",
            cause="it is missing, wrong, expired or revoked",
            fix="give a valid `token`",
        )
    if status == HTTPStatus.NOT_FOUND or "not found" in said:
        return GitOpsError(
            f"{target.repository} is not there, or the token cannot see it",
            cause=f"{target.server_url} answers 404",
            fix="correct `repository`, or give the token `contents: read` on it",
        )
    if any(words in said for words in _UNKNOWN_COMMIT):
        return GitOpsError(f"{target.repository} has not got this commit", cause=last_line(said))
    return None


def _forbidden(said: str, target: GitTarget, *, writing: bool) -> GitOpsError:
    right = "contents: write" if writing else "contents: read"
    return GitOpsError(
        f"The token may not {'write to' if writing else 'read'} {target.repository}",
        cause=remote_words(said) or "the server answers 403",
        fix=f"give the token `{right}` on {target.repository}",
    )


def remote_words(said: str) -> str:
    """The server's own message, on one line."""
    told = " ".join(line for line in _REMOTE.findall(said) if line)
    return "".join(letter for letter in told if letter.isprintable())


def last_line(said: str) -> str:
    """The line that says why: Git writes it last."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[-1].removeprefix("fatal: ") if lines else "Git says nothing"
