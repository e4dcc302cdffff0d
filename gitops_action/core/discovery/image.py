"""Where an image is written: single scalars (spots) and the ones that belong together (places)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field, replace
from functools import cached_property, lru_cache
from typing import Literal

from gitops_action.core.dataclass import dataclass
from gitops_action.core.images import ImageReferenceError, normalise_repository
from gitops_action.core.pattern import pattern
from gitops_action.core.yaml.path import Step, YamlPath

# Image names the way kustomize splits and matches them, which is looser than the grammar.

_VERSION = r"(:[a-zA-Z0-9_.{}-]*)?(@sha256:[a-zA-Z0-9_.{}-]*)?"
_PLAIN = pattern(r"[\w./:@-]*")
_NESTED_REPEAT = pattern(r"\)\s*[*+{]")
_LONGEST_PATTERN = 300


@dataclass(frozen=True, kw_only=True)
class Spelling:
    """An image as written: name, tag and digest, each empty when it is not there."""

    name: str
    tag: str = ""
    digest: str = ""

    def __str__(self) -> str:
        """`name[:tag][@digest]`."""
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.name}{tag}{digest}"

    @property
    def repository(self) -> str | None:
        """The normalised repository; None for a placeholder or a template."""
        return repository_of(self.name)


@lru_cache(maxsize=16384)
def repository_of(name: str) -> str | None:
    """The normalised repository of a name, or None when it is not an image name."""
    try:
        return normalise_repository(name) if name else None
    except ImageReferenceError:
        return None


def split_image(text: str) -> Spelling:
    """Split at the first `@` and the first `:` behind the domain, as kustomize does."""
    slash = max(text.find("/"), 0)
    at = text.find("@", slash)
    colon = text.find(":", slash)
    if colon >= 0 and (at < 0 or colon < at):
        tag, _, digest = text[colon + 1 :].partition("@")
        return Spelling(name=text[:colon], tag=tag, digest=digest)
    if at >= 0:
        return Spelling(name=text[:at], digest=text[at + 1 :])
    return Spelling(name=text)


def entry_matches(name: str, image: str) -> bool | None:
    """Whether a kustomize entry of this `name` reaches `image`.

    kustomize reads the name as a regular expression: `.` stands for any character. None for
    expressions that are not evaluated here because they could take forever.
    """
    pattern = _pattern(name)
    return None if pattern is None else pattern.fullmatch(image) is not None


@lru_cache(maxsize=4096)
def _pattern(name: str) -> re.Pattern[str] | None:
    if not _PLAIN.fullmatch(name) and (len(name) > _LONGEST_PATTERN or _NESTED_REPEAT.search(name)):
        return None
    try:
        return re.compile(f"{name}{_VERSION}")
    except re.error:
        return None


Role = Literal["reference", "registry", "name", "tag", "digest"]

ARROW = " » "
"""Between the path of a block of text and the path inside the YAML that it holds."""


@dataclass(frozen=True, kw_only=True)
class Spot:
    """One scalar of a file, or a part of one.

    Attributes:
        file: path in the repository.
        path: where it is read; over an alias, not where it stands.
        value: its text, or the part between `prefix` and `suffix`.
        line: line in the file.
        kind: what YAML reads the scalar as.
        comment: the comment behind it.
        outer: the scalar whose text holds the YAML it stands in.
        prefix: text of the scalar in front of the value, which stays (`KEY=`).
        suffix: text of the scalar behind it, which stays.
        anchored: the path of the scalar itself, where `path` leads over an alias.
        readers: every other place that reads the same scalar.
        has_anchor: whether the scalar itself is anchored, not a mapping around it.
    """

    file: str
    path: YamlPath
    value: str
    line: int
    kind: str = "string"
    comment: str = ""
    outer: Spot | None = None
    prefix: str = ""
    suffix: str = ""
    anchored: YamlPath | None = None
    readers: tuple[YamlPath, ...] = ()
    has_anchor: bool = False

    @property
    def at(self) -> str:
        """Its path as people read it: the outer one first where it stands inside a text."""
        return f"{self.outer.at}{ARROW}{self.path}" if self.outer else str(self.path)

    @property
    def key(self) -> tuple[str, str]:
        """Distinguishes its scalar from every other one, whichever alias it is read through."""
        path = str(self.anchored or self.path)
        return self.file, f"{self.outer.at}{ARROW}{path}" if self.outer else path

    @property
    def text(self) -> str:
        """The whole text of the scalar."""
        return f"{self.prefix}{self.value}{self.suffix}"

    def part(self, start: int, end: int) -> Spot:
        """The part of the value between two positions."""
        return replace(
            self,
            value=self.value[start:end],
            prefix=self.prefix + self.value[:start],
            suffix=self.value[end:] + self.suffix,
        )


@dataclass(frozen=True, kw_only=True)
class ImageLocation:
    """The scalars that together name one image, or the part of it that is named here.

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
        """What distinguishes it from every other place."""
        return self.main.key

    @property
    def settles(self) -> bool:
        """Whether a version stands here, not only a name."""
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

    @property
    def written_name(self) -> str:
        """The name that is written here, whatever the place is assumed to be; may be empty."""
        if "reference" in self.spots:
            return self.spelling.name
        name = split_image(self.text("name")).name
        return "/".join(part for part in (self.text("registry"), name) if name and part)

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


