"""What an environment is called in a cluster, where other repositories may deploy as well."""

from __future__ import annotations

from hashlib import sha256

_READABLE = 50
"""A label's value has at most 63 characters (Kubernetes, "Labels and Selectors")."""
_DIGITS = 12
_PREFIX = "gitops-action-"


def inventory_label(*, environment: str, repository: str, server_url: str) -> str:
    """The value of the label that says whose inventory an object is in.

    Readable first, then a hash that tells environments of one name apart, of different
    repositories and servers: `production-1b4f0e985197`. Neither case nor a final slash counts. A
    repository that was renamed is another one: it starts an inventory of its own, and nothing of
    the former one is deleted.

    Args:
        environment: its name in the configuration.
        repository: OWNER/NAME.
        server_url: where the repository is, such as `https://github.com`.
    """
    server = server_url.strip("/ ").rpartition("://")[2]
    whole = "\n".join((server.lower(), repository.strip("/ ").lower(), environment))
    return f"{environment[:_READABLE]}-{sha256(whole.encode()).hexdigest()[:_DIGITS]}"


def record_name(label: str) -> str:
    """The name of an environment's lease, and of the ConfigMap at the head of its inventory."""
    return _PREFIX + label
