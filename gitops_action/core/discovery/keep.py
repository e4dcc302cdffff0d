"""Which files are worth holding on to while a tree streams by: decided by path and bytes alone."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from gitops_action.core.config import CONFIG_PATH
from gitops_action.core.discovery.kinds import flux, helm, markers
from gitops_action.core.discovery.source import KUSTOMIZATION_NAMES, YAML_ENDINGS
from gitops_action.core.files import Keep

HOLDS_FOLDER = ".github/gitops/holds/"
TEMPLATE_ENDINGS = (".tpl", ".j2", ".gotmpl", ".tmpl")
_LONGEST_LINK = 1024
_STEERING = (
    flux.KUSTOMIZE_GROUP.encode(),
    flux.IMAGE_GROUP.encode(),
    b"argoproj.io/",
    *markers.BYTES,
)
"""What decides where environments lead and what marks mean, whichever image is looked for."""


def keep_files(repositories: Iterable[str], named: Collection[str]) -> Keep:
    """A prefilter.

    Kept are the configuration and the holds, kustomizations, symbolic links, files that are
    `named`, and YAML, JSON and template files that hold the last part of a repository's name, a
    marker, or an object that leads elsewhere. Values files are kept when they hold a tag or digest,
    because the repository may stand in another one. Without repositories every YAML file is kept.

    Args:
        repositories: normalised repositories.
        named: paths, or ends of paths, that are edited explicitly.
    """
    words = {repository.rpartition("/")[2].encode() for repository in repositories}
    pattern = re.compile(b"|".join(re.escape(word) for word in sorted({*words, *_STEERING})))
    ends = tuple(f"/{name}" for name in named)

    def keep(path: str, data: bytes) -> bool:
        name = path.rpartition("/")[2]
        if name in KUSTOMIZATION_NAMES or path in named or f"/{path}".endswith(ends):
            return True
        if path == CONFIG_PATH or path.startswith(HOLDS_FOLDER):
            return True
        if _looks_like_link(data):
            return True
        if not name.endswith((*YAML_ENDINGS, *TEMPLATE_ENDINGS)):
            return False
        if not words and not named:
            return True
        return pattern.search(data) is not None or _is_partial_values(path, data)

    return keep


def _looks_like_link(data: bytes) -> bool:
    """Git stores a link's target as its content: one short line without an end."""
    return 0 < len(data) < _LONGEST_LINK and b"\n" not in data and b":" not in data


def _is_partial_values(path: str, data: bytes) -> bool:
    return helm.is_values_file(path) and (b"ag:" in data or b"igest:" in data)
