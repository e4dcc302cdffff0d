"""Where a registry is, and which addresses may be spoken to without TLS."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

_HUB = "docker.io"
_HUB_HOST = "registry-1.docker.io"


def base_url(domain: str, insecure: frozenset[str]) -> str:
    """The root of a registry's API: HTTPS, except on this machine and where it is allowed."""
    host = _HUB_HOST if domain == _HUB else domain
    plain = domain in insecure or is_loopback(urlsplit(f"//{host}").hostname or "")
    return f"{'http' if plain else 'https'}://{host}/v2"


def is_loopback(host: str) -> bool:
    """Whether the name or address is this machine itself."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_safe(url: str, insecure: frozenset[str]) -> bool:
    """Whether a request, maybe with an account, may go there: HTTPS, this machine, or allowed."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    if parts.username or parts.password or not host:
        return False
    plain = is_loopback(host) or parts.netloc in insecure
    return parts.scheme == "https" or (parts.scheme == "http" and plain)


def same_origin(one: str, other: str) -> bool:
    """Whether two addresses have the same scheme, host and port (RFC 6454)."""
    left, right = urlsplit(one), urlsplit(other)
    return (left.scheme, left.netloc.lower()) == (right.scheme, right.netloc.lower())
