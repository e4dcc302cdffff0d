"""Reads what the gate `provenance` decides by: attestations, and the base's trusted roots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from gitops_action.commands.gate.base import BaseState
from gitops_action.commands.gate.ports import GatePorts
from gitops_action.commands.validate.images import trusted_domains
from gitops_action.core.config import Environment
from gitops_action.core.config.resolved import Provenance
from gitops_action.core.gates.provenance import (
    ExpectedBuilder,
    ImageAttestations,
    ProvenanceFacts,
    builder_of,
)
from gitops_action.core.gates.versions import ImageMove, proposed
from gitops_action.core.images import ImageReference


class ProvenanceReader:
    """Reads attestations at one base, whose configuration and trusted roots apply."""

    def __init__(self, ports: GatePorts, base: BaseState) -> None:
        """Nothing is read before an environment asks for it."""
        self._ports = ports
        self._base = base
        self._sources = {one.name: one.source or "" for one in base.config.applications}

    def read(
        self, environment: Environment, moves: Sequence[ImageMove], known: frozenset[str]
    ) -> ProvenanceFacts:
        """The attestations of the images that change; not of the digests that are known."""
        rule = environment.gates.provenance if environment.gates else None
        server = self._ports.server
        if rule is None:
            return ProvenanceFacts()
        asked: dict[str, tuple[ImageReference, ExpectedBuilder]] = {}
        for move in proposed(moves):
            if move.after and move.after.digest and move.after.digest not in known:
                source = self._sources.get(move.application, "")
                builder = builder_of(rule, move.application, source, server)
                asked[move.after.digest] = move.after, builder
        return ProvenanceFacts(
            attestations=self._attestations(rule, asked, moves),
            known=known,
            sources=self._sources,
            server=server,
            searched=_searched(server),
        )

    def _attestations(
        self,
        rule: Provenance,
        asked: Mapping[str, tuple[ImageReference, ExpectedBuilder]],
        moves: Sequence[ImageMove],
    ) -> Mapping[str, ImageAttestations]:
        source = self._ports.attestations
        if source is None or not asked:
            return {}
        roots = self._roots(rule.trusted_root)
        if rule.trusted_root and roots is None:
            unread = ImageAttestations(unread=f"{rule.trusted_root} is not in the base")
            return dict.fromkeys(asked, unread)
        domains = trusted_domains(self._base.config, ()) | {
            one.before.domain for one in moves if one.before
        }
        return {
            digest: source.of(
                image,
                repository=builder.repository,
                roots=roots,
                domains=domains,
                enough=partial(builder.proves, digest=digest),
            )
            for digest, (image, builder) in asked.items()
        }

    def _roots(self, path: str) -> bytes | None:
        """A file of the base: a pull request does not choose whom its own images are trusted by."""
        if not path:
            return None
        tree = self._ports.trees.at(self._base.commit)
        if path not in tree.files:
            return None
        found = self._ports.trees.read(tree, [path]).get(path)
        return found.data if found else None


def _searched(server: str) -> str:
    """Enterprise Server keeps no attestations (GitHub: "Using artifact attestations")."""
    kept = server.endswith(("//github.com", ".ghe.com"))
    return "GitHub and the registry" if kept else "the registry"
