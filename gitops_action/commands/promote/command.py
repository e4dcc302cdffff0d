"""`promote`: proposes what runs, verified, in one environment to those that come after it.

The story: read the branch's history, the deployments that count and the holds; choose a version
for each application and environment; show a person what differs and ask; propose each by the same
plan, edit and pull request handling as `bump`; close promotions that have become moot.
"""

from __future__ import annotations

import json
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
from gitops_action.commands.ports import Registry
from gitops_action.core.config import HOLDS_FOLDER, Config, Environment, read_holds
from gitops_action.core.dataclass import dataclass
from gitops_action.core.gates.holds import HoldFacts
from gitops_action.core.images import ImageReference
from gitops_action.core.images.oci import (
    ImageSource,
    RegistryError,
    image_source,
)
from gitops_action.core.inputs.bump import BumpInputs
from gitops_action.core.inputs.promote import PromoteInputs
from gitops_action.core.manifests.model import Manifest
from gitops_action.core.outcome import Line, Notice, Outcome
from gitops_action.core.promotion.differences import differences
from gitops_action.core.promotion.open import OpenPromotion, moot
from gitops_action.core.promotion.select import (
    Choice,
    EnvironmentFacts,
    PromotionFacts,
    PromotionRequest,
    choose,
)
from gitops_action.core.report.bump import PromotionView
from gitops_action.errors import GitOpsError, UsageError

__all__ = ["PromotePorts", "run"]

_RECORDS = 60
"""Deployments of an environment that are looked through for what was verified."""


