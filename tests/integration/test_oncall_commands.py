"""Every command of docs/on-call.md, run as written, while a release is failing.

A command counts as run where a test names it by `runs`; one that no test names fails.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from gitops_action.core.pattern import pattern
from testbed.cache import ROOT
from testbed.cluster import ControlPlane
from testbed.flux import NAMESPACE, Flux
from testbed.preloaded import run_command_line
from tests.support.bump_stage import WEB, Stage, pinned
from tests.support.comments import DONE, Conversation, code
from tests.support.deploy_forge import web
from tests.support.flux import apply, get, kustomization
from tests.support.gate_forge import FILES, REPOSITORY, GateStage, config, gate_stage
from tests.support.rollback_stage import at_terminal, images, release, rollback_stage

PAGE = ROOT / "docs" / "on-call.md"
WORKFLOWS = ".github/workflows"
TEMPLATES = [ROOT / "templates" / name for name in ("environment", "minimal")]
PROGRAMS = {"gitops-action", "/gitops", "gh", "git", "flux", "kubectl", "pipx", "export", "env"}
_BLOCK = pattern(r"^ *```shell\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
_SPAN = pattern(r"`([^`]+)`")
_FORM = pattern(r"\*Actions\s+→\s+([\w-]+)\s+→\s+Run\s+workflow\*")
_named: set[str] = set()


def runs(*commands: str) -> tuple[str, ...]:
    """Name commands of the page that a test runs."""
    _named.update(commands)
    return commands


def commands() -> set[str]:
    """Everything on the page that a reader would type."""
    text = PAGE.read_text(encoding="utf-8")
    lines = [line.strip() for block in _BLOCK.findall(text) for line in block.splitlines()]
    spans = [" ".join(span.split()) for span in _SPAN.findall(_BLOCK.sub("", text))]
    return {one for one in (*lines, *spans) if " " in one and one.split()[0] in PROGRAMS}


# While a release is failing: the table.

HISTORY, LIST, BACK, BACK_TO, FREEZE, KEEP_OUT, FORWARD, HELD = runs(
    "gitops-action history --environment production",
    "gitops-action rollback --environment production --list",
    'gitops-action rollback --environment production --reason "errors after start"',
    "gitops-action rollback --environment production --application web --to-version v1.2.2",
    "gitops-action hold --action add --environment production --until 2h --reason incident",
    "gitops-action hold --action add --environment production --image ghcr.io/acme/web:v1.2.3",
    "gitops-action hold --action remove --environment production --application web"
    " --image ghcr.io/acme/web:v1.2.3",
    "gitops-action hold",
)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with rollback_stage(tmp_path) as made:
        for version in ("1.2.1", "1.2.2"):
            release(made, web=version)
        release(made, "failure", web="1.2.3")
        yield made


def typed(stage: Stage | GateStage, command: str, tmp_path: Path) -> str:
    """Run one on a terminal outside of a checkout; gives what it printed."""
    program, *words = shlex.split(command)
    assert program == "gitops-action"
    return at_terminal(stage.forge, words, tmp_path)


def test_every_command_of_the_table_does_what_it_says(stage: Stage, tmp_path: Path) -> None:
    broke = typed(stage, HISTORY, tmp_path)
    assert "v1.2.3" in broke
    assert "failed" in broke
    listed = typed(stage, LIST, tmp_path)
    assert listed.index("v1.2.2") < listed.index("v1.2.1")
    assert "merge it, unless the gate does" in typed(stage, BACK, tmp_path)
    assert images(stage, "gitops/production/rollback/web")["web"] == "1.2.2"
    typed(stage, BACK_TO, tmp_path)
    (back,) = stage.repository.pull_requests()
    stage.repository.merge(back.number)
    assert images(stage)["web"] == "1.2.2"
    assert "v1.2.3" in typed(stage, HELD, tmp_path)
    for command, branch in (
        (FREEZE, "gitops/hold/production._.freeze"),
        (KEEP_OUT, "gitops/hold/production._.v1.2.3"),
    ):
        assert "merge it: until then the gate" in typed(stage, command, tmp_path)
        assert any(one.startswith(branch) for one in stage.repository.branches())
    assert "the hold counts until then" in typed(stage, FORWARD, tmp_path)
    lifted = stage.repository.pull_requests()[-1]
    stage.repository.merge(lifted.number)
    stage.registry.tags.add(f"{WEB}:v1.2.3")
    made = stage.bump(f"{WEB}:v1.2.3", environment=("production",))
    assert "created" in made.outputs["pull-request-operation"]
    assert pinned(f"{WEB}:v1.2.3") in stage.image_line(
        "gitops/production/web", "production/web/deployment.yaml"
    )


# The table's comments.

STATUS, SAY_BACK, SAY_BACK_TO, SAY_FREEZE, SAY_KEEP_OUT, SAY_FORWARD = runs(
    "/gitops status",
    "/gitops rollback production because …",
    "/gitops rollback production web to v1.2.2 because …",
    "/gitops hold production until 2h because …",
    "/gitops hold production web@v1.2.3 because …",
    "/gitops unhold production web@v1.2.3",
)


def said(talk: Conversation, command: str, **given: Any) -> None:
    """Write the comment with a reason of one's own; it is done."""
    outcome = talk.say(command.replace("…", "errors after start"), **given)
    assert (code(outcome), talk.reactions) == ("", DONE), talk.replies[-1:]


