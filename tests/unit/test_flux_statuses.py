"""What Flux reported on commits: which statuses count, and what of several decides."""

from __future__ import annotations

import pytest

from gitops_action.core.deployments.model import CommitState, CommitStatus
from gitops_action.core.flux.statuses import Said, Wanted, others, reports

OURS, NEWER, NEWEST = "a" * 40, "b" * 40, "c" * 40
WEB = "kustomization/web/0c9c2e41"
ALL = Wanted(prefix="kustomization/")


def status(words: str, state: CommitState = "success", context: str = WEB) -> CommitStatus:
    return CommitStatus(context=context, state=state, description=words)


@pytest.mark.parametrize(
    ("state", "words", "said"),
    [
        ("success", "reconciliation succeeded", Said.SUCCESS),
        ("success", "upgrade succeeded", Said.SUCCESS),
        ("success", "dependency not ready", Said.NOTHING),
        ("success", "health check canceled", Said.NOTHING),
        ("success", "progressing", Said.NOTHING),
        ("pending", "reconciliation succeeded", Said.NOTHING),
        ("failure", "health check failed", Said.FAILURE),
        ("failure", "build failed", Said.FAILURE),
        ("failure", "reconciliation failed", Said.FAILING),
        ("failure", "artifact failed", Said.FAILING),
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
    assert Wanted(prefix=prefix).matches(context) is counts


def test_each_kustomization_needs_a_status_of_its_own() -> None:
    wanted = Wanted(prefix="kustomization/", names=("web", "Api"))
    other = status("reconciliation succeeded", context="kustomization/web-api/0c9c2e41")
    found = reports([(OURS, [status("reconciliation succeeded"), other])], wanted)
    assert [one.said for one in found] == [Said.SUCCESS, Said.NOTHING]
    api = status("reconciliation succeeded", context="kustomization/api/0c9c2e41")
    found = reports([(OURS, [status("reconciliation succeeded"), api])], wanted)
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


def test_what_flux_wrote_under_other_names_is_shown() -> None:
    listed = [status("", context=one) for one in (WEB, "ci/build", "kustomization/api/12345678")]
    assert others([(OURS, listed)], Wanted(prefix="kustomization/web")) == (
        "kustomization/api/12345678",
    )
    assert reports([(OURS, listed)], Wanted(prefix="helmrelease/"))[0].said is Said.NOTHING
