"""Objects without the secrets that they hold, so that they can be shown.

What is taken out leaves a mark that says at most whether the value changes: no length, no
fingerprint that could be tried out, nothing that shows which secrets are equal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from gitops_action.core.manifests import Body
from gitops_action.core.redaction.known import SAME, cleaned, names_secret, option_names_secret

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
