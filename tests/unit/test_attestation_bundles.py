"""Bundles that the tests sign themselves: which are trusted, and what each flaw comes to."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sigstore.errors import TUFError
from sigstore.models import ClientTrustConfig, TrustedRoot

from gitops_action.adapters.attestations.images import AttestedImages
from gitops_action.adapters.attestations.timestamped import NOT_VALID_THEN
from gitops_action.adapters.attestations.verify import BundleVerifier, read_roots
from gitops_action.core.gates.provenance import Attestation, ImageAttestations
from gitops_action.core.images import ImageReference, parse_reference
from tests.support.sigstore_service import (
    ACTIONS,
    DIGEST,
    REPOSITORY,
    SIGNED,
    SLSA,
    WORKFLOW,
    Identity,
    Sigstore,
)

PUBLIC, PRIVATE = Sigstore(), Sigstore(public=False, name="private fulcio")
EACH = pytest.mark.parametrize("service", [PUBLIC, PRIVATE], ids=["public", "private"])
HOUR = timedelta(hours=1)
Bundle = dict[str, Any]


def verified(bundle: object, *roots: bytes) -> Attestation:
    trusted = read_roots(b"\n".join(roots or (PUBLIC.trusted_root(), PRIVATE.trusted_root())))
    data = bundle if isinstance(bundle, bytes) else json.dumps(bundle).encode()
    return BundleVerifier(trusted).verify(data)


@EACH
def test_who_signed_what(service: Sigstore) -> None:
    assert verified(service.attest()) == Attestation(
        issuer=ACTIONS,
        identity=WORKFLOW,
        source=REPOSITORY,
        predicate=SLSA,
        digests=frozenset({DIGEST}),
    )


@EACH
def test_each_root_is_for_its_own_authorities(service: Sigstore) -> None:
    other = PRIVATE if service is PUBLIC else PUBLIC
    found = verified(service.attest(), other.trusted_root())
    assert found.problem == "its certificate is of no authority in the trusted root"


class Kept:
    """One bundle at GitHub, and none in the registry."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = json.dumps(bundle).encode()

    def of(self, repository: str, digest: str) -> Iterator[bytes]:
        assert (repository, digest) == ("acme/web", DIGEST)
        yield self._bundle

    def bundles(self, reference: ImageReference) -> Iterator[bytes]:
        del reference
        return iter(())


def attested(bundle: Bundle, roots: bytes | None) -> ImageAttestations:
    kept = Kept(bundle)
    return AttestedImages(kept, lambda _domains: kept).of(
        parse_reference(f"ghcr.io/acme/web@{DIGEST}"),
        repository="acme/web",
        roots=roots,
        domains=frozenset(),
        enough=lambda one: not one.problem,
    )


def serve_public_root(monkeypatch: pytest.MonkeyPatch, read: Callable[[], TrustedRoot]) -> None:
    """Answer in place of sigstore's public TUF repository."""
    served = staticmethod(lambda: SimpleNamespace(trusted_root=read()))
    monkeypatch.setattr(ClientTrustConfig, "production", served)


def no_public_root() -> TrustedRoot:
    raise TUFError("Failed to refresh TUF metadata")


def test_without_a_configured_root_the_public_one_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    serve_public_root(monkeypatch, lambda: read_roots(PUBLIC.trusted_root())[0])
    assert [one.problem for one in attested(PUBLIC.attest(), None).found] == [""]
    (private,) = attested(PRIVATE.attest(), None).found
    assert private.problem == "its certificate is of no authority in the trusted root"


def test_a_configured_root_counts_and_the_public_one_is_not_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    serve_public_root(monkeypatch, no_public_root)
    root = PRIVATE.trusted_root()
    assert [one.problem for one in attested(PRIVATE.attest(), root).found] == [""]
    (public,) = attested(PUBLIC.attest(), root).found
    assert public.problem == "its certificate is of no authority in the trusted root"


def test_a_public_root_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    serve_public_root(monkeypatch, no_public_root)
    found = attested(PUBLIC.attest(), None)
    assert found.found == ()
    assert found.unread.startswith("the trusted root of sigstore's public service cannot be read")


