"""Why a workload does not become healthy, from its newest pods, and whether waiting can help."""

from gitops_action.core.health.diagnose.model import (
    Diagnosis,
    LogRequest,
    RelatedObjects,
    Tolerance,
)
from gitops_action.core.health.diagnose.workload import diagnose

__all__ = ["Diagnosis", "LogRequest", "RelatedObjects", "Tolerance", "diagnose"]
