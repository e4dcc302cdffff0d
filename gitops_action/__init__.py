"""gitops-action: GitOps on GitHub, from a pushed tag to a verified deployment."""

import gc

gc.set_threshold(200_000, 20, 20)  # a run is short: frequent collecting costs a fifth of its time

__version__ = "1.0.0"
