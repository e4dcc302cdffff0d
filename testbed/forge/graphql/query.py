"""Where queries start: viewer, repository, node, rateLimit; and the repository's own fields."""

from __future__ import annotations

from typing import Any

from testbed.forge import pull_refs
from testbed.forge.errors import ApiError, not_found
from testbed.forge.graphql.connections import Connection, Payload
from testbed.forge.graphql.cost import POINTS
from testbed.forge.graphql.fields import Arguments, Context, field, named, plain
from testbed.forge.graphql.nodes import RefNode, UserNode, by_id, git_object, ref_node
from testbed.forge.model import Repository
from testbed.forge.records import Account, Label
from testbed.forge.rest.views import node_id, profile, repository_view, stamp, web

named(Repository, "Repository")
named(Account, lambda account: account.kind)
named(UserNode, "User")
named(Label, "Label")


@field("Query.viewer")
def viewer(_source: Any, context: Context, _arguments: Arguments) -> UserNode:
    """Return who the token acts as; a bot's login ends in `[bot]` here."""
    return UserNode(account=context.token.account)


@field("Query.repository", "owner", "name", "followRenames")
def repository(_source: Any, context: Context, arguments: Arguments) -> Repository:
    """Find a repository."""
    full_name = f"{arguments['owner']}/{arguments['name']}"
    try:
        return context.world.repository(full_name, context.token)
    except ApiError as error:
        text = f"Could not resolve to a Repository with the name '{full_name}'."
        raise not_found(text) from error


@field("Query.node", "id")
def node(_source: Any, context: Context, arguments: Arguments) -> Any:
    """Find anything by its id."""
    return by_id(context, arguments["id"])


@field("Query.rateLimit")
def rate_limit(_source: Any, context: Context, _arguments: Arguments) -> Payload:
    """Return what this query costs and what is left."""
    used = context.world.points.get(context.token.text, 0)
    cost = context.cost
    left = {"limit": POINTS, "remaining": POINTS - used, "used": used}
    counted = {"cost": cost.points, "nodeCount": cost.nodes}
    return Payload({**left, **counted, "resetAt": "2100-01-01T00:00:00Z"})


def _login(account: Account) -> str:
    return account.login.removesuffix("[bot]")


for _kind in ("User", "Bot", "Organization"):
    plain(
        _kind,
        {
            "id": lambda s: node_id("U", getattr(s, "account", s).login),
            "databaseId": lambda s: getattr(s, "account", s).id,
            "login": lambda s: s.account.login if isinstance(s, UserNode) else _login(s),
        },
    )
plain(
    "User",
    {"name": lambda s: s.account.name or None if isinstance(s, UserNode) else s.name or None},
)
plain("User", {"email": lambda s: getattr(s, "account", s).email})


@field("User.url")
@field("Bot.url")
@field("Organization.url")
def account_url(source: Any, context: Context, _arguments: Arguments) -> str:
    """Return an account's web address."""
    return profile(context.world, getattr(source, "account", source))


plain(
    "Repository",
    {
        "id": lambda r: node_id("R", r.id),
        "databaseId": lambda r: r.id,
        "name": lambda r: r.name,
        "nameWithOwner": lambda r: r.full_name,
        "owner": lambda r: r.owner,
        "isPrivate": lambda r: r.private,
        "isArchived": lambda _r: False,
        "isFork": lambda r: r.parent is not None,
        "isEmpty": lambda r: not r.git.refs("refs/heads/"),
        "parent": lambda r: r.parent,
        "description": lambda _r: None,
        "hasIssuesEnabled": lambda _r: True,
        "hasProjectsEnabled": lambda _r: True,
        "hasWikiEnabled": lambda _r: False,
        "createdAt": lambda r: stamp(r.created_at),
        "pushedAt": lambda r: stamp(r.created_at),
        "pullRequestTemplates": lambda _r: [],
        "visibility": lambda r: "PRIVATE" if r.private else "PUBLIC",
        "autoMergeAllowed": lambda r: r.allow_auto_merge,
        "deleteBranchOnMerge": lambda r: r.delete_branch_on_merge,
        "mergeCommitAllowed": lambda r: "merge" in r.merge_methods,
        "rebaseMergeAllowed": lambda r: "rebase" in r.merge_methods,
        "squashMergeAllowed": lambda r: "squash" in r.merge_methods,
        "viewerDefaultMergeMethod": lambda _r: "MERGE",
    },
)


@field("Repository.url")
def repository_url(source: Repository, context: Context, _arguments: Arguments) -> str:
    """Return the web address."""
    return web(context.world, source)


@field("Repository.sshUrl")
def ssh_url(source: Repository, context: Context, _arguments: Arguments) -> str:
    """Return the address for Git over SSH, which nobody answers here."""
    return str(repository_view(context.world, source)["ssh_url"])


@field("Repository.viewerPermission")
def viewer_permission(source: Repository, context: Context, _arguments: Arguments) -> str | None:
    """Tell a person's role; an App has none."""
    if context.token.signs:
        return None
    return "WRITE" if context.token.may(source, "contents", "write") else "READ"


def demand(context: Context, source: Repository, area: str, level: str = "read") -> None:
    """Refuse unless the token has the right.

    Raises:
        ApiError: FORBIDDEN.
    """
    context.token.demand(source, ((area, level),))


@field("Repository.defaultBranchRef")
def default_branch(source: Repository, context: Context, _arguments: Arguments) -> RefNode | None:
    """Return the default branch; None while the repository is empty."""
    demand(context, source, "contents")
    return ref_node(source, f"refs/heads/{source.default_branch}")


@field("Repository.ref", "qualifiedName")
def ref(source: Repository, context: Context, arguments: Arguments) -> RefNode | None:
    """Find a ref by its full name, or by a branch's or tag's name alone."""
    demand(context, source, "contents")
    name = arguments["qualifiedName"]
    if name.startswith(pull_refs.PREFIX):
        pull_refs.refresh(source)
    for full in (name, f"refs/heads/{name}", f"refs/tags/{name}"):
        if found := ref_node(source, full):
            return found
    return None


@field("Repository.refs", "refPrefix", "query")
def refs(source: Repository, context: Context, arguments: Arguments) -> Connection:
    """List refs below a prefix."""
    demand(context, source, "contents")
    prefix, requested = arguments["refPrefix"], arguments.get("query") or ""
    found = source.git.refs(prefix).items()
    items = [RefNode(repository=source, name=n, oid=o) for n, o in found if requested in n]
    return Connection(items=items)


@field("Repository.object", "expression", "oid")
def git_object_field(source: Repository, context: Context, arguments: Arguments) -> Any:
    """Find a Git object by id or expression."""
    demand(context, source, "contents")
    expression = arguments.get("oid") or arguments.get("expression") or ""
    return git_object(source, expression, expression.partition(":")[2])


@field("Repository.labels")
def labels(source: Repository, context: Context, _arguments: Arguments) -> Connection:
    """List labels."""
    demand(context, source, "metadata")
    return Connection(items=list(source.labels.values()))


plain(
    "Label",
    {
        "name": lambda label: label.name,
        "color": lambda label: label.color,
        "description": lambda label: label.description,
    },
)
