"""What the job's token cannot do: found in the workflows, refused in the configuration."""

from __future__ import annotations

import pytest

from gitops_action.core.config.load import read_config
from gitops_action.core.gates.job_token import (
    configuration_errors,
    configuration_notices,
    is_used,
)

PATH = ".github/workflows/gate.yml"
CONFIG = b"""\
version: 1
environments:
  production:
    path: production
    gates:
      approvals: {teams: [acme/sre]}
      checks: [ci/smoke]
      override: {teams: [acme/oncall], users: [bob]}
"""


@pytest.mark.parametrize(
    ("path", "line", "used"),
    [
        (PATH, "    uses: acme/gitops-action/.github/workflows/gate-job-token.yml@v1", True),
        (PATH, "    uses: 'acme/gitops-action/.github/workflows/promote-job-token.yml@v1'", True),
        (PATH, "    uses: acme/gitops-action/.github/workflows/gate.yml@v1", False),
        (PATH, "    # uses: acme/gitops-action/.github/workflows/gate-job-token.yml@v1", False),
        ("docs/gate.yml", "uses: acme/x/.github/workflows/gate-job-token.yml@v1", False),
    ],
)
def test_a_workflow_that_is_called_says_so(path: str, line: str, used: bool) -> None:
    assert is_used({path: f"jobs:\n{line}\n".encode()}) is used


def test_teams_are_errors_at_their_place_with_the_fix() -> None:
    reading = read_config(".github/gitops.yaml", CONFIG)
    assert reading.config is not None
    found = configuration_errors(reading.config, reading.document)
    assert [one.title.partition(":")[0] for one in found] == [
        "environments.production.gates.approvals.teams",
        "environments.production.gates.override.teams",
    ]
    assert [one.location.line for one in found if one.location] == [6, 8]
    assert {one.fix for one in found} == {"name `users` instead, or give the gate an App"}


def test_checks_are_a_warning() -> None:
    reading = read_config(".github/gitops.yaml", CONFIG)
    assert reading.config is not None
    (notice,) = configuration_notices(reading.config, reading.document)
    assert (notice.level, notice.location and notice.location.line) == ("warning", 7)


@pytest.mark.parametrize("rules", ["", "gates: {approvals: {count: 1}}"])
def test_without_checks_there_is_no_warning(rules: str) -> None:
    text = f"version: 1\nenvironments:\n  production:\n    path: production\n    {rules}\n"
    reading = read_config(".github/gitops.yaml", text.encode())
    assert reading.config is not None
    assert configuration_notices(reading.config, reading.document) == ()
