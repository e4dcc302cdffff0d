"""Docker for tests and demo: a daemon where none runs, and the images they stand on."""

from testbed.docker.daemon import daemon, owner_label, why_no_docker
from testbed.docker.images import action_image, base_image, runner_image

__all__ = [
    "action_image",
    "base_image",
    "daemon",
    "owner_label",
    "runner_image",
    "why_no_docker",
]
