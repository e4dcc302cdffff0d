"""One pull request of ours, everything that can happen around it in any order, and what may merge.

The model of what may merge is written apart from the gates: from what people did, not from what the
gate reads. A `Subject` is what it happens to: a repository in memory, or one of the GitHub double.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from typing import Literal, Protocol

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from gitops_action.core.deploy.result import Result
from gitops_action.core.gates.open_pull_request import JOB_TOKEN_LOGIN
from tests.support.gate_world import APP, START, WEB_FILE, config, image, manifest

SOAK = timedelta(hours=1)
BRANCH = "gitops/production/web"
PRODUCTION = WEB_FILE.format("production")
STAGING = WEB_FILE.format("staging")
FREEZE = ".github/gitops/holds/production._.freeze.yaml"
NO_YAML = "environments/production/broken.yaml"
ADDRESS = "https://status.acme.test/ok"
OK, UNAVAILABLE = 200, 503
BUILDER = "acme/web/.github/workflows/release.yml"
OTHER_BUILDER = "acme/web/.github/workflows/test.yml"
RULES = config(
    production="merge: auto\nafter: [staging]\ngates:\n  soak: 1h\n"
    '  windows: [{deny: "0 18 * * *", for: 2h}]\n  approvals: {count: 1}\n'
    f'  checks: [ci/smoke]\n  http: [{{url: "{ADDRESS}", expect: "response.status == 200"}}]\n'
    f"  provenance: {{workflow: {BUILDER}}}",
    staging="merge: auto\ndeploy: {engine: push}",
)
WRITERS = ("alice", "bob", "carol")
PEOPLE = st.sampled_from([*WRITERS, "stranger"])
VERSIONS = st.sampled_from(["v2", "v3"])
VIEWERS = st.sampled_from([APP, APP, JOB_TOKEN_LOGIN])

Opened = Literal["attest", "deploy", "wait", "approve", "check"]
OPENED: tuple[Opened, ...] = ("attest", "deploy", "wait", "approve", "check")
"""What opens the gates of a new pull request, in the order in which it has to happen."""
Broken = Literal["activity", "records", "roles", "write gitops/ready", "merge"]
BROKEN = st.sampled_from(["activity", "records", "roles", "write gitops/ready", "merge"])
Verdict = Literal["approved", "changes-requested", "commented"]


class Subject(Protocol):
    """A repository with one open pull request, the people around it, and the gate."""

    on_merge: Callable[[], None]
    """Called just before something merges."""

    @property
    def now(self) -> datetime: ...
    @property
    def head(self) -> str: ...
    @property
    def body(self) -> str: ...
    @property
    def is_open(self) -> bool: ...
    def sides(self) -> tuple[Mapping[str, str], Mapping[str, str]] | None:
        """Every file of the base, and of the head merged into it; None where they conflict."""
        ...

    def start(self, version: str) -> None:
        """Open the pull request, as `bump` does."""
        ...

    def review(self, person: str, verdict: Verdict) -> None: ...
    def dismiss(self, person: str) -> None:
        """Dismiss the newest approval or request for changes of a person."""
        ...

    def revise(self, version: str, person: str) -> None:
        """Propose another version in the same pull request, text included."""
        ...

    def commit(self, files: Mapping[str, str | None], *, branch: str, person: str) -> None: ...
    def update_branch(self, person: str) -> None: ...
    def deploy(self, result: Result, *, proved: bool) -> None:
        """Deploy what the base describes for staging."""
        ...

    def check(self, conclusion: str) -> None:
        """Let CI report on the head; an empty conclusion still runs."""
        ...

    def forge_status(self, login: str) -> None: ...
    def answer(self, status: int) -> None:
        """What the address answers from now on."""
        ...

    def attest(self, version: str, workflow: str) -> None:
        """Let a workflow attest that it built a version."""
        ...

    def wait(self, minutes: int) -> None: ...
    def gate(self, viewer: str, broken: Broken | None = None) -> None:
        """One run of the gate, in which one kind of request may fail."""
        ...


Change = tuple[str, str, bool, bool]
"""What would merge: from, to, whether anything else changes, whether the base does not render."""


class AnyOrder(RuleBasedStateMachine):
    """What happens, and what may merge by it."""

    @abstractmethod
    def subject(self) -> Subject:
        """A new repository with `RULES` on its base, and staging and production at v1."""

    @initialize(version=VERSIONS, opened=st.sets(st.sampled_from(OPENED)))
    def start(self, version: str, opened: AbstractSet[Opened] = frozenset()) -> None:
        self.on = self.subject()
        self.on.on_merge = self.merging
        self.on.start(version)
        self.approved: dict[str, Change] = {}
        self.objected: set[str] = set()
        self.pushed: set[str] = set()
        self.runs: list[tuple[str, Result, bool]] = []
        self.since: dict[str, datetime] = {}
        self.reached: set[str] = set()
        self.checked: dict[str, str] = {}
        self.attested: set[str] = set()
        self.answered = OK
        self.on.answer(OK)
        for one in OPENED:
            if one in opened:
                self.opens(one, version)

    def opens(self, part: Opened, version: str) -> None:
        """Let one of the things happen that a pull request has to have."""
        if part == "deploy":
            self.deploy_staging(version, Result.SUCCEEDED, proved=True)
        elif part == "wait":
            self.wait(61)
        elif part == "approve":
            self.approve("bob")
        elif part == "attest":
            self.attest(version, BUILDER)
        else:
            self.check("success")

    # The model.

    def base(self) -> Mapping[str, str]:
        sides = self.on.sides()
        return sides[0] if sides else {}

    def change(self) -> Change:
        """What the pull request would change now."""
        sides = self.on.sides()
        if sides is None:
            return ("", "", True, False)
        before, after = sides
        others = any(
            before.get(path) != after.get(path) for path in {*before, *after} if path != PRODUCTION
        )
        return before[PRODUCTION], after[PRODUCTION], others, NO_YAML in before

    def may_merge(self) -> bool:
        before, after, others, broken = self.change()
        version = next((one for one in ("v1", "v2", "v3") if image(one) in after), "")
        if others or broken or not version or after != manifest(version) or before == after:
            return False
        return (
            any(self.counts(person) for person in self.approved)
            and not self.objected
            and FREEZE not in self.base()
            and not 18 <= self.on.now.hour < 20
            and image(version) in self.on.body
            and self.verified(version)
            and self.soaked(version)
            and self.checked.get(self.on.head) == "success"
            and self.answered == OK
            and version in self.attested
        )

    def counts(self, person: str) -> bool:
        same = self.approved[person] == self.change()
        return same and person in WRITERS and person not in self.pushed

    def verified(self, version: str) -> bool:
        ended = [result for one, result, proved in self.runs if one == version and proved]
        return bool(ended) and ended[-1] is Result.SUCCEEDED and not self.undone(version)

    def undone(self, version: str) -> bool:
        """Whether staging went back from a version to one that had run there before it."""
        ran = [one for one, _, proved in self.runs if proved]
        newest = max(number for number, one in enumerate(ran) if one == version)
        return any(one in ran[:newest] for one in ran[newest + 1 : newest + 2])

    def soaked(self, version: str) -> bool:
        return version in self.reached or self.long_enough(version)

    def long_enough(self, version: str) -> bool:
        since = self.since.get(version)
        return since is not None and self.on.now - since >= SOAK

    def merging(self) -> None:
        assert self.may_merge(), "merged past a closed gate"

    @property
    def is_open(self) -> bool:
        return self.on.is_open

    # What happens.

    @precondition(lambda self: self.is_open)
    @rule(person=PEOPLE)
    def approve(self, person: str) -> None:
        self.on.review(person, "approved")
        self.approved[person] = self.change()
        self.objected.discard(person)

    @precondition(lambda self: self.is_open)
    @rule(person=st.sampled_from(["bob", "carol"]))
    def object(self, person: str) -> None:
        self.on.review(person, "changes-requested")
        self.approved.pop(person, None)
        self.objected.add(person)

    @precondition(lambda self: self.is_open)
    @rule(person=PEOPLE)
    def comment(self, person: str) -> None:
        self.on.review(person, "commented")

    @precondition(lambda self: self.is_open)
    @rule(person=PEOPLE)
    def dismiss(self, person: str) -> None:
        if person in self.approved or person in self.objected:
            self.on.dismiss(person)
            self.approved.pop(person, None)
            self.objected.discard(person)

    @precondition(lambda self: self.is_open)
    @rule(version=VERSIONS, person=st.sampled_from(["alice", "carol"]))
    def push(self, version: str, person: str) -> None:
        before = self.change()
        self.on.revise(version, person)
        if self.change() != before or before[2]:
            self.pushed.add(person)

    @precondition(lambda self: self.is_open)
    @rule(person=st.sampled_from(["alice", "carol"]))
    def smuggle(self, person: str) -> None:
        self.on.commit({"extra.yaml": f"{person}: 1\n"}, branch=BRANCH, person=person)
        self.pushed.add(person)

    @precondition(lambda self: self.is_open)
    @rule(person=st.sampled_from(["alice", "bob"]))
    def update_branch(self, person: str) -> None:
        self.on.update_branch(person)

    @rule(text=st.sampled_from(["# a\n", "# b\n"]))
    def move_the_base(self, text: str) -> None:
        self.on.commit({"README.md": text}, branch="main", person="alice")

    @precondition(lambda self: self.is_open)
    @rule()
    def freeze_or_lift(self) -> None:
        text = None if FREEZE in self.base() else "environment: production\nreason: x\n"
        self.on.commit({FREEZE: text}, branch="main", person="alice")

    @precondition(lambda self: self.is_open)
    @rule()
    def break_or_repair_the_base(self) -> None:
        text = None if NO_YAML in self.base() else "a: [\n"
        self.on.commit({NO_YAML: text}, branch="main", person="alice")

    @rule(
        version=VERSIONS,
        result=st.sampled_from([Result.SUCCEEDED, Result.SUCCEEDED, Result.FAILED]),
        proved=st.booleans(),
    )
    def deploy_staging(self, version: str, result: Result, proved: bool) -> None:
        self.on.commit({STAGING: manifest(version)}, branch="main", person="alice")
        self.reached |= {one for one in self.since if self.long_enough(one)}
        self.on.deploy(result, proved=proved)
        self.runs.append((version, result, proved))
        if not proved:
            return
        for other in list(self.since):
            if other != version:
                self.since.pop(other)
        if result is Result.SUCCEEDED:
            self.since.setdefault(version, self.on.now)
        else:
            self.since.pop(version, None)

    @precondition(lambda self: self.is_open)
    @rule(conclusion=st.sampled_from(["success", "success", "failure", ""]))
    def check(self, conclusion: str) -> None:
        self.on.check(conclusion)
        self.checked[self.on.head] = conclusion

    @rule(status=st.sampled_from([OK, OK, UNAVAILABLE]))
    def answer(self, status: int) -> None:
        self.answered = status
        self.on.answer(status)

    @precondition(lambda self: self.is_open)
    @rule(version=VERSIONS, workflow=st.sampled_from([BUILDER, BUILDER, OTHER_BUILDER]))
    def attest(self, version: str, workflow: str) -> None:
        self.on.attest(version, workflow)
        if workflow == BUILDER:
            self.attested.add(version)

    @precondition(lambda self: self.is_open)
    @rule(by=st.sampled_from([JOB_TOKEN_LOGIN, "mallory"]))
    def forge_a_status(self, by: str) -> None:
        self.on.forge_status(by)

    @rule(minutes=st.sampled_from([5, 61, 300]))
    def wait(self, minutes: int) -> None:
        self.on.wait(minutes)

    @rule(viewer=VIEWERS)
    def run_the_gate(self, viewer: str) -> None:
        self.on.gate(viewer)

    @precondition(lambda self: self.is_open)
    @rule(broken=BROKEN)
    def run_the_gate_while_something_is_broken(self, broken: Broken) -> None:
        self.on.gate(APP, broken)

    def teardown(self) -> None:
        """Once nothing happens any more, one more run merges what may merge."""
        if not hasattr(self, "on") or not self.is_open:
            return
        may = self.may_merge()
        self.on.gate(APP)
        assert self.is_open is not may, "a pull request whose gates are open was not merged"


_SPOILS = {"validate", "after", "proof", "hold", "windows", "http"}
"""Gates that are open as long as something does not happen."""


def walk_to_the_merge(machine: AnyOrder, left_out: str = "") -> None:
    """Let everything happen that a merge takes, or all but one thing; then run the gate.

    `left_out` is the name of a gate that is closed then, and the only one.
    """
    machine.start("v2")
    steps: dict[str, Callable[[], None]] = {
        "validate": machine.break_or_repair_the_base,
        "deploy": lambda: machine.opens("deploy", "v2"),
        "soak": lambda: machine.wait(61),
        "after": lambda: machine.deploy_staging("v2", Result.FAILED, proved=True),
        "proof": lambda: machine.smuggle("alice"),
        "approvals": lambda: machine.approve("bob"),
        "checks": lambda: machine.check("success"),
        "hold": machine.freeze_or_lift,
        "windows": lambda: machine.wait(5 * 60),
        "http": lambda: machine.answer(UNAVAILABLE),
        "provenance": lambda: machine.attest("v2", BUILDER),
    }
    for name, step in steps.items():
        if (name == left_out) is (name in _SPOILS):
            step()
    assert machine.on.now > START
    machine.run_the_gate(APP)
