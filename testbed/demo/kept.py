"""What a person can do with the servers of a demo that stays up."""

from __future__ import annotations

from pathlib import Path
from shlex import quote

from testbed.demo.layouts import ENVIRONMENT
from testbed.demo.stage import Stage
from testbed.forge import rights

_PERSON = rights(
    "contents", "pull_requests", "issues", "statuses", "actions", read=("deployments", "checks")
)


def ways_in(stage: Stage, kubeconfig: str) -> tuple[str, ...]:
    """Leave a token and a kubeconfig in private files; return commands that use them."""
    token = stage.forge.token(kind="pat", login="alice", permissions=_PERSON)
    files = [
        _private(stage.root / name, text)
        for name, text in (("token", token), ("kubeconfig", kubeconfig))
    ]
    to_github = f"--server-url {stage.forge.server_url} --repository {ENVIRONMENT}"
    return (
        f".venv/bin/gitops-action status {to_github} --token-file {quote(str(files[0]))}",
        f".venv/bin/kubectl --kubeconfig {quote(str(files[1]))} get pods --all-namespaces",
    )


def _private(file: Path, text: str) -> Path:
    file.touch(mode=0o600)
    file.write_text(text, encoding="utf-8")
    return file
