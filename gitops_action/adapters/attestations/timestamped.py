"""Verifies bundles that no public log has: GitHub's of private repositories.

A timestamp authority of the trusted root says when the certificate was used. The libraries check
the timestamp, the chain and the signature; sigstore's own verifier refuses a bundle without log.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import Certificate, ExtendedKeyUsage, KeyUsage
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    PolicyBuilder,
    Store,
    VerificationError,
)
from rfc3161_client import TimeStampResponse, VerifierBuilder, decode_timestamp_response
from rfc3161_client import VerificationError as TimestampError
from sigstore.models import TrustedRoot
from sigstore_models.bundle.v1 import Bundle
from sigstore_models.intoto import Envelope

_MOST_TIMESTAMPS = 32
NOT_VALID_THEN = "its certificate is of another authority, or was not valid when it signed"


class UntrustedError(Exception):
    """The bundle proves nothing; the message says why."""


def verify_timestamped(
    bundle: Bundle, certificate: Certificate, root: TrustedRoot
) -> tuple[str, bytes]:
    """The type and the content of what was signed.

    Raises:
        UntrustedError: a signature, the time or the certificate does not hold.
    """
    envelope = bundle.dsse_envelope
    if envelope is None or len(envelope.signatures) != 1:
        raise UntrustedError("it has not exactly one signature")
    signature = envelope.signatures[0].sig
    _check_usage(certificate)
    times = list(_times(bundle, signature, root))
    if not times:
        raise UntrustedError("no authority of the trusted root has dated its signature")
    for at in times:
        _check_chain(certificate, root, at)
    _check_signature(certificate, signature, envelope)
    return envelope.payload_type, envelope.payload


def _check_usage(certificate: Certificate) -> None:
    usage = certificate.extensions.get_extension_for_class(KeyUsage).value
    purposes = certificate.extensions.get_extension_for_class(ExtendedKeyUsage).value
    if not usage.digital_signature or ExtendedKeyUsageOID.CODE_SIGNING not in purposes:
        raise UntrustedError("its certificate is not for signing code")


def _times(bundle: Bundle, signature: bytes, root: TrustedRoot) -> Iterator[datetime]:
    """When the signature existed already, by each timestamp that holds."""
    data = bundle.verification_material.timestamp_verification_data
    listed = data.rfc3161_timestamps if data else []
    if len(listed) > _MOST_TIMESTAMPS:
        raise UntrustedError("it has too many timestamps")
    for one in listed:
        response = decode_timestamp_response(one.signed_timestamp)
        if _dated(response, signature, root):
            yield response.tst_info.gen_time


def _dated(response: TimeStampResponse, signature: bytes, root: TrustedRoot) -> bool:
    at = response.tst_info.gen_time
    for authority in root.get_timestamp_authorities():
        end = authority.validity_period_end
        if at < authority.validity_period_start or (end is not None and at >= end):
            continue
        first, *between, last = authority.certificates(allow_expired=True)
        builder = VerifierBuilder().tsa_certificate(first).add_root_certificate(last)
        for one in between:
            builder = builder.add_intermediate_certificate(one)
        try:
            builder.build().verify_message(response, signature)
        except TimestampError:
            continue
        return True
    return False


def _check_chain(certificate: Certificate, root: TrustedRoot, at: datetime) -> None:
    """By the rules of the web's certificates, except for what the certificate is used for."""
    policies = {
        "ca_policy": ExtensionPolicy.webpki_defaults_ca(),
        "ee_policy": ExtensionPolicy.webpki_defaults_ee(),
    }
    usable = {
        name: policy.may_be_present(ExtendedKeyUsage, Criticality.NON_CRITICAL, None)
        for name, policy in policies.items()
    }
    verifier = (
        PolicyBuilder()
        .store(Store(root.get_fulcio_certs()))
        .time(at)
        .extension_policies(**usable)
        .build_client_verifier()
    )
    try:
        verifier.verify(certificate, [])
    except VerificationError:
        raise UntrustedError(NOT_VALID_THEN) from None


def _check_signature(certificate: Certificate, signature: bytes, envelope: Envelope) -> None:
    """Over the envelope's content and type (DSSE's "pre-authentication encoding")."""
    kind, payload = envelope.payload_type.encode(), envelope.payload
    signed = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise UntrustedError("its key is of another kind than ECDSA")
    try:
        key.verify(signature, signed, ec.ECDSA(SHA256()))
    except InvalidSignature:
        raise UntrustedError("its signature is not of what it says") from None
