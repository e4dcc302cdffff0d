"""A small text file that one run leaves for the next."""

from __future__ import annotations

from pathlib import Path

from gitops_action.errors import GitOpsError


class TextFile:
    """A file by its path; it need not be there yet."""

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
        """Put the text in place of what was there, as a whole or not at all.

        Raises:
            GitOpsError: it cannot be written.
        """
        beside = self._path.with_name(f"{self._path.name}.new")
        try:
            beside.write_text(text, encoding="utf-8")
            beside.replace(self._path)
        except OSError as error:
            raise self._failure("written", error) from None

    def _failure(self, what: str, error: Exception) -> GitOpsError:
        return GitOpsError(
            f"The file {self._path} cannot be {what}",
            cause=str(error),
            fix="name a file in a folder that is there and may be written to",
        )
