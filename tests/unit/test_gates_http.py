"""The gate `http`: what an answer has to be, and which headers go where."""

from __future__ import annotations

from typing import Any

import pytest

from gitops_action.core.config.resolved import HttpGate
from gitops_action.core.gates.http import (
    HttpAnswer,
    HttpFacts,
    HttpSettings,
    evaluate,
    http_settings,
)
from gitops_action.errors import UsageError

URL = "https://status.acme.dev/ok?key=hidden"

TABLE: list[Any] = [
    ("response.status == 200", {"status": 200}, "pass", "http-expected"),
    ("response.status == 200", {"status": 500}, "wait", "http-unexpected"),
    ("response.status < 300", {"status": 204}, "pass", "http-expected"),
    ("response.body == 'ok'", {"status": 200, "body": "ok"}, "pass", "http-expected"),
    ("response.json.open == 0", {"status": 200, "body": '{"open": 0}'}, "pass", "http-expected"),
    ("response.json.open == 0", {"status": 200, "body": '{"open": 1}'}, "wait", "http-unexpected"),
    ("response.json.open == 0", {"status": 200, "body": "<html>"}, "unknown", "http-expression"),
    ("response.json.open == 0", {"status": 200, "body": "{}"}, "unknown", "http-expression"),
    ("has(response.json.x)", {"status": 200, "body": "{}"}, "wait", "http-unexpected"),
    ("response.headers['x-ok'] == '1'", {"headers": {"X-Ok": "1"}}, "pass", "http-expected"),
    ("response.headers['x-ok'] == '1'", {"headers": {}}, "unknown", "http-expression"),
    ("response.status", {"status": 200}, "unknown", "http-expression"),
    ("response.status == 200", {"problem": "it takes too long"}, "unknown", "http-unanswered"),
    ("true || response.status == 1", {"problem": "x"}, "unknown", "http-unanswered"),
    ("response.json == null", {"body": "[" * 100_000}, "pass", "http-expected"),
    (
        "response.json.all(a, response.json.all(b, response.json.all(c, a == b)))",
        {"body": str(list(range(500)))},
        "unknown",
        "http-expression",
    ),
]


@pytest.mark.parametrize(("expect", "answer", "word", "code"), TABLE, ids=range(len(TABLE)))
def test_an_answer(expect: str, answer: dict[str, Any], word: str, code: str) -> None:
    facts = HttpFacts(answers={URL: HttpAnswer(**answer)})
    result = evaluate("production", (HttpGate(url=URL, expect=expect),), facts)
    assert result is not None
    assert (result.word, result.code) == (word, code)
    assert "hidden" not in result.reason + result.found


def test_one_that_was_not_asked_is_unknown() -> None:
    gate = HttpGate(url=URL, expect="response.status == 200")
    result = evaluate("production", (gate,), HttpFacts())
    assert result is not None
    assert (result.word, result.reason) == ("unknown", "status.acme.dev was not asked")


def test_the_worst_of_several() -> None:
    gates = tuple(
        HttpGate(url=f"https://{name}/", expect="response.status == 200") for name in "abc"
    )
    answers = {
        "https://a/": HttpAnswer(status=200),
        "https://b/": HttpAnswer(status=500),
        "https://c/": HttpAnswer(problem="it redirects"),
    }
    result = evaluate("production", gates, HttpFacts(answers=answers))
    assert result is not None
    assert (result.word, result.reason) == ("unknown", "c did not answer: it redirects")
    assert result.found == (
        "`a` answered 200; `b` answered 500, not what is expected; `c` did not answer: it redirects"
    )


def test_without_addresses_there_is_no_gate() -> None:
    assert evaluate("production", (), HttpFacts()) is None


# What the job allows.


def test_headers_and_hosts() -> None:
    found = http_settings(
        {
            "GITOPS_HTTP_AUTHORIZATION": "Bearer abc",
            "GITOPS_HTTP_X_API_KEY": "k",
            "GITOPS_HTTP_EMPTY": "",
            "GITOPS_HTTP_HOSTS": "Status.acme.dev, a.b:8443",
            "GITOPS_HTTP_INSECURE": "localhost:1",
            "HTTP_PROXY": "http://x",
            "GITOPS_PRIVATE_KEY": "secret",
        }
    )
    assert found == HttpSettings(
        headers={"Authorization": "Bearer abc", "X-Api-Key": "k"},
        hosts=frozenset({"status.acme.dev", "a.b:8443"}),
        insecure=frozenset({"localhost:1"}),
    )
    assert http_settings({}) == HttpSettings()


@pytest.mark.parametrize(
    ("environ", "title"),
    [
        ({"GITOPS_HTTP_AUTHORIZATION": "Bearer abc"}, "GITOPS_HTTP_HOSTS is missing"),
        ({"GITOPS_HTTP_HOST": "evil", "GITOPS_HTTP_HOSTS": "a"}, "is not a header"),
        ({"GITOPS_HTTP_x": "1", "GITOPS_HTTP_HOSTS": "a"}, "is not a header"),
        ({"GITOPS_HTTP_A": "1\r\nB: 2", "GITOPS_HTTP_HOSTS": "a"}, "no header may have"),
    ],
)
def test_what_cannot_be_sent(environ: dict[str, str], title: str) -> None:
    with pytest.raises(UsageError, match=title) as caught:
        http_settings(environ)
    assert "Bearer" not in str(caught.value)
