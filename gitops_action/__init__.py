"""gitops-action: GitOps on GitHub, from a pushed tag to a verified deployment."""

import atexit
import gc
import os

gc.set_threshold(200_000, 20, 20)  # a run is short: frequent collecting costs a fifth of its time
# At its end Python searches all objects for circles three times; the system takes the memory back.
atexit.register(gc.freeze)
# Nor does pydantic, which sigstore uses, search the metadata of all packages for plugins.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

__version__ = "1.0.0"
