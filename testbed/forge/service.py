"""From a request to its answer: which part of the forge answers, and the faults on the way."""

from __future__ import annotations

import collections
import json
import re
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from testbed.forge import admin, archive, smart_http
from testbed.forge.errors import ApiError
from testbed.forge.faults import Fault
from testbed.forge.graphql.execute import Question, execute, understand
from testbed.forge.http import ConnectionCutError, HttpReply, HttpRequest
from testbed.forge.rest.dispatch import answer, find, unserved
from testbed.forge.rest.routing import Call, Operation, Reply
from testbed.forge.rest.views import etag
from testbed.forge.tokens import Token, presented
from testbed.forge.world import Request, World

_LIMITS = {
    "X-RateLimit-Limit": "5000",
    "X-RateLimit-Remaining": "4999",
    "X-RateLimit-Used": "1",
    "X-RateLimit-Reset": "4102444800",
    "X-RateLimit-Resource": "core",
    "X-GitHub-Media-Type": "github.v3; format=json",
}
_DOCUMENTATION = "https://docs.github.com/rest"
_REMEMBERED = 256


class Service:
    """Answers requests."""

    def __init__(self, world: World) -> None:
        """Answer from this world."""
        self.world = world
        self._answers: collections.OrderedDict[Any, HttpReply] = collections.OrderedDict()
        self._lock = threading.Lock()

    def handle(self, request: HttpRequest) -> HttpReply:
        """Answer a request, with the faults that wait for it, and record it.

        Raises:
            ConnectionCutError: the client is to see no answer.
        """
        path = _api_path(request)
        if request.path.startswith(admin.PREFIX):
            return admin.serve(self.world, request)
        if path is None:
            return self._other(request)
        if path == "/graphql":
            return self._graphql(request)
        return self._rest(request, path)

    def _other(self, request: HttpRequest) -> HttpReply:
        """Answer Git, downloads, and 404 for web pages."""
        if smart_http.matches(request.path):
            work: Callable[[], HttpReply] = lambda: smart_http.serve(self.world, request)  # noqa: E731
            operation = "git " + request.path.rsplit("/", 1)[1]
        else:
            work = lambda: archive.serve(self.world, request)  # noqa: E731
            operation = "web"
        reply = self._with_fault(request, operation, work)
        self._record(request, operation, None, reply.status, creating=False)
        return reply

    def _rest(self, request: HttpRequest, path: str) -> HttpReply:
        found = find(request.method, path)
        name = found[0].route.split(" ", 1)[1] if found else "unknown"
        token: Token | None = None
        try:
            token = self._token(request)
            if found is None:
                raise unserved(self.world, request.method, path)
            operation, parameters = found
            if operation.creates:
                self.world.content_limit.spend(token.account.login if token else "")
            work = self._rest_work(request, operation, parameters, token)
            reply = self._with_fault(request, name, work)
        except ApiError as error:
            reply = _json(Reply(status=error.status, body=error.body(), headers=error.headers))
        creating = bool(found and found[0].creates)
        self._record(request, name, token, reply.status, creating=creating)
        return reply

    def _rest_work(
        self,
        request: HttpRequest,
        operation: Operation,
        parameters: dict[str, str],
        token: Token | None,
    ) -> Callable[[], HttpReply]:
        def work() -> HttpReply:
            body = _parsed(request.plain_body())
            call = Call(
                world=self.world,
                base=f"{self.world.url}/api/v3",
                token=token,
                parameters=parameters,
                query=request.query,
                body=body if isinstance(body, dict) else {},
                accept=request.headers.get("accept", ""),
            )
            reply = answer(operation, call, f"{request.method} {request.path}", body)
            return _conditional(request, _json(reply))

        return work

    def _graphql(self, request: HttpRequest) -> HttpReply:
        token, question = None, None
        try:
            token = self._known_token(request)
            question = understand(_parsed(request.plain_body()))
            if question.mutates:
                self.world.content_limit.spend(token.account.login)
            reply = self._with_fault(
                request,
                f"{question.name} {question.label}",
                lambda: self._executed(question, token),
            )
        except ApiError as error:
            reply = _json(Reply(status=error.status, body=error.body(), headers=error.headers))
        name, creating = (question.name, question.mutates) if question else ("invalid", False)
        self._record(request, name, token, reply.status, creating=creating)
        return reply

    def _executed(self, question: Question, token: Token) -> HttpReply:
        return _json(Reply(body=execute(self.world, token, question)))

    def _known_token(self, request: HttpRequest) -> Token:
        token = self._token(request)
        if token is None:
            raise ApiError(status=401, message="This endpoint requires you to be authenticated.")
        return token

    def _token(self, request: HttpRequest) -> Token | None:
        return self.world.known(presented(request.headers.get("authorization")))

    def _with_fault(
        self, request: HttpRequest, operation: str, work: Callable[[], HttpReply]
    ) -> HttpReply:
        fault = self.world.faults.take(f"{request.method} {request.path} {operation}")
        if fault is None:
            return self._remember(request, work())
        time.sleep(fault.delay)
        if fault.action:
            fault.action()
        if fault.when == "before" and (fault.cut or fault.status):
            return _broken(fault)
        earlier = self._answers.get(_key(request)) if fault.stale else None
        reply = earlier or self._remember(request, work())
        return _broken(fault) if fault.cut or fault.status else reply

    def _remember(self, request: HttpRequest, reply: HttpReply) -> HttpReply:
        if reply.stream is None and not smart_http.matches(request.path):
            with self._lock:
                self._answers[_key(request)] = reply
                if len(self._answers) > _REMEMBERED:
                    self._answers.popitem(last=False)
        return reply

    def _record(
        self,
        request: HttpRequest,
        operation: str,
        token: Token | None,
        status: int,
        *,
        creating: bool,
    ) -> None:
        entry = Request(
            method=request.method,
            path=request.path,
            operation=operation,
            token_kind=token.kind if token else "",
            status=status,
            content_creating=creating,
        )
        with self.world.lock:
            self.world.requests.append(entry)


