"""The DORA metrics from a repository on the double, however changes were merged."""

from __future__ import annotations

import json
from typing import cast

import pytest

from gitops_action.adapters.github import source_commits
from gitops_action.adapters.github.source_commits import GitHubSourceCommits
from testbed.forge.model import MergeMethod
from tests.integration.test_history import image, overlay
from tests.integration.test_status import page, stage, status
from tests.support.deployed import deployed
from tests.support.github_forge import REPOSITORY, Stage

__all__ = ["stage"]
WEB = "acme/web"
PATH = "environments/production/kustomization.yaml"


def web(stage: Stage, commits: int = 3) -> list[str]:
    """The application's repository; gives its commits, oldest first."""
    repository = stage.forge.create_repository(WEB, files={"README.md": "0\n"}, private=True)
    return [
        repository.head("main"),
        *(repository.commit(files={"README.md": f"{number + 1}\n"}) for number in range(commits)),
    ]


def bumped(stage: Stage, version: str, source: str, method: MergeMethod = "squash") -> str:
    """A merged bump of production."""
    text = (
        f"Bump web to {version}\n\nGitOps-Action: bump\nGitOps-Environment: production\n"
        f"GitOps-Image: {image(version)}\nGitOps-Source: {WEB}@{source}\n"
    )
    branch = f"gitops/production/web-{version}"
    stage.repository.commit(branch=branch, files={PATH: overlay(version)}, message=text)
    pull = stage.repository.open(head=branch, title="Bump web", body=text.partition("\n\n")[2])
    return str(stage.repository.merge(pull.number, method=method))


def dora(stage: Stage, **given: str) -> dict[str, object]:
    token = stage.forge.token(repositories=[WEB], permissions={"contents": "read"})
    outcome = status(stage, **{"source-token": token, **given})
    assert outcome.data is not None
    return cast("dict[str, object]", outcome.data["dora"])


def total(stage: Stage, **given: str) -> dict[str, object]:
    return cast("dict[str, object]", dora(stage, **given)["total"])


@pytest.mark.parametrize("method", ["squash", "rebase", "merge"])
def test_lead_times_however_the_bump_was_merged(stage: Stage, method: MergeMethod) -> None:
    commits = web(stage)
    for version, source in (("v2", commits[0]), ("v3", commits[3])):
        merged = bumped(stage, version, source, method)
        deployed(stage, "production", merged, {"web": (image(version),)})
    found = total(stage)
    assert (found["deployments"], found["commits"], found["change-fail-rate"]) == (2, 3, 0.0)
    assert isinstance(found["lead-time-median"], float)
    assert found["deployments-without-known-commits"] == 0


def test_without_a_right_lead_times_are_not_known_and_the_rest_is(stage: Stage) -> None:
    commits = web(stage)
    for version, source in (("v2", commits[0]), ("v3", commits[3])):
        merged = bumped(stage, version, source)
        deployed(stage, "production", merged, {"web": (image(version),)})
    other = stage.forge.token(repositories=[REPOSITORY], permissions={"contents": "read"})
    for given, said in (
        ({"source-token": other}, "lead times of acme/web are not known"),
        ({"source-token": ""}, "without `source-token` lead times are not known"),
    ):
        outcome = status(stage, **given)
        assert any(said in notice.text for notice in outcome.notices)
        assert total(stage, **given)["lead-time-median"] is None
        assert total(stage, **given)["deployments"] == 2


def test_an_environment_without_a_deployment_has_nothing_to_measure(stage: Stage) -> None:
    found = total(stage)
    assert {key: value for key, value in found.items() if value is not None} == {
        "deployments": 0,
        "commits": 0,
        "commits-left-out": 0,
        "deployments-without-known-commits": 0,
        "outages": 0,
        "outages-going-on": 0,
    }
    assert page(stage).count('<p class="value">\N{EN DASH}</p>') == 5


def test_only_production_counts(stage: Stage) -> None:
    head = stage.repository.head("main")
    deployed(stage, "staging", head, {"web": (image("v1"),)})
    assert total(stage)["deployments"] == 0
    assert dora(stage)["environments"] == ["production"]


def test_no_production_is_said(stage: Stage) -> None:
    config = "version: 1\nenvironments: {staging: {path: environments/staging}}\n"
    stage.repository.commit(files={".github/gitops.yaml": config})
    outcome = status(stage)
    assert outcome.data is not None
    assert outcome.data["dora"] is None
    assert any("no environment is production" in notice.text for notice in outcome.notices)


