"""In which jobs charts are rendered, where helm could read what this process holds."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import pytest

from gitops_action.adapters import renderer as renderers
from gitops_action.adapters.process import Sandbox
from gitops_action.adapters.workflow import TerminalReporter
from gitops_action.app.tools import Context, kustomize_renderer
from gitops_action.core.config import Validation
from gitops_action.core.redaction.known import Redactor
from gitops_action.core.rendering import Rendering
from tests.support.renders import repository

RELEASE = """\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: shop}
spec:
  chart: {spec: {chart: ./charts/web, sourceRef: {kind: GitRepository, name: env}}}
"""
FILES = {
    "env/release.yaml": RELEASE,
    "charts/web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n",
    "charts/web/templates/x.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: made}\n",
}
SEPARATE, SAME = Sandbox(separate=True), Sandbox()
TERMINAL: dict[str, str] = {}


def job(event: str) -> dict[str, str]:
    return {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": event}


@pytest.fixture
def helm(tmp_path: Path) -> Path:
    """A helm that leaves a mark where it was started."""
    program = tmp_path / "helm"
    program.write_text(f"#!/bin/sh\n: > {tmp_path}/ran\n")
    program.chmod(0o755)
    return program


def render(  # noqa: PLR0913 - what decides where charts are rendered
    monkeypatch: pytest.MonkeyPatch,
    helm: Path,
    environ: Mapping[str, str],
    sandbox: Sandbox,
    *,
    reviewed: bool = False,
    privileged: bool = False,
    installed: bool = True,
) -> tuple[Rendering, bool]:
    """What comes of a release, and whether helm was started."""
    monkeypatch.setattr(renderers, "find_sandbox", lambda *_, **__: sandbox)
    monkeypatch.setattr(renderers, "find_helm", lambda _path: str(helm) if installed else None)
    redactor = Redactor()
    reporter = TerminalReporter(stream=io.StringIO(), redactor=redactor, colour=False)
    context = Context(environ=environ, redactor=redactor, reporter=reporter)
    renderer = kustomize_renderer(Validation(), context, reviewed=reviewed, privileged=privileged)
    rendering = renderer.render("env", repository(FILES))
    return rendering, (helm.parent / "ran").exists()


@pytest.mark.parametrize("event", ["workflow_run", "push", "schedule", "issue_comment", ""])
def test_helm_does_not_run_as_us_on_a_pull_requests_charts(
    monkeypatch: pytest.MonkeyPatch, helm: Path, event: str
) -> None:
    rendering, ran = render(monkeypatch, helm, job(event), SAME)
    assert not ran
    (left,) = rendering.unrendered
    assert "this job may hold secrets" in left.cause
    assert left.fix == "use the container action, or a runner that allows user namespaces"


def test_a_command_that_holds_secrets_renders_no_chart_at_a_terminal_either(
    monkeypatch: pytest.MonkeyPatch, helm: Path
) -> None:
    rendering, ran = render(monkeypatch, helm, TERMINAL, SAME, privileged=True)
    assert (ran, len(rendering.unrendered)) == (False, 1)


@pytest.mark.parametrize("environ", [TERMINAL, job("push")])
def test_without_helm_the_reason_is_that_it_is_not_installed(
    monkeypatch: pytest.MonkeyPatch, helm: Path, environ: Mapping[str, str]
) -> None:
    rendering, ran = render(monkeypatch, helm, environ, SAME, installed=False)
    (left,) = rendering.unrendered
    assert not ran
    assert "may hold secrets" not in left.cause
    assert "helm" in f"{left.cause} {left.fix}"


@pytest.mark.parametrize(
    ("environ", "sandbox", "reviewed"),
    [
        (job("workflow_run"), SEPARATE, False),
        (job("pull_request"), SAME, False),
        (job("merge_group"), SAME, False),
        (job("push"), SAME, True),
        (TERMINAL, SAME, False),
    ],
)
def test_charts_are_rendered_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
    helm: Path,
    environ: Mapping[str, str],
    sandbox: Sandbox,
    reviewed: bool,
) -> None:
    rendering, ran = render(monkeypatch, helm, environ, sandbox, reviewed=reviewed)
    assert (ran, rendering.unrendered) == (True, ())
