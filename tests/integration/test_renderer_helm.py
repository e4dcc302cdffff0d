"""Charts in the repository, rendered by the real helm, or told of where there is none."""

from collections.abc import Mapping

import pytest

from gitops_action.core.rendering import RemoteBaseError
from testbed.gotool import HELM, go_program
from tests.support.renders import CONFIG_MAP, by_name, origins, render, told

CHART = {
    "charts/web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.2.3\n",
    "charts/web/values.yaml": "size: small\ncolour: red\nextra: {a: 1, b: 2}\n",
    "charts/web/templates/settings.yaml": (
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\n"
        "  namespace: {{ .Release.Namespace }}\ndata:\n  size: {{ .Values.size }}\n"
        "  colour: {{ .Values.colour }}\n  extra: {{ toJson .Values.extra | quote }}\n"
    ),
    "charts/web/templates/tests/check.yaml": (
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: check\n  annotations: {helm.sh/hook: test}\n"
    ),
    "charts/web/crds/toys.yaml": (
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
        "metadata: {name: toys.acme.dev}\n"
    ),
    "values/prod.yaml": "size: large\nextra: {b: 3}\n",
}
RELEASE = """apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: flux-system}
spec:
  targetNamespace: shop
  chart:
    spec:
      chart: ./charts/web
      sourceRef: {kind: GitRepository, name: environment}
      valuesFiles: [charts/web/values.yaml, values/prod.yaml]
  valuesFrom:
    - {kind: ConfigMap, name: more}
    - {kind: Secret, name: keys}
  values: {extra: {c: 4}}
"""
MORE = (
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: more, namespace: flux-system}\n"
    "data: {values.yaml: 'colour: blue'}\n"
)
REPOSITORY = {**CHART, "env/release.yaml": RELEASE, "env/more.yaml": MORE}


@pytest.fixture(scope="session")
def helm() -> str:
    return str(go_program(HELM))


def with_release(old: str, new: str) -> Mapping[str, str]:
    return {**REPOSITORY, "env/release.yaml": RELEASE.replace(old, new)}


def test_a_release_of_a_chart_in_the_repository(helm: str) -> None:
    rendering = render(REPOSITORY, helm=helm)
    assert told(rendering) == []
    assert origins(rendering) == {
        "ConfigMap flux-system/more": "env/more.yaml:1",
        "ConfigMap shop/shop-web": "charts/web/templates/settings.yaml",
        "CustomResourceDefinition toys.acme.dev": "charts/web/crds/toys.yaml",
        "HelmRelease flux-system/web": "env/release.yaml:1",
    }
    assert by_name(rendering)["ConfigMap shop/shop-web"].body["data"] == {
        "size": "large",
        "colour": "blue",
        "extra": '{"a":1,"b":3,"c":4}',
    }
    assert rendering.notes == (
        "HelmRelease flux-system/web: values from Secret keys are not in the render",
    )


def test_without_helm_the_release_is_an_object() -> None:
    rendering = render(REPOSITORY)
    assert told(rendering) == []
    assert by_name(rendering).keys() == {
        "ConfigMap flux-system/more",
        "HelmRelease flux-system/web",
    }
    (missing,) = rendering.unrendered
    assert missing.title == "HelmRelease flux-system/web: its chart charts/web is not rendered"


@pytest.mark.parametrize(
    "files",
    [
        with_release("kind: GitRepository", "kind: HelmRepository"),
        with_release("./charts/web", "./charts/elsewhere"),
        with_release("./charts/web", "../../etc"),
        with_release("  chart:\n    spec:", "  other:\n    spec:"),
    ],
)
def test_a_chart_of_elsewhere_is_left_to_its_release(helm: str, files: Mapping[str, str]) -> None:
    rendering = render(files, helm=helm)
    assert told(rendering) == []
    assert len(rendering.manifests) == 2
    assert rendering.notes == ()


def test_a_chart_that_fails_is_told_at_the_release(helm: str) -> None:
    broken = {**REPOSITORY, "charts/web/templates/settings.yaml": "{{ fail `no colour` }}\n"}
    (problem,) = render(broken, helm=helm).problems
    assert str(problem.location) == "env/release.yaml:1"
    assert "no colour" in problem.cause
    assert "gitops-action-" not in str(problem)


def test_a_template_that_writes_no_object_is_told_at_the_template(helm: str) -> None:
    broken = {**REPOSITORY, "charts/web/templates/settings.yaml": "kind: ConfigMap\n"}
    (problem,) = render(broken, helm=helm).problems
    assert str(problem.location) == "charts/web/templates/settings.yaml"
    assert "apiVersion" in problem.title


def test_a_value_file_that_is_not_there(helm: str) -> None:
    (problem,) = render(with_release("values/prod.yaml", "values/nope.yaml"), helm=helm).problems
    assert "values/nope.yaml" in problem.title


KUSTOMIZED = {
    "env/kustomization.yaml": (
        "resources: [own.yaml]\nhelmGlobals: {chartHome: ../charts}\n"
        "helmCharts:\n  - name: web\n    releaseName: prod\n    namespace: shop\n"
        "    valuesInline: {size: huge}\n"
    ),
    "env/own.yaml": CONFIG_MAP % "own",
    **CHART,
}


def test_charts_of_a_kustomization(helm: str) -> None:
    rendering = render(KUSTOMIZED, helm=helm)
    assert told(rendering) == []
    found = by_name(rendering)["ConfigMap shop/prod"]
    assert found.body["data"] == {"size": "huge", "colour": "red", "extra": '{"a":1,"b":2}'}
    assert found.origin is not None
    assert found.origin.file == "env/kustomization.yaml"


def test_charts_of_a_kustomization_without_helm_are_told_and_left_out() -> None:
    rendering = render(KUSTOMIZED)
    assert told(rendering) == []
    assert by_name(rendering).keys() == {"ConfigMap own"}
    (missing,) = rendering.unrendered
    assert missing.title == "Helm charts of a kustomization are not rendered"
    assert str(missing.location) == "env/kustomization.yaml:4"


def test_a_chart_that_would_be_fetched_is_refused(helm: str) -> None:
    text = "helmCharts:\n  - {name: far, repo: 'https://charts.example', version: 1.0.0}\n"
    (problem,) = render({"env/kustomization.yaml": text}, helm=helm).problems
    assert isinstance(problem, RemoteBaseError)
    assert str(problem.location) == "env/kustomization.yaml:2"
