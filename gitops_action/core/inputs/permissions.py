"""Which right each command needs on which token: the permission matrix."""

from __future__ import annotations

from gitops_action.core.inputs.config import CONFIG_RIGHTS
from gitops_action.core.inputs.drift import DRIFT_RIGHTS
from gitops_action.core.inputs.gate import GATE_RIGHTS
from gitops_action.core.inputs.rollback import ROLLBACK_RIGHTS
from gitops_action.core.inputs.status import PAST_RIGHTS
from gitops_action.core.inputs.token_permission import TokenPermission, looks_up_images

_PROMOTES = (
    ("promote", "the application has a `source`"),
    ("comment", "`promote` is asked for"),
)

RIGHTS: tuple[TokenPermission, ...] = (
    TokenPermission(
        command="bump",
        held_by="token",
        permission="contents",
        level="write",
        purpose="read the environment repository, write the branch",
        when="`mode: pull-request` or `commit` (with `dry-run`: read)",
    ),
    TokenPermission(
        command="bump",
        held_by="token",
        permission="pull-requests",
        level="write",
        purpose="open and refresh pull requests, labels, reviewers, comments",
        when="`mode: pull-request`",
    ),
    TokenPermission(
        command="bump",
        held_by="token",
        permission="actions",
        level="write",
        purpose="start the workflow, find its run",
        when="`mode: dispatch`",
    ),
    TokenPermission(
        command="bump",
        held_by="token",
        permission="contents",
        level="write",
        purpose="send the event `new-application-version`",
        when="`mode: dispatch` with `dispatch-event: repository_dispatch`, instead of"
        " `actions: write`",
    ),
    TokenPermission(
        command="bump",
        held_by="token",
        permission="actions",
        level="read",
        purpose="find the run that the event started",
        when="`mode: dispatch` with `dispatch-event: repository_dispatch`",
        without="a note; with `wait` the result is `unknown`",
    ),
    TokenPermission(
        command="bump",
        held_by="token",
        permission="pull-requests",
        level="read",
        purpose="read what the run proposed",
        when="`mode: dispatch` with `wait`",
        without="a note; the outputs name no pull request",
    ),
    TokenPermission(
        command="bump",
        held_by="token",
        permission="members",
        level="read",
        purpose="ask teams for a review (an organisation permission of Apps)",
        when="`pull-request-team-reviewers` is given",
        without="a note; the team review is not requested",
    ),
    TokenPermission(
        command="bump",
        held_by="source-token",
        permission="contents",
        level="read",
        purpose="list commits, compare ancestry",
        when="the source commit is known",
        without="a note; no list of commits, no check of ancestry",
    ),
    TokenPermission(
        command="bump",
        held_by="registry-password",
        permission="packages",
        level="read",
        purpose="look up images at ghcr.io",
        when="the image is private",
        without="a warning; the tag is written without a digest",
    ),
    TokenPermission(
        command="tag",
        held_by="source-token",
        permission="contents",
        level="read",
        purpose="read the repository's facts and its commit's date",
        when="they are not in the event",
    ),
    TokenPermission(
        command="validate",
        held_by="token",
        permission="contents",
        level="read",
        purpose="read the base and the pull request's head",
        when="`pull-request` is given",
    ),
    TokenPermission(
        command="validate",
        held_by="token",
        permission="pull-requests",
        level="read",
        purpose="read which images the pull request declares",
        when="`pull-request` is given",
        without="a note; what is declared is not checked",
    ),
    TokenPermission(
        command="validate",
        held_by="token",
        permission="pull-requests",
        level="write",
        purpose="keep the comment up to date",
        when="`comment` is `true`",
        without="a note; the summary has all of it",
    ),
    *looks_up_images("validate"),
    *GATE_RIGHTS,
    TokenPermission(
        command="deploy",
        held_by="token",
        permission="contents",
        level="read",
        purpose="read the environment repository at the commit",
    ),
    TokenPermission(
        command="deploy",
        held_by="token",
        permission="deployments",
        level="write",
        purpose="record the deployment and how it ended",
        when="always (with `dry-run`: read, and only with `pending`)",
    ),
    TokenPermission(
        command="deploy",
        held_by="token",
        permission="statuses",
        level="read",
        purpose="see what Flux reported",
        when="a target has `access: none`",
    ),
    TokenPermission(
        command="deploy",
        held_by="token",
        permission="artifact-metadata",
        level="write",
        purpose="record which image runs where in the organization's artifact metadata",
        when="`artifact-metadata` is given",
        without="a note",
    ),
    TokenPermission(
        command="deploy",
        held_by="source-token",
        permission="statuses",
        level="write",
        purpose="set a status on an application's commit",
        when="the application has a `source`",
        without="a note",
    ),
    TokenPermission(
        command="deploy",
        held_by="registry-password",
        permission="packages",
        level="read",
        purpose="find the commits that images were built from",
        when="the image is private",
        without="those commits get no status",
    ),
    *(
        TokenPermission(
            command="deploy",
            held_by=secret,
            permission="the cluster's Role",
            level="write",
            purpose="apply, watch and prune (Kubernetes RBAC: docs/deploy.md)",
            when="it is how the cluster is reached",
        )
        for secret in ("kubeconfig", "kube-token")
    ),
    *(
        TokenPermission(
            command=command,
            held_by="token",
            permission=permission,
            level="write",
            purpose=purpose,
            when="always, except in `mode: local` (to list, and with `dry-run`: read)",
        )
        for command in ("hold", "rollback")
        for permission, purpose in (
            ("contents", "read the environment repository, write the branch"),
            ("pull-requests", "open and refresh the pull request"),
        )
    ),
    *PAST_RIGHTS,
    *DRIFT_RIGHTS,
    TokenPermission(
        command="promote",
        held_by="token",
        permission="contents",
        level="write",
        purpose="read the branch's history, write the branch of the pull request",
    ),
    TokenPermission(
        command="promote",
        held_by="token",
        permission="pull-requests",
        level="write",
        purpose="open, refresh and close promotions",
    ),
    TokenPermission(
        command="promote",
        held_by="token",
        permission="deployments",
        level="read",
        purpose="see what was verified",
    ),
    TokenPermission(
        command="promote",
        held_by="token",
        permission="actions",
        level="read",
        purpose="prove deployments by the runs that they name",
        without="nothing counts as verified",
    ),
    TokenPermission(
        command="promote",
        held_by="token",
        permission="checks",
        level="read",
        purpose="read the jobs of many runs at once",
        without="only the runs of the newest deployments are read",
    ),
    TokenPermission(
        command="comment",
        held_by="token",
        permission="issues",
        level="write",
        purpose="read the comment, react and reply",
    ),
    TokenPermission(
        command="comment",
        held_by="token",
        permission="pull-requests",
        level="write",
        purpose="read the pull request, open those of holds and promotions",
    ),
    TokenPermission(
        command="comment",
        held_by="token",
        permission="contents",
        level="write",
        purpose="read the configuration, write branches",
    ),
    TokenPermission(
        command="comment",
        held_by="token",
        permission="statuses",
        level="read",
        purpose="find the change that an override is for",
    ),
    TokenPermission(
        command="comment",
        held_by="token",
        permission="deployments",
        level="read",
        purpose="answer `status`, promote",
    ),
    TokenPermission(
        command="comment",
        held_by="token",
        permission="checks",
        level="read",
        purpose="prove deployments",
        without="nothing counts as verified",
    ),
    TokenPermission(
        command="comment",
        held_by="token",
        permission="actions",
        level="write",
        purpose="start a deployment, prove deployments",
        without="`deploy` is refused",
    ),
    TokenPermission(
        command="comment",
        held_by="token",
        permission="members",
        level="read",
        purpose="see who is in a team of `override`",
        without="only `users` may override",
    ),
    *(
        TokenPermission(
            command=command,
            held_by="source-token",
            permission="contents",
            level="read",
            purpose="list the commits between two versions",
            when=when,
            without="a note; no list of commits",
        )
        for command, when in _PROMOTES
    ),
    *(
        TokenPermission(
            command=command,
            held_by="registry-password",
            permission="packages",
            level="read",
            purpose="look up images at ghcr.io",
            when=f"the image is private; {when}",
            without="a note; whether a mirror has the digest is not known",
        )
        for command, when in _PROMOTES
    ),
    *ROLLBACK_RIGHTS,
    *CONFIG_RIGHTS,
)
