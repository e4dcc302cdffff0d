"""What Deployments carry and tell, as values."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_action.core.deploy.pending import Verified
from gitops_action.core.deploy.result import EnvironmentResult, Failure, Result, TargetResult
from gitops_action.core.deployments.payload import (
    RecordContent,
    audited_trailers,
    read_payload,
    write_payload,
)
from gitops_action.core.deployments.records import (
    JOBS_ACCOUNT,
    DeploymentFacts,
    DeploymentStatus,
    adoption,
    changed_versions,
    deployment_state,
    described,
    is_jobs_own,
    is_retried,
    last_verified,
    recorded_as,
    recorded_of,
    returned_to,
    way_back,
)
from gitops_action.core.outcome import Job

COMMIT = "a" * 40
HASH = f"sha256:{'b' * 64}"
RUN = "https://github.com/acme/environment/actions/runs/7"
CONTENT = RecordContent(environment="production", commit=COMMIT, hash=HASH, key="7/1/production")


def facts(*states: str, payload: object = None, **more: object) -> DeploymentFacts:
    """A Deployment whose statuses are given newest first."""
    return DeploymentFacts(
        number=1,
        environment="production",
        commit=COMMIT,
        payload=write_payload(CONTENT) if payload is None else payload,  # type: ignore[arg-type]
        statuses=tuple(DeploymentStatus(state=state) for state in states),  # type: ignore[arg-type]
        **more,  # type: ignore[arg-type]
    )


@given(
    st.builds(
        RecordContent,
        environment=st.text(min_size=1),
        commit=st.text(min_size=1),
        hash=st.text(),
        key=st.text(),
        run_url=st.text(),
        targets=st.lists(st.text(min_size=1)).map(tuple),
        applications=st.dictionaries(st.text(), st.lists(st.text(min_size=1)).map(tuple)),
        destroyed=st.booleans(),
        trailers=st.dictionaries(st.text(), st.lists(st.text(min_size=1)).map(tuple)),
    )
)
def test_a_payload_is_read_back_whole_also_as_text(content: RecordContent) -> None:
    written = write_payload(content)
    assert read_payload(written) == content
    assert read_payload(json.dumps(written)) == content
    assert read_payload(json.dumps(json.dumps(written))) == content


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_payloads_of_others_are_nobody_s(payload: object) -> None:
    assert read_payload(payload) is None


def test_a_payload_that_would_be_too_large_says_what_it_left_out() -> None:
    many = {f"app-{n}": (f"ghcr.io/acme/app-{n}:v1@sha256:{'0' * 64}",) for n in range(1000)}
    written = write_payload(
        RecordContent(environment="production", commit=COMMIT, applications=many)
    )
    assert written["applications-left-out"] == 1000
    assert len(json.dumps(written)) < 30_000


@pytest.mark.parametrize(
    ("states", "result"),
    [
        (("success", "in_progress", "queued"), Result.SUCCEEDED),
        (("inactive", "success"), Result.SUCCEEDED),
        (("failure", "in_progress"), Result.FAILED),
        (("error", "in_progress"), Result.UNKNOWN),
        (("error", "success"), Result.UNKNOWN),
        (("in_progress", "queued"), Result.UNKNOWN),
        ((), Result.UNKNOWN),
    ],
)
def test_what_statuses_say_of_the_end(states: tuple[str, ...], result: Result) -> None:
    found = recorded_of([facts(*states)])
    assert found is not None
    assert (found.commit, found.hash, found.result) == (COMMIT, HASH, result)


def test_deployments_of_others_are_not_ours() -> None:
    other = write_payload(RecordContent(environment="other", commit=COMMIT))
    assert recorded_of([facts("success", payload={}), facts("success", payload=other)]) is None
    foreign_first = [facts("success", payload={}), facts("failure")]
    found = recorded_of(foreign_first)
    assert found is not None
    assert found.result is Result.FAILED


def ended(result: Result, *, lasting: bool = True) -> DeploymentFacts:
    """A Deployment as a run records its end."""
    failure = Failure(sentence="the account may not patch deployments.apps", lasting=lasting)
    failures = () if result is Result.SUCCEEDED else (failure,)
    target = TargetResult(target="eu", result=result, failures=failures)
    outcome = EnvironmentResult(environment="production", commit=COMMIT, targets=(target,))
    status = DeploymentStatus(state=deployment_state(result), description=recorded_as(outcome))
    return replace(facts(), statuses=(status,))


def test_a_failure_outside_the_content_is_read_back_as_one_with_its_attempts() -> None:
    outside, lasting = ended(Result.FAILED, lasting=False), ended(Result.FAILED)
    found = recorded_of([outside, outside, lasting, outside])
    assert found is not None
    assert (found.retry, found.attempts, found.verified) == (True, 2, None)
    once = recorded_of([lasting, outside, ended(Result.SUCCEEDED)])
    assert once is not None
    assert (once.retry, once.attempts) == (False, 1)
    assert once.verified is not None
    assert once.verified.commit == COMMIT


@pytest.mark.parametrize(
    ("now", "back"),
    [
        (({"web": ("web:v1",)}, "new"), True),
        (({"web": ("web:v0",)}, "new"), False),
        (({"web": ("web:v2",)}, "new"), False),
        (({"web": ("web:v2",)}, HASH), True),
        (({"web": ("web:v1",), "db": ("db:v9",)}, "new"), False),
        (({"web": ("web:v1",), "db": ("db:v2",)}, "new"), True),
    ],
)
def test_what_goes_back_is_known_by_content_or_by_the_images_that_change(
    now: tuple[dict[str, tuple[str, ...]], str], back: bool
) -> None:
    old = replace(CONTENT, applications={"web": ("web:v1",), "db": ("db:v1",)})
    new = replace(CONTENT, hash="of v2", applications={"web": ("web:v2",), "db": ("db:v2",)})
    history = [facts(payload=write_payload(one)) for one in (new, old)]
    described_now = replace(CONTENT, hash=now[1], applications=now[0])
    found = returned_to(described_now, history)
    assert found == ((history[1],) if back else ())


def test_the_last_verified_is_the_newest_that_ever_succeeded() -> None:
    failed, superseded = facts("failure"), facts("inactive", "success")
    foreign = facts("success", payload={})
    assert last_verified([foreign, failed, superseded]) is superseded
    assert last_verified([failed]) is None


def test_a_job_s_own_deployment_is_known_by_its_page_and_adopted_by_a_status() -> None:
    status = DeploymentStatus(state="in_progress", log_url=f"{RUN}/job/3")
    own = DeploymentFacts(
        number=2,
        environment="production",
        commit=COMMIT,
        statuses=(status,),
        creator=JOBS_ACCOUNT,
    )
    assert is_jobs_own(own, commit=COMMIT, run_url=RUN)
    assert not is_jobs_own(own, commit="c" * 40, run_url=RUN)
    assert not is_jobs_own(own, commit=COMMIT, run_url=f"{RUN}1")
    assert recorded_of([own]) is None
    ours = DeploymentStatus(state="queued", description=adoption(HASH))
    adopted = DeploymentFacts(
        number=2, environment="production", commit=COMMIT, statuses=(status, ours)
    )
    found = recorded_of([adopted])
    assert found is not None
    assert found.hash == HASH


DIGEST = f"sha256:{'0' * 64}"


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        ({}, {"web": ("ghcr.io/acme/web:v1",)}, "web v1"),
        ({"web": ("a/web:v1",)}, {"web": ("a/web:v2",)}, "web v1 → v2"),
        ({"web": ("a/web:v1",)}, {"web": ("a/web:v1",)}, ""),
        (
            {"web": (f"a/web@{DIGEST}",)},
            {"web": ("a:5000/web:v2@sha256:1",)},
            "web 000000000000 → v2",
        ),
        ({"web": ("a/web:v1",)}, {"web": (f"a/web:v1@{DIGEST}",)}, "web v1"),
        ({"db": ("a/db:7",)}, {"db": ("a/db:7",), "web": ("a/w:1", "a/x:2")}, "web 1+2"),
        ({"a": ("a:1",)}, {"a": ("a:2",), "b": ("b:3",)}, "a 1 → 2, b 3"),
        ({"gone": ("a:1",)}, {}, ""),
    ],
)
def test_what_changes_is_told_by_versions(
    before: dict[str, tuple[str, ...]], now: dict[str, tuple[str, ...]], told: str
) -> None:
    assert changed_versions(before, now) == told


def test_a_failure_names_what_ran_before_within_the_length_that_github_takes() -> None:
    long = Failure(sentence="it crashed " * 50)
    target = TargetResult(target="eu", result=Result.FAILED, failures=(long,))
    outcome = EnvironmentResult(environment="production", commit=COMMIT, targets=(target,))
    verified = Verified(commit="c" * 40, hash=HASH, applications={"web": ("a/web:v1",)})
    told = recorded_as(outcome, verified)
    assert told.endswith("… (last good: web v1)")
    assert len(told) == 140
    assert is_retried(told)
    many = replace(verified, applications={f"app-{n}": (f"a/app:{n}",) for n in range(9)})
    assert recorded_as(outcome, many).endswith("(last good: cccccccccccc)")
    said = way_back("production", verified)
    assert "web v1, at cccccccccccc" in said
    assert "`gitops-action rollback --environment production`" in said


def test_a_description_names_the_targets_and_fits() -> None:
    result = EnvironmentResult(
        environment="production",
        commit=COMMIT,
        targets=(
            TargetResult(target="eu", result=Result.SUCCEEDED),
            TargetResult(
                target="us",
                result=Result.FAILED,
                failures=(Failure(sentence="it\ncrashed " + "again " * 50),),
            ),
        ),
    )
    text = described(result)
    assert text.startswith("eu succeeded, us failed: it crashed")
    assert len(text) == 140
    assert deployment_state(result.result) == "failure"
    assert deployment_state(Result.UNKNOWN) == "error"


@pytest.mark.parametrize(
    ("commit", "message", "found"),
    [
        ("a" * 40, "Roll back\n\nGitOps-Action: rollback\nOther: x", ("rollback",)),
        ("a" * 40, "Roll back", ()),
        ("b" * 40, "Roll back\n\nGitOps-Action: rollback", ()),
    ],
)
def test_a_record_keeps_our_trailers_of_the_commit_that_a_push_brought(
    commit: str, message: str, found: tuple[str, ...]
) -> None:
    job = Job(event={"head_commit": {"id": "a" * 40, "message": message}})
    trailers = audited_trailers(job, commit)
    assert trailers.get("GitOps-Action", ()) == found
    assert "Other" not in trailers
    payload = write_payload(
        RecordContent(environment="production", commit=commit, trailers=trailers)
    )
    assert payload.get("trailers", {}) == {name: list(each) for name, each in trailers.items()}
