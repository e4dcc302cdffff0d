"""GitHub's Deployments, their statuses, and commit statuses, as far as we use them.

States and limits are those of GitHub's REST API documentation, "Deployments" and "Commit statuses".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime
from itertools import takewhile
from shlex import quote
from typing import Literal

from gitops_action.core.dataclass import dataclass
from gitops_action.core.deploy.pending import NewestRecord, Verified
from gitops_action.core.deploy.result import EnvironmentResult, Result
from gitops_action.core.deployments.payload import RecordContent, read_payload
from gitops_action.core.pattern import pattern

DeploymentState = Literal[
    "error", "failure", "inactive", "in_progress", "pending", "queued", "success"
]
CommitState = Literal["error", "failure", "pending", "success"]
LONGEST_DESCRIPTION = 140
"""Characters that GitHub takes for the description of a status."""


@dataclass(frozen=True, kw_only=True)
class DeploymentStatus:
    """How a deployment is; `at` is None before GitHub has it."""

    state: DeploymentState
    description: str = ""
    log_url: str = ""
    environment_url: str = ""
    at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class NewDeployment:
    """A deployment that begins.

    Attributes:
        environment: its name.
        commit: what is deployed, a full id.
        description: one line, at most 140 characters.
        payload: a JSON document that `core/deployments/payload.py` writes and reads.
        key: names the run and its attempt: a second try of the same run finds its Deployment.
        production: GitHub's flag for environments that end users see.
    """

    environment: str
    commit: str
    description: str
    payload: Mapping[str, object]
    key: str
    production: bool = False


@dataclass(frozen=True, kw_only=True)
class DeploymentFacts:
    """A Deployment as GitHub keeps it; statuses newest first."""

    number: int
    environment: str
    commit: str
    payload: Mapping[str, object] = field(default_factory=dict)
    statuses: tuple[DeploymentStatus, ...] = ()
    created: datetime | None = None
    creator: str = ""
    task: str = "deploy"


@dataclass(frozen=True, kw_only=True)
class CommitStatus:
    """A status on a commit."""

    context: str
    state: CommitState
    description: str = ""
    url: str = ""
    creator: str = ""


# States and descriptions: how a result is written where GitHub has room for one line.

_DEPLOYMENT: dict[Result, DeploymentState] = {
    Result.SUCCEEDED: "success",
    Result.FAILED: "failure",
    Result.UNKNOWN: "error",
    Result.SUPERSEDED: "inactive",
    Result.NOTHING: "inactive",
}
_COMMIT: dict[Result, CommitState] = {
    Result.SUCCEEDED: "success",
    Result.FAILED: "failure",
    Result.UNKNOWN: "error",
}

_FEW_WORDS = 40
_DIGITS = 12
_RETRIED = "to be tried again: "
"""Start of the description of a failure for a cause outside the content. It is read back."""


def deployment_state(result: Result) -> DeploymentState:
    """GitHub's state; `error` says that it could not be determined, which is no failure."""
    return _DEPLOYMENT[result]


def commit_state(result: Result) -> CommitState | None:
    """The state of a commit's status; None where there is nothing to say."""
    return _COMMIT.get(result)


def described(result: EnvironmentResult) -> str:
    """How it ended, with every target's own result where there are several."""
    several = len(result.targets) > 1
    named = ", ".join(f"{one.target} {one.result}" for one in result.targets) if several else ""
    first = next((one.failures[0].sentence for one in result.targets if one.failures), "")
    healthy = sum(len(one.objects) for one in result.targets)
    words = first or (f"{healthy} objects are as described and healthy" if not several else "")
    return one_line(": ".join(part for part in (named, words) if part) or str(result.result))


_TARGET = pattern(r"([^ ,:]+) (succeeded|failed|unknown|superseded|nothing)")


