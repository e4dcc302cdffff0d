"""`hold`: add a hold, remove one, or list all.

The story: read the base branch's holds, decide which file to write or to delete, and propose it
as one pull request, commit it, or edit the checkout.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from gitops_action.commands import file_proposal
from gitops_action.commands.bump.content import settings_of
from gitops_action.commands.ports import Clock, ContentStore, Forge
from gitops_action.core.config import ALL, Config, Hold, hold_file
from gitops_action.core.config.applications import by_image_name
from gitops_action.core.config.hold_files import hold_stem
from gitops_action.core.config.holds import Holds, covers
from gitops_action.core.config.select import select_environments
from gitops_action.core.config.values import parse_until
from gitops_action.core.dataclass import dataclass
from gitops_action.core.inputs.hold import HoldInputs
from gitops_action.core.outcome import Job, Notice, Outcome
from gitops_action.core.report import hold as texts
from gitops_action.core.repository import Tip
from gitops_action.errors import ConflictError, GitOpsError, UsageError

ATTEMPTS = 16


@dataclass(frozen=True, kw_only=True)
class HoldPorts:
    """What `hold` talks to; there is no forge in `mode: local`."""

    store: ContentStore
    clock: Clock
    job: Job
    forge: Forge | None = None


@dataclass(frozen=True, kw_only=True)
class _Read:
    """The base branch as it was read."""

    tip: Tip
    config: Config
    holds: Holds


@dataclass(frozen=True, kw_only=True)
class _Planned:
    """What is to be written: the holds that it is about, and the files."""

    holds: tuple[Hold, ...]
    changes: dict[str, bytes]
    deletions: tuple[str, ...] = ()
    reason: str = ""


def run(inputs: HoldInputs, ports: HoldPorts) -> Outcome:
    """Do what `action` says.

    Raises:
        GitOpsError: the environment is not known, there is no such hold, or it cannot be written.
    """
    if inputs.action == "list":
        return _list(inputs, ports)
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return _write(inputs, ports)
        except ConflictError as error:
            conflict = error
            ports.clock.pause(attempt)
    raise conflict


def _read(inputs: HoldInputs, ports: HoldPorts) -> _Read:
    tip = ports.store.tip(base=inputs.base, config=inputs.config)
    config, holds = settings_of(tip, inputs.config)
    _check_names(inputs, config)
    return _Read(tip=tip, config=config, holds=holds)


def _check_names(inputs: HoldInputs, config: Config) -> None:
    for name in inputs.environment:
        today = next((item.name for item in config.environments if name in item.formerly), "")
        if today:
            raise UsageError(
                f"{name!r} is a former name of the environment {today!r}",
                fix=f"write `environment: {today}`",
            )
    select_environments(config, [name for name in inputs.environment if name != ALL])


def _write(inputs: HoldInputs, ports: HoldPorts) -> Outcome:
    read = _read(inputs, ports)
    planned = _add(inputs, ports, read) if inputs.action == "add" else _remove(inputs, read)
    proposed = _settle(inputs, ports, read.tip, planned)
    return _outcome(inputs, ports, read, planned, proposed)


def _add(inputs: HoldInputs, ports: HoldPorts, read: _Read) -> _Planned:
    now = ports.clock.now()
    hold = Hold(
        environment=inputs.environment[0],
        application=inputs.application or None,
        image=inputs.image,
        reason=inputs.reason,
        author=ports.job.actor or (ports.forge.viewer().login if ports.forge else ""),
        since=now.replace(microsecond=0),
        until=_until(inputs, now),
    )
    path, data = hold_file(hold, read.holds.holds)
    written = replace(hold, file=path)
    there = next((item for item in read.holds.holds if item.file == path), None)
    if there and covers(there, hold, now) and there.until == hold.until:
        return _Planned(holds=(there,), changes={}, reason="it is on hold already")
    return _Planned(holds=(written,), changes={path: data})


def _until(inputs: HoldInputs, now: datetime) -> datetime | None:
    try:
        return parse_until(inputs.until, now) if inputs.until else None
    except ValueError as error:
        raise UsageError(
            "The input `until` is not valid",
            cause=str(error),
            fix="give a time to come, for example `until: 2h`",
        ) from None


def _remove(inputs: HoldInputs, read: _Read) -> _Planned:
    about = Hold(
        environment=inputs.environment[0],
        application=inputs.application or None,
        image=inputs.image,
    )
    found = tuple(hold for hold in read.holds.holds if hold.same_subject(about))
    if not found:
        found = tuple(hold for hold in read.holds.holds if _by_tag(hold, about))
    if not found:
        raise _no_such(about, read)
    return _Planned(holds=found, changes={}, deletions=tuple(hold.file for hold in found))


def _by_tag(hold: Hold, about: Hold) -> bool:
    """Whether a hold by digest, as rollbacks write it, is of the version that a tag names."""
    if hold.image is None or about.image is None or about.image.digest:
        return False
    whole = replace(about, image=about.image.with_(digest=hold.image.digest))
    return about.image.tag is not None and hold.same_subject(whole)


def _near(hold: Hold, about: Hold) -> bool:
    """Whether a hold may be the one that is meant; of `all`, one of the same kind alone."""
    everywhere = hold.environment == ALL and hold.kind == about.kind
    return (hold.environment == about.environment or everywhere) and (
        about.application is None or hold.application in {about.application, None}
    )


def _no_such(about: Hold, read: _Read) -> GitOpsError:
    near = [hold for hold in read.holds.holds if _near(hold, about)]
    listed = "; ".join(texts.lift_command(hold) for hold in near[:5])
    unread = ", ".join(read.holds.unreadable)
    others = "1 other is" if len(near) == 1 else f"{len(near)} others are"
    cause = f"these cannot be read: {unread}" if unread else f"{others} there"
    return GitOpsError(
        f"There is no hold on {texts.subject(about)}",
        cause=cause if near or unread else "no hold names it",
        fix=listed or "`gitops-action hold` lists all holds",
    )


def _settle(
    inputs: HoldInputs, ports: HoldPorts, tip: Tip, planned: _Planned
) -> file_proposal.FilesProposed:
    hold, lifted = planned.holds[0], inputs.action == "remove"
    if not (planned.changes or planned.deletions):
        return file_proposal.FilesProposed(reason=planned.reason)
    stem = hold.file.rpartition("/")[2].rpartition(".")[0] if hold.file else hold_stem(hold)
    proposal = file_proposal.FileProposal(
        branch=f"gitops/hold/{stem}" if inputs.mode == "pull-request" else tip.branch,
        base=tip.branch,
        parent=tip.commit,
        changes=planned.changes,
        deletions=planned.deletions,
        title=texts.title(hold, lifted=lifted),
        body=texts.body(hold, lifted=lifted, run_url=ports.job.run_url),
        message=texts.message(hold, lifted=lifted),
    )
    if inputs.mode == "pull-request":
        if ports.forge is None:
            raise UsageError("`mode: pull-request` needs a token", fix="give `token`")
        return file_proposal.propose_files(
            ports.store, ports.forge, proposal, dry_run=inputs.dry_run
        )
    if inputs.dry_run:
        return file_proposal.FilesProposed(branch=tip.branch, reason="dry run: nothing was written")
    return file_proposal.FilesProposed(
        branch=tip.branch, commit=file_proposal.commit_files(ports.store, proposal)
    )


# What is reported.


def _outcome(
    inputs: HoldInputs,
    ports: HoldPorts,
    read: _Read,
    planned: _Planned,
    proposed: file_proposal.FilesProposed,
) -> Outcome:
    hold, lifted = planned.holds[0], inputs.action == "remove"
    wrote = proposed.operation in {"created", "updated"} or (
        inputs.mode != "pull-request"
        and bool(planned.changes or planned.deletions)
        and not inputs.dry_run
    )
    words = texts.title(hold, lifted=lifted)
    lines = [f"  {file}" for file in (*planned.changes, *planned.deletions)]
    lines += [f"  {proposed.reason}"] if proposed.reason else []
    lines += [f"  pull request: {proposed.url}"] if proposed.url else []
    lines += [f"  {texts.to_merge(lifted=lifted)}"] if proposed.url else []
    rows = [(item, _state(item, ports.clock.now())) for item in planned.holds]
    return Outcome(
        outputs={
            **_no_outputs(),
            "changed": json.dumps(wrote),
            "hold": hold.file,
            "holds": json.dumps([_data(*row) for row in rows]),
            "pull-request-number": str(proposed.number or ""),
            "pull-request-url": proposed.url,
            "pull-request-operation": proposed.operation or "",
            "branch": proposed.branch,
            "commit": proposed.commit,
        },
        headline=words,
        lines=tuple(lines),
        summary=f"### {words}\n\n{texts.summary(rows)}",
        notices=(
            *_unreadable(read.holds),
            *_unknown_application(inputs, read.config),
            *_unknown_image(inputs, read.config),
        ),
        data={
            "hold": _data(*rows[0]),
            "operation": proposed.operation,
            "url": proposed.url,
            "reason": proposed.reason,
        },
    )


def _no_outputs() -> dict[str, str]:
    names = ("number", "url", "operation")
    empty = dict.fromkeys((f"pull-request-{name}" for name in names), "")
    return {"changed": "false", "hold": "", "holds": "[]", **empty, "branch": "", "commit": ""}


def _list(inputs: HoldInputs, ports: HoldPorts) -> Outcome:
    read, now = _read(inputs, ports), ports.clock.now()
    listed = [(hold, _state(hold, now)) for hold in read.holds.holds if _requested(hold, inputs)]
    data = [_data(hold, state) for hold, state in listed]
    ended = sum(state == "expired" for _, state in listed)
    return Outcome(
        outputs={**_no_outputs(), "holds": json.dumps(data)},
        headline=f"{len(listed)} hold{'s' * (len(listed) != 1)}"
        + (f", {ended} of them expired: remove them" if ended else ""),
        lines=tuple(_line(hold, state) for hold, state in listed),
        summary=texts.summary(listed),
        notices=_unreadable(read.holds),
        data={"holds": data},
    )


def _requested(hold: Hold, inputs: HoldInputs) -> bool:
    environments = {*inputs.environment, ALL} if inputs.environment else {hold.environment}
    applications = {inputs.application, None} if inputs.application else {hold.application}
    return hold.environment in environments and hold.application in applications


def _state(hold: Hold, now: datetime) -> str:
    if hold.expired(now):
        return "expired"
    return "active" if hold.active(now) else "future"


def _line(hold: Hold, state: str) -> str:
    until = f" until {hold.until:%Y-%m-%d %H:%M %Z}" if hold.until else ""
    why = f": {hold.reason}" if hold.reason else ""
    by = f" by {hold.author}" if hold.author else ""
    return f"  {hold.kind:<8}{state:<8} {texts.subject(hold)}{until}{by}{why}"


def _data(hold: Hold, state: str) -> dict[str, object]:
    moments = {"since": hold.since, "until": hold.until}
    return {
        "kind": hold.kind,
        "environment": hold.environment,
        "application": hold.application or "",
        "image": str(hold.image or ""),
        "reason": hold.reason,
        "author": hold.author,
        **{name: moment.isoformat() if moment else "" for name, moment in moments.items()},
        "file": hold.file,
        "state": state,
    }


def _unreadable(holds: Holds) -> tuple[Notice, ...]:
    return tuple(
        Notice(level="warning", text=str(problem), location=problem.location)
        for problem in holds.problems
    )


def _unknown_application(inputs: HoldInputs, config: Config) -> Iterable[Notice]:
    declared = {item.name for item in config.applications}
    if not inputs.application or not declared or inputs.application in declared:
        return ()
    text = (
        f"{config.path} declares no application {inputs.application!r}: the hold counts where an"
        " environment has a folder of that name"
    )
    return (Notice(level="warning", text=text),)


def _unknown_image(inputs: HoldInputs, config: Config) -> Iterable[Notice]:
    """Warn of a short or misspelt name: such a hold keeps nothing out."""
    declared = sorted({image for item in config.applications for image in item.images})
    image = inputs.image
    if image is None or inputs.action != "add" or image.digest or not declared:
        return ()
    if image.repository in declared:
        return ()
    name = by_image_name(image.repository)
    meant = next((one for one in declared if by_image_name(one) == name), None)
    text = (
        f"{config.path} declares no image {image.name!r}: the hold counts where a file sets exactly"
        f" this image{f'; did you mean {meant!r}?' if meant else ''}"
    )
    return (Notice(level="warning", text=text),)
