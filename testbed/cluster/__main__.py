"""`python -m testbed.cluster`: a control plane to try things on, until Ctrl-C."""

from __future__ import annotations

import signal
import sys

from testbed import reaper
from testbed.cluster.plane import ControlPlane
from testbed.process import PartError


def main() -> int:
    """Run it; gives the exit code."""
    reaper.protect()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with (
            reaper.scratch("cluster") as folder,
            ControlPlane.start(folder / "plane") as plane,
        ):
            print(f"export KUBECONFIG={plane.folder / 'kubeconfig'}", flush=True)
            signal.pause()
    except KeyboardInterrupt:
        return 0
    except PartError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
