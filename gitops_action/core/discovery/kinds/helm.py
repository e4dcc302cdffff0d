"""Helm: release values, charts that kustomize inflates, and what runs after rendering."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gitops_action.core.discovery.cursor import Cursor
from gitops_action.core.discovery.kinds.values import values_places
from gitops_action.core.discovery.live import Live, live_of
from gitops_action.core.discovery.tree import Tree, merge, tree_of

VALUES_RULE = ("helm-values", "an image of the chart, by the conventions of Helm values")
RELEASE_RULE = ("helm-release", "an image of the chart, in the values of a HelmRelease")
INFLATION_RULE = ("kustomize-helm", "an image of a chart that kustomize inflates")


def values_lives(
    layers: Iterable[Tree], rule: tuple[str, str], *, rendered: bool = False
) -> Iterator[Live]:
    """Images of merged values.

    Args:
        layers: lowest first.
        rule: what recognised them.
        rendered: whether the chart's output passes an image transformer afterwards.
    """
    for place in values_places(merge(layers), rule):
        yield live_of(place, reachable=rendered)


def release_values(manifest: Cursor) -> tuple[Tree, ...]:
    """The values of a Flux HelmRelease, or of a k3s HelmChart whose values are a text."""
    inline = manifest.get("spec", "values")
    text = manifest.get("spec", "valuesContent")
    return (*((tree_of(inline),) if inline else ()), *text_values(text))


def text_values(text: Cursor | None) -> tuple[Tree, ...]:
    """Values written as a text, as in Argo CD's `helm.values`."""
    return tuple(tree_of(document) for document in (text.inside() if text else ()))


def chart_files(chart: Cursor) -> Iterator[Cursor]:
    """The values files of one chart that kustomize inflates, lowest first."""
    first = chart.get("valuesFile")
    more = chart.get("additionalValuesFiles")
    if first is not None and first.text:
        yield first
    yield from (item for item in (more.items() if more else ()) if item.text)


def is_values_file(path: str) -> bool:
    """Whether a file is named as values usually are."""
    return "values" in path.rpartition("/")[2].lower()
