"""What a plain scalar reads as.

The reading is that of kustomize, and so of `kubectl kustomize` and of Flux: go-yaml v3's
`resolve.go`. Booleans and nulls are those of YAML 1.2; whole numbers are Go's, so a leading zero is
octal and underscores are left out; `1:30` and dates stay text.
"""

from __future__ import annotations

from functools import lru_cache

from gitops_action.core.pattern import pattern

Plain = str | int | float | bool | None

_WORDS: dict[str, Plain] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NUMBER_STARTS = frozenset("+-.0123456789")
_WHOLE = pattern(
    r"(?P<sign>[-+]?)(?:0[xX](?P<hex>[0-9a-fA-F]+)|0[bB](?P<bin>[01]+)|0[oO]?(?P<oct>[0-7]+)"
    r"|(?P<dec>0|[1-9][0-9]*))"
)
_BASES = {"hex": 16, "bin": 2, "oct": 8, "dec": 10}
_FLOAT = pattern(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = pattern(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_LOWEST, _HIGHEST = -(2**63), 2**64 - 1
_EXACT = 1e21
"""Below this, JSON as Go writes it shows a number without fraction as a whole one."""


@lru_cache(maxsize=65536)
def read_plain(text: str) -> Plain:
    """The value of a plain scalar.

    Raises:
        ValueError: it is an infinite number or none at all, which JSON cannot hold.
    """
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMBER_STARTS:
        return text
    if _NOT_FINITE.fullmatch(text):
        raise ValueError(f"{text} is not a number that JSON can hold")
    return _number(text)


def whole(value: float) -> int | float:
    """A number without fraction as the whole number it is, as JSON shows it."""
    return int(value) if value.is_integer() and abs(value) < _EXACT else value


def _number(text: str) -> Plain:
    plain = text.replace("_", "")
    found = _WHOLE.fullmatch(plain)
    if found:
        base = next(name for name in _BASES if found[name])
        value = int(found["sign"] + found[base], _BASES[base])
        if _LOWEST <= value <= _HIGHEST:
            return value
    if not _FLOAT.fullmatch(plain):
        return text
    number = float(plain)
    return text if number in (float("inf"), float("-inf")) else whole(number)
