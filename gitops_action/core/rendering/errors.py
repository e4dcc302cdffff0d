"""What can keep a folder from being rendered."""

from __future__ import annotations

from gitops_action.errors import GitOpsError


class RenderError(GitOpsError):
    """A folder, or one file of it, cannot be rendered."""


class RemoteBaseError(RenderError):
    """A kustomization builds on something outside of the repository, which is not allowed."""


class LinkError(RenderError):
    """A symbolic link leads out of the repository, or to nothing in it."""
