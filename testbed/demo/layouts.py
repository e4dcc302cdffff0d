"""The two environment repositories of the demo, and the application that is released."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

APPLICATION = "acme/web"
ENVIRONMENT = "acme/environment"
OLD_TAG = "v1.2.3"
NEW_TAG = "v1.3.0"


@dataclass(frozen=True, kw_only=True)
class Layout:
    """A shape of environment repository.

    Attributes:
        name: how `make demo LAYOUT=…` calls it.
        about: one line for the reader.
        files: its content; `{image}` stands for the application's image without tag.
        deployed: the file that a release changes.
    """

    name: str
    about: str
    files: Mapping[str, str]
    deployed: str

    def filled(self, image: str) -> dict[str, str]:
        """The files with the image's name in them."""
        return {path: text.replace("{image}", image) for path, text in self.files.items()}


_DEPLOYMENT = f"""\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  selector:
    matchLabels: {{app: web}}
  template:
    metadata:
      labels: {{app: web}}
    spec:
      containers:
        - name: web
          image: {{image}}:{OLD_TAG}  # the version that runs
          ports:
            - containerPort: 8080
"""

_SERVICE = """\
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  selector: {app: web}
  ports:
    - port: 80
      targetPort: 8080
"""

CLASSIC = Layout(
    name="classic",
    about="applications/<name>/deployment.yaml, and no configuration at all",
    files={
        "applications/web/deployment.yaml": _DEPLOYMENT,
        "applications/web/service.yaml": _SERVICE,
        "applications/cache/deployment.yaml": _DEPLOYMENT.replace("web", "cache").replace(
            f"{{image}}:{OLD_TAG}  # the version that runs", "redis:7.4"
        ),
    },
    deployed="applications/web/deployment.yaml",
)


def _overlay(tag: str) -> str:
    return f"""\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
  - ../../base
images:
  - name: {{image}}
    newTag: {tag}
"""


OVERLAYS = Layout(
    name="overlays",
    about="staging and production as kustomize overlays, described in .github/gitops.yaml",
    files={
        ".github/gitops.yaml": f"""\
version: 1
applications:
  web:
    images: ["{{image}}"]
    source: {APPLICATION}
environments:
  staging:
    path: environments/staging
  production:
    path: environments/production
    after: [staging]
""",
        "base/deployment.yaml": _DEPLOYMENT.replace(f":{OLD_TAG}  # the version that runs", ""),
        "base/service.yaml": _SERVICE,
        "base/kustomization.yaml": """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
  - deployment.yaml
  - service.yaml
""",
        "environments/staging/kustomization.yaml": _overlay(OLD_TAG),
        "environments/production/kustomization.yaml": _overlay("v1.1.0"),
    },
    deployed="environments/staging/kustomization.yaml",
)

LAYOUTS = {layout.name: layout for layout in (CLASSIC, OVERLAYS)}
