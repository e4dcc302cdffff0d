"""Which files are worth holding on to while a tree streams by: decided by path and bytes alone."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from gitops_action.core.config import CONFIG_PATH, HOLDS_FOLDER
from gitops_action.core.discovery.kinds import flux, helm, markers
from gitops_action.core.discovery.source import KUSTOMIZATION_NAMES, YAML_ENDINGS
from gitops_action.core.repository import Keep

TEMPLATE_ENDINGS = (".tpl", ".j2", ".gotmpl", ".tmpl")
_YAML_LIKE = (*YAML_ENDINGS, *TEMPLATE_ENDINGS)
_STEERING = (
    flux.FAMILY.encode(),
    b"argoproj.io/",
    b"/spec/values/",
    *markers.BYTES,
)
"""What decides where environments lead and what marks mean, whichever image is looked for."""


def keep_files(repositories: Iterable[str], named: Collection[str]) -> Keep:
    """A prefilter.

    Kept are the configuration and the holds, kustomizations, files that are `named`, and YAML, JSON
    and template files that hold the last part of a repository's name, a marker, or an object of
    Flux or Argo CD. Values files are kept when they hold a tag or digest,
    because the repository may stand in another one. Without repositories every YAML file is kept.

    Args:
        repositories: normalised repositories.
        named: paths, or ends of paths, that are edited explicitly.
    """
    # Plain searches: an expression of alternatives takes ten times as long on 20,000 files.
    words = {repository.rpartition("/")[2].encode() for repository in repositories}
    signs = (*sorted(words), *_STEERING)
    everything = not words and not named
    ends = tuple(f"/{name}" for name in named)

    def keep(path: str, data: bytes) -> bool:
        if path.endswith(_YAML_LIKE):
            for sign in signs:
                if sign in data:
                    return True
            if everything or _is_partial_values(path, data):
                return True
        if path.endswith(KUSTOMIZATION_NAMES) and path.rpartition("/")[2] in KUSTOMIZATION_NAMES:
            return True
        return path in named or f"/{path}".endswith(ends) or _is_ours(path)

    return keep


def _is_ours(path: str) -> bool:
    return path == CONFIG_PATH or path.startswith(HOLDS_FOLDER)


def _is_partial_values(path: str, data: bytes) -> bool:
    return helm.is_values_file(path) and (b"ag:" in data or b"igest:" in data)
