"""Which environments a pull request touches, and why; the base's rules decide."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gitops_action.core.config import load_config
from gitops_action.core.config.holds import Hold
from gitops_action.core.config.resolved import Config
from gitops_action.core.gates.touches import (
    ChangeFacts,
    HoldChange,
    RenderedChange,
    loosens,
    reconfigured,
    touched,
)
from gitops_action.core.images import parse_reference
from tests.support.configs import FILE

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOLDS = ".github/gitops/holds"
TEXT = b"""\
version: 1
applications:
  web: {images: [ghcr.io/acme/web]}
environments:
  staging: {path: environments/staging, merge: auto}
  production:
    path: environments/production
    after: [staging]
    gates: {soak: 1h, approvals: {count: 2}}
"""
BASE = load_config(FILE, TEXT)
BOTH = ("staging", "production")


def configured(old: bytes, new: bytes) -> Config:
    assert old in TEXT
    return load_config(FILE, TEXT.replace(old, new))


def by(*changed: str, head: Config | None = BASE, **more: Any) -> dict[str, set[str]]:
    values: dict[str, Any] = {
        "base": BASE,
        "head": head,
        "changed": frozenset(changed),
        "rendered": (
            rendered("staging"),
            rendered("production"),
        ),
        "now": NOW,
        **more,
    }
    return {name: set(causes) for name, causes in touched(ChangeFacts(**values)).items()}


def rendered(name: str, **more: Any) -> RenderedChange:
    values: dict[str, Any] = {
        "before": {"web": "1"},
        "after": {"web": "1"},
        "inputs": frozenset({f"environments/{name}/web.yaml", "base/web.yaml"}),
        **more,
    }
    return RenderedChange(environment=name, **values)


def test_files_outside_touch_nothing() -> None:
    assert by("README.md", "docs/x.md", "scripts/x.py") == {}


def test_a_file_of_the_inputs_touches_its_environments() -> None:
    assert by("environments/staging/web.yaml") == {"staging": {"inputs"}}
    assert by("base/web.yaml") == {"staging": {"inputs"}, "production": {"inputs"}}


def test_objects_that_differ_touch_their_environment() -> None:
    found = by(rendered=(rendered("production", after={"web": "2"}), rendered("staging")))
    assert found == {"production": {"objects"}}


@pytest.mark.parametrize("side", ["before", "after"])
def test_an_environment_that_stops_rendering_is_touched(side: str) -> None:
    found = by(rendered=(rendered("production", **{side: None}), rendered("staging")))
    assert found == {"production": {"objects"}}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (b"approvals: {count: 2}", b"approvals: {count: 1}", ["production"]),
        (b"    gates: {soak: 1h, approvals: {count: 2}}\n", b"", ["production"]),
        (b"merge: auto", b"merge: manual", ["staging"]),
        (b"version: 1\n", b"# a comment\nversion: 1\n", []),
        (b"  production:\n", b"  other: {path: other}\n  production:\n", []),
        (b"version: 1\n", b"version: 1\nvalidate: {unknown-kinds: error}\n", list(BOTH)),
        (b"{images: [ghcr.io/acme/web]}", b"{images: [ghcr.io/acme/api]}", list(BOTH)),
        (b"{images: [ghcr.io/acme/web]}", b"{rollback: auto}", list(BOTH)),
    ],
    ids=str,
)
def test_the_configuration_touches_what_it_reconfigures(
    old: bytes, new: bytes, expected: list[str]
) -> None:
    assert by(FILE, head=configured(old, new)) == {name: {"configuration"} for name in expected}


def test_an_environment_with_another_name_is_another() -> None:
    text = TEXT.replace(b"staging: {", b"stage: {").replace(b"[staging]", b"[stage]")
    assert reconfigured(BASE, load_config(FILE, text)) == BOTH


def test_a_configuration_that_cannot_be_read_or_is_gone_touches_all() -> None:
    assert reconfigured(BASE, None) == BOTH
    assert reconfigured(BASE, load_config(FILE, None)) == BOTH
    assert by(FILE, head=None) == {name: {"configuration"} for name in BOTH}


def test_a_first_configuration_touches_the_whole_repository() -> None:
    nothing = load_config(FILE, None)
    found = by(FILE, base=nothing, head=BASE, rendered=())
    assert found == {"default": {"configuration"}}


@pytest.mark.parametrize(
    "path",
    [
        ".github/workflows/gate.yml",
        ".github/actions/setup/action.yml",
        "CODEOWNERS",
        ".github/CODEOWNERS",
        "docs/CODEOWNERS",
    ],
)
def test_what_steers_github_touches_all(path: str) -> None:
    assert by(path) == {name: {"workflows"} for name in BOTH}


def test_other_files_of_github_touch_nothing() -> None:
    assert by(".github/dependabot.yml", "src/CODEOWNERS") == {}


# Holds.

IMAGE = parse_reference("ghcr.io/acme/web:v1.2.3")


def hold(environment: str = "production", **more: Any) -> Hold:
    values: dict[str, Any] = {"application": "web", "image": IMAGE, **more}
    return Hold(environment=environment, **values)


def held(before: Hold | None, after: Hold | None, name: str = "x", **more: Any) -> dict[str, Any]:
    path = f"{HOLDS}/{name}.yaml"
    found = by(path, holds=(HoldChange(path=path, before=before, after=after, **more),))
    return dict(found)


def test_a_hold_touches_those_it_names() -> None:
    assert held(None, hold()) == {"production": {"hold-added"}}
    assert held(hold(), None) == {"production": {"hold-removed"}}
    assert held(None, hold("all")) == {name: {"hold-added"} for name in BOTH}
    assert held(hold("staging"), hold("production")) == {name: {"hold-removed"} for name in BOTH}
    assert held(None, hold("gone")) == {}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("production.web.v1.2.3", ["production"]),
        ("production-web-v1.2.3", ["production"]),
        ("all._.freeze", list(BOTH)),
        ("nobody-knows", list(BOTH)),
    ],
)
def test_one_that_cannot_be_read_touches_those_that_its_name_names(
    name: str, expected: list[str]
) -> None:
    found = held(None, None, name, unreadable=True)
    assert found == {one: {"hold-removed"} for one in expected}


LOOSENING: list[Any] = [
    pytest.param(None, hold(), False, id="added"),
    pytest.param(hold(), None, True, id="removed"),
    pytest.param(hold(), hold(), False, id="the same"),
    pytest.param(hold(), hold(reason="other words"), False, id="another reason"),
    pytest.param(hold(until=NOW), None, False, id="one that has ended"),
    pytest.param(hold(), hold(until=NOW + HOUR), True, id="given an end"),
    pytest.param(hold(until=NOW + HOUR), hold(until=NOW + 2 * HOUR), False, id="longer"),
    pytest.param(hold(until=NOW + 2 * HOUR), hold(until=NOW + HOUR), True, id="shorter"),
    pytest.param(hold(until=NOW + HOUR), hold(), False, id="without end"),
    pytest.param(hold(), hold(since=NOW + HOUR), True, id="later"),
    pytest.param(hold(), hold(since=NOW - HOUR), False, id="since before"),
    pytest.param(hold(), hold("all"), False, id="everywhere"),
    pytest.param(hold("all"), hold(), True, id="in one environment"),
    pytest.param(hold(), hold(application=None), False, id="every application"),
    pytest.param(hold(application=None), hold(), True, id="one application"),
    pytest.param(hold(), hold(application="api"), True, id="another application"),
    pytest.param(hold(), hold(image=None), False, id="every version"),
    pytest.param(hold(image=None), hold(), True, id="one version"),
    pytest.param(
        hold(), hold(image=parse_reference("ghcr.io/acme/web:v9")), True, id="another version"
    ),
]


@pytest.mark.parametrize(("before", "after", "expected"), LOOSENING)
def test_what_loosens_a_hold(before: Hold | None, after: Hold | None, expected: bool) -> None:
    assert loosens(HoldChange(path="x", before=before, after=after), NOW) is expected
