"""What Flux and Argo CD put into a kustomization before they build it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from gitops_action.core.dataclass import dataclass
from gitops_action.core.discovery.cursor import Cursor
from gitops_action.core.discovery.kinds.kustomize import ImagesEntry


@dataclass(frozen=True, kw_only=True)
class Additions:
    """What is added to the kustomization of a folder.

    Attributes:
        by: who builds; they treat entries of the same name differently.
        patches: items of `patches`, behind those of the kustomization.
        components: items of `components`, behind those of the kustomization.
        entries: items of `images`.
        flat: of a folder without a kustomization, only the files directly in it are taken.
    """

    by: Literal["flux", "argocd"]
    patches: tuple[Cursor, ...] = ()
    components: tuple[Cursor, ...] = ()
    entries: tuple[ImagesEntry, ...] = ()
    flat: bool = False

    @property
    def any(self) -> bool:
        """Whether anything is added."""
        return bool(self.patches or self.components or self.entries)

    def merged(self, own: Iterable[ImagesEntry]) -> tuple[ImagesEntry, ...]:
        """The kustomization's own entries with the added ones.

        Flux merges the fields of entries of one name in place and appends the others (fluxcd/pkg
        kustomize since 1.39; before, the added entry took the whole place). Argo CD runs
        `kustomize edit set image`, which replaces entries of one name and sorts all by name.
        """
        if self.by == "flux":
            return tuple(self._in_place(tuple(own)))
        if not self.entries:
            return tuple(own)
        by_name = {entry.name: entry for entry in own}
        for entry in self.entries:
            below = by_name.get(entry.name) if entry.keeps_name else None
            by_name[entry.name] = entry.over(below) if below else entry
        return tuple(by_name[name] for name in sorted(by_name))

    def _in_place(self, own: tuple[ImagesEntry, ...]) -> Iterator[ImagesEntry]:
        added = {entry.name: entry for entry in self.entries}
        first: set[str] = set()
        for entry in own:
            above = added.get(entry.name) if entry.name not in first else None
            first.add(entry.name)
            yield above.over(entry) if above else entry
        yield from (entry for entry in self.entries if entry.name not in first)
