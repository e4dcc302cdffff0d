"""`promote`: proposes what runs, verified, in one environment to those that come after it.

It reads the branch's history, the deployments that count and the holds; chooses a version
for each application and environment; shows a person what differs and asks; proposes each by the
same plan, edit and pull request handling as `bump`; closes promotions that have become moot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Protocol

from gitops_action.commands.bump import command as bump
from gitops_action.commands.bump.ports import BumpPorts
from gitops_action.commands.history import (
    CommitHistory,
    DeploymentRecords,
    environment_histories,
    read_config_at,
)
from gitops_action.commands.ports import MergedTrees, Registry
from gitops_action.commands.promote.report import (
    PromotionResults,
    promotion_outcome,
    question,
    title,
)
from gitops_action.commands.proposed_holds import hold_changes, proposed_holds
from gitops_action.core.config import Config, Environment, Hold, in_holds_folder, read_holds
from gitops_action.core.dataclass import dataclass
from gitops_action.core.gates.holds import HoldFacts
from gitops_action.core.gates.open_pull_request import OpenPullRequests
from gitops_action.core.gates.touches import HoldChange
from gitops_action.core.images import ImageReference
from gitops_action.core.images.oci import (
    ImageSource,
    RegistryError,
    image_source,
)
from gitops_action.core.inputs.bump import BumpInputs
from gitops_action.core.inputs.promote import PromoteInputs
from gitops_action.core.manifests.model import Manifest
from gitops_action.core.outcome import Outcome
from gitops_action.core.promotion import select
from gitops_action.core.promotion.differences import differences
from gitops_action.core.promotion.open import OpenPromotion, moot
from gitops_action.core.report.bump import PromotionView
from gitops_action.errors import GitOpsError, RateLimitError, UsageError

__all__ = ["PromotePorts", "run"]

_RECORDS = 60
"""Deployments of an environment that are looked through for what was verified."""


class OpenPromotions(Protocol):
    """The open pull requests that promote."""

    def list(self) -> tuple[OpenPromotion, ...]:
        """Those of our own that say they promote, with whether people approved them."""
        ...

    def listing(self, base: str) -> OpenPullRequests:
        """Every open pull request of a branch (the default one where it is empty)."""
        ...

    def close(self, number: int, *, reason: str) -> None:
        """Close one with the reason."""
        ...


Render = Callable[[Environment, Config, str], Sequence[Manifest]]
"""What an environment renders to at a commit."""


@dataclass(frozen=True, kw_only=True)
class PromotePorts:
    """What `promote` talks to.

    Attributes:
        commits: the branch's history.
        records: the deployments that count.
        proposals: open promotions.
        trees: what pull requests for holds and rollbacks would merge.
        may_write: whether a person has write access; None where that cannot be read.
        bump: what proposing talks to.
        registry: verifies that a mirror has the digest; knows which commit an image is of.
        render: for what else differs; None where nothing can be rendered.
        ask: asks a person whether to go on; None where nobody is there.
    """

    commits: CommitHistory
    records: DeploymentRecords
    proposals: OpenPromotions
    trees: MergedTrees
    may_write: Callable[[str], bool | None]
    bump: BumpPorts
    registry: Registry | None = None
    render: Render | None = None
    ask: Callable[[str], bool] | None = None


def run(inputs: PromoteInputs, ports: PromotePorts) -> Outcome:
    """Promote what may be promoted.

    Raises:
        GitOpsError: nothing was written; the repository, its Deployments or its holds cannot be
            read, or an environment is not known. What fails for one application is part of the
            outcome, together with what was done.
    """
    return _Promotion(inputs=inputs, ports=ports).run()


@dataclass(frozen=True, kw_only=True)
class _Promotion:
    inputs: PromoteInputs
    ports: PromotePorts

    def run(self) -> Outcome:
        log = self.ports.commits.log()
        tip = log[0].oid
        config = read_config_at(self.ports.commits, tip, self.inputs.config)
        asked = self._asked(config)
        choices = select.choose(self._facts(config, tip), asked)
        opened = self.ports.proposals.list()
        kept = [one for one in choices if self._approved(one, config, opened, asked)]
        due = [one for one in choices if one.moves and one not in kept]
        views = [(one, self._view(one, config, tip)) for one in due]
        if not self._confirmed(views):
            note = "nothing was proposed: it was not confirmed"
            return promotion_outcome(PromotionResults(choices=choices, notes=(note,)))
        notes = self._close_moot(config, choices, opened) if asked.whole else []
        notes += [f"{title(one)}: kept, since people have approved what is open" for one in kept]
        return promotion_outcome(self._propose(choices, views, notes))

    def _asked(self, config: Config) -> select.PromotionRequest:
        """What a person named.

        Raises:
            UsageError: there is no such environment, or it does not come after the other one.
        """
        inputs = self.inputs
        for name in filter(None, (inputs.from_environment, inputs.to_environment)):
            if config.environment(name) is None:
                known = ", ".join(one.name for one in config.environments)
                raise UsageError(f"There is no environment `{name}`", fix=f"name one of {known}")
        self._refuse_order(config)
        return select.PromotionRequest(
            source=inputs.from_environment,
            target=inputs.to_environment,
            applications=inputs.application,
            version=inputs.version,
        )

    def _refuse_order(self, config: Config) -> None:
        source, target = (
            self.inputs.from_environment,
            config.environment(self.inputs.to_environment),
        )
        if target is None or not source or source in target.after:
            return
        raise UsageError(
            f"{target.name} does not come after {source}",
            cause=f"its `after` is {', '.join(target.after) or 'empty'}",
            fix=f"add {source} to `environments.{target.name}.after`",
        )

    def _facts(self, config: Config, tip: str) -> select.PromotionFacts:
        ports = self.ports
        found = environment_histories(
            ports.commits,
            config,
            config.environments,
            ports.records,
            repository=self.inputs.repository,
            limit=_RECORDS,
        )
        files = ports.commits.files(tip).files
        holds = read_holds(
            {path: file.data for path, file in files.items() if in_holds_folder(path)},
            config,
        ).readable()
        proposed = self._proposed_holds(config, tip)
        now = ports.bump.clock.now()
        return select.PromotionFacts(
            environments={
                one.environment.name: select.EnvironmentFacts(
                    environment=one.environment, content=one.content, records=one.records
                )
                for one in found
            },
            log=ports.commits.log(),
            holds=HoldFacts(holds=(*holds, *proposed), now=now),
            now=now,
        )

    def _proposed_holds(self, config: Config, tip: str) -> tuple[Hold, ...]:
        """What open pull requests for holds and rollbacks propose: the gate counts it as well."""
        ports = self.ports

        def changes(head: str) -> tuple[HoldChange, ...]:
            return hold_changes(ports.trees, ports.trees.sides(base=tip, head=head), config)

        found = proposed_holds(
            ports.proposals.listing(self.inputs.base or ""),
            may_write=ports.may_write,
            changes=changes,
        )
        return tuple(hold for holds in found.values() for hold in holds)

    def _close_moot(
        self, config: Config, choices: Sequence[select.Choice], opened: Iterable[OpenPromotion]
    ) -> list[str]:
        notes = []
        for one in opened:
            reason = moot(one, config, choices)
            if reason:
                if not self.inputs.dry_run:
                    self.ports.proposals.close(one.number, reason=reason)
                notes.append(f"#{one.number} was closed: {reason}")
        return notes

    def _approved(
        self,
        choice: select.Choice,
        config: Config,
        opened: Iterable[OpenPromotion],
        asked: select.PromotionRequest,
    ) -> bool:
        """Whether an open promotion of another version stays, because people approved it."""
        target = config.environment(choice.environment)
        if not choice.moves or target is None or asked.version:
            return False
        return target.promotion.supersede != "always" and any(
            one.environment == choice.environment
            and one.application == choice.application
            and one.approved
            and not one.proposes(choice.moves)
            for one in opened
        )

    def _view(self, choice: select.Choice, config: Config, tip: str) -> PromotionView:
        record = choice.record
        return PromotionView(
            source=choice.source,
            since=choice.since,
            deployment=record.url if record else "",
            differences=self._differences(choice, config, tip),
        )

    def _differences(self, choice: select.Choice, config: Config, tip: str) -> tuple[str, ...]:
        source, target = config.environment(choice.source), config.environment(choice.environment)
        if self.ports.render is None or source is None or target is None:
            return ()
        try:
            sides = (
                self.ports.render(source, config, tip),
                self.ports.render(target, config, tip),
            )
        except GitOpsError as error:
            return (f"could not be compared: {error.title}",)
        repositories = [move.after.repository for move in choice.moves if move.after]
        repositories += [move.before.repository for move in choice.moves if move.before]
        return differences(choice.application, repositories, sides, (source.name, target.name))

    def _confirmed(self, views: Sequence[tuple[select.Choice, PromotionView]]) -> bool:
        ask = self.ports.ask
        if ask is None or not views or self.inputs.yes or self.inputs.dry_run:
            return True
        return ask(question(views))

    def _propose(
        self,
        choices: tuple[select.Choice, ...],
        views: Sequence[tuple[select.Choice, PromotionView]],
        notes: Sequence[str],
    ) -> PromotionResults:
        """One after the other: what fails leaves the rest alone, and the next run does it.

        Once GitHub's rate limit is used up nothing more is tried.
        """
        outcomes: list[Outcome] = []
        failed: list[tuple[select.Choice, GitOpsError]] = []
        left: list[str] = []
        for choice, view in views:
            if any(isinstance(error, RateLimitError) for _, error in failed):
                left.append(f"{title(choice)}: left to the next run")
                continue
            try:
                outcomes.append(self._one(choice, view))
            except GitOpsError as error:
                failed.append((choice, error))
        return PromotionResults(
            choices=choices,
            outcomes=tuple(outcomes),
            failed=tuple(failed),
            notes=(*notes, *left),
        )

    def _one(self, choice: select.Choice, view: PromotionView) -> Outcome:
        for image in choice.mirrored:
            self._verify_mirror(image)
        return bump.run(self._bump(choice), replace(self.ports.bump, promotion=view))

    def _bump(self, choice: select.Choice) -> BumpInputs:
        """The bump that a promotion is: these very images, resolved nowhere again."""
        images = [move.after for move in choice.moves if move.after]
        inputs = self.inputs
        return BumpInputs(
            token=inputs.token,
            source_token=inputs.source_token,
            repository=inputs.repository,
            base=inputs.base,
            config=inputs.config,
            environment=(choice.environment,),
            application=(choice.application,),
            dry_run=inputs.dry_run,
            images="\n".join(str(image) for image in images),
            digest="pin" if all(image.digest for image in images) else "keep",
            verify="off",
            source=self._source(images[0]),
            allow_downgrade=True,
            reopen=bool(inputs.to_environment),
            pull_request_labels=inputs.pull_request_labels,
            pull_request_reviewers=inputs.pull_request_reviewers,
            pull_request_team_reviewers=inputs.pull_request_team_reviewers,
            pull_request_assignees=inputs.pull_request_assignees,
            api_url=inputs.api_url,
            graphql_url=inputs.graphql_url,
            server_url=inputs.server_url,
        )

    def _verify_mirror(self, image: ImageReference) -> None:
        """A mirror has to have the very digest that ran elsewhere.

        Raises:
            GitOpsError: it has not, or it cannot be asked.
        """
        if image.digest and self.ports.registry:
            self.ports.registry.describe(image.with_(tag=None))

    def _source(self, image: ImageReference) -> ImageSource | None:
        """The commit that it was built from; a note's worth, never a reason to stop."""
        if self.ports.registry is None or image.digest is None:
            return None
        try:
            facts = self.ports.registry.describe(image.with_(tag=None))
        except RegistryError:
            return None
        return image_source(facts, server_url=self.inputs.server_url)
