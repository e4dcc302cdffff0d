"""Kubernetes objects as values: identity, body, origin."""

from gitops_action.core.manifests.model import Body, Manifest, ObjectId

__all__ = ["Body", "Manifest", "ObjectId"]