def _api_path(request: HttpRequest) -> str | None:
    """Return the path below the API's root, None when the request is not for the API.

    Both layouts are answered: GitHub Enterprise Server's (`/api/v3`, `/api/graphql`) and
    github.com's (a host `api.…` with everything at its root).
    """
    if request.host.startswith("api."):
        return request.path
    if request.path == "/api/graphql":
        return "/graphql"
    match = re.fullmatch(r"/api/v3(/.*)?", request.path)
    return (match[1] or "/") if match else None


def _key(request: HttpRequest) -> tuple[str, ...]:
    token = request.headers.get("authorization", "")
    return (request.method, request.path, request.query_string, token, str(hash(request.body)))


def _parsed(body: bytes) -> Any:
    if not body:
        return None
    try:
        return json.loads(body)
    except ValueError as error:
        raise ApiError(status=400, message="Problems parsing JSON") from error


def _json(reply: Reply) -> HttpReply:
    body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
    if reply.status in {HTTPStatus.NO_CONTENT, HTTPStatus.FOUND} or reply.body is None:
        body = b""
    kind = reply.content_type
    kind = "application/json; charset=utf-8" if kind == "application/json" else kind
    headers = {"Content-Type": kind, **_LIMITS, **reply.headers}
    return HttpReply(status=reply.status, body=body, headers=headers)


def _conditional(request: HttpRequest, reply: HttpReply) -> HttpReply:
    if request.method != "GET" or reply.status != HTTPStatus.OK:
        return reply
    tag = etag(reply.body)
    headers = {**reply.headers, "ETag": tag}
    if request.headers.get("if-none-match") == tag:
        return HttpReply(status=HTTPStatus.NOT_MODIFIED, headers=headers)
    return HttpReply(status=reply.status, body=reply.body, headers=headers)


def _broken(fault: Fault) -> HttpReply:
    if fault.cut:
        raise ConnectionCutError
    body: dict[str, Any] = {"message": fault.message, "documentation_url": _DOCUMENTATION}
    if fault.status == HTTPStatus.OK:
        body = {"errors": [{"message": fault.message}]}
    return _json(Reply(status=fault.status or 500, body=body, headers=fault.headers))
