"""Whether a change is what its pull request declares: these images, there, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from gitops_action.commands.ports import Registry
from gitops_action.commands.render import RenderedPair
from gitops_action.core.config import Config
from gitops_action.core.images import (
    ImageReference,
    ImageReferenceError,
    parse_reference,
    verify_pin,
)
from gitops_action.core.images.oci import ImageMissingError, RegistryError
from gitops_action.core.inputs.bump import VerifyMode
from gitops_action.core.manifests import Manifest
from gitops_action.core.report.validation import Finding, Level
from gitops_action.core.trailers import Declared
from gitops_action.core.validation.images import Images, declared_in_render, images_of
from gitops_action.errors import GitOpsError, Location

_FIX = "bring body and files together again, or take the GitOps- lines out of the body"

Pairs = Mapping[str, RenderedPair]
"""Both sides of each environment that is looked at, by name."""


def check_promises(
    declared: Declared | None, touched: Pairs, config: Config
) -> tuple[Finding, ...]:
    """Hold what is declared against what the environments come to.

    Only environments that render on both sides say anything here; what does not render is an
    error already.
    """
    if declared is None:
        return ()
    whole = {name: pair for name, pair in touched.items() if _renders(pair)}
    named = [name for name in declared.environments if config.environment(name)]
    return (
        *(_unreadable(text) for text in declared.unreadable),
        *(_unknown(name) for name in declared.environments if name not in named),
        *_missing(declared, named, touched, whole),
        *_others(named, whole),
    )


def _missing(
    declared: Declared, named: Sequence[str], touched: Pairs, whole: Pairs
) -> list[Finding]:
    """Images that their environment does not run; without a named one, that none runs."""
    if not named and len(whole) == len(touched):
        everywhere = [item for pair in whole.values() for item in pair.after.manifests]
        return [
            _error(
                f"the pull request declares {image}, which no environment that it touches runs",
                cause="no object has it after the merge",
            )
            for image in declared_in_render(declared.images, everywhere)
        ]
    findings = []
    for name in named:
        if name not in touched:
            findings.append(_untouched(name))
        elif name in whole:
            after = whole[name].after
            findings += [
                _error(
                    f"the pull request declares {image} for {name}, which does not run it",
                    cause=f"no object of {name} has it after the merge",
                )
                for image in declared_in_render(declared.images, after.manifests)
            ]
    return findings


def _others(named: Sequence[str], whole: Pairs) -> list[Finding]:
    if not named:
        return []
    return [
        _error(
            f"the pull request declares a change of {' and '.join(named)}, and changes {name} too",
            cause=f"what {name} renders to is not the same after the merge",
        )
        for name, pair in whole.items()
        if name not in named and pair.before.hash != pair.after.hash
    ]


def _renders(pair: RenderedPair) -> bool:
    return not (pair.before.problems or pair.after.problems)


def _unreadable(text: str) -> Finding:
    return _warning(
        f"the pull request declares {text!r}", "it is not an image reference, so it is not checked"
    )


def _unknown(name: str) -> Finding:
    return _warning(
        f"the pull request declares a change of {name!r}", "there is no such environment"
    )


def _untouched(name: str) -> Finding:
    return _warning(
        f"the pull request declares images for {name}",
        f"it changes no file of {name}; maybe the base has them already",
    )


def _error(title: str, *, cause: str) -> Finding:
    return Finding(level="error", error=GitOpsError(title, cause=cause, fix=_FIX))


def _warning(title: str, cause: str) -> Finding:
    return Finding(level="warning", error=GitOpsError(title, cause=cause, fix=_FIX))


# Images that a change brings in: whether their registries know them, each asked once.


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

    def check(
        self, texts: Sequence[str], users: Images, manifests: Sequence[Manifest]
    ) -> tuple[Finding, ...]:
        """What is wrong with the images, each at the first of its users among the manifests."""
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
