"""`rollback`: return an environment to the last images that were verified there.

The story: read the base and the proved deployments, choose the state to go back to, plan it as a
bump of these images, add the holds on what is replaced, and propose both as one commit in one pull
request. After a failed run of the deployment's workflow, each environment is decided on by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from gitops_action.commands.bump.content import settings_of
from gitops_action.commands.file_proposal import FilesProposed
from gitops_action.commands.rollback import report
from gitops_action.commands.rollback.announce import (
    Announced,
    alarm_origins,
    announce_alarms,
    announce_break_glass,
    announce_rollback,
)
from gitops_action.commands.rollback.edit import NotEditableError
from gitops_action.commands.rollback.environment import (
    EnvironmentRollback,
    NoCandidateError,
    read_environments,
)
from gitops_action.commands.rollback.interrupted import announce_returned
from gitops_action.commands.rollback.ports import RollbackPorts
from gitops_action.commands.rollback.propose import (
    NothingDiffersError,
    Why,
    propose,
    propose_revert,
)
from gitops_action.core.config import held
from gitops_action.core.deploy.result import Result
from gitops_action.core.gates.decisions import Decision
from gitops_action.core.inputs.rollback import RollbackInputs
from gitops_action.core.json_values import mapping, text
from gitops_action.core.outcome import Outcome
from gitops_action.core.report.rollback import RollbackView
from gitops_action.core.report.rollback_alarm import Alarm
from gitops_action.core.rollback.automatic import (
    AutomaticDecision,
    Code,
    FailedEnvironment,
    decide,
    revert_command,
)
from gitops_action.core.rollback.candidates import Candidate
from gitops_action.errors import ConflictError, GitOpsError, UsageError

ATTEMPTS = 16


def run(inputs: RollbackInputs, ports: RollbackPorts) -> Outcome:
    """Go back, or list what can be gone back to.

    Raises:
        NoCandidateError: there is no earlier state that was verified and may run.
        GitOpsError: something cannot be read, planned or written.
    """
    if not inputs.environment and _follows_deployment(inputs, ports):
        return _repeated(ports, lambda: _automatic(inputs, ports))
    if len(inputs.environment) != 1:
        raise UsageError(
            "No environment was specified",
            cause="only after a failed run of the deployment's workflow is it known by itself",
            fix="give `environment`",
        )
    return _repeated(ports, lambda: _asked(inputs, ports))


def _follows_deployment(inputs: RollbackInputs, ports: RollbackPorts) -> bool:
    """Whether the run follows one that deployed, or is the same, of which this is the last job.

    With the job's token it is the same: nothing follows a run that was dispatched by it.
    """
    file = ports.job.workflow_file
    if ports.job.event_name == "workflow_run" or not file:
        return ports.job.event_name == "workflow_run"
    tip = ports.store.tip(base=inputs.base, config=inputs.config)
    config, _ = settings_of(tip, inputs.config)
    return any(one.deploy.workflow == file for one in config.environments)


def _repeated(ports: RollbackPorts, work: Callable[[], Outcome]) -> Outcome:
    """Plan again as long as the base branch or the pull request moves."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return work()
        except ConflictError as error:
            conflict = error
            ports.clock.pause(attempt)
    raise conflict


def _asked(inputs: RollbackInputs, ports: RollbackPorts) -> Outcome:
    (one,) = read_environments(inputs, ports)
    if one.changed_applications and not one.changed():
        one = replace(one, whole=True)  # configuration failed: any application may be meant
    images = one.requested()
    if inputs.list:
        return report.listed(one.environment.name, tuple(one.search(images).candidates()))
    _refuse_without_right(ports)
    if not (inputs.to_version or inputs.to_commit):
        one.holds.readable()
    try:
        candidate = one.choose(images)
    except NoCandidateError:
        if inputs.mode == "commit" and not inputs.dry_run:
            announce_returned(one)  # what an earlier run committed may not be reported yet
        raise
    failed = one.newest(Result.FAILED)
    asked_by = ports.job.actor or ports.forge.viewer().login
    why = Why(reason=inputs.reason, failed=failed, asked_by=asked_by)
    view, done = propose(one, candidate, why)
    said = Announced()
    if not inputs.dry_run:
        _record_request(ports, view, done)
        said = announce_rollback(ports, one.config, view, done, failed=failed)
    if inputs.mode == "commit" and done.commit:
        said += announce_break_glass(ports, view, done.commit)
    return report.proposed([(view, done)], said, mode=inputs.mode, dry_run=inputs.dry_run)


