"""A sigstore of the tests' own: authorities, logs and a clock that sign bundles, offline.

A public one logs certificates and signatures; a private one, like GitHub's, has a timestamp
authority instead.
"""

from __future__ import annotations

import base64
import hashlib
import json
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Key = ec.EllipticCurvePrivateKey
START = datetime(2026, 1, 1, tzinfo=UTC)
SIGNED = datetime(2026, 11, 28, 10, tzinfo=UTC)
DIGEST = "sha256:" + "9b" * 32
SLSA = "https://slsa.dev/provenance/v1"
ACTIONS = "https://token.actions.githubusercontent.com"
WORKFLOW = "https://github.com/acme/web/.github/workflows/release.yml@refs/tags/v1.2.3"
REPOSITORY = "https://github.com/acme/web"
_OIDS = "1.3.6.1.4.1.57264.1."
_SCT_LIST = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _new_key() -> Key:
    return ec.generate_private_key(ec.SECP256R1())


def _sign(key: Key, data: bytes) -> bytes:
    return key.sign(data, ec.ECDSA(SHA256()))


def _spki(key: Key) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Whom a certificate is for."""

    workflow: str = WORKFLOW
    source: str = REPOSITORY
    issuer: str = ACTIONS
    more: tuple[str, ...] = ()
    mail: str = ""
    purpose: Literal["code", "server"] = "code"
    signs: bool = True


@dataclass(kw_only=True)
class Sigstore:
    """One service; `public` logs everything, a private one dates signatures."""

    public: bool = True
    name: str = "fulcio"
    root_key: Key = field(default_factory=_new_key)
    log_key: Key = field(default_factory=_new_key)
    ct_key: Key = field(default_factory=_new_key)
    tsa_key: Key = field(default_factory=_new_key)

    def __post_init__(self) -> None:
        """Make the authorities' certificates."""
        self.root = self._authority(self.name, self.root_key)
        self.tsa_root = self._authority(f"{self.name} time", self.root_key)
        self.tsa = self._timestamper()

    def _authority(self, name: str, key: Key) -> x509.Certificate:
        usage = x509.KeyUsage(
            digital_signature=False,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=True,
            crl_sign=True,
            encipher_only=False,
            decipher_only=False,
        )
        builder = _certificate(_name(name), _name(name), key, START, timedelta(days=3650))
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        return builder.add_extension(usage, True).sign(key, SHA256())

    def _timestamper(self) -> x509.Certificate:
        issuer = self.tsa_root.subject
        builder = _certificate(_name("time"), issuer, self.tsa_key, START, timedelta(days=3650))
        builder = builder.add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), True
        )
        return builder.sign(self.root_key, SHA256())

    def trusted_root(self) -> bytes:
        """The document that a verifier trusts."""
        document: dict[str, Any] = {
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "certificateAuthorities": [_trusted(self.root)],
        }
        if self.public:
            document["tlogs"] = [_log(self.log_key)]
            document["ctlogs"] = [_log(self.ct_key)]
        else:
            document["timestampAuthorities"] = [_trusted(self.tsa, self.tsa_root)]
        return json.dumps(document).encode()

    def certificate(self, key: Key, identity: Identity, start: datetime) -> x509.Certificate:
        """A certificate of ten minutes for a signer."""
        builder = _certificate(x509.Name([]), self.root.subject, key, start, timedelta(minutes=10))
        names: list[x509.GeneralName] = [
            x509.UniformResourceIdentifier(one) for one in (identity.workflow, *identity.more)
        ]
        if identity.mail:
            names = [x509.RFC822Name(identity.mail)]
        issuer_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.root_key.public_key())
        extensions: list[tuple[x509.ExtensionType, bool]] = [
            (_usage(signs=identity.signs), True),
            (x509.ExtendedKeyUsage([_PURPOSES[identity.purpose]]), False),
            (x509.SubjectAlternativeName(names), True),
            (issuer_key, False),
            (_own("8", identity.issuer), False),
            (_own("12", identity.source), False),
        ]
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        if not self.public:
            return builder.sign(self.root_key, SHA256())
        logged = builder.sign(self.root_key, SHA256())
        stamp = self._certificate_timestamp(logged.tbs_certificate_bytes, start)
        return builder.add_extension(stamp, False).sign(self.root_key, SHA256())

    def _certificate_timestamp(self, tbs: bytes, at: datetime) -> x509.UnrecognizedExtension:
        """RFC 6962, section 3.2 and 3.3."""
        milliseconds = int(at.timestamp() * 1000)
        issuer = hashlib.sha256(_spki(self.root_key)).digest()
        signed = struct.pack("!BBQH", 0, 0, milliseconds, 1) + issuer
        signed += len(tbs).to_bytes(3) + tbs + struct.pack("!H", 0)
        signature = _sign(self.ct_key, signed)
        stamp = struct.pack("!B", 0) + hashlib.sha256(_spki(self.ct_key)).digest()
        stamp += struct.pack("!QH", milliseconds, 0) + b"\x04\x03"
        stamp += struct.pack("!H", len(signature)) + signature
        listed = struct.pack("!H", len(stamp)) + stamp
        return x509.UnrecognizedExtension(
            _SCT_LIST, _der(4, struct.pack("!H", len(listed)) + listed)
        )

    def attest(  # noqa: PLR0913 - what a test may vary
        self,
        digest: str = DIGEST,
        *,
        identity: Identity = Identity(),
        at: datetime = SIGNED,
        issued: datetime | None = None,
        predicate: str = SLSA,
        kind: str = "application/vnd.in-toto+json",
        statement: str = "https://in-toto.io/Statement/v1",
    ) -> dict[str, Any]:
        """A bundle that says what a digest was built by, as parts that a test may change."""
        content = {
            "_type": statement,
            "subject": [{"name": "web", "digest": {"sha256": digest.removeprefix("sha256:")}}],
            "predicateType": predicate,
            "predicate": {},
        }
        key = _new_key()
        certificate = self.certificate(key, identity, issued or at - timedelta(minutes=1))
        payload = json.dumps(content).encode()
        signature = _sign(
            key, b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload)
        )
        material: dict[str, Any] = {
            "certificate": {"rawBytes": _b64(certificate.public_bytes(Encoding.DER))}
        }
        if self.public:
            material["tlogEntries"] = [self._entry(certificate, payload, signature, at)]
        else:
            stamp = {"signedTimestamp": _b64(self.timestamp(signature, at))}
            material["timestampVerificationData"] = {"rfc3161Timestamps": [stamp]}
        return {
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": material,
            "dsseEnvelope": {
                "payload": _b64(payload),
                "payloadType": kind,
                "signatures": [{"sig": _b64(signature)}],
            },
        }

    def _entry(
        self, certificate: x509.Certificate, payload: bytes, signature: bytes, at: datetime
    ) -> dict[str, Any]:
        """The only entry of a log (sigstore/rekor: "dsse" 0.0.1)."""
        spec = {
            "envelopeHash": {"algorithm": "sha256", "value": "0" * 64},
            "payloadHash": {"algorithm": "sha256", "value": hashlib.sha256(payload).hexdigest()},
            "signatures": [
                {
                    "signature": _b64(signature),
                    "verifier": _b64(certificate.public_bytes(Encoding.PEM)),
                }
            ],
        }
        body = _canonical({"apiVersion": "0.0.1", "kind": "dsse", "spec": spec})
        log = hashlib.sha256(_spki(self.log_key)).digest()
        root = hashlib.sha256(b"\0" + body).digest()
        note = f"log.test\n1\n{_b64(root)}\n"
        mark = _b64(log[:4] + _sign(self.log_key, note.encode()))
        time = int(at.timestamp())
        promise = _canonical(
            {"body": _b64(body), "integratedTime": time, "logID": log.hex(), "logIndex": 0}
        )
        return {
            "logIndex": "0",
            "logId": {"keyId": _b64(log)},
            "kindVersion": {"kind": "dsse", "version": "0.0.1"},
            "integratedTime": str(time),
            "inclusionPromise": {"signedEntryTimestamp": _b64(_sign(self.log_key, promise))},
            "inclusionProof": {
                "logIndex": "0",
                "rootHash": _b64(root),
                "treeSize": "1",
                "hashes": [],
                "checkpoint": {"envelope": f"{note}\n\u2014 log.test {mark}\n"},
            },
            "canonicalizedBody": _b64(body),
        }

    def timestamp(self, data: bytes, at: datetime) -> bytes:
        """A timestamp of RFC 3161, as the authority of this service signs it."""
        sha256 = _sequence(_oid("2.16.840.1.101.3.4.2.1"))
        content = _oid("1.2.840.113549.1.9.16.1.4")
        info = _sequence(
            _integer(1),
            _oid("1.2.3.4"),
            _sequence(sha256, _der(4, hashlib.sha256(data).digest())),
            _integer(7),
            _der(0x18, at.strftime("%Y%m%d%H%M%SZ").encode()),
        )
        attributes = _set(
            _sequence(_oid("1.2.840.113549.1.9.3"), _set(content)),
            _sequence(_oid("1.2.840.113549.1.9.4"), _set(_der(4, hashlib.sha256(info).digest()))),
        )
        signer = _sequence(
            _integer(1),
            _sequence(self.tsa.issuer.public_bytes(), _integer(self.tsa.serial_number)),
            sha256,
            b"\xa0" + attributes[1:],
            _sequence(_oid("1.2.840.10045.4.3.2")),
            _der(4, _sign(self.tsa_key, attributes)),
        )
        signed = _sequence(
            _integer(3),
            _set(sha256),
            _sequence(content, _der(0xA0, _der(4, info))),
            _der(0xA0, self.tsa.public_bytes(Encoding.DER)),
            _set(signer),
        )
        token = _sequence(_oid("1.2.840.113549.1.7.2"), _der(0xA0, signed))
        return _sequence(_sequence(_integer(0)), token)


