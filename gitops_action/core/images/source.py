"""The commit an image was built from, by the labels it carries."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from gitops_action.core.registry import ImageFacts

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_OWNER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,38}")
_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")
_SSH = re.compile(r"(?:[A-Za-z0-9_.-]+@)?(?P<host>[A-Za-z0-9.-]+):(?P<path>[^/].*)")


@dataclass(frozen=True, kw_only=True)
class ImageSource:
    """An application repository as `OWNER/NAME` and a full commit id in it."""

    repository: str
    commit: str

    def __str__(self) -> str:
        """As the `source` input writes it."""
        return f"{self.repository}@{self.commit}"


def image_source(facts: ImageFacts, *, server_url: str) -> ImageSource | None:
    """What the image says it was built from; None unless both labels are there and usable."""
    repository = source_repository(facts.source, server_url=server_url)
    if repository is None or not _COMMIT.fullmatch(facts.revision):
        return None
    return ImageSource(repository=repository, commit=facts.revision)


def source_repository(address: str, *, server_url: str) -> str | None:
    """`OWNER/NAME` from the address in `org.opencontainers.image.source`.

    Web addresses (also of a folder or file in the repository), clone addresses and SSH's
    `git@host:owner/name` are understood. None when the address is not on the server we work
    with: a label is text that anybody can write.
    """
    try:
        host, path = _host_and_path(address.strip())
        expected = (urlsplit(server_url).hostname or "").lower()
    except ValueError:
        return None
    owner, _, rest = path.strip("/").partition("/")
    name = rest.partition("/")[0].removesuffix(".git")
    sound = _OWNER.fullmatch(owner) and _NAME.fullmatch(name) and name not in {".", ".."}
    return f"{owner}/{name}" if sound and host == expected else None


def _host_and_path(address: str) -> tuple[str, str]:
    if "://" not in address and (ssh := _SSH.fullmatch(address)):
        return ssh["host"].lower(), ssh["path"]
    parts = urlsplit(address)
    return (parts.hostname or "").lower(), parts.path