def target_results(statuses: Sequence[DeploymentStatus]) -> Mapping[str, Result]:
    """Each target's own result, by the newest status that ends a deployment of several."""
    ends = (one.description for one in statuses if one.state in {"failure", "error"})
    said = next(ends, "").removeprefix(_RETRIED)
    found: dict[str, Result] = {}
    for part in said.partition(":")[0].split(", "):
        match = _TARGET.fullmatch(part)
        if match is None:
            break
        found[match[1]] = Result(match[2])
    return found


def recorded_as(result: EnvironmentResult, verified: Verified | None = None) -> str:
    """The description of a Deployment's last status.

    A failure says whether it is tried again, and what ran before it.
    """
    said = f"{_RETRIED * result.retry}{described(result)}"
    if result.result is not Result.FAILED or verified is None:
        return one_line(said)
    good = f" (last good: {_good(verified)})"
    return f"{one_line(said, LONGEST_DESCRIPTION - len(good))}{good}"


def way_back(environment: str, verified: Verified) -> str:
    """What ran before a failure, and how to return to it."""
    return (
        f"the last version that was verified here is {_good(verified)}, at {verified.commit[:12]};"
        f" to go back: `gitops-action rollback --environment {quote(environment)}`; where only"
        " configuration changed, revert it in Git. Neither waits for another environment"
    )


def _good(verified: Verified) -> str:
    """The versions in a few words."""
    named = changed_versions({}, verified.applications)
    return named if named and len(named) <= _FEW_WORDS else verified.commit[:12]


def changed_versions(
    before: Mapping[str, tuple[str, ...]], now: Mapping[str, tuple[str, ...]]
) -> str:
    """`web v1.2.2 → v1.2.3, db v7`: the applications whose images differ; empty for none."""
    parts = []
    for name, images in now.items():
        old, new = _versions(before.get(name, ())), _versions(images)
        if before.get(name) == images:
            continue
        arrow = f"{old} → {new}" if old and old != new else new
        parts.append(f"{name} {arrow}".rstrip())
    return ", ".join(parts)


def _versions(images: tuple[str, ...]) -> str:
    """Tags, or the start of a digest where there is no tag."""
    return "+".join(dict.fromkeys(_version(one) for one in images))


def _version(image: str) -> str:
    name, _, digest = image.partition("@")
    tag = name.rpartition("/")[2].partition(":")[2]
    return tag or digest.partition(":")[2][:_DIGITS]


def is_retried(description: str) -> bool:
    """Whether a failure's description says that it is tried again."""
    return description.startswith(_RETRIED)


def one_line(text: str, longest: int = LONGEST_DESCRIPTION) -> str:
    """At most as long as GitHub takes."""
    flat = " ".join(text.split())
    return flat if len(flat) <= longest else f"{flat[: longest - 1]}…"


# What the Deployments of an environment show about what runs, and what was known to be good.

JOBS_ACCOUNT = "github-actions[bot]"
"""Who makes the Deployment of a job with `environment:`."""
_ADOPTED = pattern(r"\bcontent (sha256:[0-9a-f]{64})\b")
_RESULTS = {"success": Result.SUCCEEDED, "failure": Result.FAILED}


def adoption(content_hash: str) -> str:
    """The description by which a job's own Deployment becomes ours: it cannot get a payload."""
    return f"gitops-action deploys content {content_hash}"


def content_of(facts: DeploymentFacts) -> RecordContent | None:
    """What a Deployment of ours is about; None for anybody else's.

    One that GitHub made for a job has no payload: a status of ours says which content it is.
    """
    found = read_payload(facts.payload)
    if found is not None:
        return found if found.environment == facts.environment else None
    for status in facts.statuses:
        match = _ADOPTED.search(status.description)
        if match:
            return RecordContent(
                environment=facts.environment, commit=facts.commit, hash=match.group(1)
            )
    return None