@EACH
def test_an_authority_of_the_same_name_is_another(service: Sigstore) -> None:
    forger = Sigstore(public=service.public, name=service.name)
    assert verified(forger.attest()).problem


def test_a_private_authority_of_the_public_ones_name_needs_no_log_and_is_not_trusted() -> None:
    forger = Sigstore(public=False, name=PUBLIC.name)
    assert verified(forger.attest()).problem
    mixed = Sigstore(public=False, name=PUBLIC.name, root_key=PUBLIC.root_key)
    assert verified(mixed.attest(), PUBLIC.trusted_root()).problem


@EACH
@pytest.mark.parametrize("late", [HOUR, -HOUR])
def test_a_certificate_that_was_not_valid_then(service: Sigstore, late: timedelta) -> None:
    assert verified(service.attest(issued=SIGNED - late)).problem == NOT_VALID_THEN


def changed_payload(bundle: Bundle) -> None:
    payload = json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))
    payload["subject"][0]["digest"]["sha256"] = "00" * 32
    bundle["dsseEnvelope"]["payload"] = base64.b64encode(json.dumps(payload).encode()).decode()


def changed_signature(bundle: Bundle) -> None:
    other = PRIVATE.attest() if "tlogEntries" in bundle["verificationMaterial"] else PUBLIC.attest()
    bundle["dsseEnvelope"]["signatures"] = other["dsseEnvelope"]["signatures"]


def two_signatures(bundle: Bundle) -> None:
    bundle["dsseEnvelope"]["signatures"] *= 2


def no_signature(bundle: Bundle) -> None:
    bundle["dsseEnvelope"]["signatures"] = []


def changed_type(bundle: Bundle) -> None:
    bundle["dsseEnvelope"]["payloadType"] = "text/plain"


def no_time(bundle: Bundle) -> None:
    material = bundle["verificationMaterial"]
    material.pop("timestampVerificationData", None)
    for entry in material.get("tlogEntries", ()):
        entry.pop("inclusionPromise")


def no_evidence(bundle: Bundle) -> None:
    material = bundle["verificationMaterial"]
    bundle["verificationMaterial"] = {"certificate": material["certificate"]}


def a_key_alone(bundle: Bundle) -> None:
    material = bundle["verificationMaterial"]
    del material["certificate"]
    material["publicKey"] = {"hint": "x"}


@EACH
@pytest.mark.parametrize(
    "forge",
    [
        changed_payload,
        changed_signature,
        two_signatures,
        no_signature,
        changed_type,
        no_time,
        no_evidence,
        a_key_alone,
        dict.clear,
    ],
)
def test_a_forged_bundle(service: Sigstore, forge: Callable[[Bundle], None]) -> None:
    bundle = service.attest()
    forge(bundle)
    found = verified(bundle)
    assert found.problem
    assert found == Attestation(problem=found.problem)


@pytest.mark.parametrize(
    "instead", [{"publicKey": {"hint": "x"}}, {"x509CertificateChain": {"certificates": []}}]
)
def test_a_bundle_without_a_certificate(instead: Bundle) -> None:
    bundle = PRIVATE.attest()
    del bundle["verificationMaterial"]["certificate"]
    bundle["verificationMaterial"] |= instead
    assert verified(bundle).problem == "it has no certificate"


@EACH
def test_a_time_that_another_authority_attests(service: Sigstore) -> None:
    other = Sigstore(
        public=service.public, name=service.name, root_key=service.root_key, ct_key=service.ct_key
    )
    other.root = service.root
    other.tsa_root = Sigstore(public=False, name="other").tsa_root
    assert verified(other.attest()).problem


def test_a_timestamp_of_another_signature() -> None:
    bundle = PRIVATE.attest()
    stamp = base64.b64encode(PRIVATE.timestamp(b"something else", SIGNED)).decode()
    data = {"rfc3161Timestamps": [{"signedTimestamp": stamp}]}
    bundle["verificationMaterial"]["timestampVerificationData"] = data
    problem = "no authority of the trusted root has dated its signature"
    assert verified(bundle).problem == problem
    bundle["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"] *= 40
    assert verified(bundle).problem == "it has too many timestamps"


