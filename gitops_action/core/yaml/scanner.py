"""ruamel.yaml's scanner and parser, made exact for editing.

What differs from the library's: comments are recorded, tabs that separate (after a value,
before a comment, inside a plain scalar) are read as YAML 1.2 (6.2) has them, each scalar's own
start is remembered, because an event's start includes anchor and tag, and an empty value stands
behind its colon, not where the next token begins.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ruamel.yaml.docinfo import DocInfo
from ruamel.yaml.events import Event, ScalarEvent
from ruamel.yaml.parser import Parser
from ruamel.yaml.scanner import Scanner, ScannerError
from ruamel.yaml.tokens import BlockEndToken, KeyToken, ScalarToken, Token, ValueToken

from gitops_action.core.pattern import pattern
from gitops_action.core.yaml.nodes import Comment

# The text under ruamel.yaml's scanner: marks are exact code point indexes.

_END = "\0" * 8  # the scanner looks a few characters ahead; NUL is its end of stream


class ScanPosition:
    """A position: index, line and column count from 0."""

    __slots__ = ("column", "index", "line", "name")

    def __init__(self, index: int, line: int, column: int) -> None:
        """Take the position over; the name is what ruamel.yaml asks for in messages."""
        self.index = index
        self.line = line
        self.column = column
        self.name = ""


class TextReader:
    """A cursor over text that counts lines as YAML 1.2 does (LF, CRLF, CR)."""

    encoding = None

    def __init__(self, text: str) -> None:
        """Start at the beginning of `text`."""
        self.buffer = text + _END
        self.index = 0
        self.line = 0
        self.column = 0
        self._mark = ScanPosition(0, 0, 0)

    def peek(self, index: int = 0) -> str:
        """The character `index` ahead; NUL at the end."""
        return self.buffer[self.index + index]

    def prefix(self, length: int = 1) -> str:
        """The next `length` characters."""
        return self.buffer[self.index : self.index + length]

    def forward(self, length: int = 1) -> None:
        """Move on by `length` characters."""
        start = self.index
        self.index = end = start + length
        passed = self.buffer[start:end]
        if "\n" not in passed and "\r" not in passed:
            self.column += length - passed.count("\ufeff")
            return
        for position in range(start, end):
            character = self.buffer[position]
            if character == "\n" or (character == "\r" and self.buffer[position + 1] != "\n"):
                self.line += 1
                self.column = 0
            elif character != "\ufeff":
                self.column += 1

    def get_mark(self) -> ScanPosition:
        """Where we are; marks are not changed, so asking twice gives the same one."""
        if self._mark.index != self.index:
            self._mark = ScanPosition(self.index, self.line, self.column)
        return self._mark


MAX_DEPTH = 128
"""Collections inside collections; manifests stay below 50."""

_BREAKS = "\n\r\x85\u2028\u2029"
_SPACE = rf" \t{_BREAKS}\0"
_BLANKS = pattern(r"[ \t]*")
_LINE_END = pattern(rf"[{_BREAKS}\0]")
_WORD = rf"(?:[^{_SPACE}:]|:(?![{_SPACE}]))+"
_FLOW_WORD = rf"(?:[^{_SPACE}:,\[\]{{}}]|:(?![{_SPACE}]))+"
_PLAIN = pattern(rf"{_WORD}(?:[ \t]+(?!#){_WORD})*")
_FLOW_PLAIN = pattern(rf"{_FLOW_WORD}(?:[ \t]+(?!#){_FLOW_WORD})*")


class EventScanner(Scanner):
    """Tokens from text."""

    # The library finds its reader through a property at each step; ours never changes.
    reader: TextReader = None  # type: ignore[assignment]  # replaced by `Events`
    possible_simple_keys: dict[int, Any]

    def __init__(self, loader: Events, text: str) -> None:
        """Read from `text`."""
        self.comments: list[Comment] = []
        self.starts: dict[int, int] = {}  # a scalar's end: its start without anchor and tag
        self.reader = TextReader(text)
        super().__init__(loader=loader)

    def check_token(self, *choices: type[Token]) -> bool:
        """Whether the next token is one of `choices`; asked several times for every event."""
        if self.possible_simple_keys or not self.tokens:  # else the next token is certain
            while self.need_more_tokens():
                self.fetch_more_tokens()
        return bool(self.tokens) and (not choices or isinstance(self.tokens[0], choices))

    def need_more_tokens(self) -> bool:
        """Whether the next token is not certain yet."""
        if self.done:
            return False
        if not self.tokens:
            return True
        if not self.possible_simple_keys:
            return False
        self.stale_possible_simple_keys()
        return bool(self.next_possible_simple_key() == self.tokens_taken)

    def fetch_flow_collection_start(self, TokenClass: Any, to_push: str) -> None:  # noqa: N803 - its signature
        """Open a flow collection, down to a depth that no manifest has."""
        if len(self.flow_context) + len(self.indents) > MAX_DEPTH:
            raise ScannerError(None, None, "collections are nested too deep", self._mark())
        super().fetch_flow_collection_start(TokenClass, to_push)

    def scan_to_next_token(self) -> None:
        """Skip blanks, line breaks and comments; keep the comments."""
        while True:
            self._skip_blanks()
            if self.reader.peek() == "#":
                self._comment()
            if not self.scan_line_break():
                return
            if not self.flow_context:
                self.allow_simple_key = True

    def scan_block_scalar_ignored_line(self, start_mark: ScanPosition) -> None:
        """Skip what may follow a block scalar's indicators on its line."""
        self._skip_blanks()
        if self.reader.peek() == "#":
            self._comment()
        elif self.reader.peek() not in f"{_BREAKS}\0":
            raise ScannerError(
                None, start_mark, "expected a comment or a line break here", self._mark()
            )
        self.scan_line_break()

    def scan_plain(self) -> ScalarToken:
        """A plain scalar, over several lines where it goes on."""
        reader, start = self.reader, self._mark()
        pattern = _FLOW_PLAIN if self.flow_context else _PLAIN
        chunks: list[str] = []
        spaces: list[str] = []
        end = start
        while reader.peek() != "#":
            match = pattern.match(reader.buffer, reader.index)
            if match is None:
                break
            self.allow_simple_key = False
            chunks += [*spaces, match.group()]
            reader.forward(match.end() - match.start())
            end = self._mark()
            spaces = self.scan_plain_spaces(self.indent + 1, start)
            if not spaces or (not self.flow_context and reader.column <= self.indent):
                break
        return self._remember(ScalarToken("".join(chunks), True, start, end))  # noqa: FBT003

    def scan_plain_spaces(self, indent: int, start_mark: ScanPosition) -> list[str]:  # noqa: ARG002 - its signature
        """The blanks and line breaks after a part of a plain scalar, folded; none at its end."""
        reader = self.reader
        blanks = _BLANKS.match(reader.buffer, reader.index)
        width = blanks.end() - blanks.start() if blanks else 0
        text = reader.prefix(width)
        reader.forward(width)
        if reader.peek() not in _BREAKS:
            return [text] if text else []
        first = self.scan_line_break()
        self.allow_simple_key = True
        breaks: list[str] = []
        while not self._document_marker():
            self._skip_continuation_blanks(indent)
            if reader.peek() not in _BREAKS:
                folded = [first] if first != "\n" else [] if breaks else [" "]
                return folded + breaks
            breaks.append(self.scan_line_break())
        return []

    def scan_flow_scalar(self, style: str) -> ScalarToken:
        """A quoted scalar."""
        return self._remember(super().scan_flow_scalar(style))

    def scan_block_scalar(self, style: str, rt: bool | None = False) -> ScalarToken:  # noqa: FBT001, FBT002 - its signature
        """A literal or folded scalar."""
        return self._remember(super().scan_block_scalar(style, rt))

    def _remember(self, token: ScalarToken) -> ScalarToken:
        self.starts[token.end_mark.index] = token.start_mark.index
        return token

    def _mark(self) -> ScanPosition:
        return self.reader.get_mark()

    def _document_marker(self) -> bool:
        """Whether `---` or `...` stands here, at the beginning of a line."""
        return bool(self.check_document_start() or self.check_document_end())

    def _skip_continuation_blanks(self, indent: int) -> None:
        """Spaces; tabs too where they cannot be taken for indentation."""
        reader = self.reader
        while reader.peek() == " ":
            reader.forward()
        blanks = _BLANKS.match(reader.buffer, reader.index)
        if blanks and (
            self.flow_context or reader.column >= indent or reader.buffer[blanks.end()] in _BREAKS
        ):
            reader.forward(blanks.end() - blanks.start())

    def _skip_blanks(self) -> None:
        """Spaces, and tabs where they separate; a tab that indents is an error (6.1)."""
        reader = self.reader
        blanks = _BLANKS.match(reader.buffer, reader.index)
        if blanks is None or blanks.end() == blanks.start():
            return
        following = reader.buffer[blanks.end()]
        indents = self.allow_simple_key and not self.flow_context
        if indents and "\t" in blanks.group() and following not in f"#\0{_BREAKS}":
            raise ScannerError(None, None, "found a tab where indentation has to be", self._mark())
        reader.forward(blanks.end() - blanks.start())

    def _comment(self) -> None:
        reader = self.reader
        start = self._mark()
        end = _LINE_END.search(reader.buffer, start.index)
        length = (end.start() if end else len(reader.buffer)) - start.index
        text = reader.prefix(length)
        reader.forward(length)
        line_start = reader.buffer[start.index - start.column : start.index]
        self.comments.append(
            Comment(
                text=text[1:].strip(),
                line=start.line + 1,
                column=start.column + 1,
                start=start.index,
                end=start.index + length,
                trailing=bool(line_start.strip(" \t\ufeff")),
            )
        )


