"""The text under ruamel.yaml's scanner: marks are exact code point indexes.

It stands in for `ruamel.yaml.reader.Reader`, with the same methods, on text that is already
decoded and checked; nothing is normalised, and moving on costs little per character.
"""

from __future__ import annotations

_END = "\0" * 8  # the scanner looks a few characters ahead; NUL is its end of stream


class Mark:
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
        self._mark = Mark(0, 0, 0)

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

    def get_mark(self) -> Mark:
        """Where we are; marks are not changed, so asking twice gives the same one."""
        if self._mark.index != self.index:
            self._mark = Mark(self.index, self.line, self.column)
        return self._mark
