"""What people and Apps report to a repository in a test: reviews, runs, checks, deployments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from testbed.forge import (
    checks,
    deployments,
    environments,
    merging,
    pulls,
    reviews,
    runs,
    triggers,
)
from testbed.forge.actors import Actor
from testbed.forge.events import Event
from testbed.forge.model import PullRequest, Repository
from testbed.forge.records import (
    CheckRun,
    Deployment,
    Review,
    ReviewState,
    Status,
    WorkflowJob,
    WorkflowRun,
)
from testbed.forge.teams import Role
from testbed.forge.world import ACTIONS, World

_EVENTS = {state: event for event, state in reviews.STATES.items()}


class Records:
    """The part of a repository's handle that writes records, without a token or a request."""

    def __init__(self, world: World, repository: Repository) -> None:
        """Take a repository in hand."""
        self._world = world
        self.repository = repository

    def actor(self, login: str) -> Actor:
        """Return a person, or the bot of an App."""
        account = self._world.account(login)
        kind = "job" if login == ACTIONS else "app" if account.kind == "Bot" else "user"
        return Actor(account=account, kind=kind)

    def collaborator(self, login: str, role: Role = "write") -> None:
        """Give a person a role; "none" takes the access away."""
        self.repository.collaborators[self._world.account(login).login] = role

    def forget_account(self, login: str) -> None:
        """Delete an account: the activity of the repository no longer names it."""
        activity = self.repository.activity
        for at, move in enumerate(activity):
            if move.actor and move.actor.login == login:
                activity[at] = replace(move, actor=None)

    def _pull(self, number: int) -> PullRequest:
        return pulls.find(self.repository, number)

    def review(
        self,
        number: int,
        *,
        by: str,
        state: ReviewState = "APPROVED",
        body: str = "",
        commit: str | None = None,
    ) -> Review:
        """Let a person review a pull request, as GitHub lets them."""
        pull = self._pull(number)
        text = body or ("" if state == "APPROVED" else "Please look again.")
        event = _EVENTS.get(state)
        made = reviews.create(
            self._world, pull, self.actor(by), event=event, body=text, commit_oid=commit
        )
        merging.obey_auto_merge(self._world, pull)
        return made

    def dismiss(self, review: Review, *, by: str = "alice", message: str = "Outdated") -> None:
        """Let a person with write access dismiss a review."""
        pull = self._pull(review.number)
        reviews.dismiss(self._world, pull, self.actor(by), review, message)

    def edit_review(self, review: Review, body: str, *, by: str) -> None:
        """Let a person change a review's text."""
        pull = self._pull(review.number)
        reviews.edit(self._world, pull, self.actor(by), review, body)

    def runs(self) -> list[WorkflowRun]:
        """List workflow runs, oldest first."""
        return list(self.repository.runs.values())

    def record_run(  # noqa: PLR0913 - one keyword a property reads best in a test
        self,
        path: str,
        *,
        event: str = "push",
        branch: str = "",
        oid: str | None = None,
        name: str = "",
        title: str = "",
        jobs: Mapping[str, str | None] | None = None,
        conclusion: str | None = "success",
        inputs: Mapping[str, Any] | None = None,
        by: str = "alice",
    ) -> WorkflowRun:
        """Record a run of a workflow with its jobs; `conclusion` None leaves it running.

        Head branch and commit are the default branch and its tip unless they are given.
        """
        branch = branch or self.repository.default_branch
        tip = oid or pulls.branch_tip(self.repository, branch) or ""
        short = path.rsplit("/", 1)[1].rsplit(".", 1)[0]
        order = runs.RunOrder(
            path=path,
            name=name or short,
            title=title or self.repository.git.commit(tip).message.partition("\n")[0],
            event=event,
            branch=branch,
            oid=tip,
            inputs=inputs or {},
        )
        run = runs.start(self._world, self.repository, self.actor(by), order)
        for job, its in (jobs or {}).items():
            runs.add_job(self._world, self.repository, run, job, its)
        run.status = "in_progress"
        if conclusion:
            runs.finish(self._world, self.repository, run, conclusion)
        return run

    def start_run(  # noqa: PLR0913 - one keyword a property reads best in a test
        self,
        oid: str,
        *,
        path: str = ".github/workflows/deploy.yml",
        event: str = "push",
        branch: str = "",
        title: str = "",
        by: str = "alice",
    ) -> WorkflowRun:
        """Make a run that goes on; `start_job` and `finish_job` give it jobs."""
        return self.record_run(
            path, event=event, branch=branch, oid=oid, title=title, conclusion=None, by=by
        )

    def start_job(self, run: WorkflowRun, name: str) -> WorkflowJob:
        """Let a job of a run begin."""
        return runs.add_job(self._world, self.repository, run, name, None)

    def finish_job(self, job: WorkflowJob, conclusion: str = "success") -> None:
        """Let a job end."""
        runs.finish_job(self._world, self.repository, job, conclusion)

    def finish_run(self, number: int | None = None, conclusion: str = "success") -> None:
        """Let a run come to its end; None: the newest."""
        run = self.repository.runs[max(self.repository.runs) if number is None else number]
        runs.finish(self._world, self.repository, run, conclusion)

    def delete_run(self, run: WorkflowRun) -> None:
        """Delete a run, as people and retention do."""
        runs.delete(self.repository, run)

    def run_url(self, run: WorkflowRun, job: str = "") -> str:
        """The web address of a run, or of one of its jobs."""
        for its in run.jobs:
            if its.name == job:
                return runs.job_url(self._world, self.repository, run, its)
        return runs.run_url(self._world, self.repository, run)

    def schedule(self) -> list[WorkflowRun]:
        """Fire every schedule of the default branch; returns the runs that it starts."""
        name = self.repository.default_branch
        event = Event(
            name="schedule",
            repository=self.repository.full_name,
            actor=self.repository.activity[-1].actor.login
            if self.repository.activity and self.repository.activity[-1].actor
            else "alice",
            token_kind="user",  # noqa: S106 - a kind
            ref=f"refs/heads/{name}",
            oid=pulls.branch_tip(self.repository, name) or "",
        )
        self._world.events.append(event)
        return triggers.start(self._world, event)

    def environment(
        self,
        name: str,
        *,
        branches: tuple[str, ...] | None = None,
        protected: bool = False,
        secrets: Mapping[str, str] | None = None,
        reviewers: tuple[str, ...] = (),
    ) -> environments.Environment:
        """Make an environment; see `environments`."""
        made = environments.Environment(
            id=self._world.next_id(),
            name=name,
            created_at=self._world.now(),
            branches=branches,
            protected=protected,
            secrets=dict(secrets or {}),
            reviewers=reviewers,
        )
        return environments.add(self.repository, made)

    def job_secrets(self, environment: str, ref: str) -> Mapping[str, str]:
        """The secrets that a job on this ref sees with an environment ("": with none)."""
        return environments.secrets(self.repository, environment, ref)

    def status(  # noqa: PLR0913 - one keyword a property reads best in a test
        self,
        oid: str,
        context: str,
        state: str = "success",
        *,
        description: str | None = None,
        target_url: str | None = None,
        by: str = "alice",
    ) -> None:
        """Let a person or an App set a commit status."""
        made = Status(
            id=self._world.next_id(),
            oid=oid,
            state=state,
            context=context,
            description=description,
            target_url=target_url,
            creator=self._world.account(by),
            created_at=self._world.now(),
        )
        merging.add_status(self._world, self.repository, made, self.actor(by))

    def attest(self, digest: str, bundle: dict[str, Any] | None, *, url: str = "") -> None:
        """Store a sigstore bundle, as `actions/attest` does; or list one by its address alone."""
        kept: dict[str, Any] = {"bundle_url": url} if bundle is None else {"bundle": bundle}
        self.repository.attestations.setdefault(digest, []).append(kept)

    def check_run(
        self, oid: str, name: str, conclusion: str | None = "success", *, app: str = "ci[bot]"
    ) -> CheckRun:
        """Let an App write a check run; `conclusion` None means it still runs."""
        bot, now = self._world.account(app), self._world.now()
        made = CheckRun(
            id=self._world.next_id(),
            oid=oid,
            name=name,
            suite=checks.suite(self._world, self.repository, oid, bot),
            status="completed" if conclusion else "in_progress",
            conclusion=conclusion,
            started_at=now,
            completed_at=now if conclusion else None,
        )
        checks.add(self._world, self.repository, made, self.actor(app), "created")
        merging.head_checked(self._world, self.repository, oid)
        return made

    def record_deployment(  # noqa: PLR0913 - one keyword a property reads best in a test
        self,
        environment: str,
        *,
        oid: str,
        state: str | None = "success",
        log_url: str = "",
        payload: Mapping[str, Any] | None = None,
        ref: str = "",
        description: str = "",
        by: str = ACTIONS,
    ) -> Deployment:
        """Record a deployment and, unless `state` is None, its status."""
        order = deployments.DeploymentOrder(
            ref=ref or oid, oid=oid, environment=environment, payload=payload or {}
        )
        made = deployments.create(self._world, self.repository, self.actor(by), order)
        if state:
            self.report(made, state, log_url=log_url, description=description, by=by)
        return made

    def report(
        self,
        deployment: Deployment,
        state: str,
        *,
        log_url: str = "",
        description: str = "",
        by: str = ACTIONS,
    ) -> None:
        """Add a status to a deployment."""
        order = deployments.StatusOrder(
            state=state, log_url=log_url, description=description, auto_inactive=False
        )
        deployments.report(self._world, self.repository, self.actor(by), deployment, order)
