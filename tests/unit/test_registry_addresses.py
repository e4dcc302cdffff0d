"""Which addresses of registries may be asked, and who is shown an account."""

from __future__ import annotations

import pytest

from gitops_action.adapters.registry.addresses import (
    base_url,
    is_local,
    is_loopback,
    is_safe,
    leads_home,
    same_origin,
    same_site,
)

LOOPBACK = [
    "localhost",
    "LOCALHOST.",
    "a.localhost",
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0.0.0.0",  # noqa: S104 - nothing is bound
    "::1",
    "::",
    "::ffff:127.0.0.1",
]
LINK_LOCAL = ["169.254.169.254", "fe80::1", "fe80::1%eth0", "::ffff:169.254.169.254"]
ELSEWHERE = ["ghcr.io", "8.8.8.8", "10.0.0.1", "2001:db8::1", "cafe", "localhost.example", ""]


@pytest.mark.parametrize("host", LOOPBACK)
def test_this_machine(host: str) -> None:
    assert is_loopback(host)
    assert is_local(host)


@pytest.mark.parametrize("host", LINK_LOCAL)
def test_this_link(host: str) -> None:
    assert not is_loopback(host)
    assert is_local(host)


@pytest.mark.parametrize("host", ELSEWHERE)
def test_elsewhere(host: str) -> None:
    assert not is_loopback(host)
    assert not is_local(host)


def test_tls_is_left_out_on_this_machine_and_where_it_is_allowed() -> None:
    allowed = frozenset({"registry.corp:5000"})
    assert base_url("docker.io", allowed) == "https://registry-1.docker.io/v2"
    assert base_url("ghcr.io", allowed) == "https://ghcr.io/v2"
    assert base_url("registry.corp:5000", allowed) == "http://registry.corp:5000/v2"
    assert base_url("localhost:5000", allowed) == "http://localhost:5000/v2"


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://ghcr.io/v2", True),
        ("https://localhost/v2", True),
        ("http://localhost:5000/v2", True),
        ("http://registry.corp:5000/v2", True),
        ("http://registry.corp/v2", False),
        ("http://ghcr.io/v2", False),
        ("ftp://localhost/v2", False),
        ("ftp://registry.corp:5000/v2", False),
        ("https://robot@ghcr.io/v2", False),
        ("https://:secret@ghcr.io/v2", False),
        ("https:///v2", False),
        ("/v2", False),
        ("https://[/v2", False),
        ("https://169.254.169.254/v2", False),
    ],
)
def test_what_may_be_asked(url: str, safe: bool) -> None:
    assert is_safe(url, frozenset({"registry.corp:5000"})) is safe


@pytest.mark.parametrize(
    ("start", "url", "home"),
    [
        ("https://ghcr.io/v2", "http://127.0.0.1/x", True),
        ("https://ghcr.io/v2", "https://localhost/x", True),
        ("https://ghcr.io/v2", "https://objects.example/x", False),
        ("http://localhost:5000/v2", "http://127.0.0.1:6000/x", False),
        ("/v2", "/x", False),
    ],
)
def test_what_leads_to_this_machine(start: str, url: str, home: bool) -> None:
    assert leads_home(start, url) is home


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("ghcr.io", "ghcr.io", True),
        ("10.0.0.1", "10.0.0.1", True),
        ("registry-1.docker.io", "auth.docker.io", True),
        ("registry.gitlab.com", "gitlab.com", True),
        ("localhost", "127.0.0.1", True),
        ("localhost", "ghcr.io", False),
        ("ghcr.io", "localhost", False),
        ("ghcr.io", "example.io", False),
        ("a.example.co.uk", "b.example.co.uk", True),
        ("a.example.co.uk", "evil.co.uk", False),
        ("co.uk", "co.uk.", False),
        ("a.example.info", "b.example.info", True),
        ("a.b.example.de", "c.example.de", True),
        ("registry.abc.com", "auth.abc.com", True),
        ("a.example.longer.de", "b.other.longer.de", True),
        ("1.0.0.1", "2.0.0.1", False),
        ("uk", "example.uk", False),
        ("example.uk", "uk", False),
    ],
)
def test_which_hosts_have_one_owner(one: str, other: str, same: bool) -> None:
    assert same_site(one, other) is same


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://ghcr.io/a", "https://GHCR.io/b", True),
        ("https://ghcr.io/a", "http://ghcr.io/a", False),
        ("https://ghcr.io/a", "https://ghcr.io:8443/a", False),
        ("https://ghcr.io/a", "https://other.io/a", False),
    ],
)
def test_origins(one: str, other: str, same: bool) -> None:
    assert same_origin(one, other) is same
