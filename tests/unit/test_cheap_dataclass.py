"""Our dataclasses show their users what the standard ones show."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from dataclasses import field
from functools import cached_property
from typing import Any

import pytest

from gitops_action.core.dataclass import dataclass
from gitops_action.core.pattern import pattern


def both(decorate: Any) -> Any:
    @decorate
    class Point:
        """A point."""

        x: int
        y: int = 2
        tags: tuple[str, ...] = field(default_factory=tuple)
        note: str = field(default="", compare=False)
        secret: str = field(default="s", repr=False)

        @cached_property
        def total(self) -> int:
            return self.x + self.y

    return Point


OURS = both(dataclass(frozen=True, kw_only=True))
STANDARD = both(dataclasses.dataclass(frozen=True, kw_only=True))
GIVEN: list[dict[str, Any]] = [
    {"x": 1},
    {"x": 1, "y": 3},
    {"x": 1, "y": 2, "tags": ("a",), "note": "n", "secret": "t"},
    {"x": 1, "note": "other"},
    {"y": 1},
    {},
    {"x": 1, "z": 2},
]


def outcome(make: Any, given: dict[str, Any]) -> object:
    try:
        return dataclasses.asdict(make(**given))
    except TypeError:
        return TypeError


@pytest.mark.parametrize("given", GIVEN)
def test_it_is_made_alike(given: dict[str, Any]) -> None:
    assert outcome(OURS, given) == outcome(STANDARD, given)


def test_it_compares_hashes_and_shows_alike() -> None:
    made = [(OURS(**given), STANDARD(**given)) for given in GIVEN[:4]]
    for ours, standard in made:
        assert repr(ours) == repr(standard)
        assert hash(ours) == hash(standard)
        assert ours != standard
        assert [ours == other for other, _ in made] == [standard == other for _, other in made]


def test_a_cached_value_changes_nothing() -> None:
    one, other = OURS(x=1), OURS(x=1)
    assert one.total == 3
    assert one == other
    assert dataclasses.replace(one, x=5).total == 7


def test_it_is_frozen() -> None:
    one = OURS(x=1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.x = 2
    with pytest.raises(dataclasses.FrozenInstanceError):
        del one.x
    with pytest.raises(TypeError):
        OURS(1)


@dataclass(frozen=True, kw_only=True)
class Base:
    """With a check after it was made."""

    a: int

    def __post_init__(self) -> None:
        if self.a < 0:
            raise ValueError(self.a)


@dataclass(frozen=True, kw_only=True)
class Derived(Base):
    """With a field more, and words of its own."""

    b: int = 1

    def __repr__(self) -> str:
        return "derived"


def test_it_is_inherited() -> None:
    assert [f.name for f in dataclasses.fields(Derived)] == ["a", "b"]
    assert repr(Derived(a=1)) == "derived"
    assert Derived(a=1) != Base(a=1)
    with pytest.raises(ValueError, match="-1"):
        Derived(a=-1)


def test_it_is_copied_and_kept() -> None:
    one = Derived(a=1, b=2)
    assert copy.deepcopy(one) == one
    assert pickle.loads(pickle.dumps(one)) == one  # noqa: S301 - our own bytes


@dataclass(kw_only=True)
class Changeable:
    """Not frozen."""

    a: int
    b: list[int] = field(default_factory=list)


def test_one_that_is_not_frozen_changes_and_has_no_hash() -> None:
    one = Changeable(a=1)
    one.a = 2
    one.b.append(3)
    assert one == Changeable(a=2, b=[3])
    assert Changeable(a=2) != one
    assert repr(one) == "Changeable(a=2, b=[3])"
    with pytest.raises(TypeError, match="unhashable"):
        hash(one)


def test_other_kinds_are_refused() -> None:
    with pytest.raises(TypeError, match="use dataclasses"):
        dataclass(kw_only=False)


def test_a_pattern_is_one_when_it_is_used() -> None:
    found = pattern(r"(?P<a>x+)", 0)
    assert "fullmatch" not in vars(found)
    assert found.fullmatch("xx")["a"] == "xx"
    assert found.sub("-", "axb") == "a-b"
    assert found.pattern == "(?P<a>x+)"
