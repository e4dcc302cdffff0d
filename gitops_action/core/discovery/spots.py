"""Where an image is written: single scalars (spots) and the ones that belong together (places)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from gitops_action.core.discovery.spelling import Spelling, split_image
from gitops_action.core.yaml import YamlPath

Role = Literal["reference", "registry", "name", "tag", "digest"]

ARROW = " » "
"""Between the path of a block of text and the path inside the YAML that it holds."""


@dataclass(frozen=True, kw_only=True)
class Spot:
    """One scalar of a file; `outer` is the scalar whose text holds the YAML it stands in."""

    file: str
    path: YamlPath
    value: str
    line: int
    kind: str = "string"
    comment: str = ""
    outer: Spot | None = None

    @property
    def at(self) -> str:
        """Its path as people read it: the outer one first where it stands inside a text."""
        return f"{self.outer.at}{ARROW}{self.path}" if self.outer else str(self.path)

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from every other spot."""
        return self.file, self.at


@dataclass(frozen=True, kw_only=True)
class Place:
    """The scalars that together say one image, or the part of it that is said here.

    Attributes:
        rule: short id of what recognised it.
        reason: one sentence on why it is an image.
        spots: by what each scalar says. `reference` is a whole `name[:tag][@digest]`.
        literal: the name a kustomize entry looks for, as it is written.
        prefix: text before the reference in the same scalar (`old=` of Argo CD).
        assumed: the name, where it is known from elsewhere (a marker's policy).
    """

    rule: str
    reason: str
    spots: Mapping[Role, Spot] = field(hash=False)
    literal: str | None = None
    prefix: str = ""
    assumed: str | None = None

    @property
    def main(self) -> Spot:
        """The spot people look at first: the one that says the version."""
        for role in _BY_WEIGHT:
            if role in self.spots:
                return self.spots[role]
        raise ValueError("a place without a spot")  # a bug: recognisers never make one

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from every other place."""
        return self.main.key

    @property
    def settles(self) -> bool:
        """Whether a version is said here, not only a name."""
        return any(role in self.spots for role in ("reference", "tag", "digest"))

    @cached_property
    def spelling(self) -> Spelling:
        """Name, tag and digest as they are written here."""
        if "reference" in self.spots:
            return split_image(self.text("reference").removeprefix(self.prefix))
        joined = "/".join(part for part in (self._registry(), self._name()) if part)
        tag, _, digest = self.text("tag").partition("@")
        digest = _with_algorithm(self.text("digest")) or digest
        return Spelling(name=joined, tag=tag, digest=digest)

    def text(self, role: Role) -> str:
        """What the scalar of this role says; empty when there is none, or null."""
        spot = self.spots.get(role)
        return "" if spot is None or spot.kind == "null" else spot.value

    def _name(self) -> str:
        return split_image(self.assumed or self.text("name")).name or (self.literal or "")

    def _registry(self) -> str:
        registry = self.text("registry").rstrip("/")
        return "" if self._name().startswith(f"{registry}/") else registry


_BY_WEIGHT: tuple[Role, ...] = ("reference", "tag", "digest", "name", "registry")


def _with_algorithm(digest: str) -> str:
    """Charts that take the bare hexadecimal digits (`sha: …`) leave the algorithm out."""
    return digest if not digest or ":" in digest else f"sha256:{digest}"
