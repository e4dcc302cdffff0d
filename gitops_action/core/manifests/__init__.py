"""Kubernetes objects as values: identity, body, origin; read, canonical, hashed."""

from gitops_action.core.manifests.canonical import canonical, content_hash, dump, manifest_hash
from gitops_action.core.manifests.model import Body, Manifest, ManifestError, ObjectId
from gitops_action.core.manifests.parse import Parsed, manifest_of, parse_manifests, read_manifests

__all__ = [
    "Body",
    "Manifest",
    "ManifestError",
    "ObjectId",
    "Parsed",
    "canonical",
    "content_hash",
    "dump",
    "manifest_hash",
    "manifest_of",
    "parse_manifests",
    "read_manifests",
]
