"""Whatever is asked for, what is written builds, lints and passes our own checks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from gitops_action.core.scaffold import Answers
from testbed.gotool import ACTIONLINT, go_program
from testbed.preloaded import run_command_line
from testbed.process import run
from tests.support.scaffold import TEMPLATES, combinations, name_of, written

ROOT = TEMPLATES.parent
ALL = combinations()
ENVIRONMENTS = [answers for answers in ALL if answers.subject == "environment"]
_BIN = Path(sys.executable).parent
_WORKFLOWS = ".github/workflows/*.yml"


@pytest.fixture(scope="session")
def repositories(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("repositories")
    return {name_of(answers): written(answers, folder / name_of(answers)) for answers in ALL}


def gitops(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(ROOT)}
    return run_command_line(arguments, environ, folder)


def kustomize(folder: Path) -> list[dict[str, object]]:
    text = run(_BIN / "kubectl", "kustomize", folder)
    return [item for item in YAML(typ="safe").load_all(text) if item]


def commit(folder: Path, message: str) -> None:
    if not (folder / ".git").exists():
        run("git", "init", "--quiet", "--initial-branch=main", cwd=folder)
    run("git", "add", "--all", cwd=folder)
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    run("git", *identity, "commit", "--quiet", "--message", message, cwd=folder)


@pytest.fixture(scope="session")
def actionlint() -> Path:
    return go_program(ACTIONLINT)


def test_every_workflow_passes_the_linters(repositories: dict[str, Path], actionlint: Path) -> None:
    """As `make lint` runs them: actionlint, and zizmor at its most demanding."""
    files = [path for folder in repositories.values() for path in folder.glob(_WORKFLOWS)]
    assert len(files) > len(repositories)
    run(actionlint, *files)
    others = [folder / ".github/dependabot.yml" for folder in repositories.values()]
    options = ("--offline", "--quiet", "--no-progress", "--persona=pedantic")
    run(_BIN / "zizmor", *options, *files, *(path for path in others if path.exists()))


def test_actions_are_pinned_to_what_this_repository_uses() -> None:
    ours = (ROOT / ".github" / "workflows").glob("*.yml")
    known = {line.split("uses: ")[1] for path in ours for line in _uses(path)}
    mine = [line.split("uses: ")[1] for path in TEMPLATES.rglob("*.yml") for line in _uses(path)]
    assert len(mine) >= 3
    for used in mine:
        assert used in known, used


def _uses(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if " uses: " in line and "OWNER/" not in line]


@pytest.mark.parametrize("answers", ALL, ids=name_of)
def test_library_workflows_exist_and_get_the_inputs_they_have(
    answers: Answers, repositories: dict[str, Path]
) -> None:
    for path in repositories[name_of(answers)].glob(_WORKFLOWS):
        jobs = YAML(typ="safe").load(path.read_text(encoding="utf-8"))["jobs"]
        for job in jobs.values():
            used = str(job.get("uses", "")).partition("@")[0]
            if not used:
                continue
            called = ROOT / used.removeprefix(f"{answers.library}/")
            library = YAML(typ="safe").load(called.read_text(encoding="utf-8"))
            taken = library[True if True in library else "on"]["workflow_call"]
            assert job.get("with", {}).keys() <= (taken.get("inputs") or {}).keys(), path
            assert job.get("secrets", {}).keys() <= (taken.get("secrets") or {}).keys(), path
            # A caller that grants less than the called jobs ask for fails at its start.
            for inner in library["jobs"].values():
                for right, level in inner["permissions"].items():
                    granted = job["permissions"].get(right, "none")
                    assert granted in {"write", level}, (path, right)


@pytest.mark.parametrize("answers", ENVIRONMENTS, ids=name_of)
def test_the_configuration_is_right(answers: Answers, repositories: dict[str, Path]) -> None:
    done = gitops(repositories[name_of(answers)], "config", "check")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("answers", ENVIRONMENTS, ids=name_of)
def test_everything_renders(answers: Answers, repositories: dict[str, Path]) -> None:
    folder = repositories[name_of(answers)]
    if answers.layout == "minimal":
        kinds = [item["kind"] for item in kustomize(folder / "cluster-config")]
    for environment in answers.environments if answers.layout == "overlays" else ():
        objects = kustomize(folder / "environments" / environment)
        names = {(item["kind"], item["metadata"]["name"]) for item in objects}  # type: ignore[index]
        assert names == {
            (kind, application.name)
            for kind in ("Deployment", "Service", "PodDisruptionBudget")
            for application in answers.applications
        }
        text = json.dumps(objects)
        for application in answers.applications:
            assert f'"{application.image}:{application.tag}"' in text
        assert {item["metadata"]["namespace"] for item in objects} == {environment}  # type: ignore[index]
        kinds = [item["kind"] for item in kustomize(folder / "cluster-config" / environment)]
    account = ["Role", "RoleBinding", "ServiceAccount"]
    policy = ["ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"]
    waiter = [*account, "Role", "RoleBinding", *policy]
    flux = ["GitRepository", "Kustomization", *waiter] if answers.engine == "flux" else []
    assert sorted(map(str, kinds)) == sorted(["Namespace", *account, *flux])


@pytest.mark.parametrize("answers", ENVIRONMENTS[:2] + ENVIRONMENTS[-1:], ids=name_of)
def test_a_bump_finds_its_place_and_the_result_is_valid(answers: Answers, tmp_path: Path) -> None:
    folder = written(answers, tmp_path / "repository")
    commit(folder, "Begin")
    run("git", "switch", "--quiet", "--create", "change", cwd=folder)
    images = "\n".join(f"{item.image}:v9.9.9" for item in answers.applications)
    done = gitops(folder, "bump", "--mode", "local", "--images", images, "--verify", "off")
    assert done.returncode == 0, done.stderr
    changed = run("git", "diff", "--name-only", cwd=folder).split()
    first = answers.environments[0]
    assert changed == sorted(
        f"applications/{item.name}/deployment.yaml"
        if answers.layout == "minimal"
        else f"environments/{first}/{item.name}/kustomization.yaml"
        for item in answers.applications
    )
    commit(folder, "Bump")
    done = gitops(folder, "validate", "--base", "main", "--verify", "off", "--json")
    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout)
    assert outcome["outputs"]["valid"] == "true"
    assert json.loads(outcome["outputs"]["environments"]) == [first]
    assert outcome["outputs"]["objects-changed"] == str(len(answers.applications))
    assert [item for item in outcome["notices"] if item["level"] == "error"] == []
