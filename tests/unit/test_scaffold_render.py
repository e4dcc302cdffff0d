"""Templates become repositories: what is asked stands everywhere, and nothing of the example."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

import pytest
from ruamel.yaml import YAML

from gitops_action.adapters.scaffold import PackagedTemplates
from gitops_action.core.config.load import load_config
from gitops_action.core.scaffold import Answers
from gitops_action.core.scaffold.render import CLOSE, OPEN, WORDS, to_jinja
from gitops_action.core.scaffold.rulesets import ruleset_files
from tests.support.scaffold import (
    API,
    EXAMPLE,
    OTHER,
    TEMPLATES,
    WEB,
    combinations,
    files_of,
    name_of,
)

NAMES = ("application", "environment", "minimal")
_STATEMENTS = re.compile(r"^[ \t]*#[%|].*\n|^<!--[%|].*-->\n", re.MULTILINE)
_INLINE = re.compile(r"<!--%.*?%-->")


def example_of(name: str) -> Answers:
    if name == "application":
        return replace(EXAMPLE, subject="application")
    if name == "minimal":
        return replace(EXAMPLE, layout="minimal", environments=("default",))
    return EXAMPLE


@cache
def documents(text: str) -> tuple[object, ...]:
    """Many answers give the same file: each text is read once."""
    return tuple(YAML(typ="safe").load_all(text))


@pytest.mark.parametrize("name", NAMES)
def test_the_example_is_its_template_without_statements(name: str) -> None:
    template = PackagedTemplates().files(name)
    every = {path: _INLINE.sub("", _STATEMENTS.sub("", text)) for path, text in template.items()}
    expected = {path: text for path, text in every.items() if text}  # an empty file is not written
    if name != "application":
        expected |= ruleset_files()
    assert files_of(example_of(name)) == expected


@pytest.mark.parametrize("name", NAMES)
def test_templates_hold_no_mark_of_the_renderer(name: str) -> None:
    for path, text in PackagedTemplates().files(name).items():
        assert OPEN not in text, path
        assert CLOSE not in text, path
        # Jinja2 swallows empty lines after a statement, and a reader would miss them.
        assert not re.search(r"^[ \t]*#%.*\n\n", text, re.MULTILINE), path


def test_every_file_of_a_template_is_one_of_the_repository() -> None:
    found = {path.relative_to(TEMPLATES).parts[0] for path in TEMPLATES.rglob("*")}
    assert found == set(NAMES)


@pytest.mark.parametrize("answers", combinations(), ids=name_of)
def test_nothing_of_the_example_is_left(answers: Answers) -> None:
    mine = " ".join(
        (*answers.environments, *(item.name for item in answers.applications), answers.registry)
    )
    for path, text in files_of(answers).items():
        whole = f"{path}\n{text}"
        assert not re.search(r"#[%|]|<!--[%|#]|[⟦⟧]", whole), path
        for word in ("acme/environment", "@acme/platform", "OWNER/gitops-action"):
            assert word not in whole, path
        for word in ("staging", "production", "registry.example.com"):
            if word not in mine:
                assert word not in whole, path


@pytest.mark.parametrize("answers", combinations(), ids=name_of)
def test_everything_parses(answers: Answers) -> None:
    for path, text in files_of(answers).items():
        assert text.endswith("\n"), path
        assert not text.endswith("\n\n"), path
        assert "\n\n\n" not in text or path.endswith(".py"), path
        if path.endswith((".yaml", ".yml")):
            assert all(isinstance(item, dict) for item in documents(text)), path
        if path.endswith(".py"):
            compile(text, path, "exec")


@pytest.mark.parametrize(
    "answers", [item for item in combinations() if item.subject == "environment"], ids=name_of
)
def test_the_configuration_says_what_was_asked(answers: Answers) -> None:
    files = files_of(answers)
    config = load_config(".github/gitops.yaml", files[".github/gitops.yaml"].encode())
    assert tuple(item.name for item in config.environments) == answers.environments
    assert [item.name for item in config.applications] == [
        item.name for item in answers.applications
    ]
    for before, environment in zip((None, *config.environments), config.environments, strict=False):
        assert environment.after == ((before.name,) if before else ())
        assert environment.deploy
        (target,) = environment.deploy.targets
        assert target.engine == answers.engine
        assert any(path.startswith(f"{environment.path}/") for path in files)


def test_an_environment_has_a_folder_for_each_application() -> None:
    files = files_of(
        replace(OTHER, environments=("dev", "qa", "live"), applications=(API, WEB), engine="push")
    )
    overlays = {path for path in files if path.startswith("environments/")}
    assert overlays == {
        f"environments/{name}/{rest}"
        for name in ("dev", "qa", "live")
        for rest in (
            "kustomization.yaml",
            "api-1/kustomization.yaml",
            "web/kustomization.yaml",
        )
    }
    (overlay,) = documents(files["environments/qa/api-1/kustomization.yaml"])
    assert isinstance(overlay, dict)
    assert overlay["images"] == [{"name": "localhost:5000/acme/api", "newTag": "1.20"}]
    assert not any(path.endswith("flux.yaml") for path in files)
    assert "/live/" not in files[".github/CODEOWNERS"]


def test_a_workflow_is_all_that_an_existing_application_gets() -> None:
    files = files_of(replace(OTHER, subject="workflow", applications=(API,), handover="dispatch"))
    assert list(files) == [".github/workflows/release.yml"]
    (workflow,) = documents(files[".github/workflows/release.yml"])
    assert isinstance(workflow, dict)
    given = workflow["jobs"]["release"]["with"]
    assert given["mode"] == "dispatch"
    assert given["registry"] == "localhost:5000"
    assert given["image"] == "localhost:5000/acme/api"


def test_values_are_not_taken_for_the_example() -> None:
    """A name that is a word of the example stays what it is, wherever it stands."""
    web = replace(WEB, name="staging", image="ghcr.io/web/production", source="acme/web")
    files = files_of(replace(EXAMPLE, environments=("production", "web"), applications=(web,)))
    (config,) = documents(files[".github/gitops.yaml"])
    assert isinstance(config, dict)
    assert list(config["environments"]) == ["production", "web"]
    assert config["environments"]["web"]["after"] == ["production"]
    assert config["applications"] == {
        "staging": {"images": ["ghcr.io/web/production"], "source": "acme/web"}
    }


@pytest.mark.parametrize("word", WORDS)
def test_words_count_whole(word: str) -> None:
    assert to_jinja(f"x {word}/ y") == f"x {OPEN}{WORDS[word]}{CLOSE}/ y"
    assert OPEN not in to_jinja(f"a{word}").removeprefix("a") or "/" in word


@pytest.mark.parametrize(
    "answers", [item for item in combinations() if item.subject == "environment"], ids=name_of
)
def test_the_form_of_deploy_takes_over_fields_and_takes_environments_down(
    answers: Answers,
) -> None:
    (workflow,) = documents(files_of(answers)[".github/workflows/deploy.yml"])
    assert isinstance(workflow, dict)
    form = workflow["on"]["workflow_dispatch"]["inputs"]
    given = workflow["jobs"]["deploy"]["with"]
    for name in ("force-conflicts", "confirm-prune", "destroy"):
        assert (name in form) == (name in given) == (answers.engine == "push")
