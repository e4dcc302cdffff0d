"""The edits of a plan while it is made: what each scalar becomes, and what is created."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from gitops_action.core.discovery import Source
from gitops_action.core.discovery.image import ImageLocation, Role, Spot
from gitops_action.core.discovery.kinds import markers
from gitops_action.core.plan.model import CannotWriteError, PlanLine, SharedAnchorError, Uses
from gitops_action.core.yaml.edit import apply
from gitops_action.core.yaml.path import YamlPath
from gitops_action.core.yaml.proof import AddListItem, Edit, Replace, ReplaceComment
from gitops_action.errors import GitOpsError, Location

Item = tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class _Write:
    """One scalar and what its whole text becomes."""

    spot: Spot
    value: str
    as_string: bool = True

    def edits(self) -> list[Edit]:
        """The edit of the scalar, named by every path that reads it: the plan lists them all."""
        paths = dict.fromkeys((self.spot.path, *self.spot.readers))
        return [Replace(path=path, value=self.value, as_string=self.as_string) for path in paths]


@dataclass(kw_only=True)
class Writer:
    """Collects lines and edits; nothing is applied before all of them are known."""

    source: Source
    environment: str
    uses: Uses = field(default_factory=dict)
    lines: dict[tuple[str, str], PlanLine] = field(default_factory=dict)
    unchanged: dict[tuple[str, str], PlanLine] = field(default_factory=dict)
    _writes: dict[tuple[str, str], _Write] = field(default_factory=dict)
    _items: dict[tuple[str, Item], None] = field(default_factory=dict)
    _comments: dict[tuple[str, str], tuple[Spot, str]] = field(default_factory=dict)

    def put(
        self,
        place: ImageLocation,
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
                self.write(spot, values[role], line)
            else:
                self.unchanged.setdefault((spot.file, spot.at), line)

    def write(self, spot: Spot, value: str, line: PlanLine, *, as_string: bool = True) -> None:
        """Give one scalar another value; other places that read it get a line of their own.

        Raises:
            CannotWriteError: it was to become something else already.
            SharedAnchorError: other images read it by an alias.
        """
        self.refuse_other_images(spot)
        text = f"{spot.prefix}{value}{spot.suffix}"
        known = self._writes.get(spot.key)
        if known is not None and known.value != text:
            raise CannotWriteError(
                f"{spot.at} would have to say both {known.value} and {text}",
                cause="two images, or an image and `set`, share this value",
                fix="give each a value of its own, or drop one of the two",
                location=Location(file=spot.file, line=spot.line),
            )
        typed = as_string or (known is not None and known.as_string)
        self._writes[spot.key] = _Write(spot=spot, value=text, as_string=typed)
        self.lines.setdefault((spot.file, spot.at), line)

    def refuse_other_images(self, spot: Spot) -> None:
        """Refuse a scalar that other images read by an alias, unless a marker names its owner.

        Raises:
            SharedAnchorError: there are such images.
        """
        others = [use.name for use in self.uses.get(spot.key, ()) if use.spot.path != spot.path]
        if others and not markers.is_marked(spot):
            raise SharedAnchorError(spot, list(dict.fromkeys(others)))

    def follow_aliases(self) -> None:
        """List the places that change because they read a value that is written, by an alias."""
        for write in self._writes.values():
            spot = write.spot
            line = self.lines[spot.file, spot.at]
            template = None if spot.has_anchor else spot.anchored
            for reader in (path for path in spot.readers if path != template):
                at = replace(spot, path=reader).at
                reason = f"it reads the anchored value of {spot.file}:{spot.line}"
                alias = replace(line, path=at, rule="yaml-alias", reason=reason, repository=None)
                self.lines.setdefault((spot.file, at), alias)

    def rename_marker(self, spot: Spot, name: str) -> None:
        """Let the marker behind a scalar name another image; its line has a place in the plan."""
        written = markers.renamed(spot.comment, name)
        if written != spot.comment:
            self._comments[spot.key] = (spot, written)
            line = self.lines.get((spot.file, spot.at)) or self.unchanged.get((spot.file, spot.at))
            if line is not None:
                reason = "the marker names the image under its new name"
                comment = replace(line, old=spot.comment, new=written, rule="marker", reason=reason)
                self.lines.setdefault((spot.file, f"{spot.at} # marker"), comment)

    def create(self, kustomization: str, item: Item, line: PlanLine) -> None:
        """Add an `images` entry to a kustomization."""
        self._items.setdefault((kustomization, item))
        self.lines.setdefault((kustomization, f"{line.path} {dict(item)['name']}"), line)

    def contents(self) -> tuple[dict[str, bytes], tuple[GitOpsError, ...]]:
        """The new content of every file that changes, and what the editor refused."""
        edits: dict[str, bytes] = {}
        errors: list[GitOpsError] = []
        files = {write.spot.file for write in self._writes.values()}
        files |= {spot.file for spot, _ in self._comments.values()}
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
        edits = [edit for write in writes if write.spot.outer is None for edit in write.edits()]
        edits += [
            _comment(spot, written)
            for spot, written in self._comments.values()
            if spot.file == file and spot.outer is None
        ]
        texts = dict.fromkeys(write.spot.outer for write in writes if write.spot.outer)
        texts |= dict.fromkeys(
            spot.outer for spot, _ in self._comments.values() if spot.file == file and spot.outer
        )
        edits += [self._inside(outer) for outer in texts]
        edits += [
            AddListItem(path=YamlPath(), key="images", item=item)
            for path, item in self._items
            if path == file
        ]
        return edits

    def _inside(self, outer: Spot) -> Replace:
        """Edit the YAML that a text holds, and put the text back."""
        held = [write for write in self._writes.values() if write.spot.outer == outer]
        edits = [edit for write in held for edit in write.edits()]
        edits += [
            _comment(spot, written)
            for spot, written in self._comments.values()
            if spot.outer == outer
        ]
        edited = apply(outer.file, outer.value.encode(), edits)
        return Replace(path=outer.path, value=edited.decode())


def _comment(spot: Spot, written: str) -> ReplaceComment:
    line = spot.line - (spot.outer.line if spot.outer else 0)
    return ReplaceComment(line=line, text=spot.comment, value=written)


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
