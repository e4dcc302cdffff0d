"""The images an environment describes now, for comparing, promoting and telling."""

from __future__ import annotations

from dataclasses import dataclass

from gitops_action.core.config import Config, Environment
from gitops_action.core.discovery.source import Source
from gitops_action.core.discovery.survey import Survey, Surveyor, application_of_live
from gitops_action.core.files import Snapshot
from gitops_action.core.images import ImageReference, ImageReferenceError
from gitops_action.errors import GitOpsError, GitOpsErrors


@dataclass(frozen=True, kw_only=True)
class ImageUse:
    """One image of an environment, as it is rendered, and the place that settles its version.

    `name` is the spelling in the files, `repository` the normalised one.
    """

    environment: str
    application: str | None
    repository: str
    name: str
    tag: str | None
    digest: str | None
    file: str
    line: int
    path: str
    rule: str

    @property
    def reference(self) -> ImageReference | None:
        """The whole reference; None when its tag or digest is none (a placeholder)."""
        try:
            return ImageReference(name=self.name, tag=self.tag, digest=self.digest)
        except ImageReferenceError:
            return None


def images_in(
    *, snapshot: Snapshot, environment: Environment, config: Config
) -> tuple[ImageUse, ...]:
    """What an environment describes now, each application, image and place once.

    Raises:
        GitOpsError: files of the environment do not parse (GitOpsErrors: several).
    """
    source = Source(snapshot=snapshot)
    survey = Surveyor(source).survey(environment)
    raise_errors(source, survey.files)
    return uses_of(survey, environment, config)


def uses_of(survey: Survey, environment: Environment, config: Config) -> tuple[ImageUse, ...]:
    """The uses in a survey; entries that reach no image are left out."""
    found: dict[ImageUse, None] = {}
    for live in survey.lives:
        if live.repository is None or live.dead:
            continue
        spot = live.version.main
        use = ImageUse(
            environment=environment.name,
            application=application_of_live(live, environment, config),
            repository=live.repository,
            name=live.spelling.name,
            tag=live.spelling.tag or None,
            digest=live.spelling.digest or None,
            file=spot.file,
            line=spot.line,
            path=spot.at,
            rule=live.version.rule,
        )
        found.setdefault(use)
    return tuple(sorted(found, key=lambda use: (use.repository, use.file, use.line, use.path)))


def raise_errors(source: Source, files: frozenset[str]) -> None:
    """Raise what is wrong with the files of an environment, all of it at once.

    Raises:
        GitOpsError: one file is wrong.
        GitOpsErrors: several are.
    """
    errors: tuple[GitOpsError, ...] = tuple(
        error for file, error in sorted(source.errors.items()) if file in files
    )
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise GitOpsErrors("Files of the environment cannot be read", errors)
