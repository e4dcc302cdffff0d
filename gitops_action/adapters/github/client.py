"""One GitHub: its two transports, retries, and errors made readable."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, TypeVar
from urllib.parse import quote, urlsplit

from gitops_action.adapters.github import errors
from gitops_action.adapters.github.reply import Reply
from gitops_action.adapters.retry import RetryPolicy, retry
from gitops_action.core.pull_requests import Identity
from gitops_action.errors import OutcomeUnknownError, UsageError

if TYPE_CHECKING:
    import requests

    from gitops_action.adapters.github.rest import Rest
    from gitops_action.adapters.github.transport import Transport

# Trying again: reads freely, writes only after a look at what the last try did.

T = TypeVar("T")


RETRIES = RetryPolicy(attempts=5, jitter=1.0)
"""A pause that GitHub asks for beyond `longest` is not waited for: the error says until when."""


class Retrier:
    """Runs requests until they succeed, fail for good, or the policy ends it."""

    def __init__(self, *, now: Callable[[], datetime], policy: RetryPolicy) -> None:
        """Take the clock that limits are reckoned with."""
        self._now = now
        self._policy = policy

    def read(self, action: Callable[[], T], *, attempts: int | None = None) -> T:
        """Run something that may be repeated at will.

        Raises:
            RequestFailure: the last failure, when the policy ends it or it will not pass.
        """
        return self._run(action, attempts)

    def write(self, action: Callable[[], T], find: Callable[[], T | None]) -> T:
        """Run a write; after a failure that may have taken effect, `find` looks before a repeat.

        Raises:
            RequestFailure: the last failure; `find` saw that nothing had taken effect.
            OutcomeUnknownError: it may have taken effect, and `find` could not determine it.
        """
        doubt = False

        def attempt() -> T:
            nonlocal doubt
            if doubt and (found := find()) is not None:
                return found
            doubt = False
            try:
                return action()
            except errors.RequestFailure as failure:
                doubt = failure.uncertain
                raise

        try:
            return self._run(attempt, None)
        except errors.RequestFailure:
            if doubt and (found := self._last_look(find)) is not None:
                return found
            raise

    def _last_look(self, find: Callable[[], T | None]) -> T | None:
        try:
            return self.read(find)
        except errors.RequestFailure as failure:
            raise OutcomeUnknownError(
                "a request to GitHub was cut off, so it is not known whether it took effect",
                cause=failure.message,
                fix="run again: it looks first and does nothing twice",
            ) from None

    def _run(self, action: Callable[[], T], attempts: int | None) -> T:
        policy = replace(self._policy, attempts=attempts) if attempts else self._policy
        return retry(action, policy, self._again)

    def _again(self, error: Exception) -> bool | float:
        if not isinstance(error, errors.RequestFailure) or not error.passing:
            return False
        pause = error.pause(self._now())
        return True if pause is None else pause


class RetryClock(Protocol):
    """The time, which rate limits are reckoned with."""

    def now(self) -> datetime:
        """The present, with a time zone."""
        ...


class GitHubClient:
    """Requests to one GitHub as one identity, with retries and translated errors.

    `graphql` and `reading` are complete; `mutate` and `rest` are single tries for use within
    `reading` and `writing`, and raise RequestFailure.
    """

    def __init__(
        self, *, token: str, api_url: str, graphql_url: str, clock: RetryClock, policy: RetryPolicy
    ) -> None:
        """Keep the addresses; connections open with the first request."""
        self._token = token
        self._api_url = api_url
        self._graphql_url = graphql_url
        self._clock = clock
        self._retrier = Retrier(now=clock.now, policy=policy)
        self._made = threading.Lock()
        self._transport_made: Transport | None = None
        self._rest_made: Rest | None = None
        self._renamed: dict[str, str] = {}

    @property
    def mail_host(self) -> str:
        """Host of no-reply addresses: `users.noreply.github.com`, or that of an Enterprise."""
        host = urlsplit(self._api_url).hostname or "github.com"
        return f"users.noreply.{host.removeprefix('api.')}"

    def identity(self, viewer: Reply) -> Identity:
        """Make the identity of a `viewer {login databaseId}` answer."""
        login = viewer.text("login")
        email = f"{viewer.number('databaseId')}+{login}@{self.mail_host}"
        return Identity(login=login, name=login, email=email)

    def remember_name(self, asked: str, real: str) -> None:
        """Note a renamed repository: REST would answer each write there with a redirect."""
        if real and real.lower() != asked.lower():
            self._renamed[asked] = real

    def path(self, repository: str, *parts: str) -> str:
        """Build a REST path below a repository; parts are quoted."""
        name = self._renamed.get(repository, repository)
        return "/".join(("/repos", quote(name), *(quote(part, safe="") for part in parts)))

    def graphql(
        self,
        document: str,
        variables: Mapping[str, object],
        purpose: errors.Purpose,
        *,
        attempts: int | None = None,
    ) -> Reply:
        """Run a query.

        Raises:
            GitOpsError: it failed for good.
        """
        return self.reading(lambda: self.mutate(document, variables), purpose, attempts=attempts)

    def mutate(self, document: str, variables: Mapping[str, object]) -> Reply:
        """Send one GraphQL document once; raises RequestFailure."""
        return self._transport.graphql(document, variables)

    def rest(
        self,
        verb: str,
        path: str,
        body: Mapping[str, object] | None = None,
        query: Mapping[str, object] | None = None,
    ) -> object:
        """Send one REST request once; raises RequestFailure."""
        return self._rest.request(verb, path, body, query)

    def found(
        self, path: str, purpose: errors.Purpose, query: Mapping[str, object] | None = None
    ) -> object | None:
        """GET something that may not be there: None where GitHub answers 404.

        Raises:
            GitOpsError: it failed for good.
        """

        def attempt() -> object | None:
            try:
                return self.rest("GET", path, query=query)
            except errors.RequestFailure as failure:
                if failure.status == errors.HTTP_NOT_FOUND:
                    return None
                raise

        return self.reading(attempt, purpose)

    def page(self, path: str, query: Mapping[str, object]) -> tuple[object, str]:
        """Get one page of a list with cursors, and the next one's; raises RequestFailure."""
        return self._rest.page(path, query)

    @contextmanager
    def stream(self, path: str, accept: str) -> Iterator[requests.Response]:
        """GET bytes as they come, once; raises RequestFailure."""
        with self._transport.stream(path, accept) as response:
            yield response

    def reading(
        self, action: Callable[[], T], purpose: errors.Purpose, *, attempts: int | None = None
    ) -> T:
        """Run something repeatable until it succeeds.

        Raises:
            GitOpsError: it failed for good.
        """
        return self.translated(lambda: self._retrier.read(action, attempts=attempts), purpose)

    def writing(
        self, action: Callable[[], T], find: Callable[[], T | None], purpose: errors.Purpose
    ) -> T:
        """Run a write; `find` checks after a failure whether it took effect all the same.

        Raises:
            GitOpsError: it failed for good.
        """
        return self.translated(lambda: self._retrier.write(action, find), purpose)

    def translated(self, action: Callable[[], T], purpose: errors.Purpose) -> T:
        """Run something, with a RequestFailure made into an error for the user."""
        try:
            return action()
        except errors.RequestFailure as failure:
            raise errors.translate(failure, purpose, self._clock.now()) from None

    @property
    def _transport(self) -> Transport:
        from gitops_action.adapters.github.transport import Transport  # noqa: PLC0415 - loads `requests`

        with self._made:
            if self._transport_made is None:
                self._transport_made = Transport(
                    token=self._token, api_url=self._api_url, graphql_url=self._graphql_url
                )
            return self._transport_made

    @property
    def _rest(self) -> Rest:
        from gitops_action.adapters.github.rest import Rest  # noqa: PLC0415 - half a second

        with self._made:
            if self._rest_made is None:
                self._rest_made = Rest(token=self._token, api_url=self._api_url)
            return self._rest_made


def connect(
    token: str, api_url: str, graphql_url: str, clock: RetryClock, policy: RetryPolicy = RETRIES
) -> GitHubClient:
    """Prepare a client; nothing is sent and nothing heavy loaded before the first request.

    Raises:
        UsageError: there is no token, or an address is none.
    """
    if not token.strip():
        raise UsageError(
            "there is no token",
            cause="the input `token` is empty (secrets are empty in runs for forks' pull requests)",
            fix="pass a token with the rights `contents: write` and `pull-requests: write`",
        )
    for name, url in (("api-url", api_url), ("graphql-url", graphql_url)):
        if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
            raise UsageError(f"`{name}` is not an address: {url}", fix="https://HOST/…")
    return GitHubClient(
        token=token.strip(),
        api_url=api_url,
        graphql_url=graphql_url,
        clock=clock,
        policy=policy,
    )


def owner_and_name(repository: str) -> dict[str, object]:
    """Split OWNER/NAME into the variables that our documents take.

    Raises:
        UsageError: it is not of that form.
    """
    owner, slash, name = repository.partition("/")
    if not (owner and slash and name) or "/" in name:
        raise UsageError(f"`repository` must be OWNER/NAME, not `{repository}`")
    return {"owner": owner, "name": name}
