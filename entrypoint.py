"""Start the action: this is what the container runs."""

import sys

from gitops_action.app import main

if __name__ == "__main__":
    sys.exit(main())
