"""Which version is promoted: by content, proved records, soak and holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gitops_action.core.config import (
    Config,
    Deploy,
    Environment,
    Gates,
    Hold,
    Promotion,
    Target,
)
from gitops_action.core.deploy.result import Result
from gitops_action.core.deployments.proof import EvaluatedRecord
from gitops_action.core.gates.holds import HoldFacts
from gitops_action.core.history.content import ContentHistory, ContentSpan, LoggedCommit
from gitops_action.core.images import parse_reference
from gitops_action.core.promotion.open import OpenPromotion, moot
from gitops_action.core.promotion.select import (
    Choice,
    EnvironmentFacts,
    PromotionFacts,
    PromotionRequest,
    choose,
)

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
DEPLOY = Deploy(targets=(Target(name="default", engine="push"),))
STAGING = Environment(name="staging", deploy=DEPLOY)
PRODUCTION = Environment(
    name="production", after=("staging",), deploy=DEPLOY, gates=Gates(soak=timedelta(hours=1))
)


def image(version: str, repository: str = "ghcr.io/acme/web") -> str:
    return f"{repository}:{version}@sha256:{int(version.strip('v')):064x}"


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def commit(minutes: float) -> LoggedCommit:
    return LoggedCommit(
        oid=f"{int(minutes) + 10_000:040x}", at=at(minutes), author="a", email="", subject=""
    )


def content(environment: str, *versions: tuple[float, str]) -> ContentHistory:
    """Versions with the minutes at which they were merged, oldest first."""
    spans = tuple(
        ContentSpan(commit=commit(minutes), images={("web", "ghcr.io/acme/web"): (image(version),)})
        for minutes, version in versions
    )
    return ContentHistory(environment=environment, spans=spans[::-1])


def record(  # noqa: PLR0913 - what a deployment is
    minutes: float,
    version: str,
    result: Result = Result.SUCCEEDED,
    *,
    merged: float | None = None,
    environment: str = "staging",
    unproved: str = "",
) -> EvaluatedRecord:
    return EvaluatedRecord(
        number=int(minutes) + 10_000,
        environment=environment,
        commit=commit(minutes if merged is None else merged).oid,
        applications={"web": (image(version),)},
        targets={"default": result},
        result=result,
        started=at(minutes),
        ended=at(minutes + 1),
        unproved=unproved,
    )


def facts(  # noqa: PLR0913 - what a test varies
    staging: tuple[tuple[float, str], ...],
    production: tuple[tuple[float, str], ...],
    records: Sequence[EvaluatedRecord],
    *,
    environments: tuple[Environment, Environment] = (STAGING, PRODUCTION),
    holds: tuple[Hold, ...] = (),
    now: float = 300,
) -> PromotionFacts:
    both = (content("staging", *staging), content("production", *production))
    log = {span.commit.oid: span.commit for one in both for span in one.spans}
    return PromotionFacts(
        environments={
            one.name: EnvironmentFacts(
                environment=one,
                content=each,
                records=tuple(item for item in records if item.environment == one.name),
            )
            for one, each in zip(environments, both, strict=True)
        },
        log=tuple(sorted(log.values(), key=lambda one: one.at, reverse=True)),
        holds=HoldFacts(holds=holds, now=at(now)),
        now=at(now),
    )


def chosen(found: PromotionFacts, asked: PromotionRequest | None = None) -> Choice:
    (choice,) = choose(found, asked or PromotionRequest())
    return choice


def version(choice: Choice) -> str:
    return " ".join(move.after.tag or "" for move in choice.moves if move.after)


def test_what_runs_in_staging_is_promoted_with_the_digest_that_ran() -> None:
    choice = chosen(facts(((0, "v1"), (10, "v2")), ((1, "v1"),), [record(10, "v2")]))
    (move,) = choice.moves
    assert str(move.after) == image("v2")
    assert (choice.source, choice.since, choice.code) == ("staging", at(11), "promotion-proposed")


def test_production_gets_the_newest_that_soaked_although_staging_moves_on() -> None:
    """A version every 10 minutes is never the newest for an hour."""
    versions = tuple((10.0 * n, f"v{n}") for n in range(1, 31))
    long = tuple((minutes, one) for minutes, one in versions if minutes <= 200)
    # The one of minute 200 ran for two hours before the next came.
    late = ((330.0, "v40"), (340.0, "v41"))
    records = [record(minutes, one) for minutes, one in (*long, *late)]
    choice = chosen(facts((*long, *late), ((1, "v0"),), records, now=345))
    assert version(choice) == "v20"
    newest = replace(PRODUCTION, promotion=Promotion(pick="newest"))
    found = facts((*long, *late), ((1, "v0"),), records, environments=(STAGING, newest), now=345)
    assert version(chosen(found)) == "v41"


def test_an_environment_without_deploy_counts_by_being_merged() -> None:
    staging = replace(STAGING, deploy=Deploy())
    found = facts(((0, "v1"), (10, "v2")), ((1, "v1"),), [], environments=(staging, PRODUCTION))
    assert version(chosen(found)) == "v2"
    early = replace(found, now=at(30))
    assert chosen(early).code == "soak-running"


@pytest.mark.parametrize(
    ("records", "code"),
    [
        ([], "after-waiting"),
        ([record(10, "v2", Result.FAILED)], "after-failed"),
        ([record(10, "v2", Result.UNKNOWN)], "after-unknown"),
        ([record(10, "v2", unproved="its run is gone")], "after-waiting"),
        ([record(10, "v2"), record(20, "v2", Result.FAILED, merged=10)], "after-failed"),
        ([record(10, "v2"), record(20, "v2", Result.UNKNOWN, merged=10)], "after-unknown"),
        (
            [record(10, "v2", Result.FAILED), record(20, "v2", merged=10)],
            "promotion-proposed",
        ),
    ],
)
def test_the_newest_finished_record_of_the_version_decides(
    records: list[EvaluatedRecord], code: str
) -> None:
    choice = chosen(facts(((0, "v1"), (10, "v2")), ((1, "v1"),), records))
    assert (choice.code == code) or (code == "after-waiting" and choice.code.startswith("after-"))
    assert bool(choice.moves) == (code == "promotion-proposed")


def test_a_payload_that_its_commit_does_not_describe_verifies_nothing() -> None:
    """The run proves the commit alone: someone wrote v2 into the record of v1's commit."""
    forged = replace(record(20, "v2"), commit=commit(0).oid)
    choice = chosen(facts(((0, "v1"), (30, "v2")), ((1, "v1"),), [forged]))
    assert not choice.moves


