"""What looks like a credential is shown nowhere: errors, diffs and logs use one list of shapes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_action.core.redaction.known import Redactor, concealed, masked_lines
from gitops_action.core.redaction.objects import redacted, redacted_pair

B64 = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
SECRETS = {
    "github": "ghp_" + "a1B2" * 9,
    "github server": "ghs_" + "a1B2" * 9,
    "github fine-grained": "github_pat_" + "A1b2" * 10,
    "gitlab": "glpat-" + "a1B2" * 5,
    "slack": "xoxb-123456789012-abcdef",
    "aws": "AKIA" + "ABCD1234" * 2,
    "google": "AIza" + "a1B2c3D" * 5,
    "stripe live": "sk_live_" + "a1B2" * 6,
    "stripe test": "rk_test_" + "a1B2" * 6,
    "npm": "npm_" + "a1B2" * 9,
    "json web token": "eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl",
    "encrypted token": "eyJhbGciOiJI.AAAAAAAAAA.BBBBBBBB.CCCCCCCC.DDDDDDDD",
}
AUTHORIZATION = {
    "header": ("Authorization: Bearer {}", "abcdefghijkl"),
    "header in JSON": ('{{"authorization": "Basic {}"}}', "dXNlcjpwYXNz"),
    "header of curl": ("curl -H 'Authorization: token {}' x", "abcdefgh1234"),
    "scheme alone": ("sent bearer {} to it", "mF9B5f41JqM"),
}


def shown_in(text: str) -> list[str]:
    """The text as an error, a diff, a changed diff, an object and a log show it."""
    body = {"kind": "ConfigMap", "data": {"text": text}}
    old, new = redacted_pair(body, {"kind": "ConfigMap", "data": {"text": f"{text} x"}})
    return [
        concealed(text),
        str(redacted(body)["data"]),
        str(old),
        str(new),
        *masked_lines([text], Redactor()),
    ]


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
@pytest.mark.parametrize("around", ["{}", "got {} from x", 'x: "{}"', "+  - {},", "id={}&x=1"])
def test_a_shape_is_hidden_wherever_text_is_shown(secret: str, around: str) -> None:
    for text in shown_in(around.format(secret)):
        assert secret not in text
        assert secret[len(secret) // 2 :] not in text


@pytest.mark.parametrize(("around", "secret"), AUTHORIZATION.values(), ids=AUTHORIZATION)
def test_a_header_is_hidden_wherever_text_is_shown(around: str, secret: str) -> None:
    assert all(secret not in text for text in shown_in(around.format(secret)))


@pytest.mark.parametrize(
    "name",
    ["password", "DB_PASSWORD", "dbpassword", "apiKey", "mytoken", "signing-key", "passphrase"],
)
@pytest.mark.parametrize("around", ["{}=hunter22 x", '{{"{}": "hunter22"}}', "--{}=hunter22"])
def test_a_named_secret_is_hidden_in_diffs_and_logs(name: str, around: str) -> None:
    for text in shown_in(around.format(name))[1:]:
        assert "hunter22" not in text


@pytest.mark.parametrize(
    "value", ["***hunter22", "hunter22 ***", '"hunter22 ***"', "Bearer*** hunter22"]
)
def test_a_value_that_holds_the_placeholder_is_hidden_all_the_same(value: str) -> None:
    for text in shown_in(f"password: {value}")[1:4]:
        assert "hunter22" not in text


@pytest.mark.parametrize(
    "text",
    [
        "uses basic authentication.",
        "Bearer tokens are checked",
        "ghcr.io/acme/web:v1",
        "sha256:" + "a" * 64,
        "https://acme.dev:8443/x@y",
        "token_url: https://acme.dev/token",
    ],
)
def test_other_text_is_shown(text: str) -> None:
    assert all(text in shown for shown in shown_in(text))


@given(
    before=st.text(alphabet=B64 + " :=\"'/{}-_.", max_size=20),
    secret=st.sampled_from(sorted(SECRETS.values())),
    after=st.sampled_from(["", " ", '"', "'", ",", "}", "\\n", "&x=1"]),
)
def test_nothing_in_front_uncovers_a_shape(before: str, secret: str, after: str) -> None:
    text = f"{before} {secret}{after}"
    assert all(secret not in shown for shown in shown_in(text))
