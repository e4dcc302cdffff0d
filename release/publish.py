"""A release: checked, committed, tagged and announced; a run that failed goes on where it ended.

The image comes first, then the commits, then all tags in one push, then GitHub's release. The
commits follow from the source commit, the version and the image alone, dates included, so that a
second run makes the same ones; a tag that stands elsewhere ends it.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from gitops_action.core.dataclass import dataclass
from gitops_action.errors import GitOpsError, UsageError
from release.callers import Library, present_callers, published_callers
from release.tree import Naming, with_image, with_references
from release.version import is_newest, moving_tags, parse_version, release_notes

_ROBOT = "gitops-action release"
_MAIL = "release@gitops-action.invalid"
_TIMEOUT = 300


class Releases(Protocol):
    """GitHub's releases of the repository."""

    def exists(self, tag: str) -> bool:
        """Whether the tag has one."""
        ...

    def create(self, tag: str, notes: str, *, newest: bool, prerelease: bool) -> None:
        """Make one."""
        ...


@dataclass(frozen=True, kw_only=True)
class Image:
    """What the registry says of the image: its digest, and the commit it was built from."""

    digest: str
    revision: str


@dataclass(frozen=True, kw_only=True)
class Release:
    """One release of the tree at HEAD.

    Attributes:
        root: the checkout.
        naming: version, repository and image.
        remote: where Git pushes to.
        image: asks the registry for what `naming.image` names; None where it has no such image.
        releases: GitHub's; None: none is made.
        environ: variables for Git, such as the token's header.
    """

    root: Path
    naming: Naming
    remote: str
    image: Callable[[str], Image | None]
    releases: Releases | None = None
    environ: Mapping[str, str]

    def run(self, *, dry_run: bool = False) -> tuple[str, ...]:
        """Check everything, then do what is left to do; gives what was done, or would be.

        Raises:
            UsageError: this tree is not ready for this version.
            GitOpsError: image, tag or push are not what they have to be.
        """
        notes = self._prepared()
        source = self._git("rev-parse", "HEAD")
        self._check_image(source)
        commit = self._commits(source)
        done = self._push_tags(commit, dry_run=dry_run)
        return (*done, *self._announce(notes, dry_run=dry_run))

    def check(self) -> str:
        """Whether this version can be released from HEAD, before anything is built; gives HEAD.

        Raises:
            UsageError: this tree is not ready for this version.
            GitOpsError: the tag names another tree than a release of HEAD.
        """
        self._prepared()
        source, tag = self._git("rev-parse", "HEAD"), self.naming.tag
        standing = self._tags().get(tag)
        if standing is None:
            return source
        self._git("fetch", "--quiet", "--no-tags", self.remote, f"refs/tags/{tag}")
        # A release is two commits on top of its source.
        line = self._git("rev-list", "--max-count=3", "--first-parent", standing).split()
        if line[2:] != [source]:
            raise _standing(tag, f"it is at {standing}, which is no release of {source}")
        return source

    def _prepared(self) -> str:
        version = self.naming.version
        parse_version(version)
        dirty = self._git("status", "--porcelain")
        if dirty:
            raise UsageError(
                "The tree has changes that are not committed",
                cause=dirty.splitlines()[0].strip(),
                fix="commit or remove them",
            )
        code = (self.root / "gitops_action" / "__init__.py").read_text("utf-8")
        callers = self.root / "release" / "callers" / f"{version}.json"
        if f'__version__ = "{version}"' not in code or not callers.is_file():
            raise UsageError(
                f"The tree is not prepared for {version}",
                fix=f"run `python -m release prepare {version}`, and commit what it writes",
            )
        every = (*present_callers(self.root), *published_callers(callers.parent))
        problems = Library.of(self.root).problems(every)
        if problems:
            raise UsageError(
                "A published caller would fail at its start", cause="; ".join(problems)
            )
        return release_notes((self.root / "CHANGELOG.md").read_text("utf-8"), version)

    def _check_image(self, source: str) -> None:
        image = self.naming.image
        found = self.image(image)
        if found is None:
            raise GitOpsError(f"The registry has no image {image}", fix="push it first")
        if found.digest != image.rpartition("@")[2]:
            raise GitOpsError(
                "The image has another digest", cause=f"{found.digest} instead of that of {image}"
            )
        if found.revision != source:
            raise GitOpsError(
                f"{image} was built from another commit",
                cause=f"its label says {found.revision or 'nothing'}, HEAD is {source}",
                fix="build and push the image of this commit",
            )

    def _commits(self, source: str) -> str:
        """Two commits: a workflow can name only a commit that was there before it."""
        actions = self._commit(
            source, with_image(self.root, self.naming), f"Run the image of {self.naming.tag}"
        )
        workflows = with_references(self.root, self.naming, actions)
        return self._commit(actions, workflows, f"Release {self.naming.tag}")

    def _commit(self, parent: str, files: Mapping[str, str], message: str) -> str:
        """A commit beside the checkout, the same whenever it is made."""
        date = self._git("show", "--no-patch", "--format=%cI", parent)
        with tempfile.TemporaryDirectory() as folder:
            index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
            self._git("read-tree", parent, more=index)
            for name, text in files.items():
                blob = self._git("hash-object", "-w", "--stdin", stdin=text)
                entry = f"100644,{blob},{name}"
                self._git("update-index", "--add", "--cacheinfo", entry, more=index)
            tree = self._git("write-tree", more=index)
        person = {
            f"GIT_{role}_{part}": value
            for role in ("AUTHOR", "COMMITTER")
            for part, value in (("NAME", _ROBOT), ("EMAIL", _MAIL), ("DATE", date))
        }
        return self._git("commit-tree", tree, "-p", parent, "-m", message, more=person)

    def _push_tags(self, commit: str, *, dry_run: bool) -> tuple[str, ...]:
        """All tags at once, or none: `v1` never points to a tree without its image."""
        objects = self._tag_objects()
        tags = _commits_of(objects)
        tag, standing = self.naming.tag, tags.get(self.naming.tag)
        if standing not in {None, commit}:
            raise _standing(tag, f"it is at {standing}; this release would be {commit}")
        follow = moving_tags(parse_version(self.naming.version), tags)
        behind = [name for name in (tag, *follow) if tags.get(name) != commit]
        if behind and not dry_run:
            leases = [
                f"--force-with-lease=refs/tags/{name}:{objects.get(name, '')}" for name in behind
            ]
            specs = [f"{commit}:refs/tags/{name}" for name in behind]
            self._git("push", "--quiet", "--atomic", *leases, self.remote, *specs)
        return tuple(f"{name} → {commit}" for name in behind)

    def _tags(self) -> Mapping[str, str]:
        """The remote's tags with their commits."""
        return _commits_of(self._tag_objects())

    def _tag_objects(self) -> Mapping[str, str]:
        """The remote's tags; an annotated one is there twice, with `^{}` for its commit."""
        listed = self._git("ls-remote", "--tags", self.remote)
        pairs = (line.split("\trefs/tags/") for line in listed.splitlines())
        return {name: oid for oid, name in pairs}

    def _announce(self, notes: str, *, dry_run: bool) -> tuple[str, ...]:
        tag = self.naming.tag
        if self.releases is None or self.releases.exists(tag):
            return ()
        if not dry_run:
            version = parse_version(self.naming.version)
            newest = is_newest(version, self._tags())
            prerelease = bool(version.prerelease)
            self.releases.create(tag, notes, newest=newest, prerelease=prerelease)
        return (f"GitHub release {tag}",)

    def _git(self, *arguments: str, stdin: str = "", more: Mapping[str, str] | None = None) -> str:
        done = subprocess.run(  # noqa: S603 - fixed words, and names that were checked
            ["git", "-C", str(self.root), *arguments],  # noqa: S607 - Git on PATH, as everywhere
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=_TIMEOUT,
            env={**os.environ, "GIT_TERMINAL_PROMPT": "0", **self.environ, **(more or {})},
        )
        if done.returncode:
            raise GitOpsError(f"git {arguments[0]} failed", cause=done.stderr.strip()[-1000:])
        return done.stdout.rstrip("\n")


def _standing(tag: str, cause: str) -> GitOpsError:
    return GitOpsError(f"The tag {tag} exists", cause=cause, fix="release another version")


def _commits_of(objects: Mapping[str, str]) -> Mapping[str, str]:
    names = [name for name in objects if not name.endswith("^{}")]
    return {name: objects.get(f"{name}^{{}}", objects[name]) for name in names}
