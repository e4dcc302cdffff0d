"""Takes secrets out of text before it leaves the process."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from itertools import pairwise
from urllib.parse import quote

from gitops_action.core.pattern import pattern

PLACEHOLDER = "***"
SHORTEST_PASSWORD = 6
"""Characters of the shortest password that is accepted: `web` is a part of half of all names, and
redacting it would change `ghcr.io/acme/web` in outputs."""

_SHORTEST = 4
"""Shorter secrets, and shorter lines of one (a bracket, a blank), would only shred the output; as
passwords they are refused."""


class Redactor:
    """Knows the secrets of this run, also in the shapes that protocols give them."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """Start with the secrets known from the inputs; adapters add those they are given."""
        self._shapes: list[str] = []
        self.add(*secrets)

    def add(self, *secrets: str) -> None:
        """Know more secrets; several lines of one count each for itself as well."""
        known = set(self._shapes)
        for secret in secrets:
            if len(secret.strip()) >= _SHORTEST:
                for part in (secret.strip(), *_lines(secret)):
                    known |= _shapes(part)
        self._shapes = sorted(known, key=len, reverse=True)  # the longest first: one holds another

    def clean(self, text: str) -> str:
        """The text with every known secret replaced."""
        for shape in self._shapes:
            if shape in text:
                text = text.replace(shape, PLACEHOLDER)
        return text

    def clean_tree(self, value: object) -> object:
        """A JSON document with every string cleaned, keys too."""
        if isinstance(value, str):
            return self.clean(value)
        if isinstance(value, Mapping):
            return {self.clean(str(key)): self.clean_tree(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.clean_tree(item) for item in value]
        return value


def _lines(secret: str) -> list[str]:
    return [line.strip() for line in secret.splitlines() if len(line.strip()) >= _SHORTEST]


def _shapes(secret: str) -> set[str]:
    """The secret as it is, in an address, in JSON, and in HTTP basic authentication."""
    if not secret:
        return set()
    users = ("x-access-token:", "oauth2:", ":", "")
    encoded = {b64encode(f"{user}{secret}".encode()).decode() for user in users}
    bare = {shape.rstrip("=") for shape in encoded}
    return {secret, quote(secret, safe=""), json.dumps(secret)[1:-1]} | encoded | bare


# What looks like a credential, in whatever text we show: diffs, errors, logs of containers.

SHAPES = (
    r"eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*){1,3}",  # JSON Web Tokens, encrypted ones too
    r"\bgh[pousr]_\w{16,}|\bgithub_pat_\w{20,}",  # GitHub
    r"\bglpat-[\w-]{20,}",  # GitLab
    r"\bxox[abprs]-[\w-]{10,}",  # Slack
    r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",  # AWS access keys
    r"\bAIza[\w-]{35}",  # Google API keys
    r"\b[sr]k_(?:live|test)_\w{16,}",  # Stripe
    r"\bnpm_[A-Za-z0-9]{36}",  # npm
)
"""Tokens that their issuer's prefix gives away."""

_SCHEME = r"(?:bearer|basic)\s+"
_HEADER = r"\bauthorization[\"']?\s{0,3}[:=]\s{0,3}[\"']?(?:bearer|basic|token)\s+"
# Without the header's name in front, a word like `basic authentication` is no credential.
_MIXED = r"(?=[\w.~+/=-]*(?:\d|[+/=]|(?-i:[a-z][A-Z])))"


@cache
def _tokens() -> re.Pattern[str]:
    return re.compile("|".join(SHAPES))


@cache
def _authorization() -> re.Pattern[str]:
    return re.compile(rf"(?i)({_HEADER}|\b{_SCHEME}{_MIXED})[\w.~+/=-]{{8,}}")


@cache
def _in_url() -> re.Pattern[str]:
    return re.compile(r"(?<=://)([^\s/:@]{0,200}:)[^\s/@]{1,500}(?=@)")


@cache
def _private_key() -> re.Pattern[str]:
    return re.compile(
        r"(-----BEGIN [A-Z ]*PRIVATE KEY-----).*?(?:(-----END [A-Z ]*PRIVATE KEY-----)|\Z)",
        re.DOTALL,
    )


def concealed(text: str) -> str:
    """The text with what looks like a credential replaced; line breaks stay where they are."""
    if "PRIVATE KEY" in text:
        text = _private_key().sub(_without_key, text)
    text = _tokens().sub(PLACEHOLDER, text)
    text = _authorization().sub(rf"\g<1>{PLACEHOLDER}", text)
    return _in_url().sub(rf"\g<1>{PLACEHOLDER}", text)


