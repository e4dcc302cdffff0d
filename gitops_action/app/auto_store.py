"""`transport: auto`: the API, and Git for a write that the server's API has no call for."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gitops_action.adapters.github import ApiLacksError
from gitops_action.commands.ports import ContentStore
from gitops_action.core.branches import NewCommit
from gitops_action.core.files import Keep, Snapshot, Tip

Tell = Callable[[str], None]


class AutoStore:
    """Reads through the API and writes so too, until the API says that it cannot.

    That is GitHub Enterprise Server before 3.16, whose GraphQL has no `updateRefs`: the one call
    that moves a branch by compare-and-swap. Git's push has a lease for that. Both write the same
    tree, so that nothing else changes.
    """

    def __init__(self, api: ContentStore, git: Callable[[], ContentStore], tell: Tell) -> None:
        """Git is opened when it is first needed; `tell` takes the note on it."""
        self._api = api
        self._open_git = git
        self._tell = tell
        self._git: ContentStore | None = None

    def tip(self, *, base: str | None, config: str) -> Tip:
        """As the API reads it."""
        return self._api.tip(base=base, config=config)

    def read(self, *, commit: str, folders: tuple[str, ...], keep: Keep) -> Snapshot:
        """As the API reads it."""
        return self._api.read(commit=commit, folders=folders, keep=keep)

    def confirm(self, *, snapshot: Snapshot, paths: Sequence[str]) -> Snapshot:
        """As the API reads it."""
        return self._api.confirm(snapshot=snapshot, paths=paths)

    def write(self, commit: NewCommit) -> str:
        """Through the API; from the first time on that it cannot, by Git."""
        if self._git is None:
            try:
                return self._api.write(commit)
            except ApiLacksError as error:
                self._git = self._open_git()
                self._tell(f"written by Git, because the API cannot: {error.cause}")
        return self._git.write(commit)
