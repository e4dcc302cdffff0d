"""What Flux reported on commits: which statuses count, and what of several decides."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_action.core.deployments.records import CommitState, CommitStatus
from gitops_action.core.flux.commit_statuses import RequestedStatuses, Said, others, reports

OURS, NEWER, NEWEST = "a" * 40, "b" * 40, "c" * 40
WEB = "kustomization/web/0c9c2e41"
ALL = RequestedStatuses(prefix="kustomization/")


def status(words: str, state: CommitState = "success", context: str = WEB) -> CommitStatus:
    return CommitStatus(context=context, state=state, description=words)


@pytest.mark.parametrize(
    ("state", "words", "said"),
    [
        ("success", "reconciliation succeeded", Said.SUCCESS),
        ("success", "upgrade succeeded", Said.SUCCESS),
        ("success", "dependency not ready", Said.PASSING),
        ("failure", "dependency not ready", Said.PASSING),
        ("success", "health check canceled", Said.PASSING),
        ("success", "progressing", Said.PASSING),
        ("success", "rollback succeeded", Said.PASSING),
        ("success", "uninstall succeeded", Said.PASSING),
        ("pending", "reconciliation succeeded", Said.PASSING),
        ("failure", "health check failed", Said.FAILURE),
        ("failure", "Health Check Failed", Said.FAILURE),
        ("failure", "build failed", Said.FAILURE),
        ("failure", "stalled", Said.FAILURE),
        ("failure", "retries exceeded", Said.FAILURE),
        ("failure", "reconciliation failed", Said.FAILING),
        ("failure", "artifact failed", Said.FAILING),
        ("failure", "prune failed", Said.FAILING),
        ("error", "", Said.FAILING),
    ],
)
def test_a_status_says_something_final_or_nothing(
    state: CommitState, words: str, said: Said
) -> None:
    (report,) = reports([(OURS, [status(words, state)])], ALL)
    assert report.said is said


@pytest.mark.parametrize(
    ("prefix", "context", "counts"),
    [
        ("kustomization/", WEB, True),
        ("kustomization/web", WEB, True),
        (WEB, WEB, True),
        ("Kustomization/Web/", WEB, True),
        ("kustomization/other", WEB, False),
        ("helmrelease/", WEB, False),
        ("kustomization/", "ci/kustomization/web", False),
    ],
)
def test_a_context_counts_by_its_prefix(prefix: str, context: str, counts: bool) -> None:
    assert RequestedStatuses(prefix=prefix).matches(context) is counts


def test_each_kustomization_needs_a_status_of_its_own() -> None:
    requested = RequestedStatuses(prefix="kustomization/", names=("web", "Api"))
    other = status("reconciliation succeeded", context="kustomization/web-api/0c9c2e41")
    found = reports([(OURS, [status("reconciliation succeeded"), other])], requested)
    assert [one.said for one in found] == [Said.SUCCESS, Said.NOTHING]
    api = status("reconciliation succeeded", context="kustomization/api/0c9c2e41")
    found = reports([(OURS, [status("reconciliation succeeded"), api])], requested)
    assert [one.said for one in found] == [Said.SUCCESS, Said.SUCCESS]


def test_a_success_on_a_newer_commit_counts_whatever_was_before() -> None:
    commits = [
        (OURS, [status("health check failed", "failure")]),
        (NEWEST, []),
        (NEWER, [status("reconciliation succeeded")]),
    ]
    (report,) = reports(commits, ALL)
    assert (report.said, report.commit) == (Said.SUCCESS, NEWER)


def test_of_failures_the_newest_counts() -> None:
    commits = [
        (OURS, [status("build failed", "failure")]),
        (NEWEST, [status("health check failed", "failure")]),
        (NEWER, [status("reconciliation failed", "failure")]),
    ]
    (report,) = reports(commits, ALL)
    assert (report.said, report.commit, report.words) == (
        Said.FAILURE,
        NEWEST,
        "health check failed",
    )


def test_two_clusters_under_one_name_need_one_each() -> None:
    there = status("health check failed", "failure", context="kustomization/web/11111111")
    requested = RequestedStatuses(prefix="kustomization/", names=("web",))
    found = reports([(OURS, [status("reconciliation succeeded"), there])], requested)
    assert {one.said for one in found} == {Said.SUCCESS, Said.FAILURE}


def test_a_context_of_an_expression_of_ones_own_is_found_by_its_name() -> None:
    requested = RequestedStatuses(prefix="eu/", names=("web",))
    listed = [status("reconciliation succeeded", context="eu/Kustomization/Web")]
    assert reports([(OURS, listed)], requested)[0].said is Said.SUCCESS


def test_what_is_missing_is_named_as_it_would_begin() -> None:
    (by_name, by_prefix) = (RequestedStatuses(prefix="kustomization/", names=("api",)), ALL)
    assert reports([(OURS, [])], by_name)[0].context == "kustomization/api…"
    assert reports([(OURS, [])], by_prefix)[0].context == "kustomization/…"


def test_what_flux_wrote_under_other_names_is_shown() -> None:
    listed = [status("", context=one) for one in (WEB, "ci/build", "kustomization/api/12345678")]
    assert others([(OURS, listed)], RequestedStatuses(prefix="kustomization/web")) == (
        "kustomization/api/12345678",
    )
    assert (
        reports([(OURS, listed)], RequestedStatuses(prefix="helmrelease/"))[0].said is Said.NOTHING
    )


def test_where_flux_wrote_nothing_all_contexts_are_shown() -> None:
    listed = [status("", context=one) for one in ("ci/test", "ci/build", WEB)]
    assert others([(OURS, listed)], ALL) == ("ci/build", "ci/test")


WORDS = ("reconciliation succeeded", "dependency not ready", "health check failed", "apply failed")
CONTEXTS = (WEB, "kustomization/api/0c9c2e41", "ci/build")
STATES: tuple[CommitState, ...] = ("success", "failure", "pending")
ONE = st.builds(status, st.sampled_from(WORDS), st.sampled_from(STATES), st.sampled_from(CONTEXTS))
LISTED = st.lists(ONE, max_size=4, unique_by=lambda one: one.context)


@given(
    own=LISTED,
    newer=LISTED,
    newest=LISTED,
    requested=st.sampled_from([ALL, RequestedStatuses(prefix="x")]),
)
def test_success_is_only_what_flux_said_on_a_commit_that_contains_ours(
    own: list[CommitStatus],
    newer: list[CommitStatus],
    newest: list[CommitStatus],
    requested: RequestedStatuses,
) -> None:
    commits = [(OURS, own), (NEWEST, newest), (NEWER, newer)]
    found = reports(commits, requested)
    assert found
    for one in found:
        good = any(
            each.state == "success" and "not ready" not in each.description
            for _, listed in commits
            for each in listed
            if each.context == one.context
        )
        assert (one.said is Said.SUCCESS) == good
        if one.said is not Said.NOTHING:
            assert requested.matches(one.context)


@given(own=LISTED, newer=LISTED, data=st.data())
def test_neither_the_order_nor_foreign_contexts_decide(
    own: list[CommitStatus], newer: list[CommitStatus], data: st.DataObject
) -> None:
    turned = data.draw(st.permutations(own))
    without = [one for one in newer if ALL.matches(one.context)]
    assert reports([(OURS, own), (NEWER, newer)], ALL) == reports(
        [(OURS, turned), (NEWER, without)], ALL
    )