def test_a_certificate_that_no_log_has() -> None:
    service = Sigstore(name=PUBLIC.name, root_key=PUBLIC.root_key, log_key=PUBLIC.log_key)
    service.root = PUBLIC.root
    assert "SCT" in verified(service.attest()).problem


@EACH
def test_a_certificate_that_is_not_for_signing_code(service: Sigstore) -> None:
    assert verified(service.attest(identity=Identity(purpose="server"))).problem


@EACH
def test_a_certificate_whose_key_is_not_for_signatures(service: Sigstore) -> None:
    assert verified(service.attest(identity=Identity(signs=False))).problem


@EACH
def test_a_certificate_for_a_mail_address_names_no_workflow(service: Sigstore) -> None:
    found = verified(service.attest(identity=Identity(mail="a@acme.example")))
    assert (found.problem, found.identity) == ("", "")


def test_a_signature_without_an_envelope() -> None:
    bundle = PRIVATE.attest()
    signature = bundle.pop("dsseEnvelope")["signatures"][0]["sig"]
    digest = {"algorithm": "SHA2_256", "digest": base64.b64encode(b"0" * 32).decode()}
    bundle["messageSignature"] = {"messageDigest": digest, "signature": signature}
    assert verified(bundle).problem == "it has not exactly one signature"


@pytest.mark.parametrize("logs", ["tlogs", "ctlogs"])
def test_a_root_with_a_log_takes_nothing_that_is_not_logged(logs: str) -> None:
    root = json.loads(PRIVATE.trusted_root())
    assert not verified(PRIVATE.attest(), json.dumps(root).encode()).problem
    root[logs] = json.loads(PUBLIC.trusted_root())[logs]
    assert verified(PRIVATE.attest(), json.dumps(root).encode()).problem


@pytest.mark.parametrize(
    ("start", "end", "dated"),
    [
        (-HOUR, None, True),
        (-HOUR, HOUR, True),
        (-HOUR, timedelta(0), False),
        (-2 * HOUR, -HOUR, False),
        (HOUR, None, False),
    ],
)
def test_a_time_counts_while_its_authority_is_trusted(
    start: timedelta, end: timedelta | None, dated: bool
) -> None:
    root = json.loads(PRIVATE.trusted_root())
    trusted = {"start": (SIGNED + start).isoformat().replace("+00:00", "Z")}
    if end is not None:
        trusted["end"] = (SIGNED + end).isoformat().replace("+00:00", "Z")
    root["timestampAuthorities"][0]["validFor"] = trusted
    problem = "" if dated else "no authority of the trusted root has dated its signature"
    assert verified(PRIVATE.attest(), json.dumps(root).encode()).problem == problem


@EACH
def test_a_signed_text_that_is_no_statement(service: Sigstore) -> None:
    assert "no in-toto statement" in verified(service.attest(kind="text/plain")).problem
    assert "no in-toto statement" in verified(service.attest(statement="x")).problem


@EACH
def test_a_certificate_for_two_workflows_names_none(service: Sigstore) -> None:
    found = verified(service.attest(identity=Identity(more=("https://github.com/evil/x",))))
    assert (found.problem, found.identity) == ("", "")


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b'{"verificationMaterial": 1}', b"\xff"])
def test_what_is_no_bundle(data: bytes) -> None:
    assert verified(data).problem


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"[]", b"x", b'{"certificateAuthorities": []}', b"\xff", b"null\n"],
)
def test_what_is_no_trusted_root(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        read_roots(data)


def test_roots_over_several_lines_are_one() -> None:
    text = json.dumps(json.loads(PUBLIC.trusted_root()), indent=2).encode()
    assert len(read_roots(text)) == 1
    assert len(read_roots(PUBLIC.trusted_root() + b"\n\n" + PRIVATE.trusted_root() + b"\n")) == 2
