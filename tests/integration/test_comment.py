"""Comments on the double: what they open, record, answer and refuse."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gitops_action.app import comment as app
from gitops_action.app.tools import Context
from gitops_action.core.inputs import check_values
from gitops_action.core.inputs.comment import COMMENT_COMMAND
from gitops_action.core.inputs.values import with_defaults
from gitops_action.core.outcome import Outcome
from gitops_action.core.redaction.known import Redactor
from tests.support.deployed import deployed
from tests.support.github_forge import REPOSITORY, Stage
from tests.support.github_forge import stage as github_stage
from tests.support.promotions import FILES, file, image, workload
from tests.support.reporters import QUIET

RIGHTS = {
    "contents": "write",
    "pull_requests": "write",
    "issues": "write",
    "statuses": "read",
    "deployments": "read",
    "checks": "read",
    "actions": "write",
    "metadata": "read",
}


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with github_stage(tmp_path, FILES) as made:
        made.repository.commit(
            branch="feature", files={file("production", "web"): workload("web", "v2", 3)}
        )
        made.repository.open(head="feature")
        yield made


def say(stage: Stage, tmp_path: Path, body: str, *, by: str = "alice") -> Outcome:
    token = stage.forge.token(
        kind="app", login="gate[bot]", repositories=[REPOSITORY], permissions=RIGHTS
    )
    created = datetime.now(UTC) + timedelta(seconds=2)
    event = {
        "action": "created",
        "issue": {"number": 1, "state": "open", "pull_request": {}},
        "comment": {
            "id": 4242,
            "body": body,
            "created_at": created.isoformat(),
            "user": {"login": by, "id": 7, "type": "User"},
            "html_url": "https://github.com/acme/environment/pull/1#issuecomment-4242",
        },
    }
    path = tmp_path / "event.json"
    path.write_text(json.dumps(event))
    texts = {
        "repository": REPOSITORY,
        "token": token,
        "api-url": stage.forge.api_url,
        "graphql-url": stage.forge.graphql_url,
        "server-url": stage.forge.server_url,
    }
    values = check_values(COMMENT_COMMAND, with_defaults(COMMENT_COMMAND, texts, {}))
    environ = {"GITHUB_EVENT_PATH": str(path), "GITHUB_EVENT_NAME": "issue_comment"}
    return app.run(values, Context(environ=environ, redactor=Redactor(), reporter=QUIET))


def test_a_hold_opens_the_hold_s_pull_request(stage: Stage, tmp_path: Path) -> None:
    outcome = say(stage, tmp_path, "/gitops hold production web@v2 until 3d because it leaks")
    assert outcome.outputs == {"command": "hold", "result": "done", "reason-code": ""}
    (hold,) = [one for one in stage.repository.pull_requests() if "hold" in one.head]
    (path,) = [one for one in stage.repository.files(hold.head) if "/holds/" in one]
    text = stage.repository.read(hold.head, path).decode()
    assert "it leaks" in text
    assert "ghcr.io/acme/web:v2" in text
    assert stage.repository.comments(1) == []
    assert stage.repository.repository.reactions[4242] == ["eyes", "rocket"]


def test_a_promotion_by_comment_is_that_of_the_command(stage: Stage, tmp_path: Path) -> None:
    commit = stage.repository.commit(files={file("staging", "web"): workload("web", "v1", 2)})
    deployed(stage, "staging", str(commit), {"web": (image("web", "v1"),)})
    outcome = say(stage, tmp_path, "/gitops promote web to production")
    assert outcome.outputs["reason-code"] == "nothing-promoted"
    (reply,) = stage.repository.comments(1)
    assert "describes it already" in reply.replace("`", "")


def test_a_merge_is_recorded_for_the_gate(stage: Stage, tmp_path: Path) -> None:
    outcome = say(stage, tmp_path, "/gitops merge off because we wait")
    assert outcome.outputs["result"] == "done"
    (record,) = stage.repository.comments(1)
    assert record.startswith("<!-- gitops-action: decision v1 ")
    assert '"kind": "merge-off"' in record


def test_status_is_answered(stage: Stage, tmp_path: Path) -> None:
    deployed(stage, "staging", str(stage.repository.head("main")), {"web": (image("web", "v1"),)})
    assert say(stage, tmp_path, "/gitops status", by="mallory").outputs["result"] == "done"
    (reply,) = stage.repository.comments(1)
    assert "`staging`: `api v1`, `web v1` (succeeded)" in reply


def test_a_stranger_is_refused(stage: Stage, tmp_path: Path) -> None:
    outcome = say(stage, tmp_path, "/gitops hold production because x", by="mallory")
    assert outcome.outputs["reason-code"] == "no-right"
    assert len(stage.repository.pull_requests()) == 1


def test_an_override_without_the_rule_is_refused(stage: Stage, tmp_path: Path) -> None:
    outcome = say(stage, tmp_path, "/gitops override soak 9b2e77a1c04d because hotfix")
    assert outcome.outputs["reason-code"] in {"no-gates", "no-right"}


def test_a_branch_that_moved_after_the_comment_is_not_merged(stage: Stage, tmp_path: Path) -> None:
    stage.forge.advance_clock(60)
    stage.repository.commit(branch="feature", files={"README.md": "more\n"})
    outcome = say(stage, tmp_path, "/gitops merge")
    assert outcome.outputs["reason-code"] == "head-moved"
