"""Each key under `gates`, each key of merging, and each key of a hold decides what merges.

The keys are read from the schema, so that a new one without a case here fails.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from gitops_action.adapters.http_gate import HttpAddresses
from gitops_action.adapters.retry import RetryPolicy
from gitops_action.commands.gate import command as gate
from gitops_action.core.config.hold_files import KEYS, read_holds
from gitops_action.core.config.schema import schema_text
from gitops_action.core.deploy.result import Result
from gitops_action.core.gates.decisions import Decision
from gitops_action.core.gates.head_cache import cached_hash
from gitops_action.core.gates.holds import HoldFacts, evaluate
from gitops_action.core.gates.http import HttpAnswer, HttpSettings
from gitops_action.core.inputs.gate import GateInputs
from gitops_action.core.outcome import Job, Outcome
from tests.support.gate_world import (
    BUMPER,
    REPOSITORY,
    START,
    WEB_FILE,
    World,
    codes,
    config,
    image,
    manifest,
)
from tests.support.scripted_http import Asked, Reply, scripted_server

PRODUCTION = WEB_FILE.format("production")
HOLD_FILE = ".github/gitops/holds/x.yaml"
ROOT_FILE = ".github/trusted-root.jsonl"
RELEASE = "acme/web/.github/workflows/release.yml"
ISSUER = "https://issuer.test"
OF_OTHER_COMMANDS = ("path", "production", "url", "promotion.", "deploy.")
"""Keys of an environment that decide what is promoted, deployed and shown."""

Scene = Callable[[World], int]
"""Lets everything happen before the gate's run that a test is about; gives the pull request."""


def bumped(here: World) -> int:
    return here.bump("v2")


def deployed(here: World) -> int:
    """Verified in staging for an hour."""
    here.change({WEB_FILE.format("staging"): manifest("v2")})
    here.deploy("staging")
    here.tick(hours=1)
    return here.bump("v2")


def approved(here: World) -> int:
    here.teams = {"acme/sre": frozenset({"bob"}), "acme/web": frozenset({"carol"})}
    number = here.bump("v2")
    here.review(number, by="bob")
    return number


def approved_by_its_author(here: World) -> int:
    number = here.bump("v2", by="bob")
    here.review(number, by="bob")
    return number


def approved_by_a_pusher(here: World) -> int:
    number = here.bump("v3")
    here.revise(number, "v2", by="bob")
    here.review(number, by="bob")
    return number


def approved_by_who_wrote_it(here: World) -> int:
    here.sources = {image("v1"): "1" * 40, image("v2"): "2" * 40}
    here.authors["1" * 40, "2" * 40] = frozenset({"bob"})
    return approved(here)


def checked(here: World) -> int:
    number = here.bump("v2")
    here.check(number, "ci/smoke", "success")
    return number


def answered(here: World) -> int:
    here.answers = {"https://a.test/": HttpAnswer(status=200), "https://b.test/": HttpAnswer()}
    return here.bump("v2")


def attested(here: World) -> int:
    here.attestations.add(image("v2"), workflow=RELEASE)
    return here.bump("v2")


def attested_by_another_issuer(here: World) -> int:
    here.attestations.add(image("v2"), workflow=RELEASE, issuer=ISSUER)
    return here.bump("v2")


def attested_privately(here: World) -> int:
    here.attestations.root = b"a root"
    return attested(here)


def overridden(here: World) -> int:
    """Dora, of one team, overrides the approvals."""
    here.teams = {"acme/oncall": frozenset({"dora"}), "acme/web": frozenset({"carol"})}
    number = here.bump("v2")
    here.gate()
    known = cached_hash(here.newest(number)["gitops/ready"].url)
    assert known
    here.pulls[number].decisions.append(
        Decision(
            kind="override",
            login="dora",
            person=7,
            at=here.now,
            environment="production",
            gate="approvals",
            change=known.digest,
        )
    )
    return number


