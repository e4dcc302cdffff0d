"""Images that a change brings in: whether their registries know them, each asked once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gitops_action.commands.ports import Registry
from gitops_action.core.config import Config
from gitops_action.core.images import (
    ImageReference,
    ImageReferenceError,
    parse_reference,
    verify_pin,
)
from gitops_action.core.inputs.bump import VerifyMode
from gitops_action.core.manifests import Manifest
from gitops_action.core.registry import ImageMissingError, RegistryError
from gitops_action.core.report.validation import Finding, Level
from gitops_action.core.validation.images import images_of
from gitops_action.errors import GitOpsError, Location


def trusted_domains(config: Config, before: Iterable[Manifest]) -> frozenset[str]:
    """The registries that the base names already, in its configuration or in what it runs.

    Credentials go to these alone: what a change brings in may name any host.
    """
    declared = [image for application in config.applications for image in application.images]
    read = (_read(text) for text in (*declared, *images_of(before)))
    return frozenset(reference.domain for reference in read if reference)


class ImageCheck:
    """Looks images up; the same image is asked for once, however many environments run it."""

    def __init__(self, registry: Registry | None, verify: VerifyMode) -> None:
        """Without a registry nothing is asked."""
        self._registry = registry
        self._verify = verify
        self._known: dict[str, tuple[Level, GitOpsError] | None] = {}

    def check(self, texts: Sequence[str], manifests: Sequence[Manifest]) -> tuple[Finding, ...]:
        """What is wrong with the images, each at the first object that runs it."""
        users = images_of(manifests) if texts else {}
        places = {item.id: item.origin for item in manifests}
        findings = []
        for text in texts:
            if problem := self._problem(text):
                level, error = problem
                first = next(iter(users.get(text, ())), None)
                findings.append(_finding(level, error, places.get(first) if first else None))
        return tuple(findings)

    def _problem(self, text: str) -> tuple[Level, GitOpsError] | None:
        if text not in self._known:
            self._known[text] = self._ask(text)
        return self._known[text]

    def _ask(self, text: str) -> tuple[Level, GitOpsError] | None:
        try:
            reference = parse_reference(text)
        except ImageReferenceError as error:
            return "error", error
        if self._registry is None or self._verify == "off":
            return None
        try:
            mismatch = verify_pin(reference, self._registry.describe(reference))
        except RegistryError as error:
            certain = isinstance(error, ImageMissingError) or self._verify == "required"
            return "error" if certain else "warning", error
        except GitOpsError as error:
            return "error", error
        return ("error", mismatch) if mismatch else None


def _finding(level: Level, error: GitOpsError, place: Location | None) -> Finding:
    placed = GitOpsError(error.title, cause=error.cause, fix=error.fix, location=place)
    return Finding(level=level, error=placed)


def _read(text: str) -> ImageReference | None:
    try:
        return parse_reference(text)
    except ImageReferenceError:
        return None
