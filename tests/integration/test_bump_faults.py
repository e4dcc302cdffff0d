"""Everything that can go wrong around a bump, injected; nothing is lost, nothing half-written."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gitops_action.core.images.oci import (
    ImageMissingError,
    RegistryDeniedError,
    RegistryError,
    RegistryUnreachableError,
)
from gitops_action.errors import GitOpsError
from tests.support.bump_stage import (
    CLASSIC,
    WEB,
    Stage,
    bump_stage,
    deployment,
    pinned,
    pull_requests,
)
from tests.support.github_forge import REPOSITORY

BRANCH = "gitops/default/web"
FILE = "applications/web/deployment.yaml"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with bump_stage(tmp_path) as made:
        yield made


def all_text(error: GitOpsError) -> str:
    inner = getattr(error, "errors", ())
    return "\n".join([str(error), *(str(item) for item in inner)])


# Races: someone else writes between our read and our write.


def test_base_that_moves_between_read_and_write(stage: Stage) -> None:
    def move() -> None:
        stage.repository.commit(files={FILE: deployment(f"{WEB}:v1.0.5"), "x": "1\n"})

    stage.forge.fail("createCommitOnBranch", when="before", action=move, status=None)
    outcome = stage.bump(f"{WEB}:v1.1.0", mode="commit")
    assert outcome.exit_code == 0
    assert stage.repository.read("main", "x") == b"1\n"
    assert pinned(f"{WEB}:v1.1.0") in stage.image_line("main")
    assert stage.clock.pauses == [1]


def test_base_that_moves_between_two_reads_loses_nothing(stage: Stage) -> None:
    """The branch is built on the commit that was planned on, not on what base is by then."""
    planned_on = stage.repository.head("main")
    newer = "# added meanwhile\n" + deployment(f"{WEB}:v1.0.0")
    stage.forge.fail(
        "POST .*/api/graphql viewer,repository",
        skip=1,
        action=lambda: stage.repository.commit(files={FILE: newer}),
        status=None,
    )
    made = stage.web("v1.1.0")
    assert stage.repository.log(BRANCH)[0].parents == (planned_on,)
    stage.repository.merge(made["number"], method="merge")
    assert stage.repository.read("main", FILE).startswith(b"# added meanwhile\n")
    assert pinned(f"{WEB}:v1.1.0") in stage.image_line("main")


def test_base_that_moves_under_the_commit_of_an_executable_file(stage: Stage) -> None:
    """Modes have no place in GitHub's one-request commit, so this takes the longer way."""
    stage.repository.commit(files={FILE: deployment(f"{WEB}:v1.0.0")}, modes={FILE: "100755"})

    def move() -> None:
        stage.repository.commit(files={"x": "1\n"})

    stage.forge.fail("POST .*/git/trees", when="before", action=move, status=None)
    assert stage.bump(f"{WEB}:v1.1.0", mode="commit").exit_code == 0
    assert stage.repository.read("main", "x") == b"1\n"
    assert pinned(f"{WEB}:v1.1.0") in stage.image_line("main")
    listed = stage.repository.repository.git.run("ls-tree", "main", FILE).decode()
    assert listed.startswith("100755")


@pytest.mark.parametrize("fault", [{"cut": True}, {"status": 502}])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_direct_commit_in_trouble_is_made_once(
    stage: Stage, fault: dict[str, Any], when: str
) -> None:
    stage.forge.fail("createCommitOnBranch", when=when, **fault)
    outcome = stage.bump(f"{WEB}:v1.1.0", mode="commit")
    assert outcome.outputs["commit"] == stage.repository.head("main")
    assert len(stage.repository.log("main")) == 2


