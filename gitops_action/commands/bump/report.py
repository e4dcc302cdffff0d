"""What a bump says at a terminal and in the log: a headline, and a block for each environment."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence

from gitops_action.commands.bump.plan import PlannedEnvironment
from gitops_action.commands.ports import Texts
from gitops_action.core.inputs.bump import BumpInputs
from gitops_action.core.outcome import Line, Notice, Outcome, Part
from gitops_action.core.pattern import pattern
from gitops_action.core.plan import PlanLine
from gitops_action.core.report.bump import BumpReport, ImageStep, ProposalResult, version_of
from gitops_action.errors import GitOpsError, GitOpsErrors

_VERBS = {
    "created": "opened",
    "updated": "updated",
    "unchanged": "unchanged",
    "closed": "closed",
    "superseded": "with a newer version left as it is",
}
_DIGEST = pattern(r"(sha256:[0-9a-f]{12})[0-9a-f]{52}")
# The name in front of a version: up to the tag's colon, which no slash follows, or the digest's @.
_NAME = pattern(r"(?P<name>\S*?)(?::(?=\w[\w.-]*(?:@|$))|@(?=sha256:))")
_WIDEST_PLACE, _WIDEST_VERSIONS = 60, 60
_INLINE = 120
"""Characters of an old or new value that fit in a line; a patch in a text is longer."""


def headline(report: BumpReport) -> str:
    """One line that says what was done, in all environments."""
    prefix = "Dry run: " if report.dry_run else ""
    lines = [line for result in report.results for line in result.view.lines]
    if not lines and not any(result.operation == "closed" for result in report.results):
        return f"{prefix}nothing to do, everything is described already".capitalize()
    files = _count(len({line.file for line in lines}), "file")
    if report.dry_run:
        return f"Dry run: {_count(len(lines), 'place')} in {files} would change"
    if report.mode == "local":
        return f"Edited {files}, {_count(len(lines), 'place')}"
    if report.mode == "commit":
        return f"{report.repository}: committed a change of {files}"
    done = Counter(_VERBS[result.operation] for result in report.results if result.operation)
    if not done:
        return f"{report.repository}: nothing was proposed"
    words = [
        f"{_count(done[verb], 'pull request')} {verb}" for verb in _VERBS.values() if done[verb]
    ]
    return f"{report.repository}: {', '.join(words)}"


def lines_of(result: ProposalResult, *, dry_run: bool = False) -> tuple[Line, ...]:
    """One environment: images, places in columns, what was left alone, and the address last."""
    lines: list[Line] = ["", _head(result), *_places(result.view.lines)]
    lines += [
        (Part(text=f"  left alone: {_place(item.file, item.line)}: {item.reason}", tone="quiet"),)
        for item in result.view.skipped
    ]
    if result.reason:
        lines.append(f"  {result.reason}")
    if result.url:
        done = "" if dry_run else f" {_VERBS.get(result.operation or '', '')}"
        lines.append((Part(text=f"  pull request{done}: "), Part(text=result.url, tone="link")))
    elif result.commit:
        lines.append(f"  commit {result.commit[:12]} on {result.branch}")
    return tuple(lines)


def _head(result: ProposalResult) -> Line:
    parts = [Part(text=result.view.environment, tone="strong")]
    for step in result.view.images:
        parts += [Part(text=f"  {step.new.repository} "), *_versions(step)]
    return tuple(parts)


def _versions(step: ImageStep) -> list[Part]:
    old = version_of(step.old) if step.old else ""
    new = Part(text=version_of(step.new), tone="new")
    if old in {"", new.text}:
        return [new]
    return [Part(text=old, tone="old"), Part(text=" → "), new]


def _places(lines: tuple[PlanLine, ...]) -> list[Line]:
    """A row a place: where, from what to what, the key and the rule; columns stand in line."""
    rows = [(_place(line.file, line.line), *_change(line), line) for line in lines]
    first = min(_WIDEST_PLACE, max((len(place) for place, *_ in rows), default=0))
    second = min(_WIDEST_VERSIONS, max((len(old + new) for _, old, new, _ in rows), default=0))
    return [
        (
            Part(text=f"  {place:<{first}}  "),
            Part(text=old, tone="old"),
            Part(text=" → "),
            Part(text=new, tone="new"),
            Part(text=f"{' ' * (second - len(old + new))}  {line.path}  "),
            Part(text=line.rule, tone="quiet"),
        )
        for place, old, new, line in rows
    ]


def _change(line: PlanLine) -> tuple[str, str]:
    """Old and new in short: without the name where it stays, digests cut as Docker cuts them."""
    old, new = _short(line.old), _short(line.new)
    before, after = _NAME.match(old), _NAME.match(new)
    if before and after and before["name"] == after["name"]:
        return old[before.end() :], new[after.end() :]
    return old, new


def _short(text: str) -> str:
    cut = _DIGEST.sub(r"\1", " ".join(text.split()))
    return cut if len(cut) <= _INLINE else f"{cut[: _INLINE - 1]}…"


def _place(file: str, line: int | None) -> str:
    return f"{file}:{line}" if line else file


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


# The outcome of a bump: outputs, summary, notices, and the same as one document.


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
        data={**_data(outputs), "left-alone": _left_alone(results)},
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


def _left_alone(results: Sequence[ProposalResult]) -> list[dict[str, object]]:
    return [
        {
            "environment": result.view.environment,
            "file": item.file,
            "line": item.line,
            "reason": item.reason,
        }
        for result in results
        for item in result.view.skipped
    ]


def _notices(
    planned: Sequence[PlannedEnvironment],
    results: Sequence[ProposalResult],
    errors: Sequence[GitOpsError],
) -> tuple[Notice, ...]:
    looked_up = planned[0].requested.notices if planned else ()
    guarded = [notice for item in planned for notice in item.notices]
    said = {notice.text for notice in (*looked_up, *guarded)}
    notes = [n for result in results for n in result.view.notes if n not in said]
    told = [Notice(level="warning", text=note) for note in dict.fromkeys(notes)]
    superseded = [r for r in results if r.operation == "superseded"]
    left = [Notice(level="notice", text=_superseded(result)) for result in superseded]
    single = [e for error in errors for e in _each(error)]
    failed = [Notice(level="error", text=str(e), location=e.location) for e in single]
    return (*looked_up, *guarded, *told, *left, *failed)


def _superseded(result: ProposalResult) -> str:
    return f"{result.view.environment}: #{result.number} stays as it is: {result.reason}"


def _each(error: GitOpsError) -> tuple[GitOpsError, ...]:
    return error.errors if isinstance(error, GitOpsErrors) else (error,)


def _data(outputs: Mapping[str, str]) -> Mapping[str, object]:
    """The outputs with their JSON opened up."""
    opened = {"changed", "plan", "pull-requests"}
    return {name: json.loads(text) if name in opened else text for name, text in outputs.items()}
