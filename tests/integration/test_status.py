"""The status of environments: from a repository on the double, with records and pull requests."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from gitops_action.adapters.github.issues import GitHubIssues
from gitops_action.app import status as app
from gitops_action.app.tools import Context
from gitops_action.commands import history
from gitops_action.core.deploy.result import Result
from gitops_action.core.drift.sights import drift_issue
from gitops_action.core.inputs import check_values
from gitops_action.core.inputs.status import STATUS
from gitops_action.core.inputs.values import with_defaults
from gitops_action.core.outcome import Outcome
from gitops_action.core.redaction.known import Redactor
from gitops_action.errors import UsageError
from testbed.forge.records import WorkflowRun
from testbed.long_history import Shape, fill
from tests.integration.test_history import FILES, bump, image, overlay
from tests.support.checkouts import run_git
from tests.support.deployed import deployed
from tests.support.github_forge import CONFIG, REPOSITORY, Stage
from tests.support.github_forge import stage as github_stage
from tests.support.reporters import QUIET

PAST = dict.fromkeys(("contents", "deployments", "checks", "actions"), "read")
READS = {**PAST, "pull_requests": "read", "statuses": "read", "issues": "read"}
HOLD = """\
environment: production
application: web
image: ghcr.io/acme/web:v9
reason: "<script>alert(1)</script> [x](javascript:1)"
author: mallory
"""
EVIL = "<img src=x onerror=alert(1)> `**bold**` </title><script>1</script>"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with github_stage(tmp_path, FILES) as made:
        yield made


def status(stage: Stage, *, rights: dict[str, str] | None = None, **given: str) -> Outcome:
    repository = given.get("repository", REPOSITORY)
    token = stage.forge.token(repositories=[repository], permissions=rights or READS)
    texts = {
        "repository": repository,
        "token": token,
        "api-url": stage.forge.api_url,
        "graphql-url": stage.forge.graphql_url,
        "server-url": stage.forge.server_url,
        **given,
    }
    values = check_values(STATUS, with_defaults(STATUS, texts, {}))
    return app.run(values, Context(environ={}, redactor=Redactor(), reporter=QUIET))


def environments(outcome: Outcome) -> dict[str, dict[str, object]]:
    found: list[dict[str, object]] = json.loads(outcome.outputs["status"])
    return {str(one["name"]): one for one in found}


def propose(stage: Stage, version: str, *, title: str = "Bump web", word: str = "") -> str:
    """An open pull request of a bump, with what the gate wrote about it."""
    path = "environments/production/kustomization.yaml"
    head = stage.repository.commit(
        branch=f"gitops/production/web-{version}", files={path: overlay(version)}
    )
    body = (
        "Bump.\n\nGitOps-Action: bump\nGitOps-Environment: production\n"
        f"GitOps-Image: {image(version)}\n"
    )
    stage.repository.open(head=f"gitops/production/web-{version}", title=title, body=body)
    if word:
        stage.repository.status(head, "gitops/production", "pending", description=word)
    return str(head)


def test_what_runs_since_when_and_what_waits(stage: Stage) -> None:
    deployed(stage, "staging", stage.repository.head("main"), {"web": (image("v1"),)})
    second = bump(stage, "staging", "v2")
    deployed(stage, "staging", second, {"web": (image("v2"),)}, Result.FAILED)
    deployed(stage, "production", second, {"web": (image("v1"),)})
    propose(stage, "v3", word="waiting: 1 of 2 approvals; soak until 2026-11-28 13:05Z")
    found = environments(status(stage))
    staging, production = found["staging"], found["production"]
    assert re.fullmatch(
        r"staging runs web v1 since \w{3} [-0-9]+ [:0-9]+Z, healthy; web v2 failed;"
        r" last good: web v1, to which this goes back: gitops-action rollback --environment staging"
        r" --application web",
        str(staging["sentence"]),
    )
    assert re.fullmatch(
        r"production runs web v1 since \w{3} [-0-9]+ [:0-9]+Z, healthy; "
        r"web v3 waits: 1 of 2 approvals; soak until 2026-11-28 13:05Z",
        str(production["sentence"]),
    )
    (proposal,) = production["proposals"]  # type: ignore[misc]
    assert proposal["opens"] == "2026-11-28T13:05:00+00:00"
    states = {one["version"]: one["state"] for one in staging["versions"]}  # type: ignore[attr-defined]
    assert states == {"v2": "failed", "v1": "runs"}


def test_a_record_that_proves_nothing_makes_nothing_healthy(stage: Stage) -> None:
    head = stage.repository.head("main")
    deployed(stage, "staging", head, {"web": (image("v1"),)}, path=".github/workflows/x.yml")
    assert ", unverified" in str(environments(status(stage))["staging"]["sentence"])


def test_without_a_right_the_rest_is_shown_with_a_note(stage: Stage) -> None:
    propose(stage, "v3")
    outcome = status(stage, rights=PAST)
    assert "open pull requests are not known" in outcome.notices[0].text
    assert environments(outcome)["production"]["sentence"]


def test_markdown_acts_on_nothing(stage: Stage) -> None:
    propose(stage, "v3", word="refused: @acme/sre **asks** <b>for</b> #1")
    text = status(stage, format="markdown").printed
    assert "asks" in text
    outside = re.sub(r"`[^`\n]*`", "", text)
    assert not re.search(r"(?<!\\)(?:@acme|<b>|\*\*asks|#1\b)", outside)


@pytest.mark.parametrize("kind", ["table", "json", "markdown", "html"])
def test_every_format_is_written_to_a_file(stage: Stage, tmp_path: Path, kind: str) -> None:
    given = {"working-directory": str(tmp_path), "output": "page", "format": kind}
    outcome = status(stage, **given)
    assert outcome.printed == ""
    assert "staging" in (tmp_path / "page").read_text()


def test_an_output_in_no_folder_is_refused(stage: Stage, tmp_path: Path) -> None:
    given = {"working-directory": str(tmp_path), "output": "none/page.html"}
    with pytest.raises(UsageError, match="cannot be written"):
        status(stage, **given)
    assert not [one for one in tmp_path.iterdir() if one.name.startswith("tmp")]


class Elements(HTMLParser):
    """Every element with its attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def page(stage: Stage, **given: str) -> str:
    return status(stage, format="html", **given).printed


