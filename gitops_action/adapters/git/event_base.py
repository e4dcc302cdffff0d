"""What the event that started a run says of the commits to compare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gitops_action.core.job import Job


@dataclass(frozen=True, kw_only=True)
class Proposed:
    """A change as its event tells it (GitHub's "Webhook events and payloads").

    Attributes:
        branch: the base branch; empty: the event names none.
        base: the commit that is compared with, where the event fixes it (merge queues do).
        head: the commit that is proposed.
        number: the pull request's.
    """

    branch: str = ""
    base: str = ""
    head: str = ""
    number: int = 0


def proposed(job: Job) -> Proposed:
    """What the job's event proposes; all is empty for an event that proposes nothing."""
    if job.event_name == "merge_group":
        group = _mapping(job.event, "merge_group")
        branch = _text(group, "base_ref").removeprefix("refs/heads/")
        return Proposed(branch=branch, base=_text(group, "base_sha"), head=_text(group, "head_sha"))
    pull = _mapping(job.event, "pull_request")
    number = pull.get("number")
    return Proposed(
        branch=_text(_mapping(pull, "base"), "ref") or default_branch(job),
        head=_text(_mapping(pull, "head"), "sha"),
        number=number if isinstance(number, int) else 0,
    )


def default_branch(job: Job) -> str:
    """The repository's default branch, where the event names it."""
    return _text(_mapping(job.event, "repository"), "default_branch")


def _mapping(value: Mapping[str, object], key: str) -> Mapping[str, object]:
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def _text(value: Mapping[str, object], key: str) -> str:
    found = value.get(key)
    return found if isinstance(found, str) else ""
