"""The status page as a document: its structure, its colours, its size, its drawing."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from gitops_action.adapters.status_page import PAGE_LIMIT, HtmlPage
from gitops_action.core.config import Hold
from gitops_action.core.dora.deployments import ApplicationDeployments, CountedDeployment
from gitops_action.core.dora.metrics import METRICS, WEEK, DoraReport, Period, dora_report
from gitops_action.core.status.graph import graph
from gitops_action.core.status.model import (
    EnvironmentChange,
    EnvironmentStatus,
    StatusReport,
    VersionState,
    VersionStatus,
)
from gitops_action.core.status.words import edge_label, opening, sentence
from tests.support.status_pages import NOW
from tests.support.status_pages import report_of as report

EVIL = "\"'><script>alert(1)</script><img src=x onerror=y>\u202e"


def version(
    application: str, name: str, state: VersionState = "was here", hours: int = 1
) -> VersionStatus:
    return VersionStatus(
        application=application,
        version=name,
        image=f"ghcr.io/acme/{application}:{name}",
        state=state,
        since=NOW - timedelta(hours=hours),
        health="healthy" if state == "runs" else None,
        number=hours,
    )


STAGING = EnvironmentStatus(
    name="staging", versions=(version("web", "v2", "runs"), version("web", "v1"))
)
WAITING = EnvironmentChange(
    number=7,
    url="https://github.com/acme/environment/pull/7",
    title="Promote web",
    environment="production",
    versions=(("web", "v2"),),
    word="waiting",
    text="1 of 2 approvals",
)
PRODUCTION = EnvironmentStatus(
    name="production",
    after=("staging",),
    production=True,
    versions=(version("web", "v1", "runs"),),
    proposals=(WAITING,),
)


class Page(HTMLParser):
    """Elements in order, with what they are inside of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for found, attributes in self.elements if found == tag]


def page(*environments: EnvironmentStatus, holds: tuple[Hold, ...] = ()) -> str:
    return HtmlPage().page(report(*environments, holds=holds))


