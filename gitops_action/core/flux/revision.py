"""Revisions as Flux spells them, in every version of its API.

Sources: Flux RFC-0005 ("Artifact Revision format and introduction of digest") for
`main@sha1:<commit>`, `sha1:<commit>` and `refs/heads/main@sha1:<commit>`; the v1beta2 API before it
for `main/<commit>` and the bare commit; the OCIRepository API for `latest@sha256:<digest>`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_HEX = re.compile(r"[0-9a-f]+")
_LENGTHS = {40: "sha1", 64: "sha256"}


@dataclass(frozen=True, kw_only=True)
class Revision:
    """What a source holds or a Kustomization has applied.

    Attributes:
        name: a branch, tag or reference; empty where only the commit is told.
        algorithm: of the hash: `sha1`, `sha256`.
        digest: the hash in hexadecimal: a commit of Git, or the digest of an OCI artifact.
    """

    name: str
    algorithm: str
    digest: str

    @property
    def short(self) -> str:
        """For people: `main@1234567890ab`."""
        return f"{self.name}@{self.digest[:12]}" if self.name else self.digest[:12]


def parse_revision(written: str) -> Revision | None:
    """Read any spelling; None where it names no hash."""
    name, at, hashed = written.rpartition("@")
    if not at and ":" not in written:
        name, _, hashed = written.rpartition("/")
    algorithm, colon, digest = hashed.rpartition(":")
    if not _HEX.fullmatch(digest) or len(digest) not in _LENGTHS:
        return None
    expected = _LENGTHS[len(digest)]
    if colon and algorithm != expected:
        return None
    return Revision(name=name.removeprefix("refs/heads/"), algorithm=expected, digest=digest)
