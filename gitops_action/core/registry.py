"""What a registry tells about an image, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gitops_action.errors import GitOpsError


@dataclass(frozen=True, kw_only=True)
class ImageFacts:
    """What a reference points to.

    `digest` is that of the manifest or index the reference names. `source` and `revision` are
    `org.opencontainers.image.source` and `.revision` (OCI image spec, annotations) from the
    manifest's annotations or the image config's labels; empty where the image does not say.
    They are text that whoever built the image chose. `members` are the digests of the manifests
    that an index lists (empty for a single image).
    """

    digest: str
    media_type: str
    members: tuple[str, ...] = ()
    source: str = ""
    revision: str = ""
    version: str = ""


class RegistryError(GitOpsError):
    """The registry could not answer; `kind` tells certain absence from not being able to tell."""

    kind: Literal["missing", "denied", "unreachable"] = "unreachable"


class ImageMissingError(RegistryError):
    """404: the registry is sure that the image is not there."""

    kind = "missing"


class RegistryDeniedError(RegistryError):
    """401 or 403: we may not read it, so existence is unknown."""

    kind = "denied"


class RegistryUnreachableError(RegistryError):
    """Network, TLS, 429 or 5xx after retries: existence is unknown."""

    kind = "unreachable"


class RegistryContentError(GitOpsError):
    """The registry's answer contradicts itself: wrong digest, not an image, too large.

    Not a `RegistryError`, because it must not pass as "could not tell".
    """
