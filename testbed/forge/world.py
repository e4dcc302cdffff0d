"""Everything one forge knows: accounts, tokens, repositories, events, recorded requests."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from testbed.forge.errors import bad_credentials, not_found
from testbed.forge.events import Event
from testbed.forge.faults import Faults
from testbed.forge.git.history import History
from testbed.forge.git.store import GitStore
from testbed.forge.graphql import cost
from testbed.forge.graphql.cost import Cost
from testbed.forge.limits import ContentLimit
from testbed.forge.model import Repository
from testbed.forge.records import Account
from testbed.forge.teams import Organization, Role
from testbed.forge.tokens import Token, TokenKind, mint

if TYPE_CHECKING:
    from testbed.forge.archive import Ticket

WEB_FLOW = ("GitHub", "noreply@github.com")
ACTIONS = "github-actions[bot]"
ACTIONS_APP = 15368
"""The id of GitHub Actions as an App, on github.com."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request as recorded. `operation` is GitHub's id for REST, field names for GraphQL."""

    method: str
    path: str
    operation: str
    token_kind: str
    status: int
    content_creating: bool


class World:
    """The state; one lock guards the tables, each repository has its own."""

    def __init__(self, root: Path) -> None:
        """Start empty; repositories are made below this folder."""
        self.root = root
        self.url = ""
        self.enterprise_version = ""
        self.now_shift = 0
        self.lock = threading.RLock()
        self.accounts: dict[str, Account] = {}
        self.tokens: dict[str, Token] = {}
        self.repositories: dict[str, Repository] = {}
        self.organizations: dict[str, Organization] = {}
        self.events: list[Event] = []
        self.requests: list[Request] = []
        self.problems: list[str] = []
        self.faults = Faults()
        self.tickets: dict[str, Ticket] = {}
        self.content_limit = ContentLimit(self.now)
        self.points: dict[str, int] = {}
        self.unknown_first = True
        self.listeners: list[Callable[[Event], object]] = []
        self._ids = itertools.count(1001)
        self.account("web-flow", email=WEB_FLOW[1])

    def next_id(self) -> int:
        """Return a number that was never given out before."""
        with self.lock:
            return next(self._ids)

    def now(self) -> datetime:
        """Return the time in whole seconds, as GitHub writes it, `now_shift` seconds ahead."""
        real = datetime.now(UTC).replace(microsecond=0)
        return real + timedelta(seconds=self.now_shift)

    def account(self, login: str, email: str = "", *, organization: bool = False) -> Account:
        """Find an account, or make one."""
        with self.lock:
            known = self.accounts.get(login.lower())
            if known is None:
                bot = login.endswith("[bot]")
                known = Account(
                    id=self.next_id(),
                    login=login,
                    kind="Organization" if organization else "Bot" if bot else "User",
                    email=email or f"{login.removesuffix('[bot]')}@example.com",
                    app_id=self._app_id(login) if bot else None,
                )
                self.accounts[login.lower()] = known
            return known

    def _app_id(self, login: str) -> int:
        return ACTIONS_APP if login == ACTIONS else self.next_id()

    def organization(self, login: str) -> Organization:
        """Find an organisation, or make one."""
        with self.lock:
            known = self.organizations.get(login.lower())
            if known is None:
                account = self.account(login, organization=True)
                account.kind = "Organization"
                known = self.organizations[login.lower()] = Organization(
                    account=account,
                    created_at=self.now(),
                    next_id=self.next_id,
                    now=self.now,
                    find=self.account,
                )
            return known

    def account_of(self, email: str) -> Account | None:
        """Return the account that a commit's address belongs to."""
        with self.lock:
            for account in self.accounts.values():
                if account.kind != "Organization" and email in {account.email, account.noreply}:
                    return account
        return None

    def token(
        self,
        kind: TokenKind,
        login: str,
        repositories: list[str] | None,
        permissions: Mapping[str, str],
        role: Callable[[Repository], Role] | None = None,
    ) -> Token:
        """Give out a token."""
        chosen = None if repositories is None else frozenset(r.lower() for r in repositories)
        token = Token(
            text=mint(kind),
            kind=kind,
            account=self.account(login),
            repositories=chosen,
            permissions=permissions,
            role=role,
        )
        with self.lock:
            self.tokens[token.text] = token
        return token

    def known(self, text: str | None) -> Token | None:
        """Return the token with this text, None for an anonymous call.

        Raises:
            ApiError: 401, no such token.
        """
        if text is None:
            return None
        token = self.tokens.get(text)
        if token is None:
            raise bad_credentials()
        return token

    def repository(self, full_name: str, token: Token | None) -> Repository:
        """Find a repository as far as the token sees it.

        Raises:
            ApiError: 404, there is none or it is hidden.
        """
        found = self.repositories.get(full_name.lower())
        if found is None or (found.private if token is None else not token.sees(found)):
            raise not_found()
        return found

    def create_repository(
        self,
        full_name: str,
        *,
        default_branch: str = "main",
        private: bool = True,
        organization: bool = True,
    ) -> Repository:
        """Make an empty repository, of an organisation unless its owner is known as a person."""
        owner, _, name = full_name.partition("/")
        path = self.root / owner / f"{name}.git"
        store = GitStore.create(path, default_branch)
        repository = Repository(
            id=self.next_id(),
            owner=self.account(owner, organization=organization),
            name=name,
            private=private,
            default_branch=default_branch,
            created_at=self.now(),
            git=store,
            history=History(store),
        )
        if repository.owner.kind == "Organization":
            self.organization(owner)
        with self.lock:
            self.repositories[full_name.lower()] = repository
        return repository

    def spend_points(self, token: str, price: Cost) -> None:
        """Take a GraphQL query's points off a token's hour.

        Raises:
            ApiError: it asks for too much.
        """
        with self.lock:
            used = self.points.get(token, 0)
            cost.demand(price, used)
            self.points[token] = used + price.points

    def emit(self, event: Event) -> None:
        """Record an event, and let those who listen act on it."""
        with self.lock:
            self.events.append(event)
        for listener in self.listeners:
            listener(event)

    def problem(self, text: str) -> None:
        """Record that a caller or the double broke GitHub's description."""
        with self.lock:
            self.problems.append(text)

    def close(self) -> None:
        """End long-lived processes."""
        for repository in self.repositories.values():
            repository.git.close()
