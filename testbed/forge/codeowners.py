"""CODEOWNERS: whose review a changed file needs (documentation "About code owners").

The base branch's file decides, the first found of `.github/`, the root and `docs/`. Of a file's
lines the last that matches counts; a line without owners takes ownership away. Owners without
write access are ignored.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from testbed.forge import access
from testbed.forge.model import PullRequest, Repository
from testbed.forge.world import World

PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")


@dataclass(frozen=True)
class Owners:
    """The owners of files: logins, and slugs of teams."""

    people: frozenset[str]
    teams: frozenset[str]

    def __str__(self) -> str:
        """Name them."""
        return " and/or ".join(sorted({*self.people, *self.teams}))


def owners(world: World, repository: Repository, branch: str, paths: Iterable[str]) -> set[Owners]:
    """Return the owners that files have, one entry for each different set."""
    lines = _lines(repository, branch)
    found = set()
    for path in paths:
        named = next((names for line, names in reversed(lines) if _match(line, path)), ())
        entry = _entitled(world, repository, named)
        if entry.people or entry.teams:
            found.add(entry)
    return found


def _lines(repository: Repository, branch: str) -> list[tuple[str, tuple[str, ...]]]:
    blobs = (repository.git.blob(f"refs/heads/{branch}:{place}") for place in PLACES)
    text = next((blob for blob in blobs if blob is not None), b"").decode("utf-8", "replace")
    words = [line.partition("#")[0].split() for line in text.splitlines()]
    return [(given[0], tuple(given[1:])) for given in words if given]


def unknown_owners(
    world: World, repository: Repository, branch: str
) -> Iterator[tuple[str, int, str, str]]:
    """The owners that GitHub ignores: path of the file, line, its text, and who."""
    place = next((p for p in PLACES if repository.git.blob(f"refs/heads/{branch}:{p}")), "")
    text = (repository.git.blob(f"refs/heads/{branch}:{place}") or b"") if place else b""
    for number, line in enumerate(text.decode("utf-8", "replace").splitlines(), start=1):
        for name in line.partition("#")[0].split()[1:]:
            entry = _entitled(world, repository, (name,))
            if not (entry.people or entry.teams):
                yield place, number, line, name


def _entitled(world: World, repository: Repository, names: Iterable[str]) -> Owners:
    people, teams = set(), set()
    known = {team.slug: team for team in access.teams(world, repository)}
    for name in (name.removeprefix("@") for name in names):
        slug = name.partition("/")[2]
        if slug in known and known[slug].role(repository.full_name) in _WRITERS:
            teams.add(slug)
        elif not slug and access.at_least(world, repository, world.account(name), "write"):
            people.add(world.account(name).login)
    return Owners(frozenset(people), frozenset(teams))


_WRITERS = frozenset({"write", "maintain", "admin"})


def belongs(world: World, pull: PullRequest, owner: Owners, login: str) -> bool:
    """Return whether a person is among the owners."""
    teams = [t for t in access.teams(world, pull.repository) if t.slug in owner.teams]
    return login in owner.people or any(login in team.all_members() for team in teams)


def _match(pattern: str, path: str) -> bool:
    return _compiled(pattern).fullmatch(path) is not None


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Translate a pattern: gitignore's rules, except that `folder/*` stays in the folder."""
    anchored = "/" in pattern.rstrip("/")
    body = pattern.strip("/")
    found, at = "", 0
    while at < len(body):
        if body.startswith("**/", at):
            found, at = found + "(?:.*/)?", at + 3
        elif body.startswith("**", at):
            found, at = found + ".*", at + 2
        else:
            found += {"*": "[^/]*", "?": "[^/]"}.get(body[at], re.escape(body[at]))
            at += 1
    start = "" if anchored else "(?:.*/)?"
    last = body.rsplit("/", 1)[-1]
    below = "/.*" if pattern.endswith("/") else "" if "*" in last and anchored else "(?:/.*)?"
    return re.compile(f"{start}{found}{below}")
