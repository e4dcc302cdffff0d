"""Verifies sigstore bundles by trusted roots, and reads who signed what."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from cryptography.hazmat import asn1
from cryptography.x509 import (
    Certificate,
    ExtensionNotFound,
    ObjectIdentifier,
    SubjectAlternativeName,
    UniformResourceIdentifier,
    load_der_x509_certificate,
)
from sigstore.errors import CertValidationError, Error
from sigstore.models import Bundle, ClientTrustConfig, TrustedRoot
from sigstore.verify import Verifier
from sigstore_models.bundle.v1 import Bundle as BundleData
from sigstore_models.trustroot.v1 import TrustedRoot as TrustedRootData

from gitops_action.adapters.attestations.timestamped import (
    NOT_VALID_THEN,
    UntrustedError,
    verify_timestamped,
)
from gitops_action.core.gates.provenance import Attestation
from gitops_action.core.json_values import items, mapping, text
from gitops_action.errors import GitOpsError

# Extensions of Fulcio's certificates (sigstore/fulcio: "OID information").
_ISSUER = ObjectIdentifier("1.3.6.1.4.1.57264.1.8")
_SOURCE = ObjectIdentifier("1.3.6.1.4.1.57264.1.12")

_PAYLOAD = "application/vnd.in-toto+json"
_STATEMENTS = frozenset({"https://in-toto.io/Statement/v0.1", "https://in-toto.io/Statement/v1"})
_LONGEST_PROBLEM = 160


def public_root() -> tuple[TrustedRoot, ...]:
    """The root of sigstore's public service, brought up to date by its TUF repository.

    Raises:
        GitOpsError: it cannot be read.
    """
    try:
        return (ClientTrustConfig.production().trusted_root,)
    except (Error, OSError, ValueError) as error:
        raise GitOpsError(
            "the trusted root of sigstore's public service cannot be read", cause=str(error)
        ) from None


def read_roots(data: bytes) -> tuple[TrustedRoot, ...]:
    """Trusted roots, one JSON document a line, as `gh attestation trusted-root` writes them.

    Raises:
        ValueError: it is something else.
    """
    try:
        documents = [json.loads(data)]
    except ValueError:
        documents = [json.loads(line) for line in data.splitlines() if line.strip()]
    found = tuple(_root(mapping(one)) for one in documents)
    if not found:
        raise ValueError("it holds no trusted root")
    return found


def _root(document: Mapping[str, object]) -> TrustedRoot:
    """A root without logs is complete too: bundles are then dated by signed timestamps alone."""
    whole = {"tlogs": [], "ctlogs": [], **document}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "trusted_root.json")
        file.write_text(json.dumps(whole), encoding="utf-8")
        try:
            root = TrustedRoot.from_file(str(file))
            root.get_fulcio_certs()
        except Error as error:
            raise ValueError(str(error)) from None
    return root


class BundleVerifier:
    """Verifies bundles by roots of trust, which alone say which evidence a bundle must have."""

    def __init__(self, roots: Sequence[TrustedRoot]) -> None:
        """Take the roots; each is for the certificates of its own authorities."""
        self._roots = roots

    def verify(self, bundle: bytes) -> Attestation:
        """Who signed what; or why the signature is not trusted."""
        try:
            data = _read(bundle)
            certificate = _certificate(data)
            roots = [one for one in self._roots if _issues(one, certificate)]
            return _attestation(certificate, _payload(data, certificate, roots))
        except CertValidationError:
            return Attestation(problem=NOT_VALID_THEN)
        except Exception as error:  # noqa: BLE001 - whatever a forged bundle makes fail proves nothing
            problem = (str(error) or type(error).__name__).partition("\n")[0]
            return Attestation(problem=problem[:_LONGEST_PROBLEM])


def _read(bundle: bytes) -> BundleData:
    document = dict(mapping(json.loads(bundle)))
    material = {"tlogEntries": [], **mapping(document.get("verificationMaterial"))}
    return BundleData.from_json(json.dumps({**document, "verificationMaterial": material}))


def _certificate(bundle: BundleData) -> Certificate:
    material = bundle.verification_material
    if material.certificate:
        return load_der_x509_certificate(material.certificate.raw_bytes)
    if material.x509_certificate_chain and material.x509_certificate_chain.certificates:
        return load_der_x509_certificate(material.x509_certificate_chain.certificates[0].raw_bytes)
    raise UntrustedError("it has no certificate")


def _issues(root: TrustedRoot, certificate: Certificate) -> bool:
    return any(certificate.issuer == one.subject for one in root.get_fulcio_certs())


class _AnySigner:
    """Accepts each signer of the root's authorities: the gate decides on who it is."""

    def verify(self, cert: Certificate) -> None:
        """Accept."""


def _payload(data: BundleData, certificate: Certificate, roots: Sequence[TrustedRoot]) -> bytes:
    """The signed statement, by the first root that accepts the bundle.

    A root with logs asks for an entry in them, and for the certificate's; GitHub's root for private
    repositories has none, and a signed timestamp says when the certificate was used.
    """
    problem: Exception | None = None
    for root in roots:
        try:
            if _has_logs(root):
                bundle = Bundle.from_json(data.to_json())
                kind, payload = Verifier(trusted_root=root).verify_dsse(bundle, _AnySigner())
            else:
                kind, payload = verify_timestamped(data, certificate, root)
        except Exception as error:  # noqa: BLE001 - the next root may accept it; else it is raised
            problem = problem or error
            continue
        if kind != _PAYLOAD:
            raise UntrustedError(f"it is no in-toto statement but {kind}")
        return payload
    raise problem or UntrustedError("its certificate is of no authority in the trusted root")


def _has_logs(root: TrustedRoot) -> bool:
    data: TrustedRootData = root._inner  # noqa: SLF001 - the library has no public way to ask
    return bool(data.tlogs or data.ctlogs)


def _attestation(certificate: Certificate, payload: bytes) -> Attestation:
    statement = mapping(json.loads(payload))
    if text(statement, "_type") not in _STATEMENTS:
        raise UntrustedError("it is no in-toto statement")
    return Attestation(
        issuer=_extension(certificate, _ISSUER),
        identity=_identity(certificate),
        source=_extension(certificate, _SOURCE),
        predicate=text(statement, "predicateType"),
        digests=frozenset(_digests(statement)),
    )


def _digests(statement: Mapping[str, object]) -> Iterator[str]:
    for subject in items(statement, "subject"):
        if digest := text(mapping(subject, "digest"), "sha256"):
            yield f"sha256:{digest}"


def _identity(certificate: Certificate) -> str:
    """The one address that the certificate is for; several are none."""
    names = list(certificate.extensions.get_extension_for_class(SubjectAlternativeName).value)
    if len(names) == 1 and isinstance(names[0], UniformResourceIdentifier):
        return names[0].value
    return ""


def _extension(certificate: Certificate, oid: ObjectIdentifier) -> str:
    try:
        value = certificate.extensions.get_extension_for_oid(oid).value
    except ExtensionNotFound:
        return ""
    return asn1.decode_der(str, value.public_bytes())
