"""The rulesets of an environment repository, as files for GitHub's REST API."""

from __future__ import annotations

import json
from collections.abc import Mapping

Payload = Mapping[str, object]

PROPOSALS_FILE = ".github/rulesets/proposals-only.json"
DEFAULT_BRANCH_FILE = ".github/rulesets/default-branch.json"
READY_FILE = ".github/rulesets/ready.json"

GATE_APP = "GATE_APP_ID"
"""Stands for the App's number, which is known once the App exists. As a text GitHub refuses it."""

GITHUB_ACTIONS = 15368
"""GitHub's own App, which the jobs' token acts as: every workflow of a repository."""

_ELSEWHERE = (
    "~DEFAULT_BRANCH",
    "refs/heads/gitops/**/*",
    "refs/heads/dependabot/**/*",
    "refs/heads/gh-readonly-queue/**/*",
)
"""Branches that other rules protect, or where Apps and the merge queue have to write."""

_ADMIN, _MAINTAIN, _WRITE = 5, 2, 4
"""Numbers of GitHub's repository roles, as rulesets name them."""

_BREAK_GLASS = {
    "actor_id": _ADMIN,
    "actor_type": "RepositoryRole",
    "bypass_mode": "pull_request",
}
"""Administrators may merge a pull request past the rule, and never push past it."""


def ruleset_files(gate: str | int = GATE_APP) -> dict[str, str]:
    """Path to content, to be applied by `gh api --input`; `gate` is who posts the verdict."""
    payloads = {
        PROPOSALS_FILE: proposals_only(),
        DEFAULT_BRANCH_FILE: default_branch(),
        READY_FILE: ready_required(gate),
    }
    return {path: f"{json.dumps(payload, indent=2)}\n" for path, payload in payloads.items()}


def proposals_only() -> Payload:
    """Other branches are for people: an App with the bump's key cannot write them.

    People may by their role; an App has none.
    """
    people = [
        {"actor_id": role, "actor_type": "RepositoryRole", "bypass_mode": "always"}
        for role in (_ADMIN, _MAINTAIN, _WRITE)
    ]
    return {
        "name": "gitops: proposals only",
        "target": "branch",
        "enforcement": "active",
        "bypass_actors": people,
        "conditions": {"ref_name": {"include": ["~ALL"], "exclude": list(_ELSEWHERE)}},
        "rules": [{"type": "creation"}, {"type": "update"}, {"type": "deletion"}],
    }


def default_branch() -> Payload:
    """The default branch changes by pull requests.

    No number of approvals is required here, since an environment's gate counts its own: one that is
    required of every pull request would stop unattended merges and automatic rollbacks. For the
    same reason a push does not dismiss reviews: the gate compares what was approved.
    """
    return {
        "name": "gitops: default branch",
        "target": "branch",
        "enforcement": "active",
        "bypass_actors": [_BREAK_GLASS],
        "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}},
        "rules": [
            {"type": "deletion"},
            {"type": "non_fast_forward"},
            {
                "type": "pull_request",
                "parameters": {
                    "required_approving_review_count": 0,
                    "require_code_owner_review": True,
                    "dismiss_stale_reviews_on_push": False,
                    "require_last_push_approval": False,
                    "required_review_thread_resolution": False,
                },
            },
        ],
    }


def ready_required(gate: str | int = GATE_APP) -> Payload:
    """Only the gate's own `gitops/ready` lets a pull request into the default branch."""
    return {
        "name": "gitops: ready",
        "target": "branch",
        "enforcement": "active",
        "bypass_actors": [_BREAK_GLASS],
        "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}},
        "rules": [
            {
                "type": "required_status_checks",
                "parameters": {
                    "strict_required_status_checks_policy": False,
                    "required_status_checks": [{"context": "gitops/ready", "integration_id": gate}],
                },
            }
        ],
    }
