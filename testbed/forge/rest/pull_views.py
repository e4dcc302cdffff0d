"""The JSON of pull requests and labels."""

from __future__ import annotations

from typing import Any

from testbed.forge import access, merging, pull_refs
from testbed.forge.model import AutoMerge, PullRequest, Repository
from testbed.forge.records import Label
from testbed.forge.rest.organizations import team_view
from testbed.forge.rest.views import Json, api, node_id, repository_view, stamp, user, web
from testbed.forge.world import World


def label_view(world: World, repository: Repository, label: Label) -> Json:
    """Write a label."""
    return {
        "id": label.id,
        "node_id": node_id("LA", repository.id, label.id),
        "url": f"{api(world, repository)}/labels/{label.name}",
        "name": label.name,
        "description": label.description or "",
        "color": label.color,
        "default": False,
    }


def requested_teams(world: World, pull: PullRequest) -> list[Json]:
    """Write the teams that are asked for a review."""
    found = access.teams(world, pull.repository)
    return [team_view(world, team) for team in found if team.slug in pull.teams]


def _side(world: World, repository: Repository, ref: str, oid: str) -> Json:
    """Write head or base. GitHub's description has no null for a fork that is gone; GraphQL has."""
    owner = user(world, repository.owner)
    return {
        "label": f"{repository.owner.login}:{ref}",
        "ref": ref,
        "sha": oid,
        "user": owner,
        "repo": repository_view(world, repository),
    }


def _auto_merge(world: World, standing: AutoMerge | None) -> Json | None:
    if standing is None:
        return None
    return {
        "enabled_by": user(world, standing.by.account),
        "merge_method": standing.order.method,
        "commit_title": standing.order.headline or "",
        "commit_message": standing.order.body or "",
    }


def pull_view(world: World, pull: PullRequest, *, full: bool = False) -> Json:
    """Write a pull request; `full` adds what only the call for one returns."""
    repository = pull.repository
    base, page = api(world, repository), f"{web(world, repository)}/pull/{pull.number}"
    url, issue = f"{base}/pulls/{pull.number}", f"{base}/issues/{pull.number}"
    statuses = f"{base}/statuses/{pull.head_oid}"
    view: Json = {
        "id": pull.id,
        "node_id": node_id("PR", repository.id, pull.number),
        "number": pull.number,
        "state": pull.state,
        "locked": False,
        "title": pull.title,
        "body": pull.body,
        "draft": pull.draft,
        "user": user(world, pull.author),
        "author_association": access.association(world, repository, pull.author),
        "labels": [label_view(world, repository, label) for label in pull.labels],
        "assignee": user(world, pull.assignees[0]) if pull.assignees else None,
        "assignees": [user(world, account) for account in pull.assignees],
        "requested_reviewers": [user(world, account) for account in pull.reviewers],
        "requested_teams": requested_teams(world, pull),
        "milestone": None,
        "active_lock_reason": None,
        "auto_merge": _auto_merge(world, pull.auto_merge),
        "merge_commit_sha": pull_refs.last_merge_commit(pull),
        "head": _side(world, pull.source, pull.head, pull.head_oid),
        "base": _side(world, repository, pull.base, pull.base_oid),
        **{
            f"{name}_at": stamp(getattr(pull, f"{name}_at"))
            for name in ("created", "updated", "closed", "merged")
        },
        **_addresses(url, page, issue, statuses),
        "_links": _links(url, page, issue, statuses),
    }
    if not full:
        return view
    details = _details(world, pull)
    return view | details | {"merge_commit_sha": pull_refs.last_merge_commit(pull)}


def _addresses(url: str, page: str, issue: str, statuses: str) -> Json:
    return {
        "url": url,
        "html_url": page,
        "diff_url": f"{page}.diff",
        "patch_url": f"{page}.patch",
        "issue_url": issue,
        "commits_url": f"{url}/commits",
        "comments_url": f"{issue}/comments",
        "review_comments_url": f"{url}/comments",
        "review_comment_url": url.rsplit("/", 1)[0] + "/comments{/number}",
        "statuses_url": statuses,
    }


def _links(url: str, page: str, issue: str, statuses: str) -> Json:
    named: dict[str, Any] = {
        "self": url,
        "html": page,
        "issue": issue,
        "comments": f"{issue}/comments",
        "review_comments": f"{url}/comments",
        "review_comment": url.rsplit("/", 1)[0] + "/comments{/number}",
        "commits": f"{url}/commits",
        "statuses": statuses,
    }
    return {name: {"href": address} for name, address in named.items()}


def _details(world: World, pull: PullRequest) -> Json:
    repository = pull.repository
    seen = merging.base_seen(pull)
    ahead = repository.history.compare(seen, pull.head_oid)
    fork = ahead.merge_base
    changes = repository.history.changes(fork, pull.head_oid) if fork else ()
    known = pull.state == "open" and pull_refs.computed(world, pull)
    return {
        "merged": pull.merged_at is not None,
        "mergeable": merging.mergeable(pull) if known else None,
        "rebaseable": merging.mergeable(pull) if known else None,
        "mergeable_state": merging.merge_state(world, pull) if known else "unknown",
        "merged_by": user(world, pull.merged_by) if pull.merged_by else None,
        "comments": sum(c.number == pull.number for c in repository.comments.values()),
        "review_comments": 0,
        "maintainer_can_modify": False,
        "commits": len(ahead.ahead),
        "additions": sum(change.additions for change in changes),
        "deletions": sum(change.deletions for change in changes),
        "changed_files": len(changes),
    }
