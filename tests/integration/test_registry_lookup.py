"""Looking images up in a real registry: digests, labels, accounts."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from gitops_action.adapters.registry import Account, Accounts, RegistryClient, read_docker_config
from gitops_action.adapters.retry import RetryPolicy
from gitops_action.core.images import parse_reference, verify_pin
from gitops_action.core.images.oci import ImageMissingError, RegistryDeniedError
from testbed.registry import PASSWORD, USER, Registry
from tests.support.registries import ANYWHERE

QUICK = RetryPolicy(attempts=2, initial=0.01, jitter=0.01)
COMMIT = "c0ffee" * 6 + "cafe"
LABELS = {
    "org.opencontainers.image.source": "https://github.com/acme/web",
    "org.opencontainers.image.revision": COMMIT,
    "org.opencontainers.image.version": "v1.2.3",
}
ACCOUNT = Account(username=USER, password=PASSWORD)


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with Registry.start(tmp_path_factory.mktemp("registry")) as running:
        yield running


@pytest.fixture(scope="module")
def token_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    root = tmp_path_factory.mktemp("token-registry")
    with Registry.start(root, auth="token", public=("acme/public",)) as running:
        running.push_image("acme/web", "v1", labels=LABELS)
        running.push_image("acme/public", "v1", labels=LABELS)
        yield running


@pytest.fixture(scope="module")
def basic_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with Registry.start(tmp_path_factory.mktemp("basic-registry"), auth="basic") as running:
        running.push_image("acme/web", "v1", labels=LABELS)
        yield running


def client(accounts: Accounts | None = None) -> RegistryClient:
    return RegistryClient(accounts or Accounts(), policy=QUICK, local=ANYWHERE)


def given(registry: Registry, password: str = PASSWORD) -> Accounts:
    account = Account(username=USER, password=password)
    return Accounts(given=account, given_for=frozenset({registry.address}))


@pytest.mark.parametrize("docker", [False, True])
@pytest.mark.parametrize("index", [False, True])
def test_digest_and_labels_of_every_format(
    registry: Registry, *, docker: bool, index: bool
) -> None:
    name = f"acme/web-{docker}-{index}".lower()
    digest = registry.push_image(name, "v1.2.3", labels=LABELS, docker=docker, index=index)
    facts = client().describe(parse_reference(f"{registry.address}/{name}:v1.2.3"))
    assert facts.digest == digest
    assert (facts.source, facts.revision, facts.version) == tuple(LABELS.values())
    assert len(facts.members) == (2 if index else 0)
    assert ("list" in facts.media_type or "index" in facts.media_type) is index


def test_annotations_of_the_index_spare_further_requests(registry: Registry) -> None:
    registry.push_image("acme/noted", "v1", annotations=LABELS, index=True)
    before = len(registry.requests())
    facts = client().describe(parse_reference(f"{registry.address}/acme/noted:v1"))
    assert facts.revision == COMMIT
    assert len(registry.requests()) - before == 1


def test_an_image_that_says_nothing_has_empty_labels(registry: Registry) -> None:
    digest = registry.push_image("acme/plain", "v1")
    facts = client().describe(parse_reference(f"{registry.address}/acme/plain@{digest}"))
    assert (facts.digest, facts.source, facts.revision) == (digest, "", "")


def test_tag_and_digest_that_do_not_belong_together(registry: Registry) -> None:
    first = registry.push_image("acme/pin", "v1")
    second = registry.push_image("acme/pin", "v2")
    reference = parse_reference(f"{registry.address}/acme/pin:v2@{first}")
    facts = client().describe(reference)
    assert facts.digest == second
    assert verify_pin(reference, facts) is not None
    assert verify_pin(reference.with_(digest=second), facts) is None


def test_a_platform_digest_belongs_to_its_index(registry: Registry) -> None:
    registry.push_image("acme/multi", "v1", index=True)
    reference = parse_reference(f"{registry.address}/acme/multi:v1")
    facts = client().describe(reference)
    assert verify_pin(reference.with_(digest=facts.members[1]), facts) is None


@pytest.mark.parametrize(
    "rest", ["acme/none:v1", "acme/plain:none", "acme/plain@sha256:" + "0" * 64]
)
def test_what_is_not_there_is_certain(registry: Registry, rest: str) -> None:
    registry.push_image("acme/plain", "v1")
    with pytest.raises(ImageMissingError) as caught:
        client().describe(parse_reference(f"{registry.address}/{rest}"))
    assert rest in caught.value.title


def test_a_deleted_image_is_missing(registry: Registry) -> None:
    digest = registry.push_image("acme/gone", "v1")
    registry.delete("acme/gone", digest)
    with pytest.raises(ImageMissingError):
        client().describe(parse_reference(f"{registry.address}/acme/gone:v1"))


@pytest.mark.parametrize("kind", ["token_registry", "basic_registry"])
def test_an_account_opens_a_private_image(kind: str, request: pytest.FixtureRequest) -> None:
    private: Registry = request.getfixturevalue(kind)
    reference = parse_reference(f"{private.address}/acme/web:v1")
    assert client(given(private)).describe(reference).revision == COMMIT


@pytest.mark.parametrize("kind", ["token_registry", "basic_registry"])
@pytest.mark.parametrize("password", [None, "planted-wrong-password"])
def test_without_a_right_account_it_is_denied(
    kind: str, password: str | None, request: pytest.FixtureRequest
) -> None:
    private: Registry = request.getfixturevalue(kind)
    accounts = given(private, password) if password else Accounts()
    with pytest.raises(RegistryDeniedError) as caught:
        client(accounts).describe(parse_reference(f"{private.address}/acme/web:v1"))
    assert "registry-username" in caught.value.fix
    assert "planted" not in str(caught.value)
    assert "planted" not in private.log.read_text()


def test_a_public_image_needs_nobody_and_suffers_no_wrong_account(
    token_registry: Registry,
) -> None:
    reference = parse_reference(f"{token_registry.address}/acme/public:v1")
    assert client().describe(reference).revision == COMMIT
    assert client(given(token_registry, "wrong")).describe(reference).revision == COMMIT


@pytest.mark.parametrize("form", ["auth", "plain"])
def test_dockers_configuration_file_is_read(
    basic_registry: Registry, tmp_path: Path, form: str
) -> None:
    pair = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    entry = {"auth": pair} if form == "auth" else {"username": USER, "password": PASSWORD}
    key = f"http://{basic_registry.address}/v2/"
    (tmp_path / "config.json").write_text(json.dumps({"auths": {key: entry}}))
    config = read_docker_config({"DOCKER_CONFIG": str(tmp_path)})
    assert PASSWORD not in repr(config)
    reference = parse_reference(f"{basic_registry.address}/acme/web:v1")
    assert client(Accounts(docker=config)).describe(reference).revision == COMMIT


def test_a_credential_helper_is_named_when_it_would_be_needed(
    basic_registry: Registry, tmp_path: Path
) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"credsStore": "desktop", "auths": {}}))
    config = read_docker_config({"DOCKER_CONFIG": str(tmp_path)})
    with pytest.raises(RegistryDeniedError, match="desktop"):
        client(Accounts(docker=config)).describe(
            parse_reference(f"{basic_registry.address}/acme/web:v1")
        )
