"""How many requests a run takes where nothing has changed."""

from __future__ import annotations

from pathlib import Path

from gitops_action.adapters.github.gate_queries import PAGE
from tests.support.gate_forge import NEW, STAGING, config, gate_stage, overlay

OPEN = 12
MOST_PULL_REQUESTS = 200
MOST_REQUESTS = 20
RULES = config(
    production="merge: auto\nafter: [staging]\n"
    "gates: {soak: 1h, approvals: {count: 2}, checks: [ci/smoke]}",
    staging="merge: auto\ndeploy: {engine: push}",
)


def test_unchanged_pull_requests_take_pages_and_no_request_each(tmp_path: Path) -> None:
    with gate_stage(tmp_path) as stage:
        stage.configure(RULES)
        stage.repository.commit(files={STAGING: overlay(NEW)})
        for number in range(OPEN):
            version = f"v{number + 2}@sha256:{number + 2:064x}"
            bump = stage.bump(version, branch=f"gitops/production/web-{number}")
            stage.approve(bump, by=("alice", "bob", "carol")[number % 3])
        first = stage.gate()
        while any("left to the next run" in notice.text for notice in first.notices):
            first = stage.gate()
        stage.forge.advance_clock(60)
        stage.forge.requests.clear()
        outcome = stage.gate()
        made = [f"{one.method} {one.path}" for one in stage.forge.requests]
        assert outcome.outputs["waiting"] == first.outputs["waiting"]
        more = MOST_PULL_REQUESTS // PAGE - 1
        assert len(made) + more <= MOST_REQUESTS, "\n".join(made)
        assert not [one for one in made if one.startswith(("PATCH", "POST /api/v3"))]
