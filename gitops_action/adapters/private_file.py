"""Files with secrets: readable by their owner alone from the first byte on."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from gitops_action.errors import GitOpsError


class PrivateFiles:
    """Files of this machine, relative ones from `here`."""

    def __init__(self, here: Path) -> None:
        """Nothing is written yet."""
        self._here = here

    def exists(self, path: str) -> bool:
        """Whether something is there already, a link that leads nowhere too."""
        return os.path.lexists(self._here / path)

    def write(self, path: str, text: str) -> None:
        """Write it beside its place with mode 0600, then move it there in one step.

        Raises:
            GitOpsError: the disk refuses; nothing was written.
        """
        place = self._here / path
        made: Path | None = None
        try:
            handle, name = tempfile.mkstemp(prefix=".gitops-action-", dir=place.parent)
            made = Path(name)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            made.replace(place)
        except OSError as error:
            if made is not None:
                made.unlink(missing_ok=True)
            raise GitOpsError(
                f"{path} could not be written",
                cause=error.strerror or type(error).__name__,
                fix="choose another place by --output",
            ) from None
