"""The words of a deployment: the job summary."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gitops_action.adapters.templates import Safe, Templates
from gitops_action.core.deploy.result import Failure, ObjectResult, TargetResult
from gitops_action.core.report import limits
from gitops_action.core.report.deployment import Deployed, DeploymentReport
from gitops_action.core.report.fenced import fenced

_VIEW = "deploy-summary.md.j2"
_LIMIT = limits.SUMMARY_LIMIT - 4096
"""Bytes, with room for what takes secrets out of it afterwards."""


class DeployViews:
    """Implements the port `DeploymentTexts`."""

    def summary(self, report: DeploymentReport) -> str:
        """The job summary: at most 1 MiB, in as many rows as fit."""
        templates = Templates()

        def render(rows: int) -> str:
            return templates.view(_VIEW, _variables(report, rows))

        return limits.fitting(render, limits.utf8_bytes, _LIMIT)


def _variables(report: DeploymentReport, rows: int) -> Mapping[str, object]:
    return {
        "rows": rows,
        "commit": report.commit,
        "result": report.result.value,
        "dry_run": report.dry_run,
        "interrupted": report.interrupted,
        "decisions": report.decisions,
        "environments": [_environment(one, rows) for one in report.environments],
    }


def _environment(one: Deployed, rows: int) -> dict[str, Any]:
    return {
        "name": one.outcome.environment,
        "result": one.outcome.result.value,
        "deployment": one.deployment,
        "seconds": f"{one.seconds:.1f}",
        "notes": one.notes,
        "targets": [_target(target, rows) for target in one.outcome.targets],
    }


def _target(target: TargetResult, rows: int) -> dict[str, Any]:
    return {
        "name": target.target,
        "result": target.result.value,
        "notes": target.notes,
        "failures": [_failure(item, rows) for item in target.failures[:rows]],
        "more_failures": max(0, len(target.failures) - rows),
        "objects": [_object(item) for item in target.objects[:rows]],
        "more_objects": max(0, len(target.objects) - rows),
        "counts": ", ".join(f"{number} {action}" for action, number in target.counts.items()),
        "differences": [
            {
                "id": str(item.id),
                "change": item.change,
                "diff": Safe(fenced(item.text, language="diff", lines=rows)),
            }
            for item in target.differences[:rows]
        ],
        "more_differences": max(0, len(target.differences) - rows),
    }


def _failure(failure: Failure, rows: int) -> dict[str, Any]:
    block = "\n".join([*failure.events, *failure.log])
    return {
        "object": str(failure.object_id) if failure.object_id else "",
        "sentence": failure.sentence,
        "fix": failure.fix,
        "block": Safe(fenced(block, language="text", lines=rows)) if block else "",
    }


def _object(item: ObjectResult) -> dict[str, Any]:
    health = item.health
    words = [health.status.value, health.reason] if health else []
    return {
        "id": str(item.id),
        "action": item.action.value,
        "health": ": ".join(word for word in words if word),
        "seconds": "" if item.seconds is None else f"{item.seconds:.1f} s",
        "note": item.note,
    }