def rolled_back(here: World) -> int:
    """v1 was verified, v2 failed."""
    here.deploy("production")
    here.change({PRODUCTION: manifest("v2")})
    here.deploy("production", result=Result.FAILED)
    branch = "gitops/production/rollback/web"
    text = f"Roll back\n\nGitOps-Environment: production\nGitOps-Image: {image('v1')}"
    files = {
        PRODUCTION: manifest("v1"),
        HOLD_FILE: f"environment: production\nimage: {image('v2')}",
    }
    here.change(files, branch=branch, by=BUMPER, message=text)
    return here.open(branch, by=BUMPER, body=text)


def held_by_a_former_name(here: World) -> int:
    here.change({HOLD_FILE: "environment: prod\nreason: x\n"})
    return here.bump("v2")


@dataclass(frozen=True, kw_only=True)
class Case:
    """Two values of a key in the lines of production; with the first one the change waits."""

    key: str
    closed: str
    opened: str
    code: str = ""
    scene: Scene = bumped
    files: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        """Its name in a report."""
        return f"{self.key}: {self.closed}"


def of_gate(key: str, closed: str, opened: str, code: str, scene: Scene = bumped) -> Case:
    """Values of `gates`, as flow mappings."""
    return Case(
        key=key,
        closed=f"merge: auto\ngates: {{{closed}}}",
        opened=f"merge: auto\ngates: {{{opened}}}",
        code=code,
        scene=scene,
    )


def window(text: str) -> str:
    return f"windows: [{{{text}}}]"


def approvals(text: str) -> str:
    return f"approvals: {{count: 1, {text}}}"


def address(url: str = "https://a.test/", status: int = 200) -> str:
    return f"http: [{{url: '{url}', expect: response.status == {status}}}]"


def built(more: str = "", workflow: str = RELEASE) -> str:
    return f"provenance: {{workflow: {workflow}{more}}}"


def by(text: str) -> str:
    return f"approvals: {{count: 1}}, override: {{{text}}}"


