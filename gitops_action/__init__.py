"""gitops-action: GitOps on GitHub, from a pushed tag to a verified deployment."""

__version__ = "1.0.0"
