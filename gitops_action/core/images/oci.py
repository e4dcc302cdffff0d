"""What a registry's manifests and configs say, by the OCI image specification.

Docker's older media types have the same shape and are read the same way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Literal
from urllib.parse import urlsplit

from gitops_action.core.answers import parse_json
from gitops_action.core.dataclass import dataclass
from gitops_action.core.images.reference import is_digest
from gitops_action.core.json_values import items, mapping, text
from gitops_action.core.pattern import pattern
from gitops_action.errors import GitOpsError

INDEX_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
MANIFEST_TYPES = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)

_SOURCE = "org.opencontainers.image.source"
_REVISION = "org.opencontainers.image.revision"
_VERSION = "org.opencontainers.image.version"
_LABEL_LIMIT = 2048
_NO_PLATFORM = "unknown"


@dataclass(frozen=True, kw_only=True)
class Labels:
    """The labels that name where an image comes from; empty where it does not say."""

    source: str = ""
    revision: str = ""
    version: str = ""

    @property
    def complete(self) -> bool:
        """Nothing is gained by looking further."""
        return bool(self.source and self.revision)

    def or_else(self, other: Labels) -> Labels:
        """These labels, and the other's where these are empty."""
        return Labels(
            source=self.source or other.source,
            revision=self.revision or other.revision,
            version=self.version or other.version,
        )


@dataclass(frozen=True, kw_only=True)
class OciManifest:
    """An image manifest or an index.

    Attributes:
        media_type: one of INDEX_TYPES or MANIFEST_TYPES.
        labels: from its annotations.
        members: digests of the manifests an index lists; empty for an image.
        platform: the first of them that is an image one can run; empty for an image.
        config: digest of an image's config; empty for an index.
    """

    media_type: str
    labels: Labels = field(default_factory=Labels)
    members: tuple[str, ...] = ()
    platform: str = ""
    config: str = ""


def read_manifest(data: bytes, media_type: str) -> OciManifest:
    """Read a manifest or an index; `media_type` is the one the registry names.

    Raises:
        ValueError: it is neither.
    """
    content = mapping(parse_json(data))
    kind = text(content, "mediaType") or media_type.partition(";")[0].strip()
    labels = _labels(content.get("annotations"))
    if kind in INDEX_TYPES:
        members = tuple(_members(content))
        platform = next((digest for digest, runs in members if runs), "")
        listed = tuple(digest for digest, _ in members)
        return OciManifest(media_type=kind, labels=labels, members=listed, platform=platform)
    if kind in MANIFEST_TYPES:
        config = _digest(mapping(content, "config"))
        return OciManifest(media_type=kind, labels=labels, config=config)
    raise ValueError(f"media type {kind[:100]!r}")


def read_config(data: bytes) -> Labels:
    """The labels in an image's config.

    Raises:
        ValueError: it is not a JSON object.
    """
    return _labels(mapping(parse_json(data), "config", "Labels"))


def _members(content: Mapping[str, object]) -> Iterator[tuple[str, bool]]:
    """Digest, and whether it is an image: attestations have the platform `unknown/unknown`."""
    for descriptor in items(content, "manifests"):
        platform = mapping(descriptor, "platform")
        if digest := _digest(descriptor):
            yield digest, platform.get("os") != _NO_PLATFORM


def _labels(value: object) -> Labels:
    found = mapping(value)
    return Labels(
        source=_label(found.get(_SOURCE)),
        revision=_label(found.get(_REVISION)),
        version=_label(found.get(_VERSION)),
    )


def _label(value: object) -> str:
    found = text(value).strip()
    return found if found.isprintable() and len(found) <= _LABEL_LIMIT else ""


def _digest(descriptor: Mapping[str, object]) -> str:
    digest = text(descriptor, "digest")
    return digest if is_digest(digest) else ""


# Attestations beside an image (OCI distribution specification, "Listing referrers").

_BUNDLE = "application/vnd.dev.sigstore.bundle"
"""Start of the media types of sigstore's bundles; the version follows."""


