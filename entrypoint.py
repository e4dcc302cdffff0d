"""Start the action: this is what the container runs."""

import gc
import sys

gc.set_threshold(200_000, 20, 20)  # a run is short: frequent collecting costs a fifth of its time
from gitops_action.app import main  # noqa: E402 - imports are what is collected most

if __name__ == "__main__":
    sys.exit(main())
