"""The outcome of `mode: dispatch`: outputs, lines, summary, and the same as one document."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from gitops_action.core.dispatch import UNKNOWN, FoundPull, Order, Run
from gitops_action.core.images import ImageChange
from gitops_action.core.inputs.bump import BumpInputs
from gitops_action.core.markdown import code
from gitops_action.core.outcome import Line, Notice, Outcome, Part
from gitops_action.errors import EXIT_FAILURE


@dataclass(frozen=True, kw_only=True)
class Report:
    """What was sent and what became of it; `trouble` is why a run's end is not known."""

    inputs: BumpInputs
    order: Order
    changes: tuple[ImageChange, ...]
    notices: tuple[Notice, ...] = ()
    sent: bool = False
    run: Run | None = None
    pulls: tuple[FoundPull, ...] = ()
    trouble: str = ""

    def noting(self, text: str) -> Report:
        """With one more warning."""
        return replace(self, notices=(*self.notices, Notice(level="warning", text=text)))

    @property
    def conclusion(self) -> str:
        """How the run ended; empty when nobody waited."""
        if not self.inputs.wait or not self.sent:
            return ""
        return (self.run.conclusion if self.run else "") or UNKNOWN

    @property
    def failed(self) -> bool:
        """Whether it was waited for, and it did not succeed as far as is known."""
        return self.conclusion not in {"", "success"}


def dispatch_outcome(report: Report) -> Outcome:
    """Lay out what was done."""
    outputs = _outputs(report)
    opened = {"changed", "plan", "pull-requests"}
    return Outcome(
        outputs=outputs,
        headline=_headline(report),
        lines=tuple(_lines(report)),
        summary=_summary(report),
        notices=_notices(report),
        data={name: json.loads(text) if name in opened else text for name, text in outputs.items()}
        | {"sent": dict(report.order.inputs)},
        exit_code=EXIT_FAILURE if report.failed else 0,
    )


def _outputs(report: Report) -> Mapping[str, str]:
    pulls = [_pull(found) for found in report.pulls]
    first: Mapping[str, object] = pulls[0] if pulls else {}
    image = report.changes[0].target
    return {
        "changed": json.dumps(any(found.operation != "unchanged" for found in report.pulls)),
        "plan": "[]",
        "files": "",
        "image": str(image),
        "tag": image.tag or "",
        "digest": image.digest or "",
        "pull-requests": json.dumps(pulls),
        "pull-request-number": str(first.get("number", "")),
        "pull-request-url": str(first.get("url", "")),
        "pull-request-operation": str(first.get("operation", "")),
        "branch": str(first.get("branch", "")),
        "commit": str(first.get("commit", "")),
        "run-id": str(report.run.id) if report.run else "",
        "run-url": report.run.url if report.run else "",
        "run-conclusion": report.conclusion,
    }


def _pull(found: FoundPull) -> dict[str, object]:
    return {
        "environment": found.environment,
        "number": found.pull.number,
        "url": found.pull.url,
        "operation": found.operation,
        "branch": found.pull.branch,
        "commit": found.pull.commit,
    }


def _headline(report: Report) -> str:
    where = f"{report.order.workflow} of {report.inputs.repository}"
    if not report.sent:
        return f"dry run: {where} would be started"
    said = {"": "was started", "success": "has succeeded", UNKNOWN: "was started; its end is"}
    ending = said.get(report.conclusion, f"ended as {report.conclusion}")
    return f"{where} {ending}{' unknown' if report.conclusion == UNKNOWN else ''}"


def _lines(report: Report) -> list[Line]:
    lines: list[Line] = [f"  {change.target}" for change in report.changes]
    if report.run:
        lines.append((Part(text="  "), Part(text=report.run.url, tone="link")))
    for found in report.pulls:
        said = Part(text=f"  {found.environment} {found.operation} ".replace("  ", " "))
        lines.append((said, Part(text=found.pull.url, tone="link")))
    return lines


def _summary(report: Report) -> str:
    """Markdown in which foreign text stands in code spans and addresses only."""
    parts = [f"### {code(_headline(report))}"]
    parts += [f"- {code(str(change.target))}" for change in report.changes]
    links = [report.run.url] if report.run else []
    links += [found.pull.url for found in report.pulls]
    return "\n".join([*parts, "", *(f"<{link}>  " for link in links)]).rstrip() + "\n"


def _notices(report: Report) -> tuple[Notice, ...]:
    if not report.failed:
        return report.notices
    address = f" ({report.run.url})" if report.run else ""
    if report.conclusion == UNKNOWN:
        text = (
            f"whether the dispatched bump succeeded is unknown{address}: {report.trouble}."
            " Fix: look at the run, or run again: a second bump to the same version changes nothing"
        )
    else:
        text = f"the dispatched bump ended as {report.conclusion}{address}. Fix: see its log"
    return (*report.notices, Notice(level="error", text=text))
