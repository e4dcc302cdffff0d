"""What can be wrong with a file of manifests."""

from __future__ import annotations

from gitops_action.errors import GitOpsError


class ManifestError(GitOpsError):
    """A file does not hold what the Kubernetes API would take as objects."""
