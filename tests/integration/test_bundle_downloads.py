"""Bundles that GitHub lists by an address alone, from a storage on loopback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from gitops_action.adapters.attestations.images import (
    BUNDLE_LIMIT,
    COMPRESSED_LIMIT,
    BundleDownloads,
)
from gitops_action.adapters.retry import RetryPolicy
from gitops_action.errors import GitOpsError
from tests.support.scripted_http import Asked, Reply, scripted_server
from tests.support.snappy import compress

QUICK = RetryPolicy(attempts=2, initial=0.01, jitter=0.01)
SECRET = "/container/1?sig=c2VjcmV0"
LOCAL = BundleDownloads(local=True, policy=QUICK)


@contextmanager
def storage(script: Callable[[Asked, int], Reply]) -> Iterator[tuple[str, list[Asked]]]:
    with scripted_server(script) as server:
        yield f"http://{server.address}{SECRET}", server.asked


def refused(url: str, downloads: BundleDownloads = LOCAL) -> str:
    with pytest.raises(GitOpsError) as error:
        downloads.get(url)
    said = f"{error.value} {error.value.cause}"
    assert "sig=" not in said
    return said


def test_a_bundle_that_comes_at_the_second_try_and_without_a_token() -> None:
    content = b'{"mediaType": "a bundle"}' * 9
    replies = [Reply(status=503), Reply(body=compress(content))]
    with storage(lambda _asked, number: replies[number - 1]) as (url, asked):
        assert LOCAL.get(url) == content
    assert len(asked) == 2
    assert not [name for one in asked for name in one.headers if name.lower() == "authorization"]


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        (Reply(status=404), "answers 404"),
        (Reply(status=403), "answers 403"),
        (Reply(status=500), "answers 500"),
        (Reply(body=b"x" * 99, cut=True), "cannot be re"),
        (Reply(body=b'{"mediaType": "plain"}'), "not compressed by Snappy"),
        (Reply(body=b"x" * (COMPRESSED_LIMIT + 1)), f"more than {COMPRESSED_LIMIT} bytes"),
        (Reply(body=b"\xff\xff\xff\xff\x0f\x00x"), f"more than {BUNDLE_LIMIT} bytes"),
    ],
)
def test_what_is_no_bundle(reply: Reply, problem: str) -> None:
    with storage(lambda _asked, _number: reply) as (url, _):
        assert problem in refused(url)


@pytest.mark.parametrize(
    "target", ["http://169.254.169.254/latest", "ftp://example.com/x", "http://other.test/x"]
)
def test_a_redirect_to_what_is_not_asked(target: str) -> None:
    reply = Reply(status=302, headers={"Location": target})
    with storage(lambda _asked, _number: reply) as (url, asked):
        assert "is not asked" in refused(url)
    assert len(asked) == 1


def test_this_machine_is_not_asked_for_a_github_elsewhere() -> None:
    with storage(lambda _asked, _number: Reply()) as (url, asked):
        elsewhere = BundleDownloads(policy=QUICK)
        secured = url.replace("http:", "https:")
        for address in (url, secured, "https://[::ffff:127.0.0.1]/x", "https://169.254.169.254/"):
            assert "GitHub lists an attestation at" in refused(address, elsewhere)
    assert asked == []


@pytest.mark.parametrize(
    "url", ["", "x", "https://", "https://[", "http://example.com/x", "file:///etc/passwd"]
)
def test_an_address_without_tls_is_not_asked(url: str) -> None:
    said = refused(url, BundleDownloads(policy=QUICK))
    assert "GitHub lists an attestation at" in said
    assert ("example.com has no TLS" in said) == ("example.com" in url)


def test_an_address_without_a_host_is_not_asked_on_this_machine_either() -> None:
    said = refused("https://")
    assert "GitHub lists an attestation at" in said
    assert "it has no TLS" in said


def test_another_host_with_tls_is_asked() -> None:
    said = refused("https://storage.invalid/1", BundleDownloads(policy=QUICK))
    assert "storage.invalid cannot be reached" in said
