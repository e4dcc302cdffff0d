"""Argo CD: the kustomize images, parameters and values that Applications carry."""

from __future__ import annotations

from collections.abc import Iterator

from gitops_action.core.dataclass import dataclass
from gitops_action.core.discovery.cursor import Cursor, Tree, put, tree_of
from gitops_action.core.discovery.image import ImageLocation, split_image
from gitops_action.core.discovery.kinds.helm import text_values
from gitops_action.core.discovery.kinds.kustomize import ImagesEntry
from gitops_action.core.rendering.deployers import is_argo_application
from gitops_action.core.rendering.follow import url_elsewhere

OVERRIDES = ".argocd-source"
"""What the names of files begin with that Argo CD lays over the source whose folder they are in."""

HELM_RULE = ("argocd-helm", "an image of the chart, in the Helm values of an Argo CD Application")
_KEEP_NAME = "*"


def is_application(manifest: Cursor) -> bool:
    """Whether it is an Application, or an ApplicationSet that makes some."""
    group = manifest.say("apiVersion").rpartition("/")[0]
    return is_argo_application(group, manifest.say("kind"))


@dataclass(frozen=True, kw_only=True)
class AppSource:
    """A source of an Application, with the override files of its folder laid over it.

    `parts` are the source and the overrides, lowest first. Argo CD merges them as JSON merge
    patches, so that a list is taken whole from the uppermost part that has one.
    """

    parts: tuple[Cursor, ...]

    def get(self, *keys: str) -> Cursor | None:
        """The value below these keys in the uppermost part that has it."""
        found = (part.get(*keys) for part in reversed(self.parts))
        return next((value for value in found if value is not None), None)

    def each(self, *keys: str) -> Iterator[Cursor]:
        """The value below these keys in every part, lowest first."""
        found = (part.get(*keys) for part in self.parts)
        yield from (value for value in found if value is not None)

    def items(self, *keys: str) -> Iterator[Cursor]:
        """The items of the list below these keys."""
        listed = self.get(*keys)
        yield from listed.items() if listed else ()

    def path(self, repository: str, branch: str) -> Cursor | None:
        """The folder of this repository that it renders; None where it reads another.

        An empty `repository` (OWNER/NAME) or `branch` is any.
        """
        url, revision = (self.get(key) for key in ("repoURL", "targetRevision"))
        named, wanted = (found.text or "" if found else "" for found in (url, revision))
        return None if url_elsewhere(named, wanted, repository, branch) else self.get("path")


def sources(manifest: Cursor) -> Iterator[AppSource]:
    """The sources of an Application, or of an ApplicationSet's template."""
    spec = manifest.get("spec")
    template = spec.get("template", "spec") if spec else None
    for holder in (spec, template):
        one = holder.get("source") if holder else None
        several = holder.get("sources") if holder else None
        if one:
            yield AppSource(parts=(one,))
        for item in several.items() if several else ():
            yield AppSource(parts=(item,))


def override_names(manifest: Cursor) -> tuple[str, ...]:
    """The files in a source's folder that Argo CD lays over it, lowest first.

    Names that an ApplicationSet makes are not known: then only the common file is.
    """
    name = manifest.say("metadata", "name")
    known = manifest.say("kind") == "Application" and name
    return (f"{OVERRIDES}.yaml", *((f"{OVERRIDES}-{name}.yaml",) if known else ()))


def kustomize_entries(source: AppSource) -> Iterator[ImagesEntry]:
    """The strings of `kustomize.images`: `[old=]new[:tag][@digest]`, `*` keeps the name."""
    for item in source.items("kustomize", "images"):
        if item.spot is None or not item.text:
            continue
        old, equals, new = item.text.partition("=")
        written = split_image(new if equals else old)
        keeps = written.name == _KEEP_NAME or not equals
        name = old if equals else written.name
        yield ImagesEntry(
            place=ImageLocation(
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
            above=True,
            keeps_name=written.name == _KEEP_NAME,
        )


def own_values(source: AppSource) -> tuple[Tree, ...]:
    """Values that the Application carries itself, lowest first: object or text, parameters.

    A `valuesObject` stands in for the text of `values`.
    """
    inline = tuple(tree_of(value) for value in source.each("helm", "valuesObject"))
    parameters: dict[str, Tree] = {}
    for item in source.items("helm", "parameters"):
        value = item.get("value")
        if value is not None and item.say("name"):
            put(parameters, item.say("name"), value)
    return (
        *(inline or text_values(source.get("helm", "values"))),
        *((parameters,) if parameters else ()),
    )


def values_files(source: AppSource) -> Iterator[Cursor]:
    """The values files, lowest first; `$name/…` starts at the top of another source."""
    yield from (item for item in source.items("helm", "valueFiles") if item.text)