def test_every_comment_of_the_table_does_what_it_says(stage: Stage, tmp_path: Path) -> None:
    stage.repository.commit(branch="topic", files={"README.md": "x\n"})
    talk = Conversation(
        forge=stage.forge, root=tmp_path, number=stage.repository.open(head="topic").number
    )
    said(talk, STATUS)
    assert "`production`: `api v1.0.0`, `web v1.2.3` (failed)" in talk.replies[-1]
    said(talk, SAY_BACK)
    back = stage.repository.pull_requests()[-1]
    assert (back.head, images(stage, back.head)["web"]) == (
        "gitops/production/rollback/web",
        "1.2.2",
    )
    said(talk, SAY_BACK_TO)
    assert stage.repository.pull_requests()[-1].number == back.number
    stage.repository.merge(back.number)
    assert images(stage)["web"] == "1.2.2"
    said(talk, SAY_FORWARD)
    lifted = stage.repository.pull_requests()[-1]
    stage.repository.merge(lifted.number)
    assert not [path for path in stage.repository.files("main") if "/holds/" in path]
    for command, branch in (
        (SAY_FREEZE, "gitops/hold/production._.freeze"),
        (SAY_KEEP_OUT, "gitops/hold/production.web.v1.2.3"),
    ):
        said(talk, command)
        assert any(one.startswith(branch) for one in stage.repository.branches())


# A pull request that is not merged, a deployment that does not run.

WHY, REFRESH, MERGE, OVERRIDE, DEPLOY, ASK_THE_GATE = runs(
    "/gitops why",
    "/gitops refresh",
    "/gitops merge",
    "/gitops override GATE HASH because …",
    "/gitops deploy production",
    "gitops-action gate --pull-request 7 --dry-run",
)
WAITS = "gates: {approvals: {count: 1}, override: {users: [alice]}}"


@pytest.fixture
def gated(tmp_path: Path) -> Iterator[GateStage]:
    """An environment repository with the template's workflow that deploys."""
    workflow = f"{WORKFLOWS}/deploy.yml"
    text = (TEMPLATES[0] / workflow).read_text(encoding="utf-8")
    with gate_stage(tmp_path, {**FILES, workflow: text}) as made:
        yield made


def test_a_pull_request_that_waits_says_why_and_is_let_pass(
    gated: GateStage, tmp_path: Path
) -> None:
    gated.configure(config(production=f"merge: manual\n{WAITS}"))
    number = gated.bump()
    talk = Conversation(forge=gated.forge, root=tmp_path, number=number)
    gated.forge.advance_clock(5)
    said(talk, REFRESH)
    gated.gate()
    said(talk, WHY)
    assert "0 of 1 approval" in talk.replies[-1]
    found = typed(gated, ASK_THE_GATE.replace("7", str(number)), tmp_path)
    assert "0 of 1 approval" in found
    found_hash = pattern(r"change `([0-9a-f]{12})`").search(gated.comment(number))
    assert found_hash
    said(talk, OVERRIDE.replace("GATE", "approvals").replace("HASH", found_hash[1]))
    gated.gate()
    assert not gated.merged(number)
    said(talk, MERGE)
    gated.gate()
    assert gated.merged(number)


def test_what_is_merged_is_deployed_by_a_comment(gated: GateStage, tmp_path: Path) -> None:
    talk = Conversation(forge=gated.forge, root=tmp_path, number=gated.bump())
    said(talk, DEPLOY)
    (run,) = gated.repository.runs()
    assert (run.event, run.inputs) == ("workflow_dispatch", {"environment": "production"})


# GitHub's own program, and its forms.

(DISABLE, ENABLE) = runs(
    "gh workflow disable deploy.yml --repo acme/environment", "gh workflow enable …"
)


