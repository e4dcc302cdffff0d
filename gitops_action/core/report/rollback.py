"""What the pull request, the commit and the list of a rollback say."""

from __future__ import annotations

from collections.abc import Sequence
from shlex import quote

from gitops_action.core import trailers
from gitops_action.core.config.holds import Hold
from gitops_action.core.dataclass import dataclass
from gitops_action.core.markdown import cell, code, escape, linkable, shown
from gitops_action.core.outcome import Job
from gitops_action.core.report.bump import slug, version_of
from gitops_action.core.repository import list_files
from gitops_action.core.rollback.candidates import Candidate, Move
from gitops_action.core.trailers import with_trailers

_TITLE = 100


@dataclass(frozen=True, kw_only=True)
class WholeRevert:
    """Why whole files go back.

    Attributes:
        because: why no edit of images is enough.
        environments: others that depend on these files, and go back with them.
        beside: images that change with them, in either version, and get no hold.
        notes: files that were not looked at.
    """

    because: str
    environments: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RollbackView:
    """One rollback.

    Attributes:
        environment: where.
        moves: what goes back to what.
        candidate: the state that it goes back to.
        undone: the commit whose deployment is undone.
        reason: why: untrusted text.
        failed: page of the deployment that failed; empty where none did.
        cause: what that deployment's record says: untrusted text.
        holds: the holds that come with it.
        frozen: the environment is frozen.
        asked_by: the person who asked; empty for an automatic one.
        files: those that are edited to put the images back, or that are reverted.
        whole: why whole files are reverted; None where the images alone are put back.
        job: the run.
    """

    environment: str
    moves: tuple[Move, ...]
    candidate: Candidate
    undone: str
    reason: str
    failed: str = ""
    cause: str = ""
    holds: tuple[Hold, ...] = ()
    frozen: bool = False
    asked_by: str = ""
    files: tuple[str, ...] = ()
    whole: WholeRevert | None = None
    job: Job

    @property
    def applications(self) -> tuple[str, ...]:
        """Those that go back."""
        return tuple(sorted({move.application for move in self.moves}))


def branch(view: RollbackView) -> str:
    """`gitops/<environment>/rollback/<application>`; of several, the commit that is undone."""
    one = view.applications[0] if len(view.applications) == 1 else view.undone[:12]
    return f"gitops/{slug(view.environment)}/rollback/{slug(one)}"


def title(view: RollbackView) -> str:
    """`Roll web back to v1.2.2 in production`, on one line."""
    if view.whole:
        commit = view.candidate.record.commit[:12]
        return escape(shown(f"Revert {view.environment} to {commit}", limit=_TITLE))
    names = ", ".join(view.applications)
    versions = ", ".join(dict.fromkeys(version_of(move.then) for move in view.moves))
    return escape(shown(f"Roll {names} back to {versions} in {view.environment}", limit=_TITLE))


def body(view: RollbackView) -> str:
    """The pull request's body; the trailers are its last paragraph."""
    record = view.candidate.record
    since = f"{record.ended or record.started:%Y-%m-%d %H:%M %Z}"
    lines = _moved(view.moves)
    lines.append(
        f"Verified here at {since}, at commit {record.commit[:12]} ({page_of(record.url)})."
    )
    lines += _reverted(view)
    why = f"Why: {code(view.reason, limit=1000)}" if view.reason else "No reason was given."
    lines += ["", why]
    if view.failed:
        cause = f": {code(view.cause)}" if view.cause else ""
        lines += ["", f"The deployment that failed: {page_of(view.failed)}{cause}"]
    if view.frozen:
        lines += ["", f"{code(view.environment)} is frozen; {passes_freeze(view)}."]
    if view.holds:
        lines += ["", "On hold from now on, so that nothing brings it back:", ""]
        lines += [f"- {code(str(hold.image))} ({code(hold.file)})" for hold in view.holds]
    who = f"Asked for by {code(view.asked_by)}" if view.asked_by else "Proposed automatically"
    run = f" in {page_of(view.job.run_url)}" if view.job.run_url else ""
    lines += ["", f"{who}{run}."]
    return with_trailers("\n".join(lines), trailers_of(view)).rstrip("\n")