class OpenPromotions(Protocol):
    """The open pull requests that promote."""

    def list(self) -> tuple[OpenPromotion, ...]:
        """Those of our own that say they promote, with whether people approved them."""
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
        bump: what proposing talks to.
        registry: verifies that a mirror has the digest; knows which commit an image is of.
        render: for what else differs; None where nothing can be rendered.
        ask: asks a person whether to go on; None where nobody is there.
    """

    commits: CommitHistory
    records: DeploymentRecords
    proposals: OpenPromotions
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
        facts = self._facts(config, tip)
        choices = choose(facts, asked)
        opened = self.ports.proposals.list()
        notes = [] if asked.named else self._close_moot(config, choices, opened)
        proposed = [one for one in choices if one.moves]
        kept = [one for one in proposed if self._approved(one, config, opened, asked)]
        due = [one for one in proposed if one not in kept]
        notes += [f"{_title(one)}: kept, since people have approved what is open" for one in kept]
        views = [(one, self._view(one, config, tip)) for one in due]
        if due and not self._confirmed(views):
            return _outcome([], [*choices], ["nothing was proposed: it was not confirmed"], [])
        outcomes, errors = self._propose(views)
        return _outcome(outcomes, choices, notes, errors)

    def _asked(self, config: Config) -> PromotionRequest:
        inputs = self.inputs
        for name in filter(None, (inputs.from_environment, inputs.to_environment)):
            if config.environment(name) is None:
                known = ", ".join(one.name for one in config.environments)
                raise UsageError(f"There is no environment `{name}`", fix=f"name one of {known}")
        target = config.environment(inputs.to_environment) if inputs.to_environment else None
        source = inputs.from_environment
        if target and source and source not in target.after:
            raise UsageError(
                f"{target.name} does not come after {source}",
                cause=f"its `after` is {', '.join(target.after) or 'empty'}",
                fix=f"add {source} to `environments.{target.name}.after`",
            )
        return PromotionRequest(
            source=source,
            target=inputs.to_environment,
            applications=inputs.application,
            version=inputs.version,
        )

    def _facts(self, config: Config, tip: str) -> PromotionFacts:
        ports = self.ports
        found = environment_histories(
            ports.commits, config, config.environments, ports.records, limit=_RECORDS
        )
        files = ports.commits.files(tip).files
        holds = read_holds(
            {path: file.data for path, file in files.items() if path.startswith(HOLDS_FOLDER)},
            config,
        ).readable()
        now = ports.bump.clock.now()
        return PromotionFacts(
            environments={
                one.environment.name: EnvironmentFacts(
                    environment=one.environment, content=one.content, records=one.records
                )
                for one in found
            },
            log=ports.commits.log(),
            holds=HoldFacts(holds=holds, now=now),
            now=now,
        )

    def _close_moot(
        self, config: Config, choices: Sequence[Choice], opened: Iterable[OpenPromotion]
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
        choice: Choice,
        config: Config,
        opened: Iterable[OpenPromotion],
        asked: PromotionRequest,
    ) -> bool:
        """Whether an open promotion of another version stays, because people approved it."""
        target = config.environment(choice.environment)
        if target is None or target.promotion.supersede == "always" or asked.version:
            return False
        return any(
            one.environment == choice.environment
            and one.application == choice.application
            and one.approved
            and not one.proposes(choice.moves)
            for one in opened
        )

    def _view(self, choice: Choice, config: Config, tip: str) -> PromotionView:
        record = choice.record
        return PromotionView(
            source=choice.source,
            since=choice.since,
            deployment=record.url if record else "",
            differences=self._differences(choice, config, tip),
        )

    def _differences(self, choice: Choice, config: Config, tip: str) -> tuple[str, ...]:
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

    def _confirmed(self, views: Sequence[tuple[Choice, PromotionView]]) -> bool:
        ask = self.ports.ask
        if ask is None or self.inputs.yes or self.inputs.dry_run:
            return True
        return ask("\n".join(line for one, view in views for line in _shown(one, view)))

    def _propose(
        self, views: Sequence[tuple[Choice, PromotionView]]
    ) -> tuple[list[Outcome], list[tuple[Choice, GitOpsError]]]:
        """One after the other: what fails leaves the rest alone, and the next run does it."""
        outcomes, errors = [], []
        for choice, view in views:
            try:
                outcomes.append(self._one(choice, view))
            except GitOpsError as error:
                errors.append((choice, error))
        return outcomes, errors

    def _one(self, choice: Choice, view: PromotionView) -> Outcome:
        images = [move.after for move in choice.moves if move.after]
        source = self._source(images[0])
        lines = "\n".join(str(image) for image in images)
        pinned = all(image.digest for image in images)
        inputs = self.inputs
        request = BumpInputs(
            token=inputs.token,
            source_token=inputs.source_token,
            repository=inputs.repository,
            base=inputs.base,
            config=inputs.config,
            environment=(choice.environment,),
            application=(choice.application,),
            dry_run=inputs.dry_run,
            images=lines,
            digest="pin" if pinned else "keep",
            verify="off",
            source=source,
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
        for move in choice.moves:
            self._verify_mirror(choice, move.after)
        return bump.run(request, replace(self.ports.bump, promotion=view))

    def _verify_mirror(self, choice: Choice, image: ImageReference | None) -> None:
        """A mirror has to have the very digest that ran elsewhere.

        Raises:
            GitOpsError: it has not, or it cannot be asked.
        """
        record = choice.record
        if image is None or image.digest is None or self.ports.registry is None or record is None:
            return
        ran = record.applications.get(choice.application, ())
        if not any(text.startswith((f"{image.name}:", f"{image.name}@")) for text in ran):
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


def _title(choice: Choice) -> str:
    versions = ", ".join(dict.fromkeys(str(move) for move in choice.moves)) or choice.application
    return f"{versions} to {choice.environment}"


def _shown(choice: Choice, view: PromotionView) -> tuple[str, ...]:
    """What a person at a terminal decides on."""
    since = f" since {view.since:%Y-%m-%d %H:%MZ}" if view.since else ""
    lines = [f"{choice.environment} {choice.application}, verified in {view.source}{since}"]
    lines += [f"  {move.before} → {move.after}" for move in choice.moves]
    if view.differences:
        lines.append(f"  also differs from {view.source}:")
        lines += [f"    {line}" for line in view.differences]
    return tuple(lines)


def _outcome(
    outcomes: Sequence[Outcome],
    choices: Sequence[Choice],
    notes: Iterable[str],
    errors: Sequence[tuple[Choice, GitOpsError]],
) -> Outcome:
    if errors and not outcomes and len(errors) == 1:
        raise errors[0][1]
    waiting: list[Line] = [
        f"{one.environment} {one.application}: {one.reason}" for one in choices if not one.moves
    ]
    pulls = [pull for one in outcomes for pull in json.loads(one.outputs["pull-requests"])]
    outputs = dict(outcomes[0].outputs) if outcomes else {"changed": "false", "plan": "[]"}
    outputs |= {
        "pull-requests": json.dumps(pulls),
        "changed": str(any(one.outputs["changed"] == "true" for one in outcomes)).lower(),
    }
    count = sum(1 for one in outcomes if one.outputs["changed"] == "true")
    return Outcome(
        outputs=outputs,
        headline=f"{count} promotion{'s' * (count != 1)} proposed or refreshed"
        if count
        else "nothing to promote",
        lines=(*(line for one in outcomes for line in one.lines), *waiting),
        summary="\n\n".join(one.summary for one in outcomes),
        notices=(
            *(notice for one in outcomes for notice in one.notices),
            *(Notice(level="notice", text=note) for note in notes),
            *(
                Notice(level="error", text=f"{_title(one)}: {error}", location=error.location)
                for one, error in errors
            ),
        ),
        data={
            "pull-requests": pulls,
            "waiting": [
                {
                    "environment": one.environment,
                    "application": one.application,
                    "reason": one.reason,
                    "code": one.code,
                }
                for one in choices
                if not one.moves
            ],
        },
        exit_code=1 if errors else 0,
    )
