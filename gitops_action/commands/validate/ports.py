"""What `validate` needs from the outside world."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import Protocol

from gitops_action.commands.ports import Registry, Renderer, Schemas, Trees
from gitops_action.core.config import Validation
from gitops_action.core.dataclass import dataclass
from gitops_action.core.manifests.model import Manifest
from gitops_action.core.outcome import Job
from gitops_action.core.report.validation import ValidationReport
from gitops_action.core.repository import RepositoryFile
from gitops_action.core.trailers import ProposalTrailers


class Proposals(Protocol):
    """The pull request that is validated, beside its files."""

    def current(self) -> ProposalTrailers:
        """Read it as it is now.

        Raises:
            GitOpsError: it cannot be read.
        """
        ...


class NotedSchemas(Schemas, Protocol):
    """Schemas that have something to say about themselves."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know, such as that another version's schemas were taken."""
        ...


class Workshop(Protocol):
    """Makes the tools whose make depends on the configuration, which the base's tip holds."""

    def renderer(self, settings: Validation) -> Renderer:
        """What renders folders."""
        ...

    def schemas(
        self,
        settings: Validation,
        definitions: Sequence[Manifest],
        files: Mapping[str, RepositoryFile],
    ) -> NotedSchemas:
        """What checks objects.

        `definitions` are the CustomResourceDefinitions that are known, `files` those of the
        folders that the configuration names.
        """
        ...

    def registry(self, domains: frozenset[str]) -> Registry | None:
        """What knows images; given credentials are shown to the registries in `domains` alone.

        None where registries are not asked.
        """
        ...


class ValidationTexts(Protocol):
    """The words about a validation; untrusted text is harmless in them."""

    def summary(self, report: ValidationReport) -> str:
        """The job summary, at most 1 MiB."""
        ...

    def comment(self, report: ValidationReport) -> str:
        """The comment's text, at most 65,536 characters as GitHub counts them."""
        ...


class Comments(Protocol):
    """The comments of a pull request (a part of `Forge`)."""

    def comment(self, number: int, *, body: str, marker: str) -> None:
        """Write one comment; the comment that carries the same hidden `marker` is replaced.

        Raises:
            DeniedError: the token may not.
            GitOpsError: it was not written; an older one is as it was.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class ValidatePorts:
    """What `validate` talks to.

    `comments` is None unless a comment is asked for, `write_file` unless a file is.
    """

    trees: Trees
    proposals: Proposals
    workshop: Workshop
    texts: ValidationTexts
    job: Job = field(default_factory=Job)
    comments: Comments | None = None
    write_file: Callable[[str], None] | None = None
