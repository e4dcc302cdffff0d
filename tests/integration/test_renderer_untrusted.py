"""What a pull request may try on the programs that render it."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from gitops_action.adapters.process import Sandbox
from gitops_action.adapters.renderer import KustomizeRenderer, find_kubectl, find_sandbox, sandbox
from gitops_action.adapters.renderer.sandbox import NOBODY
from gitops_action.core.rendering import Rendering
from testbed.gotool import HELM, go_program
from tests.support.renders import render, repository, runner, told

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give programs another user")

MANIFEST = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n"
CHART = {
    "charts/web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.2.3\n",
    "charts/web/templates/settings.yaml": MANIFEST,
}
RELEASE = """apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: shop}
spec:
  releaseName: %s
  chart: {spec: {chart: ./charts/web, sourceRef: {kind: GitRepository, name: environment}}}
"""
CHARTS = "helmGlobals: {chartHome: ../charts}\nhelmCharts:\n- {name: web, releaseName: '%s'}\n"


@pytest.fixture(scope="session")
def helm() -> str:
    return str(go_program(HELM))


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can look into."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def hostile(mark: Path) -> dict[str, str]:
    """A chart whose rendered manifest is a shell script that leaves a mark."""
    script = f"#\ntouch {mark}\nexit 0\n"
    return {**CHART, "charts/web/templates/settings.yaml": f"{MANIFEST}data:\n  x: |\n    {script}"}


@pytest.mark.parametrize("form", ["release", "kustomization"])
def test_a_release_name_is_no_option_of_helm(helm: str, tmp_path: Path, form: str) -> None:
    mark = tmp_path / "ran"
    option = "--post-renderer=/bin/sh"
    files = {
        "release": {"env/release.yaml": RELEASE % option},
        "kustomization": {"env/kustomization.yaml": CHARTS % option},
    }[form]
    rendering = render({**hostile(mark), **files}, helm=helm)
    (problem,) = rendering.problems
    assert option in problem.title
    assert problem.location is not None
    assert not mark.exists()


def test_a_generator_beside_charts_is_refused(helm: str) -> None:
    generator = (
        "apiVersion: builtin\nkind: HelmChartInflationGenerator\nmetadata: {name: x}\n"
        "name: web\nreleaseName: --post-renderer=/bin/sh\n"
    )
    files = {
        **{f"env/{path}": text for path, text in CHART.items()},
        "env/kustomization.yaml": (
            "helmCharts: [{name: web, releaseName: prod}]\ngenerators: [generator.yaml]\n"
        ),
        "env/generator.yaml": generator,
    }
    assert any("generators" in item for item in told(render(files, helm=helm)))


@as_root
def test_programs_run_as_another_user_and_without_network(open_folder: Path) -> None:
    facts = facts_of_program(open_folder, network=False)
    assert facts["user"] == str(NOBODY)
    assert facts["groups"] == str(NOBODY)
    assert facts["parent"] == "hidden"
    assert facts["routes"] == "0"
    assert "TOKEN" not in facts["names"]


@as_root
def test_programs_that_fetch_run_as_another_user_too(open_folder: Path) -> None:
    facts = facts_of_program(open_folder, network=True)
    assert (facts["user"], facts["parent"]) == (str(NOBODY), "hidden")


@as_root
def test_a_program_that_others_cannot_start_runs_as_we_do(open_folder: Path) -> None:
    open_folder.chmod(0o700)
    program = script(open_folder, "exit 0")
    assert replace(find_sandbox((str(program),), network=False), memory=()) == Sandbox()


NINE = ",".join(["*{0}"] * 9)
ALIASES = "".join(
    f"  {name}: &{name} [{NINE.format(before)}]\n" for before, name in pairwise("abcdefghij")
)
"""Nine of nine of nine …: 400 million words."""
BOMB = f"{MANIFEST}data:\n  a: &a [x,x,x,x,x,x,x,x,x]\n{ALIASES}"
ENDLESS = "apiVersion: v1\nkind: ConfigMap\nmetadata: &m {name: web, annotations: *m}\n"
DOUBLED = '{{ $x := "x" }}{{ range until 40 }}{{ $x = printf "%s%s" $x $x }}{{ end }}{{ $x }}\n'


OVERLAY = {"env/kustomization.yaml": "resources: [web.yaml]\n"}


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({**OVERLAY, "env/web.yaml": BOMB}, "aliases blow the document up"),
        ({**OVERLAY, "env/web.yaml": ENDLESS}, "an alias stands inside of what it names"),
        (
            {"env/r.yaml": RELEASE % "web", **CHART, "charts/web/templates/a.yaml": DOUBLED},
            "memory",
        ),
    ],
    ids=["aliases", "endless", "chart"],
)
def test_a_program_that_takes_all_memory_is_ended(
    helm: str, files: Mapping[str, str], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a smaller limit than in production, so that it is reached soon."""
    monkeypatch.setattr(sandbox, "MEMORY", 512 * 2**20)
    find_sandbox.cache_clear()
    try:
        rendering = render(files, helm=helm)
    finally:
        find_sandbox.cache_clear()
    (problem,) = rendering.problems
    assert words in str(problem)
    assert problem.location is not None


