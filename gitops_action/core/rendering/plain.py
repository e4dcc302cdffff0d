"""The objects of plain files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gitops_action.core.files import RepositoryFile
from gitops_action.core.manifests import Manifest, read_manifests
from gitops_action.core.rendering.errors import LinkError
from gitops_action.core.rendering.layout import Layout
from gitops_action.core.rendering.model import Rendering
from gitops_action.errors import GitOpsError, Location


class SourceReader:
    """Reads the objects of files, of each content once: bases are shared, and sides are alike."""

    def __init__(self) -> None:
        """Nothing is read yet."""
        self._known: dict[tuple[str, bytes], tuple[Manifest, ...]] = {}

    def read(self, file: RepositoryFile) -> tuple[Manifest, ...]:
        """The objects of a file; what is none of it is left out."""
        key = (file.path, file.data)
        if key not in self._known:
            self._known[key] = read_manifests(file.path, file.data).manifests
        return self._known[key]


def read_plain_files(
    paths: Iterable[str], files: Mapping[str, RepositoryFile], layout: Layout, *, lenient: bool
) -> Rendering:
    """The objects of these files; a file that is broken keeps none of the others back.

    `lenient` is for the whole repository, which holds other YAML as well: what has neither
    apiVersion nor kind is passed over there.
    """
    manifests: list[Manifest] = []
    problems: list[GitOpsError] = []
    passed: list[str] = []
    for path in paths:
        file = files.get(layout.follow("", path).path or "")
        if file is None:
            problems.append(_broken_link(path))
        elif lenient and not (b"apiVersion" in file.data and b"kind" in file.data):
            passed.append(path)
        else:
            parsed = read_manifests(path, file.data)
            manifests += parsed.manifests
            problems += parsed.problems
    return Rendering(
        manifests=tuple(manifests), problems=tuple(problems), notes=tuple(_told(passed))
    )


def _told(passed: list[str]) -> list[str]:
    if not passed:
        return []
    more = f" and {len(passed) - 1} more" if len(passed) > 1 else ""
    return [f"{passed[0]}{more}: passed over, for it holds no Kubernetes object"]


def _broken_link(path: str) -> LinkError:
    return LinkError(
        f"{path} is a link that leads nowhere in the repository",
        fix="make it a file, or link to one",
        location=Location(file=path),
    )
