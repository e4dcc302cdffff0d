"""The DORA metrics, by values that were calculated by hand."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from gitops_action.core.config import Application
from gitops_action.core.deploy.result import Result
from gitops_action.core.deployments.proof import EvaluatedRecord
from gitops_action.core.dora.declared import (
    CommitMessage,
    DeclaredCommit,
    declared_commits,
    image_sources,
)
from gitops_action.core.dora.deployments import (
    ApplicationDeployments,
    BranchCommits,
    environment_deployments,
    records_left_out,
)
from gitops_action.core.dora.lead_time import (
    SourceCommitFacts,
    wanted_sources,
    with_lead_times,
)
from gitops_action.core.dora.metrics import (
    METRICS,
    Figures,
    MetricKey,
    Period,
    dora_report,
    figures,
    nearest_rank,
    period_of,
)
from gitops_action.core.dora.words import basis, chart, heading, value
from gitops_action.core.history.rows import version_key
from gitops_action.core.images.oci import ImageSource
from gitops_action.core.report.dora import dora_json, dora_markdown, dora_table

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
PERIOD = Period(end=NOW, weeks=4)
S, F, U = Result.SUCCEEDED, Result.FAILED, Result.UNKNOWN


def at(hours: float) -> datetime:
    """So many hours before the moment of the report."""
    return NOW - hours * HOUR


def image(version: str, application: str = "web") -> str:
    return f"ghcr.io/acme/{application}:{version}"


def record(  # noqa: PLR0913 - what a record is
    hours: float,
    version: str,
    result: Result = S,
    *,
    commit: str = "",
    targets: Mapping[str, Result] | None = None,
    unproved: str = "",
    applications: Mapping[str, tuple[str, ...]] | None = None,
) -> EvaluatedRecord:
    """A deployment of `web` that took ten minutes."""
    return EvaluatedRecord(
        number=int(10_000 - hours * 10),
        environment="production",
        commit=commit or f"{int(hours * 10):040x}",
        applications=applications or {"web": (image(version),)},
        targets=targets or {"default": result},
        result=result,
        started=at(hours) - timedelta(minutes=10),
        ended=at(hours),
        unproved=unproved,
    )


def histories(
    *records: EvaluatedRecord,
    applications: Sequence[Application] = (),
    branch: BranchCommits | None = None,
) -> tuple[ApplicationDeployments, ...]:
    return environment_deployments(
        "production", records, applications, branch or BranchCommits(), NOW
    )


def measured(*records: EvaluatedRecord, branch: BranchCommits | None = None) -> Figures:
    return figures(histories(*records, branch=branch), PERIOD)


def rolled_back(
    bad: EvaluatedRecord, back: EvaluatedRecord, *older: EvaluatedRecord
) -> BranchCommits:
    """A branch whose newest commit names the one that it takes back."""
    order = [back, bad, *older]
    return BranchCommits(
        places={one.commit: place for place, one in enumerate(order)},
        declared={back.commit: DeclaredCommit(undoes=(bad.commit,))},
    )


V1, V2, V3 = record(90, "v1"), record(60, "v2"), record(30, "v3")
BAD = record(60, "v2", F)
BACK = record(59, "v1")

# deployments, failures' share, outages' median in hours, rework's share
TABLE: Mapping[
    str, tuple[Sequence[EvaluatedRecord], tuple[int, float | None, float | None, float | None]]
] = {
    "nothing": ((), (0, None, None, None)),
    "one success": ((V1,), (1, 0.0, None, 0.0)),
    "two versions": ((V1, V2), (2, 0.0, None, 0.0)),
    "configuration alone is none": (
        (V1, record(80, "v1"), record(70, "v1"), V2),
        (2, 0.0, None, 0.0),
    ),
    "a first failure": ((record(90, "v1", F),), (1, 1.0, None, 0.0)),
    "a failure and its repair by a newer version": ((V1, BAD, V3), (3, 1 / 3, 30.0, 1 / 3)),
    "a failure that is tried again counts once": (
        (V1, BAD, record(59, "v2", F), record(58, "v2", F), V3),
        (3, 1 / 3, 30.0, 1 / 3),
    ),
    "a failure that succeeds when it is tried again": (
        (V1, BAD, record(50, "v2")),
        (3, 1 / 3, 10.0, 1 / 3),
    ),
    "one outage over several failed versions": (
        (V1, BAD, record(50, "v3", F), record(40, "v4", F), record(20, "v5")),
        (5, 3 / 5, 40.0, 1 / 5),
    ),
    "two outages: the nearest rank of 10 and 5 hours": (
        (V1, BAD, record(50, "v3"), record(40, "v4", F), record(35, "v5")),
        (5, 2 / 5, 5.0, 2 / 5),
    ),
    "an outage that goes on": ((V1, BAD), (2, 1 / 2, None, 0.0)),
    "a failure of configuration alone": (
        (V1, record(70, "v1", F), record(65, "v1"), V2),
        (2, 0.0, None, 0.0),
    ),
    "a failure, then what ran before": ((V1, BAD, BACK), (3, 1 / 3, 1.0, 1 / 3)),
    "what is unknown is passed over": (
        (V1, record(80, "v2", U), record(70, "v2", U), record(60, "v2")),
        (2, 0.0, None, 0.0),
    ),
    "an unknown one neither begins nor ends an outage": (
        (V1, BAD, record(50, "v2", U), record(40, "v2")),
        (3, 1 / 3, 20.0, 1 / 3),
    ),
    "of several clusters one failed": (
        (V1, record(60, "v2", F, targets={"eu": S, "us": F}), record(50, "v2")),
        (3, 1 / 3, 10.0, 1 / 3),
    ),
    "of several clusters one failed and one is unknown": (
        (V1, record(60, "v2", U, targets={"eu": U, "us": F}), record(50, "v2")),
        (3, 1 / 3, 10.0, 1 / 3),
    ),
    "all clusters succeeded": (
        (V1, record(60, "v2", targets={"eu": S, "us": S})),
        (2, 0.0, None, 0.0),
    ),
    "a record that proves nothing": (
        (V1, record(60, "v2", unproved="forged")),
        (1, 0.0, None, 0.0),
    ),
}


@pytest.mark.parametrize("name", TABLE)
def test_what_counts(name: str) -> None:
    records, expected = TABLE[name]
    found = measured(*records)
    recovery = found.recovery / HOUR if found.recovery is not None else None
    assert (found.deployments, found.change_fail_rate, recovery, found.rework_rate) == expected


def test_the_order_in_which_records_are_read_does_not_matter() -> None:
    records, expected = TABLE["one outage over several failed versions"]
    assert measured(*reversed(records)).deployments == expected[0]


def test_frequency_is_the_mean_over_weeks_with_those_without_any() -> None:
    """Three in the last of four weeks: 0.75 a week."""
    found = histories(V1, V2, V3)
    assert figures(found, PERIOD).frequency == 0.75
    assert [figures(found, week).frequency for week in PERIOD.each_week()] == [0, 0, 0, 3]


def test_frequency_is_0_where_it_was_attempted_once_and_nothing_where_never() -> None:
    long_ago = histories(record(24 * 100, "v1"))
    assert figures(long_ago, PERIOD).frequency == 0
    assert figures((), PERIOD).frequency is None
    assert figures(histories(record(10, "v1", U)), PERIOD).frequency == 0


def test_an_event_belongs_to_the_week_in_which_it_ended() -> None:
    begun, over = record(7 * 24 + 2, "v2", F), record(7 * 24 - 3, "v3")
    weeks = [
        figures(histories(record(500, "v1"), begun, over), one)
        for one in Period(end=NOW, weeks=2).each_week()
    ]
    assert [one.deployments for one in weeks] == [1, 1]
    assert [one.change_fail_rate for one in weeks] == [1.0, 0.0]
    assert [one.recovery for one in weeks] == [None, 5 * HOUR]


def test_a_period_is_whole_weeks_that_end_now() -> None:
    assert period_of(NOW - timedelta(days=84), NOW).weeks == 12
    assert period_of(NOW - timedelta(days=30), NOW).weeks == 4
    assert period_of(NOW - timedelta(days=2), NOW).weeks == 1
    assert not PERIOD.has(PERIOD.start)
    assert PERIOD.has(NOW)


def test_a_clock_ahead_of_ours_loses_no_deployment() -> None:
    assert measured(V1, record(-0.05, "v2")).deployments == 2


@pytest.mark.parametrize(
    ("hours", "median", "high"),
    [
        ([], None, None),
        ([7], 7, 7),
        ([1, 9], 1, 9),
        ([3, 1, 2], 2, 3),
        (list(range(1, 11)), 5, 9),
        (list(range(1, 21)), 10, 18),
    ],
)
def test_nearest_rank(hours: list[int], median: int | None, high: int | None) -> None:
    spans = [one * HOUR for one in hours]
    expected = [one * HOUR if one is not None else None for one in (median, high)]
    assert [nearest_rank(spans, 0.5), nearest_rank(spans, 0.9)] == expected


# Rollbacks: named by a commit, and shown by the content.


def test_a_success_that_a_rollback_names_failed_and_the_rollback_is_rework() -> None:
    back = record(40, "v1")
    found = measured(V1, V2, back, branch=rolled_back(V2, back, V1))
    assert (found.deployments, found.change_fail_rate, found.rework_rate) == (3, 1 / 3, 1 / 3)
    assert found.recovery is None, "it had succeeded: no outage"


def test_a_rollback_of_a_failure_is_one_failure_and_one_rework() -> None:
    found = measured(V1, BAD, BACK, branch=rolled_back(BAD, BACK, V1))
    assert (found.deployments, found.change_fail_rate, found.rework_rate) == (3, 1 / 3, 1 / 3)
    assert found.recovery == HOUR


def test_a_commit_that_names_but_does_not_return_takes_nothing_back() -> None:
    forward = record(40, "v3")
    found = measured(V1, V2, forward, branch=rolled_back(V2, forward, V1))
    assert (found.change_fail_rate, found.rework_rate) == (0.0, 0.0)


def test_a_return_that_nothing_names_takes_nothing_back() -> None:
    found = measured(V1, V2, record(40, "v1"))
    assert (found.change_fail_rate, found.rework_rate) == (0.0, 0.0)


def test_a_rollback_that_names_a_later_deployment_of_the_same_version() -> None:
    """Configuration was deployed in between; the version that came before it is undone."""
    same, back = record(50, "v2"), record(40, "v1")
    found = measured(V1, V2, same, back, branch=rolled_back(same, back, V2, V1))
    assert (found.deployments, found.change_fail_rate) == (3, 1 / 3)


def test_a_revert_among_several_commits_of_one_deployment() -> None:
    """The commit that is taken back was deployed together with a newer one."""
    back = record(40, "v1", commit="e" * 40)
    places = {"e" * 40: 0, "d" * 40: 1, V2.commit: 2, "c" * 40: 3, V1.commit: 4}
    branch = BranchCommits(places=places, declared={"d" * 40: DeclaredCommit(undoes=("c" * 40,))})
    found = measured(V1, V2, back, branch=branch)
    assert (found.change_fail_rate, found.rework_rate) == (1 / 3, 1 / 3)


# Applications: renamed ones, several in one deployment, those of a neighbour.


def test_several_changes_in_one_deployment_all_count() -> None:
    both = {"web": (image("v2"),), "api": (image("v7", "api"),)}
    first = {"web": (image("v1"),), "api": (image("v6", "api"),)}
    found = histories(record(90, "", applications=first), record(60, "", applications=both))
    assert {one.application: len(one.deployments) for one in found} == {"web": 2, "api": 2}
    assert figures(found, PERIOD).deployments == 4


def test_a_failure_is_that_of_the_application_whose_images_changed() -> None:
    first = {"web": (image("v1"),), "api": (image("v6", "api"),)}
    second = {"web": (image("v2"),), "api": (image("v6", "api"),)}
    found = histories(record(90, "", applications=first), record(60, "", F, applications=second))
    by_name = {one.application: figures([one], PERIOD) for one in found}
    assert by_name["web"].change_fail_rate == 1 / 2
    assert by_name["api"].change_fail_rate == 0.0
    assert by_name["api"].deployments == 1


def test_a_renamed_application_keeps_its_past_by_its_images() -> None:
    today = [Application(name="shop", images=("ghcr.io/acme/web",))]
    renamed = record(60, "", applications={"shop": (image("v1"),)})
    (found,) = histories(
        V1, renamed, record(30, "", applications={"shop": (image("v2"),)}), applications=today
    )
    assert found.application == "shop"
    assert len(found.deployments) == 2, "the new name alone is no deployment"


def test_images_compare_by_digest() -> None:
    one, other = "sha256:" + "a" * 64, "sha256:" + "b" * 64
    by_digest = [
        record(90, "", applications={"web": (f"ghcr.io/acme/web:v1@{one}",)}),
        record(80, "", applications={"web": (f"ghcr.io/acme/web:latest@{one}",)}),
        record(70, "", applications={"web": (f"mirror.example.com/web:v1@{one}",)}),
        record(60, "", applications={"web": (f"ghcr.io/acme/web:latest@{other}",)}),
    ]
    assert measured(*by_digest).deployments == 2


def test_records_that_are_left_out_are_counted() -> None:
    running = EvaluatedRecord(
        number=1, environment="production", commit="a" * 40, started=at(1), url="x"
    )
    without = EvaluatedRecord(
        number=2, environment="production", commit="a" * 40, result=S, started=at(2), ended=at(1)
    )
    told = [record(80, "v2", U), record(60, "v2", unproved="forged"), V1, running, without]
    report = dora_report(histories(*told), records_left_out(told), ["production"], PERIOD)
    assert report.left_out == {"unknown": 1, "unproved": 1, "without images": 1}
    assert heading(report).endswith("left out: 1 unknown, 1 unproved, 1 without images")


# Lead time: from the commits of the application to the first success that has them.

WEB = "acme/web"


def source(letter: str) -> ImageSource:
    return ImageSource(repository=WEB, commit=letter * 40)


SOURCES = {
    version_key(image(f"v{number}")): source(letter) for number, letter in enumerate("abcdef")
}


def graph(*commits: tuple[str, float | None, str]) -> Mapping[str, SourceCommitFacts]:
    """Commits as letter, hours ago, letters of the parents."""
    return {
        letter * 40: SourceCommitFacts(
            at=at(hours) if hours is not None else None,
            parents=tuple(parent * 40 for parent in parents),
        )
        for letter, hours, parents in commits
    }


def lead(records: Sequence[EvaluatedRecord], commits: Mapping[str, SourceCommitFacts]) -> Figures:
    found = [with_lead_times(one, SOURCES, {WEB: commits}) for one in histories(*records)]
    return figures(found, PERIOD)


LINE = graph(("a", 9000, ""), ("b", 8000, "a"), ("x", 100, "b"), ("y", 80, "x"), ("c", 70, "y"))


def test_the_first_recorded_deployment_does_not_claim_a_year_of_old_changes() -> None:
    found = lead([record(90, "v1")], LINE)
    assert (found.lead_time, found.commits, found.unmeasured) == (None, 0, 0)


def test_the_commits_of_a_range_count_each_by_itself() -> None:
    """b → c brings x, y and c, deployed 60 hours ago: 40, 20 and 10 hours."""
    found = lead([V1, V2], LINE)
    assert (found.lead_time, found.lead_time_p90, found.commits) == (20 * HOUR, 40 * HOUR, 3)


def test_a_commit_counts_once_at_its_first_success() -> None:
    """Failed, succeeded, taken back, deployed again: the first success is 50 hours ago."""
    records = [V1, BAD, record(50, "v2"), record(40, "v1"), record(30, "v2")]
    found = lead(records, LINE)
    assert (found.lead_time, found.commits) == (30 * HOUR, 3)


def test_merges_are_left_out_and_a_side_branch_is_not() -> None:
    """c merges y, made on a; b is a squash: one commit."""
    merged = graph(("a", 9000, ""), ("b", 100, "a"), ("y", 80, "a"), ("c", 70, "by"))
    found = lead([V1, V2], merged)
    assert (found.lead_time, found.commits) == (20 * HOUR, 1)


def test_squashed_and_rebased_changes_count_as_the_commits_they_became() -> None:
    rebased = graph(("b", 9000, ""), ("x", 69, "b"), ("y", 68, "x"), ("c", 67, "y"))
    squashed = graph(("b", 9000, ""), ("c", 67, "b"))
    assert lead([V1, V2], rebased).commits == 3
    assert (lead([V1, V2], squashed).commits, lead([V1, V2], squashed).lead_time) == (1, 7 * HOUR)


def test_a_clock_that_is_ahead_leaves_a_commit_out() -> None:
    skewed = graph(("b", 9000, ""), ("x", 59, "b"), ("y", None, "x"), ("c", 70, "y"))
    found = lead([V1, V2], skewed)
    assert (found.lead_time, found.commits, found.commits_left_out) == (10 * HOUR, 1, 2)


def test_a_range_whose_begin_is_not_read_is_not_measured() -> None:
    """Else it would claim all that was read."""
    found = lead([V1, V2], graph(("x", 100, "b"), ("c", 70, "x")))
    assert (found.lead_time, found.commits, found.unmeasured) == (None, 0, 1)


def test_a_version_of_unknown_source_measures_neither_itself_nor_the_next() -> None:
    found = lead([V1, record(60, "hotfix"), record(30, "v2")], LINE)
    assert (found.lead_time, found.unmeasured) == (None, 2)


def test_a_commit_that_was_not_read_is_counted_as_left_out() -> None:
    found = lead([V1, V2], graph(("b", 9000, "a"), ("c", 70, "bz")))
    assert (found.commits, found.commits_left_out) == (0, 1), "c is a merge, z is not read"


def test_only_commits_of_the_period_are_wanted() -> None:
    found = histories(record(3000, "v0"), record(2000, "v1"), V2, V3)
    start = PERIOD.start
    assert wanted_sources(found, SOURCES, start) == {WEB: ("d" * 40, "c" * 40, "b" * 40)}
    assert wanted_sources(histories(V1), SOURCES, start) == {}


# What commits declare.

TRAILERS = f"Bump web\n\nGitOps-Image: {image('v2')}\nGitOps-Source: {WEB}@{'c' * 40}\n"


def message(oid: str, parents: str, text: str) -> CommitMessage:
    return CommitMessage(oid=oid, parents=tuple(parents), text=text)


@pytest.mark.parametrize(
    "messages",
    [
        [message("2", "1", TRAILERS), message("1", "", "begin")],
        [
            message("2", "1b", "Merge pull request #1 from acme/x\n\nBump"),
            message("b", "a1", "Merge branch 'main'"),
            message("a", "1", TRAILERS),
            message("1", "", "begin"),
        ],
    ],
    ids=["squashed or rebased", "merged"],
)
def test_sources_are_found_however_it_was_merged(messages: list[CommitMessage]) -> None:
    declared = declared_commits(["2", "1"], {one.oid: one for one in messages})
    assert image_sources(["2", "1"], declared, ()) == {version_key(image("v2")): source("c")}


def test_of_several_sources_the_application_says_which() -> None:
    text = (
        f"x\n\nGitOps-Image: {image('v2')}\nGitOps-Image: {image('v3', 'api')}\n"
        f"GitOps-Source: {WEB}@{'c' * 40}\nGitOps-Source: acme/api@{'d' * 40}\n"
    )
    declared = declared_commits(["1"], {"1": message("1", "", text)})
    assert image_sources(["1"], declared, ()) == {}
    application = Application(name="web", images=("ghcr.io/acme/web",), source=WEB)
    assert image_sources(["1"], declared, [application]) == {version_key(image("v2")): source("c")}


def test_what_is_undone_is_read_from_trailers_and_reverts() -> None:
    trailers = f"Back\n\nGitOps-Rollback-Of: {'a' * 40}\n"
    revert = f'Revert "x"\n\nThis reverts commit {"b" * 40}.\n'
    messages = {
        "2": message("2", "1", trailers),
        "1": message("1", "0", revert),
        "0": message("0", "", "x\n\nGitOps-Rollback-Of: --upload-pack=x\n"),
    }
    found = declared_commits(["2", "1", "0"], messages)
    assert {oid: one.undoes for oid, one in found.items()} == {
        "2": ("a" * 40,),
        "1": ("b" * 40,),
    }


# How it is shown.


@pytest.mark.parametrize("metric", METRICS, ids=lambda one: one.key)
def test_nothing_to_measure_is_a_dash_and_never_0(metric: object) -> None:
    key: MetricKey = metric.key  # type: ignore[attr-defined]
    assert value(key, Figures()) == "\N{EN DASH}"
    assert not chart(key, [Figures()] * 12).bars


def test_values_in_words() -> None:
    found = Figures(
        deployments=6,
        frequency=0.5,
        lead_time=timedelta(days=2, hours=3, minutes=4),
        lead_time_p90=timedelta(days=4),
        commits=9,
        commits_left_out=1,
        unmeasured=2,
        change_fail_rate=1 / 3,
        recovery=timedelta(minutes=61, seconds=5),
        outages=1,
        ongoing=1,
        rework_rate=0.0,
    )
    assert [value(one.key, found) for one in METRICS] == ["0.5 a week", "2d3h", "33%", "1h1m", "0%"]
    assert [basis(one.key, found) for one in METRICS] == [
        "6 deployments",
        "90th percentile 4d, 9 commits, 1 commit left out, commits of 2 deployments not known",
        "6 deployments",
        "1 outage ended, 1 going on",
        "6 deployments",
    ]


def test_json_has_null_for_nothing_and_seconds() -> None:
    report = dora_report(histories(V1), (), ["production"], PERIOD)
    document = dora_json(report)
    total = document["total"]
    assert isinstance(total, dict)
    assert (total["lead-time-median"], total["recovery-median"]) == (None, None)
    assert (total["deployments-a-week"], total["change-fail-rate"]) == (0.25, 0.0)
    assert document["from"] == "2026-10-31T12:00:00+00:00"


def test_names_act_on_nothing_in_markdown() -> None:
    evil = "<script>@acme **x**"
    bad = record(90, "", applications={evil: (image("v1", "other"),)})
    text = "\n".join(dora_markdown(dora_report(histories(bad), (), [evil], PERIOD)))
    outside = re.sub(r"`[^`\n]*`", "", text)
    assert not re.search(r"<script>|@acme|\*\*x", outside)
    assert dora_table(dora_report(histories(bad), (), [evil], PERIOD))[1][0] == evil


def test_a_chart_has_a_bar_for_each_week_with_a_value() -> None:
    weekly = [Figures(frequency=2.0), Figures(frequency=0.0), Figures(), Figures(frequency=4.0)]
    found = chart("frequency", weekly)
    assert [one.height for one in found.bars] == [24.0, 1.0, 48.0]
    assert found.words == "By week, oldest first: 2.0 a week, 0.0 a week, \N{EN DASH}, 4.0 a week"
    assert all(one.x >= 0 and one.x + one.width <= found.width for one in found.bars)