@as_root
def test_what_a_program_leaves_is_not_followed_out(open_folder: Path) -> None:
    secret = open_folder / "secret.yaml"
    secret.write_text(MANIFEST.replace("web", "leaked"))
    secret.chmod(0o600)
    body = f'for a in "$@"; do case "$a" in --output=*) ln -s {secret} "${{a#*=}}";; esac; done'
    rendering = render_with(script(open_folder, f"PATH=/usr/bin:/bin; {body}"), network=False)
    assert rendering.manifests == ()


@as_root
def test_a_program_cannot_change_what_is_rendered(open_folder: Path) -> None:
    facts = facts_of_program(open_folder, network=False)
    assert facts["writes"] == "no"


def script(folder: Path, body: str) -> Path:
    program = folder / "kubectl"
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)
    return program


def facts_of_program(folder: Path, *, network: bool) -> Mapping[str, str]:
    """What a program finds out about its surroundings, as a rendered ConfigMap."""
    body = (
        "PATH=/usr/bin:/bin\n"
        'for a in "$@"; do case "$a" in --output=*) out="${a#*=}";; /*) top="$a";; esac; done\n'
        f"parent=seen; cat /proc/{os.getpid()}/environ >/dev/null 2>&1 || parent=hidden\n"
        'writes=yes; touch "$top/x" 2>/dev/null || writes=no\n'
        "routes=$(tail -n +2 /proc/net/route | wc -l)\n"
        "names=$(env | cut -d= -f1 | tr '\\n' ' ')\n"
        "printf 'apiVersion: v1\\nkind: ConfigMap\\nmetadata: {name: facts}\\ndata:\\n' > $out\n"
        'printf \'  user: "%s"\\n  groups: "%s"\\n\' "$(id -u)" "$(id -G)" >> $out\n'
        'printf \'  parent: "%s"\\n  writes: "%s"\\n\' $parent $writes >> $out\n'
        'printf \'  routes: "%s"\\n  names: "%s"\\n\' $routes "$names" >> $out\n'
    )
    (facts,) = render_with(script(folder, body), network=network).manifests
    found: dict[str, str] = json.loads(json.dumps(facts.body["data"]))
    return found


def render_with(program: Path, *, network: bool) -> Rendering:
    secrets = {**os.environ, "TOKEN": "planted"}
    renderer = KustomizeRenderer(
        str(program),
        runner(secrets),
        allow_remote=network,
        sandbox=lambda: find_sandbox((str(program),), network=network),
    )
    files = {"env/kustomization.yaml": "resources: [web.yaml]\n", "env/web.yaml": MANIFEST}
    return renderer.render("env", repository(files))


def test_charts_alone_without_helm_are_said_to_be_missing() -> None:
    rendering = render({**CHART, "env/kustomization.yaml": CHARTS % "prod"})
    assert told(rendering) == []
    assert rendering.manifests == ()
    (missing,) = rendering.unrendered
    assert str(missing.location) == "env/kustomization.yaml:3"
    assert "not rendered" in missing.title


def test_the_pinned_kubectl_runs_in_the_sandbox() -> None:
    files = {"env/kustomization.yaml": "resources: [web.yaml]\n", "env/web.yaml": MANIFEST}
    kubectl = find_kubectl()
    assert kubectl
    assert find_sandbox((kubectl,), network=False).separate
    assert len(render(files).manifests) == 1
