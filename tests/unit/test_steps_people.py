"""Whether people changed, on our branch, what a bump wants to change."""

from __future__ import annotations

import pytest

from gitops_action.commands.bump.propose import conflict_with_people
from gitops_action.core.images import parse_reference
from gitops_action.core.plan import Plan, PlanLine

DIGEST = "sha256:" + "a" * 64


def plan(*places: tuple[str, str], file: str = "a.yaml", new: str = "v9") -> Plan:
    lines = tuple(
        PlanLine(
            environment="staging",
            application="web",
            file=file,
            line=number,
            path=path,
            old=old,
            new=new,
            rule="pod-template",
            reason="",
            repository="ghcr.io/acme/web",
        )
        for number, (path, old) in enumerate(places, start=1)
    )
    return Plan(
        environment="staging",
        applications=("web",),
        lines=lines,
        unchanged=(),
        edits={},
        skipped=(),
    )


def conflict(base: str, head: str, *ours: str) -> str:
    images = [parse_reference(text) for text in ours]
    return conflict_with_people(base=plan(("image", base)), head=plan(("image", head)), ours=images)


@pytest.mark.parametrize(
    ("head", "ours"),
    [
        ("v1", ""),
        ("v2", "ghcr.io/acme/web:v2"),
        ("ghcr.io/acme/web:v2", "ghcr.io/acme/web:v2"),
        (DIGEST, f"ghcr.io/acme/web:v2@{DIGEST}"),
        (f"v2@{DIGEST}", f"ghcr.io/acme/web:v2@{DIGEST}"),
        (f"ghcr.io/acme/web:v2@{DIGEST}", f"ghcr.io/acme/web:v2@{DIGEST}"),
        (f"ghcr.io/acme/web@{DIGEST}", f"ghcr.io/acme/web@{DIGEST}"),
        ("ghcr.io/acme/web", "ghcr.io/acme/web:v2"),
        ("acme/web", "ghcr.io/acme/web:v2"),
        ("ghcr.io", "ghcr.io/acme/web:v2"),
        # Trailers name repositories in full, files as people like.
        ("nginx:1.27", "docker.io/library/nginx:1.27"),
        (f"nginx:1.27@{DIGEST}", f"docker.io/library/nginx:1.27@{DIGEST}"),
        (f"docker.io/library/nginx:1.27@{DIGEST}", f"nginx:1.27@{DIGEST}"),
    ],
)
def test_what_is_base_s_or_ours_is_no_conflict(head: str, ours: str) -> None:
    assert conflict("v1", head, *filter(None, [ours])) == ""


@pytest.mark.parametrize(
    ("head", "ours"),
    [
        ("v3", ()),
        ("v3", ("ghcr.io/acme/web:v2",)),
        ("ghcr.io/acme/api:v2", ("ghcr.io/acme/web:v2",)),
        (f"v2@{DIGEST}", ("ghcr.io/acme/web:v2",)),
        ("None", (f"ghcr.io/acme/web@{DIGEST}",)),
        ("", ("ghcr.io/acme/web:v2",)),
    ],
)
def test_what_somebody_else_set_is_a_conflict(head: str, ours: tuple[str, ...]) -> None:
    told = conflict("v1", head, *ours)
    assert told == f"someone set a.yaml:1 (image) to {head}, and this would change it to v9"


def test_places_that_base_does_not_have_are_nobody_s_conflict() -> None:
    head = plan(("image", "v3"), file="new.yaml")
    assert conflict_with_people(base=plan(("image", "v1")), head=head, ours=()) == ""


def test_the_first_conflict_is_told() -> None:
    base = plan(("one", "v1"), ("two", "v1"), ("three", "v1"))
    head = plan(("one", "v1"), ("two", "v3"), ("three", "v4"))
    assert "(two)" in conflict_with_people(base=base, head=head, ours=())
