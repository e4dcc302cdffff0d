"""What the gates are evaluated by, read where a gate needs it, each fact once a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from gitops_action.commands.gate.base import BaseState, read_base_pushes
from gitops_action.commands.gate.change import ChangeReader, JudgedChange
from gitops_action.commands.gate.ports import GatePorts
from gitops_action.commands.gate.provenance import ProvenanceReader
from gitops_action.commands.gate.reviews import ReviewFacts
from gitops_action.commands.proposed_holds import proposed_holds
from gitops_action.core.config import Environment, Hold
from gitops_action.core.config.resolved import Approvals
from gitops_action.core.deploy.result import Result
from gitops_action.core.deployments.proof import EvaluatedRecord
from gitops_action.core.gates.approvals import (
    ApprovalFacts,
    ChangeComparison,
)
from gitops_action.core.gates.change_cache import KnownPushers
from gitops_action.core.gates.checks import CheckFacts
from gitops_action.core.gates.decisions import Decision
from gitops_action.core.gates.holds import HoldFacts
from gitops_action.core.gates.http import HttpFacts
from gitops_action.core.gates.open_pull_request import (
    OpenPullRequest,
    OpenPullRequests,
    Push,
)
from gitops_action.core.gates.provenance import ProvenanceFacts, proven_digests
from gitops_action.core.gates.simulate import Simulation
from gitops_action.core.gates.touches import HoldChange
from gitops_action.core.gates.versions import ImageMove, Predecessor, ran, undone_versions
from gitops_action.errors import GitOpsError


class RunFacts:
    """Facts of one run at one base."""

    def __init__(
        self,
        ports: GatePorts,
        base: BaseState,
        reader: ChangeReader,
        listing: OpenPullRequests,
        simulation: Simulation,
    ) -> None:
        """Nothing is read yet; `simulation` is what is assumed."""
        self._reviews = ReviewFacts(ports, base, reader, listing, simulation)
        self._provenance = ProvenanceReader(ports, base)
        self._proven: dict[int, frozenset[str]] = {}
        self._ports = ports
        self._base = base
        self._reader = reader
        self._listing = listing
        self._records: Mapping[str, tuple[EvaluatedRecord, ...]] | None = None
        self._unread = ""
        self._applications: dict[str, frozenset[str]] = {}
        self._records_of: dict[str, tuple[EvaluatedRecord, ...]] = {}
        self._predecessors: dict[str, Predecessor] = {}
        self._proposed: Mapping[int, tuple[Hold, ...]] | None = None

    @property
    def by_job_token(self) -> bool:
        """Whether the gate has no App."""
        return self._listing.by_job_token

    def holds(self, change: JudgedChange, pull: OpenPullRequest) -> HoldFacts:
        """The holds of the base, without the unreadable ones that the change repairs.

        A hold that is only proposed counts as well, in every other pull request.
        """
        repaired = {one.path for one in change.holds if not one.unreadable or one.after is None}
        still = [
            one
            for path, one in self._base.unreadable.items()
            if path not in repaired or path in change.unreadable_after
        ]
        proposed = [
            hold
            for number, holds in self._proposed_holds().items()
            if number != pull.number
            for hold in holds
        ]
        return HoldFacts(
            holds=(*self._base.holds, *proposed), unreadable=tuple(still), now=self._base.now
        )

    def _proposed_holds(self) -> Mapping[int, tuple[Hold, ...]]:
        """What open pull requests for holds and rollbacks would put on hold, by their number."""
        if self._proposed is None:
            self._proposed = proposed_holds(
                self._listing, may_write=self._ports.people.may_write, changes=self._changed_holds
            )
        return self._proposed

    def _changed_holds(self, head: str) -> tuple[HoldChange, ...]:
        return self._reader.change(base=self._base.commit, head=head, now=self._base.now).holds

    def compared(self, pull: OpenPullRequest) -> Mapping[int, ChangeComparison]:
        """How reviews of a pull request compare, where that was read for good."""
        return self._reviews.compared(pull)

    def pushers(self, pull: OpenPullRequest) -> KnownPushers | None:
        """Who of the approvers pushed to a pull request, where that was read."""
        return self._reviews.pushers(pull)

    def approvals(
        self, rule: Approvals, pull: OpenPullRequest, change: JudgedChange, *, asked_by: str = ""
    ) -> ApprovalFacts:
        """Reviews with what they approved, and who may approve."""
        return self._reviews.approvals(rule, pull, change, asked_by=asked_by)

    def records(
        self, environment: Environment, *, newest: int | None = None
    ) -> tuple[EvaluatedRecord, ...]:
        """The environment's deployments, newest first; none where they cannot be read.

        Run and job prove that a commit was deployed. Which images that were, the commit says, and
        never the record's payload, which the author of the record could write.
        """
        if environment.name not in self._records_of:
            proved = [one for one in self._read_records().get(environment.name, ()) if one.proved]
            if newest is not None:
                return tuple(self._by_content(environment, one) for one in proved[:newest])
            scope = self._reader.scope(environment, self._base.commit)
            self._ports.trees.prefetch([one.commit for one in proved], scope.files)
            found = tuple(self._by_content(environment, one) for one in proved)
            self._records_of[environment.name] = found
        return self._records_of[environment.name][:newest]

    def ran_before(self, environment: Environment, moves: Iterable[ImageMove]) -> bool:
        """Whether records say that each image ran there: a hint that saves reading commits.

        A record that was too large for its images names none.
        """
        proved = [one for one in self._read_records().get(environment.name, ()) if one.proved]
        return all(
            any(not one.applications or ran(one, move) != "no" for one in proved) for move in moves
        )

    def _by_content(self, environment: Environment, record: EvaluatedRecord) -> EvaluatedRecord:
        try:
            images = self.applications_at(environment, record.commit)
        except GitOpsError as error:
            return replace(record, unproved=f"its commit cannot be read: {error.title}")
        return replace(record, applications={name: tuple(found) for name, found in images.items()})

    @property
    def unread(self) -> str:
        """Why deployments could not be read; empty when they were."""
        self._read_records()
        return self._unread

    def _read_records(self) -> Mapping[str, tuple[EvaluatedRecord, ...]]:
        """All environments in one go."""
        if self._records is None:
            deployed = [one for one in self._base.config.environments if one.deploy.targets]
            try:
                self._records = self._ports.records.read(deployed) if deployed else {}
            except GitOpsError as error:
                self._records, self._unread = {}, str(error)
        return self._records

    def predecessors(self, environment: Environment) -> tuple[Predecessor, ...]:
        """The environments of `after`."""
        names = environment.after
        found = [one for one in self._base.config.environments if one.name in names]
        for one in found:
            if one.name not in self._predecessors:
                self._predecessors[one.name] = self._predecessor(one)
        return tuple(self._predecessors[one.name] for one in found)

    def _predecessor(self, earlier: Environment) -> Predecessor:
        targets = tuple(one.name for one in earlier.deploy.targets)
        try:
            applications = self._applications_in(earlier)
            records = self.records(earlier) if targets else self._merged(earlier)
        except GitOpsError as error:
            # Whether the application is there is unknown too, so that it must not be passed over.
            return Predecessor(environment=earlier.name, applications=_EVERY, unread=str(error))
        return Predecessor(
            environment=earlier.name,
            targets=targets or ("default",),
            applications=applications,
            records=records,
            undone=undone_versions(records),
            unread=self.unread if targets else "",
        )

    def _applications_in(self, environment: Environment) -> frozenset[str]:
        if environment.name not in self._applications:
            found = self.applications_at(environment, self._base.commit)
            self._applications[environment.name] = frozenset(found)
        return self._applications[environment.name]

    def _merged(self, environment: Environment) -> tuple[EvaluatedRecord, ...]:
        """For an environment that nothing deploys: a record for each push that changed it.

        Raises:
            GitOpsError: the base's activity or one of its commits cannot be read.
        """
        return merged_records(environment, self._newest_pushes(), self.applications_at)

    def applications_at(self, environment: Environment, commit: str) -> Mapping[str, Sequence[str]]:
        """Each application's images in an environment at a commit of the base.

        Raises:
            GitOpsError: the commit cannot be fetched.
        """
        rendering = self._reader.rendering(environment, commit)
        if rendering.problems or rendering.unrendered:
            missing = (rendering.problems or rendering.unrendered)[0]
            raise GitOpsError(f"{environment.name} does not render", cause=str(missing))
        return rendering.applications(self._base.config.applications)

    def _newest_pushes(self) -> tuple[Push, ...]:
        """The base's newest changes.

        Raises:
            GitOpsError: they cannot be read.
        """
        seen: list[Push] = []

        def enough(push: Push) -> bool:
            seen.append(push)
            return len(seen) >= _MOST_PUSHES

        return read_base_pushes(self._ports, self._base, enough=enough).pushes[:_MOST_PUSHES]

    def checks(
        self, environment: Environment, pull: OpenPullRequest, *, listed: bool
    ) -> CheckFacts:
        """What was reported on the head, where the environment requires any of it.

        `listed` takes what the list of pull requests has, which is enough to wait by.
        """
        if not environment.gates or not environment.gates.checks:
            return CheckFacts()
        if listed and pull.checks is not None:
            return CheckFacts(reports=pull.checks)
        return self._ports.checks.of(pull.head)

    def http(self, environment: Environment) -> HttpFacts:
        """What the configured addresses answer; none is asked where none is configured."""
        gates = environment.gates
        asked = self._ports.http
        return (
            HttpFacts(answers=asked.ask(gates.http))
            if gates and gates.http and asked
            else HttpFacts()
        )

    def provenance(
        self, environment: Environment, pull: OpenPullRequest, change: JudgedChange
    ) -> ProvenanceFacts:
        """The attestations of the images that a pull request brings into an environment."""
        moves = change.moves.get(environment.name, ())
        rule = environment.gates.provenance if environment.gates else None
        prefix = f"{environment.name}:"
        known = (one.removeprefix(prefix) for one in change.proven if one.startswith(prefix))
        facts = self._provenance.read(environment, moves, frozenset(known))
        found = {f"{prefix}{digest}" for digest in proven_digests(rule, moves, facts)}
        self._proven[pull.number] = self._proven.get(pull.number, frozenset()) | found
        return facts

    def proven(self, pull: OpenPullRequest) -> frozenset[str]:
        """Which environments' digests are proven, as `ENVIRONMENT:DIGEST`."""
        return self._proven.get(pull.number, frozenset())


