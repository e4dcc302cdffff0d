"""What a new repository is made from, as one checked value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Subject = Literal["application", "environment", "workflow"]
Layout = Literal["overlays", "minimal"]
Engine = Literal["flux", "push"]
Handover = Literal["pull-request", "dispatch"]

UNRELEASED = "v0.0.0"
"""Stands for the version of an application that has none yet; any release is newer."""


@dataclass(frozen=True, kw_only=True)
class Application:
    """An application: its name, its image without tag, the version to begin with, its source."""

    name: str
    image: str
    tag: str
    source: str


@dataclass(frozen=True, kw_only=True)
class Answers:
    """All that the templates depend on.

    Attributes:
        subject: what is written.
        layout: the shape of an environment repository.
        repository: the environment repository, OWNER/NAME.
        applications: those of the environment repository; else the one that is written.
        environments: names, in the order that versions pass them.
        engine: who applies: Flux, or a job.
        handover: how a release reaches the environment repository.
        code_owners: who reviews, as CODEOWNERS names people and teams.
        library: the repository of this action, OWNER/NAME.
    """

    subject: Subject
    layout: Layout = "overlays"
    repository: str
    applications: tuple[Application, ...]
    environments: tuple[str, ...] = ("staging", "production")
    engine: Engine = "flux"
    handover: Handover = "pull-request"
    code_owners: str
    library: str

    @property
    def application(self) -> Application:
        """The first of the applications; there is always one."""
        return self.applications[0]

    @property
    def registry(self) -> str:
        """Where the application's image is pushed."""
        return self.application.image.split("/", maxsplit=1)[0]

    @property
    def written(self) -> str:
        """The repository that the files are for, OWNER/NAME."""
        return self.repository if self.subject == "environment" else self.application.source

    @property
    def template(self) -> str:
        """The folder of `templates/` that is rendered."""
        if self.subject != "environment":
            return "application"
        return "environment" if self.layout == "overlays" else "minimal"
