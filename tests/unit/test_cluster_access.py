"""Ways into a cluster: what is read from a kubeconfig, and what is refused with its way out."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from gitops_action.core.cluster import Given, access_of
from gitops_action.errors import UsageError

PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"
ENCODED = base64.b64encode(PEM.encode()).decode()
SERVER = "https://cluster.example.org:6443"


def kubeconfig(user: dict[str, Any] | None = None, cluster: dict[str, Any] | None = None) -> str:
    body = {
        "current-context": "main",
        "contexts": [
            {"name": "main", "context": {"cluster": "c", "user": "u", "namespace": "web"}},
            {"name": "other", "context": {"cluster": "c", "user": "nobody"}},
        ],
        "clusters": [
            {
                "name": "c",
                "cluster": {
                    "server": SERVER,
                    "certificate-authority-data": ENCODED,
                    **(cluster or {}),
                },
            }
        ],
        "users": [{"name": "u", "user": {"token": "secret-token"} if user is None else user}],
    }
    return json.dumps(body)


def test_a_kubeconfig_gives_all_there_is() -> None:
    access = access_of(Given(kubeconfig=kubeconfig(cluster={"tls-server-name": "kubernetes"})))
    assert (access.server, access.ca, access.token) == (SERVER, PEM, "secret-token")
    assert (access.name, access.namespace, access.server_name) == ("main", "web", "kubernetes")
    assert access.secrets() == ("secret-token",)


@pytest.mark.parametrize("ca", [PEM, ENCODED, f"  {PEM}\n"])
def test_server_authority_and_token_give_access(ca: str) -> None:
    access = access_of(Given(server=f"{SERVER}/", ca=ca, token=" secret-token\n"))
    assert (access.server, access.ca, access.token) == (SERVER, PEM, "secret-token")
    assert access.name == "cluster.example.org"


def test_a_client_certificate_stands_in_for_a_token() -> None:
    user = {"client-certificate-data": ENCODED, "client-key-data": ENCODED}
    access = access_of(Given(kubeconfig=kubeconfig(user)))
    assert (access.client_certificate, access.client_key, access.token) == (PEM, PEM, "")


@pytest.mark.parametrize("given", [Given(kubeconfig=kubeconfig()), Given(server="x", token="hush")])
def test_secrets_do_not_show(given: Given) -> None:
    assert "secret-token" not in repr(given)
    assert "hush" not in repr(given)
    assert "secret-token" not in repr(access_of(Given(kubeconfig=kubeconfig())))


@pytest.mark.parametrize(
    ("user", "words", "way_out"),
    [
        ({"exec": {"command": "aws"}}, "`exec`", "mint a short-lived token"),
        ({"auth-provider": {"name": "gcp"}}, "`auth-provider`", "mint a short-lived token"),
        ({"tokenFile": "/run/token"}, "`tokenFile` names a file", "--flatten"),
        ({"client-certificate": "/c", "client-key": "/k"}, "`client-certificate`", "--flatten"),
        ({"client-certificate-data": "?"}, "`client-certificate-data`", "--flatten"),
        ({"username": "admin", "password": "hush"}, "password", "mint"),
        ({"token": "t", "as": "admin"}, "`as`", "own token"),
        ({"token": "two words"}, "not a token", ""),
        ({}, "neither a token", "mint"),
    ],
)
def test_a_user_that_cannot_be_used_is_told_the_way_out(
    user: dict[str, Any], words: str, way_out: str
) -> None:
    with pytest.raises(UsageError) as error:
        access_of(Given(kubeconfig=kubeconfig(user)))
    assert words in str(error.value)
    assert way_out in error.value.fix
    assert "hush" not in str(error.value)


@pytest.mark.parametrize(
    "cluster",
    [
        {"certificate-authority-data": "", "certificate-authority": "/etc/ca"},
        {"certificate-authority-data": "AAAA"},
        {"server": "http://cluster.example.org"},
        {"server": "https://user:pass@cluster.example.org"},
        {"server": ""},
    ],
)
def test_a_cluster_that_cannot_be_used_is_an_error(cluster: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        access_of(Given(kubeconfig=kubeconfig(cluster=cluster)))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (Given(), "no cluster"),
        (Given(kubeconfig=kubeconfig(), server=SERVER, token="t"), "both"),
        (Given(server=SERVER), "kube-token"),
        (Given(server=SERVER, token="t", context="main"), "`context`"),
        (Given(server=SERVER, token="t", ca="what"), "not a certificate"),
        (Given(server="cluster.example.org", token="t"), "https"),
        (Given(kubeconfig="/home/me/.kube/config"), "not a kubeconfig"),
        (Given(kubeconfig="a: [b"), "not YAML"),
        (Given(kubeconfig="{}"), "current-context"),
        (Given(kubeconfig=kubeconfig(), context="absent"), "main, other"),
        (Given(kubeconfig=kubeconfig(), context="other"), "user"),
    ],
)
def test_inputs_that_do_not_fit_are_told(given: Given, words: str) -> None:
    with pytest.raises(UsageError) as error:
        access_of(given)
    assert words in str(error.value)


def test_plain_http_is_for_loopback_alone() -> None:
    assert access_of(Given(server="http://127.0.0.1:8001", token="t")).server.startswith("http:")
