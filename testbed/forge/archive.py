"""Downloads of a tree as tarball or zip, by `git archive` behind a short-lived address."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from urllib.parse import parse_qs

from testbed.forge.git.process import git_stream
from testbed.forge.http import HttpReply, HttpRequest
from testbed.forge.model import Repository
from testbed.forge.world import World

PREFIX = "/_codeload/"


@dataclass(frozen=True, kw_only=True)
class Ticket:
    """What a temporary address stands for."""

    repository: Repository
    oid: str
    form: str


def address(world: World, repository: Repository, oid: str, form: str) -> str:
    """Return a temporary address of a commit's archive; it needs no further token."""
    key = secrets.token_urlsafe(16)
    world.tickets[key] = Ticket(repository=repository, oid=oid, form=form)
    return f"{world.url}{PREFIX}{repository.full_name}/legacy.{form}/{oid}?token={key}"


def serve(world: World, request: HttpRequest) -> HttpReply:
    """Answer a download; everything else is a web page we do not have."""
    key = parse_qs(request.query_string).get("token", [""])[0]
    ticket = world.tickets.get(key) if request.path.startswith(PREFIX) else None
    if ticket is None:
        return HttpReply(status=404, body=b"Not Found", headers={"Content-Type": "text/plain"})
    repository = ticket.repository
    folder = f"{repository.owner.login}-{repository.name}-{ticket.oid[:7]}"
    options = (f"--format={ticket.form}", f"--prefix={folder}/")
    speed = ("-1",) if ticket.form == "tar.gz" else ()
    stream = git_stream(repository.git.path, "archive", *speed, *options, ticket.oid)
    kind = "application/x-gzip" if ticket.form == "tar.gz" else "application/zip"
    headers = {
        "Content-Type": kind,
        "Content-Disposition": f"attachment; filename={folder}.{ticket.form}",
    }
    return HttpReply(status=200, headers=headers, stream=stream)
