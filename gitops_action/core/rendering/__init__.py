"""What an environment stands on and what it comes to, as values."""

from gitops_action.core.rendering.model import Rendering

__all__ = ["Rendering"]
