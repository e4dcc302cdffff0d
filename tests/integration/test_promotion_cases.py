"""What becomes of versions between two environments when things do not go in order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from gitops_action.commands.bump.plan import HoldError
from gitops_action.core.deploy.result import Result
from gitops_action.core.outcome import Outcome, plain
from tests.support import rollback_stage
from tests.support.bump_stage import bump_stage
from tests.support.gate_forge import gate_stage
from tests.support.github_forge import CONFIG, Stage
from tests.support.github_forge import stage as github_stage
from tests.support.promotions import (
    FILES,
    GITOPS,
    SOAKS,
    bump,
    deploy,
    file,
    merged,
    promote,
    proposes,
    pulls,
    verified,
    workload,
)

MINUTE, HOUR = 60, 3600
HOLDS = ".github/gitops/holds"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with github_stage(tmp_path, FILES) as made:
        yield made
        made.forge.assert_clean()


def configure(stage: Stage, text: str) -> None:
    stage.repository.commit(files={CONFIG: text}, message="Configure")


def lines(outcome: Outcome) -> str:
    return "\n".join(plain(line) for line in outcome.lines)


def open_ones(stage: Stage) -> list[str]:
    return [one.head for one in stage.repository.pull_requests() if one.state == "open"]


def test_production_gets_the_newest_version_that_has_soaked(stage: Stage) -> None:
    """Staging gets a version every 10 minutes; none of these is the newest for an hour."""
    configure(stage, SOAKS)
    verified(stage, "web", "v2")
    stage.forge.advance_clock(70 * MINUTE)
    for version in ("v3", "v4", "v5"):
        verified(stage, "web", version)
        stage.forge.advance_clock(10 * MINUTE)
    (one,) = pulls(promote(stage))
    assert proposes(stage, one["number"]) == "v2"
    stage.forge.advance_clock(HOUR)
    (newer,) = pulls(promote(stage))
    assert (newer["number"], newer["operation"]) == (one["number"], "updated")
    assert proposes(stage, one["number"]) == "v5"


def test_an_environment_without_deploy_counts_by_being_merged(stage: Stage) -> None:
    """What is open in staging was not merged there, so it goes nowhere."""
    configure(stage, GITOPS.replace(", deploy: {engine: push}}", "}", 1))
    merged(stage, "web", "v2")
    bump(stage, "v3", "staging")
    (one,) = pulls(promote(stage))
    assert proposes(stage, one["number"]) == "v2"


def test_after_a_failure_a_version_is_proposed_again_only_when_asked(stage: Stage) -> None:
    verified(stage, "web", "v2")
    (one,) = pulls(promote(stage))
    commit = stage.repository.merge(one["number"])
    stage.forge.advance_clock(MINUTE)
    deploy(stage, "web", "v2", commit, "production", result=Result.FAILED)
    merged(stage, "web", "v1", "production")
    for _ in range(3):
        assert pulls(promote(stage)) == []
    assert len(stage.repository.pull_requests()) == 1
    given = {"to_environment": "production", "application": "web", "version": "v2"}
    (asked,) = pulls(promote(stage, **given))
    assert asked["operation"] == "created"


def test_a_version_put_back_by_hand_stays_until_a_newer_one(stage: Stage) -> None:
    verified(stage, "web", "v2")
    stage.repository.merge(pulls(promote(stage))[0]["number"])
    stage.forge.advance_clock(MINUTE)
    merged(stage, "web", "v1", "production")
    outcome = promote(stage)
    assert pulls(outcome) == []
    assert "web v2 was in production before" in lines(outcome)
    verified(stage, "web", "v3")
    (one,) = pulls(promote(stage))
    assert proposes(stage, one["number"]) == "v3"


def test_a_pin_holds_every_version_until_it_is_lifted(stage: Stage) -> None:
    path = f"{HOLDS}/production.web.yaml"
    text = "environment: production\napplication: web\nreason: audit\nsince: 2020-01-01T00:00:00Z\n"
    stage.repository.commit(files={path: text})
    verified(stage, "web", "v2")
    outcome = promote(stage)
    assert pulls(outcome) == []
    assert "web is pinned in production: audit" in lines(outcome)
    stage.repository.commit(files={path: None})
    assert len(pulls(promote(stage))) == 1


HELD = {
    f"{HOLDS}/production.web.v2.yaml": "environment: production\napplication: web\n"
    'image: "ghcr.io/acme/web:v2"\nreason: leaks\n'
}


def propose_hold(stage: Stage, *, by: str, branch: str = "gitops/hold/production.web.v2") -> int:
    stage.repository.commit(branch=branch, files=HELD, author=by)
    return int(stage.repository.open(head=branch, by=by).number)


@pytest.mark.parametrize(
    "branch", ["gitops/hold/production.web.v2", "gitops/production/rollback/web"]
)
def test_a_hold_that_is_only_proposed_counts_until_it_is_closed(stage: Stage, branch: str) -> None:
    verified(stage, "web", "v2")
    (one,) = pulls(promote(stage))
    stage.repository.collaborator("bob", "write")
    hold = propose_hold(stage, by="bob", branch=branch)
    outcome = promote(stage)
    assert pulls(outcome) == []
    assert f"is on hold in production: leaks (proposed by #{hold})" in lines(outcome)
    assert stage.repository.pull(one["number"]).state == "closed"
    verified(stage, "web", "v3")  # the next version passes
    (newer,) = pulls(promote(stage))
    assert proposes(stage, newer["number"]) == "v3"
    stage.repository.close(hold)
    given = {"to_environment": "production", "application": "web", "version": "v2"}
    (again,) = pulls(promote(stage, **given))
    assert proposes(stage, again["number"]) == "v2"


def test_a_hold_of_a_person_without_the_right_holds_nothing(stage: Stage) -> None:
    """Nor does what merging would not add: a hold that the base has dropped since."""
    verified(stage, "web", "v2")
    propose_hold(stage, by="mallory")
    stage.repository.collaborator("bob", "write")
    stage.repository.commit(files=HELD)
    stale = "gitops/hold/other"
    stage.repository.commit(branch=stale, files={"README.md": "x\n"}, author="bob")
    stage.repository.commit(files=dict.fromkeys(HELD))
    stage.repository.open(head=stale, by="bob")
    (one,) = pulls(promote(stage))
    assert proposes(stage, one["number"]) == "v2"


def test_what_stands_is_said_with_the_way_to_deploy_it(stage: Stage) -> None:
    verified(stage, "web", "v2")
    stage.repository.merge(pulls(promote(stage))[0]["number"])
    outcome = promote(stage, to_environment="production", application="web")
    assert pulls(outcome) == []
    assert "production describes it already" in lines(outcome)
    assert "`gitops-action deploy --environment production`" in lines(outcome)


def test_the_newest_finished_deployment_of_a_version_decides(stage: Stage) -> None:
    commit = merged(stage, "web", "v2")
    deploy(stage, "web", "v2", commit, result=Result.UNKNOWN)
    assert pulls(promote(stage)) == []
    deploy(stage, "web", "v2", commit)
    (one,) = pulls(promote(stage))
    deploy(stage, "web", "v2", commit, result=Result.FAILED)
    promote(stage)
    assert stage.repository.pull(one["number"]).state == "closed"
    assert "web v2 failed in staging" in stage.repository.comments(one["number"])[-1]
    deploy(stage, "web", "v2", commit)
    (again,) = pulls(promote(stage))
    assert again["operation"] in {"created", "updated"}
    assert open_ones(stage) == ["gitops/production/web"]


def test_the_digest_that_ran_is_promoted_though_its_tag_has_moved(stage: Stage) -> None:
    first, second = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
    verified(stage, "web", "v2", at=first)
    merged(stage, "web", "v2", at=second)  # not deployed yet
    (one,) = pulls(promote(stage))
    head = stage.repository.pull(one["number"]).head
    assert first in stage.repository.read(head, file("production", "web")).decode()


def test_what_is_asked_for_one_application_closes_no_other_s_promotion(stage: Stage) -> None:
    verified(stage, "web", "v2")
    promote(stage)
    promote(stage, application="api")
    promote(stage, from_environment="staging", application="api")
    assert open_ones(stage) == ["gitops/production/web"]


def test_a_source_is_promoted_only_to_what_comes_after_it(stage: Stage) -> None:
    configure(
        stage,
        GITOPS + '  audit: {path: "environments/audit/{application}", after: [production]}\n',
    )
    stage.repository.commit(files={file("audit", "web"): workload("web", "v1")})
    verified(stage, "web", "v2")
    found = pulls(promote(stage, from_environment="staging"))
    assert [one["environment"] for one in found] == ["production"]


def test_a_promotion_leaves_the_bump_of_another_version_alone(stage: Stage) -> None:
    """A bump updates whatever is open, so that the two would undo each other in turns."""
    verified(stage, "web", "v2")
    (one,) = pulls(promote(stage))
    bump(stage, "v9")
    outcome = promote(stage)
    (left,) = pulls(outcome)
    assert (left["number"], left["operation"]) == (one["number"], "superseded")
    assert proposes(stage, one["number"]) == "v9"
    assert "the pull request bumps to ghcr.io/acme/web:v9" in lines(outcome)
    stage.repository.close(one["number"])
    stage.repository.delete_branch("gitops/production/web")
    (again,) = pulls(promote(stage))
    assert proposes(stage, again["number"]) == "v2"


def test_a_promotion_that_is_planned_again_stays_one(stage: Stage) -> None:
    """As the gate does after a conflict: by a bump of the very images."""
    verified(stage, "web", "v2")
    (one,) = pulls(promote(stage))
    before = stage.repository.pull(one["number"]).body
    stage.repository.commit(files={file("production", "web"): workload("web", "v1", replicas=5)})
    bump(stage, "v2")
    after = stage.repository.pull(one["number"])
    assert (after.title, after.body) == ("Promote web to v2 in production", before)
    text = stage.repository.read(after.head, file("production", "web")).decode()
    assert text == workload("web", "v2", replicas=5)


ARGO = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: web, namespace: argocd}
spec:
  destination: {namespace: web}
  source:
    repoURL: https://github.com/acme/environment
    targetRevision: main
    path: apps/%s
"""


