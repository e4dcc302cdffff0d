"""What must not be proposed: steps backwards, and versions under hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest

from gitops_action.commands.bump.plan import (
    DowngradeError,
    HoldError,
    SourceAncestry,
    ancestry_of,
    refuse_backwards,
    refuse_held,
)
from gitops_action.core.config import Application, Hold
from gitops_action.core.images import ImageSource, parse_image_lines, parse_reference
from gitops_action.core.plan import Plan, PlanLine
from gitops_action.core.pull_requests import Comparison

WEB = "ghcr.io/acme/web"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
OLD = ImageSource(repository="acme/web", commit="a" * 40)
NEW = ImageSource(repository="ACME/web", commit="b" * 40)
Status = Literal["ahead", "behind", "diverged", "identical"]


def line(application: str | None, repository: str) -> PlanLine:
    return PlanLine(
        environment="staging",
        application=application,
        file="a.yaml",
        line=1,
        path="image",
        old="",
        new="",
        rule="pod-template",
        reason="",
        repository=repository,
    )


def plan(*previous: str, lines: tuple[PlanLine, ...] = (), **more: Any) -> Plan:
    return Plan(
        environment="staging",
        applications=tuple(sorted({item.application for item in lines if item.application})),
        lines=lines,
        unchanged=(),
        edits={},
        skipped=(),
        previous=tuple(parse_reference(text) for text in previous),
        **more,
    )


@pytest.mark.parametrize(
    ("previous", "requested", "backwards"),
    [
        (("v1.1.0",), "v1.2.0", False),
        (("v1.1.0",), "v1.1.0", False),
        (("v1.2.0",), "v1.1.0", True),
        (("v2.0.0",), "v2.0.0-rc.1", True),
        (("v1.0.0", "v1.2.0"), "v1.1.0", True),
        (("v1.2.0",), "main", False),
        (("main",), "v0.1.0", False),
        (("1.2.3-alpine",), "1.2.3", False),
        ((), "v1.0.0", False),
    ],
)
def test_lower_versions(previous: tuple[str, ...], requested: str, backwards: bool) -> None:
    described = plan(*(f"{WEB}:{tag}" for tag in previous))
    changes = parse_image_lines(f"{WEB}:{requested}")
    if not backwards:
        assert refuse_backwards(described, changes, ()) == ()
        return
    with pytest.raises(DowngradeError) as caught:
        refuse_backwards(described, changes, ())
    said = str(caught.value)
    assert requested in said
    assert max(previous) in said
    assert "staging" in said
    assert "allow-downgrade" in caught.value.fix


def test_other_images_versions_do_not_count() -> None:
    described = plan("ghcr.io/acme/api:v9.0.0", f"{WEB}@sha256:{'a' * 64}")
    assert refuse_backwards(described, parse_image_lines(f"{WEB}:v1.0.0"), ()) == ()


def test_a_digest_alone_is_no_lower_version() -> None:
    changes = parse_image_lines(f"{WEB}@sha256:{'0' * 64}")
    assert refuse_backwards(plan(f"{WEB}:v1.2.0"), changes, ()) == ()


def ancestry(status: Status | None) -> SourceAncestry:
    comparison = Comparison(status=status, total=1) if status else None
    return SourceAncestry(repository=WEB, old=OLD, new=NEW, comparison=comparison)


@pytest.mark.parametrize("status", ["ahead", "identical", None])
def test_commits_that_may_be_proposed(status: Status | None) -> None:
    assert refuse_backwards(plan(), (), (ancestry(status),)) == ()


def test_an_ancestor_is_refused() -> None:
    with pytest.raises(DowngradeError, match="backwards in staging") as caught:
        refuse_backwards(plan(), (), (ancestry("behind"),))
    assert str(NEW) in caught.value.title
    assert str(OLD) in caught.value.cause


def test_a_diverged_commit_is_allowed_and_told() -> None:
    (notice,) = refuse_backwards(plan(), (), (ancestry("diverged"),))
    assert notice.level == "notice"
    assert str(NEW) in notice.text
    assert OLD.commit[:7] in notice.text


@dataclass
class Comparing:
    """A history that knows one answer."""

    answer: Comparison | None = field(default_factory=lambda: Comparison(status="ahead", total=2))
    asked: list[tuple[str, str, str]] = field(default_factory=list)

    def compare(self, *, repository: str, base: str, head: str) -> Comparison | None:
        self.asked.append((repository, base, head))
        return self.answer


def test_commits_of_one_repository_are_compared() -> None:
    history = Comparing()
    found = ancestry_of(WEB, old=OLD, new=NEW, history=history)
    assert found.comparison == history.answer
    assert history.asked == [("ACME/web", OLD.commit, NEW.commit)]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (None, NEW),
        (OLD, None),
        (None, None),
        (ImageSource(repository="acme/moved", commit="a" * 40), NEW),
    ],
)
def test_what_cannot_be_compared_is_not_asked_for(
    old: ImageSource | None, new: ImageSource | None
) -> None:
    history = Comparing()
    found = ancestry_of(WEB, old=old, new=new, history=history)
    assert (found.old, found.new, found.comparison) == (old, new, None)
    assert history.asked == []


def test_without_a_history_nothing_is_compared() -> None:
    assert ancestry_of(WEB, old=OLD, new=NEW, history=None).comparison is None
    assert ancestry_of(WEB, old=OLD, new=NEW, history=Comparing(None)).comparison is None


def hold(image: str = f"{WEB}:v1.1.0", **more: Any) -> Hold:
    given = {"environment": "staging", "application": "web", **more}
    reference = parse_reference(image) if image else None
    return Hold(image=reference, file=".github/gitops/holds/x.yaml", **given)


REQUESTED = f"{WEB}:v1.1.0@sha256:{'a' * 64}"


@pytest.mark.parametrize(
    ("held", "refused"),
    [
        (hold(), True),
        (hold(application=None), True),
        (hold(image=f"{WEB}@sha256:{'a' * 64}"), True),
        (hold(until=NOW + timedelta(seconds=1)), True),
        (hold(until=NOW), False),
        (hold(environment="production"), False),
        (hold(application="api"), False),
        (hold(image=f"{WEB}:v1.0.0"), False),
        (hold(image=f"{WEB}:v1.1.0@sha256:{'b' * 64}"), False),
        (hold(image="ghcr.io/acme/api:v1.1.0"), False),
        (hold(image=""), True),
        (hold(image="", environment="all"), True),
        (hold(image="", application="api"), False),
        (hold(image="", application=None), False),
        (hold(since=NOW + timedelta(seconds=1)), False),
    ],
)
def test_holds(held: Hold, refused: bool) -> None:
    described = plan(lines=(line("web", WEB),))
    changes = parse_image_lines(REQUESTED)
    if not refused:
        refuse_held(described, changes, (held,), NOW)
        return
    with pytest.raises(HoldError):
        refuse_held(described, changes, (held,), NOW)


def test_a_hold_for_another_application_s_use_of_the_image_does_not_count() -> None:
    lines = (line("api", WEB), line("web", "ghcr.io/acme/other"))
    refuse_held(plan(lines=lines), parse_image_lines(REQUESTED), (hold(),), NOW)


@pytest.mark.parametrize("application", [None, "web"])
def test_where_no_application_is_known_every_hold_counts(application: str | None) -> None:
    with pytest.raises(HoldError):
        refuse_held(plan(), parse_image_lines(REQUESTED), (hold(application=application),), NOW)


def test_a_pin_of_another_application_does_not_count_where_the_image_s_owner_is_declared() -> None:
    pin = hold(image="", application="db")
    owner = Application(name="web", images=(WEB,))
    loose = plan(lines=(line(None, WEB),))
    refuse_held(loose, parse_image_lines(REQUESTED), (pin,), NOW, (owner,))
    with pytest.raises(HoldError, match="db is on hold in staging"):
        refuse_held(loose, parse_image_lines(REQUESTED), (pin,), NOW)


def test_what_a_hold_says() -> None:
    held = hold(author="alice", reason="it loses orders", until=NOW + timedelta(days=1))
    with pytest.raises(HoldError) as caught:
        refuse_held(plan(), parse_image_lines(REQUESTED), (held,), NOW)
    said = str(caught.value)
    for part in ("alice", "it loses orders", "2026-11-24 12:00", "staging", held.file):
        assert part in said
    with pytest.raises(HoldError, match="on hold in staging") as caught:
        refuse_held(plan(), parse_image_lines(REQUESTED), (hold(),), NOW)
    assert "someone" in caught.value.cause
