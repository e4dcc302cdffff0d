"""Finds an image's attestations at GitHub and in its registry, and verifies them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from gitops_action.adapters.registry.addresses import is_local
from gitops_action.adapters.registry.transport import RegistryTransport
from gitops_action.adapters.retry import RetryPolicy
from gitops_action.core.gates.provenance import Attestation, ImageAttestations
from gitops_action.core.images import ImageReference
from gitops_action.core.snappy import decompress
from gitops_action.errors import GitOpsError

if TYPE_CHECKING:
    from gitops_action.adapters.attestations.verify import BundleVerifier


class KeptAttestations(Protocol):
    """Attestations that a server keeps beside an application's repository."""

    def of(self, repository: str, digest: str) -> Iterator[bytes]:
        """The bundles of a digest.

        Raises:
            GitOpsError: they cannot be read, or not all of them.
        """
        ...


class BundleRegistry(Protocol):
    """Attestations that a registry keeps beside an image."""

    def bundles(self, reference: ImageReference) -> Iterator[bytes]:
        """The bundles of the reference's digest.

        Raises:
            GitOpsError: they cannot be read, or not all of them.
        """
        ...


class AttestedImages:
    """Implements the port `Attestations`; what is asked twice in a run is asked once."""

    def __init__(
        self, kept: KeptAttestations, registry: Callable[[frozenset[str]], BundleRegistry]
    ) -> None:
        """Take where bundles are: GitHub, and a registry that trusts the domains it is given."""
        self._kept = kept
        self._registry = registry
        self._verifiers: dict[bytes | None, BundleVerifier] = {}
        self._known: dict[tuple[str, str, bytes | None], ImageAttestations] = {}
        self._whole: set[tuple[str, str, bytes | None]] = set()

    def of(
        self,
        image: ImageReference,
        *,
        repository: str,
        roots: bytes | None,
        domains: frozenset[str],
        enough: Callable[[Attestation], bool],
    ) -> ImageAttestations:
        """An image's attestations, up to the first that is enough.

        Args:
            image: with its digest.
            repository: OWNER/NAME where GitHub keeps them.
            roots: the trusted roots; None: those of sigstore's public service.
            domains: registries that may be on addresses of this machine, and get credentials.
            enough: whether there is no need to look further.
        """
        key = (str(image), repository, roots)
        known = self._known.get(key)
        if known and (key in self._whole or any(enough(one) for one in known.found)):
            return known
        try:
            verifier = self._verifier(roots)
        except GitOpsError as error:
            return ImageAttestations(unread=str(error))
        found = self._read(image, repository, domains, verifier, enough)
        self._known[key] = found
        if not any(enough(one) for one in found.found):
            self._whole.add(key)
        return found

    def _verifier(self, roots: bytes | None) -> BundleVerifier:
        from gitops_action.adapters.attestations.verify import (  # noqa: PLC0415 - heavy, one gate's
            BundleVerifier,
            public_root,
            read_roots,
        )

        if roots not in self._verifiers:
            try:
                found = public_root() if roots is None else read_roots(roots)
            except ValueError as error:
                raise GitOpsError(
                    "the trusted root cannot be read",
                    cause=str(error).partition("\n")[0],
                    fix="write it by `gh attestation trusted-root`",
                ) from None
            self._verifiers[roots] = BundleVerifier(found)
        return self._verifiers[roots]

    def _read(
        self,
        image: ImageReference,
        repository: str,
        domains: frozenset[str],
        verifier: BundleVerifier,
        enough: Callable[[Attestation], bool],
    ) -> ImageAttestations:
        found: list[Attestation] = []
        problems: list[str] = []
        for read in (self._at_github, self._in_registry):
            try:
                for bundle in read(image, repository, domains):
                    found.append(verifier.verify(bundle))
                    if enough(found[-1]):
                        return ImageAttestations(found=tuple(found))
            except GitOpsError as error:
                problems.append(str(error))
        return ImageAttestations(found=tuple(found), unread="; ".join(problems))

    def _at_github(
        self, image: ImageReference, repository: str, _domains: frozenset[str]
    ) -> Iterator[bytes]:
        return self._kept.of(repository, image.digest or "")

    def _in_registry(
        self, image: ImageReference, _repository: str, domains: frozenset[str]
    ) -> Iterator[bytes]:
        return self._registry(domains).bundles(image)


# Downloads bundles that GitHub lists by an address only: compressed, in a storage elsewhere.
#
# The address is a credential by itself: it is in no message, and no token goes there.

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
