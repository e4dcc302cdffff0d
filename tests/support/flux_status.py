"""Flux's objects with a status, as its controllers write them."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]
COMMIT, NEWER, OLDER, OTHER = "a" * 40, "b" * 40, "c" * 40, "d" * 40
STAMP = "2026-01-01T00:00:00+00:00"


def condition(kind: str, status: str, reason: str = "", message: str = "", **more: object) -> Json:
    found: Json = {"type": kind, "status": status, "reason": reason, "message": message}
    return {**found, "lastTransitionTime": "2026-01-01T00:00:00Z", **more}


def revision(commit: str) -> str:
    return f"main@sha1:{commit}"


def git_source(held: str = COMMIT, *conditions: Json, handled: str = STAMP, **spec: object) -> Json:
    artifact = {"artifact": {"revision": revision(held)}} if held else {}
    return {
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": "GitRepository",
        "metadata": {"name": "web", "namespace": "flux-system", "generation": 1},
        "spec": {"url": "ssh://git@github.com/acme/environment", **spec},
        "status": {
            "observedGeneration": 1,
            "lastHandledReconcileAt": handled,
            "conditions": list(conditions),
            **artifact,
        },
    }


def kustomization(
    *conditions: Json,
    applied: str = "",
    attempted: str = "",
    observed: int = 1,
    handled: str = STAMP,
    **spec: object,
) -> Json:
    return {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": {"name": "web", "namespace": "flux-system", "generation": 1},
        "spec": {"sourceRef": {"kind": "GitRepository", "name": "web"}, **spec},
        "status": {
            "observedGeneration": observed,
            "lastHandledReconcileAt": handled,
            "lastAppliedRevision": revision(applied) if applied else "",
            "lastAttemptedRevision": revision(attempted) if attempted else "",
            "conditions": list(conditions),
        },
    }
