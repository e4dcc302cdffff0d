"""Ways into a cluster: what is read from a kubeconfig, and what is refused with its way out."""

from __future__ import annotations

import base64
import json
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from gitops_action.adapters.cluster import access, access_of, persons_files, pod_account
from gitops_action.core.cluster import Given
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
        ({"exec": {"command": "aws"}}, "`exec`", "init kubeconfig"),
        ({"auth-provider": {"name": "gcp"}}, "`auth-provider`", "init kubeconfig"),
        ({"tokenFile": "/run/token"}, "`tokenFile` names a file", "init kubeconfig"),
        (
            {"client-certificate": "/c", "client-key": "/k"},
            "`client-certificate`",
            "init kubeconfig",
        ),
        ({"client-certificate-data": "?"}, "`client-certificate-data`", "init kubeconfig"),
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


# At a terminal: files, several kubeconfigs, login programs.


def write(path: Path, body: object) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(body if isinstance(body, str) else json.dumps(body))
    return str(path)


def entry(name: str, server: str, **user: object) -> dict[str, Any]:
    """A kubeconfig of one context, all of whose parts have that name."""
    return {
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "clusters": [{"name": name, "cluster": {"server": server}}],
        "users": [{"name": name, "user": user}],
    }


def program(folder: Path, words: str) -> str:
    """A login program that writes these words."""
    path = folder / "login"
    path.write_text(f"#!/bin/sh\n{words}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def login(command: str, **more: object) -> dict[str, Any]:
    return {"apiVersion": "client.authentication.k8s.io/v1", "command": command, **more}


def credential(**status: str) -> str:
    body = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": status,
    }
    return f"cat <<'END'\n{json.dumps(body)}\nEND"


def test_the_first_of_several_kubeconfigs_decides_as_for_kubectl(tmp_path: Path) -> None:
    one = {**entry("a", "https://one"), "current-context": ""}
    one["users"] = []
    two = {**entry("b", "https://two", token="of-b"), "current-context": "b"}
    three = {**entry("b", "https://wrong", token="wrong"), "current-context": "a"}
    three["users"].append({"name": "a", "user": {"token": "of-a"}})
    names = [
        write(tmp_path / name, body) for name, body in zip("123", (one, two, three), strict=True)
    ]
    files = ":".join([str(tmp_path / "absent"), *names])
    found = access_of(Given(files=files, terminal=True))
    assert (found.name, found.server, found.token) == ("b", "https://two", "of-b")
    other = access_of(Given(files=files, context="a", terminal=True))
    assert (other.server, other.token) == ("https://one", "of-a")


def test_files_that_a_kubeconfig_names_are_relative_to_it(tmp_path: Path) -> None:
    write(tmp_path / "a" / "pki" / "ca.crt", PEM)
    write(tmp_path / "b" / "token", "from-a-file\n")
    clusters = entry("main", SERVER)
    clusters["clusters"][0]["cluster"]["certificate-authority"] = "pki/ca.crt"
    clusters["users"] = []
    users = {"users": [{"name": "main", "user": {"tokenFile": "token"}}]}
    names = [write(tmp_path / "a" / "config", {**clusters, "current-context": "main"})]
    names.append(write(tmp_path / "b" / "config", users))
    found = access_of(Given(files=":".join(names), terminal=True))
    assert (found.ca, found.token) == (PEM, "from-a-file")
    (tmp_path / "b" / "token").unlink()
    with pytest.raises(UsageError, match="token: No such file"):
        access_of(Given(files=":".join(names), terminal=True))


