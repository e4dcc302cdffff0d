"""A branch, its commits over base and its pull requests, in one query."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from gitops_action.adapters.github.client import GitHubClient, owner_and_name
from gitops_action.adapters.github.errors import Purpose
from gitops_action.adapters.github.queries import (
    branch_document,
    path_variables,
    pull_requests_document,
)
from gitops_action.adapters.github.reply import Reply, replies
from gitops_action.core.dataclass import dataclass
from gitops_action.core.pull_requests import (
    BranchFacts,
    CommitFacts,
    PullRequestFacts,
    PullRequestState,
)
from gitops_action.errors import GitOpsError

# Pull requests as GitHub returns them, by GraphQL and by REST.

_SAME_MOMENT = timedelta(seconds=1)
_STATES: dict[str, PullRequestState] = {"OPEN": "open", "CLOSED": "closed", "MERGED": "merged"}


def pull_request(node: Reply) -> PullRequestFacts:
    """Make the facts of a GraphQL pull request."""
    state = _STATES[node.text("state")]
    closed_by, by_deletion = _closed(node) if state == "closed" else ("", False)
    return PullRequestFacts(
        number=node.number("number"),
        node_id=node.text("id"),
        url=node.text("url"),
        state=state,
        head_oid=node.text("headRefOid"),
        base_ref=node.text("baseRefName"),
        title=node.text("title"),
        body=node.text("body"),
        author_login=actor(node.at("author")),
        closed_by=closed_by,
        closed_by_deletion=by_deletion,
        merge_oid=node.at("mergeCommit").text("oid"),
        draft=node.flag("isDraft"),
        labels=tuple(label.text("name") for label in node.at("labels").each("nodes")),
    )


def _closed(node: Reply) -> tuple[str, bool]:
    """Return who closed it last, and whether that was the deletion of its branch."""
    events = tuple(node.at("timelineItems").each("nodes"))
    closed = [event for event in events if event.text("__typename") == "ClosedEvent"]
    if not closed:
        return "", False
    last = closed[-1]
    who, when = actor(last.at("actor")), datetime.fromisoformat(last.text("createdAt"))
    deleted = any(
        event.text("__typename") == "HeadRefDeletedEvent"
        and actor(event.at("actor")) == who
        and abs(datetime.fromisoformat(event.text("createdAt")) - when) <= _SAME_MOMENT
        for event in events
    )
    return who, deleted


def actor(node: Reply) -> str:
    """Return the login as REST and `viewer` write it: GraphQL leaves `[bot]` off an actor's."""
    login = node.text("login")
    bare = node.text("__typename") == "Bot" and not login.endswith("[bot]")
    return f"{login}[bot]" if bare else login


def pull_request_from_rest(node: Reply) -> PullRequestFacts:
    """Make the facts of a REST pull request, without who closed it."""
    state: PullRequestState = "open"
    if node.text("state") != "open":
        state = "merged" if node.text("merged_at") else "closed"
    return PullRequestFacts(
        number=node.number("number"),
        node_id=node.text("node_id"),
        url=node.text("html_url"),
        state=state,
        head_oid=node.at("head").text("sha"),
        base_ref=node.at("base").text("ref"),
        title=node.text("title"),
        body=node.text("body"),
        author_login=node.at("user").text("login"),
        merge_oid=node.text("merge_commit_sha") if state == "merged" else "",
        draft=node.flag("draft"),
        labels=tuple(label.text("name") for label in node.each("labels")),
    )


def open_pull_request(
    client: GitHubClient, repository: str, branch: str, base: str
) -> PullRequestFacts | None:
    """Return the open pull request from `branch` to `base`. One try; raises RequestFailure."""
    owner = client.path(repository).split("/")[2]
    query = {"head": f"{owner}:{branch}", "base": base, "state": "open"}
    answer = client.rest("GET", client.path(repository, "pulls"), query=query)
    for node in replies(answer):
        if node.at("head").text("ref") == branch:
            return pull_request_from_rest(node)
    return None


_MOST_FILES = 100
_MOST_FILES_REST = 300
_MOST_FORCE_PUSHES = 5
"""Force pushes of base that are looked back to, one request each."""
_MOST_OWN = 20


