"""The proof: what an edit changes in meaning is exactly what was planned.

Both texts are taken as their sequence of parsing events (documents, keys, values, types, order,
anchors, aliases, tags) and their comments. The one sequence, with the plan's changes made to it,
has to equal the other.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from gitops_action.core.dataclass import dataclass
from gitops_action.core.yaml.nodes import Fact, YamlFile, kinds_of
from gitops_action.core.yaml.parse import parse
from gitops_action.core.yaml.path import EditProofError, YamlPath, YamlSyntaxError
from gitops_action.core.yaml.render import Span
from gitops_action.core.yaml.scalars import Kind
from gitops_action.errors import Location

STRING: tuple[Kind, Kind] = ("string", "string")


@dataclass(frozen=True, kw_only=True)
class Reads:
    """A scalar that has to be there: its anchor and tag, its value, what 1.1 and 1.2 read it as."""

    value: str
    kinds: tuple[Kind, Kind] = STRING
    anchor: str | None = None
    tag: str | None = None

    def fits(self, fact: Fact) -> bool:
        """Whether `fact` is this scalar."""
        if fact[:4] != ("scalar", self.anchor, self.tag, self.value):
            return False
        return kinds_of(self.value, self.tag, plain=bool(fact[4])) == self.kinds


Expected = Fact | Reads


@dataclass(frozen=True, kw_only=True)
class ScalarChange:
    """The plan in terms of facts: `removed` of them at a number give way to `added`."""

    removed: int
    added: tuple[Expected, ...]


def prove(
    file: YamlFile,
    data: bytes,
    changes: Mapping[int, ScalarChange],
    *,
    comments: Mapping[int, str] = MappingProxyType({}),
) -> None:
    """Check that `data`, the edited content of `file`, differs in meaning by `changes` alone.

    `comments` are the new texts of comments by the position of their `#`.

    Raises:
        EditProofError: it does not; the cause says where.
    """
    try:
        edited = parse(file.path, data)
    except YamlSyntaxError as error:
        raise _failed(file, f"the result does not parse: {error}") from error
    expected = _expected(file.facts, changes)
    for number, (requested, fact) in enumerate(zip(expected, edited.facts, strict=False)):
        if not (requested.fits(fact) if isinstance(requested, Reads) else requested == fact):
            raise _failed(file, f"event {number} reads {fact!r} instead of {requested!r}")
    if len(expected) != len(edited.facts):
        raise _failed(file, f"{len(edited.facts)} events instead of {len(expected)}")
    if [(comments.get(c.start, c.text), c.trailing) for c in file.comments] != [
        (c.text, c.trailing) for c in edited.comments
    ]:
        raise _failed(file, "a comment would change")
    if edited.ambiguous:
        raise _failed(file, "YAML 1.1 and 1.2 would read the result differently")
    if file.is_json:
        _prove_json(file, edited.text)


def end_of(facts: Sequence[Fact], number: int) -> int:
    """The number of the event that ends the collection begun at `number`."""
    depth = 0
    for position in range(number, len(facts)):
        depth += {"mapping": 1, "sequence": 1, "end": -1}.get(str(facts[position][0]), 0)
        if depth == 0:
            return position
    raise ValueError(number)  # every collection ends


def _expected(facts: Sequence[Fact], changes: Mapping[int, ScalarChange]) -> list[Expected]:
    expected: list[Expected] = []
    position = 0
    for number in sorted(changes):
        expected += facts[position:number]
        expected += changes[number].added
        position = number + changes[number].removed
    return [*expected, *facts[position:]]


def _prove_json(file: YamlFile, text: str) -> None:
    try:
        json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _failed(file, f"the result is not valid JSON: {error}") from error


def _failed(file: YamlFile, cause: str) -> EditProofError:
    return EditProofError(
        "edit could not be proved, nothing was changed",
        cause=cause,
        fix="make this edit by hand and report the file",
        location=Location(file=file.path),
    )


# What can be done to a file.


@dataclass(frozen=True, kw_only=True)
class Replace:
    """Give the scalar at `path` another value.

    Attributes:
        path: what to replace; through an alias, the anchored scalar.
        value: the text it has to read as afterwards. For a block scalar: its one line.
        as_string: it has to read as a string in YAML 1.1 and 1.2. Otherwise it keeps the type of
            the old value where the new text reads as that type, and is a string where not.
    """

    path: YamlPath
    value: str
    as_string: bool = True


@dataclass(frozen=True, kw_only=True)
class AddListItem:
    """Append `item`, a mapping of strings, to the list `key` of the mapping at `path`.

    The list is created at the end of the mapping when it is not there: the only creation that
    editing knows. An item that already has these fields is left alone.
    """

    path: YamlPath
    key: str
    item: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class ReplaceComment:
    """Give the comment that reads `text` another text.

    Attributes:
        line: the comment stands on this line or on the first one below that has it.
        text: what it reads now, without `#` and the blanks around it.
        value: what it reads then.
    """

    line: int
    text: str
    value: str


Edit = Replace | AddListItem | ReplaceComment
"""What `apply` takes."""


# An edit worked out: the bytes it changes and the meaning it gives them.


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A span to replace, and the change of facts at `event` that has to come of it."""

    span: Span
    event: int
    change: ScalarChange