def dispatch(template: Path, workflow: str) -> dict[str, dict[str, object]]:
    """The inputs of the form of a workflow; a workflow without one fails."""
    read = yaml.safe_load((template / WORKFLOWS / workflow).read_text(encoding="utf-8"))
    triggers = read[True]  # YAML 1.1 reads `on` so
    assert "workflow_dispatch" in triggers
    return dict(triggers["workflow_dispatch"]["inputs"])


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.name))
def test_workflows_that_the_page_names_are_in_the_templates(template: Path) -> None:
    """`gh workflow` takes the file's name; `enable` is that of `disable`."""
    words = shlex.split(DISABLE)
    assert words[:3] == ["gh", "workflow", "disable"]
    assert words[4:] == ["--repo", REPOSITORY]
    assert (template / WORKFLOWS / words[3]).is_file()
    assert shlex.split(ENABLE)[:3] == ["gh", "workflow", "enable"]
    forms = set(_FORM.findall(PAGE.read_text(encoding="utf-8")))
    assert forms == {"rollback", "deploy"}
    asked = {name: dispatch(template, f"{name}.yml") for name in forms}
    required = {
        name: {one for one, told in inputs.items() if told.get("required")}
        for name, inputs in asked.items()
    }
    assert required == {"rollback": {"environment", "reason"}, "deploy": set()}


# A terminal, prepared once.

INSTALL, EXPORT = runs(
    "pipx install gitops-action",
    'export GITOPS_TOKEN="$(gh auth token)" GITHUB_REPOSITORY=acme/environment',
)


def test_a_terminal_is_prepared_as_the_page_says(stage: Stage, tmp_path: Path) -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'\nname = "{shlex.split(INSTALL)[-1]}"\n' in project
    token = stage.forge.token(
        kind="pat", login="alice", repositories=[REPOSITORY], permissions={"contents": "read"}
    )
    (tmp_path / "gh").write_text(f'#!/bin/sh\n[ "$*" = "auth token" ] && echo {token}\n')
    (tmp_path / "gh").chmod(0o755)
    shown = subprocess.run(
        ["bash", "-euc", f'{EXPORT}; printf "%s\\n" "$GITOPS_TOKEN" "$GITHUB_REPOSITORY"'],
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )
    given, repository = shown.stdout.split()
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PYTHONPATH": str(ROOT),
        "GITHUB_SERVER_URL": stage.forge.server_url,
        "GITHUB_API_URL": stage.forge.api_url,
        "GITHUB_GRAPHQL_URL": stage.forge.graphql_url,
    }
    own = {"GITOPS_TOKEN": given, "GITHUB_REPOSITORY": repository}
    done = run_command_line(shlex.split(HELD)[1:], env | own, tmp_path)
    assert done.returncode == 0, done.stderr
    assert run_command_line(shlex.split(HELD)[1:], env, tmp_path).returncode != 0


# The cluster by hand.

UNDO, SUSPEND, RESUME, REVERT, REVERT_MERGE, BY_HAND, LOG = runs(
    "kubectl --namespace production rollout undo deployment/web",
    "flux suspend kustomization production",
    "flux resume …",
    "git revert --no-edit COMMIT",
    "git revert --no-edit -m 1 COMMIT",
    "env -u GITOPS_TOKEN -u GH_TOKEN -u GITHUB_TOKEN gitops-action deploy --environment production",
    "git log --first-parent --since=yesterday",
)
GOOD, BAD = f"{WEB}:v1.2.2", f"{WEB}:v1.2.3"


@pytest.fixture(scope="module")
def production_namespace(control_plane: ControlPlane) -> Iterator[str]:
    """A namespace of that name; its removal is not waited for."""
    name = control_plane.namespace("production")
    yield name
    control_plane.kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture
def production(control_plane: ControlPlane, production_namespace: str) -> Iterator[ControlPlane]:
    """A cluster with a namespace of that name, in which nothing runs before and after."""
    yield control_plane
    control_plane.kubectl("delete", "deployment", "web", "-n", production_namespace)


def image_of(plane: ControlPlane) -> str:
    """What `web` is to run."""
    body = plane.resources.get("deployment", "web", "production")
    return str(body["spec"]["template"]["spec"]["containers"][0]["image"])


def test_kubectl_takes_the_last_rollout_back(production: ControlPlane) -> None:
    for image in (GOOD, BAD):
        production.kubectl("apply", "-f", "-", stdin=web("production", image))
        production.kubectl("rollout", "status", "deployment/web", "-n", "production")
    assert image_of(production) == BAD
    program, *words = shlex.split(UNDO)
    assert program == "kubectl"
    production.kubectl(*words)
    assert image_of(production) == GOOD


