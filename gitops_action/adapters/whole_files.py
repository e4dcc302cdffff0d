"""Files that a run leaves for people or for the next run: written whole, or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from gitops_action.errors import GitOpsError, UsageError

_FOR_ALL = 0o644
_FOR_OWNER = 0o600


def _replace(place: Path, text: str, mode: int) -> None:
    """Write beside the place, readable by the owner alone, then move it there in one step.

    Raises:
        OSError: the disk refuses; nothing was written.
    """
    handle, name = tempfile.mkstemp(prefix=".gitops-action-", dir=place.parent)
    made = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        made.chmod(mode)
        made.replace(place)
    finally:
        made.unlink(missing_ok=True)


class PrivateFiles:
    """Files with secrets, relative ones from `here`: readable by their owner alone."""

    def __init__(self, here: Path) -> None:
        """Nothing is written yet."""
        self._here = here

    def exists(self, path: str) -> bool:
        """Whether something is there already, a link that leads nowhere too."""
        return os.path.lexists(self._here / path)

    def write(self, path: str, text: str) -> None:
        """Write it with mode 0600 from the first byte on.

        Raises:
            GitOpsError: the disk refuses; nothing was written.
        """
        try:
            _replace(self._here / path, text, _FOR_OWNER)
        except OSError as error:
            raise GitOpsError(
                f"{path} could not be written",
                cause=error.strerror or type(error).__name__,
                fix="choose another place by --output",
            ) from None


class OutputFiles:
    """Implements the port `OutputFile` below a folder."""

    def __init__(self, folder: Path) -> None:
        """Paths are relative to the folder."""
        self._folder = folder

    def write(self, path: str, text: str) -> None:
        """Write a file that a web server can read.

        Raises:
            UsageError: it cannot be written.
        """
        try:
            _replace(self._folder / path, text, _FOR_ALL)
        except OSError as error:
            raise UsageError(
                f"`{path}` cannot be written",
                cause=error.strerror or str(error),
                fix="give `output` a path in a folder that exists",
            ) from error


class TextFile:
    """A small file that one run leaves for the next; it need not be there yet."""

    def __init__(self, path: str) -> None:
        """Name it; a relative path starts at the folder that the process runs in."""
        self._path = Path(path)

    def read(self) -> str:
        """Its text; empty where it is not there.

        Raises:
            GitOpsError: it cannot be read.
        """
        try:
            return self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""
        except (OSError, ValueError) as error:
            raise self._failure("read", error) from None

    def write(self, text: str) -> None:
        """Put the text in place of what was there.

        Raises:
            GitOpsError: it cannot be written.
        """
        try:
            _replace(self._path, text, _FOR_ALL)
        except OSError as error:
            raise self._failure("written", error) from None

    def _failure(self, what: str, error: Exception) -> GitOpsError:
        return GitOpsError(
            f"The file {self._path} cannot be {what}",
            cause=str(error),
            fix="name a file in a folder that is there and may be written to",
        )
