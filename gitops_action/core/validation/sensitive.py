"""By what names values are known to be secrets."""

from __future__ import annotations

import re
from itertools import pairwise

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_OPTION = re.compile(r"--?[A-Za-z][\w-]*")
_SECRET_WORDS = frozenset(
    {
        "apikey",
        "authorization",
        "credential",
        "credentials",
        "passphrase",
        "passwd",
        "password",
        "passwords",
        "pwd",
        "secret",
        "secrets",
        "token",
        "tokens",
    }
)
_SECRET_KEYS = frozenset(
    {"access", "account", "api", "auth", "encryption", "master", "private", "secret", "signing"}
)
"""What makes a `…_KEY` a secret; `PARTITION_KEY` is none."""

_ABOUT = frozenset(
    {
        "age",
        "class",
        "count",
        "enabled",
        "endpoint",
        "expiration",
        "expiry",
        "file",
        "header",
        "host",
        "issuer",
        "length",
        "lifetime",
        "mode",
        "name",
        "names",
        "namespace",
        "path",
        "policy",
        "ref",
        "seconds",
        "size",
        "timeout",
        "ttl",
        "type",
        "uri",
        "url",
        "version",
    }
)
"""As the last word of a name: it speaks about a secret and does not hold it."""


def names_secret(name: str) -> bool:
    """Whether a value of this name is probably a secret: `DB_PASSWORD`, `apiKey`, `token`.

    Names are read word by word, whether they are written `LIKE_THIS`, `like-this` or `likeThis`.
    In doubt it is one: a value that is not shown costs less than one that is.
    """
    words = [word.lower() for word in _WORDS.findall(name)]
    if not words or words[-1] in _ABOUT:
        return False
    if _SECRET_WORDS.intersection(words) or "".join(words) in _SECRET_WORDS:
        return True
    return any(
        word in {"key", "keys"} and before in _SECRET_KEYS for before, word in pairwise(words)
    )


def option_names_secret(argument: object) -> bool:
    """Whether an argument is an option whose value follows in the next one: `--password`."""
    return (
        isinstance(argument, str) and bool(_OPTION.fullmatch(argument)) and names_secret(argument)
    )
