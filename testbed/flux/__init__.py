"""Flux' own controllers, as plain processes on the test bed's control plane."""

from testbed.flux.flux import NAMESPACE, Flux

__all__ = ["NAMESPACE", "Flux"]
