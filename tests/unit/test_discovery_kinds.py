from __future__ import annotations

import re

import pytest

from tests.support.plans import (
    DIGEST,
    OTHER_DIGEST,
    after,
    configured,
    plan,
    text,
    uses,
    workload,
)

WEB = "ghcr.io/acme/web"
BUMP = f"{WEB}:v2"
PINNED = f"{WEB}:v2@{DIGEST}"

FOUND = {
    # name: (path, before, bump, {old: new} as text, rule)
    "deployment": ("web.yaml", workload(f"{WEB}:v1"), BUMP, {f"{WEB}:v1": BUMP}, "pod-template"),
    "daemon set": ("a.yaml", workload(f"{WEB}:v1", kind="DaemonSet"), BUMP,
                   {f"{WEB}:v1": BUMP}, "pod-template"),
    "replica set": ("a.yaml", workload(f"{WEB}:v1", kind="ReplicaSet"), BUMP,
                    {f"{WEB}:v1": BUMP}, "pod-template"),
    "stateful set, pinned": ("a.yaml", workload(f"{WEB}:v1", kind="StatefulSet"), PINNED,
                             {f"{WEB}:v1": PINNED}, "pod-template"),
    "init container": ("a.yaml", workload("redis:7", init=f"{WEB}:v1"), BUMP,
                       {f"{WEB}:v1": BUMP}, "pod-template"),
    "rollout": ("a.yaml", workload(f"{WEB}:v1", kind="Rollout", api="argoproj.io/v1alpha1"), BUMP,
                {f"{WEB}:v1": BUMP}, "pod-template"),
    "knative service": (
        "a.yaml", workload(f"{WEB}:v1", kind="Service", api="serving.knative.dev/v1"), BUMP,
        {f"{WEB}:v1": BUMP}, "pod-template"),
    "job": ("a.yaml", workload(f"{WEB}:v1", kind="Job", api="batch/v1"), BUMP,
            {f"{WEB}:v1": BUMP}, "pod-template"),
    "cron job": ("a.yaml", text(f"""
        apiVersion: batch/v1
        kind: CronJob
        metadata: {{name: web}}
        spec:
          jobTemplate:
            spec:
              template:
                spec:
                  containers:
                  - {{name: web, image: "{WEB}:v1"}}
        """), BUMP, {f"{WEB}:v1": BUMP}, "pod-template"),
    "pod with everything": ("a.yaml", text(f"""
        apiVersion: v1
        kind: Pod
        spec:
          ephemeralContainers:
          - name: debug
            image: '{WEB}:v1'  # keep me
        """), BUMP, {f"{WEB}:v1": BUMP}, "pod-template"),
    "image volume": ("a.yaml", text(f"""
        apiVersion: v1
        kind: Pod
        spec:
          containers: [{{name: a, image: "redis:7"}}]
          volumes:
          - name: data
            image:
              reference: {WEB}:v1
        """), BUMP, {f"{WEB}:v1": BUMP}, "image-volume"),
    "list": ("a.yaml", ("apiVersion: v1\nkind: PodList\nitems:\n- apiVersion: v1\n  kind: Pod\n"
             f"  spec:\n    containers:\n    - image: {WEB}:v1\n"), BUMP,
             {f"{WEB}:v1": BUMP}, "pod-template"),
    "json": ("a.json", ('{"apiVersion": "v1", "kind": "Pod", "spec": {"containers": '
             f'[{{"name": "a", "image": "{WEB}:v1"}}]}}}}\n'), PINNED,
             {f"{WEB}:v1": PINNED}, "pod-template"),
    "custom resource with an image field": ("a.yaml", text(f"""
        apiVersion: monitoring.coreos.com/v1
        kind: Prometheus
        spec:
          image: {WEB}:v1
        """), BUMP, {f"{WEB}:v1": BUMP}, "custom-resource"),
    "kustomize entry": ("kustomization.yaml", f"images:\n- name: {WEB}\n  newTag: v1\n", BUMP,
                        {"v1": "v2"}, "kustomize-images"),
    "kustomize entry that names another": (
        "kustomization.yaml", f"images:\n- name: app\n  newName: {WEB}\n  newTag: v1\n", BUMP,
        {"v1": "v2"}, "kustomize-images"),
    "kustomize digest only": (
        "kustomization.yaml", f"images:\n- name: {WEB}\n  digest: {OTHER_DIGEST}\n", PINNED,
        {OTHER_DIGEST: DIGEST}, "kustomize-images"),
    "kustomization's JSON patch": ("kustomization.yaml", text(f"""
        resources: [https://example.org/base]
        patches:
        - target: {{kind: Deployment}}
          patch: |-
            # why
            - op: replace
              path: /spec/template/spec/containers/0/image
              value: {WEB}:v1
        """), BUMP, {f"{WEB}:v1": BUMP}, "kustomize-patch"),
    "component": ("kustomization.yaml", ("apiVersion: kustomize.config.k8s.io/v1alpha1\n"
                  f"kind: Component\nimages:\n- name: {WEB}\n  newTag: v1\n"), BUMP,
                  {"v1": "v2"}, "kustomize-images"),
    "helmCharts valuesInline": ("kustomization.yaml", text(f"""
        helmCharts:
        - name: web
          valuesInline:
            image: {{repository: {WEB}, tag: v1}}
        """), BUMP, {"v1": "v2"}, "kustomize-helm"),
    "chart inflation generator": ("generator.yaml", text(f"""
        apiVersion: builtin
        kind: HelmChartInflationGenerator
        metadata: {{name: web}}
        valuesInline:
          image: {{repository: {WEB}, tag: v1}}
        """), BUMP, {"v1": "v2"}, "kustomize-helm"),
    "values: repository and tag": (
        "values.yaml", f"image:\n  repository: {WEB}\n  tag: v1\n", PINNED,
        {"v1": "v2"}, "helm-values"),
    "values: registry": (
        "values.yaml", "image:\n  registry: ghcr.io\n  repository: acme/web\n  tag: v1\n", BUMP,
        {"v1": "v2"}, "helm-values"),
    "values: global registry": (
        "values.yaml",
        "global: {imageRegistry: ghcr.io}\nimage:\n  repository: acme/web\n  tag: v1\n", BUMP,
        {"v1": "v2"}, "helm-values"),
    "values: digest key": (
        "values.yaml", f'image:\n  repository: {WEB}\n  tag: v1\n  digest: ""\n', PINNED,
        {"v1": "v2", '""': f'"{DIGEST}"'}, "helm-values"),
    "values: bare sha key": (
        "values.yaml", f"image:\n  repository: {WEB}\n  tag: v1\n  sha: {'cd' * 32}\n", PINNED,
        {"v1": "v2", "cd" * 32: "ab" * 32}, "helm-values"),
    "values: tag that carries a digest": (
        "values.yaml", f"image:\n  repository: {WEB}\n  tag: v1@{OTHER_DIGEST}\n", PINNED,
        {f"v1@{OTHER_DIGEST}": f"v2@{DIGEST}"}, "helm-values"),
    "values: single string": ("values.yaml", f"image: {WEB}:v1\n", PINNED,
                              {f"{WEB}:v1": PINNED}, "helm-values"),
    "values: name and tag": ("values.yaml", f"image:\n  name: {WEB}\n  tag: v1\n", BUMP,
                             {"v1": "v2"}, "helm-values"),
    "values: image and tag side by side": (
        "values.yaml", f"web:\n  image: {WEB}\n  tag: v1\n", BUMP, {"v1": "v2"}, "helm-values"),
    "values: prefixed keys": (
        "values.yaml", f"webImageRepository: {WEB}\nwebImageTag: v1\nsidecarImage: redis:7\n",
        BUMP, {"v1": "v2"}, "helm-values"),
    "values: nested and listed": (
        "values.yaml", f"sidecars:\n- image: {{repository: {WEB}, tag: v1}}\n", BUMP,
        {"v1": "v2"}, "helm-values"),
    "values: a tag that needs quotes": (
        "values.yaml", f"image:\n  repository: {WEB}\n  tag: v1\n", f"{WEB}:1.20",
        {"v1": '"1.20"'}, "helm-values"),
    "helm release": ("release.yaml", text(f"""
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        spec:
          values:
            image: {{repository: {WEB}, tag: v1}}
        """), BUMP, {"v1": "v2"}, "helm-release"),
    "post-renderer": ("release.yaml", text(f"""
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        spec:
          postRenderers:
          - kustomize:
              images:
              - name: {WEB}
                newTag: v1
        """), PINNED, {"v1": f"v2@{DIGEST}"}, "helm-post-renderer"),
    "post-renderer over values": ("release.yaml", text(f"""
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        spec:
          values:
            image: {{repository: {WEB}, tag: v0}}
          postRenderers:
          - kustomize:
              images:
              - name: {WEB}
                newTag: v1
        """), BUMP, {"v1": "v2"}, "helm-post-renderer"),
    "k3s chart": ("chart.yaml", text(f"""
        apiVersion: helm.cattle.io/v1
        kind: HelmChart
        spec:
          valuesContent: |-
            image:
              repository: {WEB}
              tag: v1
        """), BUMP, {"v1": "v2"}, "helm-release"),
    "flux kustomization": ("apps.yaml", text(f"""
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        spec:
          images:
          - name: app
            newName: {WEB}
            newTag: v1
            digest: {OTHER_DIGEST}
        """), PINNED, {"v1": "v2", OTHER_DIGEST: DIGEST}, "flux-images"),
    "argo cd image": ("app.yaml", text(f"""
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        spec:
          source:
            kustomize:
              images:
              - {WEB}:v1
        """), PINNED, {f"{WEB}:v1": PINNED}, "argocd-kustomize"),
    "argo cd image with another name": ("app.yaml", text(f"""
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        spec:
          sources:
          - kustomize:
              images:
              - app={WEB}:v1
        """), BUMP, {f"app={WEB}:v1": f"app={BUMP}"}, "argocd-kustomize"),
    "argo cd parameters": ("app.yaml", text(f"""
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        spec:
          source:
            helm:
              parameters:
              - {{name: image.repository, value: {WEB}}}
              - {{name: image.tag, value: v1}}
        """), BUMP, {"v1": "v2"}, "argocd-helm"),
    "argo cd values object": ("app.yaml", text(f"""
        apiVersion: argoproj.io/v1alpha1
        kind: ApplicationSet
        spec:
          template:
            spec:
              source:
                helm:
                  valuesObject:
                    image: {{repository: {WEB}, tag: v1}}
        """), BUMP, {"v1": "v2"}, "argocd-helm"),
    "argo cd values text": ("app.yaml", text(f"""
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        spec:
          source:
            helm:
              values: |
                # ours
                image:
                  repository: {WEB}
                  tag: v1
        """), BUMP, {"v1": "v2"}, "argocd-helm"),
    "marker on anything": ("stack.yaml", f"services:\n  web_ref: {WEB}:v1 # gitops-image: {WEB}\n",
                           PINNED, {f"{WEB}:v1": PINNED}, "marker"),
    "marker on a tag": ("terraform.yaml", f"version: v1  # gitops-image: {WEB}:tag\n", BUMP,
                        {"v1": "v2"}, "marker"),
    "markers on tag and digest": (
        "x.yaml",
        f"v: v1 # gitops-image: {WEB}:tag\nd: {OTHER_DIGEST} # gitops-image: {WEB}:digest\n",
        PINNED, {"v1": "v2", OTHER_DIGEST: DIGEST}, "marker"),
    "marker in a config map": ("config.yaml", text(f"""
        apiVersion: v1
        kind: ConfigMap
        data:
          web: {WEB}:v1 # gitops-image: {WEB}
        """), BUMP, {f"{WEB}:v1 #": f"{BUMP} #"}, "marker"),
    "marker in a text": ("config.yaml", text(f"""
        apiVersion: v1
        kind: ConfigMap
        data:
          settings: |
            keep: this
            runner: {WEB}:v1 # gitops-image: {WEB}
        """), BUMP, {f"{WEB}:v1 #": f"{BUMP} #"}, "marker"),
    "policy marker on a reference": (
        "x.yaml", f'job: {WEB}:v1 # {{"$imagepolicy": "flux-system:any"}}\n', BUMP,
        {f"{WEB}:v1": BUMP}, "imagepolicy-marker"),
    "policy marker on name and tag": (
        "x.yaml", (f'n: {WEB} # {{"$imagepolicy": "flux-system:any:name"}}\n'
        't: v1 # {"$imagepolicy": "flux-system:any:tag"}\n'), BUMP, {"t: v1": "t: v2"},
        "imagepolicy-marker"),
    "policy marker beside its objects": ("x.yaml", text(f"""
        apiVersion: image.toolkit.fluxcd.io/v1
        kind: ImageRepository
        metadata: {{name: source, namespace: flux-system}}
        spec: {{image: {WEB}}}
        ---
        apiVersion: image.toolkit.fluxcd.io/v1
        kind: ImagePolicy
        metadata: {{name: any, namespace: flux-system}}
        spec: {{imageRepositoryRef: {{name: source}}}}
        ---
        tag: v1 # {{"$imagepolicy": "flux-system:any:tag"}}
        """), BUMP, {"tag: v1": "tag: v2"}, "imagepolicy-marker"),
}  # fmt: skip


