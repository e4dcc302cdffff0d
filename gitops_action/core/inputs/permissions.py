"""Which right each command needs on which token: the permission matrix."""

from __future__ import annotations

from typing import Literal

from gitops_action.core.dataclass import dataclass

Level = Literal["read", "write"]


@dataclass(frozen=True, kw_only=True)
class TokenPermission:
    """One permission of one token.

    Attributes:
        command: the command that uses it.
        held_by: the input that carries the token.
        permission: as an App's settings and a workflow's `permissions:` name it.
        level: how much of it.
        purpose: what it is used for.
        when: the condition, empty for always.
        without: what happens when it is missing; empty: an error that names it.
    """

    command: str
    held_by: str
    permission: str
    level: Level
    purpose: str
    when: str = ""
    without: str = ""


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
    TokenPermission(
        command="validate",
        held_by="source-token",
        permission="packages",
        level="read",
        purpose="look up images at ghcr.io",
        when="the image is private and `registry-password` is not given",
        without="a warning; whether the image exists is not known",
    ),
    TokenPermission(
        command="validate",
        held_by="registry-password",
        permission="packages",
        level="read",
        purpose="look up images at ghcr.io",
        when="the image is private",
        without="a warning; whether the image exists is not known",
    ),
    TokenPermission(
        command="gate",
        held_by="token",
        permission="contents",
        level="write",
        purpose="read the base, heads and who pushed them; merge",
        when="always (with `merge: never` or `dry-run`: read)",
    ),
    TokenPermission(
        command="gate",
        held_by="token",
        permission="pull-requests",
        level="write",
        purpose="read pull requests and reviews, keep the comment up to date",
        when="always (with `dry-run`: read)",
    ),
    TokenPermission(
        command="gate",
        held_by="token",
        permission="statuses",
        level="write",
        purpose="publish `gitops/<environment>` and `gitops/ready`",
        when="always (with `dry-run`: read)",
    ),
    TokenPermission(
        command="gate",
        held_by="token",
        permission="deployments",
        level="read",
        purpose="see what ran in earlier environments",
        when="an environment is deployed",
        without="`after` and `soak` are unknown",
    ),
    TokenPermission(
        command="gate",
        held_by="token",
        permission="checks",
        level="read",
        purpose="read the checks of heads, and the jobs that prove deployments",
        when="an environment has `checks` or is deployed",
        without="`checks`, `after` and `soak` are unknown",
    ),
    TokenPermission(
        command="gate",
        held_by="token",
        permission="actions",
        level="read",
        purpose="read the runs that prove deployments",
        when="an environment is deployed",
        without="`after` and `soak` are unknown",
    ),
    TokenPermission(
        command="gate",
        held_by="token",
        permission="members",
        level="read",
        purpose="read the members of teams (an organisation permission of Apps)",
        when="`approvals` names teams",
        without="`approvals` is unknown",
    ),
    TokenPermission(
        command="gate",
        held_by="source-token",
        permission="packages",
        level="read",
        purpose="look up images at ghcr.io",
        when="the image is private and `registry-password` is not given",
        without="a warning; whether the image exists is not known",
    ),
    TokenPermission(
        command="gate",
        held_by="registry-password",
        permission="packages",
        level="read",
        purpose="look up images at ghcr.io",
        when="the image is private",
        without="a warning; whether the image exists is not known",
    ),
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
    TokenPermission(
        command="deploy",
        held_by="kubeconfig",
        permission="the cluster's Role",
        level="write",
        purpose="apply, watch and prune (Kubernetes RBAC: docs/deploy.md)",
        when="it is how the cluster is reached",
    ),
    TokenPermission(
        command="deploy",
        held_by="kube-token",
        permission="the cluster's Role",
        level="write",
        purpose="apply, watch and prune (Kubernetes RBAC: docs/deploy.md)",
        when="it is how the cluster is reached",
    ),
    TokenPermission(
        command="hold",
        held_by="token",
        permission="contents",
        level="write",
        purpose="read the holds, write the branch",
        when="always, except in `mode: local` (with `action: list` and `dry-run`: read)",
    ),
    TokenPermission(
        command="hold",
        held_by="token",
        permission="pull-requests",
        level="write",
        purpose="open and refresh the pull request",
        when="`mode: pull-request`, except for `action: list`",
    ),
    TokenPermission(
        command="history",
        held_by="token",
        permission="contents",
        level="read",
        purpose="read the branch's history",
    ),
    TokenPermission(
        command="history",
        held_by="token",
        permission="deployments",
        level="read",
        purpose="read how versions were deployed",
    ),
    TokenPermission(
        command="history",
        held_by="token",
        permission="actions",
        level="read",
        purpose="prove deployments by the runs that they name",
        without="deployments are shown as unverified",
    ),
    TokenPermission(
        command="history",
        held_by="token",
        permission="checks",
        level="read",
        purpose="read the jobs of many runs at once",
        without="only the runs of the newest deployments are read",
    ),
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
)
