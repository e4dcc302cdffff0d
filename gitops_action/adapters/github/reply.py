"""GitHub's JSON with types: every value is checked where it is read, so nothing vague leaks in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from gitops_action.errors import GitOpsError


class Reply:
    """A JSON object from GitHub; missing or null reads as empty, a wrong type is an error."""

    def __init__(self, data: object, place: str = "answer") -> None:
        """Wrap `data`; null counts as an empty object. `place` names it in errors."""
        if data is None:
            data = {}
        if not isinstance(data, Mapping):
            raise _surprise(place, data)
        self._data: Mapping[str, object] = data
        self._place = place

    def __bool__(self) -> bool:
        """Whether there is anything in it."""
        return bool(self._data)

    def at(self, *path: str) -> Reply:
        """Return the object at this path; an empty one when a part of the way is missing."""
        found = self
        for key in path:
            found = Reply(found._data.get(key), f"{found._place}.{key}")
        return found

    def each(self, key: str) -> Iterator[Reply]:
        """Yield the objects of a list; nulls in it (what the token may not see) are left out."""
        for item in self._list(key):
            if item is not None:
                yield Reply(item, f"{self._place}.{key}")

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of strings."""
        return tuple(item for item in self._list(key) if isinstance(item, str))

    def has(self, key: str) -> bool:
        """Whether a value was asked for and given, be it empty."""
        return self._data.get(key) is not None

    def depth(self, key: str) -> int:
        """Return the length of a list."""
        return len(self._list(key))

    def text(self, key: str) -> str:
        """Return a string; missing or null is empty."""
        value = self._data.get(key)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise _surprise(f"{self._place}.{key}", value)
        return value

    def whole(self, key: str) -> str | None:
        """Return a string, or None where GitHub gives null."""
        return None if self._data.get(key) is None else self.text(key)

    def moment(self, key: str) -> datetime | None:
        """Return a time; None where it is missing or null."""
        text = self.text(key)
        return datetime.fromisoformat(text) if text else None

    def number(self, key: str) -> int:
        """Return an integer; missing or null is 0."""
        value = self._data.get(key)
        if value is None:
            return 0
        if not isinstance(value, int):
            raise _surprise(f"{self._place}.{key}", value)
        return value

    def anything(self, key: str) -> object:
        """Return a value whose shape is its writer's own."""
        return self._data.get(key)

    def flag(self, key: str) -> bool:
        """Return a truth value; missing or null is False."""
        return self._data.get(key) is True

    def _list(self, key: str) -> list[object]:
        value = self._data.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            raise _surprise(f"{self._place}.{key}", value)
        return value


def replies(data: object, place: str = "answer") -> tuple[Reply, ...]:
    """Wrap an answer that is a list of objects."""
    return tuple(Reply({"list": data}, place).each("list"))


def _surprise(place: str, value: object) -> GitOpsError:
    return GitOpsError(
        "GitHub's answer is not what its documentation says",
        cause=f"`{place}` is a {type(value).__name__}",
        fix="check that `api-url` and `graphql-url` lead to a GitHub API, not to another page",
    )
