"""The addresses of the gate `http`, asked on a real server that behaves badly."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest

from gitops_action.adapters.http_gate import LIMIT, HttpAddresses
from gitops_action.adapters.retry import RetryPolicy
from gitops_action.core.config.resolved import HttpGate
from gitops_action.core.gates.http import HttpAnswer, HttpSettings
from tests.support.scripted_http import Asked, Reply, scripted_server

QUICK = RetryPolicy(initial=0.01, maximum=0.01, jitter=0)
SECRET = {"Authorization": "Bearer abc"}


def gate(address: str, scheme: str = "http", **more: Any) -> HttpGate:
    values: dict[str, Any] = {"timeout": timedelta(seconds=5), "retries": 0, **more}
    return HttpGate(url=f"{scheme}://{address}/ok", expect="response.status == 200", **values)


def ask(*replies: Reply, hosts: bool = False, **more: Any) -> tuple[HttpAnswer, list[Asked]]:
    """What one address answers; the last reply is repeated."""

    def script(_request: Asked, number: int) -> Reply:
        return replies[min(number, len(replies)) - 1]

    with scripted_server(script) as server:
        settings = HttpSettings(
            headers=SECRET,
            hosts=frozenset({server.address if hosts else "status.acme.dev"}),
            insecure=frozenset({server.address}),
        )
        one = gate(server.address, **more)
        return HttpAddresses(settings, QUICK).ask([one, one])[one.url], server.asked


def test_an_answer() -> None:
    answer, asked = ask(Reply(body=b'{"ok": true}', headers={"X-Ok": "1"}))
    assert (answer.status, answer.body, answer.problem) == (200, '{"ok": true}', "")
    assert answer.headers["X-Ok"] == "1"
    assert [one.path for one in asked] == ["/ok"]


def test_headers_go_to_the_hosts_that_they_are_meant_for_alone() -> None:
    _, asked = ask(Reply(), hosts=True)
    assert asked[0].headers["Authorization"] == "Bearer abc"
    _, asked = ask(Reply(), hosts=False)
    assert "Authorization" not in asked[0].headers


def test_a_redirect_is_not_followed() -> None:
    answer, asked = ask(Reply(status=302, headers={"Location": "http://localhost:1/"}), hosts=True)
    assert answer.problem == "it redirects, which is not followed"
    assert len(asked) == 1


def test_a_huge_body_is_no_answer() -> None:
    answer, _ = ask(Reply(body=b"x" * (LIMIT + 1)))
    assert answer.problem == "its body is longer than 64 KiB"
    assert ask(Reply(body=b"x" * LIMIT))[0].status == 200


def test_a_slow_body_has_one_deadline() -> None:
    start = time.monotonic()
    answer, _ = ask(Reply(body=b"x" * 100, trickle=0.1), timeout=timedelta(seconds=0.5))
    assert answer.problem == "it takes too long"
    assert time.monotonic() - start < 5


def test_a_passing_failure_is_tried_again_and_no_other() -> None:
    answer, asked = ask(Reply(status=503), Reply(), retries=1)
    assert (answer.status, len(asked)) == (200, 2)
    answer, asked = ask(Reply(status=503), retries=2)
    assert (answer.status, len(asked)) == (503, 3)
    answer, asked = ask(Reply(status=500), Reply(), retries=2)
    assert (answer.status, len(asked)) == (500, 1)


def test_a_connection_that_breaks_off() -> None:
    answer, _ = ask(Reply(body=b"x" * 100, cut=True))
    assert answer.problem == "no connection, or one that broke off"


@pytest.mark.parametrize(
    ("address", "scheme", "insecure", "problem"),
    [
        ("localhost:9", "http", False, "it has no TLS"),
        ("localhost:9", "https", False, "only this machine"),
        ("127.0.0.1:9", "https", False, "only this machine"),
        ("169.254.169.254", "https", True, "only this machine"),
        ("169.254.169.254", "http", True, "only this machine"),
        ("[::ffff:169.254.169.254]", "https", True, "only this machine"),
        ("[fe80::1]", "https", True, "only this machine"),
        ("[fd00:ec2::254]", "https", True, "only this machine"),
        ("2852039166", "https", True, "only this machine"),
        ("name.invalid", "https", False, "its name has no address"),
    ],
)
def test_addresses_that_are_not_asked(
    address: str, scheme: str, insecure: bool, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    listed = frozenset({address}) if insecure else frozenset[str]()
    one = gate(address, scheme)
    answer = HttpAddresses(HttpSettings(insecure=listed), QUICK).ask([one])[one.url]
    assert problem in answer.problem


def test_a_server_without_the_certificate_of_its_name() -> None:
    with scripted_server(lambda _request, _number: Reply()) as server:
        one = gate(server.address, "https")
        settings = HttpSettings(insecure=frozenset({server.address}))
        answer = HttpAddresses(settings, QUICK).ask([one])[one.url]
    assert answer.problem == "no connection, or one that broke off"
