"""Objects without the secrets that they hold, so that they can be shown.

What is taken out leaves a mark that says at most whether the value changes: no length, no
fingerprint that could be tried out, nothing that tells two equal secrets apart from others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache
from itertools import pairwise

from gitops_action.core.manifests import Body
from gitops_action.core.redaction.known import PLACEHOLDER, concealed

# By what names values are known to be secrets.

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_OPTION = re.compile(r"--?[A-Za-z][\w-]*")
_SECRET_WORDS = frozenset(
    {
        "apikey",
        "authorization",
        "credential",
        "credentials",
        "passphrase",
        "passwd",
        "password",
        "passwords",
        "pwd",
        "secret",
        "secrets",
        "token",
        "tokens",
    }
)
_SECRET_ENDS = ("passphrase", "passwd", "password", "secret", "token", "apikey", "credentials")
"""Ends of words that are written as one: `dbpassword`."""
_SECRET_KEYS = frozenset(
    {"access", "account", "api", "auth", "encryption", "master", "private", "secret", "signing"}
)
"""What makes a `…_KEY` a secret; `PARTITION_KEY` is none."""

_ABOUT = frozenset(
    {
        "age",
        "class",
        "count",
        "enabled",
        "endpoint",
        "expiration",
        "expiry",
        "file",
        "header",
        "host",
        "issuer",
        "length",
        "lifetime",
        "mode",
        "name",
        "names",
        "namespace",
        "path",
        "policy",
        "ref",
        "seconds",
        "size",
        "timeout",
        "ttl",
        "type",
        "uri",
        "url",
        "version",
    }
)
"""As the last word of a name: it speaks about a secret and does not hold it."""


def names_secret(name: str) -> bool:
    """Whether a value of this name is probably a secret: `DB_PASSWORD`, `apiKey`, `token`.

    Names are read word by word, whether they are written `LIKE_THIS`, `like-this` or `likeThis`.
    In doubt it is one: a value that is not shown costs less than one that is.
    """
    words = [word.lower() for word in _WORDS.findall(name)]
    if not words or words[-1] in _ABOUT:
        return False
    if _SECRET_WORDS.intersection(words) or "".join(words) in _SECRET_WORDS:
        return True
    if words[-1].endswith(_SECRET_ENDS):
        return True
    return any(
        word in {"key", "keys"} and before in _SECRET_KEYS for before, word in pairwise(words)
    )


def option_names_secret(argument: object) -> bool:
    """Whether an argument is an option whose value follows in the next one: `--password`."""
    return (
        isinstance(argument, str) and bool(_OPTION.fullmatch(argument)) and names_secret(argument)
    )


# Text without the credentials that stand in it among other things.

SAME = "<redacted>"
_SCHEMES = ("bearer", "basic", "token")

_NAME = r"(?P<name>[A-Za-z][\w.-]*)(?P<sign>\\?[\"']?[ \t]*[:=][ \t]*)"


@cache
def _line() -> re.Pattern[str]:
    return re.compile(
        rf"(?m)^(?P<before>[ \t]*(?:-[ \t]+|--?|export[ \t]+)?[\"']?){_NAME}(?P<value>\S.*)$"
    )


@cache
def _inside() -> re.Pattern[str]:
    """An assignment in a line; `Authorization: Bearer …` is one value."""
    value = rf"\\?\"[^\"\n]*\"|'[^'\n]*'|(?:(?i:{'|'.join(_SCHEMES)})[ \t]+)?[^\s,;&}}\"']+"
    return re.compile(rf"(?P<before>(?<![\w.-])(?:--?)?[\"']?){_NAME}(?P<value>{value})")


def cleaned(text: str, other: str, mark: str) -> str:
    """The text without what is assigned to a secret's name, and without known credentials.

    Args:
        text: of one side, one line or many.
        other: of the other side; the same text where there is none to compare with.
        mark: stands for a value that the other side does not have.
    """
    if not _suspicious(text):
        return text
    plain = _neutral(text)
    if text == other:
        return plain
    shown = concealed(_assigned(text, frozenset(other.split("\n")), mark))
    if shown == plain and plain == _neutral(other):
        # The difference is in what was taken out alone.
        return f"{plain}\n{mark}" if "\n" in plain else f"{plain} {mark}"
    return shown


def _suspicious(text: str) -> bool:
    return ":" in text or "=" in text or concealed(text) != text


def _neutral(text: str) -> str:
    return concealed(_assigned(text, None, SAME))


def _assigned(text: str, known: Collection[str] | None, mark: str) -> str:
    """Line by line, values of secrets replaced: by the mark where the line is not `known`."""
    lines = text.split("\n")
    for index, line in enumerate(lines):
        if ":" in line or "=" in line:
            stand_in = SAME if known is None or line in known else mark
            lines[index] = _without_values(line, stand_in)
    return "\n".join(lines)


def _without_values(line: str, stand_in: str) -> str:
    """Where the whole line is one assignment, all that follows the sign is its value."""
    whole = _replaced(_line(), line, stand_in)
    return whole if whole != line else without_assigned(line, stand_in)


def without_assigned(line: str, stand_in: str) -> str:
    """A line with each value replaced that is assigned to a secret's name."""
    return _replaced(_inside(), line, stand_in)


