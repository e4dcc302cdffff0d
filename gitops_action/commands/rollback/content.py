"""Which images a commit describes for an environment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gitops_action.commands.bump.content import environment_folders
from gitops_action.commands.ports import ContentReader
from gitops_action.core.config import Config, Environment, by_image_name
from gitops_action.core.discovery import ImageDiscovery, Source, raise_errors, uses_of
from gitops_action.core.images import ImageReference
from gitops_action.core.repository import Keep, Snapshot, Tip
from gitops_action.core.rollback.candidates import DescribedImages, ImageKey
from gitops_action.errors import GitOpsError

_MANIFESTS = (".yaml", ".yml", ".json", "Kustomization")
_ROUNDS = 3
"""How often folders that a kustomization leads to are read, before the whole tree is."""


class Contents:
    """Reads commits, each folder once; what cannot be read is None."""

    def __init__(
        self,
        store: ContentReader,
        config: Config,
        *,
        tip: Tip,
        repository: str,
        applications: Sequence[str] = (),
    ) -> None:
        """`config` is the base's: its environments are looked for at every commit.

        Of the tip every environment is read, since a file that two of them share is not edited.
        `repository` (OWNER/NAME) and the tip's branch say which sources of controllers are read.
        Of applications that are named, only the folders are read.
        """
        self._store = store
        self._config = config
        self._tip = tip.commit
        self._branch = tip.branch
        self._repository = repository
        self._applications = tuple(applications)
        self._known: dict[tuple[str, str], DescribedImages | None] = {}
        self._snapshots: dict[str, Snapshot] = {}
        self._closures: dict[str, tuple[str, ...]] = {}

    def read(self, environment: Environment, commit: str) -> DescribedImages | None:
        """The images of an environment at a commit; None where they cannot be read."""
        key = environment.name, commit
        if key not in self._known:
            try:
                self._known[key] = self._described(environment, commit)
            except GitOpsError:
                self._known[key] = None
        return self._known[key]

    def tip(self, environment: Environment, commit: str) -> DescribedImages:
        """The same of the base's tip, which has to be readable.

        Raises:
            GitOpsError: it is not.
        """
        found = self.read(environment, commit)
        return self._described(environment, commit) if found is None else found

    def snapshot(self, commit: str, folders: tuple[str, ...]) -> Snapshot:
        """The files of a commit that images can be found in: at least of these folders.

        No folder stands for the whole tree.

        Raises:
            GitOpsError: it cannot be read.
        """
        known = self._snapshots.get(commit)
        missing = folders if known is None else _outside(folders, known.folders)
        if known is not None and not missing and (folders or not known.folders):
            return known
        more = self._store.read(commit=commit, folders=missing, keep=_manifest)
        merged = replace(more, filtered=False)
        if known is not None and more.folders:
            merged = replace(
                merged,
                files={**known.files, **more.files},
                folders=(*known.folders, *more.folders),
            )
        self._snapshots[commit] = merged
        return merged

    def _described(self, environment: Environment, commit: str) -> DescribedImages:
        folders = self._folders(environment, commit)
        for round_ in range(_ROUNDS + 1):
            source = Source(
                snapshot=self.snapshot(commit, folders),
                repository=self._repository,
                branch=self._branch,
            )
            found = ImageDiscovery(source).discovered(environment)
            if not source.unread or not source.snapshot.folders:
                break
            widened = (*folders, *sorted(source.unread))
            folders = widened if round_ < _ROUNDS - 1 and widened != folders else ()
        raise_errors(source, found.files)
        closure = tuple(dict.fromkeys(folders))
        images: dict[ImageKey, dict[str, ImageReference]] = {}
        for use in uses_of(found, environment, self._config):
            # A variable, for example, is no version that could be gone back from.
            if (reference := use.reference) is not None:
                name = use.application or by_image_name(use.repository)
                images.setdefault((name, use.repository), {})[str(reference)] = reference
        if self._applications and not {name for name, _ in images}.issuperset(self._applications):
            # One goes by another name than its folder, or was not there yet.
            self._applications, self._closures = (), {}
            return self._described(environment, commit)
        self._closures[environment.name] = closure
        return {key: tuple(images[key].values()) for key in sorted(images)}

    def _folders(self, environment: Environment, commit: str) -> tuple[str, ...]:
        """Those that led to every image before; else the environment's own."""
        own = environment.folders(self._applications) if self._config.declared else ()
        found = self._closures.get(environment.name, () if "" in own else tuple(own))
        every = environment_folders(self._config, self._applications)
        if commit != self._tip or not found:
            return found
        return tuple(dict.fromkeys((*every, *found))) if every else ()


def with_own_folders(applications: Sequence[str], config: Config) -> tuple[str, ...]:
    """The applications, where all are found by their folders; one with images may be anywhere."""
    declared = {one.name for one in config.applications if one.images}
    return () if declared.intersection(applications) else tuple(applications)


def _outside(folders: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """Those that lie in none of the known ones; nothing lies outside the whole tree."""
    if not known:
        return ()
    return tuple(
        one for one in folders if not any(one == at or one.startswith(f"{at}/") for at in known)
    )


def _manifest(path: str, _data: bytes) -> bool:
    return path.endswith(_MANIFESTS)


class KnownContent:
    """The content, with what was read of commits already. Fulfils `ContentReader`."""

    def __init__(self, store: ContentReader, contents: Contents) -> None:
        """`contents` has read the commits."""
        self._store = store
        self._contents = contents

    def read(self, *, commit: str, folders: tuple[str, ...], keep: Keep) -> Snapshot:
        """At least the folders that are asked for."""
        known = self._contents.snapshot(commit, folders)
        kept = {path: file for path, file in known.files.items() if keep(path, file.data)}
        return replace(known, files=kept)

    def confirm(self, *, snapshot: Snapshot, paths: Sequence[str]) -> Snapshot:
        """As the store has it."""
        return self._store.confirm(snapshot=snapshot, paths=paths)
