"""Which images a commit describes for an environment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gitops_action.commands.ports import ContentReader
from gitops_action.core.config import Config, Environment
from gitops_action.core.discovery import (
    ImageDiscovery,
    Source,
    application_of_live,
    raise_errors,
)
from gitops_action.core.images import ImageReference, ImageReferenceError, parse_reference
from gitops_action.core.repository import Keep, Snapshot
from gitops_action.core.rollback.candidates import DescribedImages, ImageKey
from gitops_action.errors import GitOpsError

_MANIFESTS = (".yaml", ".yml", ".json", "Kustomization")


class Contents:
    """Reads commits, each once; what cannot be read is None."""

    def __init__(self, store: ContentReader, config: Config) -> None:
        """`config` is the base's: its environments are looked for at every commit."""
        self._store = store
        self._config = config
        self._known: dict[tuple[str, str], DescribedImages | None] = {}
        self._snapshots: dict[str, Snapshot] = {}

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

    def snapshot(self, commit: str) -> Snapshot:
        """The files of a commit that images can be found in.

        Raises:
            GitOpsError: it cannot be read.
        """
        if commit not in self._snapshots:
            found = self._store.read(commit=commit, folders=(), keep=_manifest)
            self._snapshots[commit] = replace(found, filtered=False)
        return self._snapshots[commit]

    def _described(self, environment: Environment, commit: str) -> DescribedImages:
        source = Source(snapshot=self.snapshot(commit))
        found = ImageDiscovery(source).discovered(environment)
        raise_errors(source, found.files)
        images: dict[ImageKey, dict[str, ImageReference]] = {}
        for live in found.lives:
            if live.dead or live.repository is None:
                continue
            application = application_of_live(live, environment, self._config)
            spelling = live.spelling
            tag = f":{spelling.tag}" if spelling.tag else ""
            digest = f"@{spelling.digest}" if spelling.digest else ""
            try:
                reference = parse_reference(f"{spelling.name}{tag}{digest}")
            except ImageReferenceError:
                continue  # a variable, for example: no version that could be gone back from
            name = application or live.repository.rpartition("/")[2]
            images.setdefault((name, live.repository), {})[str(reference)] = reference
        return {key: tuple(images[key].values()) for key in sorted(images)}


def _manifest(path: str, _data: bytes) -> bool:
    return path.endswith(_MANIFESTS)


class KnownContent:
    """The content, with commits that were read whole already. Fulfils `ContentReader`."""

    def __init__(self, store: ContentReader, contents: Contents) -> None:
        """`contents` has read the commits."""
        self._store = store
        self._contents = contents

    def read(self, *, commit: str, folders: tuple[str, ...], keep: Keep) -> Snapshot:
        """Every folder, whichever are asked for."""
        del folders
        known = self._contents.snapshot(commit)
        kept = {path: file for path, file in known.files.items() if keep(path, file.data)}
        return replace(known, files=kept)

    def confirm(self, *, snapshot: Snapshot, paths: Sequence[str]) -> Snapshot:
        """As the store has it."""
        return self._store.confirm(snapshot=snapshot, paths=paths)
