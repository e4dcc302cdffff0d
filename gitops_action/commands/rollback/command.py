"""`rollback`: return an environment to the last images that were verified there.

The story: read the base and the proved deployments, choose the state to go back to, plan it as a
bump of these images, add the holds on what is replaced, and propose both as one commit in one pull
request. After a failed run of the deployment's workflow, each environment is decided on by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from gitops_action.commands.bump.content import Base, CommitContent, settings_of
from gitops_action.commands.bump.plan import Planner
from gitops_action.commands.bump.ports import BumpPorts
from gitops_action.commands.bump.request import BumpRequest, VerifiedImage
from gitops_action.commands.file_proposal import (
    FileProposal,
    FilesProposed,
    commit_files,
    propose_files,
)
from gitops_action.commands.rollback import report
from gitops_action.commands.rollback.announce import (
    Announced,
    alarm_origins,
    announce_alarms,
    announce_break_glass,
    announce_rollback,
)
from gitops_action.commands.rollback.content import Contents, KnownContent
from gitops_action.commands.rollback.ports import RollbackPorts
from gitops_action.commands.rollback.supersede import close_held_bump
from gitops_action.core.config import (
    Config,
    Environment,
    Hold,
    frozen,
    held,
    hold_file,
    select_environments,
)
from gitops_action.core.config.holds import Holds
from gitops_action.core.dataclass import dataclass
from gitops_action.core.deploy.result import Result
from gitops_action.core.deployments.proof import EvaluatedRecord
from gitops_action.core.gates.decisions import Decision
from gitops_action.core.images import ImageChange, ImageReference
from gitops_action.core.images.oci import ImageMissingError, RegistryError
from gitops_action.core.inputs.bump import BumpInputs
from gitops_action.core.inputs.rollback import RollbackInputs
from gitops_action.core.json_values import mapping, text
from gitops_action.core.outcome import Outcome
from gitops_action.core.plan import NoMatchError, make_keep
from gitops_action.core.report import rollback as texts
from gitops_action.core.report.hold import lift_command
from gitops_action.core.report.rollback import RollbackView
from gitops_action.core.report.rollback_alarm import Alarm
from gitops_action.core.repository import Tip
from gitops_action.core.rollback.automatic import AutomaticDecision, FailedEnvironment, decide
from gitops_action.core.rollback.candidates import (
    Candidate,
    DescribedImages,
    Search,
    is_return,
    is_version,
    newest_first,
    same_state,
)
from gitops_action.errors import ConflictError, GitOpsError, UsageError

ATTEMPTS = 16


class NoCandidateError(GitOpsError):
    """There is no state to go back to."""


class NotEditableError(GitOpsError):
    """The files do not take the images back."""


def run(inputs: RollbackInputs, ports: RollbackPorts) -> Outcome:
    """Go back, or list what can be gone back to.

    Raises:
        NoCandidateError: there is no earlier state that was verified and may run.
        GitOpsError: something cannot be read, planned or written.
    """
    if not inputs.environment and ports.job.event_name == "workflow_run":
        return _repeated(ports, lambda: _automatic(inputs, ports))
    if len(inputs.environment) != 1:
        raise UsageError(
            "No environment was specified",
            cause="only after a failed run of the deployment's workflow is it known by itself",
            fix="give `environment`",
        )
    return _repeated(ports, lambda: _asked(inputs, ports))


def _repeated(ports: RollbackPorts, work: Callable[[], Outcome]) -> Outcome:
    """Plan again as long as the base branch or the pull request moves."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return work()
        except ConflictError as error:
            conflict = error
            ports.clock.pause(attempt)
    raise conflict


