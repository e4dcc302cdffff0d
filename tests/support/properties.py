"""How many examples a property is tried with: a quarter, or all by the profile `thorough`."""

from __future__ import annotations

from hypothesis import settings

FULL = 100
"""Hypothesis' own number, which the profile `thorough` has."""

PROFILES = {"quick": FULL // 4, "thorough": FULL}


def register_profiles() -> None:
    """How long an example takes says something about the machine, not about the code."""
    for name, count in PROFILES.items():
        settings.register_profile(name, deadline=None, max_examples=count)
    settings.load_profile("quick")


def examples(full: int) -> int:
    """The number of examples in this run, where a property has a full number of its own."""
    return max(1, full * settings().max_examples // FULL)
