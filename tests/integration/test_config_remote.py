"""`config check --remote` against GitHub's double: ways around the gate, stops, and unknowns."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gitops_action import cli
from gitops_action.app.surroundings import ProcessEnvironment
from gitops_action.core.inputs.gate import GATE_RIGHTS
from testbed.forge import Bypass, Forge, RequiredStatus
from testbed.forge.teams import Organization, Role
from tests.support.git_origin import with_origin

CONFIG = """version: 1
environments:
  staging: {path: environments/staging, merge: auto, deploy: {engine: push}}
  production:
    {path: environments/production, after: [staging], merge: auto, rollback: {mode: auto}}
"""
OWNERS = "/.github/ @acme/platform\n/.github/gitops/holds/\n"
FILES = {
    ".github/gitops.yaml": CONFIG,
    ".github/CODEOWNERS": OWNERS,
    "environments/staging/web.yaml": "a: 1\n",
    "environments/production/web.yaml": "a: 1\n",
}
ADMIN = {
    **dict.fromkeys(("contents", "actions", "environments", "secrets"), "read"),
    "administration": "write",
    "organization_administration": "read",
}
GATE = "gate[bot]"
GATE_APP = {
    right.permission.replace("-", "_"): right.level
    for right in GATE_RIGHTS
    if right.held_by == "token" and right.permission not in {"members", "merge-queues"}
}
BREAK_GLASS = (Bypass("role:admin", "pull_request"),)
PEOPLE = tuple(Bypass(f"role:{role}") for role in ("admin", "maintain", "write"))
NOT_OTHERS = ("main", "gitops/**/*", "dependabot/**/*", "gh-readonly-queue/**/*")


@dataclass
class Stage:
    """A repository as the documents set it up, and a checkout of it."""

    forge: Forge
    organization: Organization
    repository: Any
    folder: Path

    @property
    def gate(self) -> int:
        return self.forge.app_id(GATE)

    def rules(self, name: str, branch: str = "main", **changes: Any) -> None:
        """Put a ruleset in place of the one of this name."""
        protections = self.repository.repository.protections
        protections[:] = [one for one in protections if one.name != name]
        self.repository.ruleset(branch, name=name, **changes)

    def ready(self, app: int | None = 0, **changes: Any) -> None:
        required = (RequiredStatus("gitops/ready", self.gate if app == 0 else app),)
        self.rules(
            "ready",
            **{
                "pull_request": False,
                "required_statuses": required,
                "bypass": BREAK_GLASS,
                **changes,
            },
        )

    def default_branch(self, **changes: Any) -> None:
        self.rules("default branch", **{"code_owners": True, "bypass": BREAK_GLASS, **changes})

    def proposals_only(self, **changes: Any) -> None:
        given = {
            "exclude": NOT_OTHERS,
            "pull_request": False,
            "restrict_creations": True,
            "restrict_updates": True,
            "bypass": PEOPLE,
            **changes,
        }
        self.rules("proposals only", "~ALL", **given)

    def commit(self, path: str, text: str) -> None:
        owner = self.organization.account.login
        files = {path: text.replace("@acme/", f"@{owner}/")}
        self.repository.commit(branch="main", files=files, message="Change")

    def check(
        self, rights: Mapping[str, str] = ADMIN, *, login: str = "alice", named: bool = True
    ) -> tuple[int, list[dict[str, str]]]:
        """The exit code, and the findings that are not as they should be.

        Not `named`: the repository is the one of the checkout's remote.
        """
        token = self.forge.token(kind="pat", login=login, permissions=dict(rights))
        streams = io.StringIO(), io.StringIO(), io.StringIO()
        around = ProcessEnvironment(
            environ={"GITOPS_TOKEN": token},
            stdin=streams[0],
            stdout=streams[1],
            stderr=streams[2],
        )
        code = cli.main(
            [
                *("config", "check", "--remote", "--json"),
                *(("--repository", self.repository.full_name) if named else ()),
                *("--working-directory", str(self.folder), "--api-url", self.forge.api_url),
            ],
            around,
        )
        document = json.loads(streams[1].getvalue())
        assert "data" in document, document
        return code, document["data"]["remote"]


@pytest.fixture(scope="module")
def forge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forge]:
    with Forge.start(tmp_path_factory.mktemp("forge")) as made:
        yield made


@pytest.fixture
def stage(tmp_path: Path, forge: Forge) -> Iterator[Stage]:
    """An organisation of its own, so that tests share one forge."""
    for path, text in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    owner = f"acme{len(forge.world.organizations)}"
    files = {path: text.replace("@acme/", f"@{owner}/") for path, text in FILES.items()}
    made = Stage(
        forge=forge,
        organization=forge.organization(owner),
        repository=forge.create_repository(f"{owner}/environment", files=files),
        folder=tmp_path,
    )
    made.organization.owner("alice")
    access: dict[str, Role] = {f"{owner}/environment": "write"}
    made.organization.team("platform", members=("bob",), repositories=access)
    made.organization.install(GATE, GATE_APP)
    made.ready()
    made.default_branch()
    made.proposals_only()
    for name in ("gitops", "gitops-gate", "staging"):
        made.repository.environment(name, branches=("main",), secrets={"KEY": "x"})
    yield made
    forge.assert_clean()


def of(level: str, findings: list[dict[str, str]]) -> list[str]:
    return [item["text"] for item in findings if item["level"] == level]


@pytest.fixture
def enterprise(forge: Forge) -> Iterator[Forge]:
    forge.world.enterprise_version = "3.16.4"
    yield forge
    forge.world.enterprise_version = ""


GATED = """version: 1
environments:
  staging: {path: environments/staging}
  production:
    path: environments/production
    gates:
      approvals: {count: 1}
      provenance: {workflow: acme/web/.github/workflows/release.yml}
