"""Git over smart HTTP, by Git's own `git http-backend` (a CGI program)."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Mapping
from urllib.parse import unquote

from testbed.forge import pull_refs, refs, requirements, workflow_right
from testbed.forge.actors import Actor
from testbed.forge.errors import ApiError
from testbed.forge.git.process import environment
from testbed.forge.git.store import ABSENT, RefUpdate
from testbed.forge.http import HttpReply, HttpRequest
from testbed.forge.model import Repository
from testbed.forge.tokens import Token, presented
from testbed.forge.world import World

_PATH = re.compile(
    r"/(?P<name>[^/]+/[^/]+?)(?:\.git)?/(?P<service>info/refs|git-upload-pack|git-receive-pack)"
)
_CHALLENGE = {"WWW-Authenticate": 'Basic realm="GitHub"'}
_COMMAND = re.compile(rb"^([0-9a-f]{40}) ([0-9a-f]{40}) ([^\0\n]+)")


def matches(path: str) -> bool:
    """Return whether a path is one of the smart protocol."""
    return _PATH.fullmatch(path) is not None


def serve(world: World, request: HttpRequest) -> HttpReply:
    """Answer a request of the smart protocol."""
    match = _PATH.fullmatch(request.path)
    if match is None:
        return HttpReply(status=404)
    service = request.query.get("service") or match["service"]
    try:
        token = world.known(presented(request.headers.get("authorization")))
        repository = _entitled(world, unquote(match["name"]), token, service)
    except ApiError as error:
        headers = _CHALLENGE if error.status == 401 else {}  # noqa: PLR2004 - HTTP's number
        return HttpReply(status=error.status, body=error.message.encode(), headers=headers)
    if _lists_pulls(request, service):
        pull_refs.refresh(repository)
    if match["service"] != "git-receive-pack" or token is None:
        return _backend(repository, request, match["service"], {})
    return _receive(world, repository, request, Actor.of(token))


def _lists_pulls(request: HttpRequest, service: str) -> bool:
    """Return whether the answer lists pull requests' refs (gitprotocol-v2, "ls-refs")."""
    if service != "git-upload-pack":
        return False
    if request.method == "GET":
        return "version=2" not in request.headers.get("git-protocol", "")
    body = request.plain_body()
    if b"command=ls-refs" not in body:
        return False
    return b"ref-prefix " not in body or b"ref-prefix refs/pull" in body


def _entitled(world: World, name: str, token: Token | None, service: str) -> Repository:
    try:
        repository = world.repository(name, token)
    except ApiError as error:
        if token is None:
            raise ApiError(status=401, message="Authentication required") from error
        raise ApiError(status=404, message="Repository not found.") from error
    level = "write" if service == "git-receive-pack" else "read"
    if token is None and level == "write":
        raise ApiError(status=401, message="Authentication required")
    if token is not None and not token.may(repository, "contents", level):
        text = f"Permission to {repository.full_name}.git denied to {token.account.login}."
        raise ApiError(status=403, message=text)
    return repository


def _receive(world: World, repository: Repository, request: HttpRequest, actor: Actor) -> HttpReply:
    commands = _commands(request.plain_body())
    updates = [RefUpdate(ref=ref, new=new) for ref, new in commands.items()]
    refused = [u.ref for u in updates if refs.refused(world, repository, actor, u)]
    allowed = workflow_right.may_change_workflows(repository, actor)
    settings = {
        "FORGE_REFUSED": " ".join(refused),
        "FORGE_FORWARD": " ".join(requirements.forward_only(world, repository, actor, commands)),
        "FORGE_WORKFLOWS": "" if allowed else workflow_right.said(actor, "%s"),
    }
    with repository.lock:
        before = {ref: repository.git.ref(ref) for ref in commands}
        reply = _backend(repository, request, "git-receive-pack", settings)
        for ref, new in commands.items():
            if (repository.git.ref(ref) or ABSENT) == new:
                update = RefUpdate(ref=ref, new=new, old=before[ref] or ABSENT)
                refs.moved(world, repository, actor, update)
    return reply


def _commands(body: bytes) -> dict[str, str]:
    """Read the ref updates a push starts with (gitprotocol-pack, "Reference Update Request")."""
    found, at = {}, 0
    while (size := int(body[at : at + 4] or b"0", 16)) > 0:
        if match := _COMMAND.match(body[at + 4 : at + size]):
            found[match[3].decode()] = match[2].decode()
        at += size
    return found


def _backend(
    repository: Repository, request: HttpRequest, service: str, settings: Mapping[str, str]
) -> HttpReply:
    variables = {
        "GIT_PROJECT_ROOT": str(repository.git.path.parent),
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": f"/{repository.git.path.name}/{service}",
        "QUERY_STRING": request.query_string,
        "REQUEST_METHOD": request.method,
        "CONTENT_TYPE": request.headers.get("content-type", ""),
        "CONTENT_LENGTH": str(len(request.body)),
        "HTTP_CONTENT_ENCODING": request.headers.get("content-encoding", ""),
        "GIT_PROTOCOL": request.headers.get("git-protocol", ""),
        "REMOTE_USER": "forge",
        "REMOTE_ADDR": "127.0.0.1",
        **settings,
    }
    with tempfile.TemporaryFile() as body:
        body.write(request.body)
        body.seek(0)
        done = subprocess.run(
            ["git", "http-backend"],
            env=environment(variables),
            stdin=body,
            capture_output=True,
            check=False,
        )
    head, _, content = done.stdout.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
    status = int(headers.pop("Status", "200").split()[0])
    return HttpReply(status=status, body=content, headers=headers)
