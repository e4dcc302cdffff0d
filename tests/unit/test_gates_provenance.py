"""The gate `provenance`: who must have built an image, and what is no proof of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gitops_action.core.config.resolved import Provenance
from gitops_action.core.gates.codes import REASONS
from gitops_action.core.gates.model import GateResult
from gitops_action.core.gates.provenance import (
    Attestation,
    ImageAttestations,
    ProvenanceFacts,
    evaluate,
    proven_digests,
)
from gitops_action.core.gates.versions import ImageMove
from gitops_action.core.images import parse_reference

DIGEST, OTHER = "sha256:" + "9b" * 32, "sha256:" + "3f" * 32
RULE = Provenance(workflow="acme/web/.github/workflows/release.yml")
PROOF = Attestation(
    issuer="https://token.actions.githubusercontent.com",
    identity="https://github.com/acme/web/.github/workflows/release.yml@refs/tags/v1.2.3",
    source="https://github.com/acme/web",
    predicate="https://slsa.dev/provenance/v1",
    digests=frozenset({DIGEST}),
)
SHARED = "https://github.com/acme/ci/.github/workflows/build.yml@refs/heads/main"


def move(image: str = f"ghcr.io/acme/web:v1.2.3@{DIGEST}", application: str = "web") -> ImageMove:
    return ImageMove(application=application, after=parse_reference(image))


def facts(*found: Attestation, unread: str = "", **more: Any) -> ProvenanceFacts:
    kept = ImageAttestations(found=found, unread=unread)
    return ProvenanceFacts(attestations={DIGEST: kept}, **more)


def judged(known: ProvenanceFacts, rule: Provenance = RULE, *moves: ImageMove) -> GateResult:
    result = evaluate("production", rule, moves or (move(),), known)
    assert result is not None
    assert REASONS[result.code].gate == "provenance"
    assert REASONS[result.code].closed is (result.word != "pass")
    return result


def test_without_a_builder_there_is_no_gate() -> None:
    assert evaluate("production", None, (move(),), facts()) is None


def test_the_configured_workflow_proves_it() -> None:
    result = judged(facts(PROOF))
    assert (result.word, result.code) == ("pass", "provenance-verified")
    assert result.reason == "provenance of 1 image verified"
    assert result.found == "web v1.2.3 was built by acme/web/.github/workflows/release.yml"


@pytest.mark.parametrize(
    ("change", "code", "reason"),
    [
        (
            {"identity": "https://github.com/acme/web/.github/workflows/other.yml@refs/tags/v1"},
            "provenance-other-builder",
            "was built by acme/web/.github/workflows/other.yml@refs/tags/v1",
        ),
        (
            {"identity": "https://github.com/acme/web/.github/workflows/release.yml.evil@x"},
            "provenance-other-builder",
            "was built by acme/web/.github/workflows/release.yml.evil@x",
        ),
        (
            {"identity": "https://evil.test/acme/web/.github/workflows/release.yml@refs/tags/v1"},
            "provenance-other-builder",
            "was built by acme/web/.github/workflows/release.yml@refs/tags/v1",
        ),
        ({"identity": ""}, "provenance-other-builder", "was built by"),
        (
            {"issuer": "https://accounts.evil.test"},
            "provenance-other-builder",
            "was signed by an identity of https://accounts.evil.test",
        ),
        ({"issuer": ""}, "provenance-other-builder", "was signed by an identity of an unknown"),
        (
            {"source": "https://github.com/evil/web"},
            "provenance-other-builder",
            "was built for evil/web",
        ),
        ({"source": ""}, "provenance-other-builder", "was built for an unknown repository"),
        (
            {"digests": frozenset({OTHER})},
            "provenance-untrusted",
            "has an attestation of another digest",
        ),
        (
            {"problem": "its certificate was not valid when it signed"},
            "provenance-untrusted",
            "has no valid signature: its certificate was not valid when it signed",
        ),
    ],
)
def test_anything_else_is_refused(change: dict[str, Any], code: str, reason: str) -> None:
    result = judged(facts(replace(PROOF, **change)))
    assert (result.word, result.code) == ("refuse", code)
    assert result.reason.startswith(f"web v1.2.3 {reason}")


def test_one_proof_is_enough_whatever_else_was_attached() -> None:
    forged = Attestation(problem="its signature is not of what it says")
    assert judged(facts(forged, PROOF, unread="the registry is away")).word == "pass"


def test_what_is_signed_by_another_says_more_than_what_is_not_trusted() -> None:
    other = replace(PROOF, source="https://github.com/evil/web")
    result = judged(facts(Attestation(problem="x"), other))
    assert result.code == "provenance-other-builder"


def test_an_untrusted_bundle_alone_is_refused() -> None:
    result = judged(facts(Attestation(problem="its signature is not of what it says")))
    assert (result.word, result.code) == ("refuse", "provenance-untrusted")


def test_the_reason_names_the_ref() -> None:
    workflow = PROOF.identity.partition("@")[0]
    rule = replace(RULE, ref="refs/tags/v*")
    branch = judged(facts(replace(PROOF, identity=f"{workflow}@refs/heads/x")), rule)
    assert branch.reason == "web v1.2.3 was built from refs/heads/x"
    bare = judged(facts(replace(PROOF, identity=workflow)), rule)
    assert bare.reason == "web v1.2.3 was built from an unknown ref"


def test_no_attestation_may_still_come() -> None:
    result = judged(facts())
    assert (result.word, result.code) == ("wait", "provenance-missing")
    assert result.reason == (
        "web v1.2.3 has no attestation of who built it (GitHub and the registry searched)"
    )


@pytest.mark.parametrize(
    "predicate", ["https://spdx.dev/Document/v2.3", "https://slsa.dev/provenance/v1x", ""]
)
def test_a_statement_about_something_else_says_nothing(predicate: str) -> None:
    assert judged(facts(replace(PROOF, predicate=predicate))).code == "provenance-missing"


def test_what_could_not_be_read_is_closed() -> None:
    for found in ((), (Attestation(problem="x"),), (replace(PROOF, issuer="x"),)):
        result = judged(facts(*found, unread="GitHub is away"))
        assert (result.word, result.code) == ("unknown", "provenance-unreadable")
        assert "GitHub is away" in result.reason
    assert judged(ProvenanceFacts()).word == "unknown"


def test_a_tag_alone_is_refused() -> None:
    result = judged(facts(PROOF), RULE, move("ghcr.io/acme/web:v1.2.3"))
    assert (result.word, result.code) == ("refuse", "provenance-no-digest")


def test_a_change_that_brings_in_no_image_passes() -> None:
    gone = ImageMove(application="web", before=parse_reference("ghcr.io/acme/web:v1"))
    for moves in ((), (gone,)):
        result = evaluate("production", RULE, moves, ProvenanceFacts())
        assert result is not None
        assert (result.word, result.reason) == ("pass", "no new image")


def test_the_worst_image_decides() -> None:
    unproven = move(f"ghcr.io/acme/web-worker:v1.2.3@{OTHER}")
    known = ProvenanceFacts(
        attestations={DIGEST: ImageAttestations(found=(PROOF,)), OTHER: ImageAttestations()}
    )
    result = judged(known, RULE, move(), unproven)
    assert result.word == "wait"
    assert result.found.count("; ") == 1


@pytest.mark.parametrize(
    ("pattern", "ref", "word"),
    [
        ("refs/tags/v*", "refs/tags/v1.2.3", "pass"),
        ("refs/tags/v*", "refs/heads/v1", "refuse"),
        ("refs/heads/main", "refs/heads/main", "pass"),
        ("refs/heads/main", "refs/heads/main2", "refuse"),
        ("refs/tags/v*", "", "refuse"),
        ("", "refs/heads/anything", "pass"),
    ],
)
def test_the_ref_that_it_ran_from(pattern: str, ref: str, word: str) -> None:
    workflow = PROOF.identity.partition("@")[0]
    found = replace(PROOF, identity=f"{workflow}@{ref}" if ref else workflow)
    assert judged(facts(found), replace(RULE, ref=pattern)).word == word


def test_a_shared_workflow_counts_for_the_applications_own_repository_alone() -> None:
    rule = Provenance(workflow="acme/ci/.github/workflows/build.yml")
    sources = {"web": "acme/Web"}
    own = replace(PROOF, identity=SHARED)
    assert judged(facts(own, sources=sources), rule).word == "pass"
    assert judged(facts(own), rule).reason == "web v1.2.3 was built for acme/web"
    foreign = replace(own, source="https://github.com/evil/web")
    assert judged(facts(foreign, sources=sources), rule).word == "refuse"


def test_the_application_in_the_workflows_name() -> None:
    rule = Provenance(workflow="acme/{application}/.github/workflows/release.yml")
    assert judged(facts(PROOF), rule).word == "pass"
    assert judged(facts(PROOF), rule, move(application="db")).word == "refuse"


def test_the_server_of_an_enterprise_and_its_issuer() -> None:
    ghes = "https://git.acme.test"
    found = replace(
        PROOF,
        issuer=f"{ghes}/_services/token",
        identity=f"{ghes}/{RULE.workflow}@refs/tags/v1",
        source=f"{ghes}/acme/web",
    )
    rule = replace(RULE, issuer=f"{ghes}/_services/token")
    assert judged(facts(found, server=ghes), rule).word == "pass"
    assert judged(facts(found), rule).word == "refuse"
    assert judged(facts(found, server=ghes)).word == "refuse"


def test_what_an_earlier_run_proved_is_not_asked_again() -> None:
    known = ProvenanceFacts(known=frozenset({DIGEST}))
    assert judged(known).word == "pass"
    assert judged(known, RULE, move(f"ghcr.io/acme/web:v2@{OTHER}")).word == "unknown"
    assert proven_digests(RULE, (move(),), facts(PROOF)) == {DIGEST}
    assert proven_digests(RULE, (move(),), facts()) == frozenset()
    assert proven_digests(None, (move(),), facts(PROOF)) == frozenset()