def _form(ports: RollbackPorts) -> bool:
    """Whether a person filled in the workflow's form."""
    person = ports.job.actor and not ports.job.actor.endswith("[bot]")
    return ports.job.event_name == "workflow_dispatch" and bool(person)


def _refuse_without_right(ports: RollbackPorts) -> None:
    """The person who filled in the form, and who started the run again, needs write access today.

    Raises:
        GitOpsError: one of them does not have it.
    """
    if ports.requests is None or not _form(ports):
        return
    for login in dict.fromkeys(filter(None, (ports.job.actor, ports.job.triggering_actor))):
        if not ports.requests.may_write(login):
            raise GitOpsError(
                f"{login} may not ask for a rollback",
                cause="it takes write access to the environment repository, which was not found",
                fix="ask a person with write access to run the workflow",
            )


def _record_request(ports: RollbackPorts, view: RollbackView, done: FilesProposed) -> None:
    """The gate grants what a person with the right asked for, by our own record of it."""
    sender = mapping(ports.job.event, "sender")
    person = sender.get("id")
    if ports.requests is None or not _form(ports) or done.number is None:
        return
    if not isinstance(person, int) or text(sender, "login").lower() != ports.job.actor.lower():
        return
    ports.requests.record(
        done.number,
        Decision(
            kind="rollback",
            login=ports.job.actor,
            person=person,
            at=ports.clock.now(),
            environment=view.environment,
            images=tuple(str(move.now.with_(name=move.now.repository)) for move in view.moves),
            reason=view.reason,
            url=ports.job.run_url,
        ),
    )


def _automatic(inputs: RollbackInputs, ports: RollbackPorts) -> Outcome:
    """Every environment, by its newest deployment."""
    done: list[_Done] = []
    decided: list[tuple[EnvironmentRollback, AutomaticDecision]] = []
    alarms: list[Alarm] = []
    said = Announced()
    for one in read_environments(inputs, ports):
        decision, made = _undone(one, _decision(one))
        if made:
            done.append(made)
            if not inputs.dry_run:
                said += announce_rollback(ports, one.config, *made, failed=decision.record)
        if decision.code in _BACK_ALREADY and not inputs.dry_run:
            said += announce_returned(one)
        decided.append((one, decision))
        alarms += [_alarm(one, decision, made)] if decision.alarm else []
    if not inputs.dry_run:
        said += announce_alarms(
            ports,
            alarms,
            [
                (one.environment.name, good)
                for one, _ in decided
                if (good := one.newest(Result.SUCCEEDED))
            ],
        )
    decisions = [(one.environment.name, decision) for one, decision in decided]
    return report.automatic(decisions, done, said, dry_run=inputs.dry_run)


_BACK_ALREADY = frozenset({"base-moved", "no-failure"})
"""Where the base may have the rollback of an interrupted run, which was not reported."""


def _decision(one: EnvironmentRollback) -> AutomaticDecision:
    now = one.now() if one.newest(Result.FAILED) else {}
    return decide(
        FailedEnvironment(
            environment=one.environment,
            config=one.config,
            records=one.records,
            now=now,
            content=one.content,
            held=lambda keys: any(
                held(one.holds.holds, one.environment.name, key[0], image, one.ports.clock.now())
                for key in keys
                for image in now.get(key, ())
            ),
            unreadable=one.holds.unreadable,
        )
    )