@pytest.mark.parametrize(("path", "before", "bump", "swaps", "rule"), FOUND.values(), ids=FOUND)
def test_an_image_is_found_and_only_its_bytes_change(
    path: str, before: str, bump: str, swaps: dict[str, str], rule: str
) -> None:
    files = {path: before}
    expected = before
    for old, new in swaps.items():
        expected, count = re.subn(rf"(?<![\w/]){re.escape(old)}(?!\w)", new, expected)
        assert count == 1

    planned = plan(files, bump)

    assert after(files, planned)[path] == expected
    assert {line.rule for line in planned.lines} == {rule}
    assert all(line.reason and before.splitlines()[line.line - 1] for line in planned.lines)
    assert all(line.old in before.splitlines()[line.line - 1] for line in planned.lines)
    again = plan({path: expected}, bump)
    assert not again.edits
    assert again.unchanged


LEFT_ALONE = {
    "config map data": ("a.yaml", f"apiVersion: v1\nkind: ConfigMap\ndata:\n  image: {WEB}:v1\n"),
    "secret": ("a.yaml", f"apiVersion: v1\nkind: Secret\nstringData:\n  image: {WEB}:v1\n"),
    "environment variable": (
        "a.yaml",
        workload("redis:7") + f"        env: [{{name: IMAGE, value: '{WEB}:v1'}}]\n",
    ),
    "image repository of flux": (
        "a.yaml",
        f"apiVersion: image.toolkit.fluxcd.io/v1\nkind: ImageRepository\nspec:\n  image: {WEB}\n",
    ),
    "suffix of a name": ("a.yaml", workload(f"mirror.io/{WEB}:v1")),
    "prefix of a name": ("a.yaml", workload(f"{WEB}-admin:v1")),
    "same last part": ("a.yaml", workload("docker.io/acme/web:v1")),
    "compose file": ("compose.yaml", f"services:\n  web:\n    image: {WEB}:v1\n"),
    "workflow": (".github/workflows/ci.yaml", f"jobs:\n  a:\n    container: {WEB}:v1\n"),
    "git reference with name and tag": ("values.yaml", f"git:\n  name: {WEB}\n  tag: v1\n"),
    "repository without tag": ("values.yaml", f"image:\n  repository: {WEB}\n"),
    "tag without repository": ("values.yaml", "# web\nimage:\n  tag: v1\n"),
    "marker of another image": ("x.yaml", f"a: {WEB}:v1 # gitops-image: ghcr.io/acme/api\n"),
    "comment": ("a.yaml", workload("redis:7") + f"# image: {WEB}:v1\n"),
}


