"""What was asked of a cluster, for the words of errors."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Doing:
    """What was asked, for the words of an error: `apply ConfigMap web/settings`."""

    verb: str
    about: str

    def __str__(self) -> str:
        """Verb and object."""
        return f"{self.verb} {self.about}".strip()
