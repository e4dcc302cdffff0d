"""Downloads bundles that GitHub lists by an address only: compressed, in a storage elsewhere.

The address is a credential by itself: it is in no message, and no token goes there.
"""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import urlsplit

from gitops_action.adapters.registry.addresses import is_local
from gitops_action.adapters.registry.transport import RegistryTransport
from gitops_action.adapters.retry import RetryPolicy
from gitops_action.core.snappy import decompress
from gitops_action.errors import GitOpsError

COMPRESSED_LIMIT = 1024 * 1024
"""Bytes of a download that are read."""

BUNDLE_LIMIT = 4 * 1024 * 1024
"""Bytes of a bundle; what is longer proves nothing."""

RETRIES = RetryPolicy(attempts=3, maximum=5.0, longest=5.0, total=20.0)


class BundleDownloads:
    """Reads the bundles behind the addresses that the attestation API gives."""

    def __init__(self, *, local: bool = False, policy: RetryPolicy = RETRIES) -> None:
        """Connections open with the first download.

        Args:
            local: whether they may be on this machine, without TLS: where its API is, too.
            policy: how often a download is tried.
        """
        self._local = local
        self._transport = RegistryTransport(policy, local=local)

    def get(self, url: str) -> bytes:
        """The bundle.

        Raises:
            GitOpsError: it is at an address that is not asked, cannot be read, or is too large.
        """
        host = self._host(url)
        answer = self._transport.persist(
            lambda: self._transport.get(url, headers={}, limit=COMPRESSED_LIMIT)
        )
        if answer.status != HTTPStatus.OK:
            raise GitOpsError(f"{host} answers {answer.status} for an attestation")
        try:
            return decompress(answer.body, limit=BUNDLE_LIMIT)
        except ValueError as error:
            raise GitOpsError(
                f"{host} has an attestation that cannot be read", cause=str(error)
            ) from None

    def _host(self, url: str) -> str:
        try:
            parts = urlsplit(url)
            host = parts.hostname or ""
        except ValueError:
            parts, host = urlsplit(""), ""
        if not host or not (self._local or (parts.scheme == "https" and not is_local(host))):
            raise GitOpsError(
                "GitHub lists an attestation at an address that is not asked",
                cause=f"{host or 'it'} has no TLS, or is on this machine",
            )
        return host
