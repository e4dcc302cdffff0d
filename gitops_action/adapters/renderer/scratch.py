"""A copy of just the files that a render stands on."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from gitops_action.core.files import SYMLINK, RepositoryFile
from gitops_action.core.rendering.layout import Layout

_TOP = "repository"
_HOME = "home"


class Scratch:
    """A temporary folder with the files below `top`, and an empty home for programs."""

    def __init__(self) -> None:
        """Make the folder; it is removed at the end of the `with` block."""
        self._folder = tempfile.TemporaryDirectory(prefix="gitops-action-")
        root = Path(self._folder.name).resolve()
        self.top = root / _TOP
        self.home = root / _HOME
        self.top.mkdir()
        self.home.mkdir()
        self._written = False

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove everything."""
        self._folder.cleanup()

    def write(self, files: Mapping[str, RepositoryFile], layout: Layout) -> None:
        """Write the files, once; links only where they lead to something inside."""
        if self._written:
            return
        self._written = True
        made: set[Path] = set()
        for path, file in files.items():
            target = self.top / path
            if target.parent not in made:
                target.parent.mkdir(parents=True, exist_ok=True)
                made.add(target.parent)
            if file.mode != SYMLINK:
                target.write_bytes(file.data)
            elif layout.follow("", path).path is not None:
                target.symlink_to(file.data.decode(errors="surrogateescape"))

    def replace(self, path: str, data: bytes) -> None:
        """Write something else in a file's place; a link in its place is no longer one."""
        target = self.top / path
        target.unlink(missing_ok=True)
        target.write_bytes(data)

    def clean(self, text: str) -> str:
        """A program's words with paths from the repository's top: where we work is no one's."""
        for place, shown in ((f"{self.top}/", ""), (str(self.top), "."), (str(self.home), "~")):
            text = text.replace(place, shown)
        return text
