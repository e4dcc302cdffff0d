"""The environment repository's content through GitHub's API: no clone, a constant request count."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from gitops_action.adapters.github import content_read
from gitops_action.adapters.github.client import GitHubClient, owner_and_name
from gitops_action.adapters.github.commits import commit_on_branch, fits, move_ref, write_commit
from gitops_action.adapters.github.queries import TIP
from gitops_action.adapters.github.reply import Reply
from gitops_action.core.config.holds import HOLDS_FOLDER
from gitops_action.core.pull_requests import ABSENT, NewCommit
from gitops_action.core.repository import Keep, RepositoryFile, Snapshot, Tip
from gitops_action.errors import GitOpsError


class ApiContentStore:
    """Reads at a named commit, writes by compare-and-swap. Fulfils the port `ContentStore`.

    What one request returns besides (the repository's node id, trees, modes) is kept for the
    next, so that a bump takes no request more than it needs.
    """

    def __init__(self, client: GitHubClient, repository: str) -> None:
        """Name the repository, as OWNER/NAME."""
        self._client = client
        self._repository = repository
        self._names = owner_and_name(repository)
        self._repository_id = ""
        self._facts: dict[str, content_read.FileFacts] = {}
        self._asked: dict[str, set[str]] = {}
        self._holds: dict[str, frozenset[str]] = {}

    def tip(self, *, base: str | None, config: str) -> Tip:
        """Read the tip of `base` (None: the default branch) and the settings on it: one query.

        Raises:
            UsageError: there is no such branch.
            GitOpsError: the repository is empty, archived or out of the token's reach.
        """
        variables = self._names | {
            "ref": f"refs/heads/{base or ''}",
            "named": base is not None,
            "config": config,
            "holds": HOLDS_FOLDER.rstrip("/"),
        }
        answer = self._client.graphql(
            TIP, variables, content_read.reading_purpose(self._repository)
        )
        found = answer.at("repository")
        self._client.remember_name(self._repository, found.text("nameWithOwner"))
        if found.flag("isArchived"):
            raise GitOpsError(
                f"{self._repository} is archived, so it is read-only",
                fix="unarchive it in its settings, or name another `repository`",
            )
        default = found.at("defaultBranchRef")
        if not default:
            raise _empty(self._repository)
        ref = found.at("ref") if base is not None else default
        if not ref:
            raise content_read.missing_branch(self._client, self._repository, base or "")
        target = ref.at("target")
        self._repository_id = found.text("id")
        self._remember(
            target.text("oid"),
            content_read.FileFacts(repository_id="", tree=target.at("tree").text("oid")),
        )
        holds = target.at("holds", "object").each("entries")
        self._holds[target.text("oid")] = frozenset(one.text("name") for one in holds)
        return Tip(
            branch=base or default.text("name"),
            commit=target.text("oid"),
            default_branch=default.text("name"),
            settings=self._settings(target, config),
        )

    def read(self, *, commit: str, folders: tuple[str, ...], keep: Keep) -> Snapshot:
        """Read what `keep` wants: folders in one query, else the whole tree in one archive.

        Symbolic links are always kept; their data is their target.

        Raises:
            GitOpsError: it cannot be read.
        """
        if folders and all(folders):
            # Too large for GraphQL, or refused: what is truly wrong is refused again below.
            with suppress(content_read.NotReadError, GitOpsError):
                return content_read.read_folders(
                    self._client, self._repository, commit, folders, keep
                )
        return content_read.read_tree(self._client, self._repository, commit, keep)

    def confirm(self, *, snapshot: Snapshot, paths: Sequence[str]) -> Snapshot:
        """Prove these files by their blob ids and modes; one query, none where that is done.

        Raises:
            GitOpsError: they cannot be read.
        """
        for path, file in snapshot.files.items():
            if file.blob is not None and path in paths:
                known = content_read.FileFacts(
                    repository_id="", tree="", entries={path: (file.blob, file.mode)}
                )
                self._remember(snapshot.commit, known)
        facts = self._file_facts(snapshot.commit, paths)
        requested = {path: facts.entries[path] for path in paths if path in facts.entries}
        proved = content_read.FileFacts(repository_id="", tree="", entries=requested)
        return content_read.confirmed(self._client, self._repository, snapshot, proved)

    def write(self, commit: NewCommit) -> str:
        """Write the commit and move the branch to it.

        One request on top of the branch's head, three where it is made or rebuilt.

        Raises:
            ConflictError: the branch is not where `expected` says; nothing was moved.
            GitOpsError: GitHub refused.
        """
        facts = self._file_facts(commit.parent, tuple(commit.changes))
        if fits(commit, facts):
            return commit_on_branch(self._client, self._repository, commit)
        oid = write_commit(self._client, self._repository, commit, facts)
        move_ref(
            self._client,
            self._repository,
            self._repository_id,
            branch=commit.branch,
            before=commit.expected,
            after=oid,
            force=commit.expected not in {ABSENT, commit.parent},
        )
        return oid

    def _file_facts(self, commit: str, paths: Sequence[str]) -> content_read.FileFacts:
        known = self._facts.get(commit, content_read.FileFacts(repository_id="", tree=""))
        asked = self._asked.setdefault(commit, set())
        asked.update(path for path in paths if self._is_new_hold(commit, path))
        missing = [path for path in paths if path not in known.entries and path not in asked]
        if missing or not known.tree or not self._repository_id:
            new = content_read.read_files(self._client, self._repository, commit, missing)
            self._repository_id = new.repository_id
            self._remember(commit, new)
            asked.update(missing)
        return self._facts[commit]

    def _is_new_hold(self, commit: str, path: str) -> bool:
        """Whether the tip was read and has no such hold."""
        folder, _, name = path.rpartition("/")
        return f"{folder}/" == HOLDS_FOLDER and name not in self._holds.get(commit, {name})

    def _remember(self, commit: str, new: content_read.FileFacts) -> None:
        known = self._facts.get(commit, content_read.FileFacts(repository_id="", tree=""))
        self._facts[commit] = content_read.FileFacts(
            repository_id="",
            tree=new.tree or known.tree,
            entries={**known.entries, **new.entries},
        )

    def _settings(self, target: Reply, config: str) -> dict[str, RepositoryFile]:
        folder = HOLDS_FOLDER.rstrip("/")
        holds = target.at("holds", "object").each("entries")
        entries = [(f"{folder}/{entry.text('name')}", entry) for entry in holds]
        entries.append((config, target.at("config")))
        return {
            path: content_read.entry_file(self._client, self._repository, entry, path)
            for path, entry in entries
            if content_read.is_file(entry)
        }


def _empty(repository: str) -> GitOpsError:
    return GitOpsError(
        f"{repository} is empty",
        cause="it has no commit yet, so there is nothing to change",
        fix="push a first commit (`gitops-action init` writes an environment repository)",
    )
