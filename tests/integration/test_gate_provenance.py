"""The gate `provenance` on a real forge and a real registry, with bundles that the test signs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gitops_action.adapters.attestations.images import AttestedImages
from gitops_action.adapters.registry import Accounts, RegistryClient
from gitops_action.adapters.retry import RetryPolicy
from gitops_action.core.gates.provenance import ImageAttestations
from gitops_action.core.images import parse_reference
from testbed.registry import Registry
from tests.support.gate_forge import (
    FILES,
    NEW,
    RIGHTS,
    GateStage,
    codes,
    config,
    gate_stage,
    waiting,
)
from tests.support.registries import ANYWHERE
from tests.support.scripted_http import Reply, scripted_server
from tests.support.sigstore_service import SIGNED, Identity, Sigstore
from tests.support.snappy import compress

ROOTS = ".github/trusted-root.jsonl"
DIGEST = NEW.partition("@")[2]
OTHER = "sha256:" + "3" * 64
APPLICATION = "acme/web"
RULE = f"workflow: acme/web/.github/workflows/release.yml, trusted-root: {ROOTS}"
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
QUICK = RetryPolicy(attempts=2, initial=0.01, jitter=0.01)


def no_registry(_domains: frozenset[str]) -> Any:
    """A registry with nothing attached: images of these tests are in none."""
    return Nothing()


class Nothing:
    def bundles(self, _reference: object) -> Iterator[bytes]:
        return iter(())


@dataclass
class ProvenanceStage(GateStage):
    """A gate that finds attestations at the forge alone."""

    def ports(self, ports: Any, clock: Any, job: Any) -> Any:
        made = super().ports(ports, clock, job)
        kept = ports.attestations._kept  # noqa: SLF001 - the registry alone is another
        return replace(made, attestations=AttestedImages(kept, no_registry))


@dataclass
class Scene:
    stage: ProvenanceStage
    service: Sigstore
    number: int

    def attest(self, digest: str = DIGEST, **given: Any) -> None:
        """Store a bundle of the digest at the forge."""
        identity = given.pop("identity", None) or self.identity()
        about = given.pop("about", digest)
        bundle = self.service.attest(about, identity=identity, **given)
        source = self.stage.forge.repository(APPLICATION)
        source.attest(digest, bundle)

    def words(self) -> str:
        """The gate's comment, without the marks around what others wrote."""
        return self.stage.comment(self.number).replace("`", "")

    def identity(self, **given: str) -> Identity:
        server = self.stage.forge.server_url
        values = {
            "workflow": f"{server}/acme/web/.github/workflows/release.yml@refs/tags/v2",
            "source": f"{server}/{APPLICATION}",
            **given,
        }
        return Identity(**values)  # type: ignore[arg-type]


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    service = Sigstore(public=False)
    rules = config(
        production=f"merge: auto\ngates: {{approvals: {{count: 0}}, provenance: {{{RULE}}}}}"
    )
    files = {**FILES, ".github/gitops.yaml": rules, ROOTS: service.trusted_root().decode()}
    with gate_stage(tmp_path, files) as plain:
        plain.forge.create_repository(APPLICATION, files={"main.go": "0"})
        token = plain.forge.token(
            login="gitops-gate[bot]",
            repositories=["acme/environment", APPLICATION],
            permissions={**RIGHTS, "attestations": "read"},
        )
        stage = ProvenanceStage(
            forge=plain.forge, repository=plain.repository, token=token, root=tmp_path
        )
        yield Scene(stage=stage, service=service, number=stage.bump())


def test_an_attested_image_merges(scene: Scene) -> None:
    scene.attest()
    scene.stage.gate()
    assert scene.stage.merged(scene.number)


def test_a_bundle_that_github_lists_by_its_address_alone(scene: Scene) -> None:
    bundle = scene.service.attest(DIGEST, identity=scene.identity())
    body = compress(json.dumps(bundle).encode())
    with scripted_server(lambda _asked, _number: Reply(body=body)) as storage:
        url = f"http://{storage.address}/1?sig=secret"
        scene.stage.forge.repository(APPLICATION).attest(DIGEST, None, url=url)
        scene.stage.gate()
    assert scene.stage.merged(scene.number)
    assert "Authorization" not in storage.asked[0].headers


@pytest.mark.parametrize("url", ["", "http://127.0.0.1:9/1?sig=secret", "https://169.254.169.254/"])
def test_a_bundle_that_cannot_be_downloaded_is_unknown_and_closed(scene: Scene, url: str) -> None:
    scene.stage.forge.repository(APPLICATION).attest(DIGEST, None, url=url)
    assert codes(scene.stage.gate()) == ["provenance-unreadable"]
    assert scene.stage.ready(scene.number)[0] == "error"
    assert "sig=" not in scene.words()
    assert not scene.stage.merged(scene.number)


def test_one_that_nobody_attested_waits_and_merges_when_it_is(scene: Scene) -> None:
    outcome = scene.stage.gate()
    assert codes(outcome) == ["provenance-missing"]
    assert waiting(outcome)[0]["gate"] == "provenance"
    state, text = scene.stage.ready(scene.number)
    assert state == "pending"
    assert text == "waiting: web v2 has no attestation of who built it (the registry searched)"
    assert "| ⏳ waits | provenance |" in scene.stage.comment(scene.number)
    scene.attest()
    scene.stage.gate()
    assert scene.stage.merged(scene.number)


