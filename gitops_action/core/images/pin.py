"""Whether a tag and a digest that were given together belong together."""

from __future__ import annotations

from gitops_action.core.images.reference import ImageReference
from gitops_action.core.registry import ImageFacts
from gitops_action.errors import UsageError


def verify_pin(reference: ImageReference, facts: ImageFacts) -> UsageError | None:
    """The error for a reference whose digest is not what its tag points to, else None.

    The digest of one platform's manifest belongs to the index that lists it.

    Args:
        reference: what was asked for.
        facts: what the registry says of the reference's tag.
    """
    if reference.tag is None or reference.digest is None:
        return None
    if reference.digest == facts.digest or reference.digest in facts.members:
        return None
    return UsageError(
        f"Tag and digest of {reference.name} do not belong together",
        cause=f"{reference.name}:{reference.tag} is {facts.digest}, not {reference.digest}",
        fix="give the tag or the digest alone, or the digest that the registry has for the tag",
    )
