"""`python -m gitops_action` is the command line."""

import sys

from gitops_action.cli import main

if __name__ == "__main__":
    sys.exit(main())
