"""Which applications a failed deployment changed, by its record and by files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pytest

from gitops_action.core.config import load_config
from gitops_action.core.deploy.result import Result
from gitops_action.core.deployments.proof import EvaluatedRecord
from gitops_action.core.rollback.changed import applications_of_files, recorded_applications
from tests.support.configs import FILE

CONFIG = load_config(
    FILE,
    b"""version: 1
environments:
  staging: {path: 'staging/{application}'}
  production: {path: 'production/{application}', after: [staging]}
  shared: {path: shared}
""",
)


@pytest.mark.parametrize(
    ("paths", "found"),
    [
        (["production/web/a.yaml"], ["web"]),
        (["production/web/a.yaml", "production/api/deep/b.env"], ["api", "web"]),
        (["staging/web/a.yaml"], ["web"]),
        (["production/web/a.yaml", ".github/gitops/holds/x.yaml", "README.md"], ["web"]),
        (["production/web/a.yaml", "base/deployment.yaml"], []),
        (["production/web/a.yaml", "shared/a.yaml"], []),
        (["production/web/a.yaml", "production/kustomization.yaml"], []),
        ([], []),
    ],
)
def test_files_name_applications_where_each_lies_in_the_folder_of_one(
    paths: Sequence[str], found: Sequence[str]
) -> None:
    assert list(applications_of_files(paths, CONFIG)) == found


def record(applications: Mapping[str, tuple[str, ...]]) -> EvaluatedRecord:
    return EvaluatedRecord(
        number=1,
        environment="production",
        commit="1" * 40,
        result=Result.SUCCEEDED,
        started=datetime(2026, 11, 27, tzinfo=UTC),
        applications=applications,
    )


@pytest.mark.parametrize(
    ("good", "failed", "found"),
    [
        ({"web": ("w:1",), "api": ("a:1",)}, {"web": ("w:2",), "api": ("a:1",)}, ["web"]),
        ({"web": ("w:1",)}, {"web": ("w:1",), "api": ("a:1",)}, ["api"]),
        ({"web": ("w:1",), "api": ("a:1",)}, {"web": ("w:1",)}, ["api"]),
        ({"web": ("w:1",)}, {"web": ("w:1",)}, []),
        ({}, {"web": ("w:1",)}, []),
        ({"web": ("w:1",)}, {}, []),
    ],
)
def test_records_name_the_applications_whose_images_differ(
    good: Mapping[str, tuple[str, ...]],
    failed: Mapping[str, tuple[str, ...]],
    found: Sequence[str],
) -> None:
    assert list(recorded_applications(record(good), record(failed))) == found
