"""Variables that Flux replaces after building: where the value of an image comes from then.

The grammar is that of drone/envsubst, which Flux uses: `${NAME}`, `${NAME:-default}`,
`${NAME:=default}`. Everything else that may stand in the braces is not evaluated.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from gitops_action.core.dataclass import dataclass
from gitops_action.core.discovery.cursor import Cursor
from gitops_action.core.discovery.image import (
    EffectiveImage,
    ImageLocation,
    Role,
    Spelling,
    Spot,
    Untraced,
    split_image,
)
from gitops_action.core.discovery.kinds.workloads import is_manifest, manifests
from gitops_action.core.discovery.source import Source
from gitops_action.core.text_variables import (
    FLUX_VARIABLE,
    holds_variable,
    is_evaluated,
)

RULE = "flux-variable"
_FIX = "change the value there, or mark it with `# gitops-image: REPOSITORY:tag`"


def unresolved(live: EffectiveImage) -> Untraced | None:
    """What is left of variables in the version of an image; None where it is all text."""
    version = f"{live.spelling.tag}@{live.spelling.digest}"
    if not holds_variable(version):
        return None
    spot = live.version.main
    text = live.spelling.tag or live.spelling.digest
    return Untraced(
        file=spot.file,
        line=spot.line,
        what=f"its version is the variable {text}, whose value is not in these files",
        fix="change the value where it is set, or let an `images` entry of kustomize set the tag",
    )


@dataclass(frozen=True, kw_only=True)
class _Variables:
    """The values that one Flux Kustomization gives; `open` where some come from elsewhere."""

    values: Mapping[str, Spot]
    open: str


def substituted(
    lives: Iterable[EffectiveImage], kustomization: Cursor, source: Source
) -> tuple[EffectiveImage, ...]:
    """The images after the variables of a Flux Kustomization, if it replaces any."""
    post = kustomization.get("spec", "postBuild")
    listed = tuple(lives)
    if post is None or not any(holds_variable(str(live.spelling)) for live in listed):
        return listed
    variables = _variables(post, source)
    return tuple(_resolved(live, variables) for live in listed)


def _variables(post: Cursor, source: Source) -> _Variables:
    """Inline values win over those of objects, later objects over earlier ones."""
    values: dict[str, Spot] = {}
    missing = ""
    objects = post.get("substituteFrom")
    for item in objects.items() if objects else ():
        kind, name = item.say("kind") or "ConfigMap", item.say("name")
        found = _data(kind, name, source)
        missing = missing if found is not None else f"{kind} {name}"
        values |= {key: value.spot for key, value in (found or {}).items() if value.spot}
    inline = post.get("substitute")
    values |= {key: value.spot for key, value in (inline.entries() if inline else ()) if value.spot}
    return _Variables(values=values, open=missing)


def _data(kind: str, name: str, source: Source) -> dict[str, Cursor] | None:
    """The texts of a ConfigMap or Secret in the repository; None where there is none."""
    for path in source.below(""):
        data = source.data(path)
        if kind.encode() not in data or name.encode() not in data:
            continue
        for document in source.documents(path, whole=True):
            for manifest in manifests(document) if is_manifest(document) else ():
                if (manifest.say("kind"), manifest.say("metadata", "name")) == (kind, name):
                    held = manifest.get("stringData") or manifest.get("data")
                    return dict(held.entries()) if held else {}
    return None


def _resolved(live: EffectiveImage, variables: _Variables) -> EffectiveImage:
    spelling = split_image(_filled(str(live.spelling), variables))
    if not holds_variable(_version_text(live)):
        return replace(live, spelling=spelling)
    spot = live.version.main
    role, own = _version_part(live)
    whole = FLUX_VARIABLE.fullmatch(own.value) if own else None
    if whole is None or own is None or role is None or not is_evaluated(whole):
        return replace(live, spelling=spelling, untraced=_unclear(spot))
    known = variables.values.get(whole["name"])
    default = whole["default"]
    if known is None and default is not None and not (variables.open or holds_variable(default)):
        known = own.part(whole.start("default"), whole.end("default"))
    if known is None:
        return replace(live, spelling=spelling, untraced=_missing(spot, whole["name"], variables))
    return _decided(live, spelling, role, known, whole["name"])


def _decided(
    live: EffectiveImage, spelling: Spelling, role: Role, known: Spot, name: str
) -> EffectiveImage:
    spot = live.version.main
    place = ImageLocation(
        rule=RULE,
        reason=f"the value of ${{{name}}}, which {spot.file}:{spot.line} reads",
        spots={role: known},
        assumed=spelling.name if role != "reference" else None,
    )
    naming = place if role == "reference" else live.naming
    return replace(live, spelling=spelling, version=place, naming=naming, settled=len(live.layers))


def _version_text(live: EffectiveImage) -> str:
    whole = str(live.spelling)
    return whole if whole.startswith("${") else f"{live.spelling.tag}{live.spelling.digest}"


def _version_part(live: EffectiveImage) -> tuple[Role | None, Spot | None]:
    """The part of the deciding scalar that says the version."""
    for role in ("tag", "digest"):
        spot = live.version.spots.get(role)
        if spot is not None and spot.value:
            return role, spot
    spot = live.version.spots.get("reference")
    if spot is None:
        return None, None
    text = spot.value.removeprefix(live.version.prefix)
    offset = len(spot.value) - len(text)
    if FLUX_VARIABLE.fullmatch(text):
        return "reference", spot.part(offset, len(spot.value))
    written = split_image(text)
    if not written.tag or written.digest:
        return None, None
    start = offset + len(written.name) + 1
    return "tag", spot.part(start, start + len(written.tag))


def _filled(text: str, variables: _Variables) -> str:
    return FLUX_VARIABLE.sub(lambda found: _text(found, variables), text)


def _text(found: re.Match[str], variables: _Variables) -> str:
    if not is_evaluated(found):
        return found[0]
    known = variables.values.get(found["name"])
    if known is not None:
        return known.value
    return found[0] if found["default"] is None else _filled(found["default"], variables)


def _unclear(spot: Spot) -> Untraced:
    return Untraced(
        file=spot.file,
        line=spot.line,
        what=f"a variable is only a part of the version {spot.value}",
        fix="let the variable say the whole tag, or set the tag by an `images` entry",
    )


def _missing(spot: Spot, name: str, variables: _Variables) -> Untraced:
    source = variables.open or "nothing in this repository"
    return Untraced(
        file=spot.file,
        line=spot.line,
        what=f"its version is the variable ${{{name}}}, which {source} sets",
        fix=_FIX if variables.open else "set it in `postBuild.substitute`, or write the tag there",
    )
