# ruff: noqa: ANN001, ANN003, ANN201, ANN202, ARG001, N807 - type checkers read the standard decorator
"""`@dataclass(kw_only=True)`, frozen or not, without generated code.

The standard decorator compiles six methods for each class, a third of the time that a short run
takes to start. Here all classes share methods that are closures over their fields. What a class
shows to its users is the same, which a test compares; type checkers see the standard one.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    from operator import attrgetter
    from reprlib import recursive_repr

    def dataclass(*, frozen=False, kw_only):
        """Make a dataclass whose fields are given by name."""
        if not kw_only:
            raise TypeError("use dataclasses.dataclass for other kinds of classes")
        return _frozen if frozen else _changeable

    def _frozen(cls):
        made = _changeable(cls)
        if made.__hash__ is None:
            fields = dataclasses.fields(made)
            names = tuple(f.name for f in fields if (f.compare if f.hash is None else f.hash))
            made.__hash__ = _hash(_getter(names))
        made.__setattr__, made.__delattr__ = _refuse_set, _refuse_delete
        return made

    def _changeable(cls):
        own = cls.__dict__
        if cls.__doc__ is None:
            cls.__doc__ = f"{cls.__name__}."  # else the standard decorator inspects a signature
        made = dataclasses.dataclass(init=False, repr=False, eq=False, kw_only=True)(cls)
        fields = dataclasses.fields(made)
        compared = tuple(field.name for field in fields if field.compare)
        shown = tuple(field.name for field in fields if field.repr)
        methods = {
            "__init__": _init(made, fields),
            "__repr__": _repr(shown),
            "__eq__": _eq(_getter(compared)),
            "__hash__": None,  # as of whatever compares and can change
        }
        for name, method in methods.items():
            if name not in own:
                setattr(made, name, method)
        return made

    def _init(cls, fields):
        names = frozenset(field.name for field in fields)
        defaults = {f.name: f.default for f in fields if f.default is not dataclasses.MISSING}
        factories = {
            f.name: f.default_factory
            for f in fields
            if f.default_factory is not dataclasses.MISSING
        }
        follow_up = getattr(cls, "__post_init__", None)

        def complete(given):
            whole = {**defaults, **given}
            for name in factories.keys() - given.keys():
                whole[name] = factories[name]()
            if whole.keys() != names:
                raise TypeError(wrong(given.keys(), whole.keys()))
            return whole

        def wrong(given, whole):
            unknown, missing = given - names, names - whole
            shown = ", ".join(map(repr, sorted(unknown or missing)))
            if unknown:
                return f"{cls.__qualname__} got an unexpected keyword argument {shown}"
            return f"{cls.__qualname__} misses the required arguments {shown}"

        def __init__(self, **given):
            self.__dict__.update(given if given.keys() == names else complete(given))
            if follow_up is not None:
                self.__post_init__()

        return __init__

    def _getter(names):
        """The values of these fields as a tuple."""
        if len(names) > 1:
            return attrgetter(*names)
        return lambda self: tuple(getattr(self, name) for name in names)

    def _eq(values):
        def __eq__(self, other):
            if other.__class__ is not self.__class__:
                return NotImplemented
            return values(self) == values(other)

        return __eq__

    def _hash(values):
        def __hash__(self):
            return hash(values(self))

        return __hash__

    def _repr(names):
        @recursive_repr()
        def __repr__(self):
            shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
            return f"{self.__class__.__qualname__}({shown})"

        return __repr__

    def _refuse_set(self, name, value):
        raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")

    def _refuse_delete(self, name):
        raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


__all__ = ["dataclass"]
