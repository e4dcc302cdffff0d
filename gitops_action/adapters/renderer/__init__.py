"""Rendering by the programs that clusters' own controllers are built of."""

from gitops_action.adapters.renderer.charts import NOT_INSTALLED, NOT_SEPARATE, NoHelm
from gitops_action.adapters.renderer.kustomize import Limits, find_helm, find_kubectl
from gitops_action.adapters.renderer.renderer import KustomizeRenderer
from gitops_action.adapters.renderer.sandbox import find_sandbox

__all__ = [
    "NOT_INSTALLED",
    "NOT_SEPARATE",
    "KustomizeRenderer",
    "Limits",
    "NoHelm",
    "find_helm",
    "find_kubectl",
    "find_sandbox",
]
