"""A branch, its commits over base and its pull requests, in one query."""

from __future__ import annotations

from collections.abc import Sequence

from gitops_action.adapters.github.client import GitHubClient, owner_and_name
from gitops_action.adapters.github.failures import Purpose
from gitops_action.adapters.github.pull_facts import pull_request
from gitops_action.adapters.github.queries import branch_document, path_variables
from gitops_action.adapters.github.reply import Reply
from gitops_action.core.branches import BranchFacts, CommitFacts, PullRequestFacts

_MOST_FILES = 100
_MOST_FILES_REST = 300


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
        doing="read pull requests", permission="pull-requests: write", repository=repository
    )
    variables = owner_and_name(repository) | path_variables(paths)
    variables |= {"branch": name, "head": f"refs/heads/{name}", "base": f"refs/heads/{base}"}
    answer = client.graphql(branch_document(len(paths)), variables, purpose)
    found = answer.at("repository")
    target, comparison = found.at("head", "target"), found.at("base", "compare")
    head = target.text("oid") or None
    commits = _commits(comparison)
    complete = comparison.at("commits").number("totalCount") <= len(commits)
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
        commits=commits,
        complete=complete,
        changed_paths=changed,
        head_blobs={path: oid for path, oid in blobs.items() if oid},
        pull_requests=_pull_requests(found),
        viewer=client.identity(answer.at("viewer")),
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


def _pull_requests(found: Reply) -> tuple[PullRequestFacts, ...]:
    """Those of this repository, newest first; a fork's branch may have the same name."""
    nodes = {
        node.number("number"): node
        for key in ("pullRequests", "open")
        for node in found.at(key).each("nodes")
        if not node.flag("isCrossRepository")
    }
    return tuple(pull_request(nodes[number]) for number in sorted(nodes, reverse=True))
