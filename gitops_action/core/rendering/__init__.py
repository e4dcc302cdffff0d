"""What an environment stands on and what it comes to, as values."""

from gitops_action.core.rendering.closure import Closures, closure, closure_hash
from gitops_action.core.rendering.graph import LinkError, RemoteBaseError, RenderError
from gitops_action.core.rendering.output import Rendering

__all__ = [
    "Closures",
    "LinkError",
    "RemoteBaseError",
    "RenderError",
    "Rendering",
    "closure",
    "closure_hash",
]