class Events(Parser):
    """The events of a text, with the marks of its reader; the `loader` of its own parts."""

    processing_version = (1, 2)
    comment_handling = None  # the library's own recording of comments is not used

    scanner: EventScanner = None  # type: ignore[assignment]  # replaced in __init__, see above
    resolver: Events = None  # type: ignore[assignment]

    def __init__(self, text: str) -> None:
        """Prepare to read `text`."""
        self.doc_infos = [DocInfo()]
        self.version: object = None
        self.tags: dict[str, str] = {}
        self.resolver = self
        super().__init__(loader=self)
        self.scanner = EventScanner(self, text)

    def parse_block_mapping_value(self) -> Event:
        """The value of a key; an empty one stands right behind its colon."""
        has_value = self.scanner.check_token(ValueToken)
        token = self.scanner.get_token() if has_value else self.scanner.peek_token()
        if has_value and not self.scanner.check_token(KeyToken, ValueToken, BlockEndToken):
            self.states.append(self.parse_block_mapping_key)
            event: Event = self.parse_block_node_or_indentless_sequence()
            return event
        self.state = self.parse_block_mapping_key
        mark = token.end_mark if has_value else token.start_mark
        return ScalarEvent(None, None, (True, False), "", mark, mark)

    def __iter__(self) -> Iterator[Event]:
        """The events, from stream start to stream end."""
        while self.check_event():
            yield self.get_event()
