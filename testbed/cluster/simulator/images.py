"""What an image does wherever it runs, for pods whose manifests say nothing about it.

The folder's `images.json` maps image references to annotations, `{"web:v2": {"testbed/behaviour":
"crash-loop"}}`; it is read again for each pod, so that an image can break while the cluster runs.
"""

from __future__ import annotations

import json
from pathlib import Path

from testbed.cluster.api import Json

_FILE = "images.json"


def set_behaviour(folder: Path, image: str, behaviour: str, log: str) -> None:
    """Let every pod that is made with the image from now on behave so.

    Args:
        folder: the control plane's.
        image: the reference as manifests spell it, without a digest.
        behaviour: see `testbed.cluster.simulator.behaviours`.
        log: what its containers write; empty for the usual lines.
    """
    told = {"testbed/behaviour": behaviour, **({"testbed/log": log} if log else {})}
    file = folder / _FILE
    fresh = file.with_suffix(".new")
    fresh.write_text(json.dumps({**_read(file), image: told}))
    fresh.replace(file)  # the simulator never reads half of it


def forget_behaviours(folder: Path) -> None:
    """Let every image do the usual again."""
    (folder / _FILE).unlink(missing_ok=True)


def with_behaviour(folder: Path, pod: Json) -> Json:
    """The pod, with its image's annotations where it has none of its own."""
    images = _read(folder / _FILE)
    for container in pod["spec"]["containers"]:
        told = images.get(container.get("image", "").partition("@")[0])
        if told:
            metadata = pod["metadata"]
            annotations = {**told, **metadata.get("annotations", {})}
            return {**pod, "metadata": {**metadata, "annotations": annotations}}
    return pod


def _read(file: Path) -> dict[str, dict[str, str]]:
    try:
        found: dict[str, dict[str, str]] = json.loads(file.read_text())
    except FileNotFoundError:
        return {}
    return found
