"""Edits made on bytes, and proved."""

from __future__ import annotations

from collections.abc import Sequence

from gitops_action.core.yaml.append import addition
from gitops_action.core.yaml.nodes import YamlFile
from gitops_action.core.yaml.parse import parse
from gitops_action.core.yaml.path import EditRefusedError
from gitops_action.core.yaml.proof import AddListItem, Edit, Planned, Replace, ReplaceComment, prove
from gitops_action.core.yaml.render import Span, splice
from gitops_action.core.yaml.replace import replacements
from gitops_action.errors import Location


def apply(path: str, data: bytes, edits: Sequence[Edit]) -> bytes:
    """The bytes of the file `path` with `edits` made: replacements, then comments, then additions.

    Only the spans of the edits change. The result is parsed again and has to differ in meaning by
    the edits alone; where the file already reads so, the very same bytes come back.

    Raises:
        YamlSyntaxError: the file does not parse.
        PathNotFoundError: an edit names something that is not there.
        EditRefusedError: an edit would change another place too, or needs guessing.
        EditProofError: the result would not read as planned.
    """
    replaces = [edit for edit in edits if isinstance(edit, Replace)]
    if replaces:
        file = parse(path, data)
        data = _made(file, data, replacements(file, replaces))
    comments = [edit for edit in edits if isinstance(edit, ReplaceComment)]
    if comments:
        data = _commented(path, data, comments)
    for edit in edits:
        if isinstance(edit, AddListItem):
            file = parse(path, data)
            planned = addition(file, edit)
            data = _made(file, data, [planned] if planned else [])
    return data


def _made(file: YamlFile, data: bytes, planned: Sequence[Planned]) -> bytes:
    if not planned:
        return data
    if file.ambiguous:
        raise EditRefusedError(
            "YAML 1.1 and YAML 1.2 read this file differently",
            cause="it holds U+0085, U+2028 or U+2029, line breaks for one and text for the other",
            fix="write these characters as escapes in double quotes",
            location=Location(file=file.path),
        )
    edited = splice(file, data, [plan.span for plan in planned])
    prove(file, edited, {plan.event: plan.change for plan in planned})
    return edited


def _commented(path: str, data: bytes, edits: Sequence[ReplaceComment]) -> bytes:
    """The bytes with these comments replaced; nothing else may differ."""
    file = parse(path, data)
    changes: dict[int, str] = {}
    spans: dict[int, Span] = {}
    for edit in edits:
        found = next(
            (c for c in file.comments if c.line >= edit.line and c.text == edit.text), None
        )
        if found is None:
            raise EditRefusedError(
                f"there is no comment {edit.text!r}", location=Location(file=path, line=edit.line)
            )
        start = file.text.index(edit.text, found.start)
        changes[found.start] = edit.value
        spans[found.start] = Span(start=start, end=start + len(edit.text), text=edit.value)
    edited = splice(file, data, list(spans.values()))
    prove(file, edited, {}, comments=changes)
    return edited