@pytest.mark.parametrize("kind", ["table", "markdown", "json", "html"])
def test_every_format_has_the_metrics(stage: Stage, kind: str) -> None:
    deployed(stage, "production", stage.repository.head("main"), {"web": (image("v1"),)})
    text = status(stage, format=kind).printed
    if kind == "json":
        assert json.loads(text)["dora"]["total"]["deployments"] == 1
    else:
        assert "0.1 a week" in text
        assert "DORA" in text


def test_a_long_line_of_commits_is_read_by_pages_and_no_further(stage: Stage) -> None:
    commits = web(stage, 230)
    token = stage.forge.token(repositories=[WEB], permissions={"contents": "read"})
    reader = GitHubSourceCommits(stage.client(token))
    before = len(stage.forge.requests)
    graphs, notes = reader.read({WEB: (commits[-1], commits[-120])})
    assert not notes
    assert len(stage.forge.requests) - before == 2
    assert {commits[-1], commits[-120]} <= graphs[WEB].keys()
    assert graphs[WEB][commits[-1]].parents == (commits[-2],)


def test_a_commit_that_is_gone_is_left_out(stage: Stage) -> None:
    commits = web(stage)
    for version, source in (("v2", commits[0]), ("v3", "0" * 39 + "1")):
        merged = bumped(stage, version, source)
        deployed(stage, "production", merged, {"web": (image(version),)})
    assert total(stage)["deployments-without-known-commits"] == 1


def repositories(stage: Stage, number: int, commits: int = 1) -> dict[str, list[str]]:
    """Applications' repositories; each with its commits, oldest first."""
    found = {}
    for one in range(number):
        name = f"acme/app-{one:02}"
        made = stage.forge.create_repository(name, files={"README.md": "0\n"})
        found[name] = [
            made.head("main"),
            *(made.commit(files={"README.md": f"{each + 1}\n"}) for each in range(commits)),
        ]
    return found


def reader_of(stage: Stage, names: list[str]) -> GitHubSourceCommits:
    token = stage.forge.token(repositories=names, permissions={"contents": "read"})
    return GitHubSourceCommits(stage.client(token))


def test_repositories_are_read_together(stage: Stage) -> None:
    found = repositories(stage, 12)
    reader = reader_of(stage, list(found))
    before = len(stage.forge.requests)
    graphs, notes = reader.read({name: commits[::-1] for name, commits in found.items()})
    assert len(stage.forge.requests) - before == 2
    assert notes == ()
    assert {name: set(graph) for name, graph in graphs.items()} == {
        name: set(commits) for name, commits in found.items()
    }


def test_a_repository_that_cannot_be_read_hides_no_other(stage: Stage) -> None:
    found = repositories(stage, 9)
    graphs, notes = reader_of(stage, list(found)).read(
        {"acme/gone": ("a" * 40,), **{name: commits[-1:] for name, commits in found.items()}}
    )
    (note,) = notes
    assert note.startswith("lead times of acme/gone are not known: ")
    assert graphs.keys() == found.keys()
    assert all(commits[-1] in graphs[name] for name, commits in found.items())


def test_what_was_not_read_of_many_repositories_is_named(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_commits, "_MOST_REQUESTS", 3)
    monkeypatch.setattr(source_commits, "_PAGE", 2)
    found = repositories(stage, 12, commits=4)
    reader = reader_of(stage, list(found))
    before = len(stage.forge.requests)
    graphs, notes = reader.read(
        {name: (commits[-1], commits[0]) for name, commits in found.items()}
    )
    assert len(stage.forge.requests) - before == 3
    assert sorted(len(graph) for graph in graphs.values()) == [2, 2, *[4] * 10]
    assert len(notes) == 12
    assert "lead times of acme/app-11 are incomplete: 2 of its commits were read" in notes


def test_a_commit_that_is_gone_does_not_lead_to_the_repositorys_whole_past(stage: Stage) -> None:
    ((name, commits),) = repositories(stage, 1, commits=150).items()
    reader = reader_of(stage, [name])
    before = len(stage.forge.requests)
    _, notes = reader.read({name: ("0" * 39 + "1", commits[-1])})
    assert (len(stage.forge.requests) - before, notes) == (2, ())
