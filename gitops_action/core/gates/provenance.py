"""The gate `provenance`: the configured workflow built each image, by a signed attestation.

An attestation's signature, certificate and time are verified where it is read
(`adapters/attestations.py`); this module decides by what certificate and statement say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from fnmatch import fnmatchcase

from gitops_action.core.config.resolved import PLACEHOLDER, Provenance
from gitops_action.core.dataclass import dataclass
from gitops_action.core.gates.model import GateResult, Word, plural
from gitops_action.core.gates.versions import ImageMove, proposed

PREDICATES = frozenset(
    {
        "https://slsa.dev/provenance/v0.2",
        "https://slsa.dev/provenance/v1",
        "https://sigstore.dev/cosign/sign/v1",
    }
)
"""What says who built an image; other statements, such as a bill of materials, do not."""


@dataclass(frozen=True, kw_only=True)
class Attestation:
    """One signed statement on an image.

    Attributes:
        problem: why its signature is not trusted; empty: it is, and the rest is true.
        issuer: who identified the signer.
        identity: the workflow that signed: its address, and after `@` its ref.
        source: the address of the repository that the workflow ran for.
        predicate: the kind of statement.
        digests: what it is about, as `sha256:…`.
    """

    problem: str = ""
    issuer: str = ""
    identity: str = ""
    source: str = ""
    predicate: str = ""
    digests: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class ImageAttestations:
    """The attestations of one digest; `unread` says why there may be more."""

    found: tuple[Attestation, ...] = ()
    unread: str = ""


@dataclass(frozen=True, kw_only=True)
class ProvenanceFacts:
    """What is known of the images that a change brings in.

    Attributes:
        attestations: by digest; one that is missing was not asked for in this run.
        known: digests that an earlier run found to be built as configured.
        sources: the repository of each application, where the configuration names it.
        server: the address of the GitHub that the workflows run on.
        searched: where attestations were looked for, for people.
    """

    attestations: Mapping[str, ImageAttestations] = field(default_factory=dict)
    known: frozenset[str] = frozenset()
    sources: Mapping[str, str] = field(default_factory=dict)
    server: str = "https://github.com"
    searched: str = "GitHub and the registry"


@dataclass(frozen=True, kw_only=True)
class ExpectedBuilder:
    """Who must have built the images of one application.

    Attributes:
        rule: as configured.
        workflow: the address of the workflow file.
        source: the address of the repository that it must have run for.
    """

    rule: Provenance
    workflow: str
    source: str

    @property
    def repository(self) -> str:
        """OWNER/NAME of the repository that it runs for, which keeps its attestations."""
        return "/".join(self.source.split("/")[-2:])

    def problem_of(self, attestation: Attestation, digest: str) -> tuple[str, str] | None:
        """Why an attestation does not prove that this builder made the digest: code and words."""
        if attestation.problem:
            return "provenance-untrusted", f"has no valid signature: {attestation.problem}"
        if digest not in attestation.digests:
            return "provenance-untrusted", "has an attestation of another digest"
        signer = self._problem_of_signer(attestation)
        return ("provenance-other-builder", signer) if signer else None

    def _problem_of_signer(self, attestation: Attestation) -> str:
        if attestation.issuer != self.rule.issuer:
            return f"was signed by an identity of {attestation.issuer or 'an unknown issuer'}"
        workflow, _, ref = attestation.identity.partition("@")
        if workflow != self.workflow:
            return f"was built by {_short(attestation.identity)}"
        if attestation.source.lower() != self.source.lower():
            return f"was built for {_short(attestation.source) or 'an unknown repository'}"
        if self.rule.ref and not fnmatchcase(ref, self.rule.ref):
            return f"was built from {ref or 'an unknown ref'}"
        return ""

    def proves(self, attestation: Attestation, digest: str) -> bool:
        """Whether it is the proof that is asked for."""
        return is_provenance(attestation) and self.problem_of(attestation, digest) is None


def is_provenance(attestation: Attestation) -> bool:
    """Whether it says who built something; one that is not trusted may."""
    return bool(attestation.problem) or attestation.predicate in PREDICATES


def builder_of(rule: Provenance, application: str, source: str, server: str) -> ExpectedBuilder:
    """Who must have built an application's images.

    The workflow runs for the application's own repository; where `source` is not configured, for
    the one that the workflow file is in. Else another repository that calls the same workflow
    could sign for this one.
    """
    workflow = rule.workflow.replace(PLACEHOLDER, application)
    owner_and_name = source or "/".join(workflow.split("/")[:2])
    return ExpectedBuilder(
        rule=rule, workflow=f"{server}/{workflow}", source=f"{server}/{owner_and_name}"
    )


@dataclass(frozen=True, kw_only=True)
class _ImageResult:
    word: Word
    code: str
    reason: str


_ORDER: tuple[Word, ...] = ("refuse", "unknown", "wait", "pass")
_NOTHING_NEW = _ImageResult(word="pass", code="provenance-verified", reason="no new image")


def evaluate(
    environment: str, rule: Provenance | None, moves: Iterable[ImageMove], facts: ProvenanceFacts
) -> GateResult | None:
    """None where no builder is configured; a change that brings in no image passes."""
    if rule is None:
        return None
    found = [(str(move), _image(rule, move, facts)) for move in proposed(moves)]
    name, worst = min(found, key=lambda one: _ORDER.index(one[1].word), default=("", _NOTHING_NEW))
    reason = f"{name} {worst.reason}".strip()
    if worst.word == "pass" and found:
        reason = f"provenance of {plural(len(found), 'image')} verified"
    return GateResult(
        gate="provenance",
        environment=environment,
        word=worst.word,
        reason=reason,
        code=worst.code,
        found="; ".join(f"{name} {one.reason}" for name, one in found),
    )


def _image(rule: Provenance, move: ImageMove, facts: ProvenanceFacts) -> _ImageResult:
    digest = (move.after.digest if move.after else None) or ""
    if not digest:
        return _ImageResult(
            word="refuse", code="provenance-no-digest", reason="names no digest to verify"
        )
    source = facts.sources.get(move.application, "")
    builder = builder_of(rule, move.application, source, facts.server)
    kept = facts.attestations.get(digest, ImageAttestations(unread="they were not asked for"))
    if digest in facts.known or any(builder.proves(one, digest) for one in kept.found):
        reason = f"was built by {_short(builder.workflow)}"
        return _ImageResult(word="pass", code="provenance-verified", reason=reason)
    problems = [builder.problem_of(one, digest) for one in kept.found if is_provenance(one)]
    return _closed(kept.unread, [one for one in problems if one], facts.searched)


def _closed(unread: str, problems: Sequence[tuple[str, str]], searched: str) -> _ImageResult:
    """What another has signed says more than what is not trusted at all."""
    if unread:
        reason = f"has attestations that could not be read: {unread}"
        return _ImageResult(word="unknown", code="provenance-unreadable", reason=reason)
    if not problems:
        reason = f"has no attestation of who built it ({searched} searched)"
        return _ImageResult(word="wait", code="provenance-missing", reason=reason)
    code, reason = min(problems)
    return _ImageResult(word="refuse", code=code, reason=reason)


def _short(address: str) -> str:
    """Without the scheme and the host."""
    return address.partition("://")[2].partition("/")[2] or address


def proven_digests(
    rule: Provenance | None, moves: Iterable[ImageMove], facts: ProvenanceFacts
) -> frozenset[str]:
    """The digests that are proven, for later runs: what is signed stays signed."""
    if rule is None:
        return frozenset()
    passed = (one for one in proposed(moves) if _image(rule, one, facts).word == "pass")
    return frozenset(one.after.digest for one in passed if one.after and one.after.digest)