_MOST_PUSHES = 30
"""Changes of the base that are rendered for an environment that nothing deploys."""

ImagesAt = Callable[[Environment, str], Mapping[str, Sequence[str]]]


class _Every(frozenset[str]):
    """A set that contains everything."""

    def __contains__(self, _item: object) -> bool:
        return True


_EVERY: frozenset[str] = _Every()


def merged_records(
    environment: Environment, pushes: Iterable[Push], images_at: ImagesAt
) -> tuple[EvaluatedRecord, ...]:
    """One succeeded record for each push of the base that changed an environment's images.

    Args:
        environment: one that nothing deploys: what is merged counts as deployed.
        pushes: of the base, newest first.
        images_at: each application's images at a commit of the base.
    """
    records = []
    for number, push in enumerate(pushes):
        after = images_at(environment, push.after)
        if push.creates or after != images_at(environment, push.before):
            records.append(
                EvaluatedRecord(
                    number=-number,
                    environment=environment.name,
                    commit=push.after,
                    applications={name: tuple(images) for name, images in after.items()},
                    targets={"default": Result.SUCCEEDED},
                    result=Result.SUCCEEDED,
                    started=push.at,
                    ended=push.at,
                )
            )
    return tuple(records)


# Whether decisions that people's comments state count: by today's roles, and by the head then.

