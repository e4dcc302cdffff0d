"""The action's image: what it adds to its base.

python -m benchmarks image
"""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.parts.figures import Figure
from testbed.docker import action_image, base_image, daemon
from testbed.docker.images import size

MEGABYTE = 1_000_000
MOST = 220


def measure() -> Iterator[Figure]:
    """Build the image and compare.

    Raises:
        PartError: there is no Docker here.
    """
    with daemon():
        base = base_image()
        own, below = size(action_image()), size(base)
    yield Figure(
        row="image",
        name="image: size on top of its base",
        value=(own - below) / MEGABYTE,
        unit="MB",
        target=MOST,
        detail=f"{own / MEGABYTE:.0f} MB on {base} with {below / MEGABYTE:.0f} MB, unpacked",
    )
