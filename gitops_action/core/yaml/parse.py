"""Reading a YAML or JSON file into nodes with exact places."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache

from ruamel.yaml.error import MarkedYAMLError, YAMLError

from gitops_action.core.pattern import pattern
from gitops_action.core.yaml.compose import Composer
from gitops_action.core.yaml.encoding import decode, place
from gitops_action.core.yaml.nodes import (
    Comment,
    Entry,
    Fact,
    MappingNode,
    Node,
    Notes,
    Scalar,
    SequenceNode,
    YamlFile,
)
from gitops_action.core.yaml.path import ComposeError, Step, YamlPath, YamlSyntaxError
from gitops_action.core.yaml.scanner import Events
from gitops_action.errors import Location

# Which other places read a value: through an alias, or through a merge key.

MAX_PLACES = 10_000
"""More readings than this are not followed ("billion laughs"); their values are not edited."""


def note_readers(root: Node, notes: Notes) -> None:
    """Fill `notes.readers` for every scalar of a document that something else reads too."""
    budget = MAX_PLACES
    waiting: list[tuple[Node, YamlPath, bool]] = [(root, root.path, False)]
    while waiting:
        node, place, borrowed = waiting.pop()
        if borrowed and isinstance(node, Scalar):
            notes.readers.setdefault(node.path, []).append(place)
        for child, step, alias in _children(node):
            inside = borrowed or alias
            budget -= inside
            waiting.append((child, place.child(*step), inside))
        if budget < 0:
            notes.too_many_readers = True
            return


def _children(node: Node) -> Iterator[tuple[Node, tuple[Step, ...], bool]]:
    """What `node` reads as holding; what merge keys bring counts as borrowed."""
    if isinstance(node, SequenceNode):
        for index, item in enumerate(node.items):
            yield item, (index,), index in node.aliased
    elif isinstance(node, MappingNode):
        taken = {entry.name for entry in node.entries if not entry.merge}
        for entry in node.entries:
            if not entry.merge:
                yield entry.value, (entry.name,), entry.alias
            else:
                yield from _written_out(entry)
        for source in node.merged():
            for entry in source.entries:
                if not entry.merge and entry.name not in taken:
                    taken.add(entry.name)
                    yield entry.value, (entry.name,), True


def _written_out(merge: Entry) -> Iterator[tuple[Node, tuple[Step, ...], bool]]:
    """What stands under a `<<` itself rather than behind an alias."""
    if isinstance(merge.value, SequenceNode) and not merge.alias:
        for index, item in enumerate(merge.value.items):
            if index not in merge.value.aliased:
                yield item, (merge.name, index), False
    elif not merge.alias:
        yield merge.value, (merge.name,), False


# Line breaks in YAML 1.1, ordinary characters in YAML 1.2.
_OLD_BREAKS = "\x85\u2028\u2029"


REMEMBERED = 16 * 1024
"""Files up to this many bytes are remembered."""


def parse(path: str, data: bytes) -> YamlFile:
    """Read `data`, the content of the file `path`.

    A bump asks for a file once to find images, once to edit it and once to prove the edit, and for
    the edited one twice. What comes back is not to be changed: others get it too.

    Raises:
        YamlSyntaxError: it is not YAML, with line and column.
    """
    return _remembered(path, data) if len(data) <= REMEMBERED else _parsed(path, data)


@lru_cache(maxsize=64)
def _remembered(path: str, data: bytes) -> YamlFile:
    return _parsed(path, data)


def _parsed(path: str, data: bytes) -> YamlFile:
    decoded = decode(path, data)
    text = decoded.text
    stand_ins = _stand_ins(text)
    composer, documents, comments = _compose(path, text, stand_ins)
    if "*" in text:
        for root in documents:
            if root is not None:
                note_readers(root, composer.notes)
    composer.notes.comments = {c.line: c for c in comments if c.trailing}
    return YamlFile(
        path=path,
        decoded=decoded,
        documents=tuple(documents),
        comments=comments,
        facts=tuple(composer.facts),
        is_json=is_json(path, text),
        ambiguous=bool(stand_ins) and _differs(path, text, composer.facts),
    )


def scalars(file: YamlFile) -> Iterator[Scalar]:
    """Every scalar value in the order of the file; keys are left out, aliases not repeated."""
    waiting: list[Node] = [root for root in reversed(file.documents) if root is not None]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Scalar):
            yield node
        elif isinstance(node, MappingNode):
            waiting += [e.value for e in reversed(node.entries) if not e.alias]
        elif isinstance(node, SequenceNode):
            own = [item for i, item in enumerate(node.items) if i not in node.aliased]
            waiting += reversed(own)


def is_json(path: str, text: str) -> bool:
    """Whether the file has to stay valid JSON: it is one, by ending or first character."""
    if not path.endswith(".json") and not text.lstrip().startswith(("{", "[")):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _compose(
    path: str, text: str, stand_ins: Mapping[int, str]
) -> tuple[Composer, list[Node | None], tuple[Comment, ...]]:
    events = Events(text.translate(stand_ins) if stand_ins else text)
    composer = Composer(events, text, stand_ins)
    try:
        documents = composer.documents()
        comments = events.scanner.comments
        if stand_ins:
            comments = [replace(c, text=text[c.start + 1 : c.end].strip()) for c in comments]
        return composer, documents, tuple(comments)
    except ComposeError as error:
        raise YamlSyntaxError(
            str(error), fix=error.fix, location=place(path, text, error.index)
        ) from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        location = place(path, text, mark.index) if mark else Location(file=path)
        raise _syntax_error(str(error.problem), str(error.context or ""), location) from None
    except (YAMLError, ValueError, OverflowError) as error:
        location = place(path, text, events.scanner.reader.index)
        raise _syntax_error(str(error), "", location) from None


def _syntax_error(problem: str, context: str, location: Location) -> YamlSyntaxError:
    return YamlSyntaxError(
        "file is not valid YAML",
        cause=f"{context}, {problem}" if context else problem,
        fix="fix the syntax at this place",
        location=location,
    )


def _stand_ins(text: str) -> dict[int, str]:
    """Characters that take the place of the old line breaks while scanning as YAML 1.2."""
    if not any(character in text for character in _OLD_BREAKS):
        return {}
    used = set(text)
    free = (chr(code) for code in range(0xE000, 0xF8FF) if chr(code) not in used)
    return {ord(old): new for old, new in zip(_OLD_BREAKS, free, strict=False)}


def _differs(path: str, text: str, facts: list[Fact]) -> bool:
    """Whether YAML 1.1, for which those characters break lines, reads something else."""
    try:
        return _compose(path, text, {})[0].facts != facts
    except YamlSyntaxError:
        return True


# Files that look like YAML and are none of ours to edit.

# `{{ … }}` and `{% … %}` where YAML has no place for them: at the beginning of a line or value.
_TEMPLATE = pattern(rb"(?m)^[ \t]*(?:- *)?\{[{%#]|^[^#\n\"']*:[ \t]+\{\{|\{%-?[ \t]|\{\{-|-\}\}")
_SOPS_LINE = pattern(rb"(?m)^[ \t]*\"?sops\"?[ \t]*:")
_SOPS_VALUE = b"ENC[AES256_GCM,"


def is_sops(file: YamlFile | bytes) -> bool:
    """Whether SOPS keeps this file: a top-level `sops` with a MAC, as SOPS writes it.

    Given bytes, the answer is by their look alone, for files that are not parsed.
    """
    if isinstance(file, bytes):
        return bool(_SOPS_LINE.search(file)) and (_SOPS_VALUE in file or b"mac" in file)
    roots = (root for root in file.documents if isinstance(root, MappingNode))
    sops = (root.get("sops") for root in roots)
    return any(isinstance(s, MappingNode) and isinstance(s.get("mac"), Scalar) for s in sops)


def looks_templated(data: bytes) -> bool:
    """Whether `data` looks like a Helm, Go or Jinja template, which is not YAML yet.

    To be asked about a file that does not parse: `{{` inside quotes is plain YAML.
    """
    return bool(_TEMPLATE.search(data))