def test_flux_is_suspended_and_resumed(control_plane: ControlPlane, flux: Flux) -> None:
    """Flux's program sets `spec.suspend` of the object of that kind and name, which is served."""
    del flux
    for command, wanted in ((SUSPEND, True), (f"{RESUME[:-1]}kustomization production", False)):
        program, verb, kind, name = shlex.split(command)
        assert (program, verb) == ("flux", "suspend" if wanted else "resume")
        apply(control_plane, kustomization(name, "none", "./production", suspend=wanted))
        assert get(control_plane, kind, name)["spec"]["suspend"] is wanted
    control_plane.kubectl(
        "delete",
        "kustomizations.kustomize.toolkit.fluxcd.io",
        name,
        "-n",
        NAMESPACE,
        "--wait=false",
    )


def test_without_github_a_checkout_is_reverted_and_deployed(
    production: ControlPlane, tmp_path: Path
) -> None:
    folder = tmp_path / "environment"
    git(tmp_path, "init", "-q", "-b", "main", str(folder))
    rules = "version: 1\nenvironments:\n  production: {path: production, deploy: {engine: push}}\n"
    for image in (GOOD, BAD):
        for path, text in (
            (".github/gitops.yaml", rules),
            ("production/web.yaml", web("production", image)),
        ):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
        git(folder, "add", "-A")
        git(folder, "commit", "-q", "-m", f"Deploy {image}")
        by_hand(production, folder)
    assert image_of(production) == BAD
    newest, _ = git(folder, *shlex.split(LOG)[1:], "--format=%H").split()
    git(folder, *shlex.split(REVERT.replace("COMMIT", newest))[1:])
    by_hand(production, folder)
    assert image_of(production) == GOOD


@pytest.mark.parametrize(("merged", "command"), [("--ff-only", REVERT), ("--no-ff", REVERT_MERGE)])
def test_each_way_to_merge_has_its_revert(tmp_path: Path, merged: str, command: str) -> None:
    folder = tmp_path / "environment"
    git(tmp_path, "init", "-q", "-b", "main", str(folder))
    for branch, image in (("main", GOOD), ("topic", BAD)):
        git(folder, "checkout", "-q", "-B", branch)
        (folder / "web.yaml").write_text(web("production", image), encoding="utf-8")
        git(folder, "add", "-A")
        git(folder, "commit", "-q", "-m", f"Deploy {image}")
    git(folder, "checkout", "-q", "main")
    git(folder, "merge", "-q", merged, "--no-edit", "topic")
    git(folder, *shlex.split(command.replace("COMMIT", "HEAD"))[1:])
    assert (folder / "web.yaml").read_text(encoding="utf-8") == web("production", GOOD)


def git(folder: Path, *words: str) -> str:
    """Run Git as a person, and give what it printed."""
    person = ["-c", "user.name=Alice", "-c", "user.email=alice@example.com"]
    done = subprocess.run(
        ["git", *person, *words], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout


def by_hand(plane: ControlPlane, folder: Path) -> None:
    """Deploy a checkout as the page says, with tokens around that `env -u` takes away."""
    programs = folder.parent / "bin"
    programs.mkdir(exist_ok=True)
    starter = programs / "gitops-action"
    starter.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m gitops_action "$@"\n')
    starter.chmod(0o755)
    kubeconfig = folder.parent / "kubeconfig"
    kubeconfig.touch(mode=0o600)
    kubeconfig.write_text(plane.kubeconfig, encoding="utf-8")
    done = subprocess.run(
        shlex.split(BY_HAND),
        cwd=folder,
        env={
            "PATH": f"{programs}:{os.environ['PATH']}",
            "HOME": str(folder.parent),
            "PYTHONPATH": str(ROOT),
            "KUBECONFIG": str(kubeconfig),
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_API_URL": "http://127.0.0.1:9",  # nobody answers there
            **dict.fromkeys(("GITOPS_TOKEN", "GH_TOKEN", "GITHUB_TOKEN"), "stale"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_every_command_of_the_page_is_run() -> None:
    """`git revert` alone is a mention of the command that is spelled out."""
    mentions = {one for one in commands() if any(full.startswith(f"{one} ") for full in _named)}
    assert commands() - mentions <= _named, "a command of the page that no test runs"
    assert _named <= commands(), "a test of a command that is no longer on the page"
