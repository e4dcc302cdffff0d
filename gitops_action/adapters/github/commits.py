"""Writing a commit by the Git data API, and moving the branch to it by compare-and-swap.

Author and committer are left out, so that GitHub signs what an App writes. The ref is moved by
GraphQL `updateRefs`, the one call that takes the value a ref must have before.
Commits on top of a branch's head take the shorter way of `commit_on_branch`. Where a rule asks for
signatures on a branch that is rebuilt, the error names an App's token.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping

from gitops_action.adapters.github.client import GitHubClient, owner_and_name
from gitops_action.adapters.github.content_read import FileFacts
from gitops_action.adapters.github.errors import HTTP_OK, Purpose, RequestFailure
from gitops_action.adapters.github.queries import COMMIT_ON_BRANCH, LATEST, REF, UPDATE_REFS
from gitops_action.adapters.github.reply import Reply
from gitops_action.core.pull_requests import ABSENT, NewCommit
from gitops_action.core.repository import REGULAR, SYMLINK
from gitops_action.errors import ConflictError, GitOpsError


def write_purpose(repository: str, operation: str) -> Purpose:
    """Name what writing content is for, in errors."""
    return Purpose(
        operation=operation, permission="contents: write", repository=repository, writes=True
    )


def write_commit(client: GitHubClient, repository: str, commit: NewCommit, facts: FileFacts) -> str:
    """Write the tree and the commit, return the commit's id. Nothing refers to it yet.

    Both are harmless to repeat: what a cut-off try left is never seen.

    Raises:
        GitOpsError: GitHub refused.
    """
    if not facts.tree:
        # Without a base tree the new one would hold our files alone.
        raise GitOpsError(f"{repository} has no commit {commit.parent}")
    tree = _post(
        client,
        repository,
        "trees",
        {"base_tree": facts.tree, "tree": _entries(client, repository, commit, facts)},
    )
    body = {"message": commit.message, "tree": tree, "parents": [commit.parent]}
    return _post(client, repository, "commits", body)


def _post(client: GitHubClient, repository: str, kind: str, body: Mapping[str, object]) -> str:
    path = client.path(repository, "git", kind)
    answer = client.reading(
        lambda: client.rest("POST", path, body), write_purpose(repository, "write commits")
    )
    return Reply(answer, kind).text("sha")


def _entries(
    client: GitHubClient, repository: str, commit: NewCommit, facts: FileFacts
) -> list[dict[str, str | None]]:
    entries: list[dict[str, str | None]] = [
        {"path": path, "mode": REGULAR, "type": "blob", "sha": None}
        for path in sorted(commit.deletions)
    ]
    for path, data in sorted(commit.changes.items()):
        _, mode = facts.entries.get(path, ("", REGULAR))
        if mode == SYMLINK:
            raise GitOpsError(f"{path} is a symbolic link, which is not edited")
        entries.append(
            {"path": path, "mode": mode, "type": "blob", **_content(client, repository, data)}
        )
    return entries


def _content(client: GitHubClient, repository: str, data: bytes) -> dict[str, str]:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" not in text:
        return {"content": text}
    encoded = {"content": base64.b64encode(data).decode("ascii"), "encoding": "base64"}
    return {"sha": _post(client, repository, "blobs", encoded)}


def read_ref(client: GitHubClient, repository: str, branch: str) -> str:
    """Return where the branch points now; ABSENT when it does not exist. One try."""
    variables = owner_and_name(repository) | {"ref": f"refs/heads/{branch}"}
    answer = client.mutate(REF, variables)
    return answer.at("repository", "ref", "target").text("oid") or ABSENT


def move_ref(  # noqa: PLR0913 - a ref, its two values, and where it is
    client: GitHubClient,
    repository: str,
    repository_id: str,
    *,
    branch: str,
    before: str,
    after: str,
    force: bool,
) -> None:
    """Move, make (before ABSENT) or delete (after ABSENT) a branch, if it is still at `before`.

    A stale `before` comes back as status 200 with an error that does not say so, hence the look
    at the ref after each failure.

    Raises:
        ConflictError: the branch is elsewhere; it was not moved.
        GitOpsError: GitHub refused.
    """
    update = {
        "name": f"refs/heads/{branch}",
        "beforeOid": before,
        "afterOid": after,
        "force": force,
    }
    variables = {"input": {"repositoryId": repository_id, "refUpdates": [update]}}

    def find() -> bool | None:
        now = read_ref(client, repository, branch)
        if now == after:
            return True
        if now != before:
            raise moved(branch, before, now)
        return None

    def move() -> bool:
        try:
            said = client.mutate(UPDATE_REFS, variables).has("updateRefs")
        except RequestFailure as failure:
            if failure.status == HTTP_OK and not failure.limited and find():
                return True
            raise
        if said or find():
            return True
        raise RequestFailure(status=HTTP_OK, message="GitHub did not say that it moved the ref")

    client.writing(move, find, write_purpose(repository, f"move the branch `{branch}`"))


def moved(branch: str, expected: str, found: str | None = None) -> ConflictError:
    """The error for a branch that is not where a compare-and-swap expected it.

    `found` is where it is, empty where it does not exist, and None when nobody looked.
    """
    there = "" if found is None else f", found {_short(found or ABSENT)}"
    return ConflictError(
        f"branch `{branch}` has moved",
        cause=f"expected {_short(expected)}{there}",
        fix="run again: it is planned again on what is there now",
    )


def _short(oid: str) -> str:
    return "no branch" if oid == ABSENT else oid[:12]


# One commit on top of a branch in one request: GraphQL's `createCommitOnBranch`.

_STALE = "STALE_DATA"
"""The type of GitHub's error for a branch that is not at `expectedHeadOid`."""


def fits(commit: NewCommit, facts: FileFacts) -> bool:
    """Whether this commit can be made so: it stands on the branch's head, modes are plain."""
    modes = {facts.entries.get(path, ("", ""))[1] for path in commit.changes}
    return commit.expected == commit.parent and modes <= {REGULAR}


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
    files: dict[str, object] = {"additions": additions}
    if commit.deletions:
        files["deletions"] = [{"path": path} for path in sorted(commit.deletions)]
    return {
        "branch": {"repositoryNameWithOwner": repository, "branchName": commit.branch},
        "message": {"headline": headline, "body": body},
        "fileChanges": files,
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
