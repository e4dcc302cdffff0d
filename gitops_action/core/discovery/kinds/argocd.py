"""Argo CD: the kustomize images, parameters and values that Applications carry."""

from __future__ import annotations

from collections.abc import Iterator

from gitops_action.core.discovery.cursor import Cursor, Tree, put, tree_of
from gitops_action.core.discovery.image import Place, split_image
from gitops_action.core.discovery.kinds.helm import text_values
from gitops_action.core.discovery.kinds.kustomize import Entry

GROUP = "argoproj.io"
HELM_RULE = ("argocd-helm", "an image of the chart, in the Helm values of an Argo CD Application")
_KEEP_NAME = "*"


def is_application(manifest: Cursor) -> bool:
    """Whether it is an Application, or an ApplicationSet that makes some."""
    group = manifest.say("apiVersion").rpartition("/")[0]
    return group == GROUP and manifest.say("kind") in {"Application", "ApplicationSet"}


def sources(manifest: Cursor) -> Iterator[Cursor]:
    """The sources of an Application, or of an ApplicationSet's template."""
    spec = manifest.get("spec")
    template = spec.get("template", "spec") if spec else None
    for holder in (spec, template):
        one = holder.get("source") if holder else None
        several = holder.get("sources") if holder else None
        if one:
            yield one
        yield from several.items() if several else ()


def kustomize_entries(source: Cursor) -> Iterator[Entry]:
    """The strings of `kustomize.images`: `[old=]new[:tag][@digest]`, `*` keeps the name."""
    listed = source.get("kustomize", "images")
    for item in listed.items() if listed else ():
        if item.spot is None or not item.text:
            continue
        old, equals, new = item.text.partition("=")
        written = split_image(new if equals else old)
        keeps = written.name == _KEEP_NAME or not equals
        name = old if equals else written.name
        yield Entry(
            place=Place(
                rule="argocd-kustomize",
                reason=f"the image that an Argo CD Application sets for {name}",
                spots={"reference": item.spot},
                prefix=f"{old}=" if equals else "",
                literal=name,
            ),
            name=name,
            new_name="" if keeps else written.name,
            new_tag=written.tag,
            digest=written.digest,
        )


def own_values(source: Cursor) -> tuple[Tree, ...]:
    """Values that the Application carries itself, lowest first: text, object, parameters."""
    helm = source.get("helm")
    if helm is None:
        return ()
    inline = helm.get("valuesObject")
    parameters: dict[str, Tree] = {}
    for item in found.items() if (found := helm.get("parameters")) else ():
        value = item.get("value")
        if value is not None and item.say("name"):
            put(parameters, item.say("name"), value)
    return (
        *text_values(helm.get("values")),
        *((tree_of(inline),) if inline else ()),
        *((parameters,) if parameters else ()),
    )


def values_files(source: Cursor) -> Iterator[Cursor]:
    """The values files, lowest first; `$name/…` starts at the top of another source."""
    listed = source.get("helm", "valueFiles")
    yield from (item for item in (listed.items() if listed else ()) if item.text)
