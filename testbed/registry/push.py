"""Push images over the OCI distribution protocol, without Docker."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import requests

from testbed.process import PartError
from testbed.registry.images import OCI_INDEX, OCI_MANIFEST, Blob, Image, json_blob

_TIMEOUT = 30
_PLATFORMS = ("amd64", "arm64")

Headers: TypeAlias = Callable[[str], Mapping[str, str]]
"""The headers that authorise a request to a repository."""


def basic(user: str, password: str) -> str:
    """The value of an `Authorization` header for basic authentication (RFC 7617)."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@dataclass(frozen=True, kw_only=True)
class Pusher:
    """Writes to one registry; `headers` authorises a request to a repository."""

    url: str
    headers: Headers

    def push(self, repository: str, tag: str, image: Image, *, index: bool) -> str:
        """Push the image's blobs and manifests; return the digest that the tag names.

        Raises:
            PartError: the registry refuses.
        """
        if not index:
            return self._push_platform(repository, image, "amd64", tag, image.annotations)
        manifests = {}
        for architecture in _PLATFORMS:
            self._push_platform(repository, image, architecture, None, {})
            manifests[architecture] = image.manifest(architecture, {})
        return self._put_manifest(repository, image.index(manifests), tag)

    def attach(self, repository: str, digest: str, kind: str, documents: Sequence[bytes]) -> None:
        """Attach documents of a media type to an image, in one index at the tag of its digest.

        So clients do where a registry has no API for referrers (OCI distribution specification,
        "Referrers Tag Schema").
        """
        empty = Blob(media_type="application/vnd.oci.empty.v1+json", data=b"{}")
        self._put_blob(repository, empty)
        listed = []
        for document in documents:
            blob = Blob(media_type=kind, data=document)
            self._put_blob(repository, blob)
            manifest = json_blob(
                OCI_MANIFEST,
                {
                    "schemaVersion": 2,
                    "mediaType": OCI_MANIFEST,
                    "artifactType": kind,
                    "config": empty.descriptor(),
                    "layers": [blob.descriptor()],
                },
            )
            self._put_manifest(repository, manifest, None)
            listed.append({**manifest.descriptor(), "artifactType": kind})
        index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": listed}
        tag = digest.replace(":", "-")
        self._put_manifest(repository, json_blob(OCI_INDEX, index), tag)

    def delete(self, repository: str, digest: str) -> None:
        """Delete a manifest by its digest."""
        self._call("DELETE", repository, f"manifests/{digest}")

    def _push_platform(
        self,
        repository: str,
        image: Image,
        architecture: str,
        tag: str | None,
        annotations: Mapping[str, str],
    ) -> str:
        self._put_blob(repository, image.layer())
        self._put_blob(repository, image.config(architecture))
        return self._put_manifest(repository, image.manifest(architecture, annotations), tag)

    def _put_manifest(self, repository: str, manifest: Blob, tag: str | None) -> str:
        self._call("PUT", repository, f"manifests/{tag or manifest.digest}", manifest)
        return manifest.digest

    def _put_blob(self, repository: str, blob: Blob) -> None:
        """Upload in one request after the session is opened: POST, then PUT with the digest."""
        place = self._call("POST", repository, "blobs/uploads/").headers["Location"]
        separator = "&" if "?" in place else "?"
        self._send("PUT", repository, f"{place}{separator}digest={blob.digest}", blob)

    def _call(
        self, method: str, repository: str, path: str, blob: Blob | None = None
    ) -> requests.Response:
        return self._send(method, repository, f"{self.url}/v2/{repository}/{path}", blob)

    def _send(self, method: str, repository: str, url: str, blob: Blob | None) -> requests.Response:
        kind = "application/octet-stream"
        if blob and "/manifests/" in url:
            kind = blob.media_type
        answer = requests.request(
            method,
            url,
            data=blob.data if blob else b"",
            headers={"Content-Type": kind, **self.headers(repository)},
            timeout=_TIMEOUT,
        )
        if not answer.ok:
            raise PartError(f"{method} {url}: {answer.status_code} {answer.text[:500]}")
        return answer