def test_names_with_html_and_scripts_are_text_on_the_page(stage: Stage) -> None:
    stage.repository.commit(files={".github/gitops/holds/production.web.v9.yaml": HOLD})
    propose(stage, "v3", title=EVIL, word=f"waiting: {EVIL}"[:140])
    text = page(stage)
    parser = Elements()
    parser.feed(text)
    assert not {"script", "img", "iframe", "link", "object"} & {tag for tag, _ in parser.found}
    assert not [
        (tag, name) for tag, attributes in parser.found for name in attributes if name[:2] == "on"
    ]
    links = [attributes["href"] or "" for tag, attributes in parser.found if tag == "a"]
    assert all(one.startswith(("#", f"{stage.forge.server_url}/")) for one in links)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def test_a_long_history_takes_few_requests(tmp_path: Path) -> None:
    shape = Shape(commits=200, environments=3, applications=3, deployments=100)
    with github_stage(tmp_path, {}) as empty:
        repository = empty.forge.create_repository("acme/long", private=True)
        fill(empty.forge.world, repository, shape, end=empty.forge.world.now())
        before = len(empty.forge.requests)
        outcome = status(empty, repository="acme/long")
        assert len(empty.forge.requests) - before <= 7 + 100 // 40 + 3 * (100 // 100 + 1)
    assert len(environments(outcome)["env-0"]["running"]) == 3  # type: ignore[arg-type]


def test_what_was_not_read_of_many_deployments_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "_MOST_RECORDS", 30)
    shape = Shape(commits=60, environments=3, applications=2, deployments=60)
    with github_stage(tmp_path, {}) as empty:
        repository = empty.forge.create_repository("acme/long", private=True)
        fill(empty.forge.world, repository, shape, end=empty.forge.world.now())
        outcome = status(empty, repository="acme/long")
    said = "older Deployments were not read of env-0, env-1, production"
    assert said in [one.text for one in outcome.notices]
    assert said in outcome.summary


def test_the_configuration_is_that_of_the_tip(stage: Stage) -> None:
    stage.repository.commit(files={CONFIG: "version: 1\nenvironments: {staging: {path: x}}\n"})
    assert list(environments(status(stage))) == ["staging"]


# Drift: what the newest comparison found, else the issue.

DRIFT = ".github/workflows/drift.yml"


def compared(stage: Stage, event: str = "schedule", **found: str) -> WorkflowRun:
    """A run of `drift.yml` with a job for each environment, whose step names the state."""
    stage.repository.commit(files={DRIFT: "on: workflow_dispatch\n"})
    run = stage.repository.record_run(DRIFT, event=event, conclusion=None)
    for environment, step in found.items():
        job = stage.repository.start_job(run, f"drift / {environment}")
        job.steps = ("Compare", *filter(None, (step,)))
        stage.repository.finish_job(job, "success" if step else "failure")
    stage.repository.finish_run(run.id)
    return run


