"""The reusable workflows, made ready for act."""

from __future__ import annotations

import shutil
from pathlib import Path

from testbed.cache import ROOT
from testbed.demo.stage import action_folder

CALLER = ".github/workflows/deploy.yml"
UNKNOWN_TO_ACT = "      deployment: false\n"
"""The one key of GitHub's that act does not know."""


def library(folder: Path, image: str) -> Path:
    """The action's repository: its interface, the built image, and its workflows."""
    action_folder(folder, image)
    shutil.copytree(ROOT / ".github/workflows", folder / ".github/workflows")
    return for_act(folder)


def for_act(folder: Path) -> Path:
    """Remove from a tree's workflows the key that act does not know."""
    for workflow in (folder / ".github/workflows").glob("*.yml"):
        workflow.write_text(workflow.read_text().replace(UNKNOWN_TO_ACT, ""))
    return folder
