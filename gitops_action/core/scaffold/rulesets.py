"""What GitHub is asked to enforce, as its REST API takes it.

Shapes: GitHub's OpenAPI description, `repos/create-repo-ruleset`, `repos/update`,
`repos/create-or-update-environment`, `repos/create-deployment-branch-policy`.
"""

from __future__ import annotations

from collections.abc import Mapping

Payload = Mapping[str, object]

GATE_APP = "GATE_APP_ID"
"""Stands for the App's number, which is known once the App is made."""

_MACHINES = ("refs/heads/gitops/**/*", "refs/heads/dependabot/**/*")
"""Where Apps may write: proposals of ours, and Dependabot's."""

_ADMIN, _MAINTAIN, _WRITE = 5, 2, 4
"""Numbers of GitHub's repository roles, as rulesets name them."""


def proposals_only() -> Payload:
    """Branches other than `gitops/**` are for people: an App with the bump's key cannot push.

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
        "conditions": {"ref_name": {"include": ["~ALL"], "exclude": list(_MACHINES)}},
        "rules": [{"type": "creation"}, {"type": "update"}, {"type": "deletion"}],
    }


def reviewed_default_branch() -> Payload:
    """The default branch changes by pull requests that are reviewed and valid, nobody excepted."""
    return {
        "name": "gitops: default branch",
        "target": "branch",
        "enforcement": "active",
        "bypass_actors": [],
        "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}},
        "rules": [
            {"type": "deletion"},
            {"type": "non_fast_forward"},
            {
                "type": "pull_request",
                "parameters": {
                    "required_approving_review_count": 1,
                    "require_code_owner_review": True,
                    "dismiss_stale_reviews_on_push": True,
                    "require_last_push_approval": False,
                    "required_review_thread_resolution": False,
                },
            },
        ],
    }


def ready_required(app: object = GATE_APP) -> Payload:
    """Only the gate's own `gitops/ready` lets a pull request into the default branch."""
    return {
        "name": "gitops: ready",
        "target": "branch",
        "enforcement": "active",
        "bypass_actors": [],
        "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}},
        "rules": [
            {
                "type": "required_status_checks",
                "parameters": {
                    "strict_required_status_checks_policy": False,
                    "required_status_checks": [
                        {"context": "gitops/ready", "integration_id": app},
                    ],
                },
            }
        ],
    }


def merge_settings() -> Payload:
    """A squashed commit's message is the body of its pull request, which holds the trailers."""
    return {
        "allow_squash_merge": True,
        "squash_merge_commit_title": "PR_TITLE",
        "squash_merge_commit_message": "PR_BODY",
        "delete_branch_on_merge": True,
    }


def key_environment() -> Payload:
    """The GitHub environment that holds the App's key is for chosen branches alone."""
    return {
        "deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": True}
    }


def default_branch_policy() -> Payload:
    """The branch it is for."""
    return {"name": "main", "type": "branch"}
