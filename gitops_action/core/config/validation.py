"""How rendered objects are checked, as resolved values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

UnknownKinds = Literal["warn", "error", "ignore"]

KUBERNETES = "1.36"
"""Whose schemas are taken where the configuration does not say."""


@dataclass(frozen=True, kw_only=True)
class Validation:
    """What `validate` goes by.

    Attributes:
        kubernetes: the version whose schemas built-in kinds are checked by, `MAJOR.MINOR`.
        schemas: folders of the repository that hold CustomResourceDefinitions, beside those that
            are part of an environment.
        unknown_kinds: what to do about kinds that no schema is known for.
        remote_bases: whether kustomizations may name other repositories.
    """

    kubernetes: str = KUBERNETES
    schemas: tuple[str, ...] = ()
    unknown_kinds: UnknownKinds = "warn"
    remote_bases: bool = False
