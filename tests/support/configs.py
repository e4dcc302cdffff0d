"""Configurations that tests share."""

FILE = ".github/gitops.yaml"

EXAMPLE = b"""\
version: 1
applications:                 # optional
  web:
    images: [ghcr.io/acme/web]
    source: acme/web
environments:
  staging:
    path: environments/staging            # or applications/{application}/staging
    merge: auto                            # auto | manual
    rollback: {mode: auto, approvals: 0}   # auto | propose | off
    deploy: {engine: flux, kustomizations: [flux-system/staging]}
  production:
    path: environments/production
    after: [staging]
    merge: auto
    merge-method: squash
    gates:
      soak: 1h
      windows:
        - {deny: "0 17 * * FRI", for: 63h, timezone: Europe/Berlin}
      approvals: {count: 2, teams: [acme/sre]}
      checks: [ci/smoke]
      http: [{url: "https://status.acme.dev/ok", expect: "response.status == 200"}]
    deploy:
      targets:
        - {name: eu, engine: push, context: eu}
        - {name: us, engine: push, context: us}
      prune: {max: 20%, confirm: [Namespace, PersistentVolumeClaim, CustomResourceDefinition]}
      health: {timeout: 10m, tolerate-restarts: 3}
"""