def test_branch_that_moves_between_read_and_write_keeps_the_other_commit(
    stage: Stage,
) -> None:
    stage.web("v1.1.0")

    def push() -> None:
        stage.repository.commit(branch=BRANCH, files={"by-hand.txt": "mine\n"})

    stage.forge.fail("updateRefs", when="before", action=push, status=None)
    made = stage.web("v1.2.0")
    assert made["operation"] == "updated"
    assert stage.repository.read(BRANCH, "by-hand.txt") == b"mine\n"
    assert pinned(f"{WEB}:v1.2.0") in stage.image_line(BRANCH)


def test_branch_deleted_between_read_and_write_is_recreated(stage: Stage) -> None:
    stage.web("v1.1.0")
    stage.forge.fail(
        "updateRefs",
        when="before",
        action=lambda: stage.repository.delete_branch(BRANCH),
        status=None,
    )
    assert stage.web("v1.2.0")["operation"] == "created"
    assert pinned(f"{WEB}:v1.2.0") in stage.image_line(BRANCH)


def test_pull_request_merged_between_read_and_write(stage: Stage) -> None:
    first = stage.web("v1.1.0")
    stage.forge.fail(
        "POST .*/git/trees",
        when="before",
        action=lambda: stage.repository.merge(first["number"], method="merge"),
        status=None,
    )
    made = stage.web("v1.2.0")
    assert made["number"] != first["number"] or made["operation"] == "updated"
    opened = [p for p in stage.repository.pull_requests() if p.closed_at is None]
    assert pinned(f"{WEB}:v1.2.0") in stage.image_line(BRANCH)
    assert len(opened) == 1


def test_pull_request_closed_under_us_is_told_not_hidden(stage: Stage) -> None:
    first = stage.web("v1.1.0")
    stage.forge.fail(
        "PATCH .*/pulls/",
        when="before",
        action=lambda: stage.repository.close(first["number"], by="alice"),
        status=None,
    )
    outcome = stage.bump(f"{WEB}:v1.2.0")
    assert pull_requests(outcome)[0]["operation"] == "unchanged"
    assert any("closed #1" in line for line in outcome.lines)
    assert stage.web("v1.3.0")["operation"] == "created"


# GitHub in trouble, before and after the write took effect.

WRITES = ["POST .*/git/trees", "POST .*/git/commits", "updateRefs", "POST .*/pulls"]


@pytest.mark.parametrize("match", [*WRITES, "tarball", "graphql"])
@pytest.mark.parametrize("status", [500, 502, 503])
def test_server_errors_are_sat_out(stage: Stage, match: str, status: int) -> None:
    stage.forge.fail(match, status=status, times=2)
    assert stage.web("v1.1.0")["operation"] == "created"
    assert_exactly_one(stage)


@pytest.mark.parametrize("match", WRITES)
@pytest.mark.parametrize("when", ["before", "after"])
def test_cut_connections_never_write_twice(stage: Stage, match: str, when: str) -> None:
    stage.forge.fail(match, cut=True, when=when)
    assert stage.web("v1.1.0")["operation"] == "created"
    assert_exactly_one(stage)


@pytest.mark.parametrize("match", WRITES)
def test_errors_after_the_write_took_effect_never_write_twice(stage: Stage, match: str) -> None:
    stage.forge.fail(match, status=502, when="after")
    assert stage.web("v1.1.0")["operation"] == "created"
    assert_exactly_one(stage)


def assert_exactly_one(stage: Stage) -> None:
    assert len(stage.repository.pull_requests()) == 1
    assert len(stage.repository.log(BRANCH)) == 2
    assert stage.repository.branches() == {"main", BRANCH}
    assert stage.web("v1.1.0")["operation"] == "unchanged"


@pytest.mark.parametrize(
    ("status", "headers", "message"),
    [
        (429, {"Retry-After": "1"}, "slow down"),
        (403, {"Retry-After": "1"}, "You have exceeded a secondary rate limit"),
    ],
)
def test_limits_with_retry_after_are_honoured(
    stage: Stage, status: int, headers: dict[str, str], message: str
) -> None:
    stage.forge.fail("POST .*/pulls", status=status, headers=headers, message=message)
    assert stage.web("v1.1.0")["operation"] == "created"
    assert_exactly_one(stage)


