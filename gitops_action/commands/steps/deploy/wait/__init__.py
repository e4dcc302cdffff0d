"""Waiting until objects are healthy, or until it is certain that they will not be."""

from gitops_action.commands.steps.deploy.wait.healthy import wait_healthy
from gitops_action.commands.steps.deploy.wait.model import Awaited, Ending, Waited, WaitResult

__all__ = ["Awaited", "Ending", "WaitResult", "Waited", "wait_healthy"]