_PURPOSES = {"code": ExtendedKeyUsageOID.CODE_SIGNING, "server": ExtendedKeyUsageOID.SERVER_AUTH}


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signs,
        content_commitment=False,
        key_encipherment=not signs,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: Key, start: datetime, lasts: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + lasts)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
    )


def _own(number: str, text: str) -> x509.UnrecognizedExtension:
    return x509.UnrecognizedExtension(x509.ObjectIdentifier(_OIDS + number), asn1.encode_der(text))


def _trusted(*chain: x509.Certificate) -> dict[str, Any]:
    return {
        "subject": {"organization": "test", "commonName": "test"},
        "uri": "https://fulcio.test",
        "certChain": {
            "certificates": [{"rawBytes": _b64(one.public_bytes(Encoding.DER))} for one in chain]
        },
        "validFor": {"start": START.isoformat().replace("+00:00", "Z")},
    }


def _log(key: Key) -> dict[str, Any]:
    return {
        "baseUrl": "https://log.test",
        "hashAlgorithm": "SHA2_256",
        "publicKey": {
            "rawBytes": _b64(_spki(key)),
            "keyDetails": "PKIX_ECDSA_P256_SHA_256",
            "validFor": {"start": START.isoformat().replace("+00:00", "Z")},
        },
        "logId": {"keyId": _b64(hashlib.sha256(_spki(key)).digest())},
    }


def _canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


# Just enough of DER for a timestamp.


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes((tag, 0x80 | len(length))) + length + content


def _sequence(*parts: bytes) -> bytes:
    return _der(0x30, b"".join(parts))


def _set(*parts: bytes) -> bytes:
    return _der(0x31, b"".join(sorted(parts)))


def _integer(value: int) -> bytes:
    return _der(2, value.to_bytes(value.bit_length() // 8 + 1))


def _oid(dotted: str) -> bytes:
    first, second, *rest = (int(part) for part in dotted.split("."))
    return _der(6, bytes((40 * first + second,)) + b"".join(_base128(rest)))


def _base128(numbers: Iterable[int]) -> Iterable[bytes]:
    for number in numbers:
        groups = [number & 0x7F]
        while number := number >> 7:
            groups.append(0x80 | (number & 0x7F))
        yield bytes(reversed(groups))
