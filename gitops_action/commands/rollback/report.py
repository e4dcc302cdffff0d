"""What a rollback hands back: outputs, lines, summary."""

from __future__ import annotations

import json
from collections.abc import Sequence

from gitops_action.commands.file_proposal import FilesProposed
from gitops_action.commands.rollback.announce import Announced
from gitops_action.core.outcome import Notice, Outcome
from gitops_action.core.report import rollback as texts
from gitops_action.core.report.bump import version_of
from gitops_action.core.report.rollback import RollbackView
from gitops_action.core.repository import list_files
from gitops_action.core.rollback.automatic import AutomaticDecision
from gitops_action.core.rollback.candidates import Candidate

NO_OTHER = "no other version was verified there"

_Done = tuple[RollbackView, FilesProposed]


def listed(environment: str, candidates: Sequence[Candidate]) -> Outcome:
    """The states that can be gone back to, and those that are passed over."""
    data = [
        {
            "commit": one.record.commit,
            "at": (one.record.ended or one.record.started).isoformat(),
            "url": one.record.url,
            "images": {move.application: str(move.then) for move in one.moves},
            "refused": one.refused,
        }
        for one in candidates
    ]
    able = sum(not one.refused for one in candidates)
    return Outcome(
        outputs={**_outputs((), wrote=False), "candidates": json.dumps(data)},
        headline=f"{environment}: {able} state{'s' * (able != 1)} to go back to",
        lines=tuple(texts.row(one) for one in candidates) or (f"  {NO_OTHER}",),
        summary=texts.table(candidates),
        data={"candidates": data},
    )


def proposed(done: Sequence[_Done], said: Announced, *, mode: str, dry_run: bool) -> Outcome:
    """What was proposed or committed."""
    wrote = not dry_run and any(
        result.operation in {"created", "updated"} or mode == "commit" for _, result in done
    )
    heads = [texts.title(view) for view, _ in done]
    return Outcome(
        outputs=_outputs(done, wrote=wrote),
        headline=("Dry run: " if dry_run else "") + "; ".join(heads),
        lines=(*(line for item in done for line in _lines(*item)), *said.lines),
        summary="\n\n".join(texts.body(view).rpartition("\n\n")[0] for view, _ in done),
        notices=(
            *(_frozen(view) for view, _ in done if view.frozen),
            *(Notice(level="notice", text=note) for note in said.notes),
        ),
        data={"rollbacks": [_data(*item) for item in done]},
    )


def automatic(
    decisions: Sequence[tuple[str, AutomaticDecision]],
    done: Sequence[_Done],
    said: Announced,
    *,
    dry_run: bool,
) -> Outcome:
    """What was decided on each environment; an alarm fails the run."""
    made = proposed(done, said, mode="pull-request", dry_run=dry_run)
    listed_decisions = [
        {"environment": name, "code": one.code, "reason": one.reason, "alarm": one.alarm}
        for name, one in decisions
    ]
    alarms = [one for _, one in decisions if one.alarm]
    return Outcome(
        outputs={**made.outputs, "decisions": json.dumps(listed_decisions)},
        headline=made.headline or "Nothing goes back by itself",
        lines=(*(f"  {one.code}: {one.reason}" for _, one in decisions), *made.lines),
        summary=made.summary,
        notices=(
            *made.notices,
            *(Notice(level="error", text=one.reason) for one in alarms),
        ),
        data={**made.data, "decisions": listed_decisions},
        exit_code=1 if alarms else 0,
    )


def _frozen(view: RollbackView) -> Notice:
    text = f"{view.environment} is frozen; {texts.passes_freeze(view)}"
    return Notice(level="notice", text=text)


_TO_MERGE = "merge it, unless the gate does by `merge: auto` or `rollback.mode: auto`"
_BY_A_PERSON = (
    "review and merge it: it reverts whole files, so the gate does not merge it by itself"
)


def _lines(view: RollbackView, done: FilesProposed) -> list[str]:
    lines = [
        f"  {move.application}: {version_of(move.now)} → {version_of(move.then)}"
        for move in view.moves
    ]
    lines += [f"  on hold: {hold.image} ({hold.file})" for hold in view.holds]
    if view.whole:
        lines.append(f"  {texts.why_whole(view)}")
        lines += [f"  reverts {path}" for path in list_files(view.files)]
        lines += [f"  {name} depends on these files too" for name in view.whole.environments]
        lines += [f"  changes too: {image}" for image in list_files(view.whole.beside)]
        lines += [f"  {note}" for note in view.whole.notes]
    lines += [f"  {done.reason}"] if done.reason else []
    lines += [f"  pull request: {done.url}"] if done.url else []
    merges = _BY_A_PERSON if view.whole else _TO_MERGE
    lines += [f"  {merges}"] if done.url and done.operation else []
    return lines


def _data(view: RollbackView, done: FilesProposed) -> dict[str, object]:
    return {
        "environment": view.environment,
        "moves": [
            {"application": one.application, "from": str(one.now), "to": str(one.then)}
            for one in view.moves
        ],
        "commit": view.candidate.record.commit,
        "undone": view.undone,
        "holds": [hold.file for hold in view.holds],
        "reverted": list(view.files) if view.whole else [],
        "operation": done.operation,
        "url": done.url,
    }


def _outputs(done: Sequence[_Done], *, wrote: bool) -> dict[str, str]:
    view, first = done[0] if done else (None, FilesProposed())
    return {
        "changed": json.dumps(wrote),
        "pull-request-number": str(first.number or ""),
        "pull-request-url": first.url,
        "pull-request-operation": first.operation or "",
        "branch": first.branch,
        "commit": first.commit,
        "hold": view.holds[0].file if view and view.holds else "",
        "candidates": "[]",
        "decisions": "[]",
    }
