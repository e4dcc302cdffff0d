"""What people read after a bump, at a terminal and in the log."""

from __future__ import annotations

import io
import logging
from typing import Any

import pytest

from gitops_action.adapters.github.errors import RequestFailure
from gitops_action.adapters.views import Views
from gitops_action.adapters.workflow import TerminalReporter
from gitops_action.app.session import told_retries
from gitops_action.commands.bump.report import headline, lines_of
from gitops_action.core.images import ImageSource, parse_reference
from gitops_action.core.outcome import Notice, Part, plain
from gitops_action.core.plan import PlanLine, Skipped
from gitops_action.core.redaction.known import Redactor
from gitops_action.core.report.bump import BumpReport, ImageStep, ProposalResult, ProposalView
from gitops_action.errors import Location

URL = "https://github.com/acme/environment/pull/7"
OLD, NEW = "ghcr.io/acme/web:v1.2.2", f"ghcr.io/acme/web:v1.2.3@sha256:{'a' * 64}"


def place(file: str, old: str = OLD, new: str = NEW, path: str = "image") -> PlanLine:
    return PlanLine(
        environment="staging",
        application="web",
        file=file,
        line=8,
        path=path,
        old=old,
        new=new,
        rule="pod-template",
        reason="the image of a container",
        repository="ghcr.io/acme/web",
    )


def result(*lines: PlanLine, **given: Any) -> ProposalResult:
    step = ImageStep(old=parse_reference(OLD), new=parse_reference(NEW))
    skipped = given.pop("skipped", ())
    view = ProposalView(
        environment="staging", base="main", images=(step,), lines=lines, skipped=skipped
    )
    return ProposalResult(view=view, **given)


def told(found: ProposalResult, *, dry_run: bool = False) -> list[str]:
    return [plain(line) for line in lines_of(found, dry_run=dry_run)]


def test_places_stand_in_columns_and_the_address_is_last() -> None:
    lines = told(
        result(
            place("a.yaml"),
            place("applications/web.yaml", old="v1.2.2", new="v1.2.3", path="image.tag"),
            operation="created",
            url=URL,
        )
    )
    assert lines == [
        "",
        "staging  ghcr.io/acme/web v1.2.2 → v1.2.3",
        "  a.yaml:8                 v1.2.2 → v1.2.3@sha256:aaaaaaaaaaaa  image  pod-template",
        "  applications/web.yaml:8  v1.2.2 → v1.2.3                      image.tag  pod-template",
        f"  pull request opened: {URL}",
    ]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("localhost:5000/web:1", "localhost:5000/web:2", "1 → 2"),
        ("web:1", "other:2", "web:1 → other:2"),
        ("web", "web:2", "web → web:2"),
        (f"web@sha256:{'b' * 64}", NEW, f"web@sha256:{'b' * 12} → {NEW[:-52]}"),
        ("a:\n  b", "a:\n  c", "a: b → a: c"),
        ("x" * 300, "y", "x" * 119 + "… → y"),
    ],
)
def test_a_change_is_told_in_short(old: str, new: str, expected: str) -> None:
    assert f"  {expected}  " in told(result(place("a", old=old, new=new)))[2]


def test_what_was_left_alone_and_why_nothing_moved_is_told() -> None:
    skipped = (Skipped(file="chart.yaml", line=3, reason="a template"),)
    lines = told(result(place("a"), skipped=skipped, reason="someone closed #3"))
    assert lines[3:] == ["  left alone: chart.yaml:3: a template", "  someone closed #3"]


def test_a_dry_run_does_not_say_what_it_did_to_the_pull_request() -> None:
    found = result(place("a"), operation="unchanged", url=URL)
    assert told(found, dry_run=True)[-1] == f"  pull request: {URL}"


def test_a_commit_is_named_when_there_is_no_pull_request() -> None:
    found = result(place("a"), branch="main", commit="c" * 40, written=True)
    assert told(found)[-1] == f"  commit {'c' * 12} on main"


