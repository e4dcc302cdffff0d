"""What people decided about a pull request, recorded as comments of the gate's own App.

A comment of the App counts while nobody else has edited it. It holds the whole decision: the text
is for people, and never read.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field
from datetime import UTC, datetime
from typing import Literal, get_args

from gitops_action.core.comments.parse import (
    CommentContext,
    CommentRefusal,
    ParsedCommand,
    is_command,
    parse_comment,
)
from gitops_action.core.config.resolved import Override
from gitops_action.core.dataclass import dataclass
from gitops_action.core.gates.approvals import People
from gitops_action.core.gates.change_hash import SHOWN_DIGITS
from gitops_action.core.gates.evaluate import OVERRIDABLE
from gitops_action.core.gates.model import GateName
from gitops_action.core.gates.rollback import RollbackRequest
from gitops_action.core.images import ImageReferenceError, parse_reference
from gitops_action.core.json_values import mapping, text, texts
from gitops_action.core.markdown import code, prose
from gitops_action.core.pattern import pattern

DecisionKind = Literal["override", "merge", "merge-off", "rollback"]

_MARK = "<!-- gitops-action: decision v1 "
_RECORD = pattern(r"\A<!-- gitops-action: decision v1 ([^\n]{1,20000}) -->(?:\r?\n|\Z)")
_DIGEST = pattern(r"[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class Decision:
    """One decision of a person with the right to it.

    Attributes:
        kind: a gate is overridden; merging is asked for, or switched off; a rollback is asked for.
        login: the person's login when it was recorded.
        person: the number of the account, which stays when the login changes.
        at: when the person asked.
        environment: that it is about; empty for the pull request as a whole.
        gate: that is overridden.
        change: the whole change hash that it is for; empty where it is for any.
        images: that a rollback replaces.
        reason: why, in the person's words: untrusted text.
        url: where the person asked.
        stated: read from the person's own comment, and not yet resolved: neither is the right
            known, nor the whole hash.
        void: why it counts for nothing; empty where it may count.
    """

    kind: DecisionKind
    login: str
    person: int
    at: datetime
    environment: str = ""
    gate: GateName | None = None
    change: str = ""
    images: tuple[str, ...] = ()
    reason: str = ""
    url: str = ""
    stated: bool = False
    void: str = ""


@dataclass(frozen=True, kw_only=True)
class RecordedComment:
    """A comment on a pull request; `editor` is empty where nobody has edited it."""

    author: str
    body: str
    created: datetime
    editor: str = ""


def write_decision(decision: Decision) -> str:
    """The comment's body: the record, and a sentence for people."""
    values = {
        "kind": decision.kind,
        "login": decision.login,
        "person": decision.person,
        "at": decision.at.astimezone(UTC).isoformat(),
        "environment": decision.environment,
        "gate": decision.gate or "",
        "change": decision.change,
        "images": list(decision.images),
        "reason": decision.reason,
        "url": decision.url,
    }
    # A `>` in a text could end the hidden part of the comment.
    record = json.dumps(values).replace("<", "\\u003c").replace(">", "\\u003e")
    return f"{_MARK}{record} -->\n{_sentence(decision)}\n"


def _sentence(decision: Decision) -> str:
    who = code(decision.login)
    where = f" of {code(decision.environment)}" if decision.environment else ""
    short = code(decision.change[:SHOWN_DIGITS]) if decision.change else ""
    said = {
        "override": f"{who} overrides the gate {decision.gate}{where} for the change {short}",
        "merge": f"{who} asks for the merge" + (f" of the change {short}" if short else ""),
        "merge-off": f"{who} switches merging off",
        "rollback": f"{who} asks to roll back {', '.join(map(code, decision.images))}{where}",
    }[decision.kind]
    return f"{said}: {prose(decision.reason)}" if decision.reason else f"{said}."


def read_decisions(comments: Iterable[RecordedComment], viewer: str) -> tuple[Decision, ...]:
    """The decisions among these comments, oldest first.

    Args:
        comments: of the pull request.
        viewer: our own login: nobody else's comment is a record, and none that another edited.
    """
    ours = sorted(
        (one for one in comments if one.author == viewer and one.editor in {"", viewer}),
        key=lambda one: one.created,
    )
    found = (_read(one.body) for one in ours)
    return tuple(decision for decision in found if decision)


def _read(body: str) -> Decision | None:
    """None for a comment that is no record of ours, or that a newer version wrote."""
    match = _RECORD.match(body)
    if match is None:
        return None
    try:
        values = mapping(json.loads(match[1]))
        at = datetime.fromisoformat(text(values, "at"))
    except (ValueError, RecursionError):
        return None
    kind, gate, person = text(values, "kind"), text(values, "gate"), values.get("person")
    if at.tzinfo is None or not isinstance(person, int) or not text(values, "login"):
        return None
    known_kind = next((one for one in _KINDS if one == kind), None)
    known_gate = next((one for one in _GATES if one == gate), None)
    if known_kind is None or (gate and known_gate is None):
        return None
    return Decision(
        kind=known_kind,
        login=text(values, "login"),
        person=person,
        at=at,
        environment=text(values, "environment"),
        gate=known_gate,
        change=text(values, "change"),
        images=texts(values, "images"),
        reason=text(values, "reason"),
        url=text(values, "url"),
    )


_KINDS: tuple[DecisionKind, ...] = get_args(DecisionKind)
_GATES: tuple[GateName, ...] = get_args(GateName)


# What decisions come to.


