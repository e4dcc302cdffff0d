"""What is known of a pull request's reviews: of which change they are, and whose count."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from gitops_action.commands.bump.request import described_source
from gitops_action.commands.gate.base import BasePushes, BaseState, read_base_pushes
from gitops_action.commands.gate.change import ChangeReader, JudgedChange
from gitops_action.commands.gate.ports import GatePorts, SourceCommits
from gitops_action.commands.ports import Registry
from gitops_action.commands.validate.images import trusted_domains
from gitops_action.core.config.resolved import Approvals
from gitops_action.core.gates.approvals import (
    ApprovalFacts,
    ChangeComparison,
    People,
    Review,
    newest_reviews,
    reviews_to_compare,
    tally,
)
from gitops_action.core.gates.base_history import BY_MERGES, bases_at
from gitops_action.core.gates.change_cache import KnownPushers
from gitops_action.core.gates.change_hash import differing
from gitops_action.core.gates.decisions import readable_teams
from gitops_action.core.gates.head_cache import hash_at
from gitops_action.core.gates.job_token import unreadable_teams
from gitops_action.core.gates.open_pull_request import (
    OpenPullRequest,
    OpenPullRequests,
    Push,
)
from gitops_action.core.gates.simulate import Simulation, with_approvals
from gitops_action.core.gates.verdict import READY_CONTEXT
from gitops_action.core.gates.versions import ImageMove
from gitops_action.core.outcome import Job
from gitops_action.core.pull_requests import ABSENT
from gitops_action.core.repository import MergeConflictError
from gitops_action.errors import GitOpsError


class ReviewFacts:
    """Reads reviews at one base, each fact once a run."""

    def __init__(
        self,
        ports: GatePorts,
        base: BaseState,
        reader: ChangeReader,
        listing: OpenPullRequests,
        simulation: Simulation,
    ) -> None:
        """Nothing is read yet; `simulation` is what is assumed."""
        self._ports = ports
        self._base = base
        self._reader = reader
        self._listing = listing
        self._simulation = simulation
        self._base_pushes: BasePushes | None = None
        self._since: datetime | None = None
        self._pushers_read: dict[int, KnownPushers] = {}
        self._compared_reviews: dict[int, dict[int, ChangeComparison]] = {}

    @property
    def _repository(self) -> str:
        return self._ports.repository

    def compared(self, pull: OpenPullRequest) -> Mapping[int, ChangeComparison]:
        """How reviews of a pull request compare, where that was read for good."""
        return self._compared_reviews.get(pull.number, {})

    def pushers(self, pull: OpenPullRequest) -> KnownPushers | None:
        """Who of the approvers pushed to a pull request, where that was read."""
        return self._pushers_read.get(pull.number)

    def base_pushes(self, since: datetime) -> tuple[Push, ...]:
        """The base's changes, newest first, at least back to the one that held at a moment.

        Raises:
            GitOpsError: they cannot be read.
        """
        if self._base_pushes is None or self._since is None or since < self._since:
            oldest = min((one.submitted for one in self._approvals()), default=since)
            moment = min(since, oldest)
            self._base_pushes = read_base_pushes(
                self._ports, self._base, enough=lambda push: push.at <= moment - _SECOND
            )
            self._since = moment
        return self._base_pushes.pushes

    def _approvals(self) -> Iterator[Review]:
        """All that are to be looked at, so that the base's activity is read once."""
        for pull in self._listing.pull_requests:
            yield from (one for one in newest_reviews(pull.reviews) if one.state == "approved")

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
        writers = {
            one.login: may
            for one in newest_reviews(pull.reviews)
            if (may := self._may_write(one, listed=change.remembered)) is not None
        }
        no_teams = self._listing.by_job_token and rule.teams
        needed = (
            not no_teams and rule.count and any(one.state == "approved" for one in pull.reviews)
        )
        teams = readable_teams(rule.teams if needed else (), people.members)
        facts = ApprovalFacts(
            author=pull.author,
            reviews=pull.reviews,
            writers=writers,
            teams=teams,
            asked_by=asked_by,
            no_teams=unreadable_teams(rule.teams) if no_teams else "",
        )
        facts = self._compared(rule, facts, pull, change)
        if self._base_pushes is not None and self._base_pushes.by_merges:
            facts = replace(facts, note=BY_MERGES)
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

    def _may_write(self, review: Review, *, listed: bool) -> bool | None:
        """`listed` takes what the list of pull requests has, which is enough to wait by."""
        if listed and review.writes is not None:
            return review.writes
        return self._ports.people.may_write(review.login)

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
            bases = bases_at(self.base_pushes(review.submitted), review.submitted)
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
        return self._who_changed(pushes, approvers)

    def _who_changed(self, pushes: Sequence[Push], approvers: frozenset[str]) -> People:
        """Approvers among those who pushed, newest first, up to where the branch started again."""
        # A person who does not approve is excluded from nothing.
        left = [one for one in pushes if not one.actor or one.actor.casefold() in approvers]
        found: set[str] = set()
        unread = ""
        for push in pushes:
            if not left:
                break
            if push is left[0]:
                left.pop(0)
                if self._changes(push):
                    found.add(push.actor)
                    unread = unread if push.actor else f"who pushed {push.after[:7]} is not known"
            if left and self._restarts(push):
                break
        return People(logins=frozenset(found - {""}), unread=unread)

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


_SECOND = timedelta(seconds=1)


# Who wrote the application's commits that a change of images brings: `not-by: [source-authors]`.
#
# A safeguard, not a proof: GitHub finds the account by the address in the commit, which anybody can
# make up.


class SourceAuthors:
    """Reads the authors of the commits between the images on both sides of a change."""

    def __init__(self, registry: Registry | None, commits: SourceCommits | None, job: Job) -> None:
        """Without a registry, or without access to commits, they are unknown."""
        self._registry = registry
        self._commits = commits
        self._job = job

    def of(self, moves: Iterable[ImageMove]) -> People:
        """The logins; with the reason where some are not known."""
        logins: set[str] = set()
        unread = ""
        for move in moves:
            if move.after is None or move.after == move.before:
                continue
            found = self._authors(move)
            logins |= found.logins
            unread = unread or found.unread
        return People(logins=frozenset(logins), unread=unread)

    def _authors(self, move: ImageMove) -> People:
        if self._registry is None or self._commits is None:
            return People(unread=f"who wrote {move} is not known: there is no `source-token`")
        old, new = (
            described_source(self._registry, image, self._job) if image else None
            for image in (move.before, move.after)
        )
        if old is None or new is None or old.repository != new.repository:
            return People(
                unread=f"which commits {move} brings is not known from its images' labels"
            )
        if old.commit == new.commit:
            return People()
        authors = self._commits.authors(repository=new.repository, base=old.commit, head=new.commit)
        if authors is None:
            return People(unread=f"the commits of {new.repository} are not readable")
        return People(logins=authors)