"""


def test_what_an_enterprise_server_lacks_is_named(stage: Stage, enterprise: Forge) -> None:
    (stage.folder / ".github/gitops.yaml").write_text(GATED)
    code, found = stage.check()
    assert code == 1
    (stop,) = (text for text in of("stop", found) if "3.16.4" in text)
    assert stop.endswith("keeps no record of pushes, so approvals in production stay unknown")
    notes = [text for text in of("note", found) if "Enterprise Server 3.16.4" in text]
    assert len(notes) == 2
    assert any("`provenance` of production reads" in text for text in notes)
    enterprise.world.enterprise_version = "3.17.0"
    assert not [text for text in of("stop", stage.check()[1]) if "3.17.0" in text]


def test_what_the_documents_set_up_has_no_way_around(stage: Stage) -> None:
    code, found = stage.check()
    assert [of(level, found) for level in ("gap", "stop", "unknown")] == [[], [], []]
    assert code == 0
    assert f"`gitops/ready` of the App {stage.gate} is required on main" in of("ok", found)
    notes = of("note", found)
    assert len(notes) == 2
    assert all("the role 'admin' may merge a pull request past" in text for text in notes)


@pytest.mark.parametrize(
    ("change", "level", "text"),
    [
        pytest.param(
            lambda s: s.rules("ready", pull_request=False),
            "gap",
            "no ruleset requires `gitops/ready`",
            id="not required",
        ),
        pytest.param(
            lambda s: s.ready(enforcement="disabled"),
            "gap",
            "(inactive rulesets: ready)",
            id="switched off",
        ),
        pytest.param(lambda s: s.ready(app=None), "gap", "from any source", id="not pinned"),
        pytest.param(
            lambda s: s.ready(app=15368), "gap", "of GitHub Actions", id="pinned to Actions"
        ),
        pytest.param(
            lambda s: s.ready(bypass=(Bypass("role:admin"),)),
            "gap",
            "the role 'admin' may push and merge past the ruleset 'ready'",
            id="administrators bypass",
        ),
        pytest.param(
            lambda s: s.default_branch(bypass=(Bypass("role:write", "pull_request"),)),
            "gap",
            "the role 'write' may merge a pull request past",
            id="writers bypass",
        ),
        pytest.param(
            lambda s: s.default_branch(pull_request=False),
            "gap",
            "can be pushed to without a pull request",
            id="pushes",
        ),
        pytest.param(
            lambda s: s.default_branch(code_owners=False),
            "gap",
            "no review of code owners",
            id="no code owners",
        ),
        pytest.param(
            lambda s: s.proposals_only(enforcement="evaluate"),
            "gap",
            "can write any branch that no rule protects",
            id="any branch",
        ),
        pytest.param(
            lambda s: s.proposals_only(bypass=(*PEOPLE, Bypass("bump[bot]"))),
            "gap",
            "may write every branch past",
            id="an App on the list",
        ),
        pytest.param(
            lambda s: s.commit(".github/CODEOWNERS", "/.github/workflows/ @acme/platform\n"),
            "gap",
            "names no owner of .github/gitops.yaml, .github/CODEOWNERS",
            id="files without owners",
        ),
        pytest.param(
            lambda s: s.commit(".github/CODEOWNERS", f"/docs/ @acme/nobody\n{OWNERS}"),
            "gap",
            "GitHub ignores an owner in CODEOWNERS: .github/CODEOWNERS:1: Unknown owner",
            id="an owner that does not exist",
        ),
        pytest.param(
            lambda s: s.repository.environment("gitops-gate", secrets={"KEY": "x"}),
            "gap",
            "a workflow on every branch can use the secrets of the GitHub environment `gitops",
            id="unprotected environment",
        ),
        pytest.param(
            lambda s: s.repository.environment(
                "staging", branches=("main", "x/*"), secrets={"K": "x"}
            ),
            "gap",
            "a workflow on `x/*` can use the secrets of the GitHub environment `staging`",
            id="a branch too many",
        ),
        pytest.param(
            lambda s: s.repository.repository.environments.pop("gitops"),
            "gap",
            "`gitops` is not there",
            id="no environment",
        ),
        pytest.param(
            lambda s: s.repository.repository.secrets.update(GITOPS_GATE_PRIVATE_KEY="x"),
            "gap",
            "`GITOPS_GATE_PRIVATE_KEY` is a secret of the repository",
            id="the key for every branch",
        ),
        pytest.param(
            lambda s: s.organization.install(
                "helper[bot]", {"contents": "write", "workflows": "write"}
            ),
            "gap",
            "the App 'helper' can change workflows on branches",
            id="workflows right",
        ),
        pytest.param(
            lambda s: s.organization.install(
                "helper[bot]", {"administration": "write"}, everywhere=True
            ),
            "gap",
            "the App 'helper' can change these rules",
            id="administration right",
        ),
        pytest.param(
            lambda s: setattr(s.repository.repository, "forks_get", frozenset({"secrets"})),
            "gap",
            "runs for pull requests of forks get secrets",
            id="forks",
        ),
        pytest.param(
            lambda s: s.rules("extra", restrict_updates=True, pull_request=False),
            "stop",
            "restricts `update` of the default branch, which stops our App",
            id="restricted updates",
        ),
        pytest.param(
            lambda s: s.proposals_only(exclude=("main", "gitops/**")),
            "stop",
            "restricts `update` of branches `gitops/**`",
            id="gitops/** stops at one slash",
        ),
        pytest.param(
            lambda s: s.default_branch(required_reviews=1, dismiss_stale=True),
            "stop",
            "asks for 1 approval and dismisses approvals on each push",
            id="a required review",
        ),
        pytest.param(
            lambda s: s.default_branch(merge_methods=("squash",)),
            "stop",
            "staging merges by `merge-method: merge`, and the repository allows squash",
            id="merge method",
        ),
        pytest.param(
            lambda s: s.commit(".github/CODEOWNERS", "* @acme/platform\n"),
            "stop",
            "names an owner of .github/gitops/holds/, environments/staging/",
            id="owners of everything",
        ),
        pytest.param(
            lambda s: s.repository.environment(
                "gitops-gate", branches=("main",), reviewers=("bob",)
            ),
            "stop",
            "jobs of the GitHub environment `gitops-gate` wait for reviewers",
            id="reviewers of the gate",
        ),
        pytest.param(
            lambda s: (
                s.organization.installations.clear()
                or s.organization.install(GATE, {**GATE_APP, "statuses": "read"})
            ),
            "stop",
            "the gate's App 'gate' lacks `statuses: write`",
            id="a right is missing",
        ),
    ],
)
def test_each_way_around_and_each_stop_is_named(
    stage: Stage, change: Any, level: str, text: str
) -> None:
    stage.repository.repository.plan = "enterprise"
    change(stage)
    code, found = stage.check()
    assert code == 1
    matching = [item for item in found if text in item["text"]]
    assert [item["level"] for item in matching][:1] == [level], found
    assert all(item["fix"] for item in matching)


@pytest.mark.parametrize(
    "address", ["{server}/{name}.git", "{server}/{name}", "git@127.0.0.1:{name}.git"]
)
def test_the_repository_comes_from_the_checkout(stage: Stage, address: str) -> None:
    name = stage.repository.full_name
    with_origin(stage.folder, address.format(server=stage.forge.server_url, name=name))
    assert stage.check(named=False) == stage.check()


def test_a_classic_protection_counts_and_is_held_to_the_same(stage: Stage) -> None:
    stage.repository.unprotect()
    stage.proposals_only()
    required = (RequiredStatus("gitops/ready", stage.gate),)
    stage.repository.protect("main", required_statuses=required, code_owners=True)
    code, found = stage.check()
    assert (code, of("gap", found)) == (0, [])
    stage.repository.protect("main", allow=(), bypass=(Bypass("role:admin"),))
    code, found = stage.check()
    assert code == 1
    assert of("gap", found) == ["administrators may push past the branch protection"]


def test_what_cannot_be_read_is_unknown_and_never_passes(stage: Stage) -> None:
    stage.organization.member("carol")
    stage.repository.collaborator("carol", "write")
    code, found = stage.check({}, login="carol")
    assert code == 1
    unknown = of("unknown", found)
    for what in (
        "who may bypass the ruleset 'ready'",
        "who may bypass the ruleset 'default branch'",
        "the branch protection of main",
        "CODEOWNERS",
        "the GitHub environments",
        "the names of the repository's secrets",
        "the Apps of the organisation",
        "what the job's token may do by default",
        "what runs for forks get",
    ):
        assert any(text.startswith(what) for text in unknown), (what, unknown)
    passed = " ".join(of("ok", found))
    for what in ("bypasses", "have an owner", "uses the GitHub environment", "has the rights"):
        assert what not in passed
