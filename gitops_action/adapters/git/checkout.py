"""A checkout as plain files: where its Git folder is, and what its refs point to.

Git itself is never started on someone's repository: its settings could name programs to run
(core.fsmonitor, filters, remotes of the kind ext::), and it could belong to another user.
"""

from __future__ import annotations

import configparser
from pathlib import Path

from gitops_action.core.dataclass import dataclass
from gitops_action.core.pattern import pattern
from gitops_action.errors import UsageError

HEADS = "refs/heads/"
_REMOTES = "refs/remotes/"
_OID = pattern(r"[0-9a-f]{40}")
_LONG_OID = pattern(r"[0-9a-f]{64}")
_SYMBOLIC = "ref: "
_GITDIR = "gitdir: "
_NESTED = 5
_BAD = pattern(r"\.\.|[\x00-\x20\x7f~^:?*\[\\]|@\{|//|/\.|\.lock(/|$)|[/.]$")


@dataclass(frozen=True, kw_only=True)
class Head:
    """What is checked out: its branch (empty: detached) and the commit."""

    branch: str
    commit: str


@dataclass(frozen=True, kw_only=True)
class Checkout:
    """A working tree and its Git folders (gitrepository-layout).

    Attributes:
        root: the top of the working tree.
        folder: HEAD and the index are here.
        common: refs and objects are here: the same folder, but for linked worktrees.
    """

    root: Path
    folder: Path
    common: Path

    @property
    def objects(self) -> Path:
        """Where its objects are."""
        return self.common / "objects"

    @property
    def shallow(self) -> str:
        """The commits whose parents were not fetched, one a line; empty: history is whole."""
        return _text(self.common / "shallow")

    def head(self) -> Head:
        """What is checked out.

        Raises:
            UsageError: there is no commit yet, or Git keeps its refs in another way than files.
        """
        text = _text(self.folder / "HEAD")
        branch = text.removeprefix(_SYMBOLIC) if text.startswith(_SYMBOLIC) else ""
        commit = self._value(text)
        if commit:
            return Head(branch=branch.removeprefix(HEADS), commit=commit)
        if _LONG_OID.fullmatch(text) or (self.common / "reftable").is_dir():
            raise UsageError(
                f"`{self.root}` is a repository of a kind that is not read here",
                cause="it has SHA-256 ids, or refs as a reftable; GitHub has neither",
                fix="clone it again with Git's defaults",
            )
        raise UsageError(
            f"`{self.root}` has no commit to look at",
            cause=f"nothing is committed on `{branch.removeprefix(HEADS)}`" if branch else "",
            fix="commit something, or check a branch out",
        )

    def ref(self, name: str) -> str:
        """The commit a full ref name points to; empty where there is no such ref."""
        return self._value(f"{_SYMBOLIC}{name}")

    def remote_branch(self, remote: str) -> str:
        """The default branch of a remote, as it was when it was cloned; empty: not known."""
        start = f"{_SYMBOLIC}{_REMOTES}{remote}/"
        text = _text(self.common / f"{_REMOTES}{remote}/HEAD")
        return text.removeprefix(start) if text.startswith(start) else ""

    def find_branch(self, name: str) -> tuple[str, str]:
        """A branch's full ref name and commit: a remote's before our own, which may be stale.

        Of remotes `origin` comes first. Both are empty where there is no such branch.
        """
        remotes = self.common / _REMOTES
        names = sorted(entry.name for entry in remotes.iterdir()) if remotes.is_dir() else []
        others = [remote for remote in names if remote != "origin"]
        for ref in (
            *(f"{_REMOTES}{remote}/{name}" for remote in ("origin", *others)),
            f"{HEADS}{name}",
        ):
            if commit := self.ref(ref):
                return ref, commit
        return "", ""

    def _value(self, text: str) -> str:
        for _ in range(_NESTED):
            if not text.startswith(_SYMBOLIC):
                break
            name = text.removeprefix(_SYMBOLIC)
            if not name.startswith("refs/") or _BAD.search(name):
                return ""
            text = _text(self.common / name) or self._packed(name)
        return text if _OID.fullmatch(text) else ""

    def _packed(self, name: str) -> str:
        for line in _text(self.common / "packed-refs").splitlines():
            oid, _, ref = line.partition(" ")
            if ref == name:
                return oid
        return ""


def find_checkout(folder: Path) -> Checkout:
    """The checkout that a folder belongs to: its own, or that of a folder above it.

    Raises:
        UsageError: the folder is not there, or belongs to none.
    """
    if not folder.is_dir():
        raise UsageError(f"`{folder}` is not a folder", fix="correct `working-directory`")
    top = folder.resolve()
    for place in (top, *top.parents):
        if git_folder := _git_folder(place):
            common = _text(git_folder / "commondir")
            return Checkout(
                root=place,
                folder=git_folder,
                common=(git_folder / common).resolve() if common else git_folder,
            )
    raise UsageError(
        f"`{folder}` is not a Git repository",
        cause="changes are found by comparing commits, and there are none",
        fix="check the repository out first (in a job: actions/checkout), name its folder in"
        " `working-directory`, or read it from GitHub: give `repository: OWNER/NAME` and `token`",
    )


def origin_address(git_folder: Path) -> str:
    """The address of the remote `origin` by a Git folder's settings; empty where there is none."""
    settings = configparser.ConfigParser(strict=False, interpolation=None, allow_no_value=True)
    try:
        settings.read(git_folder / "config", encoding="utf-8")
    except (OSError, UnicodeDecodeError, configparser.Error):
        return ""
    return settings.get('remote "origin"', "url", fallback="") or ""


def _git_folder(place: Path) -> Path | None:
    """The Git folder of a working tree: `.git` itself, or where the file `.git` points."""
    git = place / ".git"
    if git.is_file() and (text := _text(git)).startswith(_GITDIR):
        git = (place / text.removeprefix(_GITDIR)).resolve()
    return git if (git / "HEAD").is_file() else None


def _text(place: Path) -> str:
    try:
        return place.read_bytes().decode("utf-8", "surrogateescape").strip()
    except OSError:
        return ""


# Which commit and branch a checkout is on, from Git's plain files (gitrepository-layout).

_HEAD_OID = pattern(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_REF = "ref: "
_HEADS = "refs/heads/"


def read_head(root: Path) -> tuple[str, str]:
    """Branch and commit; each is empty where it cannot be determined without running Git."""
    text = _read(root / ".git" / "HEAD")
    if not text.startswith(_REF):
        return "", text if _HEAD_OID.fullmatch(text) else ""
    ref = text.removeprefix(_REF)
    if not ref.startswith(_HEADS) or ".." in ref:
        return "", ""
    loose = _read(root / ".git" / ref)
    commit = loose if _HEAD_OID.fullmatch(loose) else _packed(root, ref)
    return ref.removeprefix(_HEADS), commit


def _packed(root: Path, ref: str) -> str:
    for line in _read(root / ".git" / "packed-refs").splitlines():
        oid, _, name = line.partition(" ")
        if name == ref and _HEAD_OID.fullmatch(oid):
            return oid
    return ""


def _read(place: Path) -> str:
    try:
        return place.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""
