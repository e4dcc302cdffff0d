"""A problem of one object: which object, where in it, and how bad."""

from __future__ import annotations

from typing import Literal

from gitops_action.core.manifests import Manifest
from gitops_action.errors import GitOpsError

Level = Literal["error", "warning"]

Step = str | int
Steps = tuple[Step, ...]
"""Keys and indexes from an object's top to a value."""


class ObjectProblem(GitOpsError):  # noqa: N818 - some are warnings
    """Something that is wrong with an object, or probably wrong.

    Attributes:
        manifest: the object.
        steps: where in it; empty for the object as a whole.
        level: `error` for what an API server refuses; `warning` for what cannot be told for
            certain without the cluster.
    """

    def __init__(  # noqa: PLR0913 - the parts of an error, and of its place
        self,
        title: str,
        *,
        manifest: Manifest,
        steps: Steps = (),
        cause: str = "",
        fix: str = "",
        level: Level = "error",
    ) -> None:
        """Place the problem where the object comes from; `locate` finds the line."""
        super().__init__(title, cause=cause, fix=fix, location=manifest.origin)
        self.manifest = manifest
        self.steps = steps
        self.level: Level = level


def written(steps: Steps) -> str:
    """A path the way people say it: `spec.template.spec.containers[0].image`.

    Keys that hold dots or slashes, as labels do, stand in brackets: `metadata.labels["a/b"]`.
    """
    text = ""
    for step in steps:
        if isinstance(step, int):
            text += f"[{step}]"
        elif not step or any(letter in step for letter in "./[] "):
            text += f'["{step}"]'
        else:
            text += f".{step}" if text else step
    return text
