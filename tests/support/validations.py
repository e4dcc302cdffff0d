"""A validation's report to tell about."""

from __future__ import annotations

from typing import Any

from gitops_action.core.deploy.diff import ObjectDiff
from gitops_action.core.deploy.prune import PruneVerdict
from gitops_action.core.manifests import ObjectId
from gitops_action.core.outcome import Job
from gitops_action.core.report.validation import EnvironmentReport, Finding, ValidationReport
from gitops_action.core.validation.images import ImageDifference
from gitops_action.errors import GitOpsError, Location

HEAD, BASE = "a" * 40, "b" * 40
WEB = ObjectId(group="apps", kind="Deployment", namespace="web", name="web")
MAP = ObjectId(group="", kind="ConfigMap", namespace="web", name="settings")
JOB = Job(repository="acme/environment", run_id="5")


def error(title: str = "it is wrong", **more: Any) -> Finding:
    place = Location(file="environments/staging/web.yaml", line=3)
    given: dict[str, Any] = {"cause": "because", "fix": "fix it", "location": place, **more}
    return Finding(level="error", error=GitOpsError(title, **given))


def warning(title: str = "look at it") -> Finding:
    return Finding(level="warning", error=GitOpsError(title))


def diff(text: str = "@@ -1 +1 @@\n-a: 1\n+a: 2", **more: Any) -> ObjectDiff:
    given: dict[str, Any] = {
        "id": WEB,
        "change": "changed",
        "text": text,
        "origin": Location(file="environments/staging/web.yaml"),
        "lines_added": 1,
        "lines_removed": 1,
        **more,
    }
    return ObjectDiff(**given)


def environment(**more: Any) -> EnvironmentReport:
    image = ImageDifference(
        repository="ghcr.io/acme/web", old=("ghcr.io/acme/web:v1",), new=("ghcr.io/acme/web:v2",)
    )
    given: dict[str, Any] = {
        "name": "staging",
        "folder": "environments/staging",
        "deployed": "push to eu",
        "merged_by": "merged by the gate",
        "changes": (diff(),),
        "images": (image,),
        "deletions": PruneVerdict(total=20, allowed=4, budget="20%"),
        "objects": 20,
        "content_hash": "sha256:" + "c" * 64,
        **more,
    }
    return EnvironmentReport(**given)


def report(*environments: EnvironmentReport, **more: Any) -> ValidationReport:
    given: dict[str, Any] = {
        "repository": "acme/environment",
        "number": 7,
        "branch": "main",
        "base": BASE,
        "head": HEAD,
        "environments": environments or (environment(),),
        "rendered_hash": "sha256:" + "d" * 64,
        "unrendered_hash": "sha256:" + "e" * 64,
        "job": JOB,
        **more,
    }
    return ValidationReport(**given)
