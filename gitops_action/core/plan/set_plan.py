"""Explicit edits as part of a plan."""

from __future__ import annotations

from collections.abc import Mapping

from gitops_action.core.config import application_of
from gitops_action.core.discovery import Source
from gitops_action.core.discovery.spots import Spot
from gitops_action.core.plan.errors import CannotWriteError
from gitops_action.core.plan.globs import allowed
from gitops_action.core.plan.request import PlanLine, PlanRequest
from gitops_action.core.plan.sets import SetEdit, locate
from gitops_action.core.plan.writer import Writer
from gitops_action.core.yaml import find, is_sops, parse
from gitops_action.errors import GitOpsError, Location, UsageError


def plan_sets(
    request: PlanRequest,
    source: Source,
    writer: Writer,
    others: Mapping[str, frozenset[str]],
) -> list[GitOpsError]:
    """Plan every explicit edit; returns what is wrong with them.

    A file that another environment stands on too is edited: the edit names it. It is told as such.
    """
    errors: list[GitOpsError] = []
    for edit in request.sets:
        try:
            _plan(edit, request, source, writer)
            path = locate(edit, source, request.environment)
            sharers = [name for name, closure in others.items() if path in closure]
            if sharers:
                source.skip(path, 1, f"edited by `set`; {', '.join(sharers)} stands on it too")
        except GitOpsError as error:
            errors.append(error)
    return errors


def _plan(edit: SetEdit, request: PlanRequest, source: Source, writer: Writer) -> None:
    path = locate(edit, source, request.environment)
    if request.paths and not allowed(path, request.paths):
        raise UsageError(
            f"`set`, line {edit.line}: {path} is left out by `paths`", fix="widen `paths`"
        )
    file = parse(path, source.data(path))
    if is_sops(file):
        raise CannotWriteError(
            f"{path} is encrypted with SOPS",
            cause="an edit would break its checksum",
            fix="edit it with sops",
            location=Location(file=path),
        )
    scalar = find(file, edit.path)
    spot = Spot(
        file=path,
        path=scalar.path if not scalar.aliases else edit.path,
        value=scalar.value,
        line=scalar.line,
        kind=scalar.kind,
    )
    line = PlanLine(
        environment=request.environment.name,
        application=application_of(path, request.environment, request.config),
        file=path,
        line=scalar.line,
        path=str(edit.path),
        old=scalar.value,
        new=edit.value,
        rule="set",
        reason=f"asked for by `set`, line {edit.line}",
        repository=None,
    )
    if scalar.value == edit.value:
        writer.unchanged.setdefault(spot.key, line)
    else:
        writer.write(spot, edit.value, as_string=False)
        writer.lines.setdefault(spot.key, line)
