"""Why kustomize failed, in terms of the files it was given."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping

from gitops_action.core.manifests import Manifest, ObjectId, read_manifests
from gitops_action.core.manifests.scalars import read_plain
from gitops_action.core.pattern import pattern
from gitops_action.core.rendering.graph import Graph, RenderError
from gitops_action.core.rendering.kustomization import PLUGIN_FIELDS, Text
from gitops_action.core.rendering.output import twice
from gitops_action.core.repository import RepositoryFile
from gitops_action.errors import GitOpsError, Location

_REGISTERED = "already registered id"
_UNKNOWN_FIELD = pattern(r'unknown field "([^"]+)"')
_PLUGIN_FIELDS = {(field,) for field in PLUGIN_FIELDS}
_PLUGIN = pattern(r"unable to load external plugin '([^']+)'")
_NOT_TEXT = pattern(r"Go struct field [\w.]*?\.(\w+(?:\.\w+)*) of type string")


def diagnose(
    error: GitOpsError, graph: Graph, files: Mapping[str, RepositoryFile]
) -> tuple[GitOpsError, ...]:
    """The mistakes in the resource files, each with file and line; the error itself if none is.

    kustomize stops at the first and knows no lines; so its word is only taken where the files
    themselves have nothing wrong with them.
    """
    paths = [path for path in dict.fromkeys(graph.resources) if path in files]
    parsed = {path: read_manifests(path, files[path].data) for path in paths}
    problems = tuple(item for part in parsed.values() for item in part.problems)
    if problems:
        return problems
    if _REGISTERED in error.cause:
        every = [item for part in parsed.values() for item in part.manifests]
        return _doubles(every) or (error,)
    return (_placed(error, graph, files),)


def _placed(error: GitOpsError, graph: Graph, files: Mapping[str, RepositoryFile]) -> GitOpsError:
    """The error at the line of the field that kustomize complains of, where that is clear."""
    plugin = _PLUGIN.search(error.cause)
    if plugin:
        return _not_run(plugin[1], graph, files)
    place, fix = _field(error.cause, graph)
    if place is None:
        return error
    return RenderError(error.title, cause=error.cause, fix=fix, location=place)


def _not_run(kind: str, graph: Graph, files: Mapping[str, RepositoryFile]) -> GitOpsError:
    """A plugin that is no part of kustomize: a program, a function or a container."""
    named = re.compile(rf"kind: *[\"']?{re.escape(kind)}\b")

    def configures(text: Text, folder: str) -> bool:
        file = files.get(posixpath.normpath(posixpath.join(folder, text.value)))
        held = file.data.decode(errors="replace") if file else text.value
        return text.folded[:1] in _PLUGIN_FIELDS and named.search(held) is not None

    places = (
        Location(file=kustomization.path, line=text.line)
        for kustomization in graph.kustomizations
        for text in kustomization.texts
        if configures(text, kustomization.folder)
    )
    return RenderError(
        f"the plugin {kind} is not run, so its kustomization is not rendered",
        cause="no program or container that a repository names is started here; Flux starts none",
        fix="keep the objects that it makes in files, or use a generator or transformer of"
        " kustomize's own",
        location=next(places, Location(file=graph.kustomizations[0].path)),
    )


def _field(cause: str, graph: Graph) -> tuple[Location | None, str]:
    unknown = _UNKNOWN_FIELD.search(cause)
    if unknown:
        return _line(graph, lambda text: unknown[1] in text.keys), "remove or correct the field"
    wrong = _NOT_TEXT.search(cause)
    if wrong:
        names = tuple(wrong[1].split("."))
        return _line(graph, lambda text: _is_number(text, names)), "put the value in quotes"
    return None, ""


def _is_number(text: Text, names: tuple[str, ...]) -> bool:
    own = tuple(key for key in text.keys if isinstance(key, str))
    return own == names and text.plain and not isinstance(read_plain(text.value), str)


def _line(graph: Graph, requested: Callable[[Text], bool]) -> Location | None:
    places = (
        Location(file=kustomization.path, line=text.line)
        for kustomization in graph.kustomizations
        for text in kustomization.texts
        if requested(text)
    )
    return next(places, None)


def _doubles(manifests: list[Manifest]) -> tuple[GitOpsError, ...]:
    first: dict[ObjectId, Manifest] = {}
    found = []
    for manifest in manifests:
        other = first.setdefault(manifest.id, manifest)
        if other is not manifest:
            found.append(twice(other, manifest))
    return tuple(found)


# What kustomize says when it fails, as people can use it.

_RECURSED = pattern(r"recursed accumulation of path '([^']*)'")
_FROM = pattern(r"(?:accumulating|merging) resources from '([^']+)'")
_IN_FILE = pattern(r"in File: (\S+)\s*$")
# What kustomize tried after the thing that failed; it says nothing about the mistake.
_AFTERMATH = pattern(r"'?: must build at directory: .*$", re.DOTALL)
_WRAPPING = pattern(
    r"^(?:error: |accumulating resources: |accumulation err='|accumulating components: "
    r"|(?:accumulating|merging) resources from '[^']*': |'[^']*' must resolve to a file': "
    r"|recursed accumulation of path '[^']*': |accumulateDirectory: |\")+"
)
_MOST = 600


def kustomize_error(folder: str, message: str, kustomization: str) -> RenderError:
    """An error in terms of the repository.

    Args:
        folder: the folder that was rendered.
        message: what kustomize wrote, with paths from the repository's top.
        kustomization: the folder's kustomization file, to blame when the message names none.
    """
    told = message.strip()
    inner = _WRAPPING.sub("", _AFTERMATH.sub("", told)).strip() or told
    shown = inner if len(inner) <= _MOST else f"{inner[:_MOST]}…"
    return RenderError(
        f"kustomize cannot build {folder or 'the repository'}",
        cause=" ".join(shown.split()),
        fix=f"fix it, and try `kubectl kustomize {folder or '.'}`",
        location=Location(file=_file(folder, told) or kustomization),
    )


def _file(folder: str, message: str) -> str:
    """The file a message speaks of: the innermost that kustomize was reading."""
    base = folder
    end = 0
    for found in _RECURSED.finditer(message):
        base, end = found[1], found.end()
    named = [*_FROM.findall(message, end), *_IN_FILE.findall(message, end)]
    if not named:
        return ""
    path = posixpath.normpath(posixpath.join(base, named[-1]))
    return "" if path.startswith(("..", "/")) or path == "." else path
