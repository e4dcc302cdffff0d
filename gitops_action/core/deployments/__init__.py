"""Records of deployments as values: what is kept on GitHub, and how it is read back."""
