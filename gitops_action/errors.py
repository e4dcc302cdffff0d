"""The errors a user can meet: what went wrong, why, how to fix it, and where.

Everything that is raised on purpose is a `GitOpsError`. Anything else that escapes is a bug and
ends with exit code 3 and a traceback.
"""

from __future__ import annotations

from dataclasses import dataclass

EXIT_FAILURE = 1
EXIT_USAGE = 2
EXIT_BUG = 3
EXIT_INTERRUPTED = 130


@dataclass(frozen=True, kw_only=True)
class Location:
    """A place in a file. Lines and columns count from 1, as editors and annotations do."""

    file: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        """Write it the way compilers and editors do: `file:line:column`."""
        return ":".join(str(part) for part in (self.file, self.line, self.column) if part)


class GitOpsError(Exception):
    """An expected failure, reported in one line with its cause and its fix.

    Attributes:
        title: what went wrong, one line, no final full stop.
        cause: why, one line; empty when the title says it all.
        fix: what the reader can do about it, one line; empty when nothing can be done.
        location: the file (and line) it is about, where there is one.
        exit_code: the process' exit code: 1 for an expected failure.
    """

    exit_code = EXIT_FAILURE

    def __init__(
        self, title: str, *, cause: str = "", fix: str = "", location: Location | None = None
    ) -> None:
        """Keep the parts apart, so that each surface can lay them out its own way."""
        super().__init__(title)
        self.title = title
        self.cause = cause
        self.fix = fix
        self.location = location

    def __str__(self) -> str:
        """The error as one paragraph: `place: title: cause. Fix: …`."""
        place = f"{self.location}: " if self.location else ""
        cause = f": {self.cause}" if self.cause else ""
        fix = f". Fix: {self.fix}" if self.fix else ""
        return f"{place}{self.title}{cause}{fix}"


class UsageError(GitOpsError):
    """Wrong inputs, flags or configuration: exit code 2."""

    exit_code = EXIT_USAGE


class GitOpsErrors(GitOpsError):  # noqa: N818 - the plural says that it carries several
    """Several errors found in one go, reported together rather than one a run."""

    def __init__(self, title: str, errors: tuple[GitOpsError, ...]) -> None:
        """Take the highest exit code of the errors that are carried."""
        super().__init__(title, fix="fix each error below")
        self.errors = errors
        self.exit_code = max((error.exit_code for error in errors), default=EXIT_FAILURE)


class ConflictError(GitOpsError):
    """What was planned on has moved (a ref, a pull request): plan again on the new state."""


class DeniedError(GitOpsError):
    """The token lacks a right that this takes."""


class RateLimitError(GitOpsError):
    """GitHub answers no more requests for a while: what is left is the next run's."""


class OutcomeUnknownError(GitOpsError):
    """A write was cut off and could not be read back: it may or may not have happened."""
