"""Whether a failed deployment is undone without a person, and why not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Literal

from gitops_action.core.config.resolved import Config, Environment, RollbackMode
from gitops_action.core.dataclass import dataclass
from gitops_action.core.deploy.result import Result
from gitops_action.core.deployments.proof import EvaluatedRecord
from gitops_action.core.deployments.records import is_retried
from gitops_action.core.rollback.candidates import (
    DescribedImages,
    ImageKey,
    is_return,
    newest_first,
    same_state,
)

Code = Literal[
    "go-back",
    "no-failure",
    "newer-running",
    "first-deployment",
    "configuration-only",
    "base-moved",
    "own-failure",
    "rolled-back-before",
    "holds-unreadable",
    "off",
    "not-editable",
    "tried-again",
    "nothing-changed",
    "not-proposed",
    "declined",
]
_STRICTNESS: dict[RollbackMode, int] = {"off": 0, "propose": 1, "auto": 2}


@dataclass(frozen=True, kw_only=True)
class AutomaticDecision:
    """What is done about the newest deployment of an environment.

    Attributes:
        code: `go-back`, or why not.
        reason: in a sentence, for people.
        record: the deployment that failed; None where none did.
        mode: the strictest mode of the environment and the applications.
        images: what changed with it and failed, by application and repository.
        alarm: a person has to act, and is notified by an issue.
        revert: the whole change may be proposed to be reverted, as no earlier image helps.
    """

    code: Code
    reason: str
    record: EvaluatedRecord | None = None
    mode: RollbackMode = "propose"
    images: tuple[ImageKey, ...] = ()
    alarm: bool = False
    revert: bool = False

    @property
    def applications(self) -> tuple[str, ...]:
        """The applications that go back."""
        return tuple(sorted({application for application, _ in self.images}))


@dataclass(frozen=True, kw_only=True)
class FailedEnvironment:
    """What is known when an environment's newest deployment is looked at.

    Attributes:
        environment: which.
        config: the base's.
        records: its deployments, in any order.
        now: what the base's tip describes.
        content: reads what a commit describes; None where that cannot be read.
        held: whether a version of these images is on hold already.
        unreadable: files of holds that cannot be read.
    """

    environment: Environment
    config: Config
    records: Sequence[EvaluatedRecord]
    now: DescribedImages
    content: Callable[[str], DescribedImages | None]
    held: Callable[[Iterable[ImageKey]], bool]
    unreadable: tuple[str, ...] = ()


def decide(failure: FailedEnvironment) -> AutomaticDecision:
    """Whether the newest deployment's images go back by themselves.

    Only a definite, proved failure of a deployment whose images changed does it, once a version.
    """
    name = failure.environment.name
    ordered = newest_first(failure.records)
    proved = [one for one in ordered if one.proved and one.ended]
    newest = proved[0] if proved else None
    if newest is None or newest.result is not Result.FAILED or newest.destroyed:
        said = newest.result.value if newest else "not recorded"
        return AutomaticDecision(code="no-failure", reason=f"{name}: the newest result is {said}")
    if is_retried(newest.description):
        reason = f"{name}: it failed for a cause outside its content, and is tried again"
        return _no("tried-again", reason, newest)
    if any(one.ended is None and one.run and one.started > newest.started for one in ordered):
        return _no("newer-running", f"{name}: a newer deployment runs", newest)
    good = next((one for one in proved if one.result is Result.SUCCEEDED), None)
    if good is None:
        reason = f"{name}: no version was ever verified there, so there is nothing to go back to"
        return _no("first-deployment", reason, newest, alarm=True)
    return _of_images(failure, newest, good)


def _of_images(
    failure: FailedEnvironment, newest: EvaluatedRecord, good: EvaluatedRecord
) -> AutomaticDecision:
    name = failure.environment.name
    failed, before = failure.content(newest.commit), failure.content(good.commit)
    if failed is None or before is None:
        reason = f"{name}: what the failed commit changed cannot be read"
        return _no("configuration-only", reason, newest, alarm=True)
    changed = tuple(key for key in failed if not same_state(failed, before, [key]))
    if is_return(failure.records, failed, failure.content, failing=True):
        reason = f"{name}: what failed is itself a return to an earlier version"
        return _no("own-failure", reason, newest, alarm=True)
    if not changed:
        mode, _ = mode_of(failure.environment, failure.config, (key[0] for key in failed))
        reason = f"{name}: the failed deployment changed configuration only"
        decision = _no("configuration-only", reason, newest, alarm=True)
        return replace(decision, mode=mode, revert=mode != "off")
    if not same_state(failed, failure.now, changed):
        reason = f"{name}: the base branch describes other images already"
        return _no("base-moved", reason, newest)
    return _permitted(failure, newest, failed, changed)


def revert_command(commit: str) -> str:
    """How a person undoes a commit; Git refuses the first form for a merge commit."""
    short = commit[:12]
    return f"git revert {short}  # of a merge commit: git revert -m 1 {short}"


def _permitted(
    failure: FailedEnvironment,
    newest: EvaluatedRecord,
    failed: DescribedImages,
    changed: tuple[ImageKey, ...],
) -> AutomaticDecision:
    name = failure.environment.name
    back = {key: failed[key] for key in changed}
    if is_return(failure.records, back, failure.content, failing=True):
        reason = f"{name}: what failed is itself a return to an earlier version"
        return _no("own-failure", reason, newest, alarm=True)
    if failure.held(changed):
        reason = f"{name}: this version was rolled back before, and is on hold"
        return _no("rolled-back-before", reason, newest)
    if failure.unreadable:
        reason = f"{name}: {failure.unreadable[0]} cannot be read, so what is on hold is not known"
        return _no("holds-unreadable", reason, newest, alarm=True, images=changed)
    mode, by = mode_of(failure.environment, failure.config, (key[0] for key in changed))
    if mode == "off":
        reason = f"{name}: `rollback: off` of {by}; a person may still ask for it"
        return _no("off", reason, newest, alarm=True, images=changed)
    return AutomaticDecision(
        code="go-back",
        reason=f"deployment {newest.number} failed: {newest.url}",
        record=newest,
        mode=mode,
        images=changed,
    )


def _no(
    code: Code,
    reason: str,
    record: EvaluatedRecord,
    *,
    alarm: bool = False,
    images: tuple[ImageKey, ...] = (),
) -> AutomaticDecision:
    return AutomaticDecision(code=code, reason=reason, record=record, alarm=alarm, images=images)


def mode_of(
    environment: Environment, config: Config, applications: Iterable[str]
) -> tuple[RollbackMode, str]:
    """The strictest mode, and what it is configured for."""
    declared = {item.name: item.rollback for item in config.applications}
    modes = [(environment.rollback.mode, f"the environment {environment.name}")]
    named = ((declared.get(name), name) for name in dict.fromkeys(applications))
    modes += [(own, f"the application {name}") for own, name in named if own]
    return min(modes, key=lambda pair: _STRICTNESS[pair[0]])