@pytest.mark.parametrize(("path", "content"), LEFT_ALONE.values(), ids=LEFT_ALONE)
def test_what_is_no_image_setting_is_left_alone(path: str, content: str) -> None:
    other = workload(f"{WEB}:v1", name="other")

    planned = plan({path: content, "other.yaml": other}, BUMP)

    assert set(planned.edits) == {"other.yaml"}


def test_values_of_an_environment_take_the_repository_from_the_file_beside_them() -> None:
    files = {
        "chart/values.yaml": f"image:\n  repository: {WEB}\n  tag: v0\n",
        "chart/values-prod.yaml": "image:\n  tag: v1\n",
    }
    planned = plan(files, BUMP, paths=("chart/values-prod.yaml",))
    assert after(files, planned)["chart/values-prod.yaml"] == "image:\n  tag: v2\n"
    assert set(planned.edits) == {"chart/values-prod.yaml"}


def test_values_files_of_an_inflated_chart_are_layered() -> None:
    files = {
        "app/kustomization.yaml": "helmCharts:\n- name: web\n  valuesFile: base-values.yaml\n"
        "  additionalValuesFiles: [values-env.yaml]\n",
        "app/base-values.yaml": f"image:\n  repository: {WEB}\n  tag: v0\n",
        "app/values-env.yaml": "image:\n  tag: v1\n",
    }
    planned = plan(files, BUMP)
    assert list(planned.edits) == ["app/values-env.yaml"]


