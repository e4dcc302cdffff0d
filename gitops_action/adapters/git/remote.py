"""Speaking to the server: list refs, fetch objects, push one ref."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from gitops_action.adapters.git.command import (
    GitCommand,
    GitNetworkError,
    GitResult,
    GitTarget,
    failure,
    last_line,
    remote_words,
)
from gitops_action.adapters.retry import RetryPolicy, retry
from gitops_action.core.dataclass import dataclass
from gitops_action.core.pull_requests import ABSENT
from gitops_action.errors import ConflictError, GitOpsError, OutcomeUnknownError

RETRIES = RetryPolicy(maximum=5.0, total=45.0)

_HEADS = "refs/heads/"
_STALE = "stale info"
_MOVED = (
    _STALE,
    "fetch first",
    "non-fast-forward",
    "cannot lock ref",
    "failed to update ref",
    "already exists",
    "failed to lock",
    "incorrect old value",
)


@dataclass(frozen=True, kw_only=True)
class RemoteRefs:
    """Branches by name, and the one HEAD names; empty when HEAD names none."""

    branches: Mapping[str, str]
    default_branch: str


class Remote:
    """The server's side of the repository."""

    def __init__(self, git: GitCommand, target: GitTarget, policy: RetryPolicy) -> None:
        """`policy` is for connections that fail; a refusal of the server is final."""
        self._git = git
        self._target = target
        self._policy = policy

    def refs(self) -> RemoteRefs:
        """List the branches."""
        output = self._speak(
            ["ls-remote", "--symref"], operands=[self._target.url, "HEAD", f"{_HEADS}*"]
        )
        branches, default = {}, ""
        for line in output.decode("utf-8", "surrogateescape").splitlines():
            value, _, name = line.partition("\t")
            if value.startswith(f"ref: {_HEADS}") and name == "HEAD":
                default = value.removeprefix(f"ref: {_HEADS}")
            elif name.startswith(_HEADS):
                branches[name.removeprefix(_HEADS)] = value
        return RemoteRefs(branches=branches, default_branch=default)

    def head(self, branch: str) -> str | None:
        """The commit a branch points to now; None when there is no such branch."""
        return self.ref(f"{_HEADS}{branch}")

    def ref(self, ref: str) -> str | None:
        """The object a ref points to now, by its full name; None when there is no such ref."""
        output = self._speak(["ls-remote"], operands=[self._target.url, ref])
        for line in output.decode("utf-8", "surrogateescape").splitlines():
            value, _, name = line.partition("\t")
            if name == ref:
                return value
        return None

    def fetch(
        self, objects: Iterable[str], *, limit: str, again: bool = False, history: bool = False
    ) -> None:
        """Fetch objects by id, of commits the newest alone or their whole history.

        Args:
            objects: ids of commits, folders or blobs.
            limit: Git's object filter, for example `blob:none`.
            again: send also what the commits at hand seem to imply.
            history: with every commit that lies behind them.
        """
        words = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--stdin"]
        words += ["--recurse-submodules=no"]
        words += [] if history else ["--depth=1"]
        words += ["--refetch"] if again else []
        self._speak(
            words,
            values=[("--filter", limit)],
            operands=[self._target.url],
            stdin="".join(f"{oid}\n" for oid in objects).encode(),
        )

    def push(self, commit: str, branch: str, expected: str) -> None:
        """Move a branch to a commit if it is still where `expected` says.

        Raises:
            ConflictError: it is not; nothing was moved.
            OutcomeUnknownError: the line was cut and the branch cannot be read again.
            GitOpsError: the server refuses.
        """
        result = self._push(commit, branch, expected)
        if result.status == 0:
            return
        try:
            there = self.head(branch) or ABSENT
        except GitOpsError as error:
            raise self._unread(result, branch, error) from error
        if there == commit:
            # It took effect, and only the answer was lost.
            return
        if there != expected or _tells_of_move(result):
            raise _conflict(branch, f"it is at {there[:12]}, {expected[:12]} was expected")
        raise self._rejected(result, branch)

    def _unread(self, result: GitResult, branch: str, error: GitOpsError) -> GitOpsError:
        """What is certain of a failed push when the branch cannot be read afterwards.

        That the ref was taken on the server's side is not: on a connection that is cut, curl
        sends a request again by itself, and the second one meets what the first one did.
        """
        refusal = _refusal(result)
        if _STALE in refusal:
            return _conflict(branch, "it is not where it was read")
        if not _tells_of_move(result) and (
            refusal or not isinstance(self._failure(result), GitNetworkError)
        ):
            return self._rejected(result, branch)
        return OutcomeUnknownError(
            f"The push to {branch} was cut off",
            cause=f"whether it took effect cannot be read: {error.title}",
            fix="run again: a change that is there already is recognised",
        )

    def _push(self, commit: str, branch: str, expected: str) -> GitResult:
        lease = "" if expected == ABSENT else expected
        return self._git.run(
            ["push", "--porcelain", "--atomic", "--no-verify"],
            values=[("--force-with-lease", f"{_HEADS}{branch}:{lease}")],
            operands=[self._target.url, f"{commit}:{_HEADS}{branch}"],
        )

    def _rejected(self, result: GitResult, branch: str) -> GitOpsError:
        refusal = _refusal(result)
        if not refusal:
            return self._failure(result)
        return GitOpsError(
            f"The server refuses the push to {branch}",
            cause=remote_words(result.stderr) or refusal,
            fix="let the token's account pass the branch's rules or protection, or propose the"
            " change by a pull request (`mode: pull-request`)",
        )

    def _failure(self, result: GitResult) -> GitOpsError:
        return failure(result, self._target, writing=True)

    def _speak(
        self,
        words: Sequence[str],
        *,
        operands: Sequence[str],
        values: Sequence[tuple[str, str]] = (),
        stdin: bytes = b"",
    ) -> bytes:
        def once() -> bytes:
            result = self._git.run(words, values=values, operands=operands, stdin=stdin)
            if result.status:
                raise failure(result, self._target, writing=False)
            return result.stdout

        return retry(once, self._policy, _again)


def _again(error: Exception) -> bool:
    return isinstance(error, GitNetworkError)


def _tells_of_move(result: GitResult) -> bool:
    told = f"{_refusal(result)} {remote_words(result.stderr)}"
    return any(words in told for words in _MOVED)


def _conflict(branch: str, cause: str) -> ConflictError:
    return ConflictError(f"{branch} has moved meanwhile", cause=cause, fix="run again")


def _refusal(result: GitResult) -> str:
    """What the porcelain output says of the ref; empty when the server never answered."""
    for line in result.stdout.decode("utf-8", "replace").splitlines():
        if line.startswith("!"):
            return line.rpartition("\t")[2]
    return "" if not remote_words(result.stderr) else _declined(result.stderr)


def _declined(said: str) -> str:
    return last_line(said) if "rejected" in said or "declined" in said else ""
