"""The vectors of distribution/reference, read from where they lie; the score is printed."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from gitops_action.core.images import (
    ImageReferenceError,
    canonical,
    parse_reference,
)
from gitops_action.core.images import (
    reference as grammar,
)
from tests.support.conformance import FOLDER

FILE = FOLDER / "image-references.json"
KINDS = {
    "ErrNameEmpty": "empty",
    "ErrReferenceInvalidFormat": "format",
    "ErrNameContainsUppercase": "uppercase",
    "ErrNameTooLong": "too-long",
    "digest.ErrDigestInvalidLength": "digest-length",
    "digest.ErrDigestUnsupported": "digest-unsupported",
}
Vector = dict[str, str]


def check_parse(vector: Vector) -> None:
    if "err" in vector:
        with pytest.raises(ImageReferenceError) as caught:
            grammar.parse(vector["input"])
        assert caught.value.kind == KINDS[vector["err"]]
        return
    parts = grammar.parse(vector["input"])
    assert parts.name == vector["repository"]
    assert parts.domain == vector.get("domain", "")
    assert (parts.tag or "", parts.digest or "") == (
        vector.get("tag", ""),
        vector.get("digest", ""),
    )


def check_valid(name: str) -> None:
    assert str(parse_reference(name)) == name


def check_invalid(name: str) -> None:
    with pytest.raises(ImageReferenceError):
        parse_reference(name)


def check_any(vector: Vector) -> None:
    assert canonical(vector["reference"]) == vector["equivalent"]


def check_repository(vector: Vector) -> None:
    spellings = [vector["FamiliarName"], vector["FullName"], vector["AmbiguousName"]]
    for spelling in filter(None, spellings):
        reference = parse_reference(spelling)
        assert reference.domain == vector["Domain"]
        assert reference.path == vector["RemoteName"]
        assert reference.repository == vector["FullName"]
        assert reference.familiar == vector["FamiliarName"]


def check_pulled(vector: Vector) -> None:
    assert parse_reference(vector["input"]).pulled == vector["expected"]


CHECKS: dict[str, Callable[..., None]] = {
    "parse": check_parse,
    "valid_names": check_valid,
    "invalid_names": check_invalid,
    "any_reference": check_any,
    "repository_info": check_repository,
    "docker_ref": check_pulled,
}


def test_all_vectors_hold(capsys: pytest.CaptureFixture[str]) -> None:
    groups = json.loads(FILE.read_text())
    assert set(groups) == set(CHECKS)
    failed = []
    total = 0
    for group, vectors in groups.items():
        for vector in vectors:
            total += 1
            try:
                CHECKS[group](vector)
            except (AssertionError, ImageReferenceError, pytest.fail.Exception) as error:
                failed.append(f"{group}: {vector}: {error}")
    with capsys.disabled():
        print(f"\nimage references: {total - len(failed)} of {total} vectors hold")  # noqa: T201 - the score
    assert not failed, "\n".join(failed)
    assert total == 134
