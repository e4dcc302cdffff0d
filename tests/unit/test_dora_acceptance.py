"""Each case of DORA with its five figures, calculated by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from gitops_action.adapters.status_page import HtmlPage
from gitops_action.core.config import Application
from gitops_action.core.deployments.proof import EvaluatedRecord
from gitops_action.core.dora.declared import DeclaredCommit
from gitops_action.core.dora.deployments import BranchCommits, environment_deployments
from gitops_action.core.dora.lead_time import CommitGraph, SourceCommitFacts, with_lead_times
from gitops_action.core.dora.metrics import Figures, dora_report, figures
from gitops_action.core.history.rows import version_key
from gitops_action.core.images.oci import ImageSource
from gitops_action.core.report.dora import dora_json
from tests.unit.test_dora import (
    BACK,
    BAD,
    HOUR,
    NOW,
    PERIOD,
    SOURCES,
    V1,
    V2,
    WEB,
    F,
    S,
    U,
    at,
    graph,
    histories,
    image,
    record,
    rolled_back,
)
from tests.unit.test_status_page import report as status_report

EVIL = '<script>alert(1)</script> **x** [y](javascript:z) "&'
API = "acme/api"
Five = tuple[
    float | None,  # deployments a week
    tuple[float, float] | None,  # lead time in hours: median, 90th percentile
    float | None,  # change fail rate
    float | None,  # recovery in hours
    float | None,  # rework rate
]
NOTHING: Five = (None, None, None, None, None)
BOTH_FIRST = {"web": (image("v1"),), "api": (image("v6", "api"),)}
BOTH_THEN = {"web": (image("v2"),), "api": (image("v7", "api"),)}
API_SOURCES = {
    version_key(image("v6", "api")): ImageSource(repository=API, commit="1" * 40),
    version_key(image("v7", "api")): ImageSource(repository=API, commit="2" * 40),
}


def five(
    records: Sequence[EvaluatedRecord],
    commits: CommitGraph,
    *,
    applications: Sequence[Application] = (),
    branch: BranchCommits | None = None,
) -> Five:
    """The figures over four weeks, that is 672 hours."""
    graphs = {WEB: commits, API: graph(("1", 9000, ""), ("2", 65, "1"))}
    sources = {**SOURCES, **API_SOURCES}
    found = [
        with_lead_times(one, sources, graphs)
        for one in histories(*records, applications=applications, branch=branch)
    ]
    return in_hours(figures(found, PERIOD))


def in_hours(found: Figures) -> Five:
    """The five metrics as the table writes them."""
    high = found.lead_time_p90
    return (
        found.frequency,
        (found.lead_time / HOUR, high / HOUR) if found.lead_time and high else None,
        found.change_fail_rate,
        found.recovery / HOUR if found.recovery else None,
        found.rework_rate,
    )


# Versions v1 to v5 are built from b to f. Commits are letter, hours before now, parents.
OLD = (("a", 9000, ""), ("b", 8000, "a"))
CASES: Mapping[str, tuple[Sequence[EvaluatedRecord], CommitGraph, Five]] = {
    # One deployment in 4 weeks: 1/4. Its range has no begin: a (9,000 h) and b do not count.
    "the first recorded deployment does not claim a year of old changes": (
        [V1],
        graph(*OLD),
        (0.25, None, 0.0, None, 0.0),
    ),
    # 2/4 a week. The squash was committed 67 h ago, deployed 60 h ago: 7 h.
    "a squash merge": (
        [V1, V2],
        graph(*OLD, ("c", 67, "b")),
        (0.5, (7, 7), 0.0, None, 0.0),
    ),
    # 2/4. x, y, c: 69-60, 68-60, 67-60 = 9, 8, 7 h; median is rank 2 of 3, 90 % rank 3.
    "a rebase merge": (
        [V1, V2],
        graph(*OLD, ("x", 69, "b"), ("y", 68, "x"), ("c", 67, "y")),
        (0.5, (8, 9), 0.0, None, 0.0),
    ),
    # 2/4. c is a merge and left out; its branch's y: 80-60 = 20 h.
    "a merge commit": (
        [V1, V2],
        graph(*OLD, ("y", 80, "b"), ("c", 70, "by")),
        (0.5, (20, 20), 0.0, None, 0.0),
    ),
    # v2 was merged and never deployed by itself: v3 brings c and d: 70-30, 40-30 = 40, 10 h.
    "several versions in one deployment": (
        [V1, record(30, "v3")],
        graph(*OLD, ("c", 70, "b"), ("d", 40, "c")),
        (0.5, (10, 40), 0.0, None, 0.0),
    ),
    # Two deployments of each of two applications: 4/4. web 67-60 = 7 h, api 65-60 = 5 h.
    "several applications in one deployment": (
        [record(90, "", applications=BOTH_FIRST), record(60, "", applications=BOTH_THEN)],
        graph(*OLD, ("c", 67, "b")),
        (1.0, (5, 7), 0.0, None, 0.0),
    ),
    "nothing to measure": ([], graph(*OLD), NOTHING),
    # Ended 1,000 h ago, and a period has 672: none of the weeks has one, but it was attempted.
    "nothing in the period": (
        [record(1000, "v1")],
        graph(*OLD),
        (0.0, None, None, None, None),
    ),
    # Five deployments: 5/4. Three of five failed, from 60 h to 20 h ago: 40 h. One of five repairs.
    # v5 brings c, d, e, f: 70, 55, 45, 25 less 20 = 50, 35, 25, 5 h; ranks 2 and 4 of 4.
    "one incident over several deployments": (
        [V1, BAD, record(50, "v3", F), record(40, "v4", F), record(20, "v5")],
        graph(*OLD, ("c", 70, "b"), ("d", 55, "c"), ("e", 45, "d"), ("f", 25, "e")),
        (1.25, (25, 50), 3 / 5, 40, 1 / 5),
    ),
    # x is committed 59 h ago, after the deployment that has it: left out. c: 70-60 = 10 h.
    # v3 ended 3 minutes after our clock's now, and so now: d 1-0 = 1 h. Ranks 1 and 2 of 1, 10.
    "clock skew": (
        [V1, V2, record(-0.05, "v3")],
        graph(*OLD, ("x", 59, "b"), ("c", 70, "x"), ("d", 1, "c")),
        (0.75, (1, 10), 0.0, None, 0.0),
    ),
    # v1 four times, one of them failed: one deployment. v2 the second; c: 70-60 = 10 h.
    "configuration alone": (
        [V1, record(80, "v1"), record(70, "v1", F), record(65, "v1"), V2],
        graph(*OLD, ("c", 70, "b")),
        (0.5, (10, 10), 0.0, None, 0.0),
    ),
    # Two of unknown result are passed over. c reached production 60 h ago: 90-60 = 30 h.
    "unknown results": (
        [V1, record(85, "v2", U), record(70, "v2", U), V2],
        graph(*OLD, ("c", 90, "b")),
        (0.5, (30, 30), 0.0, None, 0.0),
    ),
    # v2 failed in one of two clusters, and succeeded in both 10 h later: 3/4, 1/3, 10 h, 1/3.
    "several targets": (
        [
            V1,
            record(60, "v2", F, targets={"eu": S, "us": F}),
            record(50, "v2", targets={"eu": S, "us": S}),
        ],
        graph(*OLD, ("c", 70, "b")),
        (0.75, (20, 20), 1 / 3, 10, 1 / 3),
    ),
    # Years of commits, deployed by hand before there were records. Of v3 and v4 only e counts:
    # 65-60 = 5 h.
    "a history that began before us": (
        [record(90, "v3"), record(60, "v4")],
        graph(*OLD, ("c", 5000, "b"), ("d", 4000, "c"), ("e", 65, "d")),
        (0.5, (5, 5), 0.0, None, 0.0),
    ),
    # Older commits of the application are not read: what v2 brought is not known.
    "a range whose begin was not read": (
        [V1, V2],
        graph(("x", 100, "b"), ("c", 70, "x")),
        (0.5, None, 0.0, None, 0.0),
    ),
    # v2 failed; v1 returned an hour later: 3/4, 1/3, 1 h, 1/3. c never succeeded.
    "a failure, and the way back": (
        [V1, BAD, BACK],
        graph(*OLD, ("c", 70, "b")),
        (0.75, None, 1 / 3, 1, 1 / 3),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_five_figures(name: str) -> None:
    records, commits, expected = CASES[name]
    assert five(records, commits) == expected


def test_a_success_that_a_rollback_takes_back() -> None:
    """Three deployments; v2 succeeded and was taken back: 1/3 failed, no outage, 1/3 rework."""
    back = record(40, "v1")
    found = five(
        [V1, V2, back],
        graph(*OLD, ("c", 70, "b")),
        branch=rolled_back(V2, back, V1),
    )
    assert found == (0.75, (10, 10), 1 / 3, None, 1 / 3)


def test_a_renamed_application() -> None:
    """v1 as `web`, again as `shop`, then v2 as `shop`: two deployments; c: 40-30 = 10 h."""
    records = [
        V1,
        record(60, "", applications={"shop": (image("v1"),)}),
        record(30, "", applications={"shop": (image("v2"),)}),
    ]
    shop = Application(name="shop", images=("ghcr.io/acme/web",), source=WEB)
    found = five(records, graph(*OLD, ("c", 40, "b")), applications=[shop])
    assert found == (0.5, (10, 10), 0.0, None, 0.0)


def test_names_with_html_markdown_and_scripts_change_no_figure_and_stay_text() -> None:
    """As `web`: v1 and v2, 2/4 a week, 67-60 = 7 h."""
    records = [
        record(90, "", applications={EVIL: (image("v1"),)}),
        record(60, "", applications={EVIL: (image("v2"),)}),
    ]
    assert five(records, graph(*OLD, ("c", 67, "b"))) == (0.5, (7, 7), 0.0, None, 0.0)
    dora = dora_report(histories(*records), (), [EVIL], PERIOD)
    page = HtmlPage().page(replace(status_report(), dora=dora))
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    document = json.loads(json.dumps(dora_json(dora)))
    assert [one["application"] for one in document["applications"]] == [EVIL]


def test_ten_thousand_commits_and_two_thousand_deployments() -> None:
    """One every 2 h, each of 5 commits that are 1 to 5 h old then; each fourth fails.

    336 in 672 hours: 84 a week. 1/4 fail, each for 2 h, and 1/4 are the next successes. Of every
    three successes two bring their own five (1 to 5 h), the one after a failure its five and those
    of the failure (3 to 7 h): 1, 2 three times, 3, 4, 5 four times, 6, 7 once. Of 20 the rank 10 is
    3 h, the rank 18 is 5 h.
    """
    size, each = 2_000, 5
    records, commits, sources = [], {}, {}
    before: tuple[str, ...] = ()
    for number in range(size):
        ended = 2 * (size - 1 - number)
        for place in range(each):
            oid = f"{number * each + place:040x}"
            commits[oid] = SourceCommitFacts(at=at(ended + each - place), parents=before)
            before = (oid,)
        sources[version_key(image(f"v{number}"))] = ImageSource(repository=WEB, commit=before[0])
        records.append(record(ended, f"v{number}", F if number % 4 == 3 else S, commit=before[0]))
    places = {oid: place for place, oid in enumerate(reversed(commits))}
    reverts = DeclaredCommit(images=(image("v0"),), undoes=("e" * 40,))
    branch = BranchCommits(places=places, declared=dict.fromkeys(commits, reverts))
    found = environment_deployments("production", records, (), branch, NOW)
    measured = [with_lead_times(one, sources, {WEB: commits}) for one in found]
    assert in_hours(figures(measured, PERIOD)) == (84, (3, 5), 1 / 4, 2, 1 / 4)
    assert figures(measured, PERIOD).commits == 20 * 84
    assert figures(measured, PERIOD).recovery == timedelta(hours=2)
