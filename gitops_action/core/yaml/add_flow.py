"""Appending in flow style (`[ ]`, `{ }`) and JSON, in the spacing of what is there."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gitops_action.core.yaml.edits import AddListItem
from gitops_action.core.yaml.nodes import MappingNode, Scalar, SequenceNode, YamlFile
from gitops_action.core.yaml.quote import double, render
from gitops_action.core.yaml.splice import Span

_COMMA = re.compile(r"\s*,")
_LEAD = re.compile(r"(?:\r\n|\r|\n)?[ \t]*\Z")
_REACH = 400  # an indentation wider than this is not copied


@dataclass(frozen=True, kw_only=True)
class _Style:
    """How the flow collections around look.

    `unit` is what a level of indentation adds; a `line` is a line break and its indentation, None
    where everything stands on one line.
    """

    quoted: bool
    tight: bool
    pad: str
    unit: str

    def item(self, edit: AddListItem, line: str | None) -> str:
        """The item; `line` is where its closing brace stands."""
        fields = [self.pair(name, self.text(value)) for name, value in edit.item]
        if line is None:
            comma = "," if self.tight else ", "
            return "{" + self.pad + comma.join(fields) + self.pad + "}"
        inner = line + self.unit
        return "{" + inner + f",{inner}".join(fields) + line + "}"

    def list(self, edit: AddListItem, line: str | None) -> str:
        """The list with this one item, and its key; `line` is where its bracket closes."""
        inner = None if line is None else line + self.unit
        item = self.item(edit, inner)
        return self.pair(edit.key, f"[{item}]" if line is None else f"[{inner}{item}{line}]")

    def pair(self, name: str, value: str) -> str:
        """A key and its value."""
        return f"{self.text(name)}{':' if self.tight else ': '}{value}"

    def text(self, value: str) -> str:
        """A string."""
        return double(value) if self.quoted else render(value, "plain", flow=True)


def flow_into_list(file: YamlFile, sequence: SequenceNode, edit: AddListItem) -> Span:
    """The span that appends the item to a flow list."""
    index = len(sequence.items) - 1
    if index < 0:
        written = _style(file, None).item(edit, None)
        return Span(start=sequence.end - 1, end=sequence.end - 1, text=written)
    last = sequence.items[index]
    if index in sequence.aliased or not isinstance(last, MappingNode) or not last.entries:
        end = sequence.aliased.get(index, last.end)
        return _after(file, end, _style(file, None).item(edit, None), " ")
    lead = _lead(file, last.start)
    line = _line(_lead(file, last.end - 1)) if _line(_first_lead(file, last)) else None
    return _after(file, last.end, _style(file, last).item(edit, line), _line(lead) or " ")


def flow_into_mapping(file: YamlFile, mapping: MappingNode, edit: AddListItem) -> Span:
    """The span that creates the list at the end of a flow mapping."""
    style = _style(file, mapping)
    if not mapping.entries:
        return Span(start=mapping.end - 1, end=mapping.end - 1, text=style.list(edit, None))
    last = mapping.entries[-1]
    line = _line(_lead(file, last.key.start))
    return _after(file, last.end, style.list(edit, line), line or " ")


def _after(file: YamlFile, end: int, written: str, lead: str) -> Span:
    """The span behind what ends at `end`, whether or not a comma stands there already."""
    comma = _COMMA.match(file.text, end)
    position = comma.end() if comma else end
    tight = lead == " " and file.is_json and not _spaced(file)
    text = ("" if comma else ",") + ("" if tight else lead) + written
    return Span(start=position, end=position, text=text)


def _style(file: YamlFile, mapping: MappingNode | None) -> _Style:
    """The style of `mapping`; without one, that of the file."""
    quoted = file.is_json
    if mapping is None or not mapping.entries:
        return _Style(quoted=quoted, tight=quoted and not _spaced(file), pad="", unit="  ")
    first = mapping.entries[0]
    quoted = quoted or (isinstance(first.key, Scalar) and first.key.style == "double")
    inner, outer = _first_lead(file, mapping), _lead(file, mapping.end - 1)
    unit = inner.removeprefix(outer) if inner.startswith(outer) else ""
    return _Style(
        quoted=quoted,
        tight=quoted and file.text[first.key.end : first.key.end + 2].rstrip() != ":",
        pad=inner if not _line(inner) else "",
        unit=unit if unit and _line(inner) else "  ",
    )


def _spaced(file: YamlFile) -> bool:
    """Whether the JSON file puts blanks or line breaks between its parts."""
    return '": ' in file.text or '":\t' in file.text or not re.search(r'":\S', file.text)


def _first_lead(file: YamlFile, mapping: MappingNode) -> str:
    return _lead(file, mapping.entries[0].key.start)


def _lead(file: YamlFile, position: int) -> str:
    """The blanks before a position, with the line break before them if nothing else is."""
    found = _LEAD.search(file.text[max(0, position - _REACH) : position])
    return found.group() if found else ""


def _line(lead: str) -> str | None:
    return lead if lead.startswith(("\n", "\r")) else None
