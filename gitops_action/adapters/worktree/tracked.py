"""Which files of a folder Git tracks or would track: no ignored ones, no other repository's.

Git is not started on the repository itself, whose settings could name programs to run: it reads a
copy of the index from a Git folder of ours. GitPython is left out, as importing it takes longer
than the whole listing.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from gitops_action.adapters.git.checkout import Checkout, find_checkout
from gitops_action.adapters.process import CommandLine, ProcessError, Runner
from gitops_action.core.dataclass import dataclass
from gitops_action.errors import UsageError

_SETTINGS = ("core.fsmonitor=false", "core.hooksPath=/dev/null", "core.untrackedCache=false")
_TIMEOUT = 60.0
_INHERITED = ("PATH", "HOME", "XDG_CONFIG_HOME")
"""The user's own settings name the user's own ignore file (gitignore, `core.excludesFile`)."""


@dataclass(frozen=True, kw_only=True)
class GitListing:
    """Paths relative to the folder.

    Attributes:
        files: what is tracked or would be; None where the folder is in no repository.
        notes: other repositories inside, and why there is no list.
    """

    files: frozenset[str] | None = None
    notes: tuple[str, ...] = ()

    @property
    def folders(self) -> frozenset[str]:
        """The folders that the files lie in."""
        found: set[str] = set()
        for path in self.files or ():
            while (path := os.path.dirname(path)) and path not in found:  # noqa: PTH120 - 20,000 paths
                found.add(path)
        return frozenset(found)


def tracked_files(folder: Path) -> GitListing:
    """List the files; everything counts in a folder that no repository knows anything of."""
    try:
        checkout = find_checkout(folder)
    except UsageError:
        return GitListing()
    with tempfile.TemporaryDirectory(prefix="gitops-action-index-") as place:
        _prepare(Path(place), checkout)
        try:
            listed = _list(folder, Path(place), checkout)
        except ProcessError as error:
            note = f"Git could not list the files, so ignored ones count too: {error.cause}"
            return GitListing(notes=(note,))
    nested = sorted(path.rstrip("/") for path in listed if path.endswith("/"))
    files = frozenset(path for path in listed if not path.endswith("/"))
    if not files:
        return GitListing()
    return GitListing(
        files=files, notes=tuple(f"the repository inside, {path}, is left alone" for path in nested)
    )


def _prepare(place: Path, checkout: Checkout) -> None:
    """A Git folder with nothing but the index and the list of excluded files."""
    for name in ("objects", "refs", "info"):
        (place / name).mkdir()
    (place / "HEAD").write_text("ref: refs/heads/none\n")
    shared = ((path, path.name) for path in checkout.folder.glob("sharedindex.*"))
    requested = (
        (checkout.folder / "index", "index"),
        (checkout.common / "info" / "exclude", "info/exclude"),
        *shared,
    )
    for source, name in requested:
        if source.is_file():
            shutil.copy2(source, place / name)


def _list(folder: Path, place: Path, checkout: Checkout) -> tuple[str, ...]:
    runner = Runner(environ=_environment(place, checkout), redact=str, timeout=_TIMEOUT)
    command = CommandLine(
        program="git",
        settings=tuple(("-c", setting) for setting in _SETTINGS),
        words=("ls-files", "-z", "--cached", "--others", "--exclude-standard"),
    )
    return runner.run(command, cwd=folder).fields()


def _environment(place: Path, checkout: Checkout) -> Mapping[str, str]:
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return inherited | {
        "GIT_DIR": str(place),
        "GIT_WORK_TREE": str(checkout.root),
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(checkout.objects),
        "GIT_OPTIONAL_LOCKS": "0",
        "LC_ALL": "C",
    }