def test_a_version_that_was_merged_once_is_not_proposed_again() -> None:
    records = [record(10, "v2")]
    back = facts(((0, "v1"), (10, "v2")), ((1, "v1"), (100, "v2"), (200, "v1")), records)
    assert chosen(back).code == "promotion-proposed-before"
    asked = PromotionRequest(target="production", applications=("web",), version="v2")
    assert version(chosen(back, asked)) == "v2"


def test_a_version_put_back_blocks_the_one_that_it_replaced_and_no_newer_one() -> None:
    production = ((1.0, "v1"), (100.0, "v2"), (200.0, "v1"))
    records = [record(10, "v2"), record(20, "v3")]
    assert version(chosen(facts(((0, "v1"), (10, "v2"), (20, "v3")), production, records))) == "v3"


def test_what_stands_already_is_said() -> None:
    choice = chosen(facts(((0, "v1"), (10, "v2")), ((1, "v1"), (100, "v2")), [record(10, "v2")]))
    assert choice.code == "promotion-stands"
    assert choice.reason == "production describes it already"


def test_a_hold_refuses_its_version_and_the_next_one_passes() -> None:
    hold = Hold(
        environment="production",
        application="web",
        image=parse_reference(image("v2")),
        reason="it leaks",
        file="x",
    )
    held = facts(((0, "v1"), (10, "v2")), ((1, "v1"),), [record(10, "v2")], holds=(hold,))
    choice = chosen(held)
    assert (choice.moves, choice.code) == ((), "promotion-held")
    assert "it leaks" in choice.reason
    records = [record(10, "v2"), record(20, "v3")]
    newer = facts(((0, "v1"), (10, "v2"), (20, "v3")), ((1, "v1"),), records, holds=(hold,))
    assert version(chosen(newer)) == "v3"


def test_a_pin_holds_every_version_and_a_freeze_holds_none_here() -> None:
    pin = Hold(environment="production", application="web", reason="audit", file="x")
    found = facts(((0, "v1"), (10, "v2")), ((1, "v1"),), [record(10, "v2")], holds=(pin,))
    assert chosen(found).code == "promotion-held"
    freeze = Hold(environment="production", reason="incident", file="x")
    assert chosen(replace(found, holds=HoldFacts(holds=(freeze,), now=found.now))).moves


