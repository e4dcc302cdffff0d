"""Small images as bytes: layer, config, manifest and index by the OCI image specification."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass

_OCI = "application/vnd.oci.image"
OCI_MANIFEST, OCI_INDEX = f"{_OCI}.manifest.v1+json", f"{_OCI}.index.v1+json"
_DOCKER = "application/vnd.docker"
_MEDIA_TYPES = {
    # docker?: manifest, index, config, layer
    False: (
        OCI_MANIFEST,
        OCI_INDEX,
        f"{_OCI}.config.v1+json",
        f"{_OCI}.layer.v1.tar+gzip",
    ),
    True: (
        f"{_DOCKER}.distribution.manifest.v2+json",
        f"{_DOCKER}.distribution.manifest.list.v2+json",
        f"{_DOCKER}.container.image.v1+json",
        f"{_DOCKER}.image.rootfs.diff.tar.gzip",
    ),
}


@dataclass(frozen=True, kw_only=True)
class Blob:
    """Bytes with their media type, as a registry stores them."""

    media_type: str
    data: bytes

    @property
    def digest(self) -> str:
        """`sha256:` and the hash of the bytes."""
        return f"sha256:{hashlib.sha256(self.data).hexdigest()}"

    def descriptor(self, **extra: object) -> dict[str, object]:
        """How another blob refers to this one."""
        return {
            "mediaType": self.media_type,
            "digest": self.digest,
            "size": len(self.data),
            **extra,
        }


@dataclass(frozen=True, kw_only=True)
class Image:
    """What a test image is made of; `docker` chooses Docker's media types instead of OCI's."""

    files: Mapping[str, bytes]
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    docker: bool = False

    def layer(self) -> Blob:
        """The one layer; the same files give the same bytes."""
        return Blob(
            media_type=_MEDIA_TYPES[self.docker][3], data=gzip.compress(self._tar(), mtime=0)
        )

    def config(self, architecture: str) -> Blob:
        """The config for one platform, with the labels."""
        content = {
            "os": "linux",
            "architecture": architecture,
            "config": {"Labels": dict(self.labels)},
            "rootfs": {
                "type": "layers",
                "diff_ids": [f"sha256:{hashlib.sha256(self._tar()).hexdigest()}"],
            },
        }
        return json_blob(_MEDIA_TYPES[self.docker][2], content)

    def manifest(self, architecture: str, annotations: Mapping[str, str]) -> Blob:
        """The manifest for one platform."""
        content = {
            "config": self.config(architecture).descriptor(),
            "layers": [self.layer().descriptor()],
        }
        return self._document(_MEDIA_TYPES[self.docker][0], content, annotations)

    def index(self, manifests: Mapping[str, Blob]) -> Blob:
        """The index over manifests by architecture; it carries the annotations."""
        content = {
            "manifests": [
                manifest.descriptor(platform={"os": "linux", "architecture": architecture})
                for architecture, manifest in manifests.items()
            ]
        }
        return self._document(_MEDIA_TYPES[self.docker][1], content, self.annotations)

    def _document(
        self, media_type: str, content: Mapping[str, object], annotations: Mapping[str, str]
    ) -> Blob:
        # Docker's formats know no annotations.
        noted = {"annotations": dict(annotations)} if annotations and not self.docker else {}
        return json_blob(
            media_type, {"schemaVersion": 2, "mediaType": media_type, **content, **noted}
        )

    def _tar(self) -> bytes:
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            for name, data in sorted(self.files.items()):
                entry = tarfile.TarInfo(name)
                entry.size, entry.mode = len(data), 0o755
                tar.addfile(entry, io.BytesIO(data))
        return archive.getvalue()


def json_blob(media_type: str, content: Mapping[str, object]) -> Blob:
    """A document, as a registry stores it."""
    return Blob(media_type=media_type, data=json.dumps(content, indent=2).encode())
