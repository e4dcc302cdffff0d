"""One environment that goes back: what it describes, what was deployed, the state it returns to."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from gitops_action.commands.bump.content import settings_of
from gitops_action.commands.rollback import report
from gitops_action.commands.rollback.content import Contents, with_own_folders
from gitops_action.commands.rollback.ports import RollbackPorts
from gitops_action.core.config import (
    PLACEHOLDER,
    Config,
    Environment,
    Hold,
    select_environments,
)
from gitops_action.core.config.holds import Holds
from gitops_action.core.dataclass import dataclass
from gitops_action.core.deploy.result import Result
from gitops_action.core.deployments.proof import EvaluatedRecord
from gitops_action.core.images import ImageReference
from gitops_action.core.images.oci import ImageMissingError, RegistryError
from gitops_action.core.inputs.rollback import RollbackInputs
from gitops_action.core.report.hold import lift_command
from gitops_action.core.repository import Tip
from gitops_action.core.rollback.automatic import revert_command
from gitops_action.core.rollback.candidates import (
    Candidate,
    DescribedImages,
    Search,
    is_return,
    is_version,
    newest_first,
    same_state,
)
from gitops_action.core.rollback.changed import applications_of_files, recorded_applications
from gitops_action.errors import GitOpsError, UsageError


class NoCandidateError(GitOpsError):
    """There is no state to go back to."""


@dataclass(frozen=True, kw_only=True)
class EnvironmentRollback:
    """One environment, as it was read.

    Attributes:
        inputs: as given.
        ports: what it talks to.
        tip: the base's.
        config: the base's.
        holds: the base's.
        environment: which.
        records: its deployments.
        whole: every application is read, not only those that the newest deployment changed.
    """

    inputs: RollbackInputs
    ports: RollbackPorts
    tip: Tip
    config: Config
    holds: Holds
    environment: Environment
    records: tuple[EvaluatedRecord, ...]
    whole: bool = False

    @cached_property
    def contents(self) -> Contents:
        """What commits describe."""
        named = with_own_folders(self.inputs.application, self.config)
        return Contents(
            self.ports.store,
            self.config,
            tip=self.tip,
            repository=self.inputs.repository,
            applications=named or self.changed_applications,
        )

    @cached_property
    def changed_applications(self) -> tuple[str, ...]:
        """Those that the newest deployment changed; none: all have to be read.

        The records name those whose images differ, for nothing. Where they name none, the files of
        a failed deployment tell.
        """
        if self.whole or self.inputs.application or PLACEHOLDER not in self.environment.path:
            return ()
        failed, good = self.newest(Result.FAILED), self.good()
        if failed is None:
            return self._changed_by_success()
        if good is None:
            return ()
        undone = self.tip.commit if self.inputs.environment else failed.commit
        recorded = recorded_applications(good, failed) if undone == failed.commit else ()
        if found := with_own_folders(recorded, self.config):
            return found
        files = self.ports.origins.files(good.commit, undone)
        return applications_of_files(files or (), self.config)

    def _changed_by_success(self) -> tuple[str, ...]:
        """What a person goes back from who names nothing: the newest version, which succeeded."""
        newest = self.newest(Result.SUCCEEDED)
        if not self.inputs.environment or newest is None or newest.commit != self.tip.commit:
            return ()
        older = (recorded_applications(one, newest) for one in self._successes())
        return with_own_folders(next(filter(None, older), ()), self.config)

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
        return next(self._successes(), None)

    def _successes(self) -> Iterator[EvaluatedRecord]:
        """The proved deployments that succeeded, newest first."""
        for one in newest_first(self.records):
            if one.proved and not one.destroyed and one.result is Result.SUCCEEDED:
                yield one

    def newest(self, result: Result) -> EvaluatedRecord | None:
        """The newest deployment that ended, where it ended so."""
        ended = (one for one in newest_first(self.records) if one.proved and one.ended)
        found = next(ended, None)
        return found if found and found.result is result else None

    # What a person asks for.

    def requested(self) -> DescribedImages:
        """The images of the applications that go back.

        Raises:
            UsageError: an application is not there, or which one is meant is not clear.
        """
        now = self.now()
        known = sorted({name for name, _ in now})
        names = self.inputs.application or self.changed() or known
        if unknown := [name for name in names if name not in known]:
            raise UsageError(
                f"{self.environment.name} has no application {unknown[0]!r}",
                cause=f"it has {', '.join(known) or 'none'}",
                fix="name one of them",
            )
        if not self.inputs.application and len(names) > 1 and not self.changed():
            raise UsageError(
                "No application was specified",
                cause=f"{self.environment.name} has {', '.join(names)}",
                fix="give `application`",
            )
        return {key: images for key, images in now.items() if key[0] in names}

    def changed(self) -> tuple[str, ...]:
        """The applications whose images the newest deployment changed."""
        now = self.now()
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
            cause=said or which or report.NO_OTHER,
            fix=self._other_way(),
        )

    def _other_way(self) -> str:
        failed = self.newest(Result.FAILED)
        if failed is None or self.good() is None or self.changed():
            return "name a version that was verified (`--list`), or propose one by `bump`"
        return (
            "the deployment that failed changed no image: merge the pull request that reverts it,"
            f" or {revert_command(failed.commit)}"
        )


def read_environments(
    inputs: RollbackInputs, ports: RollbackPorts
) -> tuple[EnvironmentRollback, ...]:
    """The environments that are asked for, at the base's tip, with their deployments."""
    tip = ports.store.tip(base=inputs.base, config=inputs.config)
    config, holds = settings_of(tip, inputs.config)
    environments = (
        select_environments(config, inputs.environment)
        if inputs.environment
        else config.environments
    )
    records = ports.records.read(environments)
    return tuple(
        EnvironmentRollback(
            inputs=inputs,
            ports=ports,
            tip=tip,
            config=config,
            holds=holds,
            environment=one,
            records=tuple(records.get(one.name, ())),
        )
        for one in environments
    )
