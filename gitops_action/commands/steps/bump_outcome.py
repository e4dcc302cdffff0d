"""The outcome of a bump: outputs, summary, notices, and the same as one document."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from gitops_action.commands.ports import Texts
from gitops_action.commands.steps.bump_lines import headline, lines_of
from gitops_action.commands.steps.environment import PlannedEnvironment
from gitops_action.core.inputs.bump import BumpInputs
from gitops_action.core.outcome import Notice, Outcome
from gitops_action.core.plan import PlanLine
from gitops_action.core.report.model import BumpReport, ProposalResult
from gitops_action.errors import GitOpsError, GitOpsErrors


def bump_outcome(
    inputs: BumpInputs,
    texts: Texts,
    planned: Sequence[PlannedEnvironment],
    results: Sequence[ProposalResult],
    errors: Sequence[GitOpsError],
) -> Outcome:
    """Lay out what was done; `errors` are those of environments that failed after others went."""
    report = BumpReport(
        results=tuple(results),
        repository=inputs.repository,
        mode=inputs.mode,
        dry_run=inputs.dry_run,
    )
    outputs = _outputs(planned, results)
    blocks = [lines_of(result, dry_run=inputs.dry_run) for result in results]
    return Outcome(
        outputs=outputs,
        headline=headline(report),
        lines=tuple(line for block in blocks for line in block),
        summary=texts.summary(report),
        notices=_notices(planned, results, errors),
        data=_data(outputs),
        exit_code=max((error.exit_code for error in errors), default=0),
    )


def _outputs(
    planned: Sequence[PlannedEnvironment], results: Sequence[ProposalResult]
) -> Mapping[str, str]:
    lines = [line for result in results for line in result.view.lines]
    proposed = [result for result in results if result.operation]
    pull_requests = [_pull_request(result) for result in proposed]
    targets = [step.new for item in planned[:1] for step in item.view.images[:1]]
    first: Mapping[str, object] = pull_requests[0] if pull_requests else {}
    leading = next(iter(proposed or results), None)
    return {
        "changed": json.dumps(any(_moved(result) for result in results)),
        "plan": json.dumps([_line(line) for line in lines]),
        "files": "\n".join(dict.fromkeys(_one_line(line.file) for line in lines)),
        "image": str(targets[0]) if targets else "",
        "tag": (targets[0].tag or "") if targets else "",
        "digest": (targets[0].digest or "") if targets else "",
        "pull-requests": json.dumps(pull_requests),
        "pull-request-number": str(first.get("number", "")),
        "pull-request-url": str(first.get("url", "")),
        "pull-request-operation": str(first.get("operation", "")),
        "branch": leading.branch if leading else "",
        "commit": leading.commit if leading else "",
    }


def _one_line(name: str) -> str:
    """The name; as a JSON string where a line break in it would make it look like two."""
    return name if name.isprintable() else json.dumps(name)


def _moved(result: ProposalResult) -> bool:
    return result.written or result.operation in {"created", "updated"}


def _pull_request(result: ProposalResult) -> dict[str, object]:
    return {
        "environment": result.view.environment,
        "number": result.number,
        "url": result.url,
        "operation": result.operation,
        "branch": result.branch,
        "commit": result.commit,
    }


def _line(line: PlanLine) -> dict[str, object]:
    return {
        "environment": line.environment,
        "application": line.application,
        "file": line.file,
        "line": line.line,
        "path": line.path,
        "old": line.old,
        "new": line.new,
        "rule": line.rule,
    }


def _notices(
    planned: Sequence[PlannedEnvironment],
    results: Sequence[ProposalResult],
    errors: Sequence[GitOpsError],
) -> tuple[Notice, ...]:
    looked_up = planned[0].wanted.notices if planned else ()
    guarded = [notice for item in planned for notice in item.notices]
    said = {notice.text for notice in (*looked_up, *guarded)}
    notes = [n for result in results for n in result.view.notes if n not in said]
    told = [Notice(level="warning", text=note) for note in dict.fromkeys(notes)]
    single = [e for error in errors for e in _each(error)]
    failed = [Notice(level="error", text=str(e), location=e.location) for e in single]
    return (*looked_up, *guarded, *told, *failed)


def _each(error: GitOpsError) -> tuple[GitOpsError, ...]:
    return error.errors if isinstance(error, GitOpsErrors) else (error,)


def _data(outputs: Mapping[str, str]) -> Mapping[str, object]:
    """The outputs with their JSON opened up."""
    opened = {"changed", "plan", "pull-requests"}
    return {name: json.loads(text) if name in opened else text for name, text in outputs.items()}