def test_what_argo_cd_builds_of_this_repository_is_promoted_and_compared(tmp_path: Path) -> None:
    """Also where the folder is none of the environment's; never by another repository's name."""
    files: dict[str, str] = {
        CONFIG: """\
version: 1
applications:
  web: {images: [ghcr.io/acme/web]}
environments:
  staging: {path: environments/staging, deploy: {engine: push}}
  production: {path: environments/production, after: [staging], deploy: {engine: push}}
"""
    }
    for name, level in (("staging", "debug"), ("production", "info")):
        files[f"environments/{name}/application.yaml"] = ARGO % name
        files[f"apps/{name}/web.yaml"] = workload("web", "v1")
        files[f"apps/{name}/config.yaml"] = (
            f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: web}}\ndata: {{level: {level}}}\n"
        )
    foreign = (ARGO % "foreign").replace("acme/environment", "acme/other")
    files["environments/staging/foreign.yaml"] = foreign.replace("name: web", "name: foreign")
    files["apps/foreign/web.yaml"] = workload("web", "v7").replace("name: web", "name: web-foreign")
    with github_stage(tmp_path, files) as stage:
        commit = str(
            stage.repository.commit(files={"apps/staging/web.yaml": workload("web", "v2")})
        )
        deploy(stage, "web", "v2", commit)
        (one,) = pulls(promote(stage, rendered=True))
        pull = stage.repository.pull(one["number"])
        text = stage.repository.read(pull.head, "apps/production/web.yaml").decode()
        assert text == workload("web", "v2")
        assert "`ConfigMap web: key level differs`" in pull.body
        assert "web-foreign" not in pull.body