# An image on its way through the layers: what it says now, and by which places.


@dataclass(frozen=True, kw_only=True)
class ImageOwner:
    """The Kubernetes object an image stands in, as patches name it.

    `names` holds the original name and those that prefixes and suffixes made of it.
    """

    group: str
    kind: str
    names: tuple[str, ...]
    document: tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Untraced:
    """What decides an image and cannot be edited, or not be followed: where, what, what to do."""

    file: str
    line: int
    what: str
    fix: str


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A kustomization an image passed through, and the name it left with."""

    kustomization: str
    name: str


@dataclass(frozen=True, kw_only=True)
class EffectiveImage:
    """One image of an environment.

    Attributes:
        spelling: name, tag and digest as the uppermost layer so far renders them.
        naming: the place that says the name.
        version: the place that says tag and digest.
        reachable: whether kustomize's image transformer rewrites it.
        seen: whether a manifest with the image was read, or only an entry that sets one.
        dead: an entry that certainly reaches no image.
        resource: the object it stands in, where there is one.
        listed: the way to the list of containers or volumes it stands in, from the object's top.
        item: the container's or volume's name.
        index: its position in the list.
        layers: the kustomizations it passed, lowest first.
        release: the HelmRelease whose values say it, as patches name it.
        settled: how many layers it had passed when its version was said.
        named: how many when its name was.
        root: the file the walk began with: one that nothing else builds on.
        fields: the way from the object's top to each scalar, for images outside of pods.
        untraced: what decides it in the end and cannot be edited.
        doubts: what may change it and is not evaluated.
    """

    spelling: Spelling
    naming: ImageLocation
    version: ImageLocation
    reachable: bool = False
    seen: bool = True
    dead: bool = False
    resource: ImageOwner | None = None
    listed: tuple[Step, ...] = ()
    item: str = ""
    index: int = 0
    layers: tuple[Layer, ...] = field(default=())
    release: ImageOwner | None = None
    settled: int = 0
    named: int = 0
    root: str = ""
    fields: tuple[tuple[Role, tuple[Step, ...]], ...] = ()
    untraced: Untraced | None = None
    doubts: tuple[Untraced, ...] = ()

    @property
    def repository(self) -> str | None:
        """The normalised repository that is rendered."""
        return self.spelling.repository


def live_of(place: ImageLocation, *, reachable: bool = False, seen: bool = True) -> EffectiveImage:
    """The image that a place says, before any layer above it."""
    return EffectiveImage(
        spelling=place.spelling,
        naming=place,
        version=place,
        reachable=reachable,
        seen=seen,
    )


def sealed(live: EffectiveImage) -> EffectiveImage:
    """The image as something above sees it that holds it without transforming it."""
    return replace(live, reachable=False, resource=None)
