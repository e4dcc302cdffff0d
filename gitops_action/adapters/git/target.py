"""Which repository Git speaks to, as whom, and the environment that makes this safe."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from gitops_action.core.branches import Identity
from gitops_action.errors import UsageError

_REPOSITORY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*/[A-Za-z0-9._-]+")
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
