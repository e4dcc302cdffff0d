"""A repository in the hands of a test: what people do to it, without a token or a request."""

from __future__ import annotations

from collections.abc import Mapping

from testbed.forge import issues, merge_queue, merging, pulls, refs
from testbed.forge.git.history import sign_off
from testbed.forge.git.objects import Commit, Entry
from testbed.forge.git.store import ABSENT, RefUpdate
from testbed.forge.handle_records import Records
from testbed.forge.model import (
    MergeOrder,
    Proposal,
    PullRequest,
)
from testbed.forge.records import Issue
from testbed.forge.rulesets import MergeMethod, Protection

Content = str | bytes


class RepositoryHandle(Records):
    """One repository of the forge."""

    @property
    def full_name(self) -> str:
        """OWNER/NAME."""
        return self.repository.full_name

    @property
    def clone_url(self) -> str:
        """Where Git clones it from and pushes it to."""
        return f"{self._world.url}/{self.full_name}.git"

    @property
    def path(self) -> str:
        """The bare repository on disk."""
        return str(self.repository.git.path)

    def commit(
        self,
        *,
        branch: str = "main",
        files: Mapping[str, Content | None],
        message: str = "Change files",
        author: str = "alice",
        modes: Mapping[str, str] | None = None,
    ) -> str:
        """Let a person push a commit; None deletes a file. Returns the commit's id.

        A branch that does not exist starts at the default branch, or empty in an empty one.
        `modes` sets modes such as "100755" or "120000" (a symlink; the content is its target).
        """
        store, now = self.repository.git, self._world.now()
        account = self._world.account(author)
        signature = sign_off(account.name or account.login, account.email, now)
        with self.repository.lock:
            tip = self.head(branch)
            parent = tip or self.head(self.repository.default_branch)
            base = store.commit(parent).tree if parent else None
            data = {p: c.encode() if isinstance(c, str) else c for p, c in files.items()}
            tree = store.write_files(base, data)
            for path, mode in (modes or {}).items():
                found = store.entry(tree, path)
                if found:
                    changed = Entry(name=found.name, mode=mode, oid=found.oid)
                    tree = store.write_tree(tree, {path: changed})
            commit = Commit(
                oid="",
                tree=tree,
                parents=(parent,) if parent else (),
                author=signature,
                committer=signature,
                message=message,
            )
            oid = store.write_commit(commit)
            self.move(branch, oid, by=author)
        return oid

    def move(self, branch: str, oid: str, *, by: str = "alice") -> None:
        """Let a person force-push a branch to a commit, protected or not."""
        ref = f"refs/heads/{branch}"
        old = self.head(branch) or ABSENT
        update = RefUpdate(ref=ref, new=oid, old=old)
        refs.move(self._world, self.repository, self.actor(by), [update], bypass=True)

    def delete_branch(self, branch: str, *, by: str = "alice") -> None:
        """Let a person delete a branch."""
        self.move(branch, ABSENT, by=by)

    def tag(self, name: str, at: str = "HEAD", *, by: str = "alice") -> str:
        """Let a person push a lightweight tag; returns the commit."""
        oid = self.resolve(at)
        update = RefUpdate(ref=f"refs/tags/{name}", new=oid, old=ABSENT)
        refs.move(self._world, self.repository, self.actor(by), [update])
        return oid

    def read(self, ref: str, path: str) -> bytes:
        """Read a file; KeyError when it is not there."""
        data = self.repository.git.blob(f"{ref}:{path}")
        if data is None:
            raise KeyError(f"{ref}:{path}")
        return data

    def files(self, ref: str) -> dict[str, bytes]:
        """Read all files."""
        listed = self.repository.git.run("ls-tree", "-r", "-z", "--name-only", ref)
        return {path: self.read(ref, path) for path in listed.decode().split("\0")[:-1]}

    def resolve(self, expression: str) -> str:
        """Return the commit an expression names; KeyError when there is none."""
        oid = self.repository.git.resolve(expression)
        if oid is None:
            raise KeyError(expression)
        return oid

    def head(self, branch: str) -> str | None:
        """Return a branch's tip, None when there is no such branch."""
        return pulls.branch_tip(self.repository, branch)

    def branches(self) -> set[str]:
        """List branches."""
        found = self.repository.git.refs("refs/heads/")
        return {ref.removeprefix("refs/heads/") for ref in found}

    def log(self, ref: str = "HEAD") -> list[Commit]:
        """List commits, newest first."""
        return self.repository.history.log(self.resolve(ref))

    def tree(self, ref: str) -> str:
        """Return the id of a commit's tree."""
        return self.repository.git.commit(self.resolve(ref)).tree

    def pull_requests(self) -> list[PullRequest]:
        """List pull requests, oldest first."""
        return list(self.repository.pulls.values())

    def pull(self, number: int) -> PullRequest:
        """Return one pull request."""
        return pulls.find(self.repository, number)

    def comments(self, number: int) -> list[str]:
        """List the texts of a pull request's comments."""
        return [c.body for c in self.repository.comments.values() if c.number == number]

    def issues(self) -> list[Issue]:
        """List issues, oldest first; pull requests are none."""
        return list(self.repository.issues.values())

    def issue(self, title: str, *, body: str = "", by: str = "alice") -> Issue:
        """Let a person open an issue."""
        return issues.create(self._world, self.repository, self.actor(by), title, body)

    def close_issue(self, number: int, *, by: str = "alice") -> None:
        """Let a person close an issue."""
        found = issues.find(self.repository, number)
        issues.change(self._world, self.repository, self.actor(by), found, state="closed")

    def open(
        self,
        *,
        head: str,
        base: str = "main",
        title: str = "A pull request",
        body: str | None = None,
        by: str = "alice",
    ) -> PullRequest:
        """Let a person open a pull request."""
        proposal = Proposal(title=title, head=head, base=base, body=body)
        return pulls.create(self._world, self.repository, self.actor(by), proposal)

    def merge(self, number: int, *, method: MergeMethod = "merge", by: str = "alice") -> str:
        """Let a person merge a pull request; returns the base's new tip."""
        order = MergeOrder(method=method)
        return merging.merge(self._world, self.pull(number), self.actor(by), order)

    def enqueue(self, number: int, *, by: str = "alice") -> merge_queue.QueueEntry:
        """Let a person put a pull request into the merge queue."""
        return merge_queue.enqueue(self._world, self.pull(number), self.actor(by))

    def close(self, number: int, *, by: str = "alice") -> None:
        """Let a person close a pull request."""
        with self.repository.lock:
            pulls.close(self._world, self.pull(number), self.actor(by))

    def protect(self, branch: str = "main", **rules: object) -> Protection:
        """Protect branches that match a pattern; keywords are `Protection`'s fields."""
        made = Protection(pattern=branch, id=self._world.next_id(), **rules)  # type: ignore[arg-type]  # checked by its use
        self.repository.protections.append(made)
        return made

    def ruleset(self, branch: str = "main", **rules: object) -> Protection:
        """Make a ruleset; see `rulesets`."""
        return self.protect(branch, via="ruleset", **rules)

    def unprotect(self) -> None:
        """Lift all protection."""
        self.repository.protections.clear()