def test_values_files_of_an_argo_cd_application_are_layered() -> None:
    files = {
        "charts/web/values.yaml": f"image:\n  repository: {WEB}\n  tag: v0\n",
        "env/web-values.yaml": "image:\n  tag: v1\n",
        "env/app.yaml": text("""
            apiVersion: argoproj.io/v1alpha1
            kind: Application
            spec:
              sources:
              - path: charts/web
                helm:
                  valueFiles: [$here/env/web-values.yaml]
              - ref: here
            """),
    }
    found = {(use.file, use.tag, use.repository) for use in uses(files)}
    assert ("env/web-values.yaml", "v1", WEB) in found


def test_what_a_flux_kustomization_builds_is_followed_and_transformed() -> None:
    files = {
        "clusters/staging/apps.yaml": text(f"""
            apiVersion: kustomize.toolkit.fluxcd.io/v1
            kind: Kustomization
            metadata: {{name: apps}}
            spec:
              path: ./apps/staging
              sourceRef: {{kind: GitRepository, name: flux-system}}
              images:
              - name: {WEB}
                newTag: v1
            """),
        "apps/staging/web.yaml": workload(f"{WEB}:v0"),
    }
    (use,) = uses(files)
    assert (use.tag, use.file, use.rule) == ("v1", "clusters/staging/apps.yaml", "flux-images")


