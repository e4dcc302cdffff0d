"""The words on a failure that nothing undoes, a rollback that was made, and break-glass.

Issues, and comments on the pull requests that brought the version. Every text from outside stands
in code spans; only logins of people are mentioned.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256

from gitops_action.core.dataclass import dataclass
from gitops_action.core.deployments.proof import EvaluatedRecord
from gitops_action.core.issues import NewIssue
from gitops_action.core.markdown import code, escape, prose, shown
from gitops_action.core.outcome import Job
from gitops_action.core.report.bump import version_of
from gitops_action.core.report.hold import lift_command
from gitops_action.core.report.rollback import RollbackView, page_of, rollback_command
from gitops_action.core.rollback.automatic import AutomaticDecision, Code, revert_command
from gitops_action.core.rollback.candidates import Candidate, Move
from gitops_action.core.rollback.origin import Origin, mentions, people_of

_TITLES: Mapping[Code, str] = {
    "own-failure": "the rollback failed too",
    "first-deployment": "a deployment failed, and there is nothing to go back to",
    "configuration-only": "a deployment failed after a change of configuration",
    "holds-unreadable": "a deployment failed, and a hold cannot be read",
    "off": "a deployment failed, and nothing goes back by itself",
    "not-editable": "a deployment failed, and its images cannot be put back by an edit",
    "nothing-changed": "a deployment failed, with the files of the last good one",
    "not-proposed": "a deployment failed, and the rollback could not be proposed",
}


_REVERTED: frozenset[Code] = frozenset({"configuration-only", "not-editable"})
"""What the revert of the whole change undoes, where no edit does."""


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """A failure that a person has to act on.

    Attributes:
        environment: where.
        decision: why nothing goes back by itself.
        back: the state that a person can go back to; None where there is none.
        revert: page of the pull request that reverts the whole change; empty where there is none.
        origins: what brought it.
        job: the run.
    """

    environment: str
    decision: AutomaticDecision
    back: Candidate | None = None
    revert: str = ""
    origins: tuple[Origin, ...] = ()
    job: Job

    @property
    def failed(self) -> EvaluatedRecord | None:
        """The deployment that failed."""
        return self.decision.record


def alarm_subject(environment: str) -> str:
    """What the issue is about: one for each environment."""
    return f"alarm {environment}"


def alarm_issue(alarm: Alarm) -> NewIssue:
    """The issue; its occasion is the kind of alarm and the commit that failed."""
    failed = alarm.failed
    seen = sha256(f"{alarm.decision.code} {failed.commit if failed else ''}".encode()).hexdigest()
    what = _TITLES.get(alarm.decision.code, "a deployment failed")
    return NewIssue(
        subject=alarm_subject(alarm.environment),
        occasion=seen[:12],
        title=escape(f"{alarm.environment}: {what}"),
        body="\n\n".join(part for part in _alarm_parts(alarm) if part),
    )


def _alarm_parts(alarm: Alarm) -> list[str]:
    return [
        f"{prose(alarm.decision.reason)}.",
        failure_lines(alarm.failed),
        origin_lines(alarm.origins),
        _good_line(alarm),
        _commands(alarm),
        _told(people_of(alarm.origins, alarm.failed.actor if alarm.failed else "")),
        "Nothing is tried again by itself. This issue closes with the next successful deployment.",
    ]


def failure_lines(failed: EvaluatedRecord | None) -> str:
    """The deployment that failed, and what its record says."""
    if failed is None:
        return ""
    page = f" ({page_of(failed.url)})" if failed.url else ""
    why = f": {code(failed.description)}" if failed.description else ""
    return f"Deployment {failed.number} of {failed.commit[:12]} failed{page}{why}"


def origin_lines(origins: Sequence[Origin]) -> str:
    """The pull requests and commits that brought the version."""
    named = [f"#{one.pull_request}" if one.pull_request else one.commit[:12] for one in origins]
    return f"Brought by {', '.join(named)}." if named else ""


def _good_line(alarm: Alarm) -> str:
    if alarm.back is None:
        return ""
    record = alarm.back.record
    versions = ", ".join(
        f"{code(f'{m.application} {version_of(m.then)}')}" for m in alarm.back.moves
    )
    when = f"{record.ended or record.started:%Y-%m-%d %H:%M %Z}"
    return f"Last good version: {versions}, verified at {when} at commit {record.commit[:12]}."


def way_back(alarm: Alarm) -> tuple[str, ...]:
    """The commands that bring the last good version back."""
    failed = alarm.failed
    stopped = alarm.decision.revert and alarm.decision.code == "not-proposed"
    if (stopped or alarm.decision.code in _REVERTED) and failed is not None:
        return (revert_command(failed.commit),)
    if alarm.back is None:
        return ()
    names = sorted({move.application for move in alarm.back.moves})
    command = rollback_command(alarm.environment, names)
    return (f"{command} --to-commit {alarm.back.record.commit[:12]}",)


def _commands(alarm: Alarm) -> str:
    commands = way_back(alarm)
    if alarm.revert:
        merge = (
            f"To go back, review and merge {page_of(alarm.revert)}: it reverts the whole change."
        )
        return "\n\n".join((merge, "By hand it is:", _block(commands)) if commands else (merge,))
    if alarm.decision.code == "nothing-changed":
        return "The cause is outside of these files: look at the cluster, and deploy again."
    if not commands:
        return "There is no version to go back to: correct it in a new change."
    return f"To go back:\n\n{_block(commands)}"


def _block(commands: Sequence[str]) -> str:
    return "\n".join(("```sh", *commands, "```"))


def _told(people: Sequence[str]) -> str:
    return f"For {mentions(people)}." if people else ""


def settled_reason(record: EvaluatedRecord) -> str:
    """Why an alarm is closed."""
    page = f" ({page_of(record.url)})" if record.url else ""
    return f"Deployment {record.number} of {record.commit[:12]} succeeded{page}."


# A rollback that was made, where its version came from.


def told_comment(
    view: RollbackView, *, number: int | None, commit: str, people: Sequence[str]
) -> str:
    """The comment on a pull request that brought a version which went back."""
    place = f"#{number}" if number else f"commit {commit[:12]}"
    went = ", ".join(f"{code(move.application)} {_versions(move)}" for move in view.moves)
    back = f": {went}" if went else ""
    merged = " once a person merges it, which reverts the whole change" if view.whole else ""
    lines = [f"{code(view.environment)} goes back by {place}{merged}{back}."]
    lines += [f"Why: {code(view.reason, limit=1000)}"] if view.reason else []
    if view.holds:
        lines.append(f"On hold there: {', '.join(code(str(hold.image)) for hold in view.holds)}.")
        lifts = "\n".join(lift_command(hold) for hold in view.holds)
        lines.append(
            f"Once it is corrected, release a new version. To bring this one back:\n\n"
            f"```sh\n{lifts}\n```"
        )
    lines += [_told(people)] if people else []
    return "\n\n".join(lines)


def _versions(move: Move) -> str:
    return f"{code(version_of(move.now))} → {code(version_of(move.then))}"


def status_description(view: RollbackView) -> str:
    """The status on the commit that the image was built from."""
    versions = ", ".join(dict.fromkeys(version_of(move.then) for move in view.moves))
    return shown(f"{view.environment} went back to {versions}", limit=130)


# Break-glass.


def break_glass_issue(view: RollbackView, commit: str) -> NewIssue:
    """The issue that a commit past the pull requests leaves behind; a person closes it."""
    who = code(view.asked_by) if view.asked_by else "an account that is not known"
    went = "\n".join(f"- {code(move.application)} {_versions(move)}" for move in view.moves)
    holds = "\n".join(f"- on hold: {code(str(h.image))} ({code(h.file)})" for h in view.holds)
    run = f"Run: {page_of(view.job.run_url)}" if view.job.run_url else ""
    why = f"Why: {code(view.reason, limit=1000)}" if view.reason else "No reason was given."
    did = f"{who} committed {commit[:12]} to the base branch (`mode: commit`)"
    body = (
        f"{did}, past pull requests and gates.",
        f"{went}\n{holds}".rstrip(),
        why,
        f"The deployment that failed: {page_of(view.failed)}" if view.failed else "",
        run,
        "Close this issue when the change has been reviewed.",
    )
    names = ", ".join(view.applications)
    return NewIssue(
        subject=f"break-glass {commit}",
        occasion=commit[:12],
        title=escape(
            shown(f"Break-glass: {names} was rolled back in {view.environment}", limit=100)
        ),
        body="\n\n".join(part for part in body if part),
    )