# Rights and places: each error names what is missing.


def test_a_token_that_is_none(stage: Stage) -> None:
    with pytest.raises(GitOpsError) as caught:
        type(stage)(**{**vars(stage), "token": "ghs_wrong"}).web("v1.1.0")
    assert "token" in all_text(caught.value).lower()
    assert "ghs_wrong" not in all_text(caught.value)


@pytest.mark.parametrize(
    ("permissions", "named"),
    [
        ({"contents": "read", "pull_requests": "write"}, "contents"),
        ({"contents": "write", "pull_requests": "read"}, "pull"),
    ],
)
def test_missing_rights_are_named(stage: Stage, permissions: dict[str, str], named: str) -> None:
    poor = stage.as_token(permissions={"metadata": "read", **permissions})
    with pytest.raises(GitOpsError) as caught:
        poor.web("v1.1.0")
    text = all_text(caught.value)
    assert named in text
    assert REPOSITORY in text
    assert poor.token not in text


def test_a_token_for_another_repository(stage: Stage) -> None:
    stage.forge.create_repository("acme/other", files={"a": "b\n"})
    poor = stage.as_token(repositories=["acme/other"])
    with pytest.raises(GitOpsError, match=REPOSITORY):
        poor.web("v1.1.0")


def test_a_base_that_is_not_there(stage: Stage) -> None:
    with pytest.raises(GitOpsError, match="mian"):
        stage.web("v1.1.0", base="mian")


def test_an_empty_repository(tmp_path: Path) -> None:
    with bump_stage(tmp_path, {}) as stage, pytest.raises(GitOpsError, match="empty"):
        stage.web("v1.1.0")


def test_a_protected_base_refuses_commit_mode(stage: Stage) -> None:
    stage.repository.protect("main", required_statuses=("ci",))
    before = stage.repository.head("main")
    with pytest.raises(GitOpsError) as caught:
        stage.bump(f"{WEB}:v1.1.0", mode="commit")
    assert "protect" in all_text(caught.value).lower() or "rule" in all_text(caught.value)
    assert stage.repository.head("main") == before


# The registry.


@pytest.mark.parametrize("kind", [RegistryDeniedError, RegistryUnreachableError])
def test_a_registry_that_cannot_tell_is_a_warning(stage: Stage, kind: type[RegistryError]) -> None:
    stage.registry.failure = kind("the registry cannot be read")
    outcome = stage.bump(f"{WEB}:v1.1.0")
    assert pull_requests(outcome)[0]["operation"] == "created"
    assert any("cannot be read" in notice.text for notice in outcome.notices)
    assert "v1.1.0   #" in stage.image_line(BRANCH)


@pytest.mark.parametrize("kind", [RegistryDeniedError, RegistryUnreachableError])
def test_verify_required_makes_it_an_error(stage: Stage, kind: type[RegistryError]) -> None:
    stage.registry.failure = kind("the registry cannot be read")
    with pytest.raises(kind):
        stage.bump(f"{WEB}:v1.1.0", verify="required")
    assert stage.repository.branches() == {"main"}


def test_an_image_that_does_not_exist_is_an_error(stage: Stage) -> None:
    with pytest.raises(ImageMissingError):
        stage.bump(f"{WEB}:v9.9.9")
    assert stage.repository.branches() == {"main"}


def test_tag_and_digest_that_do_not_belong_together(stage: Stage) -> None:
    with pytest.raises(GitOpsError, match="belong together"):
        stage.bump(f"{WEB}:v1.1.0@sha256:{'0' * 64}")
    assert stage.repository.branches() == {"main"}


# Files.