def test_no_certificate_or_key_stays_in_a_file(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    user = {"client-certificate-data": ENCODED, "client-key-data": ENCODED}
    for _ in range(2):  # the library remembers the files of before
        found = access_of(Given(kubeconfig=kubeconfig(user)))
        assert (found.ca, found.client_certificate, found.client_key) == (PEM, PEM, PEM)
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", ["a: [b", "[]", "", "users: 3"])
def test_a_file_that_is_no_kubeconfig_is_named(tmp_path: Path, content: str) -> None:
    path = write(tmp_path / "config", content)
    with pytest.raises(UsageError) as error:
        access_of(Given(files=path, terminal=True))
    assert path in str(error.value)


def test_a_kubeconfig_that_is_not_there_is_named() -> None:
    with pytest.raises(UsageError, match=r"/absent/config.*no such file"):
        access_of(Given(files="/absent/config", terminal=True))


def test_where_a_persons_kubeconfig_stands(tmp_path: Path) -> None:
    assert persons_files({"HOME": str(tmp_path)}) == ""
    usual = write(tmp_path / ".kube" / "config", "{}")
    assert persons_files({"HOME": str(tmp_path)}) == usual
    assert persons_files({"HOME": str(tmp_path), "KUBECONFIG": "a:b"}) == "a:b"
    assert persons_files({}) == ""


def test_a_login_program_gives_a_token_or_a_certificate(tmp_path: Path) -> None:
    command = program(tmp_path, 'test "$ROLE" = deploy || exit 7\n' + credential(token="minted"))
    user = {"exec": login(command, args=["x"], env=[{"name": "ROLE", "value": "deploy"}])}
    found = access_of(Given(kubeconfig=kubeconfig(user), terminal=True))
    assert found.token == "minted"
    assert found.secrets() == ("minted",)
    pair = {"clientCertificateData": PEM, "clientKeyData": PEM}
    program(tmp_path, credential(**pair))
    found = access_of(Given(kubeconfig=kubeconfig(user), terminal=True))
    assert (found.client_certificate, found.client_key, found.token) == (PEM, PEM, "")


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        ("echo 'the session has expired' >&2; exit 3", "the session has expired"),
        ("echo no JSON", "decode"),
        (credential(), "neither a token nor a certificate"),
        (credential(clientCertificateData=PEM), "neither a token nor a certificate"),
        (credential(token="two words"), "not a token"),
    ],
)
def test_a_login_program_that_fails_is_named(tmp_path: Path, words: str, cause: str) -> None:
    user = {"exec": login(program(tmp_path, words))}
    with pytest.raises(UsageError) as error:
        access_of(Given(kubeconfig=kubeconfig(user), terminal=True))
    assert cause in str(error.value)


def test_a_login_program_that_is_not_installed_gives_its_hint(tmp_path: Path) -> None:
    user = {"exec": login(str(tmp_path / "absent"), installHint="get it from\nexample.org")}
    with pytest.raises(UsageError, match="there is no such program") as error:
        access_of(Given(kubeconfig=kubeconfig(user), terminal=True))
    assert error.value.fix == "get it from example.org"


