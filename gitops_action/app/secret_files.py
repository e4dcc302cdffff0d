"""Secrets for the command line: from a file or standard input, never from an argument."""

from __future__ import annotations

from pathlib import Path
from typing import TextIO

from gitops_action.errors import UsageError

STDIN = "-"


def read_secret(name: str, path: str, stdin: TextIO) -> str:
    """The content of the file, or of standard input for `-`, without the line break at its end.

    Raises:
        UsageError: it cannot be read or is empty.
    """
    try:
        text = stdin.read() if path == STDIN else Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise _unusable(name, path, str(reason)) from None
    if not text.strip():
        raise _unusable(name, path, "it is empty")
    return text.strip()


def _unusable(name: str, path: str, cause: str) -> UsageError:
    return UsageError(
        f"`--{name}-file` cannot be used",
        cause=f"{'standard input' if path == STDIN else path}: {cause}",
        fix="name a file that holds the secret, or `-` for standard input",
    )
