"""Objects against the schemas that are shipped, defined in the repository, or given as files."""

from __future__ import annotations

import pytest

from gitops_action.adapters.schemas import OfflineSchemas
from gitops_action.core.manifests import parse_manifests
from gitops_action.core.repository import RepositoryFile

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: nginx}]
"""
DEFINITION = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: rollouts.acme.dev}
spec:
  group: acme.dev
  scope: Namespaced
  names: {kind: Rollout, plural: rollouts}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              required: [steps]
              properties: {steps: {type: integer}}
    - {name: v1beta1, served: false, storage: false, schema: {openAPIV3Schema: {type: object}}}
"""
GIT_REPOSITORY = """\
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: staging}
spec: {url: "https://github.com/acme/environment"%s}
"""


def problems(text: str, *, crds: str = "", files: dict[str, str] | None = None) -> list[str]:
    schemas = OfflineSchemas(
        "1.36",
        crds=parse_manifests("crds.yaml", crds.encode()),
        files={name: file(name, data) for name, data in (files or {}).items()},
    )
    return [str(error) for error in schemas.check(parse_manifests("a.yaml", text.encode()))]


def file(name: str, text: str) -> RepositoryFile:
    return RepositoryFile(path=name, data=text.encode(), mode="100644")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("image: nginx", "imagee: nginx", "imagee"),
        ("name: web, image", "name: 3, image", "name"),
        ("  selector: {matchLabels: {app: web}}\n", "", "selector"),
        ("apps/v1", "apps/v1beta1", "v1beta1"),
    ],
)
def test_built_in_kinds_are_checked_field_by_field(old: str, new: str, words: str) -> None:
    assert not problems(DEPLOYMENT)
    found = problems(DEPLOYMENT.replace(old, new))
    assert found
    assert words in found[0]


def test_a_definition_of_the_repository_checks_its_kind_and_versions() -> None:
    rollout = "apiVersion: acme.dev/v1\nkind: Rollout\nmetadata: {name: web}\nspec: {steps: %s}\n"
    assert not problems(rollout % 3, crds=DEFINITION)
    assert "steps" in problems(rollout % "many", crds=DEFINITION)[0]
    unserved = (rollout % 3).replace("acme.dev/v1", "acme.dev/v1beta1")
    assert "v1beta1" in problems(unserved, crds=DEFINITION)[0]


def test_flux_s_kinds_are_known_without_a_definition() -> None:
    assert not problems(GIT_REPOSITORY % ", interval: 1m")
    found = problems(GIT_REPOSITORY % ", intervall: 1m")
    assert "interval" in found[0]


def test_a_broken_schema_file_is_told_once_and_stops_nothing() -> None:
    found = problems(DEPLOYMENT, files={"schemas/rollout.json": "{"})
    assert len(found) == 1
    assert "schemas/rollout.json" in found[0]


def test_an_unknown_kind_is_checked_for_its_metadata_alone() -> None:
    text = "apiVersion: acme.dev/v1\nkind: Rollout\nmetadata: {name: web, labels: {app: 3}}\nx: 1\n"
    assert "labels" in problems(text)[0]
    schemas = OfflineSchemas("1.36")
    assert len(schemas.unknown(parse_manifests("a.yaml", text.encode()))) == 1
