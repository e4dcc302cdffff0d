"""The corpus: every layout in every style, many times, each file with its planned edit.

What the result has to be is known by construction: the file is made once with the old text and
once with the new text at the same place, without the editor.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.corpus.layouts import LAYOUTS, FileLayout

OLD = ("v1.2.3", "1.20", "ghcr.io/acme/web:v1", "latest")
NEW = ("v1.2.4", "706798e8", "ghcr.io/acme/web:v2@sha256:" + "0a" * 32, "0e1", "on", "2.0.0-rc.1")
TYPED = frozenset({"1.20", "706798e8", "0e1", "on"})
BREAKS = {"lf": "\n", "crlf": "\r\n", "cr": "\r"}
ENCODINGS = {
    "utf-8": ("utf-8", b""),
    "utf-8-bom": ("utf-8", b"\xef\xbb\xbf"),
    "utf-16-le": ("utf-16-le", b"\xff\xfe"),
    "utf-16-be": ("utf-16-be", b"\xfe\xff"),
}
QUOTES = ("plain", "single", "double")


@dataclass(frozen=True, kw_only=True)
class Case:
    """A file, the edit planned for it, and the bytes that have to come of it."""

    name: str
    style: str
    path: str
    value: str
    before: bytes
    after: bytes

    @property
    def file(self) -> str:
        """A file name that fits."""
        return f"{self.name}.json" if self.name.startswith("json") else f"{self.name}.yaml"


def corpus(copies: int = 8) -> Iterator[Case]:
    """The cases: layouts x quotes x line breaks x encodings, `copies` times with other values."""
    for number in range(copies):
        for layout in LAYOUTS:
            quotes = ("double",) if layout.json else QUOTES
            for quote in quotes:
                for line_break in BREAKS:
                    for encoding in ENCODINGS:
                        yield _case(layout, number, (quote, line_break, encoding))


def _case(layout: FileLayout, number: int, style: tuple[str, str, str]) -> Case:
    quote, line_break, encoding = style
    old, new = OLD[number % len(OLD)], NEW[number % len(NEW)]
    text = layout.text.replace("@NAME@", f"app-{number}").replace("@N@", str(number))
    final = text if number % 3 else text.rstrip("\n")
    codec, mark = ENCODINGS[encoding]

    def made(value: str, quoting: str) -> bytes:
        written = value if layout.json else _quoted(value, quoting)
        whole = final.replace("@OLD@", written).replace("\n", BREAKS[line_break])
        return mark + whole.encode(codec)

    # A plain value that reads as a string stays plain; otherwise the new one gets quotes.
    after = "double" if quote == "plain" and new in TYPED else quote
    before = "double" if quote == "plain" and old in TYPED else quote
    return Case(
        name=layout.name,
        style="/".join(style),
        path=layout.path,
        value=new,
        before=made(old, before),
        after=made(new, before if before != quote else after),
    )


def _quoted(value: str, quoting: str) -> str:
    mark = {"plain": "", "single": "'", "double": '"'}[quoting]
    return f"{mark}{value}{mark}"
