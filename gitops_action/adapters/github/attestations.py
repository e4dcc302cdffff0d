"""The attestations that GitHub keeps of artifacts, by the digest of what they are about."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping

from gitops_action.adapters.github.client import GitHubClient
from gitops_action.adapters.github.errors import HTTP_NOT_FOUND, Purpose, RequestFailure
from gitops_action.adapters.github.reply import Reply
from gitops_action.errors import GitOpsError

_PAGE = 30
_MOST_PAGES = 4
_MOST_DOWNLOADS = 30


class GitHubAttestations:
    """What `actions/attest` has stored in repositories."""

    def __init__(self, client: GitHubClient, download: Callable[[str], bytes]) -> None:
        """Take the client that may read the application repositories.

        `download` reads a bundle that GitHub lists by its address alone.
        """
        self._client = client
        self._download = download

    def of(self, repository: str, digest: str) -> Iterator[bytes]:
        """The bundles of a digest, page by page; none where the token sees no such repository.

        Raises:
            GitOpsError: they cannot be read, or not all of them.
        """
        downloads = 0
        for one in self._listed(repository, digest):
            if content := one.anything("bundle"):
                yield json.dumps(content).encode()
                continue
            downloads += 1
            if downloads > _MOST_DOWNLOADS:
                raise _too_many(repository, digest)
            yield self._download(_address(one))

    def _listed(self, repository: str, digest: str) -> Iterator[Reply]:
        query: dict[str, object] = {"per_page": _PAGE}
        for _ in range(_MOST_PAGES):
            data, cursor = self._page(repository, digest, query)
            yield from Reply(data, "attestations").each("attestations")
            if not cursor:
                return
            query["after"] = cursor
        raise _too_many(repository, digest)

    def _page(
        self, repository: str, digest: str, query: Mapping[str, object]
    ) -> tuple[object, str]:
        purpose = Purpose(
            operation=f"read the attestations of {digest[:19]}",
            permission="attestations: read",
            repository=repository,
        )
        path = self._client.path(repository, "attestations", digest)

        def page() -> tuple[object, str]:
            try:
                return self._client.page(path, query)
            except RequestFailure as failure:
                if failure.status == HTTP_NOT_FOUND:
                    return {}, ""
                raise

        return self._client.reading(page, purpose)


def _too_many(repository: str, digest: str) -> GitOpsError:
    return GitOpsError(f"{repository} has too many attestations of {digest[:19]} to read")


def _address(attestation: Reply) -> str:
    url = attestation.anything("bundle_url")
    if not url or not isinstance(url, str):
        raise GitOpsError("GitHub lists an attestation without its content")
    return url
