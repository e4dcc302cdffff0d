"""Reading a YAML or JSON file into nodes with exact places."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace

from ruamel.yaml.error import MarkedYAMLError, YAMLError

from gitops_action.core.yaml.aliases import note_readers
from gitops_action.core.yaml.compose import Composer
from gitops_action.core.yaml.encoding import decode, place
from gitops_action.core.yaml.errors import ComposeError, YamlSyntaxError
from gitops_action.core.yaml.nodes import (
    Comment,
    Fact,
    MappingNode,
    Node,
    Scalar,
    SequenceNode,
    YamlFile,
)
from gitops_action.core.yaml.scanner import Events
from gitops_action.errors import Location

# Line breaks in YAML 1.1, ordinary characters in YAML 1.2.
_OLD_BREAKS = "\x85\u2028\u2029"


def parse(path: str, data: bytes) -> YamlFile:
    """Read `data`, the content of the file `path`.

    Raises:
        YamlSyntaxError: it is not YAML, with line and column.
    """
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
        fix="mend the syntax at this place",
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
