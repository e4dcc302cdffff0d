"""Whether one tag is older than another, where tags are versions."""

from __future__ import annotations

import re

from semver import Version

_VERSION = re.compile(r"v?(?P<core>\d+(?:\.\d+){1,3})(?:[-_.](?P<suffix>[A-Za-z0-9._-]+))?")
_STAGES = frozenset({"a", "alpha", "b", "beta", "rc", "cr", "pre", "preview"})
_STAGES |= {"dev", "snapshot", "canary", "nightly"}
_WORDS = re.compile(r"[A-Za-z]+|[0-9]+")


def is_downgrade(old: str, new: str) -> bool | None:
    """Whether `new` is the older one of two version tags.

    Versions have two to four numbers and may begin with `v`; `1.2.3-alpine` keeps its variant.
    Prereleases are ordered as Semantic Versioning 2.0.0 (section 11) says, with `rc10` read as
    `rc.10`. None when the tags cannot be compared: one is no version, one is a moving tag of the
    other (`1.2` and `1.2.3`), or only the variant or packaging differs (`1.2.3`, `1.2.3-alpine`).
    """
    before, after = _VERSION.fullmatch(old), _VERSION.fullmatch(new)
    if before is None or after is None:
        return None
    left, right = _numbers(before), _numbers(after)
    shared = min(len(left), len(right))
    if left[:shared] != right[:shared]:
        return right[:shared] < left[:shared]
    if len(left) != len(right):
        return None
    return _compare_suffixes(before["suffix"], after["suffix"])


def _numbers(found: re.Match[str]) -> tuple[int, ...]:
    return tuple(int(number) for number in found["core"].split("."))


def _compare_suffixes(old: str | None, new: str | None) -> bool | None:
    if old == new:
        return False
    if old and new and old.isdigit() and new.isdigit():
        return int(new) < int(old)
    before, after = _prerelease(old), _prerelease(new)
    return None if before is None or after is None else after < before


def _prerelease(suffix: str | None) -> Version | None:
    """A version that stands for the suffix alone; None when it names a variant."""
    if suffix is None:
        return Version(1)
    words = [word.lower() for word in _WORDS.findall(suffix)]
    if not words or words[0] not in _STAGES:
        return None
    if any(word not in _STAGES and not word.isdigit() for word in words):
        return None
    return Version(1, prerelease=".".join(word.lstrip("0") or "0" for word in words))
