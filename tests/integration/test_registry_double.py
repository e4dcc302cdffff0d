"""The test registry keeps the protocol's promises to clients that are not ours."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from testbed.registry import PASSWORD, USER, Registry, broken_registry

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
ACCEPT = {"Accept": f"{INDEX}, {MANIFEST}, {DOCKER_LIST}"}


def get(
    registry: Registry, path: str, auth: tuple[str, str] | None = None, **headers: str
) -> requests.Response:
    return requests.get(
        f"http://{registry.address}/v2/{path}", headers={**ACCEPT, **headers}, auth=auth, timeout=10
    )


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with Registry.start(tmp_path) as started:
        yield started


def test_a_pushed_image_is_read_back_by_tag_and_digest(registry: Registry) -> None:
    digest = registry.push_image(
        "acme/web", "v1.2.3", labels={"a": "b"}, annotations={"org.example.note": "n"}
    )
    by_tag = get(registry, "acme/web/manifests/v1.2.3")
    assert by_tag.status_code == 200
    assert by_tag.headers["Docker-Content-Digest"] == digest
    assert digest == f"sha256:{hashlib.sha256(by_tag.content).hexdigest()}"
    assert by_tag.json()["annotations"] == {"org.example.note": "n"}
    assert get(registry, f"acme/web/manifests/{digest}").content == by_tag.content
    config = get(registry, f"acme/web/blobs/{by_tag.json()['config']['digest']}")
    assert config.json()["config"]["Labels"] == {"a": "b"}


def test_images_of_two_tags_differ_and_one_pushed_twice_is_the_same(registry: Registry) -> None:
    first = registry.push_image("acme/web", "v1")
    assert registry.push_image("acme/web", "v2") != first
    assert registry.push_image("acme/web", "v1") == first


@pytest.mark.parametrize(("docker", "media_type"), [(False, INDEX), (True, DOCKER_LIST)])
def test_an_index_holds_two_platforms(registry: Registry, *, docker: bool, media_type: str) -> None:
    digest = registry.push_image("acme/web", "v1", index=True, docker=docker)
    index = get(registry, "acme/web/manifests/v1")
    assert index.headers["Content-Type"] == media_type
    assert index.headers["Docker-Content-Digest"] == digest
    entries = index.json()["manifests"]
    assert [entry["platform"]["architecture"] for entry in entries] == ["amd64", "arm64"]
    assert len({entry["digest"] for entry in entries}) == 2


def test_a_deleted_image_is_missing(registry: Registry) -> None:
    digest = registry.push_image("acme/web", "v1")
    registry.delete("acme/web", digest)
    assert get(registry, "acme/web/manifests/v1").status_code == 404
    assert "DELETE" in " ".join(registry.requests())


def test_basic_authentication_lets_only_the_account_in(tmp_path: Path) -> None:
    with Registry.start(tmp_path, auth="basic") as registry:
        registry.push_image("acme/web", "v1")
        anonymous = get(registry, "acme/web/manifests/v1")
        assert anonymous.status_code == 401
        assert anonymous.headers["WWW-Authenticate"].startswith("Basic ")
        assert get(registry, "acme/web/manifests/v1", (USER, "wrong")).status_code == 401
        assert get(registry, "acme/web/manifests/v1", (USER, PASSWORD)).status_code == 200


def challenge(registry: Registry, repository: str) -> dict[str, str]:
    answer = get(registry, f"{repository}/manifests/v1")
    assert answer.status_code == 401
    scheme, _, rest = answer.headers["WWW-Authenticate"].partition(" ")
    assert scheme == "Bearer"
    return requests.utils.parse_dict_header(rest)


def ask(asked: dict[str, str], password: str | None) -> requests.Response:
    auth = (USER, password) if password is not None else None
    scope = {"service": asked["service"], "scope": asked["scope"]}
    return requests.get(asked["realm"], params=scope, auth=auth, timeout=10)


def test_token_authentication_goes_through_the_token_server(tmp_path: Path) -> None:
    with Registry.start(tmp_path, auth="token", public=("acme/open",)) as registry:
        registry.push_image("acme/web", "v1")
        registry.push_image("acme/open", "v1")
        private = challenge(registry, "acme/web")
        assert private["scope"] == "repository:acme/web:pull"
        assert ask(private, "wrong").status_code == 401

        def status(repository: str, password: str | None) -> int:
            token = ask(challenge(registry, repository), password).json()["token"]
            return get(
                registry, f"{repository}/manifests/v1", Authorization=f"Bearer {token}"
            ).status_code

        assert status("acme/web", PASSWORD) == 200
        assert status("acme/web", None) == 401
        assert status("acme/open", None) == 200


def test_a_token_for_one_repository_opens_no_other(tmp_path: Path) -> None:
    with Registry.start(tmp_path, auth="token") as registry:
        registry.push_image("acme/web", "v1")
        registry.push_image("acme/other", "v1")
        token = ask(challenge(registry, "acme/other"), PASSWORD).json()["token"]
        bearer = f"Bearer {token}"
        assert get(registry, "acme/other/manifests/v1", Authorization=bearer).status_code == 200
        assert get(registry, "acme/web/manifests/v1", Authorization=bearer).status_code == 401


def test_the_password_is_in_no_log(tmp_path: Path) -> None:
    with Registry.start(tmp_path, auth="basic") as registry:
        get(registry, "", (USER, PASSWORD))
        log = registry.log.read_text()
    assert PASSWORD not in log
    assert base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode() not in log


@pytest.mark.parametrize("status", [403, 429, 503])
def test_a_broken_registry_answers_as_told(status: int) -> None:
    with broken_registry(status, headers={"Retry-After": "1"}) as address:
        answer = requests.get(f"http://{address}/v2/acme/web/manifests/v1", timeout=10)
    assert answer.status_code == status
    assert answer.headers["Retry-After"] == "1"