def test_a_flux_kustomization_that_builds_its_own_folder_is_no_circle() -> None:
    sync = text("""
        apiVersion: kustomize.toolkit.fluxcd.io/v1
        kind: Kustomization
        spec: {path: ./clusters/staging, sourceRef: {kind: GitRepository}}
        """)
    files = {"clusters/staging/sync.yaml": sync, "clusters/staging/web.yaml": workload(f"{WEB}:v1")}
    assert [use.tag for use in uses(files)] == ["v1"]


RELEASE = text(f"""
    apiVersion: helm.toolkit.fluxcd.io/v2
    kind: HelmRelease
    metadata: {{name: web}}
    spec:
      values:
        image: {{repository: {WEB}, tag: v0}}
        sidecar: {{image: "redis:7"}}
    """)
RELEASE_PATCHES = {
    "strategic merge": text("""
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: {name: web}
        spec:
          values:
            image: {tag: v1}
        """),
    "JSON operations": "- {op: replace, path: /spec/values/image/tag, value: v1}\n",
}


@pytest.mark.parametrize("patch", RELEASE_PATCHES.values(), ids=RELEASE_PATCHES)
@pytest.mark.parametrize("more", ["", "namePrefix: pre-\n"])
def test_patched_values_of_a_release_are_edited_in_the_patch(patch: str, more: str) -> None:
    files = {
        "base/kustomization.yaml": f"resources: [release.yaml]\n{more}",
        "base/release.yaml": RELEASE,
    }
    for stage in ("staging", "production"):
        files[f"{stage}/kustomization.yaml"] = (
            "resources: [../base]\npatches:\n- path: patch.yaml\n"
            "  target: {kind: HelmRelease, name: web}\n"
        )
        files[f"{stage}/patch.yaml"] = patch
    config = configured(staging="staging", production="production")

    planned = plan(files, BUMP, config=config, environment="staging")

    expected = patch.replace("v1}", "v2}") if "values:" in patch else patch.replace("v1", "v2")
    assert {path: data.decode() for path, data in planned.edits.items()} == {
        "staging/patch.yaml": expected
    }
    assert {use.repository for use in uses(files, config, "staging")} == {
        WEB,
        "docker.io/library/redis",
    }
