"""Registries that fail, lie, or try to get hold of an account."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from gitops_action.adapters.registry import (
    Account,
    Accounts,
    DockerConfig,
    RegistryClient,
    read_docker_config,
)
from gitops_action.adapters.registry.addresses import is_local, leads_home, same_site
from gitops_action.adapters.registry.auth import authorize
from gitops_action.adapters.registry.transport import (
    RegistryResponse,
    RegistryTransport,
    Timeouts,
)
from gitops_action.adapters.retry import RetryPolicy
from gitops_action.core.images import ImageReferenceError, parse_reference
from gitops_action.core.images.oci import (
    ImageFacts,
    ImageMissingError,
    RegistryContentError,
    RegistryDeniedError,
    RegistryUnreachableError,
)
from gitops_action.errors import UsageError
from tests.support.registries import ANYWHERE
from tests.support.scripted_http import Asked, Reply, ScriptedServer, scripted_server

SECRET = "planted-registry-secret"
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
MANIFEST = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST_TYPE}).encode()
DIGEST = f"sha256:{hashlib.sha256(MANIFEST).hexdigest()}"
TYPED = {"Content-Type": MANIFEST_TYPE}
IMAGE = Reply(headers={**TYPED, "Docker-Content-Digest": DIGEST}, body=MANIFEST)
CUT = Reply(headers=IMAGE.headers, body=MANIFEST, cut=True)
SCHEMA_1 = {"Content-Type": "application/vnd.docker.distribution.manifest.v1+json"}
ANY_ERROR = r"."
QUICK = RetryPolicy(attempts=3, initial=0.01, jitter=0.01, maximum=0.05, longest=0.05, total=5.0)
SHORT = Timeouts(connect=1, read=0.3, answer=0.6)


def describe(server: ScriptedServer, *, reference: str = "acme/web:v1") -> ImageFacts:
    account = Account(username="robot", password=SECRET)
    accounts = Accounts(given=account, given_for=frozenset({server.address}))
    client = RegistryClient(accounts, policy=QUICK, timeouts=SHORT, local=ANYWHERE)
    return client.describe(parse_reference(f"{server.address}/{reference}"))


def then(first: Reply, *, times: int = 1) -> Callable[[Asked, int], Reply]:
    """Answer so the first times, and well afterwards."""
    return lambda _asked, number: first if number <= times else IMAGE


@pytest.mark.parametrize("fault", [Reply(status=500), Reply(status=429), CUT])
def test_a_fault_that_stays_is_unreachable(fault: Reply) -> None:
    with scripted_server(then(fault, times=99)) as server:
        with pytest.raises(RegistryUnreachableError):
            describe(server)
        assert len(server.asked) == QUICK.attempts


def test_a_long_retry_after_is_not_waited_for() -> None:
    fault = Reply(status=429, headers={"Retry-After": "3600"})
    with scripted_server(then(fault)) as server:
        with pytest.raises(RegistryUnreachableError, match="429"):
            describe(server)
        assert len(server.asked) == 1


def test_nobody_listens() -> None:
    client = RegistryClient(Accounts(), policy=QUICK, timeouts=SHORT, local=ANYWHERE)
    with pytest.raises(RegistryUnreachableError, match="refused"):
        client.describe(parse_reference("localhost:1/acme/web:v1"))


@pytest.mark.parametrize(
    ("status", "kind"),
    [(404, ImageMissingError), (403, RegistryDeniedError), (418, RegistryUnreachableError)],
)
def test_final_answers_are_not_asked_for_again(status: int, kind: type[Exception]) -> None:
    with scripted_server(lambda _asked, _number: Reply(status=status)) as server:
        with pytest.raises(kind):
            describe(server)
        assert len(server.asked) <= 2


@pytest.mark.parametrize(
    "reply",
    [
        Reply(
            headers={**IMAGE.headers, "Docker-Content-Digest": "sha256:" + "0" * 64}, body=MANIFEST
        ),
        Reply(headers={"Content-Type": "text/html"}, body=b"<html>"),
        Reply(headers=TYPED, body=b"[" * 100_000),
        Reply(headers=SCHEMA_1, body=b"{}"),
        Reply(headers=IMAGE.headers, body=b" " * (4 * 1024 * 1024 + 1)),
    ],
    ids=["digest", "html", "nested", "schema1", "flood"],
)
def test_an_answer_that_is_no_image_is_an_error_of_its_own(reply: Reply) -> None:
    with (
        scripted_server(lambda _asked, _number: reply) as server,
        pytest.raises(RegistryContentError),
    ):
        describe(server)


def test_other_content_than_the_digest_asked_for_is_refused() -> None:
    reply = Reply(headers=TYPED, body=MANIFEST)
    with (
        scripted_server(lambda _asked, _number: reply) as server,
        pytest.raises(RegistryContentError),
    ):
        describe(server, reference="acme/web@sha256:" + "0" * 64)


def test_labels_that_cannot_be_read_stay_empty() -> None:
    content = {"mediaType": MANIFEST_TYPE, "config": {"digest": "sha256:" + "1" * 64}}
    manifest = Reply(headers=TYPED, body=json.dumps(content).encode())

    def script(asked: Asked, _number: int) -> Reply:
        return manifest if "/manifests/" in asked.path else Reply(status=404)

    with scripted_server(script) as server:
        facts = describe(server)
    assert (facts.source, facts.revision) == ("", "")


def bearer(realm: str) -> Reply:
    challenge = f'Bearer realm="{realm}",service="x",scope="repository:acme/other:push,pull"'
    return Reply(status=401, headers={"WWW-Authenticate": challenge})


@pytest.mark.parametrize(
    "realm",
    [
        "http://192.0.2.1/token",
        "ftp://localhost/token",
        "",
        "https://u:p@192.0.2.1/token",
        "https://169.254.169.254/token",
    ],
)
def test_an_account_is_not_shown_to_an_unsafe_token_service(realm: str) -> None:
    with scripted_server(lambda _asked, _number: bearer(realm)) as server:
        with pytest.raises(RegistryUnreachableError, match="token service"):
            describe(server)
        assert all("Authorization" not in asked.headers for asked in server.asked)


def test_only_the_right_to_pull_is_asked_for_and_the_secret_stays_in_one_header() -> None:
    def script(asked: Asked, _number: int) -> Reply:
        if asked.path.startswith("/token"):
            return Reply(body=b'{"access_token": "short-lived"}')
        return IMAGE if asked.headers.get("Authorization") == "Bearer short-lived" else challenge[0]

    challenge: list[Reply] = []
    with scripted_server(script) as server:
        challenge.append(bearer(f"http://{server.address}/token?a=b"))
        assert describe(server).digest == DIGEST
    _, token, manifest = server.asked
    assert token.path == "/token?a=b&service=x&scope=repository%3Aacme%2Fweb%3Apull"
    assert token.headers["Authorization"].startswith("Basic ")
    assert manifest.headers["Authorization"] == "Bearer short-lived"


def test_an_account_is_not_shown_to_the_token_service_of_somebody_else() -> None:
    shown: list[str] = []

    class Watched(RegistryTransport):
        def get(self, url: str, *, headers: Mapping[str, str], limit: int) -> RegistryResponse:
            shown.append(f"{url} {headers.get('Authorization', 'nobody')}")
            return RegistryResponse(status=401, headers={}, body=b""[:limit])

    challenge = 'Bearer realm="https://token.evil.dev/token",service="x"'
    account = Account(username="robot", password=SECRET)
    for known, denied in ((account, "another server"), (None, "token service refuses")):
        with pytest.raises(RegistryDeniedError, match=denied):
            authorize(
                Watched(QUICK, SHORT),
                challenge=challenge,
                registry="https://ghcr.io/v2",
                path="acme/web",
                account=known,
                insecure=frozenset(),
            )
    assert [text.rpartition(" ")[2] for text in shown] == ["nobody"]


@pytest.mark.parametrize(
    ("registry", "service", "same"),
    [
        ("registry-1.docker.io", "auth.docker.io", True),
        ("registry.gitlab.com", "gitlab.com", True),
        ("ghcr.io", "ghcr.io", True),
        ("ghcr.io", "ghcr.io.evil.dev", False),
        ("ghcr.io", "evilghcr.io", False),
        ("registry.acme.co.uk", "auth.acme.co.uk", True),
        ("registry.acme.co.uk", "evil.co.uk", False),
        ("10.0.0.1", "10.0.0.2", False),
        ("localhost", "127.0.0.1", True),
        ("localhost", "evil.localhost.dev", False),
    ],
)
def test_who_owns_a_host_is_told_by_its_name(registry: str, service: str, same: bool) -> None:
    assert same_site(registry, service) is same


def test_a_registry_elsewhere_cannot_send_us_to_services_of_this_machine() -> None:
    assert leads_home("https://ghcr.io/v2", "http://127.0.0.1:8080/admin")
    assert leads_home("https://ghcr.io/v2", "https://localhost/admin")
    assert not leads_home("http://localhost:5000/v2", "http://127.0.0.1:5001/token")


@pytest.mark.parametrize("realm", ["http://127.0.0.1:9/token", "https://localhost/token"])
def test_a_token_service_on_this_machine_is_not_asked_for_a_registry_elsewhere(realm: str) -> None:
    with pytest.raises(RegistryUnreachableError, match="token service cannot be used"):
        authorize(
            RegistryTransport(QUICK, SHORT),
            challenge=f'Bearer realm="{realm}"',
            registry="https://ghcr.io/v2",
            path="acme/web",
            account=None,
            insecure=frozenset(),
        )


def test_a_registry_named_by_the_inputs_without_an_account_has_docker_s() -> None:
    docker = DockerConfig(entries={"registry.example": ("robot", SECRET)})
    accounts = Accounts(given_for=frozenset({"registry.example"}), docker=docker)
    assert accounts.of("registry.example") == Account(username="robot", password=SECRET)


def test_a_redirect_to_another_host_carries_no_account() -> None:
    with scripted_server(lambda _asked, _number: IMAGE) as other:

        def script(asked: Asked, _number: int) -> Reply:
            if "Authorization" not in asked.headers:
                return Reply(status=401, headers={"WWW-Authenticate": 'Basic realm="x"'})
            return Reply(status=307, headers={"Location": f"http://{other.address}/elsewhere"})

        with scripted_server(script) as server:
            assert describe(server).digest == DIGEST
    assert "Authorization" in server.asked[1].headers
    assert [asked.path for asked in other.asked] == ["/elsewhere"]
    assert "Authorization" not in other.asked[0].headers


@pytest.mark.parametrize(
    "target",
    ["http://192.0.2.1/x", "file:///etc/passwd", "https://169.254.169.254/", "https://[fe80::1]/"],
)
def test_a_redirect_to_a_place_that_is_no_registry_is_not_followed(target: str) -> None:
    reply = Reply(status=307, headers={"Location": target})
    with (
        scripted_server(lambda _asked, _number: reply) as server,
        pytest.raises(RegistryUnreachableError, match="not asked"),
    ):
        describe(server)


def test_an_endless_redirect_ends() -> None:
    reply = Reply(status=302, headers={"Location": "/again"})
    with scripted_server(lambda _asked, _number: reply) as server:
        with pytest.raises(RegistryUnreachableError, match="redirects"):
            describe(server)
        assert len(server.asked) == 5


def test_an_account_is_shown_to_its_own_registry_only() -> None:
    account = Account(username="robot", password=SECRET)
    accounts = Accounts(given=account, given_for=frozenset({"registry.acme.dev"}), job=account)
    assert accounts.of("registry.acme.dev") is account
    assert accounts.of("ghcr.io") is account
    assert accounts.of("docker.io") is None
    assert accounts.of("ghcr.io.evil.dev") is None
    basic = Reply(status=401, headers={"WWW-Authenticate": 'Basic realm="x"'})
    with scripted_server(lambda _asked, _number: basic) as server:
        client = RegistryClient(accounts, policy=QUICK, timeouts=SHORT, local=ANYWHERE)
        with pytest.raises(RegistryDeniedError):
            client.describe(parse_reference(f"{server.address}/acme/web:v1"))
    assert all("Authorization" not in asked.headers for asked in server.asked)


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 302])
def test_the_secret_is_in_no_error_log_or_address(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    def script(asked: Asked, _number: int) -> Reply:
        if "Authorization" not in asked.headers:
            return Reply(status=401, headers={"WWW-Authenticate": 'Basic realm="x"'})
        return Reply(status=status, headers={"Location": "http://192.0.2.1/"})

    caplog.set_level(logging.DEBUG)
    with scripted_server(script) as server, pytest.raises(Exception, match=ANY_ERROR) as caught:
        describe(server)
    shown = [repr(caught.value), str(caught.value), caplog.text]
    shown += [asked.path for asked in server.asked]
    assert not any(SECRET in text for text in shown)
    assert SECRET not in repr(Account(username="robot", password=SECRET))


def test_a_netrc_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine localhost login x password {SECRET}\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with scripted_server(lambda _asked, _number: IMAGE) as server:
        describe(server)
    assert "Authorization" not in server.asked[0].headers


def test_a_broken_docker_configuration_is_named_without_its_content(tmp_path: Path) -> None:
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker" / "config.json").write_text(f'{{"auths": "{SECRET}')
    with pytest.raises(UsageError, match=r"config\.json") as caught:
        read_docker_config({"HOME": str(tmp_path)})
    assert SECRET not in str(caught.value)


def test_no_docker_configuration_is_no_account(tmp_path: Path) -> None:
    for environ in ({}, {"HOME": str(tmp_path)}, {"DOCKER_CONFIG": str(tmp_path)}):
        assert read_docker_config(environ).entries == {}


@pytest.mark.parametrize(
    "registry",
    [
        "localhost:5000",
        "LOCALHOST.:5000",
        "127.0.0.1:5000",
        "127.1:5000",
        "2130706433:5000",
        "0x7f000001:5000",
        "0.0.0.0:5000",
        "[::1]:5000",
        "[::]:5000",
        "[::ffff:127.0.0.1]:5000",
        "169.254.169.254",
        "[fe80::1]:5000",
        "[::ffff:169.254.169.254]:80",
    ],
)
def test_a_local_registry_is_asked_only_where_it_is_named(registry: str) -> None:
    assert is_local(urlsplit(f"//{registry}").hostname or "")
    try:
        reference = parse_reference(f"{registry}/acme/web:v1")
    except ImageReferenceError:
        return  # no registry is spelled like this
    client = RegistryClient(Accounts(), policy=QUICK, timeouts=SHORT)
    with pytest.raises(RegistryUnreachableError, match="is not asked for"):
        client.describe(reference)


Resolve = Callable[..., list[tuple[object, ...]]]


def resolver(*answers: str) -> Resolve:
    """A name server that gives these addresses for every name, one an answer; then the last."""
    real, given = socket.getaddrinfo, list(answers)

    def resolve(_host: str, port: int, *_: object, **__: object) -> list[tuple[object, ...]]:
        address = given.pop(0) if len(given) > 1 else given[0]
        return list(real(address, port, type=socket.SOCK_STREAM))

    return resolve


@pytest.mark.parametrize(
    "answers",
    [("127.0.0.1",), ("::ffff:127.0.0.1",), ("169.254.169.254",), ("192.0.2.1", "127.0.0.1")],
    ids=["loopback", "mapped", "link-local", "rebinding"],
)
def test_a_name_that_resolves_to_a_local_address_is_asked_only_where_it_is_named(
    monkeypatch: pytest.MonkeyPatch, answers: tuple[str, ...]
) -> None:
    with scripted_server(lambda _asked, _number: IMAGE) as server:
        name = f"registry.example:{server.address.partition(':')[2]}"
        monkeypatch.setattr(socket, "getaddrinfo", resolver(*answers))
        client = RegistryClient(
            Accounts(), policy=QUICK, timeouts=SHORT, insecure=frozenset({name})
        )
        with pytest.raises(RegistryUnreachableError, match="is not asked"):
            client.describe(parse_reference(f"{name}/acme/web:v1"))
    assert server.asked == []


def test_a_named_registry_may_resolve_to_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted_server(lambda _asked, _number: IMAGE) as server:
        name = f"registry.example:{server.address.partition(':')[2]}"
        monkeypatch.setattr(socket, "getaddrinfo", resolver("127.0.0.1"))
        named = frozenset({name})
        client = RegistryClient(
            Accounts(), policy=QUICK, timeouts=SHORT, insecure=named, local=named
        )
        assert client.describe(parse_reference(f"{name}/acme/web:v1")).digest == DIGEST


def test_a_public_name_is_not_local() -> None:
    for host in ("ghcr.io", "8.8.8.8", "registry.acme.dev", "cafe", "1.2.3.4.example"):
        assert not is_local(host)


@pytest.mark.parametrize(
    "location", ["http://[", "https://h\xe4ll\xf6/x", "//", "https://\x80", "::"]
)
def test_a_location_that_is_no_address(location: str) -> None:
    away = Reply(status=302, headers={"Location": location})
    failure = pytest.raises((RegistryUnreachableError, RegistryDeniedError))
    with scripted_server(lambda _asked, _number: away) as server, failure:
        describe(server)


@pytest.mark.parametrize("after", ["9" * 30, "\xb2", "9" * 5000, "-1", "1e9", ""])
def test_an_odd_retry_after(after: str) -> None:
    busy = Reply(status=429, headers={"Retry-After": after})
    failure = pytest.raises(RegistryUnreachableError, match="429")
    with scripted_server(lambda _asked, _number: busy) as server, failure:
        describe(server)


def test_headers_that_drip_are_waited_for_no_longer_than_an_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"127.0.0.1:{listening.getsockname()[1]}"
        threading.Thread(target=_drip, args=(listening,), daemon=True).start()
        client = RegistryClient(
            Accounts(), policy=replace(QUICK, attempts=1), timeouts=SHORT, local=ANYWHERE
        )
        started = time.monotonic()
        with pytest.raises(RegistryUnreachableError, match="no answer in time"):
            client.describe(parse_reference(f"{address}/acme/web:v1"))
        assert time.monotonic() - started < 5


def _drip(listening: socket.socket) -> None:
    """One byte of an endless header each tenth of a second."""
    with contextlib.suppress(OSError):
        connection, _ = listening.accept()
        with connection:
            _drip_into(connection)


def _drip_into(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.sendall(b"HTTP/1.1 200 OK\r\nX-A: ")
        pause = threading.Event()
        while not pause.wait(0.1):
            connection.sendall(b"a")


def test_a_token_nested_without_end() -> None:
    deep = Reply(body=b"[" * 200_000)

    def script(asked: Asked, _number: int) -> Reply:
        if asked.path.startswith("/token"):
            return deep
        realm = f"http://{asked.headers['Host']}/token"
        return Reply(status=401, headers={"WWW-Authenticate": f'Bearer realm="{realm}"'})

    failure = pytest.raises(RegistryUnreachableError, match="gives no token")
    with scripted_server(script) as server, failure:
        describe(server)