def _without_key(found: re.Match[str]) -> str:
    """Keep the number of lines, and what a diff puts before them."""
    breaks = found[0].count("\n")
    return f"{found[1]} {PLACEHOLDER} {found[2] or ''}".rstrip() + "\n" * breaks


# By what names values are known to be secrets.

_WORDS = pattern(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_OPTION = pattern(r"--?[A-Za-z][\w-]*")
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
_SECRET_ENDS = ("passphrase", "passwd", "password", "secret", "token", "apikey", "credentials")
"""Ends of words that are written as one: `dbpassword`."""
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
    if words[-1].endswith(_SECRET_ENDS):
        return True
    return any(
        word in {"key", "keys"} and before in _SECRET_KEYS for before, word in pairwise(words)
    )


def option_names_secret(argument: object) -> bool:
    """Whether an argument is an option whose value follows in the next one: `--password`."""
    return (
        isinstance(argument, str) and bool(_OPTION.fullmatch(argument)) and names_secret(argument)
    )


# Text without the credentials that stand in it among other things.

SAME = "<redacted>"
_SCHEMES = ("bearer", "basic", "token")

_NAME = r"(?P<name>[A-Za-z][\w.-]*)(?P<sign>\\?[\"']?[ \t]*[:=][ \t]*)"


@cache
def _line() -> re.Pattern[str]:
    return re.compile(
        rf"(?m)^(?P<before>[ \t]*(?:-[ \t]+|--?|export[ \t]+)?[\"']?){_NAME}(?P<value>\S.*)$"
    )


@cache
def _inside() -> re.Pattern[str]:
    """An assignment in a line; `Authorization: Bearer …` is one value."""
    value = rf"\\?\"[^\"\n]*\"|'[^'\n]*'|(?:(?i:{'|'.join(_SCHEMES)})[ \t]+)?[^\s,;&}}\"']+"
    return re.compile(rf"(?P<before>(?<![\w.-])(?:--?)?[\"']?){_NAME}(?P<value>{value})")


def cleaned(text: str, other: str, mark: str) -> str:
    """The text without what is assigned to a secret's name, and without known credentials.

    Args:
        text: of one side, one line or many.
        other: of the other side; the same text where there is none to compare with.
        mark: stands for a value that the other side does not have.
    """
    if not _suspicious(text):
        return text
    plain = _neutral(text)
    if text == other:
        return plain
    shown = concealed(_assigned(text, frozenset(other.split("\n")), mark))
    if shown == plain and plain == _neutral(other):
        # The difference is in what was taken out alone.
        return f"{plain}\n{mark}" if "\n" in plain else f"{plain} {mark}"
    return shown


def _suspicious(text: str) -> bool:
    return ":" in text or "=" in text or concealed(text) != text


def _neutral(text: str) -> str:
    return concealed(_assigned(text, None, SAME))


def _assigned(text: str, known: Collection[str] | None, mark: str) -> str:
    """Line by line, values of secrets replaced: by the mark where the line is not `known`."""
    lines = text.split("\n")
    for index, line in enumerate(lines):
        if ":" in line or "=" in line:
            stand_in = SAME if known is None or line in known else mark
            lines[index] = _without_values(line, stand_in)
    return "\n".join(lines)


def _without_values(line: str, stand_in: str) -> str:
    """Where the whole line is one assignment, all that follows the sign is its value."""
    whole = _replaced(_line(), line, stand_in)
    return whole if whole != line else without_assigned(line, stand_in)


def without_assigned(line: str, stand_in: str) -> str:
    """A line with each value replaced that is assigned to a secret's name."""
    return _replaced(_inside(), line, stand_in)


def _replaced(pattern: re.Pattern[str], line: str, stand_in: str) -> str:
    def hide(found: re.Match[str]) -> str:
        if not names_secret(found["name"]) or _is_placeholder(found["value"]):
            return found[0]
        return f"{found['before']}{found['name']}{found['sign']}{stand_in}"

    return pattern.sub(hide, line)


def _is_placeholder(value: str) -> bool:
    """Whether only a credential that was taken out already stands there: `Bearer ***`."""
    scheme, blank, rest = value.strip("\"'").rpartition(" ")
    return rest == PLACEHOLDER and (not blank or scheme.strip().lower() in _SCHEMES)


# Log lines of other people's containers without known secrets and what looks like one.

LONGEST_LINE = 500
_READ = 4_000
"""Characters of a line that are looked at at all: patterns must not meet megabytes."""

_PEM = pattern(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")
_PEM_END = pattern(r"-----END [A-Z ]*PRIVATE KEY-----")


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
    text = without_assigned(concealed(text), PLACEHOLDER)
    return text if len(text) <= LONGEST_LINE else f"{text[:LONGEST_LINE]}…"
