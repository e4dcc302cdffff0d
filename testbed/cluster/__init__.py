"""A real Kubernetes control plane for tests, demo and benchmarks; see plane.py."""

from testbed.cluster.accounts import Account
from testbed.cluster.plane import ControlPlane

__all__ = ["Account", "ControlPlane"]