@dataclass(frozen=True, kw_only=True)
class _Rollback:
    """One environment, as it was read."""

    inputs: RollbackInputs
    ports: RollbackPorts
    tip: Tip
    config: Config
    holds: Holds
    contents: Contents
    environment: Environment
    records: tuple[EvaluatedRecord, ...]

    def now(self) -> DescribedImages:
        """What the tip describes."""
        return self.contents.tip(self.environment, self.tip.commit)

    def content(self, commit: str) -> DescribedImages | None:
        """What a commit describes for the environment."""
        return self.contents.read(self.environment, commit)

    def search(self, images: DescribedImages) -> Search:
        """The search for the state that these images go back to."""
        return Search(
            environment=self.environment.name,
            records=self.records,
            now=images,
            holds=self.holds.holds,
            at=self.ports.clock.now(),
            content=self.content,
            missing=self._missing,
            to_version=self.inputs.to_version,
            to_commit=self.inputs.to_commit,
        )

    def _missing(self, image: ImageReference) -> bool:
        """Only a registry that is sure counts."""
        try:
            self.ports.registry.describe(image)
        except ImageMissingError:
            return True
        except RegistryError:
            return False
        return False

    def good(self) -> EvaluatedRecord | None:
        """The newest deployment that succeeded."""
        proved = (one for one in newest_first(self.records) if one.proved and not one.destroyed)
        return next((one for one in proved if one.result is Result.SUCCEEDED), None)

    def healthy(self) -> EvaluatedRecord | None:
        """The newest deployment that ended, where it succeeded."""
        ended = (one for one in newest_first(self.records) if one.proved and one.ended)
        newest = next(ended, None)
        return newest if newest and newest.result is Result.SUCCEEDED else None

    # What a person asks for.

    def requested(self) -> DescribedImages:
        """The images of the applications that go back.

        Raises:
            UsageError: an application is not there, or which one is meant is not clear.
        """
        now = self.now()
        known = sorted({name for name, _ in now})
        names = self.inputs.application or self._changed(now) or known
        if unknown := [name for name in names if name not in known]:
            raise UsageError(
                f"{self.environment.name} has no application {unknown[0]!r}",
                cause=f"it has {', '.join(known) or 'none'}",
                fix="name one of them",
            )
        if not self.inputs.application and len(names) > 1 and not self._changed(now):
            raise UsageError(
                "No application was specified",
                cause=f"{self.environment.name} has {', '.join(names)}",
                fix="give `application`",
            )
        return {key: images for key, images in now.items() if key[0] in names}

    def _changed(self, now: DescribedImages) -> tuple[str, ...]:
        """The applications whose images the newest deployment changed."""
        done = [one for one in newest_first(self.records) if one.proved and one.ended]
        good = next((one for one in done if one.result is Result.SUCCEEDED), None)
        if not done or good is None or good is done[0]:
            done = [one for one in done if one.result is Result.SUCCEEDED]
            good = next(
                (
                    one
                    for one in done
                    if (before := self.content(one.commit)) is not None
                    and not same_state(now, before, now)
                ),
                None,
            )
        before = self.content(good.commit) if good else None
        if before is None:
            return ()
        return tuple(sorted({key[0] for key in now if not same_state(now, before, [key])}))

    def choose(self, images: DescribedImages) -> Candidate:
        """The state to go back to.

        Raises:
            NoCandidateError: there is none; names those that were passed over and why.
        """
        search = self.search(images)
        named = self.inputs.to_version or self.inputs.to_commit
        if named:
            self._refuse_held(images)
        elif is_return(self.records, images, self.content):
            self._refuse_return(images)
        passed: list[Candidate] = []
        for candidate in search.candidates():
            if not candidate.refused and candidate.moves:
                return candidate
            passed.append(candidate)
        raise self._none(images, passed)

    def _refuse_held(self, images: DescribedImages) -> None:
        """A version that is named and on hold is never gone back to."""
        for hold in self.holds.holds:
            named = hold.image and is_version(hold.image, self.inputs.to_version or "-")
            about = hold.application is None or hold.application in {key[0] for key in images}
            if named and about and hold.on(self.environment.name) and self._active(hold):
                raise self._on_hold(hold)

    def _refuse_return(self, images: DescribedImages) -> None:
        """What runs is the result of a rollback already: forward is another way."""
        applications = {key[0] for key in images}
        for hold in self.holds.holds:
            about = hold.application is None or hold.application in applications
            if hold.image and about and hold.on(self.environment.name) and self._active(hold):
                raise self._on_hold(hold)

    def _active(self, hold: Hold) -> bool:
        return hold.active(self.ports.clock.now())

    def _on_hold(self, hold: Hold) -> NoCandidateError:
        lift = f"`{lift_command(hold)}`, then bump or promote it again"
        return NoCandidateError(
            f"{hold.image} is on hold in {self.environment.name}, so no rollback brings it back",
            cause=f"{hold.author or 'someone'} set it: {hold.reason or 'no reason was given'}",
            fix=f"forward: {lift}; further back: give `to-version` (`--list` shows which)",
        )

    def _none(self, images: DescribedImages, passed: list[Candidate]) -> NoCandidateError:
        name = self.environment.name
        names = ", ".join(sorted({key[0] for key in images}))
        said = "; ".join(f"{one.record.commit[:12]}: {one.refused}" for one in passed[:5])
        wanted = self.inputs.to_version or self.inputs.to_commit
        which = f"{wanted} was not verified there, or is what is described" if wanted else ""
        return NoCandidateError(
            f"There is nothing to go back to for {names} in {name}",
            cause=said or which or "no other version was verified there",
            fix="name a version that was verified (`--list`), or propose one by `bump`",
        )

    # The change.

    def propose(
        self, candidate: Candidate, *, reason: str, failed: EvaluatedRecord | None, asked_by: str
    ) -> tuple[RollbackView, FilesProposed]:
        """Plan the return and the holds, and propose or commit them.

        Raises:
            ConflictError: something has moved.
            GitOpsError: the files do not take it.
        """
        now = self.ports.clock.now()
        newest = next(iter(newest_first(self.records)), None)
        view = RollbackView(
            environment=self.environment.name,
            moves=candidate.moves,
            candidate=candidate,
            undone=(failed or newest or candidate.record).commit,
            reason=reason,
            failed=failed.url if failed else "",
            cause=failed.description if failed else "",
            frozen=frozen(self.holds.holds, self.environment.name, now) is not None,
            asked_by=asked_by,
            job=self.ports.job,
        )
        holds, files = self._holds(view)
        edits = self._edits(candidate)
        view = replace(view, holds=holds, files=tuple(sorted(edits)))
        changes = {**edits, **files}
        proposal = FileProposal(
            branch=texts.branch(view),
            base=self.tip.branch,
            parent=self.tip.commit,
            changes=changes,
            title=texts.title(view),
            body=texts.body(view),
            message=texts.message(view),
        )
        return view, self._settle(view, proposal)

    def _settle(self, view: RollbackView, proposal: FileProposal) -> FilesProposed:
        if self.inputs.mode == "commit":
            if self.inputs.dry_run:
                return FilesProposed(branch=self.tip.branch, reason="dry run: nothing was written")
            commit = commit_files(self.ports.store, proposal)
            return FilesProposed(branch=self.tip.branch, commit=commit)
        done = propose_files(
            self.ports.store, self.ports.forge, proposal, dry_run=self.inputs.dry_run
        )
        if not self.inputs.dry_run:
            close_held_bump(self.ports, self.tip, view, done.number)
        return done

    def _holds(self, view: RollbackView) -> tuple[tuple[Hold, ...], dict[str, bytes]]:
        """One on each image that is replaced; what is on hold already stays as it is."""
        taken = list(self.holds.holds)
        made: list[Hold] = []
        files: dict[str, bytes] = {}
        now = self.ports.clock.now().replace(microsecond=0)
        for move in view.moves:
            if held(taken, self.environment.name, move.application, move.now, now):
                continue
            hold = Hold(
                environment=self.environment.name,
                application=move.application,
                image=move.now.with_(name=move.now.repository),
                reason=view.reason or f"rolled back: {view.failed or 'no reason was given'}",
                author=view.asked_by or "gitops-action",
                since=now,
            )
            path, data = hold_file(hold, taken)
            files[path] = data
            made.append(replace(hold, file=path))
            taken.append(made[-1])
        return tuple(made), files

    def _edits(self, candidate: Candidate) -> dict[str, bytes]:
        """The bump's plan and edit, so that unrelated later changes stay."""
        changes = tuple(
            dict.fromkeys(
                ImageChange(
                    repository=move.now.repository,
                    target=move.then,
                    rename=move.now.repository != move.then.repository,
                )
                for move in candidate.moves
            )
        )
        try:
            plan = self._planner(candidate, changes).plan(
                self.environment,
                BumpRequest(
                    images=tuple(VerifiedImage(change=one, facts=None) for one in changes),
                    sets=(),
                ),
            )
        except (NoMatchError, UsageError) as error:
            raise NotEditableError(
                f"The images of {self.environment.name} cannot be put back by an edit",
                cause=error.title,
                fix=f"revert the whole change: `git revert` what came after"
                f" {candidate.record.commit[:12]}, and open it as a pull request",
                location=error.location,
            ) from error
        return dict(plan.plan.edits)

    def _planner(self, candidate: Candidate, changes: tuple[ImageChange, ...]) -> Planner:
        pinned = all(move.then.digest for move in candidate.moves)
        applications = tuple(sorted({move.application for move in candidate.moves}))
        ports = self.ports
        return Planner(
            inputs=BumpInputs(
                application=applications,
                digest="pin" if pinned else "drop",
                allow_downgrade=True,
                token=self.inputs.token,
                repository=self.inputs.repository,
            ),
            ports=BumpPorts(store=ports.store, texts=ports.texts, clock=ports.clock, job=ports.job),
            base=Base(tip=self.tip, config=self.config, holds=()),
            content=CommitContent(
                KnownContent(ports.store, self.contents),
                commit=self.tip.commit,
                config=self.config,
                applications=applications,
                keep=make_keep(changes, ()),
            ),
        )


