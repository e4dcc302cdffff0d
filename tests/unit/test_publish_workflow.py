"""The order and the rights of publish.yml: no tag moves before the image is tested and signed."""

from __future__ import annotations

import re
import shlex
from itertools import pairwise
from typing import Any

import pytest
import yaml

from release.__main__ import _arguments
from release.callers import ROOT

ORDER = ("check", "image", "test", "sign", "release")
BUILT = "docker/build-push-action"
SIGNED = "actions/attest"


@pytest.fixture(scope="module")
def jobs() -> dict[str, Any]:
    text = (ROOT / ".github/workflows/publish.yml").read_text("utf-8")
    read: dict[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader)
    assert read["permissions"] == {}
    assert read["concurrency"]["cancel-in-progress"] is False
    found: dict[str, Any] = read["jobs"]
    return found


def step(job: dict[str, Any], action: str) -> dict[str, Any]:
    (found,) = (one for one in job["steps"] if one.get("uses", "").startswith(f"{action}@"))
    given: dict[str, Any] = found["with"]
    return given


def test_each_job_waits_for_the_one_before_it(jobs: dict[str, Any]) -> None:
    for before, name in pairwise(ORDER):
        needs = jobs[name]["needs"]
        assert before in ([needs] if isinstance(needs, str) else needs)
    # A job that is not skipped when one before it failed asks for that one's success.
    for name, needed in (("test", "check"), ("sign", "test"), ("release", "sign")):
        assert f"needs.{needed}.result == 'success'" in jobs[name]["if"]
    assert "needs.release.result == 'success'" in jobs["pypi"]["if"]


def test_the_image_has_provenance_and_a_bill_of_materials_and_is_signed_by_its_digest(
    jobs: dict[str, Any],
) -> None:
    built = step(jobs["image"], BUILT)
    assert (built["provenance"], built["sbom"]) == ("mode=max", True)
    assert "org.opencontainers.image.revision=${{ github.sha }}" in built["labels"]
    assert set(built["platforms"].split(",")) == {"linux/amd64", "linux/arm64"}
    signed = step(jobs["sign"], SIGNED)
    assert signed["push-to-registry"] is True
    digest = "${{ needs.check.outputs.digest || needs.image.outputs.digest }}"
    assert signed["subject-digest"] == digest
    for job in ("test", "release"):
        used = [one["env"] for one in jobs[job]["steps"] if "digest }}" in str(one.get("env"))]
        assert [next(v for v in env.values() if "@" in v).partition("@")[2] for env in used] == [
            digest
        ]


def test_no_job_has_more_rights_than_it_needs(jobs: dict[str, Any]) -> None:
    writes = {
        name: {right for right, level in job["permissions"].items() if level == "write"}
        for name, job in jobs.items()
    }
    assert writes == {
        "check": set(),
        "image": {"packages"},
        "test": set(),
        "sign": {"attestations", "id-token", "packages"},
        "release": set(),  # the App's token pushes
        "pypi": {"id-token"},
    }
    assert (jobs["release"]["environment"], jobs["pypi"]["environment"]) == ("release", "pypi")


def test_its_steps_run_commands_that_there_are(jobs: dict[str, Any]) -> None:
    runs = [one["run"] for job in jobs.values() for one in job["steps"] if "run" in one]
    assert not [run for run in runs if "${{" in run]
    text = "\n".join(runs).replace("\\\n", " ")
    found = [
        _arguments().parse_args(shlex.split(words))
        for words in re.findall(r"python -m release (.*?)(?:\)\"|$)", text, re.MULTILINE)
    ]
    assert [given.step for given in found] == ["check", "find-image", "publish"]
    assert all(given.version == "$VERSION" for given in found)
