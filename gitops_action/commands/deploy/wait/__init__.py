"""Waiting until objects are healthy, or until it is certain that they will not be."""

from gitops_action.commands.deploy.wait.state import Awaited, Ending, Waited, WaitResult
from gitops_action.commands.deploy.wait.wait import wait_healthy

__all__ = ["Awaited", "Ending", "WaitResult", "Waited", "wait_healthy"]
