"""What the gate says on GitHub: one comment and the statuses of the head, written when they change.

The comment is written first, because the statuses lead to it, and `gitops/ready` last: a reader who
sees it finds the rest. A run that is cut off is completed by the next one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gitops_action.commands.gate.evaluate import EvaluatedPull
from gitops_action.commands.gate.ports import GatePorts
from gitops_action.core.deployments.records import CommitStatus, one_line
from gitops_action.core.gates.change_cache import (
    RememberedChange,
    read_remembered,
    write_remembered,
)
from gitops_action.core.gates.head_cache import CachedHash, cached_hash, cached_url
from gitops_action.core.gates.model import COMMENT_MARKER
from gitops_action.core.gates.open_pull_request import GateComment, HeadStatus, OpenPullRequests
from gitops_action.core.gates.verdict import READY_CONTEXT, Verdict
from gitops_action.core.markdown import escape
from gitops_action.core.pattern import pattern
from gitops_action.core.redaction.known import concealed
from gitops_action.core.report.gate import fingerprint

_PREFIX = "gitops/"
_FINGERPRINT = pattern(r"<!-- gitops-action: state ([0-9a-f]{16}) -->")


class WriteBudget:
    """How many writes a run may still make: GitHub limits content-creating requests."""

    def __init__(self, left: int) -> None:
        """Start with so many."""
        self.left = left

    def spend(self) -> bool:
        """Take one; False when none is left."""
        if self.left <= 0:
            return False
        self.left -= 1
        return True


class Publisher:
    """Writes comments and statuses within a budget."""

    def __init__(self, ports: GatePorts, listing: OpenPullRequests, budget: WriteBudget) -> None:
        """Take who we are, and how much may be written."""
        self._ports = ports
        self._listing = listing
        self._budget = budget

    def publish(self, found: EvaluatedPull) -> bool:
        """Write what has changed; False when the budget did not allow all of it.

        Raises:
            GitOpsError: something could not be written; what was written stays.
        """
        comment, whole = self._comment(found)
        for status in statuses_of(found, comment, self._listing.viewer.login):
            if not self._budget.spend():
                return False
            self._ports.statuses.set(found.pull.head, status)
        return whole

    def _comment(self, found: EvaluatedPull) -> tuple[GateComment | None, bool]:
        known = found.pull.comment
        state = fingerprint(found.report)
        if self.says_the_same(found):
            return known, True
        if not self._budget.spend():
            return known, False
        text = self._ports.texts.comment(found.report)
        lines = (
            f"<!-- gitops-action: {COMMENT_MARKER} -->",
            f"<!-- gitops-action: state {state} -->",
            _hidden(found.entry),
            text,
        )
        return self._ports.comments.write(found.pull.number, "\n".join(lines), known=known), True

    def refresh(self, found: EvaluatedPull) -> None:
        """Bring what the next run may take over up to date, where the comment says the same.

        It is the least urgent of all: without it, the next run only takes longer.

        Raises:
            GitOpsError: it could not be written.
        """
        known, entry = found.pull.comment, found.entry
        if not self._listing.caches or entry is None or known is None or known.edited:
            return
        first, _, rest = known.body.partition("\n")
        second, _, rest = rest.partition("\n")
        if _shown(known.body) != fingerprint(found.report) or not rest.startswith(_CHANGE):
            return
        shown = read_remembered(known.body)
        lasts = shown is not None and shown.lasts(found.report.now, found.pull.number)
        if lasts and shown and replace(shown, at=entry.at) == entry:
            return
        text = rest.partition("\n")[2]
        hidden = _hidden(entry)
        if f"{hidden}\n" != rest.removesuffix(text) and self._budget.spend():
            body = f"{first}\n{second}\n{hidden}\n{text}"
            self._ports.comments.write(found.pull.number, body, known=known)

    def says_the_same(self, found: EvaluatedPull) -> bool:
        """Whether the comment needs no other text."""
        known = found.pull.comment
        return (
            known is not None
            and not known.edited
            and _shown(known.body) == fingerprint(found.report)
        )


_CHANGE = "<!-- gitops-action: change "


def _hidden(entry: RememberedChange | None) -> str:
    """The comment's third line, which is there in any case: below it are untrusted texts."""
    return (write_remembered(entry) if entry else "") or f"{_CHANGE}unknown -->"


def _shown(body: str) -> str:
    found = _FINGERPRINT.search(body)
    return found[1] if found else ""


def statuses_of(
    found: EvaluatedPull, comment: GateComment | None, viewer: str
) -> Iterator[CommitStatus]:
    """The statuses that have to be written, `gitops/ready` last."""
    known = {one.context: one for one in found.pull.statuses}
    verdicts = {one.context: one for one in found.report.environments}
    for context, status in known.items():
        gone = (
            context.startswith(_PREFIX)
            and context != READY_CONTEXT
            and "/" not in (context.removeprefix(_PREFIX))
        )
        if gone and context not in verdicts and status.creator == viewer and _blocks(status):
            yield _cleared(found, status)
    for verdict in (*found.report.environments, found.report.verdict):
        context = verdict.context if verdict is not found.report.verdict else READY_CONTEXT
        made = _status(context, verdict, found, comment)
        if not _says(known.get(context), made, viewer):
            yield made


def _blocks(status: HeadStatus) -> bool:
    return status.state != "success"


def _cleared(found: EvaluatedPull, status: HeadStatus) -> CommitStatus:
    """For an environment that the change touches no longer, or that is no longer configured."""
    if found.change is None:  # a conflict: what it touches is not known, so nothing is cleared
        return CommitStatus(
            context=status.context,
            state="failure",
            description=found.report.verdict.text,
            url=status.url,
        )
    return CommitStatus(
        context=status.context, state="success", description="ready: not touched", url=status.url
    )


def _status(
    context: str, verdict: Verdict, found: EvaluatedPull, comment: GateComment | None
) -> CommitStatus:
    url = comment.url if comment else found.report.url
    if found.report.digest:
        base = found.entry.base if found.entry and found.partly else found.report.base
        entry = CachedHash(digest=found.report.digest, base=base)
        url = cached_url(found.report.url, entry, comment=comment.number if comment else 0)
    return CommitStatus(
        context=context,
        state=verdict.state,
        description=one_line(escape(concealed(verdict.text))),
        url=url,
    )


def _says(known: HeadStatus | None, made: CommitStatus, viewer: str) -> bool:
    """Whether our own status says the same already.

    Another's status of this name says nothing, and an entry of an older base is still true of that
    base.
    """
    if known is None or known.creator != viewer:
        return False
    before, now = cached_hash(known.url), cached_hash(made.url)
    same = (before.digest if before else "") == (now.digest if now else "")
    return same and (known.state, known.description) == (made.state, made.description)