def recorded_of(history: Sequence[DeploymentFacts]) -> NewestRecord | None:
    """What was deployed last; None where nothing of ours is among them.

    A success stays one when a later Deployment has made it inactive. The result of what was never
    finished is unknown.

    Args:
        history: newest first, with all statuses.
    """
    ours = [(content, facts) for facts in history if (content := content_of(facts)) is not None]
    if not ours:
        return None
    content, newest = ours[0]
    alike = list(
        takewhile(lambda one: (one[0].hash, _end(one[1])) == (content.hash, _end(newest)), ours)
    )
    result, retry = _end(newest)
    return NewestRecord(
        commit=content.commit,
        hash=content.hash,
        result=result,
        retry=retry,
        attempts=len(alike),
        ended=newest.statuses[0].at if newest.statuses else newest.created,
        verified=verified_of(history),
        destroyed=content.destroyed,
    )


def verified_of(history: Sequence[DeploymentFacts]) -> Verified | None:
    """The newest success; None where there is none."""
    found = last_verified(history)
    content = content_of(found) if found is not None else None
    if content is None:
        return None
    return Verified(
        commit=content.commit, hash=content.hash, applications=dict(content.applications)
    )


def last_verified(history: Sequence[DeploymentFacts]) -> DeploymentFacts | None:
    """The newest of ours that was ever a success.

    Args:
        history: newest first, with all statuses: the newest status of a success that was
            superseded is `inactive`.
    """
    return next((one for one in history if was_verified(one)), None)


def was_verified(facts: DeploymentFacts) -> bool:
    """Whether it is ours and something ran by it; its statuses have to be read."""
    content = content_of(facts)
    if content is None or content.destroyed:
        return False
    return any(one.state == "success" for one in facts.statuses)


def is_active(facts: DeploymentFacts) -> bool:
    """Whether GitHub shows it as what runs."""
    return bool(facts.statuses) and facts.statuses[0].state == "success"


def returned_to(
    now: RecordContent, history: Sequence[DeploymentFacts]
) -> tuple[DeploymentFacts, ...]:
    """Earlier Deployments that `now` goes back to, newest first, where they were verified.

    Either the whole content is the same, or every application whose images differ from those of
    the newest record has the images that it had then.

    Args:
        now: what is described.
        history: newest first; statuses need not be read.
    """
    ours = [(content, facts) for facts in history if (content := content_of(facts)) is not None]
    if not ours:
        return ()
    newest = ours[0][0].applications
    moved = {
        name: images
        for name, images in now.applications.items()
        if newest.get(name, images) != images
    }
    return tuple(facts for content, facts in ours[1:] if _returns(now.hash, moved, content))


def _returns(content_hash: str, moved: Mapping[str, tuple[str, ...]], then: RecordContent) -> bool:
    if then.hash and then.hash == content_hash:
        return True
    return bool(moved) and all(
        then.applications.get(name) == images for name, images in moved.items()
    )


def is_jobs_own(facts: DeploymentFacts, *, commit: str, run_url: str) -> bool:
    """Whether GitHub made it for this very job, so that it can be taken for ours.

    Such a Deployment is about the job's commit, and its first status links to the job's page.
    """
    if not run_url or facts.commit != commit or read_payload(facts.payload) is not None:
        return False
    pages = (one.log_url for one in facts.statuses)
    return facts.creator == JOBS_ACCOUNT and any(
        page == run_url or page.startswith(f"{run_url}/") for page in pages
    )


def _end(facts: DeploymentFacts) -> tuple[Result, bool]:
    """How it ended, and whether a failure is tried again."""
    result = _result(facts.statuses)
    failed = next((one for one in facts.statuses if one.state == "failure"), None)
    retry = result is Result.FAILED and failed is not None and is_retried(failed.description)
    return result, retry


def _result(statuses: Sequence[DeploymentStatus]) -> Result:
    """The newest status that says how it ended."""
    ends = (_RESULTS[one.state] for one in statuses if one.state in _RESULTS)
    newest = statuses[0].state if statuses else ""
    if newest == "error":
        return Result.UNKNOWN
    return next(ends, Result.UNKNOWN)