def read_branch(  # noqa: PLR0913 - what the port asks for, and where
    client: GitHubClient,
    repository: str,
    *,
    name: str,
    base: str,
    base_oid: str,
    paths: Sequence[str],
) -> BranchFacts:
    """Read all that is decided on; one query, one more where no open pull request lists files.

    The comparison is with base as it is when GitHub answers: `base` in the result says which.

    Raises:
        GitOpsError: it cannot be read.
    """
    purpose = Purpose(
        operation="read pull requests", permission="pull-requests: write", repository=repository
    )
    above = _folders_of(name)
    variables = owner_and_name(repository) | path_variables(paths)
    variables |= {"branch": name, "head": f"refs/heads/{name}", "base": f"refs/heads/{base}"}
    variables |= {"below": f"refs/heads/{name}/"}
    variables |= {f"r{index}": f"refs/heads/{folder}" for index, folder in enumerate(above)}
    answer = client.graphql(branch_document(len(paths), len(above)), variables, purpose)
    found = answer.at("repository")
    target, comparison = found.at("head", "target"), found.at("base", "compare")
    head = target.text("oid") or None
    own = _own_commits(client, purpose, comparison, base, head or "")
    complete = own.total <= len(own.commits)
    changed: frozenset[str] = frozenset()
    compared = comparison.at("baseTarget").text("oid") or base_oid
    if head and comparison.number("aheadBy"):
        listed = _listed_paths(found, head)
        changed, whole = (listed, True) if listed else _compare(client, purpose, compared, head)
        complete = complete and whole
    blobs = {path: target.at(f"f{index}").text("oid") for index, path in enumerate(paths)}
    return BranchFacts(
        name=name,
        head=head,
        base=compared,
        commits=own.commits,
        former=own.former,
        complete=complete,
        changed_paths=changed,
        head_blobs={path: oid for path, oid in blobs.items() if oid},
        pull_requests=_pull_requests(client, purpose, name, found),
        viewer=client.identity(answer.at("viewer")),
        blocked_by=_blocking(found, name, above),
    )


def _folders_of(name: str) -> tuple[str, ...]:
    """Return the names that Git takes for folders of this branch: `a` and `a/b` of `a/b/c`."""
    parts = name.split("/")
    return tuple("/".join(parts[:end]) for end in range(1, len(parts)))


def _blocking(found: Reply, name: str, above: Sequence[str]) -> str:
    """Return the branch that prevents this one, as a ref cannot be both a file and a folder."""
    for index, folder in enumerate(above):
        if found.has(f"r{index}"):
            return folder
    for node in found.at("below").each("nodes"):
        return f"{name}/{node.text('name').removeprefix(f'{name}/')}"
    return ""


@dataclass(frozen=True, kw_only=True)
class _OwnCommits:
    """The branch's own commits, how many there are, and how many of base's former ones."""

    commits: tuple[CommitFacts, ...]
    total: int
    former: int = 0


def _own_commits(
    client: GitHubClient, purpose: Purpose, comparison: Reply, base: str, head: str
) -> _OwnCommits:
    """Separate the branch's commits from what base held before it was force-pushed.

    One commit cannot stand on another that base has dropped, so nothing is asked then. Else the
    branch is compared with each commit from which base was force-pushed away: the fewest commits
    over one of them are the branch's own.
    """
    commits, total = _commits(comparison), comparison.at("commits").number("totalCount")
    own = _OwnCommits(commits=commits, total=total)
    if total > 1:
        for before in _forced_from(client, purpose, base):
            own = _fewer(own, _over(client, purpose, before, head), total)
    return own


def _fewer(own: _OwnCommits, over: Reply, total: int) -> _OwnCommits:
    ahead = over.number("ahead_by")
    if not over or ahead >= own.total:
        return own
    listed = _oldest_first([_commit_from_rest(node) for node in over.each("commits")])
    return _OwnCommits(commits=listed, total=ahead, former=total - ahead)


def _forced_from(client: GitHubClient, purpose: Purpose, base: str) -> tuple[str, ...]:
    """Return the commits that base was force-pushed away from, newest first.

    Empty where the activity is not readable (GitHub Enterprise Server before 3.17).
    """
    path = client.path(purpose.repository, "activity")
    query = {"ref": base, "activity_type": "force_push", "per_page": _MOST_FORCE_PUSHES}
    try:
        answer = client.reading(lambda: client.rest("GET", path, query=query), purpose)
    except GitOpsError:
        return ()
    return tuple(node.text("before") for node in replies(answer, "activity"))


def _over(client: GitHubClient, purpose: Purpose, before: str, head: str) -> Reply:
    """Compare head with a former tip of base; empty where GitHub has deleted that commit."""
    path = client.path(purpose.repository, "compare", f"{before}...{head}")
    query = {"per_page": _MOST_FILES}
    try:
        return Reply(client.reading(lambda: client.rest("GET", path, query=query), purpose))
    except GitOpsError:
        return Reply(None)


