"""Which Kustomizations deploy an environment, by the folder that they read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from gitops_action.core.flux.facts import source_of
from gitops_action.core.manifests.fields import text
from gitops_action.core.manifests.model import Body

_APPLICATION = "{application}"


def of_path(kustomizations: Iterable[Body], path: str) -> tuple[Body, ...]:
    """Those that read the environment's folder or one in it; else the nearest folder above it.

    Args:
        kustomizations: candidates; of those that read no Git repository the path says as much.
        path: the environment's, which may hold `{application}`.
    """
    candidates = tuple(one for one in kustomizations if source_of(one).name)
    inside = tuple(one for one in candidates if _is_inside(_folder(one), path))
    if inside:
        return inside
    above = [one for one in candidates if _is_above(_folder(one), path)]
    deepest = max((len(_folder(one).parts) for one in above), default=0)
    return tuple(one for one in above if len(_folder(one).parts) == deepest)


def _folder(kustomization: Body) -> PurePosixPath:
    """`./a/b/` and `a/b` are the same folder; none is the top."""
    return PurePosixPath(text(kustomization, "spec", "path").lstrip("/"))


def _is_inside(folder: PurePosixPath, path: str) -> bool:
    parts = PurePosixPath(path).parts
    if len(folder.parts) < len(parts):
        return False
    return all(_fits(one, part) for one, part in zip(folder.parts, parts, strict=False))


def _is_above(folder: PurePosixPath, path: str) -> bool:
    fixed = PurePosixPath(path.partition(_APPLICATION)[0])
    return folder.parts == fixed.parts[: len(folder.parts)]


def _fits(name: str, pattern: str) -> bool:
    expression = re.escape(pattern).replace(re.escape(_APPLICATION), "[^/]+")
    return bool(re.fullmatch(expression, name))
