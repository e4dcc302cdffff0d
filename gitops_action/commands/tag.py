"""`tag`: image tags, labels and annotations from the Git event."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from gitops_action.commands.ports import Clock
from gitops_action.core.dataclass import dataclass
from gitops_action.core.inputs.tag import TagInputs
from gitops_action.core.outcome import Job, Notice, Outcome
from gitops_action.core.provenance import pull_request_head
from gitops_action.core.tags import Metadata, RepositoryFacts, TagContext, compute
from gitops_action.core.tags.compute import MetadataInputs
from gitops_action.core.tags.context import commit_date_of, ref_of, repository_facts_of


class SourceFacts(Protocol):
    """What the event payload does not hold about the application repository."""

    def repository(self, name: str) -> RepositoryFacts | None:
        """Facts about the repository; None when it may not be read."""
        ...

    def commit_date(self, repository: str, sha: str) -> datetime | None:
        """When the commit was made; None when it may not be read."""
        ...


@dataclass(frozen=True, kw_only=True)
class TagPorts:
    """What `tag` talks to; without a token there are no `facts` but the event's own."""

    job: Job
    clock: Clock
    facts: SourceFacts | None = None


def run(inputs: TagInputs, ports: TagPorts) -> Outcome:
    """Compute the tags; nothing is written anywhere.

    Raises:
        UsageError: a line of an input is wrong.
    """
    metadata = compute(_inputs(inputs), _context(inputs, ports))
    warnings = [*metadata.warnings]
    if not metadata.tag_names:
        warnings.append("no rule gave a tag for this event: check `tags` and the triggers")
    return Outcome(
        outputs=_outputs(metadata, inputs),
        headline=f"version {metadata.version}" if metadata.version else "no tag",
        lines=metadata.tags,
        summary=_summary(metadata),
        notices=tuple(Notice(level="warning", text=text) for text in warnings),
        data={"version": metadata.version, **_document(metadata)},
    )


def _inputs(inputs: TagInputs) -> MetadataInputs:
    return MetadataInputs(
        images=inputs.images,
        tags=inputs.tags,
        flavor=inputs.flavor,
        labels=inputs.labels,
        annotations=inputs.annotations,
        levels=inputs.annotation_levels,
    )


def _context(inputs: TagInputs, ports: TagPorts) -> TagContext:
    """The event's own facts first; what it lacks is asked for, and left empty when refused."""
    job, now = ports.job, ports.clock.now()
    sha = (pull_request_head(job) if inputs.pull_request_head_sha else "") or job.sha
    repository = repository_facts_of(job)
    if repository is None and ports.facts and job.repository:
        repository = ports.facts.repository(job.repository)
    commit_date = commit_date_of(job, sha)
    if commit_date is None and ports.facts and _needs_commit_date(inputs):
        commit_date = ports.facts.commit_date(job.repository, sha)
    return TagContext(
        ref=ref_of(job),
        sha=sha,
        event_name=job.event_name,
        event=job.event,
        now=now,
        commit_date=commit_date or now,
        repository=repository or RepositoryFacts(name=job.repository.partition("/")[2]),
        short_length=inputs.short_sha_length,
    )


def _needs_commit_date(inputs: TagInputs) -> bool:
    texts = (inputs.tags, inputs.flavor, inputs.labels, inputs.annotations)
    return any("commit_date" in text for text in texts)


def _outputs(metadata: Metadata, inputs: TagInputs) -> Mapping[str, str]:
    return {
        "version": metadata.version,
        "tags": inputs.sep_tags.join(metadata.tags),
        "tag-names": inputs.sep_tags.join(metadata.tag_names),
        "labels": inputs.sep_labels.join(metadata.labels),
        "annotations": inputs.sep_annotations.join(metadata.annotations),
        "json": json.dumps(_document(metadata)),
    }


def _document(metadata: Metadata) -> dict[str, object]:
    """The keys that docker/metadata-action's `json` output has, and no others."""
    return {
        "tags": list(metadata.tags),
        "tag-names": list(metadata.tag_names),
        "labels": dict(label.split("=", 1) for label in metadata.labels),
        "annotations": list(metadata.annotations),
    }


def _summary(metadata: Metadata) -> str:
    """Tags hold only letters, digits, dots, dashes and underscores; image names are checked."""
    if not metadata.tags:
        return "### No image tag\n\nNo rule gave a tag for this event.\n"
    rows = "\n".join(f"- `{tag}`" for tag in metadata.tags)
    return f"### Image tags for `{metadata.version}`\n\n{rows}\n"