def _commit_from_rest(node: Reply) -> CommitFacts:
    author, committer = node.at("author"), node.at("committer")
    return CommitFacts(
        oid=node.text("sha"),
        message=node.at("commit").text("message"),
        parents=tuple(parent.text("sha") for parent in node.each("parents")),
        author_login=author.text("login"),
        author_email=node.at("commit", "author").text("email"),
        committer_login=committer.text("login"),
        committer_email=node.at("commit", "committer").text("email"),
    )


def _listed_paths(found: Reply, head: str) -> frozenset[str]:
    """Return what the open pull request lists; empty where it does not list all of this head."""
    for node in found.at("open").each("nodes"):
        files = node.at("files")
        whole = files.number("totalCount") <= _MOST_FILES and not node.flag("isCrossRepository")
        if whole and node.text("headRefOid") == head:
            return frozenset(file.text("path") for file in files.each("nodes"))
    return frozenset()


def _compare(
    client: GitHubClient, purpose: Purpose, base: str, head: str
) -> tuple[frozenset[str], bool]:
    """Return the paths that REST lists between merge base and head, and whether they are all."""
    path = client.path(purpose.repository, "compare", f"{base}...{head}")
    answer = Reply(client.reading(lambda: client.rest("GET", path, query={"per_page": 1}), purpose))
    names: set[str] = set()
    for file in answer.each("files"):
        names.update(name for key in ("filename", "previous_filename") if (name := file.text(key)))
    return frozenset(names), answer.depth("files") < _MOST_FILES_REST


def _commits(comparison: Reply) -> tuple[CommitFacts, ...]:
    nodes = comparison.at("commits").each("nodes")
    return _oldest_first([_commit(node) for node in nodes])


def _commit(node: Reply) -> CommitFacts:
    author, committer = node.at("author"), node.at("committer")
    return CommitFacts(
        oid=node.text("oid"),
        message=node.text("message"),
        parents=tuple(parent.text("oid") for parent in node.at("parents").each("nodes")),
        author_login=author.at("user").text("login"),
        author_email=author.text("email"),
        committer_login=committer.at("user").text("login"),
        committer_email=committer.text("email"),
    )


def _oldest_first(commits: list[CommitFacts]) -> tuple[CommitFacts, ...]:
    """Put each commit after its parents; the documentation of `compare` names no order."""
    waiting = {commit.oid: commit for commit in commits}
    ordered: list[CommitFacts] = []
    while waiting:
        ready = [c for c in waiting.values() if not any(p in waiting for p in c.parents)]
        ordered.extend(waiting.pop(commit.oid) for commit in ready or list(waiting.values()))
    return tuple(ordered)


def _pull_requests(
    client: GitHubClient, purpose: Purpose, branch: str, found: Reply
) -> tuple[PullRequestFacts, ...]:
    """Those of this repository, newest first; a fork's branch may have the same name.

    Anyone can open and close pull requests from forks, until ours are on no page that was read:
    then ours are asked for by the branch's owner.
    """
    pages = [found.at(key) for key in ("pullRequests", "open")]
    nodes = [node for page in pages for node in page.each("nodes")]
    if any(_crowded(page) for page in pages):
        nodes += _own(client, purpose, branch)
    own = {node.number("number"): node for node in nodes if not node.flag("isCrossRepository")}
    return tuple(pull_request(own[number]) for number in sorted(own, reverse=True))


def _crowded(page: Reply) -> bool:
    """Whether forks' pull requests may have pushed others off a page."""
    forks = any(node.flag("isCrossRepository") for node in page.each("nodes"))
    return forks and page.at("pageInfo").flag("hasNextPage")


def _own(client: GitHubClient, purpose: Purpose, branch: str) -> tuple[Reply, ...]:
    """The newest pull requests of the repository's own branch."""
    path = client.path(purpose.repository, "pulls")
    owner = purpose.repository.partition("/")[0]
    query = {"head": f"{owner}:{branch}", "state": "all", "per_page": _MOST_OWN}
    answer = client.reading(lambda: client.rest("GET", path, query=query), purpose)
    numbers = [item.number("number") for item in replies(answer, "pull requests")]
    if not numbers:
        return ()
    variables = owner_and_name(purpose.repository)
    listed = client.graphql(pull_requests_document(numbers), variables, purpose)
    return tuple(listed.at("repository", f"p{number}") for number in numbers)
