"""Takes secrets out of text before it leaves the process."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable, Mapping
from urllib.parse import quote

PLACEHOLDER = "***"
_SHORTEST_LINE = 4
"""Lines of a secret that are shorter (a bracket, a blank) would only shred the output."""


class Redactor:
    """Knows the secrets of this run, also in the shapes that protocols give them."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """Start with the secrets known from the inputs; adapters add those they are given."""
        self._shapes: list[str] = []
        for secret in secrets:
            self.add(secret)

    def add(self, secret: str) -> None:
        """Know one more secret; several lines count each for itself as well."""
        known = set(self._shapes)
        for part in (secret.strip(), *_lines(secret)):
            known |= _shapes(part)
        self._shapes = sorted(known, key=len, reverse=True)  # the longest first: one holds another

    def clean(self, text: str) -> str:
        """The text with every known secret replaced."""
        for shape in self._shapes:
            if shape in text:
                text = text.replace(shape, PLACEHOLDER)
        return text

    def clean_tree(self, value: object) -> object:
        """A JSON document with every string cleaned, keys too."""
        if isinstance(value, str):
            return self.clean(value)
        if isinstance(value, Mapping):
            return {self.clean(str(key)): self.clean_tree(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.clean_tree(item) for item in value]
        return value


def _lines(secret: str) -> list[str]:
    return [line.strip() for line in secret.splitlines() if len(line.strip()) >= _SHORTEST_LINE]


def _shapes(secret: str) -> set[str]:
    """The secret as it is, in an address, in JSON, and in HTTP basic authentication."""
    if not secret:
        return set()
    users = ("x-access-token:", "oauth2:", ":", "")
    encoded = {b64encode(f"{user}{secret}".encode()).decode() for user in users}
    bare = {shape.rstrip("=") for shape in encoded}
    return {secret, quote(secret, safe=""), json.dumps(secret)[1:-1]} | encoded | bare
