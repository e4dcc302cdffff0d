"""Where the token goes, and where it never goes."""

import gzip
from pathlib import Path

import pytest

from gitops_action.adapters.github import ApiContentStore, GitHubClient, connect
from gitops_action.adapters.github.errors import Purpose, RequestFailure
from gitops_action.adapters.github.rest import Rest
from gitops_action.adapters.github.transport import Transport
from gitops_action.adapters.retry import RetryPolicy
from gitops_action.errors import GitOpsError, UsageError
from tests.support.archives import archive
from tests.support.github_forge import SystemClock
from tests.support.scripted_http import Asked, Reply, scripted_server

TOKEN = "ghs_planted0123456789"
SECRET = "codeload-secret"


def client(address: str) -> GitHubClient:
    base = f"http://{address}/api/v3"
    policy = RetryPolicy(attempts=2, initial=0.01, maximum=0.01, jitter=0.0)
    return connect(TOKEN, base, f"http://{address}/api/graphql", SystemClock(), policy)


def read(address: str) -> dict[str, bytes]:
    store = ApiContentStore(client(address), "acme/environment")
    found = store.read(commit="c" * 40, folders=(), keep=lambda *_: True)
    return {path: file.data for path, file in found.files.items()}


def test_the_token_goes_to_the_api_and_not_where_it_redirects_to() -> None:
    with (
        scripted_server(lambda *_: Reply(body=archive({"top/a.yaml": b"x"}))) as files,
        scripted_server(
            lambda *_: Reply(
                status=302, headers={"Location": f"http://{files.address}/a?token={SECRET}"}
            )
        ) as api,
    ):
        assert read(api.address) == {"a.yaml": b"x"}

    assert [one.headers["Authorization"] for one in api.asked] == [f"Bearer {TOKEN}"]
    assert api.asked[0].headers["User-Agent"].startswith("gitops-action/")
    assert [one.headers.get("Authorization") for one in files.asked] == [None]


def test_a_netrc_file_gives_no_other_token_away(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login someone password other-secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with (
        scripted_server(lambda *_: Reply(body=archive({"top/a.yaml": b"x"}))) as files,
        scripted_server(
            lambda *_: Reply(status=302, headers={"Location": f"http://{files.address}/a"})
        ) as api,
    ):
        read(api.address)

    assert [one.headers["Authorization"] for one in api.asked] == [f"Bearer {TOKEN}"]
    assert "Authorization" not in files.asked[0].headers


def test_neither_token_is_in_an_error() -> None:
    def answer(_asked: Asked, _number: int) -> Reply:
        return Reply(status=302, headers={"Location": f"http://127.0.0.1:1/a?token={SECRET}"})

    with scripted_server(answer) as api, pytest.raises(GitOpsError) as caught:
        read(api.address)

    assert SECRET not in str(caught.value)
    assert TOKEN not in str(caught.value)
    assert "127.0.0.1" in str(caught.value)
    assert len(api.asked) == 2


def test_an_archive_that_is_cut_off_is_read_again() -> None:
    whole = archive({f"top/{number}.yaml": bytes(range(256)) for number in range(99)})

    def answer(_asked: Asked, number: int) -> Reply:
        return Reply(body=whole, cut=number == 1)

    with scripted_server(answer) as api:
        assert len(read(api.address)) == 99

    assert len(api.asked) == 2


def test_what_is_no_archive_is_told() -> None:
    page = gzip.compress(b"<html>" * 999)
    with (
        scripted_server(lambda *_: Reply(body=page)) as api,
        pytest.raises(GitOpsError, match="archive of the repository"),
    ):
        read(api.address)


@pytest.mark.parametrize(
    "location",
    ["file:///etc/passwd", "ftp://127.0.0.1/x", "http://:80/x", "http://h\xc3\xa4/x", "http://["],
)
def test_a_redirect_to_another_protocol_or_to_no_address_is_not_followed(location: str) -> None:
    def answer(_asked: Asked, _number: int) -> Reply:
        return Reply(status=302, headers={"Location": location})

    with scripted_server(answer) as api, pytest.raises(GitOpsError, match="left the API"):
        read(api.address)


@pytest.mark.parametrize(
    ("token", "api"), [("", "https://api.github.com"), ("  ", "https://x"), ("t", "github.com")]
)
def test_what_cannot_work_is_told_before_anything_is_sent(token: str, api: str) -> None:
    with pytest.raises(UsageError):
        connect(token, api, "https://api.github.com/graphql", SystemClock())


def test_rest_is_not_followed_to_another_host() -> None:
    with (
        scripted_server(lambda *_: Reply(body=b"{}")) as other,
        scripted_server(
            lambda *_: Reply(status=301, headers={"Location": f"https://{other.address}/x"})
        ) as api,
    ):
        facts = client(api.address)
        purpose = Purpose(
            operation="look", permission="contents: read", repository="acme/environment"
        )
        with pytest.raises(GitOpsError, match="another host"):
            facts.reading(lambda: facts.rest("GET", "/repos/acme/environment"), purpose)
    assert len(api.asked) == 1
    assert other.asked == []


@pytest.mark.parametrize("status", [200, 403, 500])
@pytest.mark.parametrize("body", [b"[" * 200_000, b'{"message":' * 200_000], ids=["list", "object"])
def test_json_nested_without_end_is_an_error_of_the_answer(status: int, body: bytes) -> None:
    reply = Reply(status=status, headers={"Content-Type": "application/json"}, body=body)
    with scripted_server(lambda *_: reply) as api:
        url = f"http://{api.address}"
        ours = Transport(token=TOKEN, api_url=url, graphql_url=f"{url}/graphql")
        pygithub = Rest(token=TOKEN, api_url=url)
        with pytest.raises(RequestFailure):
            ours.graphql("query { viewer { login } }", {})
        with pytest.raises(RequestFailure):
            pygithub.request("GET", "/repos/acme/environment")
    assert len(api.asked) == 2


def test_without_a_token_nothing_stands_in_its_place() -> None:
    answer = Reply(headers={"Content-Type": "application/json"}, body=b'{"data": {}}')
    with scripted_server(lambda *_: answer) as api:
        url = f"http://{api.address}"
        Transport(token="", api_url=url, graphql_url=f"{url}/graphql").graphql("query { x }", {})
    assert "Authorization" not in api.asked[0].headers
