"""What Secrets hold, so that no copy of it is shown in other objects."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable, Iterator

from gitops_action.core.manifests.fields import mapping
from gitops_action.core.manifests.model import Body
from gitops_action.core.redaction.known import SHORTEST_PASSWORD, Redactor
from gitops_action.core.redaction.objects import is_secret

_SHORTEST_LINE = 16
"""Characters of a line that is a secret by itself: shorter ones, as `port: 80`, stand anywhere."""


def without_values_of(bodies: Iterable[Body]) -> Redactor:
    """What takes the values of the Secrets among these objects out of other text.

    A value that is shorter than a password may be is none: `true` stands everywhere.
    """
    return Redactor({part for body in bodies if is_secret(body) for part in _parts(body)})


def _parts(body: Body) -> Iterator[str]:
    for value in mapping(body, "stringData").values():
        yield from _of_text(str(value))
    for value in mapping(body, "data").values():
        written = "".join(str(value).split())
        plain = _decoded(written)
        if plain is None or len(plain.strip()) >= SHORTEST_PASSWORD:
            yield written
        if plain is not None:
            yield from _of_text(plain)


def _of_text(text: str) -> Iterator[str]:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    shortest = SHORTEST_PASSWORD if len(lines) == 1 else _SHORTEST_LINE
    yield from (line for line in lines if len(line) >= shortest)


def _decoded(written: str) -> str | None:
    """The text; None where it is no text."""
    try:
        return b64decode(written, validate=True).decode()
    except ValueError:
        return None
