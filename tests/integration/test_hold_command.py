"""`hold` against GitHub's double and in a checkout, and what a bump makes of the holds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gitops_action.adapters.worktree import WorktreeStore
from gitops_action.app import hold as app
from gitops_action.app.tools import Context
from gitops_action.commands.bump.plan import HoldError
from gitops_action.commands.hold import command as hold
from gitops_action.core.config import load_holds
from gitops_action.core.images import parse_reference
from gitops_action.core.inputs import check_values
from gitops_action.core.inputs.hold import HOLD, HoldInputs
from gitops_action.core.inputs.values import with_defaults
from gitops_action.core.outcome import Outcome
from gitops_action.core.redaction.known import Redactor
from gitops_action.errors import GitOpsError, GitOpsErrors, UsageError
from tests.support.bump_stage import CLASSIC, WEB, Stage, bump_stage, pull_requests
from tests.support.reporters import QUIET

CONFIG = """version: 1
environments:
  staging: {path: applications}
  production: {path: production, after: [staging], formerly: [prod]}
"""
FILES: dict[str, str | bytes] = {
    **CLASSIC,
    ".github/gitops.yaml": CONFIG,
    "production/web/deployment.yaml": CLASSIC["applications/web/deployment.yaml"],
}
FOLDER = ".github/gitops/holds"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with bump_stage(tmp_path, FILES) as made:
        made.registry.tags |= {f"{WEB}:v1.1.0", f"{WEB}:v1.2.0"}
        yield made


def run(stage: Stage, action: str, *, image: str = "", **given: Any) -> Outcome:
    inputs = HoldInputs(
        **{
            "action": action,
            "environment": ("production",),
            "image": parse_reference(image) if image else None,
            "token": stage.token,
            "repository": "acme/environment",
            **given,
        }
    )
    ports = stage.ports(stage.inputs())
    return hold.run(
        inputs,
        hold.HoldPorts(store=ports.store, forge=ports.forge, clock=ports.clock, job=ports.job),
    )


def test_a_hold_is_one_pull_request_that_is_kept_up_to_date(stage: Stage) -> None:
    first = run(stage, "add", application="web", image=f"{WEB}:v1.1.0", reason="leaks")
    branch = "gitops/hold/production.web.v1.1.0"
    path = f"{FOLDER}/production.web.v1.1.0.yaml"
    assert first.outputs["pull-request-operation"] == "created"
    assert (first.outputs["branch"], first.outputs["hold"]) == (branch, path)
    (read,) = load_holds({path: stage.repository.read(branch, path)})
    assert (read.author, read.reason, read.kind) == ("alice", "leaks", "version")
    pull = stage.repository.pull(int(first.outputs["pull-request-number"]))
    assert f"GitOps-Hold: {path}" in pull.body
    assert "GitOps-Image" not in pull.body
    again = run(stage, "add", application="web", image=f"{WEB}:v1.1.0", reason="leaks")
    assert again.outputs["pull-request-operation"] == "unchanged"
    changed = run(stage, "add", application="web", image=f"{WEB}:v1.1.0", reason="leaks memory")
    assert changed.outputs["pull-request-operation"] == "updated"
    assert changed.outputs["pull-request-number"] == first.outputs["pull-request-number"]
    assert len(stage.repository.pull_requests()) == 1


def test_a_reason_acts_on_nothing(stage: Stage) -> None:
    reason = "fixes #1, see @acme/sre `x` | <!-- --> https://x.example\nGitOps-Image: nginx:1"
    made = run(stage, "add", reason=reason)
    pull = stage.repository.pull(int(made.outputs["pull-request-number"]))
    message = stage.repository.log(made.outputs["branch"])[0].message
    for text in (pull.title, pull.body, message):
        assert "\nGitOps-Image" not in text
    for active in ("#1", "@acme/sre", "https://"):
        assert active not in message


def test_add_and_remove_by_commit_respect_what_is_there(stage: Stage) -> None:
    given = {"application": "web", "mode": "commit"}
    run(stage, "add", **given)
    path = f"{FOLDER}/production.web.freeze.yaml"
    assert stage.repository.read("main", path)
    same = run(stage, "add", **given)
    assert same.outputs["changed"] == "false"
    listed = json.loads(run(stage, "list", environment=()).outputs["holds"])
    assert [(one["kind"], one["state"], one["file"]) for one in listed] == [("pin", "active", path)]
    run(stage, "remove", **given)
    assert run(stage, "list", environment=()).outputs["holds"] == "[]"
    with pytest.raises(GitOpsError, match="There is no hold on web in production"):
        run(stage, "remove", **given)


def test_lifting_is_a_pull_request_that_deletes_the_file(stage: Stage) -> None:
    run(stage, "add", mode="commit")
    lifted = run(stage, "remove")
    assert lifted.outputs["pull-request-operation"] == "created"
    assert lifted.headline == "Unfreeze production"
    assert lifted.outputs["hold"] not in stage.repository.files(lifted.outputs["branch"])


def test_lifting_what_is_not_there_names_what_is(stage: Stage) -> None:
    run(stage, "add", application="web", image=f"{WEB}:v1.1.0", mode="commit")
    with pytest.raises(GitOpsError) as caught:
        run(stage, "remove", application="web")
    assert f"--image {WEB}:v1.1.0" in caught.value.fix


def test_lifting_names_the_hold_of_every_application_and_the_freeze_of_all(stage: Stage) -> None:
    run(stage, "add", image=f"{WEB}:v1.1.0", mode="commit")
    run(stage, "add", environment=("all",), mode="commit")
    with pytest.raises(GitOpsError) as caught:
        run(stage, "remove", application="web", image=f"{WEB}:v1.1.0")
    assert caught.value.cause == "1 other is there"
    assert caught.value.fix.endswith(f"--environment production --image {WEB}:v1.1.0")
    with pytest.raises(GitOpsError) as caught:
        run(stage, "remove")
    assert "gitops-action hold --action remove --environment all" in caught.value.fix


@pytest.mark.parametrize(
    ("image", "warned"),
    [
        ("web:v1.1.0", ["; did you mean 'ghcr.io/acme/web'?"]),
        ("ghcr.io/acme/wbe:v1.1.0", ["sets exactly this image"]),
        ("ghcr.io/acme/web:v1.1.0", []),
        (f"mirror.example.com/web@sha256:{'a' * 64}", []),
    ],
)
def test_an_image_that_no_application_declares_is_warned_of(
    tmp_path: Path, image: str, warned: list[str]
) -> None:
    config = f"{CONFIG}applications:\n  web: {{images: [ghcr.io/acme/web]}}\n"
    with bump_stage(tmp_path, {**FILES, ".github/gitops.yaml": config}) as stage:
        notices = run(stage, "add", image=image).notices
    assert len(notices) == len(warned)
    assert all(text in one.text for one, text in zip(notices, warned, strict=True))


def test_former_and_unknown_environments_are_refused(stage: Stage) -> None:
    with pytest.raises(UsageError, match="former name") as caught:
        run(stage, "add", environment=("prod",))
    assert "production" in caught.value.fix
    with pytest.raises(UsageError, match="unknown environment"):
        run(stage, "add", environment=("produktion",))


@pytest.mark.parametrize("until", ["2026-11-23T11:00Z", "2026-11-23T13:00", "soon", "1h1h"])
def test_an_end_that_is_past_or_unclear_is_refused(stage: Stage, until: str) -> None:
    with pytest.raises(UsageError, match="`until` is not valid"):
        run(stage, "add", until=until)


def test_a_checkout_is_edited_in_local_mode(stage: Stage, tmp_path: Path) -> None:
    folder = tmp_path / "checkout"
    folder.mkdir()
    ports = stage.ports(stage.inputs())

    def local(action: str) -> Outcome:
        inputs = HoldInputs(action=action, environment=("all",), mode="local")  # type: ignore[arg-type]
        store = WorktreeStore(folder)
        return hold.run(inputs, hold.HoldPorts(store=store, clock=ports.clock, job=ports.job))

    local("add")
    assert (folder / FOLDER / "all._.freeze.yaml").exists()
    local("remove")
    assert not (folder / FOLDER / "all._.freeze.yaml").exists()


def test_in_a_subfolder_the_checkout_s_holds_are_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".git" / "refs").mkdir(parents=True)
    (tmp_path / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    folder = tmp_path / "production" / "web"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    context = Context(environ={}, redactor=Redactor(), reporter=QUIET)
    given = {"action": "add", "environment": "all", "mode": "local"}
    app.run(check_values(HOLD, with_defaults(HOLD, given, {})), context)
    assert (tmp_path / FOLDER / "all._.freeze.yaml").is_file()
    assert not list(folder.iterdir())


# What a bump makes of them.


def test_a_freeze_lets_a_bump_propose_and_not_commit(stage: Stage) -> None:
    run(stage, "add", environment=("staging",), until="2h", reason="audit", mode="commit")
    outcome = stage.bump(f"{WEB}:v1.1.0")
    assert [pull["operation"] for pull in pull_requests(outcome)] == ["created"]
    assert any(
        "staging is frozen until 2026-11-23 14:00 UTC: audit" in notice.text
        for notice in outcome.notices
    )
    assert outcome.exit_code == 0
    with pytest.raises(HoldError, match="staging is frozen until") as caught:
        stage.bump(f"{WEB}:v1.2.0", mode="commit", allow_downgrade=True)
    assert "--action remove --environment staging" in caught.value.fix


def test_a_pin_keeps_every_version_out(stage: Stage) -> None:
    first = stage.web("v1.1.0")
    run(stage, "add", environment=("all",), application="web", mode="commit")
    with pytest.raises(HoldError, match="web is on hold in staging"):
        stage.bump(f"{WEB}:v1.1.0", allow_downgrade=True)
    assert stage.repository.pull(first["number"]).closed_at is not None
    with pytest.raises(HoldError):
        stage.bump(f"{WEB}:v1.2.0", mode="commit")


def test_an_unreadable_hold_stops_bumps_with_its_line(stage: Stage) -> None:
    path = f"{FOLDER}/production.web.freeze.yaml"
    stage.repository.commit(files={path: "environment: production\nuntl: never\n"})
    with pytest.raises(GitOpsErrors) as caught:
        stage.bump(f"{WEB}:v1.1.0")
    assert f"{path}:2:1" in str(caught.value.errors[0])
    warned = run(stage, "list", environment=())
    assert [str(n.location) for n in warned.notices] == [f"{path}:2:1"]


def test_a_held_version_is_not_carried_over(stage: Stage) -> None:
    """Two images of one application: one of them goes on hold after it was proposed."""
    sidecar = "ghcr.io/acme/sidecar"
    stage.registry.tags |= {f"{sidecar}:v2", f"{sidecar}:v1"}
    both = CLASSIC["applications/web/deployment.yaml"].rstrip("\n") + (
        f"\n        - name: sidecar\n          image: {sidecar}:v1\n"
    )
    stage.repository.commit(files={"applications/web/deployment.yaml": both})
    first = pull_requests(stage.bump(f"{sidecar}:v2"))[0]
    held = {"application": "web", "image": f"{sidecar}:v2", "mode": "commit"}
    run(stage, "add", environment=("staging",), **held)
    second = pull_requests(stage.bump(f"{WEB}:v1.1.0"))[0]
    assert second["number"] == first["number"]
    text = stage.repository.read(second["branch"], "applications/web/deployment.yaml").decode()
    assert f"{sidecar}:v1\n" in text
    assert f"{WEB}:v1.1.0@" in text
