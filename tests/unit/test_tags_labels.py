"""OCI labels and annotations."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from gitops_action.core.tags import RepositoryFacts, compute
from gitops_action.core.tags.compute import MetadataInputs
from tests.support.tag_events import FACTS, SHA, context, metadata

PREFIX = "org.opencontainers.image."
STANDARD = (
    f"{PREFIX}created=2020-01-10T00:30:00.000Z",
    f"{PREFIX}description=Says hello",
    f"{PREFIX}licenses=MIT",
    f"{PREFIX}revision={SHA}",
    f"{PREFIX}source=https://github.com/acme/hello",
    f"{PREFIX}title=hello",
    f"{PREFIX}url=https://github.com/acme/hello",
    f"{PREFIX}version=v1.2.3",
)


def test_the_keys_of_the_image_specification() -> None:
    found = metadata("v1.2.3")
    assert found.labels == STANDARD
    assert found.annotations == tuple(f"manifest:{entry}" for entry in STANDARD)


def test_without_a_tag_the_version_is_empty() -> None:
    found = metadata("nothing")
    assert (found.version, found.tags, found.tag_names) == ("", (), ())
    assert f"{PREFIX}version=" in found.labels
    assert f"{PREFIX}revision=" in found.labels


def test_what_is_not_known_is_empty() -> None:
    bare = compute(MetadataInputs(), context("main", repository=RepositoryFacts(name="hello")))
    assert f"{PREFIX}title=hello" in bare.labels
    assert {f"{PREFIX}description=", f"{PREFIX}licenses=", f"{PREFIX}url="} <= set(bare.labels)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("maintainer=Alice", "maintainer=Alice"),
        (f"{PREFIX}title=My=Title", f"{PREFIX}title=My=Title"),
        (f'{PREFIX}description=a "good" one, really', f'{PREFIX}description=a "good" one, really'),
        ("foo=", "foo="),
        ("colour=#fff", "colour=#fff"),
        ("  spaced =x", "spaced=x"),
        ("branch={{branch}}", "branch=my/feature#1&more"),
        (
            f"{PREFIX}created={{{{commit_date 'YYYY-MM-DDTHH:mm:ss.SSS[Z]'}}}}",
            f"{PREFIX}created=2019-12-31T23:05:07.000Z",
        ),
    ],
)
def test_labels_given_win(line: str, expected: str) -> None:
    found = metadata("slash", labels=f"# comment\n\n{line}\n")
    assert expected in found.labels
    assert list(found.labels) == sorted(found.labels, key=lambda entry: entry.split("=")[0])
    keys = [entry.split("=")[0] for entry in found.labels]
    assert len(set(keys)) == len(keys)
    assert not any(expected in entry for entry in found.annotations)
    assert found.warnings == ()


@pytest.mark.parametrize("line", ["invalid", "=value"])
def test_a_line_that_is_no_label_is_left_out_and_told(line: str) -> None:
    found = metadata("v1.2.3", labels=f"{line}\nfoo=bar")
    assert set(found.labels) == {"foo=bar", *STANDARD}
    (warning,) = found.warnings
    assert "left out" in warning
    assert line in warning


def test_values_stay_on_one_line() -> None:
    described = replace(FACTS, description="one\ntwo\r\nthree")
    found = compute(MetadataInputs(), context("main", repository=described))
    assert f"{PREFIX}description=one two three" in found.labels


def test_created_is_in_utc() -> None:
    now = datetime(2020, 1, 10, 2, 30, tzinfo=timezone(timedelta(hours=2)))
    found = compute(MetadataInputs(), context("main", now=now))
    assert f"{PREFIX}created=2020-01-10T00:30:00.000Z" in found.labels


def test_annotations_stand_at_every_level_asked_for() -> None:
    found = metadata("v1.2.3", levels=("index", "manifest-descriptor", "index"))
    expected = [f"{level}:{e}" for level in ("index", "manifest-descriptor") for e in STANDARD]
    assert list(found.annotations) == expected


def test_annotations_of_one_level() -> None:
    lines = "\n".join(
        (
            "team=web",
            "manifest:a=1",
            "index,index-descriptor:b=2",
            "manifest[linux/amd64]:c=3",
            "other:d=4",
            f"index:{PREFIX}title=Whole",
        )
    )
    found = metadata("v1.2.3", annotations=lines, levels=("manifest", "index"))
    given = [a for a in found.annotations if a.split(":", 1)[1] not in STANDARD]
    assert given == [
        "manifest:a=1",
        "manifest:other:d=4",
        "manifest:team=web",
        "index:b=2",
        f"index:{PREFIX}title=Whole",
        "index:other:d=4",
        "index:team=web",
        "index-descriptor:b=2",
        "manifest[linux/amd64]:c=3",
    ]
    assert f"manifest:{PREFIX}title=hello" in found.annotations
    assert not any(a.startswith(f"index-descriptor:{PREFIX}") for a in found.annotations)


def test_annotations_and_labels_are_apart() -> None:
    found = metadata("v1.2.3", labels="who=label", annotations="who=annotation\nbroken")
    assert "who=label" in found.labels
    assert "manifest:who=annotation" in found.annotations
    assert found.warnings == ("`annotations`: 'broken' is no `key=value` and is left out",)
