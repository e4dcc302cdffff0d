"""Builds many small kustomizations in a few runs of kubectl, and none of them twice."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from threading import Lock

from gitops_action.adapters.renderer.kustomize import Build, Kubectl, ScratchFolder
from gitops_action.core.dataclass import dataclass
from gitops_action.core.rendering import RenderError
from gitops_action.core.rendering.batch import BuildKey, apart, batches, stands_alone, together
from gitops_action.core.rendering.graph import Graph
from gitops_action.core.rendering.layout import RepositoryLayout
from gitops_action.core.repository import RepositoryFile

_FOLDER = "together"
_HALVED = 4
"""Folders of a run that failed which are not tried in halves, but each by itself."""


@dataclass(frozen=True, kw_only=True)
class Buildable:
    """A folder whose build depends on nothing beside it."""

    key: BuildKey
    graph: Graph

    @property
    def files(self) -> Mapping[str, RepositoryFile]:
        """Every file that the build reads."""
        found = (
            RepositoryFile(path=path, mode=mode, data=data) for path, mode, data in self.key[1]
        )
        return {file.path: file for file in found}

    @property
    def folder(self) -> str:
        """What is built."""
        return self.key[0]


class Batches:
    """What the builds of a run printed, by all that they read; threads may share one.

    Both sides of a change hold nearly the same kustomizations: each is built by the thread that
    asks for it first, and the other waits.
    """

    def __init__(self) -> None:
        """Nothing is built yet."""
        self._lock = Lock()
        self._built: dict[BuildKey, Future[bytes | None]] = {}

    def build(
        self,
        builds: Sequence[Buildable],
        kubectl: Kubectl,
        scratch: ScratchFolder,
        layout: RepositoryLayout,
    ) -> Mapping[str, bytes]:
        """What is printed of each folder; those that have to be built by themselves are missing.

        Args:
            builds: what to build.
            kubectl: builds them.
            scratch: where; the files of those that this thread builds are written to it.
            layout: of the repository.
        """
        by_key = {item.key: item for item in builds}
        for group in batches(by_key):
            mine = self._claim(group)
            found: Mapping[BuildKey, bytes] = {}
            try:
                found = _Run(kubectl, scratch, layout).of([by_key[key] for key in mine])
            finally:
                for key in mine:  # whatever happens: the other thread waits for them
                    self._built[key].set_result(found.get(key))
        results = ((item.folder, self._built[item.key].result()) for item in builds)
        return {folder: output for folder, output in results if output is not None}

    def _claim(self, keys: Iterable[BuildKey]) -> list[BuildKey]:
        """Those of the keys that no thread has begun."""
        with self._lock:
            mine = [key for key in keys if key not in self._built]
            for key in mine:
                self._built[key] = Future()
        return mine


class _Run:
    """The runs for one group of folders."""

    def __init__(self, kubectl: Kubectl, scratch: ScratchFolder, layout: RepositoryLayout) -> None:
        self._kubectl = kubectl
        self._scratch = scratch
        self._layout = layout

    def of(self, builds: Sequence[Buildable]) -> dict[BuildKey, bytes]:
        """What is printed of each; a run that fails is halved, for one folder may fail the rest."""
        if len(builds) < 2:  # noqa: PLR2004 - one alone needs no company
            return self._alone(*builds) if builds else {}
        outputs = self._together(builds)
        if outputs is not None:
            both = zip(builds, outputs, strict=True)
            return {item.key: output for item, output in both if stands_alone(output)}
        if len(builds) <= _HALVED:
            return {}
        middle = len(builds) // 2
        return {**self.of(builds[:middle]), **self.of(builds[middle:])}

    def _alone(self, item: Buildable) -> dict[BuildKey, bytes]:
        """One without company, from the few files that it reads; a failure is reported later."""
        self._scratch.write_some(item.files, self._layout)
        outside = bool(item.graph.outside)
        kustomization = item.graph.kustomizations[0].path
        build = Build(folder=item.folder, kustomization=kustomization, outside=outside)
        try:
            return {item.key: self._kubectl.build(self._scratch, build)[0]}
        except RenderError:
            return {}

    def _together(self, builds: Sequence[Buildable]) -> list[bytes] | None:
        marker = f"gitops-action-{secrets.token_hex(16)}"
        for item in builds:
            self._scratch.write_some(item.files, self._layout)
        paths = [f"../{self._scratch.top.name}/{item.folder}" for item in builds]
        for name, data in together(paths, marker).items():
            self._scratch.give(f"{_FOLDER}/{name}", data)
        build = Build(
            folder=f"../{_FOLDER}",
            kustomization=f"{_FOLDER}/kustomization.yaml",
            outside=any(item.graph.outside for item in builds),
        )
        try:
            output, _ = self._kubectl.build(self._scratch, build)
        except RenderError:
            return None
        return apart(output, len(builds), marker)
