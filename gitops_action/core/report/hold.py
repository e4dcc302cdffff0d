"""What pull requests, commits and lists say about holds. Reasons and authors are untrusted text."""

from __future__ import annotations

from collections.abc import Sequence
from shlex import quote

from gitops_action.core import trailers
from gitops_action.core.config.holds import ALL, Hold
from gitops_action.core.markdown import cell, code, escape, shown
from gitops_action.core.trailers import with_trailers

TITLE_LIMIT = 120


def lift_command(hold: Hold) -> str:
    """The command that removes the hold."""
    words = ["gitops-action hold --action remove", f"--environment {quote(hold.environment)}"]
    if hold.application:
        words.append(f"--application {quote(hold.application)}")
    if hold.image:
        words.append(f"--image {quote(str(hold.image))}")
    return " ".join(words)


def where(hold: Hold) -> str:
    """The environment, in words."""
    return "every environment" if hold.environment == ALL else hold.environment


def subject(hold: Hold) -> str:
    """What is on hold: `web v1.2.3 in production`, `web in production`, or `production`."""
    if hold.kind == "freeze":
        return where(hold)
    named = str(hold.image or "")
    parts = [hold.application or "", named]
    return f"{' '.join(part for part in parts if part)} in {where(hold)}"


def title(hold: Hold, *, lifted: bool) -> str:
    """`Hold web … in production`, `Freeze production`, `Lift the hold on …`, on one line."""
    about = escape(shown(subject(hold), limit=TITLE_LIMIT - 20))
    if hold.kind == "freeze":
        return f"{'Unfreeze' if lifted else 'Freeze'} {about}"
    return f"Lift the hold on {about}" if lifted else f"Hold {about}"


def body(hold: Hold, *, lifted: bool, run_url: str = "") -> str:
    """The pull request's body; the trailers are its last paragraph."""
    rows = [
        ("Environment", code(hold.environment)),
        ("Application", code(hold.application) if hold.application else "every one"),
        ("Image", code(str(hold.image)) if hold.image else "any"),
        ("Reason", cell(hold.reason, limit=1000) if hold.reason else "none given"),
        ("Set by", cell(hold.author) if hold.author else "not known"),
        ("Until", f"{hold.until:%Y-%m-%d %H:%M %Z}" if hold.until else "it is lifted"),
    ]
    lines = [_sentence(hold, lifted=lifted), "", "| | |", "|---|---|"]
    lines += [f"| {name} | {value} |" for name, value in rows]
    if not lifted:
        lines += ["", f"To lift it: {code(lift_command(hold), limit=500)}"]
    if run_url:
        lines += ["", f"Proposed by the run {escape(run_url)}."]
    return with_trailers("\n".join(lines), trailers_of(hold)).rstrip("\n")


def _sentence(hold: Hold, *, lifted: bool) -> str:
    kept = {
        "version": "This version does not come to the environment",
        "pin": "The images of this application do not change in the environment",
        "freeze": "Nothing that touches the environment merges, except rollbacks and holds",
    }[hold.kind]
    return f"After the merge this no longer holds: {kept.lower()}." if lifted else f"{kept}."


def to_merge(*, lifted: bool) -> str:
    """What is left to a person once the pull request is open."""
    if lifted:
        return "merge it: the hold counts until then"
    return "merge it: until then the gate and `promote` respect it, and `bump` does not"


def message(hold: Hold, *, lifted: bool) -> str:
    """The commit message: subject, reason, trailers."""
    reason = escape(shown(hold.reason, limit=1000))
    text = "\n\n".join(part for part in (title(hold, lifted=lifted), reason) if part)
    return with_trailers(text, trailers_of(hold))


def trailers_of(hold: Hold) -> tuple[tuple[str, str], ...]:
    """The trailers of a hold's commit and pull request."""
    return (
        (trailers.ACTION, "hold"),
        (trailers.ENVIRONMENT, hold.environment),
        *(((trailers.APPLICATION, hold.application),) if hold.application else ()),
        (trailers.HOLD, hold.file),
    )


def summary(rows: Sequence[tuple[Hold, str]]) -> str:
    """A table of holds with the state of each, for the job summary."""
    if not rows:
        return "No hold.\n"
    head = ["| Hold | State | Until | By | Reason |", "|---|---|---|---|---|"]
    return "\n".join([*head, *(_row(hold, state) for hold, state in rows)]) + "\n"


def _row(hold: Hold, state: str) -> str:
    until = f"{hold.until:%Y-%m-%d %H:%M %Z}" if hold.until else "lifted"
    reason, author = (cell(text) if text else "" for text in (hold.reason, hold.author))
    return f"| {cell(subject(hold))} | {state} | {until} | {author} | {reason} |"
