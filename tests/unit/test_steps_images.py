"""Looking images up: every `verify` with every `digest` and every answer of a registry."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import get_args

import pytest

from gitops_action.commands.bump.request import DigestMode, ImagePolicy, VerifyMode, verify_images
from gitops_action.core.images import ImageReference, parse_image_lines
from gitops_action.core.images.oci import (
    ImageFacts,
    ImageMissingError,
    RegistryContentError,
    RegistryDeniedError,
    RegistryUnreachableError,
)
from gitops_action.errors import GitOpsError, UsageError

GOOD, BAD, MEMBER = (f"sha256:{letter * 64}" for letter in "abc")
TAG, DIGEST = "ghcr.io/acme/web:v1", f"ghcr.io/acme/web@{GOOD}"
BOTH, MISMATCH = f"{TAG}@{GOOD}", f"{TAG}@{BAD}"
FAILURES = {
    "missing": ImageMissingError("no such image"),
    "denied": RegistryDeniedError("may not look"),
    "unreachable": RegistryUnreachableError("no answer"),
}


@dataclass
class Answering:
    """A registry with one image, or one failure; counts what it is asked."""

    answer: str = "found"
    asked: list[str] = field(default_factory=list)

    def describe(self, reference: ImageReference) -> ImageFacts:
        self.asked.append(str(reference))
        if self.answer == "contradicts":
            raise RegistryContentError("wrong bytes")
        if self.answer in FAILURES:
            raise FAILURES[self.answer]
        return ImageFacts(digest=GOOD, media_type="", members=(MEMBER,))


def look(
    registry: Answering | None, line: str, verify: VerifyMode, digest: DigestMode
) -> tuple[str, int]:
    """What is to be written, and how many notices there are."""
    policy = ImagePolicy(verify=verify, digest=digest)
    (image,) = verify_images(parse_image_lines(line), registry, policy)
    return str(image.change.target), len(image.notices)


FOUND = [
    ("pin", TAG, BOTH),
    ("pin", DIGEST, DIGEST),
    ("pin", BOTH, BOTH),
    ("keep", TAG, TAG),
    ("keep", DIGEST, DIGEST),
    ("keep", BOTH, BOTH),
    ("drop", TAG, TAG),
    ("drop", BOTH, TAG),
]


@pytest.mark.parametrize("verify", get_args(VerifyMode))
@pytest.mark.parametrize(("digest", "line", "written"), FOUND)
def test_found(verify: VerifyMode, digest: DigestMode, line: str, written: str) -> None:
    registry = Answering()
    assert look(registry, line, verify, digest) == (written, 0)
    needed = verify != "off" or (digest == "pin" and line == TAG)
    assert registry.asked == ([line] if needed else [])


@pytest.mark.parametrize("answer", FAILURES)
@pytest.mark.parametrize("verify", get_args(VerifyMode))
@pytest.mark.parametrize(("digest", "line", "written"), FOUND)
def test_not_found(
    answer: str, verify: VerifyMode, digest: DigestMode, line: str, written: str
) -> None:
    registry = Answering(answer)
    fatal = verify == "required" or (verify == "auto" and answer == "missing")
    if fatal:
        with pytest.raises(type(FAILURES[answer])):
            look(registry, line, verify, digest)
        return
    unpinned = written if line != TAG else TAG
    assert look(registry, line, verify, digest) == (unpinned, len(registry.asked))
    needed = verify != "off" or (digest == "pin" and line == TAG)
    assert len(registry.asked) == needed


@pytest.mark.parametrize("digest", get_args(DigestMode))
@pytest.mark.parametrize("verify", ["auto", "required"])
def test_tag_and_digest_that_do_not_belong_together(verify: VerifyMode, digest: DigestMode) -> None:
    with pytest.raises(UsageError, match="do not belong together"):
        look(Answering(), MISMATCH, verify, digest)


def test_without_verification_nobody_asks_whether_they_do() -> None:
    assert look(Answering(), MISMATCH, "off", "pin") == (MISMATCH, 0)


def test_one_platform_s_digest_belongs_to_its_index() -> None:
    line = f"{TAG}@{MEMBER}"
    assert look(Answering(), line, "required", "pin") == (line, 0)


@pytest.mark.parametrize(
    ("registry", "verify"),
    [*((Answering(), verify) for verify in get_args(VerifyMode)), (None, "auto"), (None, "off")],
)
def test_a_digest_alone_cannot_be_dropped(registry: Answering | None, verify: VerifyMode) -> None:
    with pytest.raises(UsageError, match="no tag that could stay"):
        look(registry, DIGEST, verify, "drop")


def test_verification_that_is_required_needs_a_registry() -> None:
    with pytest.raises(UsageError, match="cannot be fulfilled"):
        look(None, TAG, "required", "pin")
    assert verify_images((), None, ImagePolicy(verify="required", digest="pin")) == ()


@pytest.mark.parametrize("verify", get_args(VerifyMode))
def test_an_answer_that_contradicts_itself_is_never_tolerated(verify: VerifyMode) -> None:
    with pytest.raises(GitOpsError, match="wrong bytes"):
        look(Answering("contradicts"), TAG, verify, "pin")


@pytest.mark.parametrize(("digest", "line", "written"), FOUND)
def test_without_a_registry_nothing_is_looked_up(
    digest: DigestMode, line: str, written: str
) -> None:
    expected = TAG if line == TAG else written
    assert look(None, line, "auto", digest) == (expected, 0)


def test_what_a_warning_says() -> None:
    policy = ImagePolicy(verify="auto", digest="pin")
    (image,) = verify_images(parse_image_lines(TAG), Answering("denied"), policy)
    (notice,) = image.notices
    assert notice.level == "warning"
    assert TAG in notice.text
    assert "may not look" in notice.text
    assert "without a digest" in notice.text
    (image,) = verify_images(parse_image_lines(BOTH), Answering("denied"), policy)
    assert "without a digest" not in image.notices[0].text
    assert image.facts is None


def test_every_image_is_asked_for_exactly_once() -> None:
    registry = Answering()
    lines = f"{TAG}\nold/web=ghcr.io/acme/api:v2\n"
    policy = ImagePolicy(verify="auto", digest="pin")
    found = verify_images(parse_image_lines(lines), registry, policy)
    assert registry.asked == [TAG, "ghcr.io/acme/api:v2"]
    assert [image.change.repository for image in found] == [
        "ghcr.io/acme/web",
        "docker.io/old/web",
    ]
    assert found[1].change.rename
    assert str(found[1].change.target) == f"ghcr.io/acme/api:v2@{GOOD}"
