"""An environment repository of any size: applications of twenty files each.

Sizes and kinds follow what such repositories hold: a few hundred bytes to two kilobytes a file,
one Deployment among Services, policies, settings and notes.
"""

from __future__ import annotations

import io
from collections.abc import Iterator

FILES_PER_APPLICATION = 20
OLD = "v1.0.0"
_DATE = "1767225600 +0000"

_DEPLOYMENT = """# {name}: the one file of this application that names its image
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
  namespace: shop
  labels:
    app.kubernetes.io/name: {name}
    app.kubernetes.io/part-of: shop
spec:
  replicas: 3
  selector:
    matchLabels:
      app.kubernetes.io/name: {name}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: {name}
    spec:
      containers:
        - name: main
          image: {image}:{tag}   # the one line
          ports:
            - containerPort: 8080
          env:
            - name: LOG_LEVEL
              value: info
          readinessProbe:
            httpGet: {{path: /ready, port: 8080}}
          resources:
            requests: {{cpu: 100m, memory: 128Mi}}
            limits: {{memory: 256Mi}}
"""
_SERVICE = """apiVersion: v1
kind: Service
metadata:
  name: {name}
  namespace: shop
spec:
  selector:
    app.kubernetes.io/name: {name}
  ports:
    - name: http
      port: 80
      targetPort: 8080
"""
_POLICY = """apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {name}
  namespace: shop
spec:
  podSelector:
    matchLabels:
      app.kubernetes.io/name: {name}
  policyTypes: [Ingress]
  ingress:
    - from:
        - namespaceSelector: {{matchLabels: {{team: shop}}}}
"""
_NOTES = "# {name}\n\nOwned by the shop team. Runbook, dashboards and alerts are linked here.\n"
_PLAIN = (("deployment.yaml", _DEPLOYMENT), ("service.yaml", _SERVICE),
          ("networkpolicy.yaml", _POLICY), ("README.md", _NOTES))  # fmt: skip


def application(number: int) -> str:
    """The name of an application."""
    return f"app-{number:04}"


def environment(files: int, registry: str, config: str = "") -> Iterator[tuple[str, bytes]]:
    """Yield `files` paths with their content; `config` comes on top, as `.github/gitops.yaml`.

    Args:
        files: how many, a multiple of `FILES_PER_APPLICATION`.
        registry: where the images are, as the files name it.
        config: the configuration's text.
    """
    if config:
        yield ".github/gitops.yaml", config.encode()
    for number in range(files // FILES_PER_APPLICATION):
        name = application(number)
        for file, text in _files():
            filled = text.format(name=name, image=f"{registry}/acme/{name}", tag=OLD)
            yield f"applications/{name}/{file}", filled.encode()


def _files() -> Iterator[tuple[str, str]]:
    yield from _PLAIN
    for number in range(FILES_PER_APPLICATION - len(_PLAIN)):
        settings = "".join(
            f"  SETTING_{number}_{line}: value {line} of {number}, as read at start\n"
            for line in range(5 + number)
        )
        head = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n"
        name = f"  name: {{name}}-settings-{number}\n  namespace: shop\ndata:\n"
        yield f"settings-{number:02}.yaml", head + name + settings


def fast_import(files: Iterator[tuple[str, bytes]], branch: str = "main") -> bytes:
    """Write one commit of these files as a stream for `git fast-import` (its documentation)."""
    out = io.BytesIO()
    message = b"Initial commit"
    out.write(f"commit refs/heads/{branch}\ncommitter Alice <alice@example.com> {_DATE}\n".encode())
    out.write(b"data %d\n%s\n" % (len(message), message))
    for path, data in files:
        out.write(f"M 100644 inline {path}\n".encode())
        out.write(b"data %d\n%s\n" % (len(data), data))
    return out.getvalue()
