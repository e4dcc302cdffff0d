"""Where a registry is, and which addresses may be asked, with and without TLS."""

from __future__ import annotations

import ipaddress
import socket
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
    name = host.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    address = _address(name)
    return address is not None and (address.is_loopback or address.is_unspecified)


def is_local(host: str) -> bool:
    """Whether it is this machine, or where clouds keep what a machine may know of itself."""
    return is_loopback(host) or _is_link_local(host)


def _is_link_local(host: str) -> bool:
    address = _address(host.lower().rstrip("."))
    return address is not None and address.is_link_local


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that a host's text stands for, in every form that resolvers take.

    `127.1`, `0x7f000001` and `2130706433` are 127.0.0.1 for them, and so is `::ffff:127.0.0.1`.
    """
    try:
        found = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        try:
            return ipaddress.IPv4Address(socket.inet_aton(host))
        except (OSError, ValueError):
            return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found


def leads_home(start: str, url: str) -> bool:
    """Whether an address elsewhere leads to this machine: a way to its own services."""
    hosts = [urlsplit(address).hostname or "" for address in (start, url)]
    return is_loopback(hosts[1]) and not is_loopback(hosts[0])


def same_site(one: str, other: str) -> bool:
    """Whether two hosts have the same owner, as far as names show.

    They do when they are the same, or share their name's last two labels (three below a public
    suffix such as `co.uk`): a registry's token service is `auth.docker.io` for
    `registry-1.docker.io`, `gitlab.com` for `registry.gitlab.com`.
    """
    if one == other or (is_loopback(one) and is_loopback(other)):
        return True
    try:
        ipaddress.ip_address(other)
    except ValueError:
        left, right = (host.lower().rstrip(".").split(".") for host in (one, other))
        short = len(right) > 1 and len(right[-1]) == 2 and len(right[-2]) <= 3  # noqa: PLR2004
        count = 3 if short else 2
        return len(left) >= count and left[-count:] == right[-count:]
    return False


def is_safe(url: str, insecure: frozenset[str]) -> bool:
    """Whether a request, maybe with an account, may go there: HTTPS, this machine, or allowed."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    if parts.username or parts.password or not host:
        return False
    if _is_link_local(host):
        return False
    plain = is_loopback(host) or parts.netloc in insecure
    return parts.scheme == "https" or (parts.scheme == "http" and plain)


def same_origin(one: str, other: str) -> bool:
    """Whether two addresses have the same scheme, host and port (RFC 6454)."""
    left, right = urlsplit(one), urlsplit(other)
    return (left.scheme, left.netloc.lower()) == (right.scheme, right.netloc.lower())