def test_files_that_do_not_parse_are_all_named_and_nothing_is_written(stage: Stage) -> None:
    broken = {f"applications/web/broken{n}.yaml": f"a: [\n# {WEB}\n" for n in (1, 2)}
    stage.repository.commit(files=broken)
    with pytest.raises(GitOpsError) as caught:
        stage.web("v1.1.0")
    text = all_text(caught.value)
    assert "broken1.yaml:" in text
    assert "broken2.yaml:" in text
    assert caught.value.exit_code == 1
    assert stage.repository.branches() == {"main"}


@pytest.mark.parametrize("path", ["../outside.yaml", "/etc/passwd"])
def test_a_path_outside_the_repository(stage: Stage, path: str) -> None:
    with pytest.raises(GitOpsError):
        stage.bump(set=f"{path}: a = b")
    assert stage.repository.branches() == {"main"}


def test_a_symlink_out_of_the_repository_is_not_followed(stage: Stage) -> None:
    stage.repository.commit(
        files={"applications/web/link.yaml": "../../../outside.yaml"},
        modes={"applications/web/link.yaml": "120000"},
    )
    with pytest.raises(GitOpsError):
        stage.bump(set="applications/web/link.yaml: a = b")
    assert stage.web("v1.1.0")["operation"] == "created"
    mode = stage.repository.repository.git.run(
        "ls-tree", BRANCH, "applications/web/link.yaml"
    ).decode()
    assert mode.startswith("120000")


def test_modes_of_files_stay(stage: Stage) -> None:
    stage.repository.commit(files={FILE: deployment(f"{WEB}:v1.0.0")}, modes={FILE: "100755"})
    stage.web("v1.1.0")
    listed = stage.repository.repository.git.run("ls-tree", BRANCH, FILE).decode()
    assert listed.startswith("100755")


def test_a_huge_file_beside_is_no_matter(tmp_path: Path) -> None:
    huge = {**CLASSIC, "big.yaml": b"# " + WEB.encode() + b"\n" + b"#" * 100_000_000}
    with bump_stage(tmp_path, huge) as stage:
        made = stage.web("v1.1.0")
        assert made["operation"] == "created"
        assert stage.repository.read(BRANCH, "big.yaml") == huge["big.yaml"]


def test_export_attributes_do_not_change_what_is_written(stage: Stage) -> None:
    stage.repository.commit(
        files={
            ".gitattributes": "*.yaml export-subst\n",
            FILE: deployment(f"{WEB}:v1.0.0") + "# $Format:%H$\n",
        }
    )
    stage.web("v1.1.0")
    assert stage.repository.read(BRANCH, FILE).endswith(b"# $Format:%H$\n")


# Text that wants to be more than text.


def test_nasty_commit_subjects_stay_text(stage: Stage) -> None:
    source = stage.forge.create_repository("acme/web", files={"a": "1\n"})
    old = source.head("main")
    new = source.commit(files={"a": "2\n"}, message="@acme/all fixes #1 | `x` <b>\n\nx: y")
    stage.source_token = stage.forge.token(kind="job", home="acme/web")
    stage.registry.revisions = {f"{WEB}:v1.0.0": old, f"{WEB}:v1.1.0": new}
    body = stage.repository.pull(stage.web("v1.1.0")["number"]).body
    trailers = subprocess.run(
        ["git", "interpret-trailers", "--parse"],
        input=body,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    images = [line for line in trailers.splitlines() if line.startswith("GitOps-Image:")]
    assert images == [f"GitOps-Image: {pinned(f'{WEB}:v1.1.0')}"]
    assert "<b>" not in body.replace("`` ", "`").split("`")[0]


def test_a_planted_token_is_nowhere(stage: Stage) -> None:
    outcome = stage.bump(f"{WEB}:v1.1.0")
    everything = [str(outcome), *stage.repository.comments(1)]
    everything += [c.message for c in stage.repository.log(BRANCH)]
    everything += [p.body + p.title for p in stage.repository.pull_requests()]
    everything += [r.path for r in stage.forge.requests]
    everything += [d.decode(errors="replace") for d in stage.repository.files(BRANCH).values()]
    assert not [text for text in everything if stage.token in text]