@dataclass(frozen=True, kw_only=True)
class Overrides:
    """Which gates are overridden, and why other overrides count for nothing.

    Attributes:
        by: who overrides each gate that is overridden.
        void_by_gate: a line for each other override, which may hold untrusted text.
    """

    by: Mapping[GateName, str]
    void_by_gate: Mapping[GateName, tuple[str, ...]] = field(default_factory=dict)

    @property
    def gates(self) -> frozenset[GateName]:
        """The gates that are overridden."""
        return frozenset(self.by)

    @property
    def void(self) -> tuple[str, ...]:
        """Every line."""
        return tuple(line for lines in self.void_by_gate.values() for line in lines)


def overrides_of(
    decisions: Iterable[Decision],
    environment: str,
    change: str,
    rule: Override,
    teams: Mapping[str, frozenset[str]],
) -> Overrides:
    """The overrides of one environment's gates that count for this change.

    Args:
        decisions: of the pull request.
        environment: whose gates.
        change: the change hash as it is now, all of it.
        rule: who may override there, by the base's configuration.
        teams: members by today; a team that is missing could not be read.
    """
    by: dict[GateName, str] = {}
    void: dict[GateName, dict[str, None]] = {}
    for one in decisions:
        if one.kind != "override" or one.environment not in {environment, ""} or not one.gate:
            continue
        problem = _problem(one, change, rule, teams)
        if problem:
            line = f"the override of {one.gate} by `{one.login}` is void: {problem}"
            void.setdefault(one.gate, {})[line] = None
        else:
            by[one.gate] = one.login
    return Overrides(by=by, void_by_gate={gate: tuple(lines) for gate, lines in void.items()})


def _problem(
    one: Decision, change: str, rule: Override, teams: Mapping[str, frozenset[str]]
) -> str:
    """Why an override does not count; empty when it does."""
    if one.void:
        return one.void
    if one.gate not in OVERRIDABLE:
        return "this gate cannot be overridden"
    if not _DIGEST.fullmatch(one.change) or one.change != change:
        return f"it is for the change {one.change[:SHOWN_DIGITS] or '(none)'}"
    return may_override(one.login, rule, teams)


def readable_teams(
    teams: Iterable[str], members: Callable[[str], frozenset[str] | None]
) -> Mapping[str, frozenset[str]]:
    """The members of each team that can be read."""
    read = {team: members(team) for team in teams}
    return {team: found for team, found in read.items() if found is not None}


def may_override(login: str, rule: Override, teams: Mapping[str, frozenset[str]]) -> str:
    """Why a person may not override gates of an environment; empty when they may."""
    if not rule.teams and not rule.users:
        return "nobody may override here: the configuration has no `override`"
    members = (teams.get(team, frozenset()) for team in rule.teams)
    if any(People(logins=frozenset(people)).has(login) for people in (rule.users, *members)):
        return ""
    unread = [team for team in rule.teams if team not in teams]
    if unread:
        return f"team {unread[0]} is not readable"
    return f"not in {', '.join((*rule.teams, *rule.users))}"


def merging(decisions: Iterable[Decision]) -> Decision | None:
    """The newest word on merging: that it is asked for, or switched off; None: nobody said."""
    said = [one for one in decisions if one.kind in {"merge", "merge-off"} and not one.void]
    return said[-1] if said else None


def rollback_requests(
    decisions: Iterable[Decision], environment: str
) -> tuple[RollbackRequest, ...]:
    """The rollbacks that people asked for in an environment."""
    found = []
    for one in decisions:
        if one.kind != "rollback" or one.environment != environment:
            continue
        try:
            images = tuple(parse_reference(image) for image in one.images)
        except ImageReferenceError:
            continue
        found.append(RollbackRequest(login=one.login, images=images, at=one.at))
    return tuple(found)


# Decisions that people's own comments state, for a gate without an App.
#
# With the job's token nothing that the gate has written counts: every workflow of the repository,
# that of a pull request included, writes as the same account. GitHub vouches for who wrote a
# person's comment, and for whether anybody has edited it.

EDITED = "the comment was edited after it had been written"
_STATED = frozenset({"merge", "override"})


@dataclass(frozen=True, kw_only=True)
class PersonComment:
    """A comment on a pull request by a person's account; `person` is the account's number."""

    login: str
    person: int
    body: str
    created: datetime
    edited: bool = False
    url: str = ""


def stated_decisions(comments: Iterable[PersonComment]) -> tuple[Decision, ...]:
    """What people decided, oldest first; whether they have the right is for the caller.

    The other commands are done by the job that reads the comment, and leave nothing to decide.
    """
    return tuple(_decisions(sorted(comments, key=lambda one: one.created)))


def _decisions(comments: Iterable[PersonComment]) -> Iterator[Decision]:
    for one in comments:
        parsed = _parsed(one)
        if parsed is None or parsed.command.word not in _STATED:
            continue
        gate: GateName | None = parsed.gate or None  # type: ignore[assignment]  # of the grammar's gates
        yield Decision(
            kind=_kind(parsed),
            login=one.login,
            person=one.person,
            at=one.created,
            gate=gate,
            change=parsed.change,
            reason=parsed.reason,
            url=one.url,
            stated=True,
            void=EDITED if one.edited else "",
        )


def _parsed(comment: PersonComment) -> ParsedCommand | None:
    if not is_command(comment.body):
        return None
    try:
        return parse_comment(comment.body, CommentContext(created=comment.created))
    except CommentRefusal:
        return None  # the job that reads comments has answered it


def _kind(parsed: ParsedCommand) -> DecisionKind:
    if parsed.command.word == "override":
        return "override"
    return "merge-off" if parsed.off else "merge"