def test_no_login_program_runs_in_the_action(tmp_path: Path) -> None:
    user = {"exec": login(program(tmp_path, f"touch {tmp_path}/ran"))}
    with pytest.raises(UsageError, match="`exec`"):
        access_of(Given(kubeconfig=kubeconfig(user)))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "user", [{"as": "admin", "token": "t"}, {"auth-provider": {"name": "gcp"}}]
)
def test_some_ways_in_are_refused_at_a_terminal_too(user: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        access_of(Given(kubeconfig=kubeconfig(user), terminal=True))


def test_a_relative_path_in_a_text_leads_nowhere() -> None:
    with pytest.raises(UsageError, match="relative to an unknown folder"):
        access_of(Given(kubeconfig=kubeconfig({"tokenFile": "token"}), terminal=True))


def test_the_account_of_a_pod(tmp_path: Path) -> None:
    environ = {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "6443"}
    assert pod_account(environ, tmp_path) is None
    for name, content in {"token": "t0ken\n", "ca.crt": PEM, "namespace": "runners"}.items():
        (tmp_path / name).write_text(content)
    found = pod_account(environ, tmp_path)
    assert found is not None
    assert (found.server, found.token) == ("https://[fd00::1]:6443", "t0ken")
    assert (found.ca, found.namespace) == (PEM, "runners")
    assert pod_account({}, tmp_path) is None
    (tmp_path / "ca.crt").unlink()
    with pytest.raises(UsageError, match="pod"):
        pod_account(environ, tmp_path)


# Proxies.

PROXY = {"HTTPS_PROXY": "http://proxy.example.org:3128"}


@pytest.mark.parametrize(
    ("server", "environ", "proxy"),
    [
        ("https://10.1.2.3:6443", PROXY, PROXY["HTTPS_PROXY"]),
        ("https://10.1.2.3:6443", {**PROXY, "NO_PROXY": "10.0.0.0/8"}, ""),
        ("https://10.1.2.3:6443", {**PROXY, "no_proxy": "192.168.0.0/16,10.1.2.3"}, ""),
        ("https://11.1.2.3:6443", {**PROXY, "NO_PROXY": "10.0.0.0/8"}, PROXY["HTTPS_PROXY"]),
        ("https://a.internal", {**PROXY, "NO_PROXY": ".internal"}, ""),
        ("https://a.internal", {**PROXY, "NO_PROXY": "*"}, ""),
        ("https://127.0.0.1:6443", PROXY, ""),
        ("https://a.internal", {"https_proxy": "proxy:3128"}, "http://proxy:3128"),
        ("https://a.internal", {"HTTP_PROXY": "http://proxy:3128"}, ""),
        ("https://a.internal", {"ALL_PROXY": "http://proxy:3128"}, "http://proxy:3128"),
    ],
)
def test_which_proxy_leads_to_a_cluster(server: str, environ: dict[str, str], proxy: str) -> None:
    assert access_of(Given(server=server, token="t"), environ).proxy == proxy


def test_the_kubeconfigs_own_proxy_comes_first() -> None:
    content = kubeconfig(cluster={"proxy-url": "http://me:p%40ss@own:1"})
    found = access_of(Given(kubeconfig=content), {**PROXY, "NO_PROXY": "*"})
    assert found.proxy == "http://me:p%40ss@own:1"
    assert set(found.secrets()) == {"secret-token", "p%40ss", "p@ss"}
    assert "p%40ss" not in repr(found)


@pytest.mark.parametrize("proxy", ["socks5://proxy:1080", "ftp://proxy"])
def test_a_proxy_that_cannot_be_used_is_an_error(proxy: str) -> None:
    with pytest.raises(UsageError, match="http and https are supported"):
        access_of(Given(server=SERVER, token="t"), {"HTTPS_PROXY": proxy})


def test_what_holds_all_there_is_loads_no_package_for_it(tmp_path: Path) -> None:
    cluster = {"certificate-authority-data": ""}
    path = write(tmp_path / "config", kubeconfig(cluster=cluster))
    code = (
        "import sys; from gitops_action.adapters.cluster import access_of, connect;"
        "from gitops_action.core.cluster import Given;"
        "connect(access_of(Given(server='https://x', token='t'), {}));"
        "connect(access_of(Given(files=sys.argv[1], terminal=True), {}));"
        "connect(access_of(Given(kubeconfig=open(sys.argv[1]).read()), {}));"
        "assert 'kubernetes' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, path], check=True)


def test_one_kubeconfig_is_read_as_kubernetes_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = {
        "server": f"{SERVER}/",
        "tls-server-name": "kubernetes",
        "insecure-skip-tls-verify": True,
        "proxy-url": "http://proxy:3128",
    }
    user = {"token": "t", "client-certificate-data": ENCODED, "client-key-data": ENCODED}
    given = Given(files=write(tmp_path / "config", kubeconfig(user, cluster)), terminal=True)
    found = access_of(given)
    monkeypatch.setattr(access, "inline_access", lambda _: None)
    assert found == access_of(given)
