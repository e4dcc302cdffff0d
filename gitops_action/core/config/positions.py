"""Reading YAML into documents. ruamel.yaml is imported only with this module."""

from __future__ import annotations

from collections.abc import Iterator

from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from gitops_action.core.config.document import Document, Path
from gitops_action.errors import Location, UsageError

MAX_BYTES = 1_048_576
_MAX_NODES = 50_000
_MERGE = "tag:yaml.org,2002:merge"


def read(file: str, data: bytes) -> Document:
    """Read one YAML document.

    Raises:
        UsageError: not UTF-8, not YAML, several documents, or too large to be meant.
    """
    document = Document(file=file)
    node = _compose(file, data)
    if node is not None:
        _Reader(document).read(node)
    return document


def _compose(file: str, data: bytes) -> Node | None:
    if len(data) > MAX_BYTES:
        raise UsageError(
            f"{file} is too large",
            cause=f"{len(data):,} bytes; at most {MAX_BYTES:,} are read",
            location=Location(file=file),
        )
    try:
        text = data.decode("utf-8-sig")
        node: Node | None = YAML(typ="safe", pure=True).compose(text)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _unreadable(file, f"byte {error.start} is not UTF-8", line, None) from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else (None, None)
        raise _unreadable(file, error.problem or error.context or "", *place) from None
    except YAMLError as error:
        raise _unreadable(file, " ".join(str(error).split()), None, None) from None
    except RecursionError:
        raise _unreadable(file, "it is nested too deeply", None, None) from None
    return node


def _unreadable(file: str, cause: str, line: int | None, column: int | None) -> UsageError:
    return UsageError(
        f"{file} is not valid YAML",
        cause=cause,
        fix="fix the YAML at this place",
        location=Location(file=file, line=line, column=column),
    )


class _Reader:
    """Turns nodes into plain values and notes their places."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._constructor = SafeConstructor(loader=YAML(typ="safe", pure=True))
        self._open: list[Node] = []
        self._count = 0

    def read(self, node: Node) -> None:
        self._document.data = self._value(node, ())

    def _place(self, node: Node) -> Location:
        mark = node.start_mark
        return Location(file=self._document.file, line=mark.line + 1, column=mark.column + 1)

    def _problem(self, node: Node, title: str, fix: str) -> None:
        place = self._place(node)
        if all(place != problem.location for problem in self._document.problems):
            self._document.problems.append(UsageError(title, fix=fix, location=place))

    def _value(self, node: Node, path: Path) -> object:
        self._count += 1
        if self._count > _MAX_NODES or any(node is other for other in self._open):
            raise _unreadable(
                self._document.file,
                "its aliases repeat more than can be meant",
                node.start_mark.line + 1,
                node.start_mark.column + 1,
            )
        self._document.values[path] = self._place(node)
        self._open.append(node)
        try:
            return self._inside(node, path)
        finally:
            self._open.pop()

    def _inside(self, node: Node, path: Path) -> object:
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            return [self._value(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._scalar(node)

    def _scalar(self, node: Node) -> object:
        try:
            value: object = self._constructor.construct_object(node)
        except (YAMLError, ValueError, TypeError, KeyError):
            self._problem(node, f"{node.value!r} cannot be read", "write it as text in quotes")
            return str(node.value)
        plain = value is None or isinstance(value, bool | int | float)
        return value if plain else self._text(node)

    def _text(self, node: Node) -> str:
        """A scalar's text; half of a character, as an escape can write it, becomes `?`."""
        text = str(node.value)
        try:
            text.encode()
        except UnicodeEncodeError:
            return self._repaired(node, text)
        return text

    def _repaired(self, node: Node, text: str) -> str:
        # Imported here: it loads all of the editor, for an escape that is hardly ever written.
        from gitops_action.core.yaml.encoding import join_surrogates  # noqa: PLC0415

        text = join_surrogates(text)
        whole = text.encode(errors="replace").decode()
        if whole != text:
            self._problem(node, f"{whole!r} has half a character", "write the whole character")
        return whole

    def _mapping(self, node: MappingNode, path: Path) -> dict[str, object]:
        found: dict[str, object] = {}
        inherited: dict[str, object] = {}
        for key, value in self._pairs(node):
            if key.tag == _MERGE:
                inherited = self._merged(value, path) | inherited
                continue
            if not isinstance(key, ScalarNode):
                self._problem(key, "a key has to be plain text", "write a name here")
                continue
            name = self._text(key)
            if name in found:
                self._problem(key, f"key {name!r} stands twice", "keep one of them")
            found[name] = self._value(value, (*path, name))
            self._document.keys[*path, name] = self._place(key)
        return inherited | found

    def _pairs(self, node: MappingNode) -> Iterator[tuple[Node, Node]]:
        # Merge keys come first, so that the places of keys given here replace inherited ones.
        pairs: list[tuple[Node, Node]] = list(node.value)
        yield from sorted(pairs, key=lambda pair: pair[0].tag != _MERGE)

    def _merged(self, node: Node, path: Path) -> dict[str, object]:
        parts = reversed(node.value) if isinstance(node, SequenceNode) else [node]
        merged: dict[str, object] = {}
        here = self._document.values[path]
        for part in parts:
            value = self._value(part, path)
            if isinstance(value, dict):
                merged |= value
            else:
                self._problem(part, "only a mapping can be merged", "point << at a mapping")
        self._document.values[path] = here
        return merged
