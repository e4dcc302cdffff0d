"""The attestations of a repository's artifacts, by the digest of what they are about.

In a test: `repository.attest(digest, bundle)`, or with `url` where GitHub lists an address alone.
GitHub answers 404 where it has none.
"""

from __future__ import annotations

from testbed.forge.errors import not_found
from testbed.forge.rest.routing import Call, Reply, serves
from testbed.forge.rest.views import Json

MOST = 100


@serves("GET /repos/{owner}/{repo}/attestations/{subject_digest}", ("attestations", "read"))
def list_attestations(call: Call) -> Reply:
    """List the newest first; pages go by cursor."""
    digest = call.parameters["subject_digest"]
    found = list(enumerate(call.repository.attestations.get(digest, ())))[::-1]
    if not found:
        raise not_found()
    size = min(int(call.query.get("per_page", "30")), MOST)
    after = call.query.get("after")
    if after is not None:
        found = [(number, kept) for number, kept in found if number < int(after)]
    headers = {}
    if len(found) > size:
        base = f"{call.base}/repos/{call.repository.full_name}/attestations/{digest}"
        last = found[size - 1][0]
        headers["Link"] = f'<{base}?per_page={size}&after={last}>; rel="next"'
    listed: list[Json] = [
        {
            "bundle_url": f"{call.world.url}/attestations/{number}",
            **kept,
            "repository_id": call.repository.id,
            "initiator": "user",
        }
        for number, kept in found[:size]
    ]
    return Reply(body={"attestations": listed}, headers=headers)