def refused(scene: Scene, code: str, text: str) -> None:
    outcome = scene.stage.gate()
    assert codes(outcome) == [code]
    state, found = scene.stage.ready(scene.number)
    assert (state, found.startswith("refused: web v2 ")) == ("failure", True)
    assert text in scene.words()
    assert not scene.stage.merged(scene.number)


def test_another_workflow(scene: Scene) -> None:
    server = scene.stage.forge.server_url
    evil = f"{server}/acme/web/.github/workflows/evil.yml@refs/heads/topic"
    scene.attest(identity=scene.identity(workflow=evil))
    refused(scene, "provenance-other-builder", "was built by acme/web/.github/workflows/evil.yml")


def test_another_issuer(scene: Scene) -> None:
    scene.attest(identity=scene.identity(issuer="https://issuer.evil.test"))
    refused(scene, "provenance-other-builder", "https://issuer.evil.test")


def test_another_digest(scene: Scene) -> None:
    scene.attest(about=OTHER)
    refused(scene, "provenance-untrusted", "has an attestation of another digest")


def test_an_expired_certificate(scene: Scene) -> None:
    scene.attest(issued=SIGNED - timedelta(hours=1))
    refused(scene, "provenance-untrusted", "was not valid when it signed")


def test_a_forged_bundle(scene: Scene) -> None:
    scene.service.root_key = Sigstore().root_key
    scene.attest()
    refused(scene, "provenance-untrusted", "has no valid signature")


def test_a_service_that_is_away_is_unknown_and_closed(scene: Scene) -> None:
    scene.attest()
    scene.stage.forge.fail(r"GET .*/attestations/", status=503, times=99)
    outcome = scene.stage.gate()
    assert codes(outcome) == ["provenance-unreadable"]
    assert scene.stage.ready(scene.number)[0] == "error"
    assert not scene.stage.merged(scene.number)


def test_the_trusted_root_of_a_pull_request_counts_for_nothing(scene: Scene) -> None:
    forger = Sigstore(public=False)
    own, scene.service = scene.service, forger
    scene.attest()
    path = "environments/production/kustomization.yaml"
    kept = scene.stage.repository.read("gitops/production/web", path).decode()
    number = scene.stage.bump(
        files={ROOTS: forger.trusted_root().decode(), path: kept}, branch="gitops/production/evil"
    )
    outcome = scene.stage.gate()
    assert {one["reason-code"] for one in waiting(outcome)} == {"provenance-untrusted"}
    assert not scene.stage.merged(number)
    assert own is not forger


def test_a_change_of_the_trusted_root_touches_its_environments(scene: Scene) -> None:
    forger = Sigstore(public=False).trusted_root().decode()
    number = scene.stage.propose({ROOTS: forger}, branch="roots")
    scene.stage.gate(pull_request=number)
    assert "gitops/production" in scene.stage.statuses(number)


def test_a_missing_trusted_root_is_unknown(scene: Scene) -> None:
    scene.attest()
    scene.stage.repository.commit(files={ROOTS: None})
    outcome = scene.stage.gate()
    assert codes(outcome) == ["provenance-unreadable"]
    assert f"{ROOTS} is not in the base" in scene.words()


def test_what_is_proven_is_not_asked_again_while_it_waits(scene: Scene) -> None:
    text = config(production=f"merge: auto\ngates: {{checks: [ci/smoke], provenance: {{{RULE}}}}}")
    scene.stage.configure(text)
    scene.attest()
    scene.stage.gate()
    scene.stage.forge.requests.clear()
    outcome = scene.stage.gate()
    assert "provenance" not in [one["gate"] for one in waiting(outcome)]
    assert not [one for one in scene.stage.forge.requests if "attestations" in one.path]
    scene.stage.approve(scene.number)
    head = scene.stage.repository.pull(scene.number).head_oid
    scene.stage.repository.status(head, "ci/smoke")
    scene.stage.gate()
    assert [one for one in scene.stage.forge.requests if "attestations" in one.path]
    assert scene.stage.merged(scene.number)


def test_bundles_that_are_attached_in_a_registry(tmp_path: Path) -> None:
    service = Sigstore()
    with Registry.start(tmp_path / "registry") as registry:
        digest = registry.push_image("acme/web", "v2")
        bare = registry.push_image("acme/web", "v3")
        bundles = [json.dumps(service.attest(digest)).encode(), b"{}"]
        registry.attach("acme/web", digest, BUNDLE, *bundles)
        source = AttestedImages(
            Empty(), lambda _domains: RegistryClient(Accounts(), policy=QUICK, local=ANYWHERE)
        )

        def found(digest: str, *, enough: bool = False) -> ImageAttestations:
            return source.of(
                parse_reference(f"{registry.address}/acme/web@{digest}"),
                repository=APPLICATION,
                roots=service.trusted_root(),
                domains=frozenset(),
                enough=lambda one: enough and not one.problem,
            )

        assert found(bare) == ImageAttestations()
        both = found(digest)
        assert both.unread == ""
        assert [bool(one.problem) for one in both.found] == [False, True]
        assert both.found[0].digests == {digest}
    gone = AttestedImages(
        Empty(), lambda _domains: RegistryClient(Accounts(), policy=QUICK, local=ANYWHERE)
    ).of(
        parse_reference(f"{registry.address}/acme/web@{digest}"),
        repository=APPLICATION,
        roots=service.trusted_root(),
        domains=frozenset(),
        enough=lambda _one: True,
    )
    assert (gone.found, bool(gone.unread)) == ((), True)


class Empty:
    def of(self, _repository: str, _digest: str) -> Iterator[bytes]:
        return iter(())
