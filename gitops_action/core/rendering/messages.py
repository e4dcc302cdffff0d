"""What kustomize says when it fails, as people can use it."""

from __future__ import annotations

import posixpath
import re

from gitops_action.core.rendering.errors import RenderError
from gitops_action.errors import Location

_RECURSED = re.compile(r"recursed accumulation of path '([^']*)'")
_FROM = re.compile(r"(?:accumulating|merging) resources from '([^']+)'")
_IN_FILE = re.compile(r"in File: (\S+)\s*$")
# What kustomize tried after the thing that failed; it says nothing about the mistake.
_AFTERMATH = re.compile(r"'?: must build at directory: .*$", re.DOTALL)
_WRAPPING = re.compile(
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
        fix=f"mend it, and try `kubectl kustomize {folder or '.'}`",
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