def test_a_version_that_failed_in_the_target_is_not_proposed() -> None:
    failed = record(120, "v2", Result.FAILED, merged=100, environment="production")
    records = [record(10, "v2"), failed]
    production = ((1.0, "v1"), (100.0, "v2"), (200.0, "v1"))
    assert not chosen(facts(((0, "v1"), (10, "v2")), production, records)).moves


def test_a_version_that_was_rolled_back_in_staging_is_not_promoted() -> None:
    staging = ((0.0, "v1"), (10.0, "v2"), (100.0, "v1"))
    records = [record(0, "v1"), record(10, "v2"), record(100, "v1")]
    choice = chosen(facts(staging, ((1, "v0"),), records))
    assert version(choice) == "v1"


def test_by_hand_alone() -> None:
    manual = replace(PRODUCTION, promotion=Promotion(mode="manual"))
    found = facts(
        ((0, "v1"), (10, "v2")), ((1, "v1"),), [record(10, "v2")], environments=(STAGING, manual)
    )
    assert choose(found, PromotionRequest()) == ()
    assert chosen(found, PromotionRequest(target="production")).moves


def test_a_mirror_keeps_its_repository() -> None:
    found = facts(((0, "v1"), (10, "v2")), ((1, "v1"),), [record(10, "v2")])
    mirrored = ContentHistory(
        environment="production",
        spans=(
            ContentSpan(
                commit=commit(1),
                images={("web", "mirror.acme.dev/web"): (image("v1", "mirror.acme.dev/web"),)},
            ),
        ),
    )
    target = replace(found.environments["production"], content=mirrored)
    found = replace(found, environments={**found.environments, "production": target})
    choice = chosen(found)
    (move,) = choice.moves
    assert str(move.after) == image("v2", "mirror.acme.dev/web")
    assert choice.mirrored == (move.after,)  # which the mirror has to have


def test_what_comes_from_the_same_repository_is_no_mirror_s() -> None:
    choice = chosen(facts(((0, "v1"), (10, "v2")), ((1, "v1"),), [record(10, "v2")]))
    assert choice.mirrored == ()


@pytest.mark.parametrize(
    ("verified_in", "code"),
    [
        (("eu", "us"), "promotion-proposed"),
        (("eu",), "after-missing"),
        (("us",), "after-missing"),
    ],
)
def test_every_environment_before_has_to_have_verified_a_version(
    verified_in: tuple[str, ...], code: str
) -> None:
    before = [replace(STAGING, name=name) for name in ("eu", "us")]
    target = replace(PRODUCTION, after=("eu", "us"))
    histories = {name: content(name, (0, "v1"), (10, "v2")) for name in ("eu", "us")}
    histories["production"] = content("production", (1, "v1"))
    log = {span.commit.oid: span.commit for one in histories.values() for span in one.spans}
    found = PromotionFacts(
        environments={
            one.name: EnvironmentFacts(
                environment=one,
                content=histories[one.name],
                records=tuple(
                    record(10, "v2", environment=name) for name in verified_in if name == one.name
                ),
            )
            for one in (*before, target)
        },
        log=tuple(sorted(log.values(), key=lambda one: one.at, reverse=True)),
        holds=HoldFacts(now=at(300)),
        now=at(300),
    )
    assert chosen(found).code == code


def test_a_source_that_is_named_is_promoted_to_what_comes_after_it_alone() -> None:
    found = facts(((0, "v1"), (10, "v2")), ((1, "v1"),), [record(10, "v2")])
    assert len(choose(found, PromotionRequest(source="staging"))) == 1
    assert choose(found, PromotionRequest(source="production")) == ()


def test_what_stands_offers_its_deployment_where_a_person_asks() -> None:
    found = facts(((0, "v1"), (10, "v2")), ((1, "v1"), (100, "v2")), [record(10, "v2")])
    asked = chosen(found, PromotionRequest(target="production"))
    assert "`gitops-action deploy --environment production`" in asked.reason


def test_open_promotions_become_moot() -> None:
    one = OpenPromotion(number=7, environment="production", application="web")
    config = Config(environments=(STAGING, PRODUCTION))
    waits = Choice(environment="production", application="web", code="soak-running", reason="soon")
    stands = replace(waits, code="promotion-stands", reason="production describes it already")
    assert moot(one, config, [waits]) == ""
    assert moot(one, config, [stands]) == "production describes it already"
    assert "is not configured any more" in moot(one, Config(environments=(STAGING,)), [])
    alone = Config(environments=(STAGING, replace(PRODUCTION, after=())))
    assert "does not come after another" in moot(one, alone, [])
