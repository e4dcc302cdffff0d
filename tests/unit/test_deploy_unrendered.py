"""A chart that was not rendered: a failure for a push deployment, a note for the others."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from gitops_action.commands.deploy.environment import EnvironmentRun
from gitops_action.commands.render import EnvironmentRendering
from gitops_action.core.config import Environment, load_config
from gitops_action.core.deploy.result import Result
from gitops_action.core.rendering import RemoteBaseError, RenderError
from tests.support.configs import EXAMPLE, FILE

MISSING = RenderError("chart charts/web is not rendered", cause="there is no helm on PATH")


@dataclass
class Renderings:
    rendering: EnvironmentRendering
    tree: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(commit="a" * 40))

    def of(self, _: Environment) -> EnvironmentRendering:
        return self.rendering


def run_of(name: str, *, problem: RenderError | None = None) -> EnvironmentRun:
    environment = next(
        item for item in load_config(FILE, EXAMPLE).environments if item.name == name
    )
    rendering = EnvironmentRendering(environment=environment, unrendered=(MISSING,))
    if problem:
        rendering = EnvironmentRendering(environment=environment, problems=(problem,))
    clock = SimpleNamespace(monotonic=lambda: 0.0)
    newer = SimpleNamespace(recorded=lambda *_: None)
    return EnvironmentRun(
        environment=environment,
        inputs=SimpleNamespace(dry_run=True),  # type: ignore[arg-type]
        ports=SimpleNamespace(clock=clock, records=newer, engines={}, trees=None),  # type: ignore[arg-type]
        renderings=Renderings(rendering),  # type: ignore[arg-type]
        stop=threading.Event(),
    )


def test_a_push_deployment_fails_before_anything_is_applied() -> None:
    outcome = run_of("production").deploy().outcome
    assert [target.result for target in outcome.targets] == [Result.FAILED, Result.FAILED]
    sentence = "chart charts/web is not rendered: there is no helm on PATH"
    assert {failure.sentence for target in outcome.targets for failure in target.failures} == {
        sentence
    }


def test_flux_renders_charts_itself() -> None:
    with pytest.raises(Exception, match="does not drive"):
        run_of("staging").deploy()


def test_a_push_deployment_applies_nothing_beside_a_remote_base() -> None:
    """What stands beside it is rendered to be validated, and is not the whole."""
    remote = RemoteBaseError("'https://github.com/acme/base' is not followed", cause="remote")
    outcome = run_of("production", problem=remote).deploy().outcome
    assert [target.result for target in outcome.targets] == [Result.FAILED, Result.FAILED]
