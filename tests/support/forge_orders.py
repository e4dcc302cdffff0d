"""The GitHub double as a `Subject`: real Git and HTTP, and the whole command `gate`."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from gitops_action.core.config.resolved import HttpGate
from gitops_action.core.deploy.result import Result
from gitops_action.core.deployments.payload import RecordContent, write_payload
from gitops_action.core.deployments.records import deployment_state
from gitops_action.core.gates.http import HttpAnswer
from gitops_action.core.gates.open_pull_request import JOB_TOKEN_LOGIN
from gitops_action.core.outcome import Job
from testbed.forge import RepositoryHandle, pull_refs
from testbed.forge.model import PullRequest
from tests.support.any_order import BRANCH, PRODUCTION, RULES, STAGING, Broken, Verdict
from tests.support.gate_forge import BUMPER, GateClock, GateStage, gate_stage
from tests.support.gate_world import START, KnownAttestations, image, manifest
from tests.support.github_forge import REPOSITORY

FILES: Mapping[str, str] = {
    ".github/gitops.yaml": RULES,
    "README.md": "# environment\n",
    STAGING: manifest("v1"),
    PRODUCTION: manifest("v1"),
}
_JOB_RIGHTS = {
    **dict.fromkeys(("contents", "pull_requests", "statuses", "issues"), "write"),
    **dict.fromkeys(("deployments", "checks", "actions", "packages", "metadata"), "read"),
}
_REQUESTS: Mapping[Broken, str] = {
    "activity": r"GET .*/activity",
    "records": r"POST .*/graphql repository Deployments",
    "roles": r"GET .*/collaborators/",
    "write gitops/ready": r"POST .*/statuses/",
    "merge": r"PUT .*/merge ",
}
_MANY = 10_000
_MERGE = r"PUT .*/pulls/\d+/merge "


class Answers:
    """The port `HttpRequests`: every address answers the same."""

    def __init__(self) -> None:
        self.status = 200

    def ask(self, gates: Sequence[HttpGate]) -> Mapping[str, HttpAnswer]:
        return {gate.url: HttpAnswer(status=self.status) for gate in gates}


@dataclass
class OrderStage(GateStage):
    """A stage whose addresses answer as a test says, and whose images are attested so."""

    answers: Answers = field(default_factory=Answers)
    attestations: KnownAttestations = field(default_factory=KnownAttestations)

    def ports(self, ports: Any, clock: GateClock, job: Job) -> Any:
        made = super().ports(ports, clock, job)
        return replace(made, http=self.answers, attestations=self.attestations)


class OnForge:
    """A `Subject` on the double. Its clock stands still but for what happens."""

    on_merge: Callable[[], None] = staticmethod(lambda: None)

    def __init__(self, stage: OrderStage, files: Mapping[str, str] = FILES) -> None:
        self.stage = stage
        self._now = START
        stage.forge.world.now = lambda: self._now  # type: ignore[method-assign]  # a clock that stands
        with contextlib.suppress(KeyError):
            stage.forge.delete_repository(REPOSITORY)
        self.repository: RepositoryHandle = stage.forge.create_repository(REPOSITORY, files=files)
        stage.repository = self.repository
        stage.attestations = KnownAttestations(server=stage.forge.server_url)
        for person in ("alice", "bob", "carol"):
            self.repository.collaborator(person, "write")
        self.number = 0
        self._failures: list[BaseException] = []
        self.tick()

    def tick(self, **span: float) -> None:
        """GitHub's times are whole seconds: what happens at two moments is two seconds apart."""
        self._now += timedelta(**span) if span else timedelta(seconds=2)

    @property
    def pull(self) -> PullRequest:
        return self.repository.pull(self.number)

    @property
    def now(self) -> datetime:
        return self._now

    @property
    def head(self) -> str:
        return self.pull.head_oid

    @property
    def body(self) -> str:
        return self.pull.body or ""

    @property
    def is_open(self) -> bool:
        return self.pull.state == "open"

    def sides(self) -> tuple[Mapping[str, str], Mapping[str, str]] | None:
        merged = pull_refs.merge_commit(self.pull)
        if merged is None:
            return None
        base, after = (self.repository.files(one) for one in ("main", merged))
        return _texts(base), _texts(after)

    def start(self, version: str) -> None:
        self._propose(version, by=BUMPER)
        pull = self.repository.open(head=BRANCH, title="Bump web", by=BUMPER)
        pull.body = _body(version)
        self.number = pull.number
        self.tick()

    def _propose(self, version: str, *, by: str) -> None:
        files = {PRODUCTION: manifest(version)}
        self.repository.commit(branch=BRANCH, files=files, author=by, message=_body(version))
        self.tick()

    def review(self, person: str, verdict: Verdict) -> None:
        state: Any = verdict.upper().replace("-", "_")
        self.repository.review(self.number, by=person, state=state, body="See above.")
        self.tick()

    def dismiss(self, person: str) -> None:
        mine = [
            one
            for one in self.pull.reviews
            if one.author.login == person and one.state in {"APPROVED", "CHANGES_REQUESTED"}
        ]
        self.repository.dismiss(mine[-1])
        self.tick()

    def revise(self, version: str, person: str) -> None:
        self._propose(version, by=person)
        self.pull.body = _body(version)

    def commit(self, files: Mapping[str, str | None], *, branch: str, person: str) -> None:
        self.repository.commit(branch=branch, files=files, author=person)
        self.tick()

    def update_branch(self, person: str) -> None:
        self.stage.update(self.number, by=person)
        self.tick()

    def deploy(self, result: Result, *, proved: bool) -> None:
        """A run of the workflow with its record; one that is not proved names no run."""
        commit = self.repository.resolve("main")
        run = self.repository.start_run(commit)
        job = self.repository.start_job(run, "deploy / staging")
        self.tick()
        content = RecordContent(environment="staging", commit=commit, targets=("default",))
        self.repository.record_deployment(
            "staging",
            oid=commit,
            state=deployment_state(result),
            log_url=self.repository.run_url(run, job.name) if proved else "",
            payload=write_payload(content),
        )
        self.repository.finish_job(job, "success" if result is Result.SUCCEEDED else "failure")
        self.repository.finish_run(run.id)

    def check(self, conclusion: str) -> None:
        self.repository.check_run(self.head, "ci/smoke", conclusion or None)

    def forge_status(self, login: str) -> None:
        self.repository.status(self.head, "gitops/ready", by=login)

    def answer(self, status: int) -> None:
        self.stage.answers.status = status

    def attest(self, version: str, workflow: str) -> None:
        self.stage.attestations.add(image(version), workflow=workflow)

    def wait(self, minutes: int) -> None:
        self.tick(minutes=minutes)

    def gate(self, viewer: str, broken: Broken | None = None) -> None:
        forge = self.stage.forge
        if broken:
            forge.fail(_REQUESTS[broken], status=500, times=_MANY)
        forge.fail(_MERGE, times=_MANY, action=self._merging)
        token = ""
        if viewer == JOB_TOKEN_LOGIN:
            token = forge.token(kind="job", home=REPOSITORY, permissions=_JOB_RIGHTS)
        try:
            self.stage.gate(token=token)
        finally:
            forge.world.faults.clear()
        self.tick()
        if self._failures:
            raise self._failures[0]

    def _merging(self) -> None:
        """In the double's thread, where nothing may be raised."""
        if not self.is_open:
            return
        try:
            self.on_merge()
        except AssertionError as error:
            self._failures.append(error)


def _body(version: str) -> str:
    return f"Bump\n\nGitOps-Environment: production\nGitOps-Image: {image(version)}"


def _texts(files: Mapping[str, bytes]) -> Mapping[str, str]:
    return {path: data.decode() for path, data in files.items()}


@contextlib.contextmanager
def order_stage(root: Path) -> Iterator[OrderStage]:
    """A forge for many repositories, one after the other."""
    with gate_stage(root, FILES) as made:
        yield OrderStage(
            forge=made.forge, repository=made.repository, token=made.token, root=made.root
        )
