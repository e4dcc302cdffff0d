"""What a configuration resolves to."""

from datetime import timedelta

import pytest

from gitops_action.core.config import (
    Application,
    Approvals,
    Gates,
    HealthSettings,
    HttpGate,
    PruneBudget,
    RequiredCheck,
    Rollback,
    Target,
    Window,
    load_config,
)
from tests.support.configs import EXAMPLE, FILE


def test_the_documented_example_resolves_completely() -> None:
    config = load_config(FILE, EXAMPLE)
    staging, production = config.environments
    assert config.applications == (
        Application(name="web", images=("ghcr.io/acme/web",), source="acme/web", line=3),
    )
    assert (staging.name, staging.path, staging.merge, staging.line) == (
        "staging",
        "environments/staging",
        "auto",
        7,
    )
    assert staging.rollback == Rollback(mode="auto", approvals=0)
    assert staging.gates is None
    assert staging.deploy.targets == (
        Target(name="default", engine="flux", kustomizations=("flux-system/staging",)),
    )
    assert production.after == ("staging",)
    assert production.merge_method == "squash"
    assert production.gates == Gates(
        soak=timedelta(hours=1),
        windows=(
            Window(
                effect="deny",
                cron="0 17 * * FRI",
                duration=timedelta(hours=63),
                timezone="Europe/Berlin",
            ),
        ),
        approvals=Approvals(count=2, teams=("acme/sre",)),
        checks=(RequiredCheck(name="ci/smoke"),),
        http=(HttpGate(url="https://status.acme.dev/ok", expect="response.status == 200"),),
    )
    assert production.deploy.targets == (
        Target(name="eu", engine="push", context="eu"),
        Target(name="us", engine="push", context="us"),
    )
    assert production.deploy.prune == PruneBudget(max_percent=20.0)
    assert production.deploy.health == HealthSettings(
        timeout=timedelta(minutes=10), tolerate_restarts=3
    )


def test_without_a_file_the_repository_is_one_environment() -> None:
    config = load_config(FILE, None)
    assert not config.declared
    assert [(item.name, item.path, item.declared) for item in config.environments] == [
        ("default", "", False)
    ]


@pytest.mark.parametrize("path", ["env/staging/", "./env/staging", "env//staging", "env/./staging"])
def test_paths_are_normalised(path: str) -> None:
    config = load_config(FILE, f"version: 1\nenvironments: {{a: {{path: {path}}}}}".encode())
    assert config.environments[0].path == "env/staging"


def test_a_dot_is_the_whole_repository() -> None:
    config = load_config(FILE, b"version: 1\nenvironments: {a: {path: .}}")
    assert config.environments[0].path == ""


def test_an_image_may_belong_to_two_applications() -> None:
    config = load_config(
        FILE,
        b"version: 1\nenvironments: {a: {path: a}}\n"
        b"applications: {a: {images: [nginx]}, b: {images: [docker.io/library/nginx]}}\n",
    )
    assert [item.images for item in config.applications] == [("docker.io/library/nginx",)] * 2


def test_a_byte_order_mark_and_windows_line_ends_change_nothing() -> None:
    marked = b"\xef\xbb\xbf" + EXAMPLE.replace(b"\n", b"\r\n")
    assert load_config(FILE, marked) == load_config(FILE, EXAMPLE)
