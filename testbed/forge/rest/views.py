"""The JSON of accounts, repositories and commits, as GitHub's description asks for it."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from testbed.forge.git.objects import SIGNATURE, Commit, Signature
from testbed.forge.model import Repository
from testbed.forge.records import Account
from testbed.forge.rest.urls import TEMPLATES, USER_TEMPLATES
from testbed.forge.world import World

Json = dict[str, Any]


def node_id(prefix: str, *parts: object) -> str:
    """Return an opaque id; parts that hold its meaning stay readable for the GraphQL side."""
    return f"{prefix}_" + ".".join(str(part) for part in parts)


def stamp(when: datetime | None) -> str | None:
    """Write a time as GitHub does."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if when else None


def api(world: World, repository: Repository) -> str:
    """Return the repository's REST address."""
    return f"{world.url}/api/v3/repos/{repository.full_name}"


def web(world: World, repository: Repository) -> str:
    """Return the repository's web address."""
    return f"{world.url}/{repository.full_name}"


def profile(world: World, account: Account) -> str:
    """Return the web address of an account; a bot's is its App's."""
    page = account.login.removesuffix("[bot]")
    return f"{world.url}/apps/{page}" if account.kind == "Bot" else f"{world.url}/{page}"


def user(world: World, account: Account) -> Json:
    """Write a simple-user."""
    base = f"{world.url}/api/v3/users/{quote(account.login)}"
    return {
        "login": account.login,
        "id": account.id,
        "node_id": node_id("U", account.login),
        "avatar_url": f"{world.url}/avatars/{account.id}",
        "gravatar_id": "",
        "url": base,
        "html_url": profile(world, account),
        "type": account.kind,
        "site_admin": False,
        **{key: base + tail for key, tail in USER_TEMPLATES.items()},
    }


def repository_view(world: World, repository: Repository, *, full: bool = False) -> Json:
    """Write a repository; `full` adds what only the call for one repository returns."""
    base, page, stars = api(world, repository), web(world, repository), 0
    opened = sum(pull.state == "open" for pull in repository.pulls.values())
    view: Json = {
        "id": repository.id,
        "node_id": node_id("R", repository.id),
        "name": repository.name,
        "full_name": repository.full_name,
        "owner": user(world, repository.owner),
        "private": repository.private,
        "visibility": "private" if repository.private else "public",
        "html_url": page,
        "description": None,
        "fork": repository.parent is not None,
        "url": base,
        **{key: base + tail for key, tail in TEMPLATES.items()},
        "git_url": f"git://{page.split('://')[1]}.git",
        "ssh_url": f"git@{page.split('://')[1].replace('/', ':', 1)}.git",
        "clone_url": f"{page}.git",
        "svn_url": page,
        "mirror_url": None,
        "homepage": None,
        "language": None,
        "license": None,
        "size": 0,
        "default_branch": repository.default_branch,
        "topics": [],
        **dict.fromkeys(("archived", "disabled", "is_template"), False),
        **dict.fromkeys(("has_issues", "has_projects", "has_wiki", "has_downloads"), True),
        **dict.fromkeys(("has_pages", "has_discussions"), False),
        **dict.fromkeys(("forks", "forks_count", "watchers", "watchers_count"), stars),
        "stargazers_count": stars,
        "open_issues": opened,
        "open_issues_count": opened,
        **dict.fromkeys(("created_at", "updated_at", "pushed_at"), stamp(repository.created_at)),
        "permissions": {"admin": False, "push": True, "pull": True},
        "allow_auto_merge": repository.allow_auto_merge,
        "delete_branch_on_merge": repository.delete_branch_on_merge,
        "allow_merge_commit": "merge" in repository.merge_methods,
        "allow_squash_merge": "squash" in repository.merge_methods,
        "allow_rebase_merge": "rebase" in repository.merge_methods,
    }
    if full:
        view |= {"network_count": len(repository.forks), "subscribers_count": 0}
        if repository.parent:
            origin = repository_view(world, repository.parent)
            view |= {"parent": origin, "source": origin}
    return view


def person(signature: Signature) -> Json:
    """Write an author or committer of a commit."""
    return {
        "name": signature.name,
        "email": signature.email,
        "date": stamp(signature.when),
    }


def verification(commit: Commit) -> Json:
    """Write a commit's verification."""
    return {
        "verified": commit.signed,
        "reason": "valid" if commit.signed else "unsigned",
        "signature": SIGNATURE if commit.signed else None,
        "payload": f"tree {commit.tree}" if commit.signed else None,
        "verified_at": stamp(commit.committer.when) if commit.signed else None,
    }


def git_commit(world: World, repository: Repository, commit: Commit) -> Json:
    """Write a git-commit (the Git database's view)."""
    base, page = api(world, repository), web(world, repository)
    return {
        "sha": commit.oid,
        "node_id": node_id("C", repository.id, commit.oid),
        "url": f"{base}/git/commits/{commit.oid}",
        "html_url": f"{page}/commit/{commit.oid}",
        "author": person(commit.author),
        "committer": person(commit.committer),
        "tree": {"sha": commit.tree, "url": f"{base}/git/trees/{commit.tree}"},
        "message": commit.message.rstrip("\n"),
        "parents": [
            {
                "sha": parent,
                "url": f"{base}/git/commits/{parent}",
                "html_url": f"{page}/commit/{parent}",
            }
            for parent in commit.parents
        ],
        "verification": verification(commit),
    }


def commit_view(world: World, repository: Repository, oid: str) -> Json:
    """Write a commit (the view with accounts)."""
    commit = repository.git.commit(oid)
    base, page = api(world, repository), web(world, repository)
    plain = git_commit(world, repository, commit)
    author = world.account_of(commit.author.email)
    committer = world.account_of(commit.committer.email)
    return {
        "sha": oid,
        "node_id": plain["node_id"],
        "url": f"{base}/commits/{oid}",
        "html_url": f"{page}/commit/{oid}",
        "comments_url": f"{base}/commits/{oid}/comments",
        "commit": {
            **{key: plain[key] for key in ("author", "committer", "message", "tree", "url")},
            "comment_count": 0,
            "verification": plain["verification"],
        },
        "author": user(world, author) if author else None,
        "committer": user(world, committer) if committer else None,
        "parents": [
            {
                "sha": parent,
                "url": f"{base}/commits/{parent}",
                "html_url": f"{page}/commit/{parent}",
            }
            for parent in commit.parents
        ],
    }


def etag(body: bytes) -> str:
    """Return an entity tag."""
    return f'"{hashlib.sha256(body).hexdigest()}"'
