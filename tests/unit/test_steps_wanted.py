"""What a bump is asked for, and what earlier bumps on its branch add to it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gitops_action.commands.bump.request import (
    BumpRequest,
    VerifiedImage,
    applications_of,
    described_source,
    read_requested,
    sources,
)
from gitops_action.core.config import Application, Config
from gitops_action.core.images import (
    ImageReference,
    ImageSource,
    parse_image_lines,
    parse_reference,
)
from gitops_action.core.images.oci import ImageFacts, ImageMissingError, RegistryUnreachableError
from gitops_action.core.inputs.bump import BumpInputs
from gitops_action.core.outcome import Job, Notice
from gitops_action.core.plan import parse_set_lines
from gitops_action.errors import GitOpsError, UsageError

WEB, API = "ghcr.io/acme/web", "ghcr.io/acme/api"
DIGEST = "sha256:" + "a" * 64
JOB = Job(repository="acme/web", sha="b" * 40, event_name="push")


class Registry:
    """Knows every image, or fails with one error."""

    def __init__(self, error: GitOpsError | None = None, **facts: Any) -> None:
        self.error = error
        self.facts = ImageFacts(digest=DIGEST, media_type="", **facts)

    def describe(self, reference: ImageReference) -> ImageFacts:
        if self.error:
            raise self.error
        return replace(self.facts, version=reference.tag or "")


def requested(images: str = "", sets: str = "") -> BumpRequest:
    changes = parse_image_lines(images)
    found = tuple(VerifiedImage(change=change, facts=None) for change in changes)
    return BumpRequest(images=found, sets=parse_set_lines(sets))


def spelled(found: BumpRequest) -> list[str]:
    return [str(change.target) for change in found.changes]


@pytest.mark.parametrize(
    ("asked", "pending", "expected"),
    [
        (f"{WEB}:v2", "", [f"{WEB}:v2"]),
        (f"{WEB}:v2", f"{WEB}:v1", [f"{WEB}:v2"]),
        (f"{WEB}:v2", f"{API}:v1", [f"{WEB}:v2", f"{API}:v1"]),
        (f"{WEB}:v2", f"{API}:v1\n{WEB}:v1", [f"{WEB}:v2", f"{API}:v1"]),
        ("", f"{API}:v1", [f"{API}:v1"]),
        # The same image under its new name, and under its old one.
        (f"old/web={WEB}:v2", f"{WEB}:v1", [f"{WEB}:v2"]),
        (f"old/web={WEB}:v2", "old/web:v1", [f"{WEB}:v2"]),
        (f"{WEB}:v2", f"old/web={WEB}:v1", [f"{WEB}:v2"]),
        (f"{API}:v2", f"old/web={WEB}:v1", [f"{API}:v2", f"{WEB}:v1"]),
    ],
)
def test_pending_images_are_carried(asked: str, pending: str, expected: list[str]) -> None:
    before = requested(asked)
    found = before.carrying(parse_image_lines(pending), ())
    assert spelled(found) == expected
    assert found.images == before.images
    assert spelled(found.carrying(parse_image_lines(pending), ())) == expected


def test_what_was_carried_stays_carried() -> None:
    once = requested(f"{WEB}:v2").carrying(parse_image_lines(f"{API}:v1"), ())
    twice = once.carrying(parse_image_lines("nginx:1.25"), ("a.yaml: b = 1",))
    assert spelled(twice) == [f"{WEB}:v2", f"{API}:v1", "nginx:1.25"]
    assert [str(edit) for edit in twice.sets] == ["a.yaml: b = 1"]


@pytest.mark.parametrize(
    ("asked", "pending", "expected"),
    [
        ("", ("a.yaml: b = 1",), ["a.yaml: b = 1"]),
        ("a.yaml: b = 2", ("a.yaml: b = 1",), ["a.yaml: b = 2"]),
        ("a.yaml: b = 2", ("a.yaml: c = 1",), ["a.yaml: b = 2", "a.yaml: c = 1"]),
        ("a.yaml: b = 2", ("z.yaml: b = 1",), ["a.yaml: b = 2", "z.yaml: b = 1"]),
        ('a.yaml: "b" = 2', ("a.yaml: b = 1",), ["a.yaml: b = 2"]),
    ],
)
def test_pending_edits_are_carried(
    asked: str, pending: tuple[str, ...], expected: list[str]
) -> None:
    found = requested(sets=asked).carrying((), pending)
    assert [str(edit) for edit in found.sets] == expected


@pytest.mark.parametrize(
    "line",
    [
        "a.yaml: b = v2",
        "a.yaml: b = c = d",
        'a.yaml: b = ""',
        'a.yaml: b = "  blanks  "',
        "a.yaml: b = \"'quoted'\"",
        "a.yaml: b = '\"quoted\"'",
        'a.yaml: b = "',
        "a.yaml: b = x # y",
        'a.yaml: [[1]]b[name=web]."c.d" = v2',
    ],
)
def test_edits_that_are_carried_read_back_as_they_were(line: str) -> None:
    (edit,) = parse_set_lines(line)
    assert requested().carrying((), (str(edit),)).sets == (edit,)


def test_nothing_pending_changes_nothing() -> None:
    found = requested(f"{WEB}:v2", "a.yaml: b = 1")
    assert found.carrying((), ()) == found


def inputs(**given: Any) -> BumpInputs:
    return BumpInputs(repository="acme/environment", token="t", **given)


def test_reading_what_is_asked_for() -> None:
    found = read_requested(inputs(images=f"{WEB}:v1", set="a.yaml: b = 1"), Registry())
    assert spelled(found) == [f"{WEB}:v1@{DIGEST}"]
    assert [str(edit) for edit in found.sets] == ["a.yaml: b = 1"]
    assert found.notices == ()


def test_reading_tells_what_could_not_be_verified() -> None:
    found = read_requested(inputs(images=f"{WEB}:v1"), Registry(RegistryUnreachableError("down")))
    assert spelled(found) == [f"{WEB}:v1"]
    (notice,) = found.notices
    assert isinstance(notice, Notice)
    assert "down" in notice.text


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"images": "Upper/Case:v1"}, UsageError),
        ({"images": WEB}, UsageError),
        ({"set": "nothing"}, UsageError),
        ({"images": f"{WEB}:v1"}, ImageMissingError),
    ],
)
def test_what_is_wrong_is_an_error(given: dict[str, str], error: type[GitOpsError]) -> None:
    with pytest.raises(error):
        read_requested(inputs(**given), Registry(ImageMissingError("gone")))


def config(**applications: tuple[str, ...]) -> Config:
    found = tuple(Application(name=n, images=images) for n, images in applications.items())
    return Config(environments=(), applications=found)


@pytest.mark.parametrize(
    ("given", "images", "sets", "applications", "expected"),
    [
        (("shop",), f"{WEB}:v1", "", {"web": (WEB,)}, ("shop",)),
        ((), f"{WEB}:v1", "", {"web": (WEB,), "api": (API,)}, ("web",)),
        ((), f"{WEB}:v1", "", {"web": (WEB,), "twin": (API, WEB)}, ("web", "twin")),
        ((), f"{WEB}:v1\n{API}:v1", "", {"web": (WEB,), "api": (API,)}, ("web", "api")),
        # Not known before the files are read.
        ((), f"{WEB}:v1", "", {"web": (WEB,), "api": ()}, ()),
        ((), f"{WEB}:v1", "a.yaml: b = 1", {"web": (WEB,)}, ()),
        ((), "", "a.yaml: b = 1", {"web": (WEB,)}, ()),
        ((), f"{WEB}:v1", "", {}, ()),
    ],
)
def test_which_applications_can_be_meant(
    given: tuple[str, ...],
    images: str,
    sets: str,
    applications: dict[str, tuple[str, ...]],
    expected: tuple[str, ...],
) -> None:
    found = applications_of(
        inputs(application=given), requested(images, sets), config(**applications)
    )
    assert found == expected


def test_sources_of_the_images_asked_for() -> None:
    facts = ImageFacts(
        digest=DIGEST,
        media_type="",
        source="https://github.com/acme/api",
        revision="c" * 40,
    )
    web, api = requested(f"{WEB}:v1\n{API}:v1").images
    both = BumpRequest(images=(web, replace(api, facts=facts)), sets=())
    application = Application(name="web", images=(WEB,), source="acme/web")
    known = Config(environments=(), applications=(application,))
    assert sources(both, given=None, config=known, job=JOB) == {
        WEB: ImageSource(repository="acme/web", commit="b" * 40),
        API: ImageSource(repository="acme/api", commit="c" * 40),
    }


@pytest.mark.parametrize(
    ("registry", "reference", "expected"),
    [
        (Registry(source="https://github.com/acme/web", revision="c" * 40), f"{WEB}:v1", True),
        (Registry(), f"{WEB}:v1", False),
        (Registry(RegistryUnreachableError("down")), f"{WEB}:v1", False),
        (Registry(ImageMissingError("gone")), f"{WEB}:v1", False),
        (Registry(source="https://github.com/acme/web", revision="c" * 40), WEB, False),
        (Registry(source="https://github.com/acme/web", revision="c" * 40), None, False),
        (None, f"{WEB}:v1", False),
    ],
)
def test_the_source_of_what_is_described(
    registry: Registry | None,
    reference: str | None,
    expected: bool,
) -> None:
    known = parse_reference(reference) if reference else None
    source = ImageSource(repository="acme/web", commit="c" * 40)
    assert described_source(registry, known, JOB) == (source if expected else None)
