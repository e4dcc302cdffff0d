"""What environment repositories hold: file layouts, each with one place that a bump edits.

`@OLD@` stands where the planned edit is; `@NAME@` and `@N@` make every file another one.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class FileLayout:
    """A kind of file: its text, and the path of the value that changes."""

    name: str
    text: str
    path: str
    json: bool = False


_DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: @NAME@
  labels: {app: @NAME@, "app.kubernetes.io/part-of": 'shop'}
spec:
  replicas: @N@
  template:
    spec:
      initContainers:
      - name: init
        image: busybox:1.36
      containers:
        # the application
        - name: @NAME@
          image: @OLD@   # {"$imagepolicy": "flux-system:@NAME@"}
          args: ["--flag", 'it''s', plain]
          env:
            - name: GREETING
              value: |
                image: @NAME@:do-not-touch # gitops-image: x
                second line
"""
_KUSTOMIZATION = """apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- ../../base

images:
- name: ghcr.io/acme/other
  newTag: v0.@N@.0
- name: ghcr.io/acme/@NAME@
  newTag: @OLD@ # deployed
  # digest follows
"""
_VALUES = """# Values of @NAME@.
replicaCount: @N@
image:
    repository: ghcr.io/acme/@NAME@
    tag: @OLD@
    pullPolicy: IfNotPresent
ingress: {enabled: true, hosts: [a.example, b.example]}
notes: >-
    folded text
    over lines
"""
_MULTI = """---
# nothing here
---
apiVersion: v1
kind: Service
metadata: {name: @NAME@}
---
kind: CronJob
spec:
  jobTemplate:
    spec: {template: {spec: {containers: [{name: job, image: @OLD@}, {name: b, image: x}]}}}
...
---
kind: List
items: []
"""
_ANCHORS = """x-common: &common
  pull: Always
  tag: keep-@N@
web:
  <<: *common
  tag: @OLD@	# a tab before this
api:
  <<: [*common]
other: &o value
again: *o
"""
_EMOJI = """name: "@NAME@ 🚀"
note: 'naïve “quotes”' # 日本語 @N@
tag: @OLD@
after: 😀
"""
_HELMRELEASE = """apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata:
  name: @NAME@
spec:
  interval: 5m
  values:
    image: {repository: ghcr.io/acme/@NAME@, tag: @OLD@}
    script: |-
      #!/bin/sh
      echo "tag: @N@"
"""
_ARGO = """apiVersion: argoproj.io/v1alpha1
kind: Application
spec:
  source:
    helm:
      parameters:
      - name: image.tag
        value: @OLD@
      - {name: replicas, value: "@N@"}
"""
_COMPLEX = """? @NAME@
: tag
"quoted key": 1
1: integer key
empty:
list:
-   - nested
    - deeper: !!str @N@
-
  tag: @OLD@
long: this plain value
  goes on
  and on
"""
_JSON = """{
  "kind": "Deployment",
  "metadata": {"name": "@NAME@", "n": @N@},
  "spec": {"containers": [{"name": "a", "image": "@OLD@"}, {"name": "\\u00e9\\/", "image": "x"}]}
}
"""
_JSON_TABS = '{\n\t"image": {\n\t\t"tag": "@OLD@",\n\t\t"n": @N@\n\t},\n\t"name": "@NAME@"\n}'
_JSON_TIGHT = '{"a":[1,2,{"tag":"@OLD@"}],"n":@N@,"name":"@NAME@"}'

LAYOUTS = (
    FileLayout(name="deployment", text=_DEPLOYMENT,
               path="spec.template.spec.containers[0].image"),
    FileLayout(name="kustomization", text=_KUSTOMIZATION, path="images[1].newTag"),
    FileLayout(name="values", text=_VALUES, path="image.tag"),
    FileLayout(name="multi-document", text=_MULTI,
               path="[[2]]spec.jobTemplate.spec.template.spec.containers[name=job].image"),
    FileLayout(name="anchors", text=_ANCHORS, path="web.tag"),
    FileLayout(name="emoji", text=_EMOJI, path="tag"),
    FileLayout(name="helmrelease", text=_HELMRELEASE, path="spec.values.image.tag"),
    FileLayout(name="argo-application", text=_ARGO,
               path="spec.source.helm.parameters[name=image.tag].value"),
    FileLayout(name="unusual-keys", text=_COMPLEX, path="list[1].tag"),
    FileLayout(name="json", text=_JSON, path="spec.containers[name=a].image", json=True),
    FileLayout(name="json-tabs", text=_JSON_TABS, path="image.tag", json=True),
    FileLayout(name="json-tight", text=_JSON_TIGHT, path="a[2].tag", json=True),
)  # fmt: skip
"""Every layout, to be combined with the styles."""