def _read(inputs: RollbackInputs, ports: RollbackPorts) -> tuple[_Rollback, ...]:
    tip = ports.store.tip(base=inputs.base, config=inputs.config)
    config, holds = settings_of(tip, inputs.config)
    environments = (
        select_environments(config, inputs.environment)
        if inputs.environment
        else config.environments
    )
    records = ports.records.read(environments)
    contents = Contents(ports.store, config)
    return tuple(
        _Rollback(
            inputs=inputs,
            ports=ports,
            tip=tip,
            config=config,
            holds=holds,
            contents=contents,
            environment=one,
            records=tuple(records.get(one.name, ())),
        )
        for one in environments
    )


def _asked(inputs: RollbackInputs, ports: RollbackPorts) -> Outcome:
    (one,) = _read(inputs, ports)
    images = one.requested()
    if inputs.list:
        return report.listed(one.environment.name, tuple(one.search(images).candidates()))
    _refuse_without_right(ports)
    if not (inputs.to_version or inputs.to_commit):
        one.holds.readable()
    candidate = one.choose(images)
    newest = next((r for r in newest_first(one.records) if r.proved and r.ended), None)
    failed = newest if newest and newest.result is Result.FAILED else None
    view, done = one.propose(
        candidate,
        reason=inputs.reason,
        failed=failed,
        asked_by=ports.job.actor or ports.forge.viewer().login,
    )
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
    """Whoever filled in the form, and whoever started the run again, needs write access today.

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
    done: list[tuple[RollbackView, FilesProposed]] = []
    decided: list[tuple[_Rollback, AutomaticDecision]] = []
    said = Announced()
    for one in _read(inputs, ports):
        decision = _decision(one)
        if decision.code == "go-back":
            try:
                done.append(_undo(one, decision))
                if not inputs.dry_run:
                    said += announce_rollback(ports, one.config, *done[-1], failed=decision.record)
            except NoCandidateError as error:
                decision = replace(decision, code="first-deployment", reason=str(error), alarm=True)
            except NotEditableError as error:
                decision = replace(decision, code="not-editable", reason=str(error), alarm=True)
        decided.append((one, decision))
    if not inputs.dry_run:
        said += announce_alarms(
            ports,
            [_alarm(one, decision) for one, decision in decided if decision.alarm],
            [(one.environment.name, good) for one, _ in decided if (good := one.healthy())],
        )
    decisions = [(one.environment.name, decision) for one, decision in decided]
    return report.automatic(decisions, done, said, dry_run=inputs.dry_run)


def _decision(one: _Rollback) -> AutomaticDecision:
    now = {} if one.healthy() else one.now()
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


def _undo(one: _Rollback, decision: AutomaticDecision) -> tuple[RollbackView, FilesProposed]:
    images = {key: one.now()[key] for key in decision.images}
    return one.propose(
        one.choose(images), reason=decision.reason, failed=decision.record, asked_by=""
    )


_UNDONE_BY_REVERT = frozenset({"configuration-only", "first-deployment"})
"""Alarms where no earlier images help."""


def _alarm(one: _Rollback, decision: AutomaticDecision) -> Alarm:
    """The failure with what a person can go back to, and who brought it."""
    failed, good = decision.record, one.good()
    return Alarm(
        environment=one.environment.name,
        decision=decision,
        back=None if decision.code in _UNDONE_BY_REVERT else _back(one, decision),
        origins=alarm_origins(one.ports, good.commit, failed.commit) if failed and good else (),
        job=one.ports.job,
    )


def _back(one: _Rollback, decision: AutomaticDecision) -> Candidate | None:
    now = one.now()
    images = {key: now[key] for key in decision.images if key in now} or now
    found = one.search(images).candidates()
    return next((each for each in found if each.moves and not each.refused), None)