def test_two_promotions_and_a_bump_at_once_lose_nothing(stage: Stage) -> None:
    """Whoever comes first, the bump's version is proposed in the end, and nothing is doubled."""
    verified(stage, "web", "v2")
    verified(stage, "api", "v3")
    start = threading.Barrier(3)

    def at_once(work: Callable[[], Outcome]) -> Outcome:
        start.wait()
        return work()

    works = (lambda: promote(stage), lambda: promote(stage), lambda: bump(stage, "v9"))
    with ThreadPoolExecutor(len(works)) as pool:
        for done in pool.map(at_once, works):
            assert done.exit_code == 0, done.notices
    assert sorted(open_ones(stage)) == ["gitops/production/api", "gitops/production/web"]
    (web,) = [one for one in stage.repository.pull_requests() if one.head.endswith("web")]
    assert proposes(stage, web.number) == "v9"
    promote(stage)
    assert proposes(stage, web.number) == "v9"


REGIONS = tuple(f"region-{number:02}" for number in range(20))


def fan_out(stage: Stage) -> None:
    rest = "".join(
        f'  {name}: {{path: "environments/{name}/{{application}}", after: [staging]}}\n'
        for name in REGIONS
    )
    configure(stage, GITOPS.partition("  production:")[0] + rest)
    stage.repository.commit(files={file(name, "web"): workload("web", "v1") for name in REGIONS})
    verified(stage, "web", "v2")


