"""What rendering a folder gives."""

from __future__ import annotations

from dataclasses import dataclass

from gitops_action.core.manifests.model import Manifest
from gitops_action.errors import GitOpsError


@dataclass(frozen=True, kw_only=True)
class Rendering:
    """The objects that an environment, or one folder of it, describes.

    Attributes:
        manifests: in canonical order, each in canonical form; none twice.
        problems: what could not be rendered; with one of them `manifests` is not the whole.
        notes: what a person should know, such as a chart that was not rendered.
    """

    manifests: tuple[Manifest, ...] = ()
    problems: tuple[GitOpsError, ...] = ()
    notes: tuple[str, ...] = ()
