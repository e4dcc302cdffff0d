"""What names, versions and addresses of Helm releases and charts may look like.

Helm checks a release's name itself (`ValidateReleaseName`: DNS-1123, 53 characters), but only
after it has read its command line, on which a name stands alone.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping

from gitops_action.core.rendering.graph import Graph, RenderError
from gitops_action.core.rendering.kustomization import Keys, KustomizationFile
from gitops_action.errors import GitOpsErrors, Location

_LABEL = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_RELEASE = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_NAMESPACE = re.compile(_LABEL)
_CHART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*)*")
_VERSION = re.compile(r"[0-9A-Za-z^~<>=!*][0-9A-Za-z.+~^<>=!*|, -]*")
_ADDRESS = re.compile(r"(?:https?|oci)://[^\s\x00-\x1f-][^\s\x00-\x1f]*")
_API = re.compile(r"[A-Za-z0-9][A-Za-z0-9./-]*")

_MAX_RELEASE = 53
_MAX_NAMESPACE = 63
_HASH = 12

_DNS = "lower-case letters, digits and dashes, at most {} characters"
_CHART_FIELDS: Mapping[str, tuple[re.Pattern[str], int, str]] = {
    "releasename": (_RELEASE, _MAX_RELEASE, _DNS.format(_MAX_RELEASE)),
    "namespace": (_NAMESPACE, _MAX_NAMESPACE, _DNS.format(_MAX_NAMESPACE)),
    "releasenamespace": (_NAMESPACE, _MAX_NAMESPACE, _DNS.format(_MAX_NAMESPACE)),
    "name": (_CHART, 250, "letters, digits, dashes, dots and underscores"),
    "chartname": (_CHART, 250, "letters, digits, dashes, dots and underscores"),
    "version": (_VERSION, 250, "a version or a range of versions"),
    "chartversion": (_VERSION, 250, "a version or a range of versions"),
    "kubeversion": (_VERSION, 250, "a version"),
    "repo": (_ADDRESS, 2000, "an address that begins with https://, http:// or oci://"),
    "chartrepourl": (_ADDRESS, 2000, "an address that begins with https://, http:// or oci://"),
    "apiversions": (_API, 250, "API versions such as apps/v1"),
}
"""Fields of `helmCharts` and of the older `helmChartInflationGenerator`, in lower case."""

_CHART_LISTS = frozenset({"helmcharts", "helmchartinflationgenerator"})
_INLINE = frozenset({"valuesinline"})
_REFUSED = {
    ("helmglobals", "confighome"): "helmGlobals.configHome",
    ("helmchartinflationgenerator", "helmhome"): "helmHome",
    ("helmchartinflationgenerator", "helmbin"): "helmBin",
    ("helmchartinflationgenerator", "extraargs"): "extraArgs",
}
"""What would choose a program, its plugins or its options."""


def release_name(name: str, place: Location | None) -> str:
    """A release's name, if Helm would take it.

    Raises:
        RenderError: Helm would refuse it, or read it as something else.
    """
    return _checked("release name", name, "releasename", place)


def namespace_name(name: str, place: Location | None) -> str:
    """A namespace for a release; empty where none is given.

    Raises:
        RenderError: it is not a name of a namespace.
    """
    return _checked("namespace", name, "namespace", place) if name else ""


def composed_name(target: str, name: str) -> str:
    """The name that Flux gives to a release without one, cut short as helm-controller does."""
    whole = f"{target}-{name}" if target else name
    if len(whole) <= _MAX_RELEASE:
        return whole
    digest = hashlib.sha256(whole.encode()).hexdigest()[:_HASH]
    return f"{whole[: _MAX_RELEASE - _HASH - 1]}-{digest}"


def chart_problems(kustomization: KustomizationFile) -> Iterator[RenderError]:
    """What in a kustomization's Helm fields would reach Helm as something other than a value.

    kustomize puts these texts on Helm's command line.
    """
    if kustomization.tagged:
        yield RenderError(
            "kustomization has YAML tags beside Helm charts",
            cause="programs read tagged values differently",
            fix="write the values without tags",
            location=Location(file=kustomization.path),
        )
    for text in kustomization.texts:
        keys = text.folded
        place = Location(file=kustomization.path, line=text.line)
        top, field = str(keys[0]) if keys else "", _field(keys)
        refused = _REFUSED.get((top, field))
        if refused:
            yield RenderError(
                f"{refused} is not supported",
                cause="it would choose Helm's plugins, program or options",
                fix="remove it",
                location=place,
            )
        elif top in _CHART_LISTS and field not in _INLINE:
            yield from _field_problems(field, text.value, place)
        elif top == "generators":
            yield RenderError(
                "generators cannot be used beside Helm charts",
                cause="a generator can start Helm with options of its own",
                fix="write charts as `helmCharts`, or generate in another folder",
                location=place,
            )


def refuse_options(graph: Graph) -> None:
    """Make sure that nothing in the kustomizations becomes an option of Helm.

    Raises:
        GitOpsErrors: something would, or cannot be looked at.
    """
    problems = [item for part in graph.kustomizations for item in chart_problems(part)]
    problems += [
        RenderError(
            f"{reference.path!r} cannot be used beside Helm charts",
            cause="what a remote base would make of Helm is not known",
            fix="copy it into the repository",
            location=reference.location,
        )
        for reference in graph.remote
    ]
    if problems:
        raise GitOpsErrors("Helm charts cannot be rendered", tuple(problems))


def _field(keys: Keys) -> str:
    """The field of a list's item, or of a mapping."""
    names = [str(key) for key in keys[1:] if isinstance(key, str)]
    return names[0] if names else ""


def _field_problems(field: str, value: str, place: Location) -> Iterator[RenderError]:
    if field in _CHART_FIELDS:
        try:
            _checked(f"{field} of a Helm chart", value, field, place)
        except RenderError as error:
            yield error
    elif value.startswith("-"):
        yield RenderError(
            f"{field} of a Helm chart is {value[:60]!r}",
            cause="it begins with a dash, so Helm could read it as an option",
            fix="correct it",
            location=place,
        )


def _checked(what: str, value: str, field: str, place: Location | None) -> str:
    pattern, most, rule = _CHART_FIELDS[field]
    if len(value) <= most and pattern.fullmatch(value):
        return value
    raise RenderError(f"{what} {value[:60]!r} is not valid", fix=f"use {rule}", location=place)