def passes_freeze(view: RollbackView) -> str:
    """What a freeze means to it: only images alone go back through one."""
    return "the revert waits until it is lifted" if view.whole else "a rollback passes a freeze"


def why_whole(view: RollbackView) -> str:
    """Why whole files go back."""
    because = view.whole.because if view.whole else ""
    return f"no edit of images is enough: {because}" if view.moves else "no image changed"


def _moved(moves: Sequence[Move]) -> list[str]:
    if not moves:
        return []
    rows = [f"| {cell(m.application)} | {cell(str(m.now))} | {cell(str(m.then))} |" for m in moves]
    return ["| Application | From | Back to |", "|---|---|---|", *rows, ""]


def _reverted(view: RollbackView) -> list[str]:
    """What a revert of whole files takes back, and that a person decides on it."""
    if view.whole is None:
        return []
    because = code(why_whole(view), limit=1000)
    lines = [
        "",
        f"The whole change is reverted ({because}). These files go back to that commit:",
        "",
        *(f"- {code(path)}" for path in list_files(view.files)),
    ]
    if view.whole.environments:
        others = ", ".join(code(name) for name in view.whole.environments)
        lines += ["", f"Other environments depend on them, and go back as well: {others}."]
    if view.whole.beside:
        images = ", ".join(code(image) for image in list_files(view.whole.beside))
        lines += ["", f"With them change images that get no hold: {images}."]
    lines += [f"\n{code(note)}" for note in view.whole.notes]
    stays = f"What came after {view.undone[:12]} stays. " if view.failed else ""
    return [*lines, "", f"{stays}A person merges it, and it passes the gates of any other change."]


def message(view: RollbackView) -> str:
    """The commit message: subject, reason, who asked, trailers."""
    who = f"Asked for by {escape(view.asked_by)}." if view.asked_by else ""
    parts = (title(view), escape(shown(view.reason, limit=1000)), who)
    return with_trailers("\n\n".join(part for part in parts if part), trailers_of(view))


def page_of(url: str) -> str:
    """A page of GitHub's, linked; of an address that must not be linked the text alone."""
    return linkable(url) or (code(url) if url else "no page")


def trailers_of(view: RollbackView) -> tuple[tuple[str, str], ...]:
    """The trailers of its commit and its pull request.

    A revert declares no image: more than these images may change by it, and elsewhere.
    """
    declared = () if view.whole else view.moves
    return (
        (trailers.ACTION, "rollback"),
        (trailers.ENVIRONMENT, view.environment),
        *((trailers.APPLICATION, name) for name in view.applications),
        *((trailers.IMAGE, _full(move, then=True)) for move in declared),
        *((trailers.PREVIOUS, _full(move, then=False)) for move in view.moves),
        (trailers.ROLLBACK_OF, view.undone),
        *((trailers.HOLD, hold.file) for hold in view.holds),
    )


def _full(move: Move, *, then: bool) -> str:
    image = move.then if then else move.now
    return str(image.with_(name=image.repository))


def row(candidate: Candidate) -> str:
    """One line of the list: when, commit, what would go back, and why not."""
    record = candidate.record
    moves = ", ".join(
        f"{move.application} {version_of(move.now)} → {version_of(move.then)}"
        for move in candidate.moves
    )
    state = f"passed over: {candidate.refused}" if candidate.refused else "verified"
    when = record.ended or record.started
    return f"  {when:%Y-%m-%d %H:%M}Z  {record.commit[:12]}  {moves or '-'}  {state}"


def table(candidates: Sequence[Candidate]) -> str:
    """The same for the job summary."""
    lines = ["| Verified | Commit | Goes back | State |", "|---|---|---|---|"]
    for one in candidates:
        moves = ", ".join(f"{m.application} → {version_of(m.then)}" for m in one.moves) or "-"
        when = one.record.ended or one.record.started
        state = one.refused or "can be gone back to"
        lines.append(
            f"| {when:%Y-%m-%d %H:%M}Z | `{one.record.commit[:12]}` | {cell(moves)}"
            f" | {cell(state)} |"
        )
    return "\n".join(lines) + "\n"


def rollback_command(environment: str, applications: Sequence[str] = ()) -> str:
    """The command that goes back."""
    words = f"gitops-action rollback --environment {quote(environment)}"
    return words + "".join(f" --application {quote(name)}" for name in applications)
