"""The trailers of a change: what our own later runs read as hints."""

from __future__ import annotations

from gitops_action.core import trailers
from gitops_action.core.pull_requests import Identity
from gitops_action.core.report.model import ImageStep, ProposalView


def trailers_of(view: ProposalView, *, signed: bool = False) -> tuple[tuple[str, str], ...]:
    """Key and value of each trailer, in the order they are written.

    There is one GitOps-Previous for each GitOps-Image, in the same order; where nothing was
    described before, it names the repository alone.
    """
    sources = dict.fromkeys(str(step.new_source) for step in view.images if step.new_source)
    return (
        (trailers.ACTION, "bump"),
        (trailers.ENVIRONMENT, view.environment),
        *((trailers.APPLICATION, name) for name in view.applications),
        *((trailers.IMAGE, _full(step)) for step in view.images),
        *((trailers.PREVIOUS, _previous(step)) for step in view.images),
        *((trailers.SOURCE, source) for source in sources),
        *((trailers.SET, line) for line in view.sets),
        *(_sign_off(view.signoff) if signed and view.signoff else ()),
    )


def _sign_off(person: Identity) -> tuple[tuple[str, str], ...]:
    return ((trailers.SIGNED_OFF_BY, f"{person.name} <{person.email}>"),)


def _full(step: ImageStep) -> str:
    return str(step.new.with_(name=step.new.repository))


def _previous(step: ImageStep) -> str:
    if step.old is None:
        return step.new.repository
    return str(step.old.with_(name=step.old.repository))
