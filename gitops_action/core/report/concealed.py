"""Takes well-known kinds of credentials out of text that describes a repository's files.

Nobody should keep them in Git, and some do. The shapes are those that their issuers document so
that scanners can find them (GitHub: "Authentication token format"; RFC 7468 for private keys;
RFC 7519 for JSON Web Tokens).
"""

from __future__ import annotations

import re

from gitops_action.core.redact import PLACEHOLDER

_TOKENS = re.compile(
    r"\bgh[pousr]_[A-Za-z0-9]{16,}"
    r"|\bgithub_pat_\w{20,}"
    r"|\bglpat-[\w-]{20,}"
    r"|\bxox[abprs]-[\w-]{10,}"
    r"|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"
    r"|\b[sr]k_live_\w{16,}"
    r"|\bnpm_[A-Za-z0-9]{36}"
    r"|\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}"
)
_IN_URL = re.compile(r"(?<=://)(?P<user>[^\s/:@]+):(?P<password>[^\s/@]+)@")
_KEY = re.compile(
    r"(-----BEGIN [A-Z ]*PRIVATE KEY-----).*?(?:(-----END [A-Z ]*PRIVATE KEY-----)|\Z)", re.DOTALL
)


def concealed(text: str) -> str:
    """The text with what looks like a credential replaced; line breaks stay where they are."""
    if "PRIVATE KEY" in text:
        text = _KEY.sub(_without_key, text)
    return _IN_URL.sub(rf"\g<user>:{PLACEHOLDER}@", _TOKENS.sub(PLACEHOLDER, text))


def _without_key(found: re.Match[str]) -> str:
    """Keep the number of lines, and what a diff puts before them."""
    breaks = found[0].count("\n")
    return f"{found[1]} {PLACEHOLDER} {found[2] or ''}".rstrip() + "\n" * breaks
