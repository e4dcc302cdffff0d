"""The forge as tests start it."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, Self

from testbed.forge import access, merge_queue, triggers
from testbed.forge.events import Event
from testbed.forge.faults import Fault
from testbed.forge.handle import Content, RepositoryHandle
from testbed.forge.model import Repository
from testbed.forge.records import Account
from testbed.forge.server import RunningServer
from testbed.forge.service import Service
from testbed.forge.teams import Organization, Role
from testbed.forge.tokens import JOB_DEFAULT, TokenKind
from testbed.forge.world import Request, World


class Forge:
    """A GitHub on a loopback port. Use as a context manager, or call `stop`."""

    def __init__(self, root: Path, port: int = 0) -> None:
        """Start serving."""
        root.mkdir(parents=True, exist_ok=True)
        self.world = World(root)
        self._server = RunningServer(Service(self.world), port)
        self.world.url = self._server.url
        self.world.listeners.append(functools.partial(merge_queue.watch, self.world))

    @classmethod
    def start(cls, root: Path, *, port: int = 0) -> Self:
        """Start one whose repositories lie below `root`; port 0 takes a free one."""
        return cls(root, port)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Stop."""
        self.stop()

    def stop(self) -> None:
        """Stop serving and end all processes."""
        self._server.stop()
        self.world.close()

    @property
    def server_url(self) -> str:
        """The root address: web pages (404) and Git at /OWNER/NAME.git."""
        return self.world.url

    @property
    def api_url(self) -> str:
        """The REST address, in GitHub Enterprise Server's layout."""
        return f"{self.world.url}/api/v3"

    @property
    def graphql_url(self) -> str:
        """The GraphQL address."""
        return f"{self.world.url}/api/graphql"

    @property
    def requests(self) -> list[Request]:
        """The requests so far; clear the list to start again."""
        return self.world.requests

    @property
    def events(self) -> list[Event]:
        """The events so far."""
        return self.world.events

    @property
    def problems(self) -> list[str]:
        """Breaches of GitHub's descriptions, by callers or by the double itself."""
        return self.world.problems

    def assert_clean(self) -> None:
        """Fail when GitHub's descriptions were broken.

        Raises:
            AssertionError: with all that was recorded.
        """
        if self.problems:
            raise AssertionError("the forge recorded problems:\n" + "\n".join(self.problems))

    def create_repository(
        self,
        full_name: str,
        *,
        files: Mapping[str, Content] | None = None,
        default_branch: str = "main",
        private: bool = True,
        creator: str = "alice",
    ) -> RepositoryHandle:
        """Make a repository, with one commit when there are files; its creator administers it."""
        made = self.world.create_repository(
            full_name, default_branch=default_branch, private=private
        )
        made.collaborators[self.world.account(creator).login] = "admin"
        handle = RepositoryHandle(self.world, made)
        if files:
            handle.commit(branch=default_branch, files=files, message="Initial commit")
        return handle

    def fork(self, full_name: str, *, owner: str) -> RepositoryHandle:
        """Fork a repository into an owner's account; branches come along, tags too."""
        parent = self.world.repositories[full_name.lower()]
        fork = self.world.create_repository(
            f"{owner}/{parent.name}",
            default_branch=parent.default_branch,
            private=parent.private,
            organization=False,
        )
        refs = ("refs/heads/*:refs/heads/*", "refs/tags/*:refs/tags/*")
        fork.git.run("fetch", "--quiet", str(parent.git.path), *refs)
        fork.parent = parent
        parent.forks.append(fork)
        return RepositoryHandle(self.world, fork)

    def repository(self, full_name: str) -> RepositoryHandle:
        """Return a repository that was made before."""
        return RepositoryHandle(self.world, self.world.repositories[full_name.lower()])

    def delete_repository(self, full_name: str) -> None:
        """Delete a repository."""
        gone = self.world.repositories.pop(full_name.lower())
        gone.deleted = True
        gone.git.close()
        shutil.rmtree(gone.git.path)

    def organization(self, login: str) -> Organization:
        """Return an organisation, for its members and teams (see `teams`)."""
        return self.world.organization(login)

    def app_id(self, login: str) -> int:
        """Return the id of the App behind a bot, which rules pin required statuses to."""
        found = self.world.account(login).app_id
        if found is None:
            raise KeyError(f"{login} is not the bot of an App")
        return found

    def token(
        self,
        *,
        kind: TokenKind = "app",
        login: str = "",
        repositories: list[str] | None = None,
        permissions: dict[str, str] | None = None,
        home: str | None = None,
    ) -> str:
        """Give out a token and return its text.

        Args:
            kind: "app" (an installation's), "user" (a person's through an App), "job" (what
                GITHUB_TOKEN is), "pat" (a personal access token).
            login: the account; the default fits the kind.
            repositories: OWNER/NAME it was made for; None: all.
            permissions: area to "read" or "write" (`rights("contents", read=("checks",))` writes
                that down); None: only metadata, and for a job what GitHub gives it by default.
            home: the repository of a job, the only one its token knows besides public ones.
        """
        defaults = {"app": "gitops-bot[bot]", "job": "github-actions[bot]"}
        chosen = [home] if kind == "job" and home else repositories
        account = login or defaults.get(kind, "alice")
        given = permissions if permissions is not None else JOB_DEFAULT if kind == "job" else {}
        role = None
        if kind in {"user", "pat"}:
            person = self.world.account(account)
            role = functools.partial(self._role, person)
        return self.world.token(kind, account, chosen, given, role).text

    def _role(self, person: Account, repository: Repository) -> Role:
        return access.role(self.world, repository, person)

    def run_workflows(self) -> None:
        """Let events start queued workflow runs from now on; see `triggers`."""
        self.world.listeners.append(functools.partial(triggers.start, self.world))

    def revoke(self, token: str) -> None:
        """Make a token unknown from now on."""
        del self.world.tokens[token]

    def fail(  # noqa: PLR0913 - one keyword a kind of fault reads best in a test
        self,
        match: str,
        *,
        status: int | None = None,
        times: int = 1,
        skip: int = 0,
        headers: Mapping[str, str] | None = None,
        message: str = "injected",
        when: Literal["before", "after"] = "before",
        cut: bool = False,
        delay: float = 0.0,
        action: Callable[[], Any] | None = None,
        stale: bool = False,
    ) -> Fault:
        """Let the next request that matches go wrong; see `Fault`."""
        fault = Fault(
            match=match,
            status=status,
            times=times,
            skip=skip,
            headers=headers or {},
            message=message,
            when=when,
            cut=cut,
            delay=delay,
            action=action,
            stale=stale,
        )
        self.world.faults.add(fault)
        return fault

    def advance_clock(self, seconds: int) -> None:
        """Put the forge's clock forward; merge queues notice."""
        self.world.now_shift += seconds
        for repository in self.world.repositories.values():
            merge_queue.settle_all(self.world, repository)

    def limit_content(self, per_minute: int | None = 80, per_hour: int = 500) -> None:
        """Switch the secondary limits for content-creating requests on; None: off."""
        self.world.content_limit.per_minute = per_minute
        self.world.content_limit.per_hour = per_hour
