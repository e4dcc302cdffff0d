"""Promotion on the double: pull requests, what is kept, what is closed, and what it costs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gitops_action.errors import GitOpsErrors
from tests.support.deployed import deployed
from tests.support.github_forge import CONFIG, Stage
from tests.support.github_forge import stage as github_stage
from tests.support.promotions import (
    FILES,
    GITOPS,
    file,
    image,
    promote,
    pulls,
    verified,
    workload,
)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with github_stage(tmp_path, FILES) as made:
        yield made


def test_one_pull_request_for_each_application_with_the_digest_that_ran(stage: Stage) -> None:
    verified(stage, "web", "v2")
    verified(stage, "api", "v3")
    outcome = promote(stage)
    found = pulls(outcome)
    assert [(one["branch"], one["operation"]) for one in found] == [
        ("gitops/production/api", "created"),
        ("gitops/production/web", "created"),
    ]
    web = stage.repository.pull(found[1]["number"])
    assert web.title == "Promote web to v2 in production"
    assert "Verified in `staging`" in web.body
    assert "/actions/runs/" in web.body
    assert "GitOps-Action: promote" in web.body
    changed = stage.repository.read("gitops/production/web", file("production", "web")).decode()
    assert changed == workload("web", "v2", replicas=3)
    for one in found:  # both stay mergeable
        stage.repository.merge(one["number"])
    assert pulls(promote(stage)) == []


def test_nothing_to_do_takes_few_requests(stage: Stage) -> None:
    deployed(stage, "staging", str(stage.repository.head("main")), {"web": (image("web", "v1"),)})
    before = len(stage.forge.requests)
    outcome = promote(stage)
    assert outcome.outputs["changed"] == "false"
    assert "production web: production describes it already" in outcome.lines
    assert len(stage.forge.requests) - before <= 15


def test_a_newer_version_replaces_an_open_promotion_until_people_approve_it(stage: Stage) -> None:
    verified(stage, "web", "v2")
    (first,) = pulls(promote(stage))
    verified(stage, "web", "v3")
    (second,) = pulls(promote(stage))
    assert (second["number"], second["operation"]) == (first["number"], "updated")
    stage.repository.collaborator("bob", "write")
    stage.repository.review(first["number"], by="bob", state="APPROVED")
    verified(stage, "web", "v4")
    kept = promote(stage)
    assert pulls(kept) == []
    assert any("people have approved" in notice.text for notice in kept.notices)
    stage.repository.merge(first["number"])
    (third,) = pulls(promote(stage))
    assert third["operation"] == "created"
    assert "v4" in stage.repository.pull(third["number"]).title


def test_a_version_that_a_person_declined_is_proposed_again_when_asked(stage: Stage) -> None:
    verified(stage, "web", "v2")
    (first,) = pulls(promote(stage))
    stage.repository.close(first["number"], by="alice")
    (declined,) = pulls(promote(stage))
    assert declined["operation"] == "unchanged"
    assert stage.repository.pull(first["number"]).state != "open"
    (asked,) = pulls(promote(stage, to_environment="production", application="web"))
    assert asked["operation"] in {"created", "updated"}


def test_promotions_that_have_become_moot_are_closed_with_the_reason(stage: Stage) -> None:
    verified(stage, "web", "v2")
    (first,) = pulls(promote(stage))
    hold = (
        'environment: production\napplication: web\nimage: "ghcr.io/acme/web:v2"\nreason: leaks\n'
    )
    path = ".github/gitops/holds/production.web.v2.yaml"
    stage.repository.commit(files={path: f"{hold}author: alice\nsince: 2020-01-01T00:00:00Z\n"})
    outcome = promote(stage)
    assert stage.repository.pull(first["number"]).state == "closed"
    assert any("leaks" in text for text in stage.repository.comments(first["number"]))
    assert any(f"#{first['number']} was closed" in notice.text for notice in outcome.notices)


def test_the_order_of_environments_changes_meanwhile(stage: Stage) -> None:
    verified(stage, "web", "v2")
    (first,) = pulls(promote(stage))
    stage.repository.commit(files={CONFIG: GITOPS.replace("    after: [staging]\n", "")})
    promote(stage)
    assert stage.repository.pull(first["number"]).state == "closed"


def test_during_a_freeze_the_pull_request_stands(stage: Stage) -> None:
    verified(stage, "web", "v2")
    path = ".github/gitops/holds/production._.freeze.yaml"
    text = "environment: production\nreason: incident\nauthor: alice\nsince: 2020-01-01T00:00:00Z\n"
    stage.repository.commit(files={path: text})
    (one,) = pulls(promote(stage))
    assert one["operation"] == "created"


def test_a_hold_that_cannot_be_read_blocks_with_its_place(stage: Stage) -> None:
    verified(stage, "web", "v2")
    stage.repository.commit(files={".github/gitops/holds/x.yaml": "hello: [\n"})
    with pytest.raises(GitOpsErrors) as caught:
        promote(stage)
    assert {error.location.file for error in caught.value.errors if error.location} == {
        ".github/gitops/holds/x.yaml"
    }


def test_what_fails_for_one_application_leaves_the_others_alone(stage: Stage) -> None:
    verified(stage, "web", "v2")
    verified(stage, "api", "v3")
    stage.forge.fail("POST .*/pulls ", status=422, times=1)
    outcome = promote(stage)
    assert outcome.exit_code == 1
    assert len(pulls(outcome)) == 1
    again = promote(stage)
    assert again.exit_code == 0
    assert len(stage.repository.pull_requests()) == 2


def test_a_dry_run_writes_nothing(stage: Stage) -> None:
    verified(stage, "web", "v2")
    outcome = promote(stage, dry_run="true")
    assert outcome.outputs["changed"] == "false"
    assert stage.repository.pull_requests() == []


def test_an_environment_that_does_not_come_after_is_refused(stage: Stage) -> None:
    with pytest.raises(Exception, match="staging does not come after production"):
        promote(stage, from_environment="production", to_environment="staging")