def test_a_rate_limit_leaves_the_rest_of_a_fan_out_to_the_next_run(stage: Stage) -> None:
    fan_out(stage)
    stage.forge.fail(
        "POST .*/pulls ",
        status=403,
        skip=3,
        times=1,
        headers={"Retry-After": "3600"},
        message="You have exceeded a secondary rate limit.",
    )
    before = len(stage.forge.requests)
    outcome = promote(stage)
    assert (outcome.exit_code, len(pulls(outcome))) == (1, 3)
    texts = [notice.text for notice in outcome.notices]
    assert sum("left to the next run" in text for text in texts) == len(REGIONS) - 4
    assert len(stage.forge.requests) - before < 60  # nothing is asked of GitHub after the refusal
    again = promote(stage)
    assert again.exit_code == 0
    assert sorted(open_ones(stage)) == [f"gitops/{name}/web" for name in REGIONS]


def test_a_proposal_takes_at_most_four_requests_that_create_content(stage: Stage) -> None:
    verified(stage, "web", "v2")
    verified(stage, "api", "v3")
    stage.forge.requests.clear()
    count = len(pulls(promote(stage)))
    creating = [request for request in stage.forge.requests if request.content_creating]
    assert count == 2
    assert 0 < len(creating) <= 4 * count


APPLICATIONS = tuple(f"app-{number:02}" for number in range(50))
STAGES = ("dev", "test", "staging", "canary", "production")


def wide(root: Path) -> dict[str, str]:
    """50 applications in 5 environments, one after the other."""
    del root
    environments = "".join(
        f'  {name}: {{path: "environments/{name}/{{application}}", deploy: {{engine: push}}'
        + (f", after: [{STAGES[number - 1]}]" if number else "")
        + "}\n"
        for number, name in enumerate(STAGES)
    )
    files = {file(name, one): workload(one, "v1") for name in STAGES for one in APPLICATIONS}
    return {CONFIG: f"version: 1\nenvironments:\n{environments}", **files}


def test_nothing_to_do_takes_few_requests_however_wide(tmp_path: Path) -> None:
    with github_stage(tmp_path, wide(tmp_path)) as stage:
        commit = str(stage.repository.head("main"))
        for name in STAGES:
            deploy(stage, "app-00", "v1", commit, name)
        stage.forge.requests.clear()
        outcome = promote(stage)
        assert pulls(outcome) == []
        assert len(outcome.data["waiting"]) == 4 * len(APPLICATIONS) if outcome.data else False
        assert len(stage.forge.requests) <= 15


def test_what_was_rolled_back_is_refused_when_it_is_bumped_again(tmp_path: Path) -> None:
    """Back at 03:00; the release job bumps at 03:10, and brings the next version at 03:20."""
    with bump_stage(tmp_path, rollback_stage.files()) as stage:
        stage.repository.collaborator("bob", "write")
        rollback_stage.release(stage)
        rollback_stage.release(stage, web="1.1.0")
        rollback_stage.roll_back(stage, application=("web",), reason="it crashes")
        (pull,) = stage.repository.pull_requests()
        stage.repository.merge(pull.number)
        stage.forge.advance_clock(10 * MINUTE)
        given = {"environment": ("production",), "application": ("web",)}
        with pytest.raises(HoldError) as caught:
            stage.bump("ghcr.io/acme/web:v1.1.0", **given)
        assert "it crashes" in caught.value.cause
        assert "`gitops-action hold --action remove" in caught.value.fix
        stage.forge.advance_clock(10 * MINUTE)
        (one,) = pulls(stage.bump("ghcr.io/acme/web:v1.2.0", **given))
        assert one["operation"] == "created"


FREEZE = ".github/gitops/holds/production._.freeze.yaml"


def test_a_freeze_holds_what_is_open_until_it_lifts_itself(tmp_path: Path) -> None:
    with gate_stage(tmp_path) as stage:
        now = stage.forge.world.now().replace(second=0, microsecond=0)
        until = now + timedelta(hours=2)
        text = (
            "environment: production\nreason: incident 42\nauthor: alice\n"
            f"since: 2020-01-01T00:00:00Z\nuntil: {until:%Y-%m-%dT%H:%M:%SZ}\n"
        )
        stage.repository.commit(files={FREEZE: text})
        stage.forge.advance_clock(2)
        number = stage.bump()
        staging = stage.bump(environment="staging")
        outcome = stage.gate()
        state, words = stage.ready(number)
        assert (state, stage.merged(number)) == ("failure", False), outcome.notices
        assert words.startswith("held: ")
        assert f"{until:%Y-%m-%d %H:%MZ}" in words
        assert "incident 42" in stage.comment(number)
        assert stage.ready(staging)[0] == "success"
        stage.forge.advance_clock(3 * HOUR)
        stage.gate()
        assert stage.merged(number)
