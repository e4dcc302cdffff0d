"""Which environments and applications are meant, by name or by path."""

import pytest

from gitops_action.core.config import (
    Application,
    Config,
    Environment,
    application_of,
    select_applications,
    select_environments,
)
from gitops_action.errors import UsageError

CONFIG = Config(
    applications=(Application(name="web"), Application(name="api")),
    environments=(
        Environment(name="staging", path="env/staging"),
        Environment(name="qa", path="env/qa"),
        Environment(name="production", path="env/production", after=("staging",)),
    ),
)
WHOLE = Environment(name="default", declared=False)
PATTERN = Environment(name="staging", path="apps/{application}/staging")


def test_without_names_those_at_the_start_are_meant() -> None:
    assert [item.name for item in select_environments(CONFIG, [])] == ["staging", "qa"]


def test_names_select_in_the_order_of_the_configuration() -> None:
    chosen = select_environments(CONFIG, ["production", "staging", "production"])
    assert [item.name for item in chosen] == ["staging", "production"]


def test_an_unknown_environment_is_told_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="unknown environment 'prodction'") as caught:
        select_environments(CONFIG, ["prodction"])
    assert "staging, qa, production" in caught.value.cause
    assert "'production'" in caught.value.fix


def test_applications_are_checked_where_some_are_known() -> None:
    assert select_applications(CONFIG, ["api", "web", "api"]) == ("api", "web")
    assert select_applications(CONFIG, ["jobs"], found=["jobs"]) == ("jobs",)
    with pytest.raises(UsageError, match="unknown application 'wev'"):
        select_applications(CONFIG, ["wev"])
    assert select_applications(Config(environments=(WHOLE,)), ["any"]) == ("any",)


@pytest.mark.parametrize(
    ("environment", "path", "expected"),
    [
        (WHOLE, "applications/web/deployment.yaml", "web"),
        (WHOLE, "applications/web/base/x/deployment.yaml", "web"),
        (WHOLE, "deep/applications/web/deployment.yaml", "web"),
        (WHOLE, "applications/readme.yaml", None),
        (WHOLE, "other/deployment.yaml", None),
        (WHOLE, "deployment.yaml", None),
        (CONFIG.environments[0], "env/staging/kustomization.yaml", None),
        (CONFIG.environments[0], "env/staging/web/kustomization.yaml", "web"),
        (CONFIG.environments[0], "env/staging/team/api/kustomization.yaml", "api"),
        (CONFIG.environments[0], "env/staging/jobs/kustomization.yaml", "jobs"),
        (CONFIG.environments[0], "env/staging/components/x.yaml", None),
        (CONFIG.environments[0], "env/production/web/kustomization.yaml", None),
        (CONFIG.environments[0], "env/staging-2/web/kustomization.yaml", None),
        (PATTERN, "apps/web/staging/x.yaml", "web"),
        (PATTERN, "apps/web/production/x.yaml", None),
        (PATTERN, "apps/readme.yaml", None),
    ],
)
def test_the_application_is_read_off_the_path(
    environment: Environment, path: str, expected: str | None
) -> None:
    assert application_of(path, environment, CONFIG) == expected


@pytest.mark.parametrize(
    ("path", "applications", "expected"),
    [
        ("", [], ("",)),
        ("env/staging", ["web"], ("env/staging",)),
        ("apps/{application}/staging", ["web", "api"], ("apps/web/staging", "apps/api/staging")),
        ("apps/{application}/staging", [], ("apps",)),
        ("{application}", [], ("",)),
    ],
)
def test_folders_fill_in_the_applications(
    path: str, applications: list[str], expected: tuple[str, ...]
) -> None:
    assert Environment(name="a", path=path).folders(applications) == expected


@pytest.mark.parametrize(
    ("path", "file", "expected"),
    [
        ("", "x.yaml", True),
        ("env", "env/x.yaml", True),
        ("env", "env", False),
        ("env", "environment/x.yaml", False),
        ("apps/{application}", "apps/x.yaml", False),
        ("apps/{application}", "apps/web/x.yaml", True),
    ],
)
def test_an_environment_contains_the_files_below_its_folder(
    path: str, file: str, *, expected: bool
) -> None:
    assert Environment(name="a", path=path).contains(file) is expected
