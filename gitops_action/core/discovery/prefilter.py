"""Which files are worth holding on to while a tree streams by: decided by path and bytes alone."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from gitops_action.core.config import is_settings
from gitops_action.core.discovery.kinds import argocd
from gitops_action.core.discovery.relevance import WIDE, signs_of, steers
from gitops_action.core.discovery.source import YAML_ENDINGS
from gitops_action.core.kustomize import is_kustomization
from gitops_action.core.repository import Keep

TEMPLATE_ENDINGS = (".tpl", ".j2", ".gotmpl", ".tmpl")
_YAML_LIKE = (*YAML_ENDINGS, *TEMPLATE_ENDINGS)
_MAY_DECIDE = (b"ag:", b"AG", b'ag"', b"ag'", b"igest", b"version", b"VERSION")
"""What a file that others name may hold to settle a version without the image's name."""


def keep_files(repositories: Iterable[str], named: Collection[str]) -> Keep:
    """A prefilter.

    Kept are the configuration and the holds, kustomizations, files that are `named`, and YAML, JSON
    and template files that hold the last part of a repository's name, a marker, an object of
    Flux or Argo CD, or a tag or digest: the repository may stand in another file that names this
    one. Without repositories every YAML file is kept.

    Args:
        repositories: normalised repositories.
        named: paths, or ends of paths, that are edited explicitly.
    """
    signs = signs_of(repositories)
    everything = not signs.words and not named
    ends = tuple(f"/{name}" for name in named)

    hints = (*_MAY_DECIDE, *signs.hints)

    def keep(path: str, data: bytes) -> bool:
        if path.endswith(_YAML_LIKE):
            if everything or data.startswith(WIDE):
                return everything or signs.named_in(data) or _is_known(path)
            # Plain searches, one after the other: of 20,000 files most hold none of the hints.
            for hint in hints:
                if hint in data:
                    return _may_matter(path, data)
        return _is_known(path)

    def _may_matter(path: str, data: bytes) -> bool:
        decides = any(sign in data for sign in _MAY_DECIDE)
        return decides or signs.named_in(data) or steers(data) or _is_known(path)

    def _is_known(path: str) -> bool:
        name = path.rpartition("/")[2]
        known = is_kustomization(path) or name.startswith(argocd.OVERRIDES)
        return known or path in named or f"/{path}".endswith(ends) or is_settings(path)

    return keep
