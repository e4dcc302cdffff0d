"""One commit on top of a branch in one request: GraphQL's `createCommitOnBranch`.

It writes tree and commit and moves the branch, as one compare-and-swap, and GitHub signs it for
every kind of token. It knows no file modes and can neither make nor rebuild a branch: the Git data
API (`content_write`) serves those.
"""

from __future__ import annotations

import base64

from gitops_action.adapters.github.client import GitHubClient, owner_and_name
from gitops_action.adapters.github.content_read import FileFacts
from gitops_action.adapters.github.content_write import moved, write_purpose
from gitops_action.adapters.github.failures import HTTP_OK, RequestFailure
from gitops_action.adapters.github.queries import COMMIT_ON_BRANCH, LATEST
from gitops_action.core.branches import NewCommit
from gitops_action.core.files import REGULAR

_STALE = "STALE_DATA"
"""The type of GitHub's error for a branch that is not at `expectedHeadOid`."""


def fits(commit: NewCommit, facts: FileFacts) -> bool:
    """Whether this commit can be made so: it stands on the branch's head, modes are plain."""
    modes = {facts.entries.get(path, ("", ""))[1] for path in commit.changes}
    return commit.expected == commit.parent and modes == {REGULAR}


def commit_on_branch(client: GitHubClient, repository: str, commit: NewCommit) -> str:
    """Make the commit, return its id.

    Raises:
        ConflictError: the branch is elsewhere; it was not moved.
        GitOpsError: GitHub refused.
    """
    variables = {"input": _input(repository, commit)}

    def find() -> str | None:
        head, ours = _look(client, repository, commit)
        if ours:
            return ours
        if head != commit.expected:
            raise moved(commit.branch, commit.expected, head)
        return None

    def write() -> str:
        try:
            answer = client.mutate(COMMIT_ON_BRANCH, variables)
        except RequestFailure as failure:
            if _STALE in failure.kinds:
                raise moved(commit.branch, commit.expected) from None
            found = find() if failure.status == HTTP_OK and not failure.limited else None
            if found:
                return found
            raise
        return answer.at("createCommitOnBranch", "commit").text("oid")

    purpose = write_purpose(repository, f"commit to the branch `{commit.branch}`")
    return client.writing(write, find, purpose)


def _input(repository: str, commit: NewCommit) -> dict[str, object]:
    headline, _, body = commit.message.partition("\n\n")
    additions = [
        {"path": path, "contents": base64.b64encode(data).decode("ascii")}
        for path, data in sorted(commit.changes.items())
    ]
    return {
        "branch": {"repositoryNameWithOwner": repository, "branchName": commit.branch},
        "message": {"headline": headline, "body": body},
        "fileChanges": {"additions": additions},
        "expectedHeadOid": commit.expected,
    }


def _look(client: GitHubClient, repository: str, commit: NewCommit) -> tuple[str, str]:
    """Where the branch is, and our commit on it, if an earlier try took effect."""
    variables = owner_and_name(repository) | {"ref": f"refs/heads/{commit.branch}"}
    answer = client.mutate(LATEST, variables)
    target = answer.at("repository", "ref", "target")
    for node in target.at("history").each("nodes"):
        parents = [parent.text("oid") for parent in node.at("parents").each("nodes")]
        same = node.text("message").strip() == commit.message.strip()
        if same and parents == [commit.expected]:
            return target.text("oid"), node.text("oid")
    return target.text("oid"), ""
