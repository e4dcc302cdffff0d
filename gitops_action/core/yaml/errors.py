"""What can go wrong with a YAML or JSON file, each with its place, cause and fix."""

from __future__ import annotations

from gitops_action.errors import GitOpsError, UsageError


class YamlSyntaxError(GitOpsError):
    """The file is not YAML (or JSON) that every parser reads the same way."""


class PathNotFoundError(UsageError):
    """A path names something that the file does not hold; keys are never created."""


class EditRefusedError(GitOpsError):
    """The edit cannot be made without guessing or without changing something else."""


class EditProofError(GitOpsError):
    """The edited bytes do not read as planned; nothing is written."""


class ComposeError(Exception):
    """A problem at a position; the caller knows the file."""

    def __init__(self, problem: str, fix: str, index: int) -> None:
        """Keep the parts apart."""
        super().__init__(problem)
        self.fix = fix
        self.index = index
