"""The pool of connections to an API server: TLS, client certificate, proxy."""

from __future__ import annotations

import os
import ssl
import tempfile
from collections.abc import Mapping
from urllib.parse import urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined] # typeshed lacks it

import urllib3

from gitops_action.core.cluster.access import Access
from gitops_action.errors import UsageError

_POOL = 32


def connection_pool(access: Access, environ: Mapping[str, str]) -> urllib3.PoolManager:
    """A pool for all threads; it connects with the first request.

    Raises:
        UsageError: certificate or key cannot be used.
    """
    proxy = access.proxy or _proxy(access.server, environ)
    context = _tls(access)
    if proxy:
        return urllib3.ProxyManager(
            proxy,
            ssl_context=context,
            maxsize=_POOL,
            retries=False,
            server_hostname=access.server_name or None,
        )
    return urllib3.PoolManager(
        ssl_context=context,
        maxsize=_POOL,
        retries=False,
        server_hostname=access.server_name or None,
        assert_hostname=access.server_name or None,
    )


def _proxy(server: str, environ: Mapping[str, str]) -> str:
    """The proxy by the usual variables, as kubectl reads them."""
    parts = urlsplit(server)
    known = {name.lower(): value for name, value in environ.items()}
    if proxy_bypass_environment(parts.netloc, {"no": known.get("no_proxy", "")}):
        return ""
    return known.get(f"{parts.scheme}_proxy", "")


def _tls(access: Access) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cadata=access.ca or None)
    except ssl.SSLError:
        raise UsageError(
            "the cluster's authority is no certificate",
            cause=f"of {access.name}",
            fix="pass its PEM text as `kube-ca`, or in the kubeconfig",
        ) from None
    if access.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    # Authorities of clusters are often made without the extensions that Python 3.13 asks for.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if access.client_certificate:
        _show(context, access)
    return context


def _show(context: ssl.SSLContext, access: Access) -> None:
    """Load the client certificate; Python reads it from a file, which is gone before we go on."""
    handle, path = tempfile.mkstemp(prefix="gitops-action-")  # readable by us alone
    try:
        with os.fdopen(handle, "w") as file:
            file.write(f"{access.client_certificate}\n{access.client_key}\n")
        context.load_cert_chain(path)
    except ssl.SSLError:
        raise UsageError(
            "`kubeconfig` cannot be used", cause="client certificate and key are no pair"
        ) from None
    finally:
        os.unlink(path)  # noqa: PTH108 - the counterpart of mkstemp
