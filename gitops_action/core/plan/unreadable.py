"""Files that do not parse: an error where one can decide a wanted image, else a note."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from gitops_action.core.dataclass import dataclass
from gitops_action.core.discovery import DiscoveredImages, Source
from gitops_action.core.kustomize import KUSTOMIZATION_NAMES
from gitops_action.core.plan.images import changes_by_repository, requested_images
from gitops_action.core.plan.model import PlanRequest, allowed
from gitops_action.core.yaml.path import YamlSyntaxError
from gitops_action.errors import GitOpsError, GitOpsErrors

_HUB = "docker.io/library/"


def refuse_unreadable(request: PlanRequest, discovered: DiscoveredImages, source: Source) -> None:
    """Stop at what is wrong, but note files that do not parse and cannot decide a wanted image.

    A file can decide it when what renders the image is built from it, when it is a kustomization
    above the image, when it refers to the image's folder, when it is to be edited, or when it names
    the image and `paths` lets it be edited. Where an image is found nowhere, each file can hold it.

    Raises:
        GitOpsError: one such file is wrong.
        GitOpsErrors: several are.
    """
    broken = {file: e for file, e in sorted(source.errors.items()) if file in discovered.files}
    if not broken:
        return
    deciding = _Deciding(
        request=request,
        files=_files_of(request, discovered),
        missing=_missing(request, discovered),
    )
    refused = {
        file: error
        for file, error in broken.items()
        if not isinstance(error, YamlSyntaxError) or deciding.includes(file, source.data(file))
    }
    for file in broken.keys() - refused.keys():
        source.skip(file, _line(broken[file]), _reason(broken[file]))
    _raise(refused)


@dataclass(frozen=True, kw_only=True)
class _Deciding:
    """Finds the files that can decide a requested image.

    Attributes:
        request: what is wanted.
        files: those that the wanted images were found in or are rendered from.
        missing: whether an image was found nowhere.
    """

    request: PlanRequest
    files: frozenset[str]
    missing: bool

    def includes(self, file: str, data: bytes) -> bool:
        text = data.decode(errors="replace")
        if file in self.files or file in {edit.file for edit in self.request.sets}:
            return True
        if self._is_above(file) or self._refers_to_a_folder(text):
            return True
        editable = not self.request.paths or allowed(file, self.request.paths)
        return editable and (self.missing or self._names_an_image(text))

    def _is_above(self, file: str) -> bool:
        folder, _, name = file.rpartition("/")
        start = f"{folder}/" if folder else ""
        return name in KUSTOMIZATION_NAMES and any(path.startswith(start) for path in self.files)

    def _refers_to_a_folder(self, text: str) -> bool:
        """An image's own name is no reference to a folder that is called alike."""
        for repository in _repositories(self.request):
            text = text.replace(_name(repository), "")
        folders = {path.rpartition("/")[0].rpartition("/")[2] for path in self.files} - {""}
        return any(
            re.search(rf"(?:/|-\s+[\"']?){re.escape(folder)}(?![\w.:@-])", text)
            for folder in folders
        )

    def _names_an_image(self, text: str) -> bool:
        return any(_names(repository, text) for repository in _repositories(self.request))


def _names(repository: str, text: str) -> bool:
    """Whether a text has the repository's name."""
    return re.search(rf"(?<![\w.-]){re.escape(_name(repository))}(?![\w-])", text) is not None


def _name(repository: str) -> str:
    """The name without the registry, which may be written elsewhere."""
    bare = repository.removeprefix(_HUB)
    return bare.partition("/")[2] or bare


def _repositories(request: PlanRequest) -> tuple[str, ...]:
    return tuple(changes_by_repository(request.changes))


def _files_of(request: PlanRequest, discovered: DiscoveredImages) -> frozenset[str]:
    found: set[str] = set()
    for item in requested_images(request, discovered):
        found |= discovered.reached.get(item.live.root, frozenset())
        found |= {item.live.version.main.file, item.live.naming.main.file}
    return frozenset(found)


def _missing(request: PlanRequest, discovered: DiscoveredImages) -> bool:
    there = {item.change.repository for item in requested_images(request, discovered)}
    return any(change.repository not in there for change in request.changes)


def _line(error: GitOpsError) -> int:
    return (error.location.line if error.location else None) or 1


def _reason(error: GitOpsError) -> str:
    cause = f" ({error.cause})" if error.cause else ""
    return f"it does not parse, so nothing in it was looked at: {error.title}{cause}"


def _raise(refused: Mapping[str, GitOpsError]) -> None:
    errors: Iterable[GitOpsError] = refused.values()
    listed = tuple(errors)
    if len(listed) == 1:
        raise listed[0]
    if listed:
        raise GitOpsErrors("Files of the environment cannot be read", listed)
