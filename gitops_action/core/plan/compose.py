"""What is to be written at a place so that it says the wanted version."""

from __future__ import annotations

from collections.abc import Mapping

from gitops_action.core.discovery.spelling import Spelling
from gitops_action.core.discovery.spots import Place, Role
from gitops_action.core.images import ImageReference
from gitops_action.core.plan.errors import CannotWriteError
from gitops_action.core.plan.request import DigestMode
from gitops_action.errors import Location

_ALGORITHM = "sha256:"
_BARE_KEYS = ("sha", "sha256")


def version_values(place: Place, target: ImageReference, mode: DigestMode) -> Mapping[Role, str]:
    """New values for the scalars that say tag and digest, by what they say.

    A digest is written where the place can hold it: in a whole reference, in a `digest` key that is
    there, in a kustomize `newTag` (kustomize renders `name:tag@digest`), and in a tag that carries
    one already. No key is created for it.

    Raises:
        CannotWriteError: an old digest would go stale, or the place cannot say the target.
    """
    digest = _digest(place, target, mode)
    if "reference" in place.spots:
        written = Spelling(name=place.spelling.name, tag=target.tag or "", digest=digest)
        return {"reference": f"{place.prefix}{written}"}
    if "tag" in place.spots and "digest" in place.spots:
        return {"tag": target.tag or "", "digest": _as_key(place, digest)}
    if "tag" in place.spots:
        return {"tag": _tag(place, target, digest)}
    if not digest:
        fix = "add a `newTag` or `tag` key beside the digest, or use `digest: pin`"
        raise _cannot(place, "only a digest stands here, and the target has none", fix)
    return {"digest": _as_key(place, digest)}


def name_values(
    place: Place, target: ImageReference, values: Mapping[Role, str]
) -> Mapping[Role, str]:
    """New values for the scalars that say the name; empty when none of them does.

    Args:
        place: where the name stands.
        target: its name is written.
        values: what is written at the same place already.
    """
    if "reference" in place.spots:
        written = values.get("reference", place.text("reference")).removeprefix(place.prefix)
        version = written[len(place.spelling.name) :]
        # Argo CD: the name that is looked for has to stay, in front of the one it becomes.
        prefix = place.prefix or (f"{place.literal}=" if place.literal else "")
        return {"reference": f"{prefix}{target.name}{version}"}
    if "name" not in place.spots:
        return {}
    if not place.text("registry"):
        return {"name": target.name}
    return {"registry": target.domain, "name": target.path}


def _digest(place: Place, target: ImageReference, mode: DigestMode) -> str:
    """The digest to write. The old one stays only while its tag does."""
    old = place.spelling
    if target.digest or not old.digest or mode == "drop":
        return target.digest or ""
    if target.tag == old.tag:
        return old.digest
    fix = "use `digest: pin` to write the new one, or `digest: drop` to take it away"
    raise _cannot(place, f"the digest of {old.tag or 'the old version'} would stay", fix)


def _tag(place: Place, target: ImageReference, digest: str) -> str:
    if target.tag is None:
        fix = "give the image with its tag, or add a `digest` key"
        raise _cannot(place, "only a tag stands here, and the target has none", fix)
    holds = place.literal is not None or "@" in place.text("tag")
    return f"{target.tag}@{digest}" if holds and digest else target.tag


def _as_key(place: Place, digest: str) -> str:
    """Charts with a `sha` key take the bare hexadecimal digits."""
    key = str(place.spots["digest"].path.steps[-1]).lower()
    bare = key in _BARE_KEYS and not place.text("digest").startswith(_ALGORITHM)
    return digest.removeprefix(_ALGORITHM) if bare else digest


def _cannot(place: Place, cause: str, fix: str) -> CannotWriteError:
    spot = place.main
    location = Location(file=spot.file, line=spot.line)
    return CannotWriteError(
        f"{spot.at} cannot say the wanted version", cause=cause, fix=fix, location=location
    )
