"""Hashes that gates and approvals bind to: they change exactly when what was judged changes.

Two together cover a whole change. The rendered hash stands for what would be deployed. The
unrendered hash stands for every changed file whose content no rendered object shows in full:
workflows, configuration, holds, CODEOWNERS, charts, patches. A file that is wholly visible in the
render (a manifest, a kustomization) is left to the first one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping

from gitops_action.core.trees import Sides

_KUSTOMIZATIONS = frozenset({"kustomization.yaml", "kustomization.yml", "Kustomization"})


def rendered_hash(environments: Mapping[str, str]) -> str:
    """Hash of what environments render to.

    Args:
        environments: name to content hash of each environment that is touched. With none the
            hash is that of nothing: it is the same for every change that touches none.

    Returns:
        `sha256:…`, or nothing when the content of one of them is not known.
    """
    if not all(environments.values()):
        return ""
    return _hash(sorted(environments.items()))


def unrendered_hash(sides: Sides, shown: Collection[str]) -> str:
    """Hash of the changed files that are not wholly shown by a render.

    Args:
        sides: base and merged tree.
        shown: paths whose whole content is in a render, see `shown_files`.

    Returns:
        `sha256:…`; with no such file the hash of nothing. Name, mode and content count, and a
        removed file counts as removed; the base's content does not.
    """
    lines: list[tuple[str, str, str]] = []
    for path in sides.changed():
        if path not in shown:
            file = sides.merged.files.get(path)
            lines.append((path, file.mode, file.blob) if file else (path, "", ""))
    return _hash(lines)


def shown_files(origins: Collection[str], closure: Collection[str]) -> frozenset[str]:
    """The files that a render shows in full.

    Args:
        origins: files that rendered objects come from.
        closure: files that the render stands on; kustomizations count of these.
    """
    steering = {path for path in closure if path.rpartition("/")[2] in _KUSTOMIZATIONS}
    return frozenset(steering | set(origins))


def _hash(value: object) -> str:
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