def _replaced(pattern: re.Pattern[str], line: str, stand_in: str) -> str:
    def hide(found: re.Match[str]) -> str:
        if not names_secret(found["name"]) or _is_placeholder(found["value"]):
            return found[0]
        return f"{found['before']}{found['name']}{found['sign']}{stand_in}"

    return pattern.sub(hide, line)


def _is_placeholder(value: str) -> bool:
    """Whether only a credential that was taken out already stands there: `Bearer ***`."""
    scheme, blank, rest = value.strip("\"'").rpartition(" ")
    return rest == PLACEHOLDER and (not blank or scheme.strip().lower() in _SCHEMES)


OLD, NEW = "<redacted, old value>", "<redacted, new value>"

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_SHOWN_OF_SECRETS = frozenset({"apiVersion", "kind", "metadata", "type", "immutable"})
_Key = tuple[object, ...]
_Leaves = Mapping[_Key, object]


def redacted_pair(before: Body | None, after: Body | None) -> tuple[Body, Body]:
    """Both sides of one object without secrets; a value that changes is marked on both.

    Everything of a Secret but its metadata and type is secret; so is what is called a password,
    token, key or the like in other kinds, the value beside such a `name` (environment variables,
    parameters), lines of text that assign to such a name, and credentials of well-known shapes.
    A side that does not exist comes back empty.
    """
    old, new = before or {}, after or {}
    both = before is not None and after is not None
    return (
        _Redaction(_every_leaf(new) if both else None, OLD).body(old),
        _Redaction(_every_leaf(old) if both else None, NEW).body(new),
    )


def redacted(body: Body) -> Body:
    """One object without secrets."""
    return redacted_pair(None, body)[1]


def is_secret(body: Body) -> bool:
    """Whether it is a Secret, or holds a Secret's data under that name."""
    return body.get("kind") == "Secret" and (
        "apiVersion" in body or "data" in body or "stringData" in body
    )


class _Redaction:
    """Walks one side; what it takes out is compared with the same place of the other side."""

    def __init__(self, other: _Leaves | None, mark: str) -> None:
        self._other = other
        self._mark = mark

    def body(self, body: Body) -> Body:
        return {key: self._entry((key,), key, item, body) for key, item in body.items()}

    def _entry(self, path: _Key, key: str, item: object, parent: Body) -> object:
        if _hides(key, item, parent):
            return _leaves(item, path, self._hidden)
        return self._shown(path, item)

    def _shown(self, path: _Key, item: object) -> object:
        if isinstance(item, Mapping):
            return {
                key: self._entry((*path, key), str(key), inner, item) for key, inner in item.items()
            }
        if isinstance(item, list | tuple):
            return list(self._items(path, item))
        return self._text(path, item) if isinstance(item, str) else item

    def _items(self, path: _Key, items: list[object] | tuple[object, ...]) -> Iterator[object]:
        before: object = None
        for step, item in _steps(items):
            hidden = isinstance(item, str) and option_names_secret(before)
            yield self._hidden((*path, step), item) if hidden else self._shown((*path, step), item)
            before = item

    def _hidden(self, path: _Key, item: object) -> object:
        same = self._other is None or _exact(self._other.get(path, item)) == _exact(item)
        return SAME if same else self._mark

    def _text(self, path: _Key, item: str) -> str:
        other = self._other.get(path) if self._other is not None else None
        return cleaned(item, other if isinstance(other, str) else item, self._mark)


def _hides(key: str, item: object, parent: Body) -> bool:
    if is_secret(parent):
        return key not in _SHOWN_OF_SECRETS
    if key == _LAST_APPLIED:
        return True
    if key == "value" and names_secret(str(parent.get("name") or parent.get("key") or "")):
        return not isinstance(item, Mapping)
    # A mapping of such a name (`secret: {secretName: …}`) refers to a secret.
    value = isinstance(item, str | int | float) and not isinstance(item, bool)
    return value and names_secret(key) and not _refers(key, parent)


def _refers(key: str, parent: Body) -> bool:
    """Whether what is called a secret is the name of one: `secret: web` beside a `key`."""
    return key == "existingSecret" or "remoteRef" in parent or (key == "secret" and "key" in parent)


def _every_leaf(body: Body) -> _Leaves:
    """Every leaf of an object by its path, to compare with."""
    found: dict[_Key, object] = {}

    def note(path: _Key, item: object) -> object:
        found[path] = item
        return item

    _leaves(body, (), note)
    return found


def _leaves(item: object, path: _Key, change: Callable[[_Key, object], object]) -> object:
    """The same structure with every leaf (also an empty list or mapping) changed."""
    if isinstance(item, Mapping) and item:
        return {key: _leaves(inner, (*path, key), change) for key, inner in item.items()}
    if isinstance(item, list | tuple) and item:
        return [_leaves(inner, (*path, step), change) for step, inner in _steps(item)]
    return change(path, item)


def _steps(items: list[object] | tuple[object, ...]) -> Iterator[tuple[object, object]]:
    """Items by their name where they have one, so that an inserted one moves no other."""
    for index, item in enumerate(items):
        name = item.get("name") if isinstance(item, Mapping) else None
        yield (("name", name) if isinstance(name, str) else index), item


def _exact(item: object) -> object:
    """A value that equals only itself: `1`, `1.0` and `True` are equal to Python."""
    return type(item).__name__, repr(item)
