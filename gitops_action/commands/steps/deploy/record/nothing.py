"""Records nothing: on a terminal without a token, and in dry runs."""

from __future__ import annotations

from collections.abc import Sequence

from gitops_action.commands.steps.render import EnvironmentRendering
from gitops_action.core.config import Application, Environment
from gitops_action.core.deploy.pending import Recorded
from gitops_action.core.deploy.result import EnvironmentResult


class NoRecord:
    """The record of a deployment that nobody keeps."""

    number: int | None = None

    def in_progress(self) -> None:
        """Say nothing."""

    def finish(self, result: EnvironmentResult) -> tuple[str, ...]:
        """Say nothing, and say so."""
        del result
        return ("the deployment was not recorded on GitHub, since there is no token",)


class NoRecorder:
    """Knows of no deployment, keeps none."""

    def recorded(self, environment: str) -> Recorded | None:
        """Nothing is known."""
        del environment
        return None

    def begin(
        self,
        environment: Environment,
        rendering: EnvironmentRendering,
        commit: str,
        *,
        applications: Sequence[Application] = (),
    ) -> NoRecord:
        """Begin without a word."""
        del environment, rendering, commit, applications
        return NoRecord()
