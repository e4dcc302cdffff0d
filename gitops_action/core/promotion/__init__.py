"""Which versions are proposed from one environment to the next."""
