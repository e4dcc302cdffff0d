"""The variables that templates see, ours and users': plain text, numbers, lists and mappings.

Their names are an interface: users' templates depend on them.
"""

from __future__ import annotations

from collections.abc import Mapping

from gitops_action.core.images import ImageReference, ImageSource
from gitops_action.core.plan import PlanLine
from gitops_action.core.pull_requests import Comparison
from gitops_action.core.report.model import ImageStep, ProposalView
from gitops_action.core.report.names import short_name, title, version_of

Context = Mapping[str, object]


def context_of(view: ProposalView) -> dict[str, object]:
    """The variables of one environment's change."""
    images = [_image(step, view) for step in view.images]
    return {
        "title": title(view),
        "environment": view.environment,
        "base": view.base,
        "declared": view.declared,
        "application": view.applications[0] if len(view.applications) == 1 else "",
        "applications": list(view.applications),
        "images": images,
        "image": images[0] if images else _nothing(),
        "sets": list(view.sets),
        "lines": [_line(line) for line in view.lines],
        "skipped": [
            {"file": item.file, "line": item.line, "reason": item.reason} for item in view.skipped
        ],
        "notes": list(view.notes),
        "actor": view.job.actor,
        "workflow": view.job.workflow,
        "repository": view.job.repository,
        "run_url": view.job.run_url,
    }


def _line(line: PlanLine) -> dict[str, object]:
    return {
        "file": line.file,
        "line": line.line,
        "path": line.path,
        "old": line.old,
        "new": line.new,
        "rule": line.rule,
        "reason": line.reason,
        "application": line.application or "",
    }


def _image(step: ImageStep, view: ProposalView) -> dict[str, object]:
    old, server = step.old, view.job.server_url
    return {
        **_reference(step.new),
        "source": _source(step.new_source, server),
        "old": _reference(old) if old else _nothing(),
        "old_source": _source(step.old_source, server),
        "comparison": _comparison(step.comparison),
    }


def _reference(image: ImageReference) -> dict[str, object]:
    return {
        "name": short_name(image),
        "repository": image.repository,
        "reference": str(image),
        "tag": image.tag or "",
        "digest": image.digest or "",
        "version": version_of(image),
    }


def _nothing() -> dict[str, object]:
    names = ("name", "repository", "reference", "tag", "digest", "version")
    return dict.fromkeys(names, "")


def _source(source: ImageSource | None, server: str) -> dict[str, object]:
    if source is None:
        return {"repository": "", "commit": "", "short": "", "url": ""}
    return {
        "repository": source.repository,
        "commit": source.commit,
        "short": source.commit[:7],
        "url": f"{server}/{source.repository}/commit/{source.commit}",
    }


def _comparison(comparison: Comparison | None) -> dict[str, object]:
    """Commits newest first, as people read them."""
    if comparison is None:
        return {"status": "", "total": 0, "url": "", "commits": []}
    commits = [
        {
            "commit": commit.oid,
            "short": commit.oid[:7],
            "subject": commit.subject,
            "author": commit.author,
            "url": commit.url,
        }
        for commit in reversed(comparison.commits)
    ]
    return {
        "status": comparison.status,
        "total": comparison.total,
        "url": comparison.url,
        "commits": commits,
    }
