"""The outcome of a bump as outputs and notices."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

import pytest

from gitops_action.adapters.views import UserTemplates, Views
from gitops_action.commands.bump.plan import PlannedEnvironment
from gitops_action.commands.bump.report import bump_outcome
from gitops_action.commands.bump.request import BumpRequest, VerifiedImage
from gitops_action.core.config import Environment
from gitops_action.core.discovery import Skipped
from gitops_action.core.images import parse_image_lines, parse_reference
from gitops_action.core.inputs.bump import BumpInputs
from gitops_action.core.outcome import Job, Notice, Outcome
from gitops_action.core.plan import Plan, PlanLine
from gitops_action.core.report.bump import ImageStep, ProposalResult, ProposalView
from gitops_action.errors import GitOpsError, GitOpsErrors, Location, UsageError

DIGEST = "sha256:" + "a" * 64
WEB = f"ghcr.io/acme/web:v2@{DIGEST}"
WARNING = Notice(level="warning", text="could not be verified")
NOTE = Notice(level="notice", text="has diverged")


def line(environment: str, file: str = "web.yaml") -> PlanLine:
    return PlanLine(
        environment=environment,
        application="web",
        file=file,
        line=12,
        path="spec.image",
        old="v1",
        new="v2",
        rule="pod-template",
        reason="a container's image",
        repository="ghcr.io/acme/web",
    )


def view(environment: str = "staging", **more: Any) -> ProposalView:
    step = ImageStep(old=parse_reference("ghcr.io/acme/web:v1"), new=parse_reference(WEB))
    given: dict[str, Any] = {"lines": (line(environment),), "images": (step,), **more}
    return ProposalView(environment=environment, base="main", **given)


def planned(shown: ProposalView, *notices: Notice, looked_up: tuple[Notice, ...] = ()) -> Any:
    (change,) = parse_image_lines(WEB)
    image = VerifiedImage(change=change, facts=None, notices=looked_up)
    plan = Plan(
        environment=shown.environment,
        applications=("web",),
        lines=shown.lines,
        unchanged=(),
        edits={},
        skipped=(),
    )
    return PlannedEnvironment(
        environment=Environment(name=shown.environment),
        requested=BumpRequest(images=(image,), sets=()),
        plan=plan,
        view=shown,
        notices=notices,
    )


def proposed(shown: ProposalView, number: int, operation: Any = "created") -> ProposalResult:
    return ProposalResult(
        view=shown,
        operation=operation,
        number=number,
        url=f"https://github.com/acme/environment/pull/{number}",
        branch=f"gitops/{shown.environment}/web",
        commit=str(number) * 40,
    )


def outcome(
    results: list[ProposalResult],
    errors: tuple[GitOpsError, ...] = (),
    plans: list[Any] | None = None,
    **inputs: Any,
) -> Outcome:
    given = BumpInputs(repository="acme/environment", images=WEB, **inputs)
    texts = Views(UserTemplates(), Job())
    plans = [planned(result.view) for result in results] if plans is None else plans
    return bump_outcome(given, texts, plans, results, errors)


def test_one_pull_request() -> None:
    found = outcome([proposed(view(), 7)])
    url = "https://github.com/acme/environment/pull/7"
    plain = {name: text for name, text in found.outputs.items() if not text.startswith("[")}
    assert plain == {
        "changed": "true",
        "files": "web.yaml",
        "image": WEB,
        "tag": "v2",
        "digest": DIGEST,
        "pull-request-number": "7",
        "pull-request-url": url,
        "pull-request-operation": "created",
        "branch": "gitops/staging/web",
        "commit": "7" * 40,
    }
    assert json.loads(found.outputs["plan"]) == [
        {
            "environment": "staging",
            "application": "web",
            "file": "web.yaml",
            "line": 12,
            "path": "spec.image",
            "old": "v1",
            "new": "v2",
            "rule": "pod-template",
        }
    ]
    assert json.loads(found.outputs["pull-requests"]) == [
        {
            "environment": "staging",
            "number": 7,
            "url": url,
            "operation": "created",
            "branch": "gitops/staging/web",
            "commit": "7" * 40,
        }
    ]
    assert found.data["changed"] is True
    assert found.data["plan"] == json.loads(found.outputs["plan"])
    assert found.data["tag"] == "v2"
    assert url in found.summary
    assert (found.exit_code, found.notices) == (0, ())


@pytest.mark.parametrize(
    ("operation", "changed"),
    [("created", "true"), ("updated", "true"), ("unchanged", "false"), ("closed", "false")],
)
def test_what_counts_as_changed(operation: str, changed: str) -> None:
    found = outcome([proposed(view(), 7, operation)])
    assert found.outputs["changed"] == changed
    assert found.outputs["pull-request-operation"] == operation


def test_a_commit_without_a_pull_request() -> None:
    result = ProposalResult(view=view(), branch="main", commit="c" * 40, written=True)
    found = outcome([result], mode="commit")
    assert found.outputs["changed"] == "true"
    assert (found.outputs["branch"], found.outputs["commit"]) == ("main", "c" * 40)
    assert found.outputs["pull-requests"] == "[]"
    assert found.outputs["pull-request-number"] == ""


def test_a_dry_run_plans_and_changes_nothing() -> None:
    result = ProposalResult(view=view(), reason="dry run: would open a pull request")
    found = outcome([result], dry_run=True)
    assert found.outputs["changed"] == "false"
    assert len(json.loads(found.outputs["plan"])) == 1
    assert "dry run" in found.headline.lower()


def test_the_single_outputs_are_those_of_the_first_pull_request() -> None:
    nothing = ProposalResult(view=view("early", lines=()), reason="described already")
    found = outcome([nothing, proposed(view("eu"), 8), proposed(view("us"), 9)])
    first = json.loads(found.outputs["pull-requests"])[0]
    assert [item["number"] for item in json.loads(found.outputs["pull-requests"])] == [8, 9]
    assert found.outputs["pull-request-number"] == "8"
    assert (found.outputs["branch"], found.outputs["commit"]) == (first["branch"], first["commit"])
    assert found.outputs["files"] == "web.yaml"


def test_files_are_listed_once() -> None:
    lines = (line("staging"), line("staging", "api.yaml"), line("staging"))
    found = outcome([proposed(view(lines=lines), 7)])
    assert [PurePosixPath(f).name for f in found.outputs["files"].splitlines()] == [
        "web.yaml",
        "api.yaml",
    ]


def test_nothing_to_do() -> None:
    found = outcome([ProposalResult(view=view(lines=()), reason="main describes this already")])
    assert found.outputs["changed"] == "false"
    assert (found.outputs["plan"], found.outputs["files"]) == ("[]", "")
    assert "nothing to do" in found.headline.lower()
    assert found.exit_code == 0


def test_what_was_left_alone_is_told() -> None:
    skipped = Skipped(file="chart/templates/web.yaml", line=3, reason="it is a template")
    found = outcome([proposed(view(skipped=(skipped,)), 7)])
    assert "chart/templates/web.yaml" in f"{found.lines}"
    assert "it is a template" in f"{found.lines}"


def test_notices_are_told_once() -> None:
    shown = view(notes=(WARNING.text, NOTE.text, "the label is missing"))
    plans = [planned(shown, NOTE, looked_up=(WARNING,)), planned(shown, looked_up=(WARNING,))]
    found = outcome([proposed(shown, 7), proposed(shown, 8)], plans=plans)
    missing = Notice(level="warning", text="the label is missing")
    assert found.notices == (WARNING, NOTE, missing)


def test_what_failed_after_others_went_is_told_and_fails() -> None:
    place = Location(file="eu/web.yaml", line=3)
    errors = (
        GitOpsError("eu is protected", fix="ask", location=place),
        GitOpsErrors("us does not parse", (UsageError("tab in a.yaml"), UsageError("b.yaml"))),
    )
    found = outcome([proposed(view(), 7)], errors)
    told = [(notice.level, notice.text) for notice in found.notices]
    assert told == [
        ("error", "eu/web.yaml:3: eu is protected. Fix: ask"),
        ("error", "tab in a.yaml"),
        ("error", "b.yaml"),
    ]
    assert found.notices[0].location == place
    assert found.exit_code == 2
    assert found.outputs["pull-request-number"] == "7"


def test_without_any_image_the_image_outputs_are_empty() -> None:
    shown = replace(view(), images=(), sets=("a.yaml: b = 1",))
    found = outcome([proposed(shown, 7)])
    assert [found.outputs[name] for name in ("image", "tag", "digest")] == ["", "", ""]
