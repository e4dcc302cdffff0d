"""A repository in memory as a `Subject`: hundreds of orders of events in seconds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from gitops_action.core.deploy.result import Result
from gitops_action.core.gates.http import HttpAnswer
from gitops_action.core.repository import MergeConflictError
from tests.support.any_order import ADDRESS, BRANCH, RULES, AnyOrder, Broken, Verdict
from tests.support.gate_world import World, image


class InMemory:
    """A `Subject` in memory."""

    def __init__(self) -> None:
        self.world = World(files={".github/gitops.yaml": RULES})
        self.world.on_merge = lambda _number: self.on_merge()
        self.number = 0

    on_merge: Callable[[], None] = staticmethod(lambda: None)

    @property
    def now(self) -> datetime:
        return self.world.now

    @property
    def head(self) -> str:
        return self.world.head(self.number)

    @property
    def body(self) -> str:
        return self.world.pulls[self.number].body

    @property
    def is_open(self) -> bool:
        return self.world.pulls[self.number].state == "open"

    def sides(self) -> tuple[Mapping[str, str], Mapping[str, str]] | None:
        base = self.world.branches["main"]
        try:
            merged = self.world.merge_files(base, self.head)
        except MergeConflictError:
            return None
        return self.world.commits[base].files, merged

    def start(self, version: str) -> None:
        self.number = self.world.bump(version, branch=BRANCH)

    def review(self, person: str, verdict: Verdict) -> None:
        self.world.review(self.number, by=person, state=verdict)

    def dismiss(self, person: str) -> None:
        reviews = self.world.pulls[self.number].reviews
        mine = [one for one in reviews if one.login == person and one.state != "commented"]
        self.world.dismiss(self.number, mine[-1])

    def revise(self, version: str, person: str) -> None:
        self.world.revise(self.number, version, by=person)

    def commit(self, files: Mapping[str, str | None], *, branch: str, person: str) -> None:
        self.world.change(files, branch=branch, by=person)

    def update_branch(self, person: str) -> None:
        self.world.update(self.number, by=person)

    def deploy(self, result: Result, *, proved: bool) -> None:
        self.world.deploy("staging", result=result, proved=proved)

    def check(self, conclusion: str) -> None:
        self.world.check(self.number, "ci/smoke", conclusion)

    def forge_status(self, login: str) -> None:
        self.world.status(self.number, "gitops/ready", "success", by=login)

    def answer(self, status: int) -> None:
        self.world.answers[ADDRESS] = HttpAnswer(status=status)

    def attest(self, version: str, workflow: str) -> None:
        self.world.attestations.add(image(version), workflow=workflow)

    def wait(self, minutes: int) -> None:
        self.world.tick(minutes=minutes)

    def gate(self, viewer: str, broken: Broken | None = None) -> None:
        self.world.viewer = viewer
        self.world.broken = {broken} if broken else set()
        self.world.gate()
        self.world.broken = set()


class AnyOrderInMemory(AnyOrder):
    def subject(self) -> InMemory:
        return InMemory()