CASES = (
    Case(
        key="soak",
        closed="merge: auto\nafter: [staging]\ngates: {soak: 2h}",
        opened="merge: auto\nafter: [staging]\ngates: {soak: 1h}",
        code="soak-running",
        scene=deployed,
    ),
    of_gate(
        "windows.deny",
        window('deny: "0 11 * * *", for: 2h'),
        window('deny: "0 13 * * *", for: 2h'),
        "window-closed",
    ),
    of_gate(
        "windows.allow",
        window('allow: "0 13 * * *", for: 2h'),
        window('allow: "0 11 * * *", for: 2h'),
        "window-closed",
    ),
    of_gate(
        "windows.for",
        window('deny: "0 11 * * *", for: 2h'),
        window('deny: "0 11 * * *", for: 30m'),
        "window-closed",
    ),
    of_gate(
        "windows.timezone",
        window('deny: "0 11 * * *", for: 2h'),
        window('deny: "0 11 * * *", for: 2h, timezone: Asia/Tokyo'),
        "window-closed",
    ),
    of_gate(
        "approvals.count",
        "approvals: {count: 2}",
        "approvals: {count: 1}",
        "approvals-missing",
        approved,
    ),
    of_gate(
        "approvals.teams",
        approvals("teams: [acme/web]"),
        approvals("teams: [acme/sre]"),
        "approvals-missing",
        approved,
    ),
    of_gate(
        "approvals.users",
        approvals("users: [carol]"),
        approvals("users: [bob]"),
        "approvals-missing",
        approved,
    ),
    of_gate(
        "approvals.not-by",
        approvals("not-by: [author]"),
        approvals("not-by: []"),
        "approvals-missing",
        approved_by_its_author,
    ),
    of_gate(
        "approvals.not-by",
        approvals("not-by: [pushers]"),
        approvals("not-by: [author]"),
        "approvals-missing",
        approved_by_a_pusher,
    ),
    of_gate(
        "approvals.not-by",
        approvals("not-by: [source-authors]"),
        approvals("not-by: [author]"),
        "approvals-missing",
        approved_by_who_wrote_it,
    ),
    of_gate("checks.name", "checks: [ci/scan]", "checks: [ci/smoke]", "check-missing", checked),
    of_gate(
        "checks.app",
        "checks: [{name: ci/smoke, app: 2}]",
        "checks: [{name: ci/smoke, app: 1}]",
        "check-missing",
        checked,
    ),
    of_gate("http.url", address("https://b.test/"), address(), "http-unexpected", answered),
    of_gate("http.expect", address(status=500), address(), "http-unexpected", answered),
    of_gate(
        "provenance.workflow",
        built(workflow="acme/web/.github/workflows/test.yml"),
        built(),
        "provenance-other-builder",
        attested,
    ),
    of_gate(
        "provenance.ref",
        built(", ref: refs/heads/main"),
        built(", ref: refs/tags/v*"),
        "provenance-other-builder",
        attested,
    ),
    of_gate(
        "provenance.issuer",
        built(),
        built(f", issuer: '{ISSUER}'"),
        "provenance-other-builder",
        attested_by_another_issuer,
    ),
    of_gate(
        "provenance.trusted-root",
        built(),
        built(f", trusted-root: {ROOT_FILE}"),
        "provenance-untrusted",
        attested_privately,
    ),
    of_gate(
        "override.users",
        by("users: [erin]"),
        by("users: [dora]"),
        "approvals-missing",
        overridden,
    ),
    of_gate(
        "override.teams",
        by("teams: [acme/web]"),
        by("teams: [acme/oncall]"),
        "approvals-missing",
        overridden,
    ),
    Case(key="merge", closed="merge: manual", opened="merge: auto"),
    Case(
        key="after",
        closed="merge: auto\nafter: [staging]",
        opened="merge: auto",
        code="after-missing",
    ),
    Case(
        key="formerly",
        closed="merge: auto\nformerly: [prod]",
        opened="merge: auto",
        code="frozen",
        scene=held_by_a_former_name,
    ),
    Case(
        key="rollback.mode",
        closed="deploy: {engine: push}\nrollback: {mode: propose}",
        opened="deploy: {engine: push}\nrollback: {mode: auto}",
        scene=rolled_back,
    ),
    Case(
        key="rollback.approvals",
        closed="deploy: {engine: push}\nrollback: {mode: auto, approvals: 1}",
        opened="deploy: {engine: push}\nrollback: {mode: auto, approvals: 0}",
        code="approvals-missing",
        scene=rolled_back,
    ),
)
IN_TESTS_OF_THEIR_OWN = {"http.timeout", "http.retries", "merge-method"}


def stage(production: str, files: Mapping[str, str] | None = None) -> World:
    rules = config(production, "merge: auto\ndeploy: {engine: push}").replace(
        "  web: {", "  db: {images: [ghcr.io/acme/db]}\n  web: {"
    )
    return World(files={".github/gitops.yaml": rules, ROOT_FILE: "a root", **(files or {})})


def is_merged(here: World, number: int) -> bool:
    return here.pulls[number].state == "merged"


@pytest.mark.parametrize("case", CASES, ids=str)
def test_changing_a_key_changes_what_merges(case: Case) -> None:
    here = stage(case.closed)
    number = case.scene(here)
    assert codes(here.gate()) == ([case.code] if case.code else [])
    assert not is_merged(here, number)

    here = stage(case.opened)
    number = case.scene(here)
    assert codes(here.gate()) == []
    assert is_merged(here, number)


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_the_method_is_how_it_merges(method: str) -> None:
    here = stage(f"merge: auto\nmerge-method: {method}")
    here.bump("v2")
    here.gate()
    assert here.methods == [method]


