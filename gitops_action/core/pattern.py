# ruff: noqa: ANN001, ANN204, D105, D107 - type checkers read re.compile
"""Regular expressions that are compiled when they are first used, not when a module is loaded."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from re import compile as pattern
else:

    class pattern:  # noqa: N801 - stands in for re.compile
        """A pattern by its text and flags; after the first use as fast as a compiled one."""

        def __init__(self, text, flags=0):
            self._source = (text, flags)

        def __getattr__(self, name):
            found = getattr(re.compile(*self._source), name)
            setattr(self, name, found)
            return found


__all__ = ["pattern"]