def test_the_structure_is_one_that_screen_readers_know() -> None:
    found = Page(page(STAGING, PRODUCTION))
    assert found.all("html") == [{"lang": "en"}]
    assert [len(found.all(tag)) for tag in ("header", "main", "footer", "nav", "h1")] == [1] * 5
    ids = [attributes["id"] for _, attributes in found.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    levels = [int(tag[1]) for tag, _ in found.elements if re.fullmatch("h[1-6]", tag)]
    assert all(after - before <= 1 for before, after in pairwise(levels))
    for section in found.all("section"):
        assert section["aria-labelledby"] in ids
    for link in found.all("a"):
        assert not link["href"].startswith("#") or link["href"][1:] in ids
    assert {cell.get("scope") for cell in found.all("th")} == {"col", "row"}
    assert len(found.all("caption")) == len(found.all("table")) == 1
    for region in (one for one in found.all("div") if one.get("class") == "scroll"):
        assert region["tabindex"] == "0"
        assert region["aria-label"]
    (drawing,) = found.all("svg")
    assert drawing["role"] == "img"
    assert set(drawing["aria-labelledby"].split()) <= set(ids)


def test_nothing_is_loaded_and_nothing_runs() -> None:
    text = page(STAGING, PRODUCTION)
    found = Page(text)
    loading = {"script", "img", "link", "iframe", "object", "embed", "audio", "video", "use"}
    assert not loading & {tag for tag, _ in found.elements}
    assert not re.search(r"url\(|@import|src=|javascript:", text)
    policy = next(one for one in found.all("meta") if one.get("http-equiv"))
    assert policy["content"] == "default-src 'none'; style-src 'unsafe-inline'"


def test_every_text_is_escaped() -> None:
    named = EnvironmentStatus(
        name=EVIL,
        after=(EVIL,),
        versions=(version(EVIL, EVIL, "runs"),),
        proposals=(
            EnvironmentChange(
                number=1, url="javascript:alert(1)", title=EVIL, environment=EVIL, text=EVIL
            ),
        ),
        url="javascript:alert(1)",
        note=EVIL,
    )
    hold = Hold(environment=EVIL, application=EVIL, reason=EVIL, author=EVIL)
    deployed = ApplicationDeployments(
        application=EVIL,
        environment=EVIL,
        deployments=(CountedDeployment(number=1, ended=NOW - WEEK / 2, images=(EVIL,)),),
    )
    dora = dora_report([deployed], (), [EVIL], Period(end=NOW, weeks=12))
    text = HtmlPage().page(replace(report(named, holds=(hold,)), dora=dora))
    assert "&lt;script&gt;alert(1)" in text[text.index("By application") :]
    found = Page(text)
    assert not {"script", "img"} & {tag for tag, _ in found.elements}
    assert "\u202e" not in text
    assert all(one["href"].startswith(("#", "https://github.com/")) for one in found.all("a"))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_have_enough_contrast(theme: str) -> None:
    """4.5:1 for text (WCAG 2.2, 1.4.3), 3:1 for what is drawn (1.4.11)."""
    light, dark = re.findall(r":root\{([^}]*)\}", page(STAGING))
    colours = dict(part.split(":") for part in (light if theme == "light" else dark).split(";"))
    for ground in ("--back", "--panel"):
        for ink in ("--text", "--quiet", "--link", "--good", "--busy", "--bad", "--held"):
            assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)
        assert contrast(colours["--line"], colours[ground]) >= 3, ground


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return sum(share * part for share, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def metrics(applications: int) -> DoraReport:
    """Twelve weeks in which every application was deployed each week."""
    deployments = tuple(
        CountedDeployment(
            number=week, ended=NOW - week * WEEK, images=("x",), lead_times=(WEEK * (week + 1),)
        )
        for week in range(12)
    )
    histories = [
        ApplicationDeployments(
            application=f"application-{one:02}", environment="production", deployments=deployments
        )
        for one in range(applications)
    ]
    return dora_report(histories, (), ["production"], Period(end=NOW, weeks=12))


def test_each_metric_has_its_figure_definition_and_chart() -> None:
    text = HtmlPage().page(replace(report(STAGING, PRODUCTION), dora=metrics(2)))
    found = Page(text)
    charts = found.all("svg")[1:]
    assert len(charts) == len(METRICS)
    text = unescape(text)
    for metric, drawn in zip(METRICS, charts, strict=True):
        assert metric.definition in text
        assert drawn["aria-label"].startswith(f"{metric.name}. By week, oldest first: ")
    assert "2.0 a week" in text
    assert len(found.all("caption")) == len(found.all("table")) == 2


def large(versions: int) -> StatusReport:
    """Twenty applications in four environments."""
    environments = [
        EnvironmentStatus(
            name=f"environment-{number}",
            after=(f"environment-{number - 1}",) if number else (),
            versions=tuple(
                version(f"application-{name:02}", f"v1.{one}.0", "was here" if one else "runs", one)
                for name in range(20)
                for one in range(versions)
            ),
        )
        for number in range(4)
    ]
    return replace(report(*environments), dora=metrics(20))


def test_a_page_of_a_hundred_versions_each_holds_them_all() -> None:
    text = HtmlPage().page(large(100))
    assert len(text.encode()) <= PAGE_LIMIT
    assert text.count('<p class="value">') == len(METRICS)
    assert text.count("● runs</summary>") == 20 * 4
    for application in range(20):
        (table,) = re.findall(
            rf"<caption>Older versions of application-{application:02}:.*?</table>", text, re.DOTALL
        )
        older = re.findall(r"<th scope=row>([^<]+)", table)
        assert older == [f"v1.{one}.0" for one in range(3, 100)]
        assert "v1.42.0<td>2026-11-26 #42<td>2026-11-26 #42<td>" in table
    assert "not shown" not in text


def test_long_names_and_tags_keep_a_page_small() -> None:
    """Environments of 60, applications of 100 and tags of 128 characters."""
    applications = [f"{number:02}-{'a' * 97}" for number in range(20)]
    environments = [
        EnvironmentStatus(
            name=f"{number}-{'e' * 58}",
            versions=tuple(
                version(name, f"{one:03}-{'t' * 124}", "was here" if one else "runs", one)
                for name in applications
                for one in range(100)
            ),
        )
        for number in range(4)
    ]
    text = HtmlPage().page(replace(report(*environments), dora=metrics(20)))
    assert len(text.encode()) <= PAGE_LIMIT
    assert text.count("● runs</summary>") == 20 * 4
    assert text.count(" older versions of ") >= 20


@pytest.mark.parametrize(("number", "kept"), [(1, 9_000), (200, 900), (900, 150)])
def test_long_reasons_keep_a_page_small(number: int, kept: int) -> None:
    holds = tuple(Hold(environment=f"e{one}", reason="r" * 50_000) for one in range(number))
    text = page(STAGING, holds=holds)
    assert len(text.encode()) <= PAGE_LIMIT
    assert text.count("everything in e") == number
    assert text.count("r" * kept) == number


def test_marks_do_not_pile_up_over_other_lines() -> None:
    title = "e\u0301\u0323 " + "x" + "\u0301" * 40
    text = page(replace(PRODUCTION, proposals=(replace(WAITING, title=title),)))
    assert "#7 e\u0301\u0323 x\u0301\u0301\u0301\\u0301" in text
    assert "\u0301" * 4 not in text


def test_a_larger_page_says_what_it_leaves_out() -> None:
    versions = tuple(version("web", f"v{one}", "was here", one) for one in range(1, 151))
    running = EnvironmentStatus(name="dev", versions=(version("web", "v0", "runs"), *versions))
    text = HtmlPage().page(report(running), limit=12_000)
    assert len(text.encode()) <= 12_000
    assert "50 older versions of web are not shown" in text
    assert "100 older versions of web</summary>" in text
    assert "● runs</summary>" in text


def test_older_versions_say_in_words_what_was_not_simply_here() -> None:
    hold = Hold(environment="production", application="web", reason="errors")
    versions = (
        *(version("web", f"v{20 - one}", hours=one) for one in range(10)),
        version("web", "v3", "failed", 30),
        replace(version("web", "v2", "was here", 40), hold=hold),
        version("web", "v1", "skipped", 50),
    )
    text = page(EnvironmentStatus(name="production", versions=versions))
    assert "<th scope=row>v3<td>failed 2026-11-27 #30\n" in text
    assert "<th scope=row>v2<td>2026-11-26 #40 on hold\n" in text
    assert "<th scope=row>v1<td>skipped 2026-11-26 #50\n" in text


def test_sentences() -> None:
    assert sentence(PRODUCTION) == (
        "production runs web v1 since Sat 2026-11-28 08:05Z, healthy; "
        "web v2 waits: 1 of 2 approvals"
    )
    assert sentence(EnvironmentStatus(name="dev")) == "dev: nothing is known to run"


def test_the_edge_names_the_closed_gate() -> None:
    assert edge_label(PRODUCTION) == "#7 1 of 2 approvals"
    assert edge_label(STAGING) == "open"
    closed = EnvironmentStatus(name="x", closed="window until 2026-11-30 08:00Z")
    assert edge_label(closed) == "window until 2026-11-30 08:00Z"
    until = datetime(2026, 11, 28, 17, tzinfo=UTC)
    frozen = EnvironmentStatus(name="x", frozen=Hold(environment="x", reason="4711", until=until))
    assert edge_label(frozen) == "frozen until 2026-11-28 17:00Z: 4711"


OPENS = datetime(2026, 11, 30, 8, tzinfo=UTC)
FREEZE = Hold(environment="x", reason="audit", until=datetime(2026, 12, 4, 6, tzinfo=UTC))


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        (EnvironmentStatus(name="x"), ""),
        (EnvironmentStatus(name="x", closed="window", opens=OPENS), "opens Mon 2026-11-30 08:00Z"),
        (EnvironmentStatus(name="x", frozen=FREEZE), "opens Fri 2026-12-04 06:00Z"),
        (
            EnvironmentStatus(name="x", frozen=replace(FREEZE, until=None), opens=OPENS),
            "",  # nobody knows when a freeze without an end ends
        ),
        (
            EnvironmentStatus(name="x", frozen=FREEZE, closed="window", opens=OPENS),
            "opens Fri 2026-12-04 06:00Z",
        ),
        (
            EnvironmentStatus(name="x", proposals=(replace(WAITING, opens=OPENS),)),
            "opens Mon 2026-11-30 08:00Z at the earliest",
        ),
        (
            EnvironmentStatus(
                name="x",
                proposals=(replace(WAITING, opens=NOW + timedelta(hours=1)),),
                closed="window",
                opens=OPENS,
            ),
            "opens Mon 2026-11-30 08:00Z at the earliest",
        ),
        (EnvironmentStatus(name="x", proposals=(WAITING,)), ""),
        (EnvironmentStatus(name="x", proposals=(replace(WAITING, opens=NOW),)), ""),
        (EnvironmentStatus(name="x", proposals=(replace(WAITING, word="ready"),)), ""),
    ],
)
def test_when_the_closed_gate_opens(environment: EnvironmentStatus, said: str) -> None:
    assert opening(environment, NOW) == said
    drawn = page(environment)
    assert drawn.count(said) >= 2 if said else "opens" not in drawn
    (edge,) = graph([environment], NOW).edges
    assert edge.lines[1:] == ((said,) if said else ())


