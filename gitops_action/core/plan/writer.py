"""The edits of a plan while it is made: what each scalar becomes, and what is created."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from gitops_action.core.discovery import Source
from gitops_action.core.discovery.image import Place, Role, Spot
from gitops_action.core.plan.model import CannotWriteError, PlanLine
from gitops_action.core.yaml import AddListItem, Edit, Replace, YamlPath, apply
from gitops_action.errors import GitOpsError, Location

Item = tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class _Write:
    """One scalar and what it becomes."""

    spot: Spot
    value: str
    as_string: bool = True


@dataclass(kw_only=True)
class Writer:
    """Collects lines and edits; nothing is applied before all of them are known."""

    source: Source
    environment: str
    lines: dict[tuple[str, str], PlanLine] = field(default_factory=dict)
    unchanged: dict[tuple[str, str], PlanLine] = field(default_factory=dict)
    _writes: dict[tuple[str, str], _Write] = field(default_factory=dict)
    _items: dict[tuple[str, Item], None] = field(default_factory=dict)

    def put(
        self,
        place: Place,
        values: Mapping[Role, str],
        *,
        application: str | None,
        repository: str | None,
    ) -> None:
        """Write values at a place; what reads so already becomes an unchanged line.

        Raises:
            CannotWriteError: the same scalar is to become two things.
        """
        changed = {role: value for role, value in values.items() if place.text(role) != value}
        for role in changed or tuple(values)[:1]:
            spot = place.spots[role]
            line = PlanLine(
                environment=self.environment,
                application=application,
                file=spot.file,
                line=spot.line,
                path=spot.at,
                old=place.text(role),
                new=values[role],
                rule=place.rule,
                reason=place.reason,
                repository=repository,
            )
            if changed:
                self.write(spot, values[role])
                self.lines.setdefault(spot.key, line)
            else:
                self.unchanged.setdefault(spot.key, line)

    def write(self, spot: Spot, value: str, *, as_string: bool = True) -> None:
        """Give one scalar another value.

        Raises:
            CannotWriteError: it was to become something else already.
        """
        wanted = _Write(spot=spot, value=value, as_string=as_string)
        known = self._writes.setdefault(spot.key, wanted)
        if known.value != value:
            raise CannotWriteError(
                f"{spot.at} would have to say both {known.value} and {value}",
                cause="two images, or an image and `set`, share this value",
                fix="give each a value of its own, or drop one of the two",
                location=Location(file=spot.file, line=spot.line),
            )

    def create(self, kustomization: str, item: Item, line: PlanLine) -> None:
        """Add an `images` entry to a kustomization."""
        self._items.setdefault((kustomization, item))
        self.lines.setdefault((kustomization, f"{line.path} {dict(item)['name']}"), line)

    def contents(self) -> tuple[dict[str, bytes], tuple[GitOpsError, ...]]:
        """The new content of every file that changes, and what the editor refused."""
        edits: dict[str, bytes] = {}
        errors: list[GitOpsError] = []
        files = {write.spot.file for write in self._writes.values()}
        for file in sorted(files | {path for path, _ in self._items}):
            data = self.source.data(file)
            try:
                edited = apply(file, data, self._edits(file))
            except GitOpsError as error:
                errors.append(error)
                continue
            if edited != data:
                edits[file] = edited
        return edits, tuple(errors)

    def _edits(self, file: str) -> list[Edit]:
        writes = [write for write in self._writes.values() if write.spot.file == file]
        edits: list[Edit] = [
            Replace(path=write.spot.path, value=write.value, as_string=write.as_string)
            for write in writes
            if write.spot.outer is None
        ]
        inner: dict[YamlPath, list[_Write]] = {}
        for write in writes:
            if write.spot.outer is not None:
                inner.setdefault(write.spot.outer.path, []).append(write)
        edits += [_inside(path, held) for path, held in inner.items()]
        edits += [
            AddListItem(path=YamlPath(), key="images", item=item)
            for path, item in self._items
            if path == file
        ]
        return edits


def _inside(path: YamlPath, held: list[_Write]) -> Replace:
    """Edit the YAML that a text holds, and put the text back."""
    outer = held[0].spot.outer
    text = outer.value if outer else ""
    edits = [Replace(path=w.spot.path, value=w.value, as_string=w.as_string) for w in held]
    edited = apply(held[0].spot.file, text.encode(), edits)
    return Replace(path=path, value=edited.decode())


def created_line(line: PlanLine, kustomization: str, item: Item) -> PlanLine:
    """The line for an entry that is created, from the line of the place it stands in for."""
    return replace(
        line,
        file=kustomization,
        line=1,
        path="images",
        old="",
        new=", ".join(f"{key}: {value}" for key, value in item),
        rule="kustomize-images-created",
        reason=f"{line.file}:{line.line} sets it for others too: this overlay gets its own",
    )
