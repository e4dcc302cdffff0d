"""What the gates are evaluated by, read where a gate needs it, each fact once a run."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime, timedelta

from gitops_action.commands.gate.change import ChangeReader, JudgedChange, read_hold
from gitops_action.commands.gate.ports import GatePorts
from gitops_action.commands.gate.source_authors import SourceAuthors
from gitops_action.commands.validate.images import trusted_domains
from gitops_action.core.config import HOLDS_FOLDER, Config, Environment, Hold
from gitops_action.core.config.resolved import Approvals
from gitops_action.core.dataclass import dataclass
from gitops_action.core.deploy.result import Result
from gitops_action.core.deployments.payload import applications_of
from gitops_action.core.deployments.proof import EvaluatedRecord
from gitops_action.core.gates.approvals import (
    ApprovalFacts,
    ChangeComparison,
    People,
    Review,
    newest_reviews,
    reviews_to_compare,
    tally,
)
from gitops_action.core.gates.change_cache import KnownPushers
from gitops_action.core.gates.change_hash import differing
from gitops_action.core.gates.checks import CheckFacts
from gitops_action.core.gates.decisions import readable_teams
from gitops_action.core.gates.head_cache import hash_at
from gitops_action.core.gates.holds import HoldFacts, UnreadableHold
from gitops_action.core.gates.http import HttpFacts
from gitops_action.core.gates.open_pull_request import (
    OpenPullRequest,
    OpenPullRequests,
    Push,
)
from gitops_action.core.gates.simulate import Simulation, with_approvals
from gitops_action.core.gates.verdict import READY_CONTEXT
from gitops_action.core.gates.versions import ImageMove, Predecessor, ran, undone_versions
from gitops_action.core.pull_requests import ABSENT
from gitops_action.core.repository import MergeConflictError
from gitops_action.errors import GitOpsError


@dataclass(frozen=True, kw_only=True)
class BaseState:
    """The base branch at one moment: everything that is decided names this commit.

    Attributes:
        branch: its name.
        commit: its tip.
        config: the configuration on it.
        holds: those that can be read.
        unreadable: those that cannot, by path.
        now: when it was read.
    """

    branch: str
    commit: str
    config: Config
    holds: tuple[Hold, ...] = ()
    unreadable: Mapping[str, UnreadableHold] = field(default_factory=dict)
    now: datetime


def read_holds(
    ports: GatePorts, commit: str, config: Config
) -> tuple[tuple[Hold, ...], dict[str, UnreadableHold]]:
    """Every hold of a commit; those that cannot be read by path.

    Raises:
        GitOpsError: the commit is not to be had.
    """
    tree = ports.trees.at(commit)
    paths = [path for path in tree.files if path.startswith(HOLDS_FOLDER)]
    files = ports.trees.read(tree, paths) if paths else {}
    holds: list[Hold] = []
    unreadable: dict[str, UnreadableHold] = {}
    for path, file in sorted(files.items()):
        try:
            found = read_hold(file, config)
        except GitOpsError as error:
            line = error.location.line if error.location else None
            unreadable[path] = UnreadableHold(file=path, line=line, problem=error.title)
            continue
        holds += [found] if found else []
    return tuple(holds), unreadable


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
        self._simulation = simulation
        self._ports = ports
        self._base = base
        self._reader = reader
        self._listing = listing
        self._records: Mapping[str, tuple[EvaluatedRecord, ...]] | None = None
        self._unread = ""
        self._applications: dict[str, frozenset[str]] = {}
        self._base_pushes: tuple[Push, ...] | None = None
        self._since: datetime | None = None
        self._records_of: dict[str, tuple[EvaluatedRecord, ...]] = {}
        self._predecessors: dict[str, Predecessor] = {}
        self._proposed: Mapping[int, tuple[Hold, ...]] | None = None
        self._pushers_read: dict[int, KnownPushers] = {}
        self._compared_reviews: dict[int, dict[int, ChangeComparison]] = {}

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
            self._proposed = {
                pull.number: self._holds_in(pull)
                for pull in self._listing.pull_requests
                if _proposes_holds(pull) and self._asked_for(pull)
            }
        return self._proposed

    def _asked_for(self, pull: OpenPullRequest) -> bool:
        """Whether somebody with the right wants it: our own App, which was asked, or a writer."""
        if pull.author == self._listing.viewer.login:
            return self._listing.caches
        return self._ports.people.may_write(pull.author) is True if pull.author else False

    def _holds_in(self, pull: OpenPullRequest) -> tuple[Hold, ...]:
        try:
            change = self._reader.change(base=self._base.commit, head=pull.head, now=self._base.now)
        except GitOpsError:
            return ()
        return tuple(
            replace(one.after, pull_request=pull.number)
            for one in change.holds
            if one.after is not None and one.after != one.before
        )

    def compared(self, pull: OpenPullRequest) -> Mapping[int, ChangeComparison]:
        """How reviews of a pull request compare, where that was read for good."""
        return self._compared_reviews.get(pull.number, {})

    def pushers(self, pull: OpenPullRequest) -> KnownPushers | None:
        """Who of the approvers pushed to a pull request, where that was read."""
        return self._pushers_read.get(pull.number)

    def records(
        self, environment: Environment, *, newest: int | None = None
    ) -> tuple[EvaluatedRecord, ...]:
        """The environment's deployments, newest first; none where they cannot be read.

        Run and job prove that a commit was deployed. Which images that were, the commit says, and
        never the record's payload, which whoever made the record could write.
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
            GitOpsError: the commit is not to be had.
        """
        rendering = self._reader.rendering(environment, commit)
        if rendering.problems or rendering.unrendered:
            missing = (rendering.problems or rendering.unrendered)[0]
            raise GitOpsError(f"{environment.name} does not render", cause=str(missing))
        return applications_of(rendering.manifests, self._base.config.applications)

    def base_pushes(self, since: datetime) -> tuple[Push, ...]:
        """The base's changes, newest first, at least back to the one that held at a moment.

        Raises:
            GitOpsError: they cannot be read.
        """
        if self._base_pushes is None or self._since is None or since < self._since:
            oldest = min((one.submitted for one in self._approvals()), default=since)
            moment = min(since, oldest)
            self._base_pushes = self._ports.activity.pushes(
                self._repository,
                self._base.branch,
                enough=lambda push: push.at <= moment - _SECOND,
            )
            self._since = moment
        return self._base_pushes

    def _approvals(self) -> Iterator[Review]:
        """All that are to be looked at, so that the base's activity is read once."""
        for pull in self._listing.pull_requests:
            yield from (one for one in newest_reviews(pull.reviews) if one.state == "approved")

    def _newest_pushes(self) -> tuple[Push, ...]:
        """The base's newest changes.

        Raises:
            GitOpsError: they cannot be read.
        """
        seen: list[Push] = []

        def enough(push: Push) -> bool:
            seen.append(push)
            return len(seen) >= _MOST_PUSHES

        return self._ports.activity.pushes(self._repository, self._base.branch, enough=enough)

    @property
    def _repository(self) -> str:
        return self._ports.repository

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

    def approvals(
        self, rule: Approvals, pull: OpenPullRequest, change: JudgedChange, *, asked_by: str = ""
    ) -> ApprovalFacts:
        """Reviews with what they approved, and who may approve.

        Who pushed is read only where approvals could be enough: it can only make them fewer.
        """
        people = self._ports.people
        assumed = with_approvals(
            ApprovalFacts(reviews=pull.reviews), self._simulation, self._base.now
        )
        pull = replace(pull, reviews=assumed.reviews)
        reviewers = [one.login for one in newest_reviews(pull.reviews)]
        writers = {one: may for one in reviewers if (may := people.may_write(one)) is not None}
        needed = rule.count and any(one.state == "approved" for one in pull.reviews)
        teams = readable_teams(rule.teams if needed else (), people.members)
        facts = ApprovalFacts(
            author=pull.author,
            reviews=pull.reviews,
            writers=writers,
            teams=teams,
            asked_by=asked_by,
        )
        facts = self._compared(rule, facts, pull, change)
        if not rule.count or tally(rule, facts).counted(maybe=True) < rule.count:
            return facts
        return replace(
            facts,
            pushers=self._pushers(facts, pull, change.pushers)
            if "pushers" in rule.not_by
            else People(),
            source_authors=self._source_authors(change)
            if "source-authors" in rule.not_by
            else People(),
        )

    def _compared(
        self, rule: Approvals, facts: ApprovalFacts, pull: OpenPullRequest, change: JudgedChange
    ) -> ApprovalFacts:
        compared = {
            review.number: replace(review, change=self._known(review, pull, change))
            for review in reviews_to_compare(rule, facts)
        }
        reviews = tuple(compared.get(review.number, review) for review in facts.reviews)
        return replace(facts, reviews=reviews)

    def _known(
        self, review: Review, pull: OpenPullRequest, change: JudgedChange
    ) -> ChangeComparison:
        """As an earlier run compared it; what could not be read is compared again."""
        if not review.commit and review.change.kind == "same":
            return review.change  # assumed by a simulation
        found = change.compared.get(review.number) or self._comparison(review, pull, change)
        if found.kind in {"same", "different"}:
            self._compared_reviews.setdefault(pull.number, {})[review.number] = found
        return found

    def _comparison(
        self, review: Review, pull: OpenPullRequest, change: JudgedChange
    ) -> ChangeComparison:
        """How the change that was approved compares to the change now."""
        if not review.commit:
            return ChangeComparison(kind="unavailable", reason="its commit is gone")
        try:
            bases = self._bases_at(review.submitted)
        except GitOpsError as error:
            return ChangeComparison(kind="unread", reason=str(error))
        if not bases:
            reason = f"what {self._base.branch} was then is not known"
            return ChangeComparison(kind="unavailable", reason=reason)
        found = [self._on_base(review, pull, change, base) for base in bases]
        return next((one for one in found if one.kind != "same"), found[0])

    def _on_base(
        self, review: Review, pull: OpenPullRequest, change: JudgedChange, base: str
    ) -> ChangeComparison:
        """How the approved change on one base compares to the change now."""
        same_commits = (review.commit, base) == (pull.head, self._base.commit)
        if same_commits or self._cached(review, pull, base) == change.digest:
            return ChangeComparison(kind="same")
        return self._rendered(review, pull, base)

    def _rendered(self, review: Review, pull: OpenPullRequest, base: str) -> ChangeComparison:
        """Both changes by today's rules and tools."""
        now, today = self._base.now, self._base.commit
        try:
            then = self._reader.change(base=base, head=review.commit, now=now)
            change = self._reader.change(base=today, head=pull.head, now=now)
        except GitOpsError as error:
            return ChangeComparison(kind="unavailable", reason=error.title)
        if then.hash.digest == change.hash.digest:
            return ChangeComparison(kind="same")
        return ChangeComparison(kind="different", objects=differing(then.hash, change.hash))

    def _bases_at(self, moment: datetime) -> tuple[str, ...]:
        """Where the base stood: never by commits' dates, which anybody can choose.

        GitHub's times are whole seconds: of a push in the very second of the review nobody knows
        whether it came before, so that both bases have to give the same.
        """
        found: list[str] = []
        for push in self.base_pushes(moment):
            if push.at <= moment and push.after != ABSENT:
                found.append(push.after)
                if push.at <= moment - _SECOND:
                    break
        return tuple(found)

    def _cached(self, review: Review, pull: OpenPullRequest, base: str) -> str:
        """The hash that the gate itself published by then; empty where it did not."""
        if not self._listing.caches:
            return ""
        viewer, at = self._listing.viewer.login, review.submitted
        statuses = pull.statuses if review.commit == pull.head else ()
        newest = [one for one in statuses if one.context == READY_CONTEXT]
        found = hash_at(newest, viewer=viewer, base=base, at=at)
        if found is None:
            try:
                history = self._ports.statuses.history(review.commit, READY_CONTEXT)
            except GitOpsError:
                return ""
            found = hash_at(history, viewer=viewer, base=base, at=at)
        return found.digest if found else ""

    def _pushers(self, facts: ApprovalFacts, pull: OpenPullRequest, known: KnownPushers) -> People:
        """Who pushed a change to the pull request since its branch last started from the base."""
        approvers = frozenset(
            one.login.casefold() for one in newest_reviews(facts.reviews) if one.state == "approved"
        )
        if approvers <= known.asked:
            return People(logins=known.found)
        found = self._read_pushers(approvers, pull)
        if not found.unread:
            self._pushers_read[pull.number] = KnownPushers(asked=approvers, found=found.logins)
        return found

    def _read_pushers(self, approvers: frozenset[str], pull: OpenPullRequest) -> People:
        repository = pull.head_repository or self._repository
        try:
            pushes = self._ports.activity.pushes(
                repository, pull.branch, enough=lambda push: push.creates
            )
        except GitOpsError as error:
            return People(unread=f"who pushed to {pull.branch} is not readable: {error.title}")
        if not pushes or pushes[0].after != pull.head:
            return People(unread=f"who pushed {pull.head[:7]} is not known yet")
        if not pushes[-1].creates:
            return People(unread=f"who started {pull.branch} is not known")
        found: set[str] = set()
        unread = ""
        for push in pushes:
            if push.actor.casefold() not in approvers and push.actor:
                continue  # whoever does not approve is excluded from nothing
            if not self._changes(push):
                continue
            if push.actor:
                found.add(push.actor)
            else:
                unread = f"who pushed {push.after[:7]} is not known"
            if self._restarts(push):
                break
        return People(logins=frozenset(found), unread=unread)

    def _changes(self, push: Push) -> bool:
        """Whether a push makes the pull request another change; so it does where nobody knows."""
        if push.after == ABSENT:
            return False
        if push.creates:
            return True
        base, now = self._base.commit, self._base.now
        try:
            before = self._reader.change(base=base, head=push.before, now=now)
            after = self._reader.change(base=base, head=push.after, now=now)
        except (MergeConflictError, GitOpsError):
            return True
        return before.hash.digest != after.hash.digest

    def _restarts(self, push: Push) -> bool:
        """Whether the branch held nothing that the base has not: an earlier proposal was merged."""
        try:
            sides = self._ports.trees.sides(base=self._base.commit, head=push.before)
        except GitOpsError:
            return False
        return not sides.changed()

    def _source_authors(self, change: JudgedChange) -> People:
        """Authors of the application's commits that the change brings."""
        base = [
            item
            for environment in self._base.config.environments
            if change.moves.get(environment.name)
            for item in self._reader.rendering(environment, self._base.commit).manifests
        ]
        domains = trusted_domains(self._base.config, base)
        registry = self._ports.workshop.registry(domains)
        authors = SourceAuthors(registry, self._ports.sources, self._ports.job)
        return authors.of(move for moves in change.moves.values() for move in moves)


_BRANCHES = re.compile(r"gitops/(?:hold/.+|[^/]+/rollback/.+)")
"""Where pull requests for holds and rollbacks are: a hint that saves reading all others."""


def _proposes_holds(pull: OpenPullRequest) -> bool:
    return not pull.fork and _BRANCHES.fullmatch(pull.branch) is not None


_SECOND = timedelta(seconds=1)
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
