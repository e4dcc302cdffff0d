"""Random YAML and JSON documents in random styles, with what each scalar has to read as.

The writer here shares nothing with the editor: it is the other half of the comparison.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from random import Random

Step = str | int
WORDS = (
    "web",
    "nginx",
    "v1.2.3",
    "ghcr.io/acme/web:v1",
    "a b",
    "x#y",
    "it's",
    "wörld",
    "😀",
    "k:v",
)
NUMBERS = ("1", "0", "1.20", "0e1", "706798e8", "012", "0o17", "1_000", "true", "on", "~", "1:3")
ODD = (
    *(
        "",
        " lead",
        "trail ",
        "a: b",
        "a #b",
        "- x",
        "[x",
        "{y}",
        "*z",
        "&w",
        "@at",
        "%p",
        "tab\tin",
    ),
    *('say "hi"', "back\\slash", "line\nbreak", "#c", "!t", "|", "2024-01-01", "<<", "=", "null"),
)
KEYS = ("name", "image", "tag", "spec", "on", "2", "dotted.key", "with space", "ключ", "images")


@dataclass
class Document:
    """The bytes, the line break, and each scalar's steps with the text it reads as."""

    data: bytes = b""
    text: str = ""
    scalars: list[tuple[tuple[Step, ...], str]] = field(default_factory=list)


class Writer:
    """Writes one document, deciding every style by `random`."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.scalars: list[tuple[tuple[Step, ...], str]] = []

    def document(self) -> Document:
        random = self.random
        if random.random() < 0.15:
            text = self.json_node((), 0, random.choice((None, 1, 2, 4, "\t")))
        else:
            lines = self.block(0, (), 0)
            head = random.choice(
                ([], [], ["---"], ["# first 😀"], ["%YAML 1.2", "---"], ["", "---"])
            )
            tail = random.choice(([], [], ["..."], ["# last"], [""]))
            literal_last = self.scalars[-1][1].endswith("\n")  # its line break is its value's
            end = "\n" if literal_last else random.choice(("\n", "\n", ""))
            text = "\n".join(head + lines + tail) + end
        text = text.replace("\n", random.choice(("\n", "\n", "\r\n", "\r")))
        encoding, mark = random.choice(
            (("utf-8", b""),) * 5
            + (("utf-8", b"\xef\xbb\xbf"), ("utf-16-le", b"\xff\xfe"), ("utf-16-be", b"\xfe\xff"))
        )
        return Document(mark + text.encode(encoding), text, self.scalars)

    def value(self) -> str:
        return self.random.choice(self.random.choice((WORDS, WORDS, NUMBERS, ODD)))

    def scalar(self, path: tuple[Step, ...], *, flow: bool) -> str:
        value = self.value()
        styles = ["double"]
        if "\n" not in value:
            styles.append("single")
        if value in NUMBERS or (value in WORDS and not flow):
            styles += ["plain"] * 4
        self.scalars.append((path, value))
        style = self.random.choice(styles)
        if style == "plain":
            return value
        if style == "single":
            return "'" + value.replace("'", "''") + "'"
        return json.dumps(value, ensure_ascii=self.random.random() < 0.3)

    def keys(self) -> list[str]:
        return self.random.sample(KEYS, self.random.randint(1, 3))

    def key(self, key: str) -> str:
        return self.random.choice((key, key, f"'{key}'", json.dumps(key, ensure_ascii=False)))

    def block(self, indent: int, path: tuple[Step, ...], depth: int) -> list[str]:
        lines: list[str] = []
        pad = " " * indent
        for key in self.keys():
            if self.random.random() < 0.15:
                lines.append(self.random.choice(("", f"{pad}# note: x", "# far left")))
            lines += self.entry(f"{pad}{self.key(key)}:", indent, (*path, key), depth)
        return lines

    def entry(self, head: str, indent: int, path: tuple[Step, ...], depth: int) -> list[str]:
        random = self.random
        kind = random.choice(("scalar", "scalar", "map", "list", "flow", "literal"))
        if kind == "literal":
            return self.literal(head, indent, path)
        if kind == "map" and depth < 3:
            return [
                head + self.tail(),
                *self.block(indent + random.choice((1, 2, 4)), path, depth + 1),
            ]
        if kind == "list" and depth < 3:
            return [
                head + self.tail(),
                *self.items(indent + random.choice((0, 2)), path, depth + 1),
            ]
        text = self.flow(path, depth + 1) if kind == "flow" else self.scalar(path, flow=False)
        return [head + random.choice((" ", "  ")) + text + self.tail()]

    def items(self, indent: int, path: tuple[Step, ...], depth: int) -> list[str]:
        lines: list[str] = []
        for index in range(self.random.randint(1, 3)):
            gap = " " * self.random.choice((1, 1, 3))
            if self.random.random() < 0.5:
                lines.append(
                    f"{' ' * indent}-{gap}{self.scalar((*path, index), flow=False)}{self.tail()}"
                )
            else:
                inner = indent + 1 + len(gap)
                block = self.block(inner, (*path, index), depth + 1)
                while not block[0].strip() or block[0].lstrip().startswith("#"):
                    block.pop(0)
                lines += [" " * indent + "-" + gap + block[0][inner:], *block[1:]]
        return lines

    def literal(self, head: str, indent: int, path: tuple[Step, ...]) -> list[str]:
        lines = [self.random.choice(("v1", "image: nginx:1 # {marker}", "two  words"))]
        lines += ["more"] * self.random.choice((0, 0, 1))
        self.scalars.append((path, "\n".join(lines) + "\n"))
        return [f"{head} |{self.tail()}", *(" " * (indent + 2) + line for line in lines)]

    def flow(self, path: tuple[Step, ...], depth: int) -> str:
        random = self.random
        pad = random.choice(("", " "))
        if random.random() < 0.5 and depth < 4:
            fields = [f"{self.key(k)}: {self.leaf((*path, k), depth)}" for k in self.keys()]
            return "{" + pad + ", ".join(fields) + pad + "}"
        items = [self.leaf((*path, n), depth) for n in range(random.randint(1, 3))]
        return "[" + pad + ("," + pad).join(items) + pad + "]"

    def leaf(self, path: tuple[Step, ...], depth: int) -> str:
        nested = self.random.random() < 0.2 and depth < 4
        return self.flow(path, depth + 1) if nested else self.scalar(path, flow=True)

    def tail(self) -> str:
        return self.random.choice(("", "", "", "  ", " # note", '   # {"$imagepolicy": "a:b"}'))

    def json_node(self, path: tuple[Step, ...], depth: int, indent: int | str | None) -> str:
        def build(path: tuple[Step, ...], depth: int) -> object:
            if depth > 2 or (depth and self.random.random() < 0.5):
                value = self.value()
                self.scalars.append((path, value))
                return value
            if self.random.random() < 0.6 or not depth:
                return {key: build((*path, key), depth + 1) for key in self.keys()}
            return [build((*path, n), depth + 1) for n in range(self.random.randint(1, 3))]

        return json.dumps(
            build(path, depth), indent=indent, ensure_ascii=self.random.random() < 0.5
        )
