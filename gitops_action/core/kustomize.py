"""What kustomize calls its files, and which references it fetches from elsewhere."""

from __future__ import annotations

import re
from functools import cache

KUSTOMIZATION_NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
"""The file names that kustomize recognises, in the order in which it looks for them."""


def is_kustomization(path: str) -> bool:
    """Whether kustomize takes a file of this name as its folder's kustomization."""
    return path.rpartition("/")[2] in KUSTOMIZATION_NAMES


def is_remote(reference: str, *, exists: bool) -> bool:
    """Whether a reference names something outside of the repository.

    Args:
        reference: as the kustomization writes it.
        exists: the repository has a file or folder at this path, which is local whatever it is
            called; only what is not there can be remote.
    """
    if exists or reference.startswith(("./", "../")):
        return False
    if _address().match(reference) or _query().search(reference):
        return True
    # A file is fetched by URL alone: without a scheme, a host names a repository.
    return bool(_host().match(reference)) and not reference.endswith((".yaml", ".yml", ".json"))


@cache
def _address() -> re.Pattern[str]:
    """A scheme, or `user@host` (git's short form of SSH)."""
    return re.compile(r"(?i)(?:[a-z][a-z0-9+.-]*::?//|git::|[\w.-]+@[\w.-]+[:/])")


@cache
def _host() -> re.Pattern[str]:
    """A host, known by its dot, and what follows."""
    return re.compile(r"[\w-]+(?:\.[\w-]+)+[:/]")


@cache
def _query() -> re.Pattern[str]:
    return re.compile(r"\?(?:ref|version|timeout|submodules)=")