@pytest.mark.parametrize(
    ("results", "given", "expected"),
    [
        ((result(),), {}, "Nothing to do, everything is described already"),
        ((result(),), {"dry_run": True}, "Dry run: nothing to do, everything is described already"),
        ((result(place("a")),), {"dry_run": True}, "Dry run: 1 place in 1 file would change"),
        ((result(place("a"), place("b")),), {"mode": "local"}, "Edited 2 files, 2 places"),
        ((result(place("a")),), {"mode": "commit"}, "acme/env: committed a change of 1 file"),
        ((result(place("a")),), {}, "acme/env: nothing was proposed"),
        ((result(operation="closed"),), {}, "acme/env: 1 pull request closed"),
        (
            (result(place("a"), operation="created"), result(place("a"), operation="updated")),
            {},
            "acme/env: 1 pull request opened, 1 pull request updated",
        ),
    ],
)
def test_the_headline_counts_what_was_done(
    results: tuple[ProposalResult, ...], given: dict[str, Any], expected: str
) -> None:
    assert headline(BumpReport(results=results, repository="acme/env", **given)) == expected


@pytest.mark.parametrize(
    ("old", "new", "linked"), [("a" * 40, "b" * 40, True), ("a" * 40, "a" * 40, False)]
)
def test_commits_that_could_not_be_read_are_one_click_away(
    old: str, new: str, *, linked: bool
) -> None:
    step = ImageStep(
        old=parse_reference(OLD),
        new=parse_reference(NEW),
        old_source=ImageSource(repository="acme/web", commit=old),
        new_source=ImageSource(repository="acme/web", commit=new),
    )
    body = Views().body(ProposalView(environment="staging", base="main", images=(step,)))
    assert (f"https://github.com/acme/web/compare/{old}...{new}" in body) is linked


def reporter(*, colour: bool = False, secret: str = "") -> tuple[TerminalReporter, io.StringIO]:
    stream, redactor = io.StringIO(), Redactor()
    if secret:
        redactor.add(secret)
    return TerminalReporter(stream=stream, redactor=redactor, colour=colour), stream


def test_a_terminal_shows_old_and_new_in_colour() -> None:
    terminal, stream = reporter(colour=True)
    terminal.line((Part(text="v1", tone="old"), Part(text=" → "), Part(text="v2", tone="new")))
    assert stream.getvalue() == "\x1b[31mv1\x1b[0m → \x1b[32mv2\x1b[0m\n"


def test_a_stream_that_is_no_terminal_gets_plain_text() -> None:
    terminal, stream = reporter()
    terminal.line((Part(text="v1", tone="old"), Part(text=" → v2\x1b[31m")))
    assert stream.getvalue() == "v1 → v2[31m\n"


@pytest.mark.parametrize("colour", [False, True])
def test_a_secret_that_stands_across_two_parts_is_hidden(*, colour: bool) -> None:
    terminal, stream = reporter(colour=colour, secret="ghs_planted0123")
    terminal.line((Part(text="x ghs_pla", tone="old"), Part(text="nted0123", tone="new")))
    assert "ghs_pla" not in stream.getvalue()
    assert "***" in stream.getvalue()


def test_an_error_is_a_line_with_what_else_there_is_to_say_below() -> None:
    terminal, stream = reporter()
    notice = Notice(
        level="error", text="it has no key\nFix: add it", location=Location(file="a.yaml", line=2)
    )
    terminal.notice(notice, title="The file is wrong")
    terminal.notice(Notice(level="warning", text="look here"))
    assert stream.getvalue() == (
        "error: a.yaml:2: The file is wrong\n  it has no key\n  Fix: add it\nwarning: look here\n"
    )


def test_a_retry_tells_why_and_when_without_what_was_sent() -> None:
    terminal, stream = reporter()
    failure = RequestFailure(status=502, message="Bad Gateway", headers={"x-secret": "y"})
    with told_retries(terminal):
        logging.getLogger("stamina").warning(
            "stamina.retry_scheduled",
            extra={
                "stamina.wait_for": 0.53,
                "stamina.retry_num": 2,
                "stamina.caused_by": repr(failure),
            },
        )
    assert stream.getvalue() == "GitHub answered 502: Bad Gateway; retry 2 in 0.5 s\n"
    assert not logging.getLogger("stamina").handlers
