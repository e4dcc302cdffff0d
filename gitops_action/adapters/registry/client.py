"""Looks image references up: do they exist, what is their digest, where do they come from."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterator
from http import HTTPStatus
from urllib.parse import urlsplit

from gitops_action.adapters.registry.addresses import base_url, is_local
from gitops_action.adapters.registry.auth import Account, Accounts, authorize
from gitops_action.adapters.registry.transport import (
    RETRIES,
    TIMEOUTS,
    RegistryResponse,
    RegistryTransport,
    Timeouts,
)
from gitops_action.adapters.retry import RetryPolicy
from gitops_action.core.dataclass import dataclass
from gitops_action.core.images import ImageReference, oci
from gitops_action.core.images.reference import is_digest

MANIFEST_LIMIT = 4 * 1024 * 1024
"""Longest manifest in bytes, the least a registry must take by the OCI distribution spec."""

CONFIG_LIMIT = 8 * 1024 * 1024
"""Longest config in bytes."""

BUNDLE_LIMIT = 4 * 1024 * 1024
"""Longest attestation in bytes."""

MOST_BUNDLES = 50
"""Attestations of one image that are read; each takes two requests."""

_ACCEPT = ", ".join((*oci.INDEX_TYPES, *oci.MANIFEST_TYPES))


class RegistryClient:
    """Implements the port `Registry`; each look-up is one to five requests."""

    def __init__(
        self,
        accounts: Accounts,
        *,
        policy: RetryPolicy = RETRIES,
        timeouts: Timeouts = TIMEOUTS,
        insecure: frozenset[str] = frozenset(),
        local: Container[str] = frozenset(),
    ) -> None:
        """Take what is known and allowed.

        Args:
            accounts: which account each registry is shown.
            policy: how often and how long a request is sent again.
            timeouts: limits in time of one request.
            insecure: registries that are allowed without TLS.
            local: registries that inputs or configuration name: these alone may be on addresses of
                this machine or its link.
        """
        self._local = local
        self._accounts = accounts
        self._insecure = insecure
        self._guarded, self._free = (
            RegistryTransport(policy, timeouts, insecure=insecure, local=free)
            for free in (False, True)
        )
        self._authorization: dict[str, str] = {}

    def describe(self, reference: ImageReference) -> oci.ImageFacts:
        """Look the reference's tag up, or its digest when it has no tag.

        Raises:
            ImageMissingError: the registry is sure that it is not there.
            RegistryDeniedError: we may not read it.
            RegistryUnreachableError: no usable answer after all tries.
            RegistryContentError: what the registry sent is not what it says it is.
        """
        self._refuse_local(reference)
        account = self._accounts.of(reference.domain)
        try:
            return self._describe(reference, account)
        except oci.RegistryDeniedError as denied:
            self._forget(reference)
            if account is None:
                raise
            # A stale or foreign account must not hide an image that everybody may read.
            try:
                return self._describe(reference, None)
            except oci.RegistryError:
                raise denied from None

    def content(self, reference: ImageReference, what: str, limit: int) -> bytes:
        """A manifest or blob of the reference's repository; its digest is verified.

        Args:
            reference: names the repository.
            what: `manifests/sha256:…` or `blobs/sha256:…`.
            limit: longest content in bytes.

        Raises:
            RegistryError: it is not there, may not be read, or the registry does not answer.
            RegistryContentError: it is longer, or has another digest.
        """
        account = self._accounts.of(reference.domain)
        return self._content(_Visit(reference=reference, account=account), what, limit)

    def bundles(self, reference: ImageReference) -> Iterator[bytes]:
        """The sigstore bundles that are attached to the reference's digest.

        Raises:
            RegistryError: they may not be read, or the registry does not answer.
            RegistryContentError: what the registry sent is not what it says it is.
        """
        self._refuse_local(reference)
        visit = _Visit(reference=reference, account=self._accounts.of(reference.domain))
        for manifest in oci.read_referrers(self._referrers(visit))[:MOST_BUNDLES]:
            content = self._content(visit, f"manifests/{manifest}", MANIFEST_LIMIT)
            for layer in oci.read_bundle_layers(content):
                yield self._content(visit, f"blobs/{layer}", BUNDLE_LIMIT)

    def _referrers(self, visit: _Visit) -> bytes:
        """The index of what refers to a digest; registries without that API keep it at a tag."""
        digest = visit.reference.digest or ""
        for what in (f"referrers/{digest}", f"manifests/{digest.replace(':', '-')}"):
            try:
                return self._get(visit, what, MANIFEST_LIMIT).body
            except oci.ImageMissingError:
                continue
        return b"{}"

    def _content(self, visit: _Visit, what: str, limit: int) -> bytes:
        answer = self._get(visit, what, limit)
        _verified_digest(visit.reference, answer, what.partition("/")[2])
        return answer.body

    def _refuse_local(self, reference: ImageReference) -> None:
        """An image of a pull request must not make us speak to services of this machine."""
        host = urlsplit(f"//{reference.domain}").hostname or ""
        if is_local(host) and reference.domain not in self._local:
            raise oci.RegistryUnreachableError(
                f"{reference.domain} is not asked for {reference}",
                cause="its address is this machine's or its network's own",
                fix="declare the image under `applications` in the configuration of the base",
            )

    def _describe(self, reference: ImageReference, account: Account | None) -> oci.ImageFacts:
        visit = _Visit(reference=reference, account=account)
        requested = reference.tag or reference.digest or "latest"
        answer = self._get(visit, f"manifests/{requested}", MANIFEST_LIMIT)
        digest = _verified_digest(reference, answer, requested)
        manifest = _manifest(reference, answer)
        labels = self._labels(visit, manifest)
        return oci.ImageFacts(
            digest=digest,
            media_type=manifest.media_type,
            members=manifest.members,
            source=labels.source,
            revision=labels.revision,
            version=labels.version,
        )

    def _labels(self, visit: _Visit, manifest: oci.OciManifest) -> oci.Labels:
        """Labels are hints: where a part cannot be read they stay empty."""
        labels = manifest.labels
        try:
            if manifest.platform and not labels.complete:
                manifest = self._member(visit, manifest.platform)
                labels = labels.or_else(manifest.labels)
            if manifest.config and not labels.complete:
                body = self._content(visit, f"blobs/{manifest.config}", CONFIG_LIMIT)
                labels = labels.or_else(oci.read_config(body))
        except (oci.RegistryError, oci.RegistryContentError, ValueError, RecursionError):
            return labels
        return labels

    def _member(self, visit: _Visit, digest: str) -> oci.OciManifest:
        answer = self._get(visit, f"manifests/{digest}", MANIFEST_LIMIT)
        _verified_digest(visit.reference, answer, digest)
        return _manifest(visit.reference, answer)

    def _get(self, visit: _Visit, what: str, limit: int) -> RegistryResponse:
        transport = self._transport_to(visit.reference)
        return transport.persist(lambda: self._authorized(visit, what, limit))

    def _transport_to(self, reference: ImageReference) -> RegistryTransport:
        return self._free if reference.domain in self._local else self._guarded

    def _authorized(self, visit: _Visit, what: str, limit: int) -> RegistryResponse:
        """Ask; when the registry wants to know who we are, say so and ask once more."""
        reference = visit.reference
        url = f"{base_url(reference.domain, self._insecure)}/{reference.path}/{what}"
        answer = self._ask(reference, url, limit)
        if answer.status == HTTPStatus.UNAUTHORIZED:
            self._forget(reference)
            self._authorization[reference.repository] = self._authorize(visit, answer)
            answer = self._ask(reference, url, limit)
        if answer.status == HTTPStatus.NOT_FOUND:
            raise oci.ImageMissingError(
                f"{reference} is not in the registry",
                cause=f"{reference.domain} knows no {what.rpartition('/')[2]} of {reference.path}",
                fix="push the image first, or correct its name, tag or digest",
            )
        if answer.status != HTTPStatus.OK:
            raise self._denied(reference, f"{reference.domain} answers {answer.status}")
        return answer

    def _ask(self, reference: ImageReference, url: str, limit: int) -> RegistryResponse:
        headers = {"Accept": _ACCEPT}
        if known := self._authorization.get(reference.repository):
            headers["Authorization"] = known
        return self._transport_to(reference).get(url, headers=headers, limit=limit)

    def _authorize(self, visit: _Visit, answer: RegistryResponse) -> str:
        try:
            return authorize(
                self._transport_to(visit.reference),
                challenge=answer.headers.get("WWW-Authenticate", ""),
                registry=base_url(visit.reference.domain, self._insecure),
                path=visit.reference.path,
                account=visit.account,
                insecure=self._insecure,
            )
        except oci.RegistryDeniedError as error:
            raise self._denied(visit.reference, error.cause) from None

    def _denied(self, reference: ImageReference, cause: str) -> oci.RegistryDeniedError:
        return oci.RegistryDeniedError(
            f"{reference} may not be read",
            cause=cause,
            fix=self._accounts.advice(reference.domain),
        )

    def _forget(self, reference: ImageReference) -> None:
        self._authorization.pop(reference.repository, None)


@dataclass(frozen=True, kw_only=True)
class _Visit:
    """One look-up: what is asked for, and as whom."""

    reference: ImageReference
    account: Account | None


def _verified_digest(reference: ImageReference, answer: RegistryResponse, requested: str) -> str:
    """The digest of the bytes that came; it must be the one asked for and the one announced."""
    digest = f"sha256:{hashlib.sha256(answer.body).hexdigest()}"
    announced = answer.headers.get("Docker-Content-Digest", "")
    for claim in (requested, announced):
        if is_digest(claim) and claim != digest:
            raise oci.RegistryContentError(
                f"{reference.domain} sends other content than it says",
                cause=f"{reference}: announced {claim}, sent {digest}",
                fix="look at the registry, and at proxies and mirrors on the way",
            )
    return digest


def _manifest(reference: ImageReference, answer: RegistryResponse) -> oci.OciManifest:
    try:
        return oci.read_manifest(answer.body, answer.headers.get("Content-Type", ""))
    except (ValueError, RecursionError):
        raise oci.RegistryContentError(
            f"{reference} is not an image of a known format",
            cause="the registry gives neither an image manifest nor an index",
            fix="push the image again with a current tool",
        ) from None
