"""The status in sentences: plain text, whose names and reasons are untrusted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from gitops_action.core.config import Hold
from gitops_action.core.gates.model import plural, utc
from gitops_action.core.report.hold import subject
from gitops_action.core.report.rollback import rollback_command
from gitops_action.core.status.model import EnvironmentChange, EnvironmentStatus, VersionStatus

_MOST = 3
"""Versions that a sentence names."""


def since(moment: datetime | None) -> str:
    """`Tue 2026-11-24 14:05Z`."""
    return f"{moment:%a} {utc(moment)}" if moment else "an unknown time"


def sentence(environment: EnvironmentStatus) -> str:
    """What runs, what does not, and what waits for what, in one sentence."""
    parts = [_runs(environment), *_troubles(environment)]
    parts += [_waits(one) for one in environment.proposals[:_MOST]]
    if len(environment.proposals) > _MOST:
        parts.append(f"{len(environment.proposals) - _MOST} more pull requests are open")
    if environment.frozen:
        parts.append(freeze(environment.frozen))
    elif environment.closed:
        parts.append(f"nothing merges now: {environment.closed}")
    if environment.drift.word == "drifted":
        parts.append("the cluster differs from what was deployed")
    return "; ".join(parts)


def _runs(environment: EnvironmentStatus) -> str:
    running = environment.running
    if not running:
        return f"{environment.name}: nothing is known to run"
    verb = "runs" if environment.deployed else "describes"
    named = ", ".join(_running(one) for one in running[:_MOST])
    more = f" and {len(running) - _MOST} more" if len(running) > _MOST else ""
    return f"{environment.name} {verb} {named}{more}"


def _running(one: VersionStatus) -> str:
    health = "" if one.health == "merged" else f", {one.health}"
    held = ", on hold" if one.hold else ""
    return f"{one.application} {one.version} since {since(one.since)}{health}{held}"


def _troubles(environment: EnvironmentStatus) -> Iterator[str]:
    deploying, failed = environment.of("deploying"), _newest_failures(environment)
    if deploying:
        yield f"{named(deploying)} {_be(deploying)} being deployed"
    for state, ended in (("failed", "failed"), ("unknown", "ended with an unknown result")):
        if some := [one for one in failed if one.state == state]:
            yield f"{named(some)} {ended}"
    if back := way_back(environment):
        yield back
    if waiting := environment.of("waits"):
        yield f"{named(waiting)} {'wait' if len(waiting) > 1 else 'waits'} for a deployment"


def _newest_failures(environment: EnvironmentStatus) -> tuple[VersionStatus, ...]:
    """Versions without a success that nothing newer of the application came after."""
    newest: dict[str, VersionStatus] = {}
    for one in environment.versions:
        if one.state not in {"proposed", "held"}:
            newest.setdefault(one.application, one)
    return tuple(one for one in newest.values() if one.state in {"failed", "unknown"})


def way_back(environment: EnvironmentStatus) -> str:
    """The last good version of what failed, and the command that goes back to it; empty for none.

    An application has its own: those that failed together may not have been good together.
    """
    found = {
        one.application: good
        for one in _newest_failures(environment)
        if one.state == "failed" and (good := _last_good(environment, one.application))
    }
    if not found:
        return ""
    command = rollback_command(environment.name, sorted(found))
    return f"last good: {named(list(found.values()))}, to which this goes back: {command}"


def _last_good(environment: EnvironmentStatus, application: str) -> VersionStatus | None:
    """The newest version that was verified there and is not on hold."""
    known = (one for one in environment.versions if one.application == application)
    return next((one for one in known if _was_good(one) and not one.hold), None)


def _was_good(one: VersionStatus) -> bool:
    return one.state == "was here" or (one.state == "runs" and one.health == "healthy")


def needs_attention(environment: EnvironmentStatus) -> bool:
    """Whether what runs fails, the newest deployment did not succeed, or the cluster differs."""
    failing = any(one.health == "failing" for one in environment.running)
    return failing or bool(_newest_failures(environment)) or environment.drift.word == "drifted"


def named(versions: Sequence[VersionStatus]) -> str:
    """`web v1, api v2 and 3 more`."""
    more = f" and {len(versions) - _MOST} more" if len(versions) > _MOST else ""
    return ", ".join(f"{one.application} {one.version}" for one in versions[:_MOST]) + more


def _be(versions: Sequence[VersionStatus]) -> str:
    return "is" if len(versions) == 1 else "are"


def _waits(proposal: EnvironmentChange) -> str:
    about = ", ".join(f"{name} {version}" for name, version in proposal.versions[:_MOST])
    return f"{about or f'#{proposal.number}'} {gate_words(proposal)}"


def gate_words(proposal: EnvironmentChange) -> str:
    """`waits for 1 approval`: the verdict after the name of what is proposed."""
    verbs = {
        "waiting": "waits: ",
        "ready": "is ready to merge: ",
        "held": "is held: ",
        "refused": "is refused: ",
        "invalid": "is invalid: ",
        "conflict": "has a conflict: ",
        "unknown": "is undecided: ",
    }
    return f"{verbs[proposal.word] if proposal.word else 'is proposed: '}{proposal.text}"


def freeze(hold: Hold) -> str:
    """`frozen until …: reason`."""
    until = f" until {utc(hold.until)}" if hold.until else ""
    return f"frozen{until}{f': {hold.reason}' if hold.reason else ''}"


def hold_words(hold: Hold, now: datetime) -> str:
    """`web … in production until …, by alice: reason`."""
    about = f"everything in {subject(hold)}" if hold.kind == "freeze" else subject(hold)
    until = f" until {utc(hold.until)}" if hold.until else ""
    by = f", by {hold.author}" if hold.author else ""
    ended = " (expired: remove its file)" if hold.expired(now) else ""
    return f"{about}{until}{by}{f': {hold.reason}' if hold.reason else ''}{ended}"


def is_open(environment: EnvironmentStatus) -> bool:
    """Whether nothing keeps changes from coming to an environment now."""
    return not (environment.frozen or environment.closed or _closed(environment))


def _closed(environment: EnvironmentStatus) -> list[EnvironmentChange]:
    """The proposals that a gate keeps back."""
    return [one for one in environment.proposals if one.word != "ready"]


def edge_label(environment: EnvironmentStatus) -> str:
    """What keeps changes from coming to an environment now; `open` where nothing does."""
    if environment.frozen:
        return freeze(environment.frozen)
    if closed := _closed(environment):
        more = f" (and {len(closed) - 1} more)" if len(closed) > 1 else ""
        return f"#{closed[0].number} {closed[0].text}{more}"
    if environment.closed:
        return environment.closed
    ready = len(environment.proposals)
    return f"{plural(ready, 'pull request')} ready" if ready else "open"


def opening(environment: EnvironmentStatus, now: datetime) -> str:
    """`opens Mon 2026-11-30 08:00Z`: when what `edge_label` names ends, where a time is known.

    A pull request may wait for people too, so that its time is the earliest.
    """
    freeze_ends = environment.frozen.until if environment.frozen else None
    if environment.frozen and freeze_ends is None:
        return ""
    waits = [] if environment.frozen else _closed(environment)[:1]
    times = [freeze_ends, environment.opens, *(one.opens for one in waits)]
    known = [one for one in times if one and one > now]
    return f"opens {since(max(known))}{' at the earliest' if waits else ''}" if known else ""