def asked(here: World, *replies: Reply, rule: str) -> tuple[Outcome, int]:
    """A run of the gate that asks a real server, by a rule; and how often it asked."""

    def script(_request: Asked, number: int) -> Reply:
        return replies[min(number, len(replies)) - 1]

    with scripted_server(script) as server:
        text = (
            f"http: [{{url: 'http://{server.address}/', expect: response.status == 200, {rule}}}]"
        )
        rules = config(f"merge: auto\ngates: {{{text}}}")
        here.change({".github/gitops.yaml": rules})
        here.bump("v2")
        settings = HttpSettings(insecure=frozenset({server.address}))
        quick = RetryPolicy(initial=0.01, maximum=0.01, jitter=0)
        ports = replace(here.ports(Job(repository=REPOSITORY)), http=HttpAddresses(settings, quick))
        inputs = GateInputs(repository=REPOSITORY, token="t", base="main")
        return gate.run(inputs, ports), len(server.asked)


def test_the_timeout_of_an_address_decides() -> None:
    slow = Reply(body=b"x" * 13, trickle=0.1)
    outcome, _ = asked(stage(""), slow, rule="retries: 0, timeout: 1s")
    assert codes(outcome) == ["http-unanswered"]
    outcome, _ = asked(stage(""), slow, rule="retries: 0, timeout: 1m")
    assert codes(outcome) == []


def test_the_retries_of_an_address_decide() -> None:
    replies = Reply(status=503), Reply()
    outcome, times = asked(stage(""), *replies, rule="retries: 0")
    assert codes(outcome) == ["http-unexpected"]
    assert times == 1
    outcome, _ = asked(stage(""), *replies, rule="retries: 1")
    assert codes(outcome) == []


SHAPES = json.loads(schema_text())["$defs"]


def within(value: Any) -> Iterator[Mapping[str, Any]]:
    """The mappings with keys of their own that a value of the schema may be."""
    if isinstance(value, list):
        for item in value:
            yield from within(item)
    elif isinstance(value, dict) and "$ref" in value:
        yield from within(SHAPES[value["$ref"].rpartition("/")[2]])
    elif isinstance(value, dict) and "properties" in value:
        yield value
    elif isinstance(value, dict):
        yield from within(list(value.values()))


def keys(shape: Mapping[str, Any], before: str = "") -> Iterator[str]:
    """Every key of a shape, those of the shapes within it included."""
    for key, value in shape["properties"].items():
        shapes = [*within(value)]
        for other in shapes:
            yield from keys(other, f"{before}{key}.")
        if not shapes:
            yield f"{before}{key}"


def test_every_key_has_a_case() -> None:
    here = {key for key in keys(SHAPES["Environment"]) if not key.startswith(OF_OTHER_COMMANDS)}
    covered = {one.key for one in CASES} | IN_TESTS_OF_THEIR_OWN
    assert {key.removeprefix("gates.") for key in here} == covered


# Holds.

HOLDS = {
    "environment": ("environment: production", "environment: staging"),
    "application": (
        "environment: production\napplication: web",
        "environment: production\napplication: db",
    ),
    "image": (
        f"environment: production\nimage: {image('v2')}",
        f"environment: production\nimage: {image('v3')}",
    ),
    "since": (
        "environment: production\nsince: 2026-11-27",
        "environment: production\nsince: 2026-11-30",
    ),
    "until": (
        "environment: production\nuntil: 2026-11-30",
        "environment: production\nuntil: 2026-11-27",
    ),
}


@pytest.mark.parametrize("key", HOLDS)
def test_changing_a_key_of_a_hold_changes_what_merges(key: str) -> None:
    for text, merges in zip(HOLDS[key], (False, True), strict=True):
        here = stage("merge: auto", {HOLD_FILE: f"{text}\n"})
        number = here.bump("v2")
        here.gate()
        assert is_merged(here, number) is merges


def test_who_holds_and_why_is_shown() -> None:
    text = b"environment: production\nauthor: erin\nreason: loses orders\n"
    held = read_holds({HOLD_FILE: text}).holds
    found = evaluate("production", (), HoldFacts(holds=held, now=START)).found
    assert "by `erin`" in found
    assert "loses orders" in found


def test_every_key_of_a_hold_has_a_case() -> None:
    assert {*HOLDS, "author", "reason"} == set(KEYS)
