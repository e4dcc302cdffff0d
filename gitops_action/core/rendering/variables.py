"""Flux's `postBuild`: variables that are substituted in a build's objects.

kustomize-controller writes each object as YAML, replaces `${name}` in it as bash does (the forms
`:-`, `-`, `:=`, `=` give a default, which may hold variables), and reads it again, so that a number
stays one. A variable that nothing defines becomes empty; one that may come from a Secret, which
nobody can read here, stays as it is written, and whatever holds it is unknown rather than wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace

from gitops_action.core.dataclass import dataclass
from gitops_action.core.manifests import Manifest, ManifestError, ObjectId, fields, manifest_of
from gitops_action.core.manifests.fields import items, mapping, text
from gitops_action.core.manifests.model import Body
from gitops_action.core.manifests.scalars import read_plain
from gitops_action.core.text_variables import FLUX_VARIABLE, is_evaluated
from gitops_action.errors import Location

_ESCAPED = "$${"
_SWITCH = "kustomize.toolkit.fluxcd.io/substitute"
_PLAIN_TEXT = re.compile(r"[\w$+./-][\w${}+./:=-]*")


@dataclass(frozen=True, kw_only=True)
class Variables:
    """What is known of the variables of one build.

    Attributes:
        values: by name.
        unknown: sources whose values cannot be read, in words; with any, a variable that is not
            among `values` may still have one.
        missing: ConfigMaps that are named and not found yet.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    missing: tuple[ObjectId, ...] = ()


def variables_of(
    post_build: Body, namespace: str, config_maps: Mapping[ObjectId, Manifest]
) -> Variables:
    """The variables of a `postBuild`: of its sources in their order, then its own.

    Args:
        post_build: the field as it is written.
        namespace: of the Kustomization, and so of its sources.
        config_maps: those that the environment describes.
    """
    values: dict[str, str] = {}
    unknown: list[str] = []
    missing: list[ObjectId] = []
    for source in items(post_build, "substituteFrom"):
        kind, name = text(source, "kind"), text(source, "name")
        identity = ObjectId(group="", kind=kind, namespace=namespace, name=name)
        found = config_maps.get(identity) if kind == "ConfigMap" else None
        if found:
            values |= {key: str(item) for key, item in mapping(found.body, "data").items()}
        else:
            unknown.append(f"{kind} `{name}`")
            missing += [identity] if kind == "ConfigMap" else []
    own = mapping(post_build, "substitute")
    values |= {key: str(item) for key, item in own.items() if item is not None}
    return Variables(values=values, unknown=tuple(unknown), missing=tuple(missing))


def substituted(manifest: Manifest, variables: Variables) -> Manifest:
    """The object after substitution; one that opts out, or that it breaks, as it was."""
    switches = {**fields.labels(manifest.body), **fields.annotations(manifest.body)}
    if switches.get(_SWITCH) == "disabled":
        return manifest
    body = _replaced(manifest.body, variables)
    if body == manifest.body or not isinstance(body, Mapping):
        return manifest
    try:
        made = manifest_of(body, manifest.origin or Location(file=""))
    except ManifestError:
        return manifest
    return replace(manifest, id=made.id, version=made.version, body=made.body)


def holds_variable(value: object) -> bool:
    """Whether a text that is not known before substitution stands in the value, at any depth."""
    if isinstance(value, str):
        return "${" in value and FLUX_VARIABLE.search(value) is not None
    if isinstance(value, Mapping):
        return any(holds_variable(key) or holds_variable(item) for key, item in value.items())
    if isinstance(value, list | tuple):
        return any(holds_variable(item) for item in value)
    return False


def is_unknown(value: object) -> bool:
    """Whether a name or label holds a variable, or a template that another tool fills in."""
    return _is_templated(value) or holds_variable(value)


def template_notes(manifests: Iterable[Manifest]) -> Iterator[str]:
    """A note where files are templates of another tool, by the names of their objects."""
    found = dict.fromkeys(
        manifest.origin.file if manifest.origin else str(manifest.id)
        for manifest in manifests
        if _is_templated(f"{manifest.id.namespace}/{manifest.id.name}")
    )
    if found:
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        yield (
            f"{next(iter(found))}{more}: a template that another tool fills in (`{{{{…}}}}` in a"
            " name): what the tool makes of it is not known, so it is not checked as a whole"
        )


def _is_templated(value: object) -> bool:
    return isinstance(value, str) and "{{" in value and "}}" in value


def unresolved(manifests: Iterable[Manifest]) -> bool:
    """Whether a variable is left in any of the objects."""
    return any(holds_variable(manifest.body) for manifest in manifests)


def _replaced(value: object, variables: Variables) -> object:
    if isinstance(value, str):
        return _text(value, variables) if "${" in value else value
    if isinstance(value, Mapping):
        return {
            str(_text(key, variables)) if "${" in str(key) else key: _replaced(item, variables)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_replaced(item, variables) for item in value]
    return value


def _text(written: str, variables: Variables) -> object:
    made = _filled(written, variables).replace(_ESCAPED, "${")
    if made == written or not _PLAIN_TEXT.fullmatch(written):
        return made
    try:
        return read_plain(made)  # it was a plain scalar, and is read as one again
    except ValueError:
        return made


def _filled(written: str, variables: Variables) -> str:
    return FLUX_VARIABLE.sub(lambda found: _value(found, variables), written)


def _value(found: re.Match[str], variables: Variables) -> str:
    if not is_evaluated(found):
        return found[0]
    given = variables.values.get(found["name"])
    if given is not None and (given or not found["form"].startswith(":")):
        return given
    if found["default"] is not None:
        return _filled(found["default"], variables)
    return found[0] if variables.unknown else ""