_Done = tuple[RollbackView, FilesProposed]


def _undone(
    one: EnvironmentRollback, decision: AutomaticDecision
) -> tuple[AutomaticDecision, _Done | None]:
    """Propose what is decided; gives what it came to, which another decision may be.

    A failure here ends no other environment's rollback: it becomes an alarm.
    """
    try:
        if decision.code == "go-back":
            made = _images_back(one, decision)
        elif decision.revert:
            made = _configuration_back(one, decision)
        else:
            return decision, None
    except ConflictError:
        raise
    except GitOpsError as error:
        reason = str(error)
        if decision.revert:
            reason = f"{decision.reason}: {error.cause or error.title}"
        return replace(decision, code=_stopped(decision, error), reason=reason, alarm=True), None
    if made[1].declined:
        reason = f"{one.environment.name}: {made[1].reason}"
        return replace(decision, code="declined", reason=reason, alarm=False), None
    return _as_made(one, decision, made[0]), made


def _stopped(decision: AutomaticDecision, error: GitOpsError) -> Code:
    """What a decision comes to that could not be carried out."""
    if isinstance(error, NothingDiffersError):
        return "nothing-changed"
    if isinstance(error, NoCandidateError):
        return "first-deployment"
    if isinstance(error, NotEditableError):
        return "configuration-only" if decision.revert else "not-editable"
    return "not-proposed"


def _images_back(one: EnvironmentRollback, decision: AutomaticDecision) -> _Done:
    images = {key: one.now()[key] for key in decision.images}
    return propose(one, one.choose(images), Why(reason=decision.reason, failed=decision.record))


def _configuration_back(one: EnvironmentRollback, decision: AutomaticDecision) -> _Done:
    """The whole change, for people: what of it failed is not known."""
    failed, good = decision.record, one.good()
    if failed is None or good is None:
        raise NoCandidateError(f"There is nothing to go back to in {one.environment.name}")
    reason = NotEditableError(
        decision.reason,
        cause="no image changed",
        fix=f"revert it: {revert_command(failed.commit)}",
    )
    why = Why(reason=decision.reason, failed=failed)
    return propose_revert(one, Candidate(record=good), why, reason)


def _as_made(
    one: EnvironmentRollback, decision: AutomaticDecision, view: RollbackView
) -> AutomaticDecision:
    """The decision, after what was proposed turned out to be a revert of the whole change."""
    name = one.environment.name
    if view.whole is None:
        return decision
    if not view.files:
        reason = f"{name}: the base branch has the revert already"
        return replace(decision, code="base-moved", reason=reason, alarm=False)
    reverts = "would revert" if one.inputs.dry_run else "reverts"
    if decision.revert:
        return replace(decision, reason=f"{decision.reason}; a pull request {reverts} it")
    reason = f"{name}: no edit puts the images back ({view.whole.because})"
    reason += f"; a pull request {reverts} the whole change"
    return replace(decision, code="not-editable", reason=reason, alarm=True)


_UNDONE_BY_REVERT = frozenset({"configuration-only", "first-deployment"})
"""Alarms where no earlier images help."""


def _alarm(one: EnvironmentRollback, decision: AutomaticDecision, made: _Done | None) -> Alarm:
    """The failure with what a person can go back to, and who brought it."""
    failed, good = decision.record, one.good()
    return Alarm(
        environment=one.environment.name,
        decision=decision,
        back=None
        if decision.revert or decision.code in _UNDONE_BY_REVERT
        else _back(one, decision),
        revert=made[1].url if made and made[0].whole else "",
        origins=alarm_origins(one.ports, good.commit, failed.commit) if failed and good else (),
        job=one.ports.job,
    )


def _back(one: EnvironmentRollback, decision: AutomaticDecision) -> Candidate | None:
    now = one.now()
    images = {key: now[key] for key in decision.images if key in now} or now
    found = one.search(images).candidates()
    return next((each for each in found if each.moves and not each.refused), None)
