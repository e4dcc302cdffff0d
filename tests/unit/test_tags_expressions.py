"""Expressions in double braces, and dates in Moment.js' tokens."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gitops_action.core.tags.expressions import expand, global_names, is_raw
from gitops_action.core.tags.moment import moment_format
from tests.support.tag_events import NOW, context

MOMENT = datetime(2021, 1, 3, 15, 5, 9, 123_456, tzinfo=UTC)
"""A Sunday: the last day of ISO's week 53 of 2020, the first of the English week 2 of 2021."""


@pytest.mark.parametrize(
    ("event", "text", "expected"),
    [
        ("main", "{{branch}}", "main"),
        ("slash", "{{branch}}", "my/feature#1&more"),
        ("pr", "[{{branch}}]", "[]"),
        ("v1.2.3", "[{{branch}}]", "[]"),
        ("v1.2.3", "{{tag}}", "v1.2.3"),
        ("mono", "{{tag}}", "p1/v1.0.0"),
        ("main", "[{{tag}}]", "[]"),
        ("main", "{{sha}}", "90dd603"),
        ("pr", "{{base_ref}}", "main"),
        ("target", "{{base_ref}}", "main"),
        ("v1.2.3", "{{base_ref}}", "main"),
        ("beta", "[{{base_ref}}]", "[]"),
        ("main", "[{{base_ref}}]", "[]"),
        ("main", "{{is_default_branch}} {{is_not_default_branch}}", "true false"),
        ("dev", "{{is_default_branch}} {{is_not_default_branch}}", "false true"),
        ("dispatch-dev", "{{is_default_branch}}", "false"),
        ("v1.2.3", "{{is_default_branch}}", "false"),
        ("pr", "{{is_default_branch}}", "false"),
        ("target", "{{is_default_branch}}", "false"),
        ("schedule", "{{is_default_branch}}", "true"),
        ("nothing", "{{is_default_branch}}", "false"),
        ("main", "{{ branch }}-{{{sha}}}", "main-90dd603"),
        ("main", "{{date 'YYYYMMDD'}}", "20200110"),
        ("main", '{{date "YYYYMMDD"}}', "20200110"),
        ("main", "{{date 'YYYYMMDD-HHmmss' tz='Asia/Tokyo'}}", "20200110-093000"),
        ("main", "{{commit_date 'YYYYMMDD'}}", "20191231"),
        ("main", "{{commit_date 'YYYYMMDD' tz='Asia/Tokyo'}}", "20200101"),
        ("main", "{{commit_date 'YYYY-MM-DDTHH:mm:ss.SSS[Z]'}}", "2019-12-31T23:05:07.000Z"),
        ("main", "{{commit_date YYYY-MM-DD}}", "2019-12-31T23:05:07Z"),
        ("main", "{{date}}", "2020-01-10T00:30:00Z"),
        ("main", "{{date tz='Asia/Tokyo'}}", "2020-01-10T09:30:00+09:00"),
        ("main", "no expression } here {", "no expression } here {"),
    ],
)
def test_global_expressions(event: str, text: str, expected: str) -> None:
    assert expand(text, global_names(context(event))) == expected


@pytest.mark.parametrize("event", ["create", "discussion", "discussion_comment", "issues"])
def test_events_that_always_run_on_the_default_branch(event: str) -> None:
    found = context("dev", event_name=event)
    assert expand("{{is_default_branch}}", global_names(found)) == "true"


@pytest.mark.parametrize(
    ("pattern", "raw"),
    [
        ("{{raw}}", True),
        ("{{ raw}}", True),
        ("{{ raw }}", True),
        ("{{raw}}-x", False),
        ("{{ raw }}.{{ version }}", False),
        ("{{ version }},{{raw }.", False),
        ("raw", False),
    ],
)
def test_raw_alone(pattern: str, raw: bool) -> None:
    assert is_raw(pattern) is raw


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("YYYYYY YYYYY YYYY YY Y", "+002021 02021 2021 21 2021"),
        ("yyyy y", "2021 2021"),
        ("N NN NNN NNNN NNNNN", "AD AD AD Anno Domini AD"),
        ("Q Qo", "1 1st"),
        ("M Mo MM MMM MMMM", "1 1st 01 Jan January"),
        ("D Do DD DDD DDDo DDDD", "3 3rd 03 3 3rd 003"),
        ("d do dd ddd dddd", "0 0th Su Sun Sunday"),
        ("e E", "0 7"),
        ("w wo ww gg gggg ggggg", "2 2nd 02 21 2021 02021"),
        ("W Wo WW GG GGGG GGGGG", "53 53rd 53 20 2020 02020"),
        ("H HH h hh k kk", "15 15 3 03 15 15"),
        ("m mm s ss", "5 05 9 09"),
        ("S SS SSS SSSS SSSSSS SSSSSSSSS", "1 12 123 1234 123456 123456000"),
        ("a A", "pm PM"),
        ("z zz Z ZZ", "UTC UTC +00:00 +0000"),
        ("X x", "1609686309 1609686309123"),
        ("LT", "3:05 PM"),
        ("LTS", "3:05:09 PM"),
        ("L", "01/03/2021"),
        ("LL", "January 3, 2021"),
        ("LLL", "January 3, 2021 3:05 PM"),
        ("LLLL", "Sunday, January 3, 2021 3:05 PM"),
        ("l", "1/3/2021"),
        ("ll", "Jan 3, 2021"),
        ("lll", "Jan 3, 2021 3:05 PM"),
        ("llll", "Sun, Jan 3, 2021 3:05 PM"),
        ("dddd, MMMM Do YYYY, h:mm:ss a", "Sunday, January 3rd 2021, 3:05:09 pm"),
        ("[Week] W [of] GGGG", "Week 53 of 2020"),
        (r"\YYYY \M", "YYYY M"),
        ("[]", ""),
        ("Hmmss hmm", "150509 305"),
        ("-_.", "-_."),
    ],
)
def test_moment_tokens(pattern: str, expected: str) -> None:
    assert moment_format(MOMENT, pattern, "UTC") == expected


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        *[(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th"), (13, "13th")],
        *[(21, "21st"), (22, "22nd"), (23, "23rd"), (30, "30th"), (31, "31st")],
    ],
)
def test_ordinals(day: int, expected: str) -> None:
    assert moment_format(datetime(2021, 5, day, tzinfo=UTC), "Do", "UTC") == expected


@pytest.mark.parametrize(
    ("moment", "pattern", "expected"),
    [
        (datetime(2021, 6, 1, 0, 7, tzinfo=UTC), "h hh k kk a", "12 12 24 24 am"),
        (datetime(2021, 6, 1, 12, 0, tzinfo=UTC), "h A", "12 PM"),
        (datetime(2020, 12, 31, tzinfo=UTC), "DDDD ww gggg WW GGGG", "366 01 2021 53 2020"),
        (datetime(2022, 1, 1, tzinfo=UTC), "ww gggg WW GGGG", "01 2022 52 2021"),
    ],
)
def test_edges_of_days_and_years(moment: datetime, pattern: str, expected: str) -> None:
    assert moment_format(moment, pattern, "UTC") == expected


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("America/New_York", "2020-01-09 19:30 -05:00 -0500 EST"),
        ("Asia/Kolkata", "2020-01-10 06:00 +05:30 +0530 IST"),
        ("UTC", "2020-01-10 00:30 +00:00 +0000 UTC"),
    ],
)
def test_time_zones(zone: str, expected: str) -> None:
    assert moment_format(NOW, "YYYY-MM-DD HH:mm Z ZZ z", zone) == expected