_MOVED = "the branch has moved since: write it again"


class StatedDecisions:
    """Resolves the comments of one run; nobody has looked at them before."""

    def __init__(self, ports: GatePorts) -> None:
        """Nothing is read yet."""
        self._ports = ports

    def resolved(self, pull: OpenPullRequest, digest: str) -> OpenPullRequest:
        """The pull request with decisions that either count or say why they do not.

        `digest` is the change hash as it is now.
        """
        if not any(one.stated for one in pull.decisions):
            return pull
        return replace(
            pull, decisions=tuple(self._resolved(one, pull, digest) for one in pull.decisions)
        )

    def _resolved(self, one: Decision, pull: OpenPullRequest, digest: str) -> Decision:
        if not one.stated:
            return one
        resolved = replace(one, stated=False, void=one.void or self._without_right(one))
        if resolved.void:
            return resolved
        if one.kind == "merge":
            moved = self._moved(one, pull)
            return replace(resolved, void=moved) if moved else replace(resolved, change=digest)
        known = bool(one.change) and digest.startswith(one.change)
        return replace(resolved, change=digest) if known else resolved

    def _without_right(self, one: Decision) -> str:
        """Why the person has no right to it; where that is not readable, merging stays off."""
        may = self._ports.people.may_write(one.login)
        if may is None and one.kind != "merge-off":
            return f"the role of {one.login} is not readable"
        return f"{one.login} has no write access" if may is False else ""

    def _moved(self, one: Decision, pull: OpenPullRequest) -> str:
        """Whether the comment may be about another head: a merge is asked for what was seen."""
        where = pull.head_repository or self._ports.repository
        try:
            pushes = self._ports.activity.pushes(
                where, pull.branch, enough=lambda push: push.at < one.at
            )
        except GitOpsError:
            return "who pushed to the branch is not readable"
        seen = next((push.after for push in pushes if push.at < one.at), "")
        later = any(push.at >= one.at for push in pushes)
        return _MOVED if later or seen != pull.head else ""
