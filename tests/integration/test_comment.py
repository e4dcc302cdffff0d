"""Comments that promote, hold and roll back on the double, by the commands of a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gitops_action.core.gates.decisions import RecordedComment, read_decisions
from tests.support.bump_stage import bump_stage
from tests.support.comments import DONE, REFUSED, Conversation, code
from tests.support.deployed import deployed
from tests.support.github_forge import Stage
from tests.support.github_forge import stage as github_stage
from tests.support.promotions import FILES, file, image, verified, workload
from tests.support.rollback_stage import files, images, release

APP = "gate[bot]"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with github_stage(tmp_path, FILES) as made:
        made.repository.commit(
            branch="feature", files={file("production", "web"): workload("web", "v2", 3)}
        )
        made.repository.open(head="feature")
        yield made


@pytest.fixture
def talk(stage: Stage, tmp_path: Path) -> Conversation:
    return Conversation(forge=stage.forge, root=tmp_path, app=APP)


def test_a_hold_opens_the_hold_s_pull_request(stage: Stage, talk: Conversation) -> None:
    outcome = talk.say("/gitops hold production web@v2 until 3d because it leaks")
    assert outcome.outputs == {"command": "hold", "result": "done", "reason-code": ""}
    (hold,) = [one for one in stage.repository.pull_requests() if "hold" in one.head]
    (path,) = [one for one in stage.repository.files(hold.head) if "/holds/" in one]
    text = stage.repository.read(hold.head, path).decode()
    assert "it leaks" in text
    assert "ghcr.io/acme/web:v2" in text
    assert (talk.replies, talk.reactions) == ([], DONE)


def test_a_promotion_by_comment_opens_its_pull_request(stage: Stage, talk: Conversation) -> None:
    verified(stage, "web", "v2")
    assert code(talk.say("/gitops promote web to production")) == ""
    (pull,) = [one for one in stage.repository.pull_requests() if one.head != "feature"]
    assert (pull.head, pull.title) == ("gitops/production/web", "Promote web to v2 in production")
    assert (talk.replies, talk.reactions) == ([], DONE)


def test_what_stands_already_is_refused_with_the_deployment(
    stage: Stage, talk: Conversation
) -> None:
    commit = stage.repository.commit(files={file("staging", "web"): workload("web", "v1", 2)})
    deployed(stage, "staging", str(commit), {"web": (image("web", "v1"),)})
    assert code(talk.say("/gitops promote web to production")) == "nothing-promoted"
    (reply,) = talk.replies
    assert "describes it already" in reply.replace("`", "")
    assert "`/gitops deploy production`" in reply
    assert talk.reactions == REFUSED


def test_status_is_answered(stage: Stage, talk: Conversation) -> None:
    deployed(stage, "staging", str(stage.repository.head("main")), {"web": (image("web", "v1"),)})
    assert code(talk.say("/gitops status", by="mallory")) == ""
    (reply,) = talk.replies
    assert "`staging`: `api v1`, `web v1` (succeeded)" in reply


def test_a_stranger_is_refused(stage: Stage, talk: Conversation) -> None:
    assert code(talk.say("/gitops hold production because x", by="mallory")) == "no-right"
    assert len(stage.repository.pull_requests()) == 1


def test_an_override_without_the_rule_is_refused(talk: Conversation) -> None:
    assert code(talk.say("/gitops override soak 9b2e77a1c04d because hotfix")) == "no-gates"


def test_a_rollback_opens_its_pull_request_and_is_its_cause(tmp_path: Path) -> None:
    with bump_stage(tmp_path, files()) as stage:
        release(stage)
        release(stage, web="1.1.0")
        stage.repository.commit(branch="topic", files={"README.md": "x\n"})
        stage.repository.open(head="topic")
        talk = Conversation(forge=stage.forge, root=tmp_path, app=APP)
        assert code(talk.say("/gitops rollback production web because it crashes")) == ""
        (pull,) = [one for one in stage.repository.pull_requests() if one.head != "topic"]
        assert images(stage, pull.head)["web"] == "1.0.0"
        talk.number = pull.number
        record = RecordedComment(author=APP, body=talk.replies[-1], created=stage.clock.now())
        (decision,) = read_decisions([record], APP)
        assert (decision.kind, decision.login, decision.environment, decision.reason) == (
            "rollback",
            "alice",
            "production",
            "it crashes",
        )
        assert "ghcr.io/acme/web:v1.1.0" in decision.images[0]