def read_referrers(data: bytes) -> tuple[str, ...]:
    """The digests of the sigstore bundles in an index of referrers; none where it cannot be read.

    Raises:
        RegistryContentError: it is no index.
    """
    try:
        listed = items(parse_json(data), "manifests")
    except (ValueError, RecursionError):
        raise RegistryContentError("the registry's list of attestations is no JSON") from None
    found = (one for one in listed if text(one, "artifactType").startswith(_BUNDLE))
    return tuple(digest for one in found if (digest := _digest(one)))


def read_bundle_layers(data: bytes) -> tuple[str, ...]:
    """The digests of the bundles that such a manifest holds."""
    try:
        layers = items(parse_json(data), "layers")
    except (ValueError, RecursionError):
        return ()
    found = (one for one in layers if text(one, "mediaType").startswith(_BUNDLE))
    return tuple(digest for one in found if (digest := _digest(one)))


# What a registry holds about an image, as values.


@dataclass(frozen=True, kw_only=True)
class ImageFacts:
    """What a reference points to.

    `digest` is that of the manifest or index the reference names. `source` and `revision` are
    `org.opencontainers.image.source` and `.revision` (OCI image spec, annotations) from the
    manifest's annotations or the image config's labels; empty where the image does not say.
    They are text that the image's builder chose. `members` are the digests of the manifests
    that an index lists (empty for a single image).
    """

    digest: str
    media_type: str
    members: tuple[str, ...] = ()
    source: str = ""
    revision: str = ""
    version: str = ""


class RegistryError(GitOpsError):
    """The registry could not answer; `kind` separates certain absence from not knowing."""

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

    Not a `RegistryError`, because it must not pass as "unknown".
    """


# The commit an image was built from, by the labels it carries.

_COMMIT = pattern(r"[0-9a-f]{40}|[0-9a-f]{64}")
_OWNER = pattern(r"[A-Za-z0-9][A-Za-z0-9_-]{0,38}")
_NAME = pattern(r"[A-Za-z0-9._-]{1,100}")
_SSH = pattern(r"(?:[A-Za-z0-9_.-]+@)?(?P<host>[A-Za-z0-9.-]+):(?P<path>[^/].*)")


@dataclass(frozen=True, kw_only=True)
class ImageSource:
    """An application repository as `OWNER/NAME` and a full commit id in it."""

    repository: str
    commit: str

    def __str__(self) -> str:
        """As the `source` input writes it."""
        return f"{self.repository}@{self.commit}"


_WRITTEN = pattern(
    r"(?P<repository>[A-Za-z0-9][A-Za-z0-9_-]*/[A-Za-z0-9._-]+)"
    r"@(?P<commit>[0-9a-fA-F]{40}|[0-9a-fA-F]{64})"
)


def read_source(text: str) -> ImageSource | None:
    """`OWNER/NAME@SHA` with a full commit id, as inputs and trailers have it; None otherwise."""
    found = _WRITTEN.fullmatch(text)
    if found is None:
        return None
    return ImageSource(repository=found["repository"], commit=found["commit"].lower())


def image_source(facts: ImageFacts, *, server_url: str) -> ImageSource | None:
    """What the image says it was built from; None unless both labels are there and usable."""
    repository = source_repository(facts.source, server_url=server_url)
    if repository is None or not _COMMIT.fullmatch(facts.revision):
        return None
    return ImageSource(repository=repository, commit=facts.revision)


def source_repository(address: str, *, server_url: str) -> str | None:
    """`OWNER/NAME` from the address in `org.opencontainers.image.source`.

    Web addresses (also of a folder or file in the repository), clone addresses and SSH's
    `git@host:owner/name` are understood. None when the address is not on the server we work
    with: a label is text that anybody can write.
    """
    try:
        host, path = _host_and_path(address.strip())
        expected = (urlsplit(server_url).hostname or "").lower()
    except ValueError:
        return None
    owner, _, rest = path.strip("/").partition("/")
    name = rest.partition("/")[0].removesuffix(".git")
    sound = _OWNER.fullmatch(owner) and _NAME.fullmatch(name) and name not in {".", ".."}
    return f"{owner}/{name}" if sound and host == expected else None


def _host_and_path(address: str) -> tuple[str, str]:
    if "://" not in address and (ssh := _SSH.fullmatch(address)):
        return ssh["host"].lower(), ssh["path"]
    parts = urlsplit(address)
    return (parts.hostname or "").lower(), parts.path
