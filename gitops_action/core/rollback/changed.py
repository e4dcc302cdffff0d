"""Which applications a failed deployment changed, before any commit is read.

An environment with a folder for each application is read in these folders alone: what else it
describes is what the last good commit describes. The images that go back are read from the commits.
"""

from __future__ import annotations

from collections.abc import Iterable

from gitops_action.core.config import PLACEHOLDER, Config, application_of
from gitops_action.core.deployments.proof import EvaluatedRecord
from gitops_action.core.gates.change_hash import is_document
from gitops_action.core.repository import GITHUB_FOLDER


def recorded_applications(good: EvaluatedRecord, failed: EvaluatedRecord) -> tuple[str, ...]:
    """The applications whose images two records name differently, sorted.

    None are given where a record names no application, as one that was too large.
    """
    old, new = good.applications, failed.applications
    if not old or not new:
        return ()
    return tuple(sorted(name for name in {*old, *new} if old.get(name) != new.get(name)))


def applications_of_files(paths: Iterable[str], config: Config) -> tuple[str, ...]:
    """The applications whose folders hold all changed files, sorted.

    None are given where that does not tell: a file lies elsewhere, as in a shared base.
    """
    names: set[str] = set()
    for path in paths:
        if path.startswith(GITHUB_FOLDER):
            continue
        found = _owners(path, config)
        if not found and not is_document(path):
            return ()
        names |= found
    return tuple(sorted(names))


def _owners(path: str, config: Config) -> set[str]:
    """By every environment: one may build on a folder of another."""
    every = (
        application_of(path, one, config)
        for one in config.environments
        if PLACEHOLDER in one.path and one.contains(path)
    )
    return {name for name in every if name}
