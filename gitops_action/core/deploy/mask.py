"""Log lines of other people's containers, fit to be shown: known secrets and what looks like one.

Patterns find what is shaped like a secret; they are a second net, not a promise.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from gitops_action.core.redact import PLACEHOLDER, Redactor

LONGEST_LINE = 500
_READ = 4_000
"""Characters of a line that are looked at at all: patterns must not meet megabytes."""

_PEM = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")
_PEM_END = re.compile(r"-----END [A-Z ]*PRIVATE KEY-----")
_WHOLE = re.compile(
    r"eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"  # JSON web tokens
    r"|\bgh[pousr]_\w{20,}|\bgithub_pat_\w{20,}"  # GitHub
    r"|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"  # AWS access keys
    r"|\bAIza[\w-]{35}"  # Google API keys
    r"|\bxox[abprs]-[\w-]{10,}"  # Slack
    r"|\b[sr]k_(?:live|test)_\w{16,}"  # Stripe
    r"|\bglpat-[\w-]{20,}"  # GitLab
)
_URL_PASSWORD = re.compile(
    r"(\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@]{0,200}:)[^\s/@]{1,500}(?=@)", re.IGNORECASE
)
_AUTHORIZATION = re.compile(r"\b((?:bearer|basic)\s+)[\w.~+/=-]{8,}", re.IGNORECASE)
_NAMED = re.compile(
    r"""((?:passw(?:or)?d|passwd|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key"""
    r"""|credentials?)["']?\s{0,3}[:=]\s{0,3})(?:"[^"]{1,500}"|'[^']{1,500}'|[^\s,;&"']{1,500})""",
    re.IGNORECASE,
)


def masked_lines(lines: Iterable[str], redactor: Redactor) -> tuple[str, ...]:
    """The lines with secrets replaced, each at most `LONGEST_LINE` characters."""
    result: list[str] = []
    in_key = False
    for line in lines:
        if in_key:
            in_key = not _PEM_END.search(line)
            continue
        if _PEM.search(line):
            in_key = not _PEM_END.search(line)
            result.append(PLACEHOLDER)
            continue
        result.append(_masked(line, redactor))
    return tuple(result)


def _masked(line: str, redactor: Redactor) -> str:
    text = redactor.clean(line)[:_READ]
    text = _WHOLE.sub(PLACEHOLDER, text)
    text = _URL_PASSWORD.sub(rf"\g<1>{PLACEHOLDER}", text)
    text = _AUTHORIZATION.sub(rf"\g<1>{PLACEHOLDER}", text)
    text = _NAMED.sub(rf"\g<1>{PLACEHOLDER}", text)
    return text if len(text) <= LONGEST_LINE else f"{text[:LONGEST_LINE]}…"
