"""Where the programs that render are, and what they may know of their surroundings."""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_MIB = 1024 * 1024
_ALLOWED_OUT = (
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR"),
)
# A port that nothing listens on: Go's HTTP client asks this proxy, and gets nowhere.
_NOWHERE = "http://127.0.0.1:9"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a render may take.

    Attributes:
        seconds: for one run of a program; kustomize takes a minute for 5,000 objects of one folder.
        output: bytes that one folder may render to.
    """

    seconds: float = 300.0
    output: int = 64 * _MIB


def find_kubectl(path: str | None = None) -> str | None:
    """The kubectl that this package depends on, at its pinned version; else the one on PATH."""
    scripts = {str(Path(sys.executable).parent), sysconfig.get_path("scripts")}
    for folder in sorted(scripts):
        found = shutil.which("kubectl", path=folder)
        if found:
            return found
    return shutil.which("kubectl", path=path)


def find_helm(path: str | None = None) -> str | None:
    """The helm on PATH; None where there is none, and charts stay unrendered."""
    return shutil.which("helm", path=path)


def surroundings(
    environ: Mapping[str, str], home: Path, *, allow_remote: bool
) -> Mapping[str, str]:
    """The environment of a program that renders: no credentials, no settings, and no way out.

    Without `allow_remote` there is no program on its PATH, so no git either, and HTTP ends at a
    closed port: reading the kustomizations has refused remote bases before, and should a base have
    been hidden from us, it still is not fetched.
    """
    base = {
        "HOME": str(home),
        "KUBECONFIG": os.devnull,
        "TMPDIR": str(home),
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GOGC": "400",  # a short run needs no tidy heap
    }
    if allow_remote:
        kept = {name: environ[name] for name in _ALLOWED_OUT if name in environ}
        return {**base, **kept, "PATH": environ.get("PATH", os.defpath)}
    return {
        **base,
        "PATH": str(home),
        "HTTP_PROXY": _NOWHERE,
        "HTTPS_PROXY": _NOWHERE,
        "NO_PROXY": "",
    }
