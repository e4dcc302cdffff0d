"""An image on its way through the layers: what it says now, and which places said so."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from gitops_action.core.discovery.spelling import Spelling
from gitops_action.core.discovery.spots import Place
from gitops_action.core.yaml import Step


@dataclass(frozen=True, kw_only=True)
class Resource:
    """The Kubernetes object an image stands in, as patches name it.

    `names` holds the original name and those that prefixes and suffixes made of it.
    """

    group: str
    kind: str
    names: tuple[str, ...]
    document: tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A kustomization an image passed through, and the name it left with."""

    kustomization: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Live:
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
    """

    spelling: Spelling
    naming: Place
    version: Place
    reachable: bool = False
    seen: bool = True
    dead: bool = False
    resource: Resource | None = None
    listed: tuple[Step, ...] = ()
    item: str = ""
    index: int = 0
    layers: tuple[Layer, ...] = field(default=())
    release: Resource | None = None
    settled: int = 0
    named: int = 0
    root: str = ""

    @property
    def repository(self) -> str | None:
        """The normalised repository that is rendered."""
        return self.spelling.repository


def live_of(place: Place, *, reachable: bool = False, seen: bool = True) -> Live:
    """The image that a place says, before any layer above it."""
    return Live(
        spelling=place.spelling,
        naming=place,
        version=place,
        reachable=reachable,
        seen=seen,
    )


def sealed(live: Live) -> Live:
    """The image as something above sees it that holds it without transforming it."""
    return replace(live, reachable=False, resource=None)
