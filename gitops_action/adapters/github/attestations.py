"""The attestations that GitHub keeps of artifacts, by the digest of what they are about."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from gitops_action.adapters.github.client import GitHubClient
from gitops_action.adapters.github.errors import HTTP_NOT_FOUND, Purpose, RequestFailure
from gitops_action.adapters.github.reply import Reply
from gitops_action.errors import GitOpsError

_PAGE = 30
_MOST_PAGES = 4


class GitHubAttestations:
    """What `actions/attest` has stored in repositories."""

    def __init__(self, client: GitHubClient) -> None:
        """Take the client that may read the application repositories."""
        self._client = client

    def of(self, repository: str, digest: str) -> Iterator[bytes]:
        """The bundles of a digest, page by page; none where the token sees no such repository.

        Raises:
            GitOpsError: they cannot be read, or not all of them.
        """
        query: dict[str, object] = {"per_page": _PAGE}
        for _ in range(_MOST_PAGES):
            data, cursor = self._page(repository, digest, query)
            for one in Reply(data, "attestations").each("attestations"):
                yield _bundle(one)
            if not cursor:
                return
            query["after"] = cursor
        raise GitOpsError(f"{repository} has too many attestations of {digest[:19]} to read")

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


def _bundle(attestation: Reply) -> bytes:
    content = attestation.anything("bundle")
    if not content:
        raise GitOpsError("GitHub lists an attestation without its content")
    return json.dumps(content).encode()
