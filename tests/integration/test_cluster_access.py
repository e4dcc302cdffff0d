"""Ways to a real API server: proxies, names in certificates, login programs; what cannot be."""

from __future__ import annotations

import json
import socket
import stat
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from gitops_action.adapters.cluster import access_of, connect
from gitops_action.adapters.retry import RetryPolicy
from gitops_action.core.cluster import Given
from gitops_action.core.cluster import errors as refused
from testbed.cluster import ControlPlane
from tests.support.connect_proxy import connect_proxy

ONCE = RetryPolicy(attempts=1)
ACCOUNT = "ci:p@ss w0rd"
QUOTED = "ci:p%40ss%20w0rd"


def kubeconfig(plane: ControlPlane, *, user: object = None, **cluster: object) -> str:
    """The administrator's, with other settings."""
    body: dict[str, Any] = yaml.safe_load(plane.kubeconfig)
    body["clusters"][0]["cluster"].update(cluster)
    if user is not None:
        body["users"][0]["user"] = user
    return json.dumps(body)


def unreachable(given: Given, environ: dict[str, str] | None = None) -> refused.UnreachableError:
    with pytest.raises(refused.UnreachableError) as error:
        connect(access_of(given, environ), ONCE).version()
    return error.value


def test_a_proxy_with_an_account_leads_to_the_cluster(control_plane: ControlPlane) -> None:
    with connect_proxy(ACCOUNT) as proxy:
        url = f"http://{QUOTED}@127.0.0.1:{proxy.port}"
        given = Given(kubeconfig=kubeconfig(control_plane, **{"proxy-url": url}))
        assert connect(access_of(given), ONCE).version().startswith("v1.")
        assert proxy.tunnels == [control_plane.server.removeprefix("https://")]


def test_a_proxy_that_refuses_is_named_without_its_account(control_plane: ControlPlane) -> None:
    with connect_proxy(ACCOUNT) as proxy:
        url = f"http://ci:hush-hush@127.0.0.1:{proxy.port}"
        given = Given(kubeconfig=kubeconfig(control_plane, **{"proxy-url": url}))
        error = unreachable(given)
        assert proxy.refused == 1
    assert f"the proxy 127.0.0.1:{proxy.port}" in error.cause
    assert "407 Proxy Authentication Required" in error.cause
    assert "hush-hush" not in str(error)


def test_a_proxy_that_is_away_is_told_from_a_cluster_that_is(control_plane: ControlPlane) -> None:
    url = f"http://127.0.0.1:{closed_port()}"
    given = Given(kubeconfig=kubeconfig(control_plane, **{"proxy-url": url}))
    error = unreachable(given)
    assert "the proxy 127.0.0.1" in error.cause
    assert "Connection refused" in error.cause
    assert "HTTPS_PROXY" in error.fix


def test_the_environments_proxy_spares_this_machine(control_plane: ControlPlane) -> None:
    environ = {"HTTPS_PROXY": f"http://127.0.0.1:{closed_port()}"}
    given = Given(kubeconfig=control_plane.kubeconfig)
    assert connect(access_of(given, environ), ONCE).version().startswith("v1.")


def test_the_certificate_may_have_another_name(control_plane: ControlPlane) -> None:
    right = kubeconfig(control_plane, **{"tls-server-name": "localhost"})
    assert connect(access_of(Given(kubeconfig=right)), ONCE).version().startswith("v1.")
    wrong = kubeconfig(control_plane, **{"tls-server-name": "other.example.org"})
    error = unreachable(Given(kubeconfig=wrong))
    assert "for another name" in error.cause
    assert "tls-server-name" in error.fix


def test_a_login_program_leads_to_the_cluster(control_plane: ControlPlane, tmp_path: Path) -> None:
    version = "client.authentication.k8s.io/v1"
    status = {"token": control_plane.token}
    answer = {"apiVersion": version, "kind": "ExecCredential", "status": status}
    program = tmp_path / "login"
    program.write_text(f"#!/bin/sh\ncat <<'END'\n{json.dumps(answer)}\nEND\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    user = {"exec": {"apiVersion": version, "command": str(program)}}
    given = Given(kubeconfig=kubeconfig(control_plane, user=user), terminal=True)
    assert connect(access_of(given), ONCE).resources().exact("v1", "ConfigMap")


def test_a_refused_connection_is_called_by_its_name() -> None:
    port = closed_port()
    error = unreachable(Given(server=f"https://127.0.0.1:{port}", token="t"))
    assert f"127.0.0.1:{port} refuses the connection" in error.cause
    assert "port" in error.fix


def test_a_name_that_does_not_resolve_is_called_by_its_name() -> None:
    error = unreachable(Given(server="https://cluster.invalid:6443", token="t"))
    assert "cluster.invalid cannot be resolved (DNS)" in error.cause


def test_a_port_without_tls_is_called_by_its_name() -> None:
    class Plain(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Plain)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        error = unreachable(Given(server=f"https://127.0.0.1:{server.server_port}", token="t"))
    finally:
        server.shutdown()
        server.server_close()
    assert "does not speak TLS" in error.cause


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
