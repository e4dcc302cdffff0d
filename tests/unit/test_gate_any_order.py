"""Whatever happens in whatever order: nothing merges past a closed gate, and what may merges.

The model of what may merge is written apart from the gates: from what people did in this world, not
from what the gate reads.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from gitops_action.core.deploy.result import Result
from gitops_action.core.gates.open_pull_request import JOB_TOKEN_LOGIN
from tests.support.gate_world import APP, START, WEB_FILE, World, config, image, manifest

EXAMPLES = 300
SOAK = timedelta(hours=1)
PRODUCTION = WEB_FILE.format("production")
STAGING = WEB_FILE.format("staging")
FREEZE = ".github/gitops/holds/production._.freeze.yaml"
RULES = config(
    production="merge: auto\nafter: [staging]\ngates:\n  soak: 1h\n"
    '  windows: [{deny: "0 18 * * *", for: 2h}]\n  approvals: {count: 1}\n'
    "  checks: [ci/smoke]",
    staging="merge: auto\ndeploy: {engine: push}",
)
PEOPLE = st.sampled_from(["alice", "bob", "carol", "stranger"])
VERSIONS = st.sampled_from(["v2", "v3"])


def version_in(text: str) -> str:
    return next((one for one in ("v1", "v2", "v3") if image(one) in text), "")


class AnyOrder(RuleBasedStateMachine):
    """One pull request of ours for production, and everything that can happen around it."""

    @initialize(version=VERSIONS)
    def start(self, version: str) -> None:
        self.world = World(files={".github/gitops.yaml": RULES})
        self.world.on_merge = self.merging
        self.number = self.world.bump(version, branch="gitops/production/web")
        self.branch = "gitops/production/web"
        # What happened, as the model remembers it.
        self.approved: dict[str, tuple[str, str, bool]] = {}
        self.objected: set[str] = set()
        self.pushed: set[str] = set()
        self.runs: list[tuple[str, Result, bool]] = []
        self.since: dict[str, object] = {}
        self.reached: set[str] = set()
        self.checked: dict[str, str] = {}

    # The model.

    def change(self) -> tuple[str, str, bool]:
        """What the pull request would change now: from, to, and anything else."""
        base, head = self.world.branches["main"], self.world.head(self.number)
        try:
            files = self.world.merge_files(base, head)
        except Exception:  # noqa: BLE001 - a conflict, whatever it is called
            return ("", "", True)
        before = self.world.commits[base].files
        others = any(
            before.get(path) != files.get(path) for path in {*before, *files} if path != PRODUCTION
        )
        mine = before[PRODUCTION], files[PRODUCTION]
        return (*mine, others)

    def may_merge(self) -> bool:
        before, after, others = self.change()
        version, now = version_in(after), self.world.now
        if others or not version or after != manifest(version) or before == after:
            return False
        counted = [
            person
            for person, change in self.approved.items()
            if change == (before, after, others) and person in {"alice", "bob", "carol"}
            if person not in self.pushed
        ]
        frozen = FREEZE in self.world.commits[self.world.branches["main"]].files
        window = not 18 <= now.hour < 20
        declared = image(version) in self.world.pulls[self.number].body
        return (
            bool(counted)
            and not self.objected
            and not frozen
            and window
            and declared
            and self.verified(version)
            and self.soaked(version)
            and self.checked.get(self.world.head(self.number)) == "success"
            and not self.world.pulls[self.number].draft
        )

    def verified(self, version: str) -> bool:
        ended = [result for one, result, proved in self.runs if one == version and proved]
        return bool(ended) and ended[-1] is Result.SUCCEEDED

    def soaked(self, version: str) -> bool:
        return version in self.reached or self.long_enough(version)

    def long_enough(self, version: str) -> bool:
        since = self.since.get(version)
        return since is not None and self.world.now - since >= SOAK  # type: ignore[operator]

    def merging(self, _number: int) -> None:
        assert self.may_merge(), "merged past a closed gate"

    @property
    def is_open(self) -> bool:
        return self.world.pulls[self.number].state == "open"

    # What happens.

    @precondition(lambda self: self.is_open)
    @rule(person=PEOPLE)
    def approve(self, person: str) -> None:
        self.world.review(self.number, by=person)
        self.approved[person] = self.change()
        self.objected.discard(person)

    @precondition(lambda self: self.is_open)
    @rule(person=st.sampled_from(["bob", "carol"]))
    def object(self, person: str) -> None:
        self.world.review(self.number, by=person, state="changes-requested")
        self.approved.pop(person, None)
        self.objected.add(person)

    @precondition(lambda self: self.is_open)
    @rule(person=PEOPLE)
    def comment(self, person: str) -> None:
        self.world.review(self.number, by=person, state="commented")

    @precondition(lambda self: self.is_open)
    @rule(person=PEOPLE)
    def dismiss(self, person: str) -> None:
        mine = [one for one in self.world.pulls[self.number].reviews if one.login == person]
        said = [one for one in mine if one.state != "commented"]
        if said:
            self.world.dismiss(self.number, said[-1])
            self.approved.pop(person, None)
            self.objected.discard(person)

    @precondition(lambda self: self.is_open)
    @rule(version=VERSIONS, person=st.sampled_from(["alice", "carol"]))
    def push(self, version: str, person: str) -> None:
        before = self.change()
        self.world.revise(self.number, version, by=person)
        if self.change() != before or before[2]:
            self.pushed.add(person)

    @precondition(lambda self: self.is_open)
    @rule(person=st.sampled_from(["alice", "carol"]))
    def smuggle(self, person: str) -> None:
        self.world.change({"extra.yaml": f"{person}: 1\n"}, branch=self.branch, by=person)
        self.pushed.add(person)

    @precondition(lambda self: self.is_open)
    @rule(person=st.sampled_from(["alice", "bob"]))
    def update_branch(self, person: str) -> None:
        self.world.update(self.number, by=person)

    @rule(text=st.sampled_from(["# a\n", "# b\n"]))
    def move_the_base(self, text: str) -> None:
        self.world.change({"README.md": text})

    @rule()
    def freeze_or_lift(self) -> None:
        files = self.world.commits[self.world.branches["main"]].files
        text = None if FREEZE in files else "environment: production\nreason: x\n"
        self.world.change({FREEZE: text})

    @rule(
        version=VERSIONS,
        result=st.sampled_from([Result.SUCCEEDED, Result.SUCCEEDED, Result.FAILED]),
        proved=st.booleans(),
    )
    def deploy_staging(self, version: str, result: Result, proved: bool) -> None:
        self.world.change({STAGING: manifest(version)})
        self.reached |= {one for one in self.since if self.long_enough(one)}
        self.world.deploy("staging", result=result, proved=proved)
        self.runs.append((version, result, proved))
        if not proved:
            return
        for other in list(self.since):
            if other != version:
                self.since.pop(other)
        if result is Result.SUCCEEDED:
            self.since.setdefault(version, self.world.now)
        else:
            self.since.pop(version, None)

    @precondition(lambda self: self.is_open)
    @rule(conclusion=st.sampled_from(["success", "success", "failure", ""]))
    def check(self, conclusion: str) -> None:
        self.world.check(self.number, "ci/smoke", conclusion)
        self.checked[self.world.head(self.number)] = conclusion

    @precondition(lambda self: self.is_open)
    @rule(by=st.sampled_from([JOB_TOKEN_LOGIN, "mallory"]))
    def forge_a_status(self, by: str) -> None:
        self.world.status(self.number, "gitops/ready", "success", by=by)

    @rule(minutes=st.sampled_from([5, 61, 300]))
    def wait(self, minutes: int) -> None:
        self.world.tick(minutes=minutes)

    @rule(viewer=st.sampled_from([APP, JOB_TOKEN_LOGIN]))
    def run_the_gate(self, viewer: str) -> None:
        self.world.viewer = viewer
        self.world.gate()

    @precondition(lambda self: self.is_open)
    @rule(broken=st.sampled_from(["activity", "records", "roles", "write gitops/ready"]))
    def run_the_gate_while_something_is_broken(self, broken: str) -> None:
        self.world.broken = {broken}
        self.world.gate()
        self.world.broken = set()

    def teardown(self) -> None:
        """Once nothing happens any more, one more run merges what may merge."""
        if not hasattr(self, "world") or not self.is_open:
            return
        self.world.viewer = APP
        may = self.may_merge()
        self.world.gate()
        assert self.is_open is not may, "a pull request whose gates are open was not merged"


AnyOrder.TestCase.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=14,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestAnyOrder = AnyOrder.TestCase


def test_the_model_merges_the_plain_case() -> None:
    """The machine's model is not so strict that nothing ever merges."""
    machine = AnyOrder()
    machine.start("v2")
    machine.deploy_staging("v2", Result.SUCCEEDED, proved=True)
    machine.wait(61)
    machine.approve("bob")
    machine.check("success")
    assert machine.world.now > START
    machine.run_the_gate(APP)
    assert not machine.is_open


@pytest.mark.parametrize("left_out", ["approve", "check", "deploy", "wait"])
def test_the_model_is_strict_about_each_part(left_out: str) -> None:
    machine = AnyOrder()
    machine.start("v2")
    if left_out != "deploy":
        machine.deploy_staging("v2", Result.SUCCEEDED, proved=True)
    if left_out != "wait":
        machine.wait(61)
    if left_out != "approve":
        machine.approve("bob")
    if left_out != "check":
        machine.check("success")
    machine.run_the_gate(APP)
    assert machine.is_open
