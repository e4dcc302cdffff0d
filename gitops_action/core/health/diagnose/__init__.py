"""Why a workload does not become healthy, from its newest pods, and whether waiting can help."""

from gitops_action.core.health.diagnose.model import LogRequest, Surroundings, Tolerance, Verdict
from gitops_action.core.health.diagnose.workload import diagnose

__all__ = ["LogRequest", "Surroundings", "Tolerance", "Verdict", "diagnose"]