def drift_of(outcome: Outcome, environment: str) -> dict[str, str]:
    found: dict[str, str] = environments(outcome)[environment]["drift"]  # type: ignore[assignment]
    return found


def drift_states(outcome: Outcome) -> dict[str, str]:
    return {name: drift_of(outcome, name)["state"] for name in environments(outcome)}


def open_issue(stage: Stage, environment: str) -> None:
    token = stage.forge.token(repositories=[REPOSITORY], permissions={"issues": "write"})
    issues = GitHubIssues(stage.client(token), REPOSITORY)
    issues.open(drift_issue(environment, frozenset({"x"}), sections=""))


def test_drift_is_shown_by_the_newest_comparison(stage: Stage) -> None:
    compared(stage, staging="Drifted", production="Drifted")
    compared(stage, event="workflow_dispatch", staging="Clean")
    outcome = status(stage)
    assert drift_states(outcome) == {"staging": "clean", "production": "drifted"}
    assert drift_of(outcome, "staging")["compared"]
    assert drift_of(outcome, "staging")["url"].startswith(f"{stage.forge.server_url}/{REPOSITORY}/")
    assert "the cluster differs from" in str(environments(outcome)["production"]["sentence"])


def test_each_format_shows_each_state_of_drift(stage: Stage) -> None:
    compared(stage, staging="Clean", production="Unknown")
    for kind in ("table", "markdown", "html"):
        text = re.sub(r"<[^>]*>|[`\\]", "", status(stage, format=kind).printed)
        assert re.search(r"clean, compared \w{3} [-0-9]+ [:0-9]+Z", text)
        assert re.search(
            r"unknown, compared \w{3} [-0-9]+ [:0-9]+Z: the comparison was not possible", text
        )


def test_without_a_comparison_drift_was_not_looked_at(stage: Stage) -> None:
    outcome = status(stage)
    assert drift_states(outcome) == dict.fromkeys(("staging", "production"), "not looked at")
    assert f"not looked at: no run of {DRIFT} is known" in status(stage, format="table").printed


def test_a_checkout_without_a_token_says_why_drift_is_not_known(
    stage: Stage, tmp_path: Path
) -> None:
    checkout = tmp_path / "checkout"
    run_git("clone", "--quiet", stage.repository.path, checkout)
    outcome = status(stage, token="", format="table", **{"working-directory": str(checkout)})
    assert drift_states(outcome) == dict.fromkeys(("staging", "production"), "not looked at")
    assert "staging: drift: not looked at: there is no token" in outcome.printed
    assert [notice.text for notice in outcome.notices] == [
        "without a token nothing is known of deployments and pull requests"
    ]


@pytest.mark.parametrize("event", ["pull_request", "push"])
def test_runs_of_other_events_and_branches_say_nothing(stage: Stage, event: str) -> None:
    compared(stage, event=event, staging="Clean")
    stage.repository.commit(branch="other", files={"x": "y"})
    stage.repository.record_run(DRIFT, event="schedule", branch="other", jobs={"staging": None})
    assert drift_states(status(stage))["staging"] == "not looked at"


def test_a_comparison_that_broke_off_is_unknown(stage: Stage) -> None:
    compared(stage, staging="")
    drift = drift_of(status(stage), "staging")
    assert (drift["state"], drift["reason"]) == ("unknown", "the comparison ended with failure")


def test_an_open_issue_counts_where_no_comparison_was_possible(stage: Stage) -> None:
    open_issue(stage, "production")
    open_issue(stage, "staging")
    compared(stage, staging="Clean", production="Unknown")
    assert drift_states(status(stage)) == {"staging": "clean", "production": "drifted"}
    assert "Attention" in page(stage)


def test_an_issue_of_another_account_is_no_drift(stage: Stage) -> None:
    text = drift_issue("production", frozenset({"x"}), sections="").text
    stage.repository.issue(title="Drift", body=text, by="mallory")
    assert drift_states(status(stage))["production"] == "not looked at"


@pytest.mark.parametrize("missing", ["issues", "actions"])
def test_without_the_right_drift_is_unknown(stage: Stage, missing: str) -> None:
    rights = {key: level for key, level in READS.items() if key != missing}
    outcome = status(stage, rights=rights)
    assert any("drift is not known" in one.text for one in outcome.notices)
    assert drift_states(outcome) == dict.fromkeys(("staging", "production"), "unknown")