@pytest.mark.parametrize("words", ["until the database is ready", "open", "2 pull requests ready"])
def test_no_words_make_an_edge_open(words: str) -> None:
    frozen = EnvironmentStatus(name="a", frozen=Hold(environment="a", reason=words))
    closed = EnvironmentStatus(name="b", closed=words)
    waits = EnvironmentStatus(name="c", proposals=(replace(PRODUCTION.proposals[0], text=words),))
    assert [edge.open for edge in graph([frozen, closed, waits, STAGING], NOW).edges] == [
        *(False, False, False, True)
    ]


@pytest.mark.parametrize(
    ("state", "said"), [("failed", "failed"), ("unknown", "ended with an unknown result")]
)
def test_a_newest_version_without_a_success_needs_attention(state: VersionState, said: str) -> None:
    versions = (version("web", "v2", state), version("web", "v1", "runs", 3))
    one = EnvironmentStatus(name="dev", versions=versions)
    assert f"; web v2 {said}" in sentence(one)
    assert "Attention" in HtmlPage().page(report(one))
    older = replace(one, versions=(version("web", "v3", "runs"), versions[0]))
    assert "Attention" not in HtmlPage().page(report(older))


BACK = "gitops-action rollback --environment dev --application web"


@pytest.mark.parametrize(
    ("versions", "good"),
    [
        ((version("web", "v2", "failed"), version("web", "v1", "runs", 3)), "web v1"),
        ((version("web", "v2", "failed"), version("web", "v1", "was here", 3)), "web v1"),
        ((version("web", "v2", "unknown"), version("web", "v1", "runs", 3)), ""),
        ((version("web", "v2", "failed"), version("api", "v1", "runs", 3)), ""),
        ((version("web", "v2", "failed"), version("web", "v1", "skipped", 3)), ""),
        ((version("web", "v3", "runs"), version("web", "v2", "failed")), ""),
        (
            (
                version("web", "v3", "failed"),
                replace(version("web", "v2", hours=2), hold=Hold(environment="dev", reason="x")),
                version("web", "v1", hours=3),
            ),
            "web v1",
        ),
        (
            (
                version("web", "v3", "failed"),
                replace(version("web", "v2", "runs", 2), health="unverified"),
                version("web", "v1", hours=3),
            ),
            "web v1",
        ),
    ],
)
def test_a_failure_names_the_last_good_version_and_the_way_back(
    versions: tuple[VersionStatus, ...], good: str
) -> None:
    one = EnvironmentStatus(name="dev", versions=versions)
    way = f"last good: {good}, to which this goes back: {BACK}"
    for text in (sentence(one), page(one)):
        assert (way in text) is bool(good)
        assert (BACK in text) is bool(good)


def test_applications_that_failed_together_go_back_together() -> None:
    versions = tuple(
        version(name, state, found, hours)  # type: ignore[arg-type]  # a table of literals
        for name in ("web", "api")
        for state, found, hours in (("v2", "failed", 1), ("v1", "runs", 2))
    )
    one = EnvironmentStatus(name="dev", versions=versions)
    assert sentence(one).endswith(
        "last good: web v1, api v1, to which this goes back: gitops-action rollback"
        " --environment dev --application api --application web"
    )
