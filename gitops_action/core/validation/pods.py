"""What is wrong with pods and with the controllers that make them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gitops_action.core.manifests import Manifest
from gitops_action.core.manifests.fields import items, mapping, text
from gitops_action.core.validation.names import label_fault, label_value_fault
from gitops_action.core.validation.problem import ObjectProblem, Steps

_TEMPLATES: Mapping[tuple[str, str], Steps] = {
    ("apps", "DaemonSet"): ("spec", "template"),
    ("apps", "Deployment"): ("spec", "template"),
    ("apps", "ReplicaSet"): ("spec", "template"),
    ("apps", "StatefulSet"): ("spec", "template"),
    ("batch", "CronJob"): ("spec", "jobTemplate", "spec", "template"),
    ("batch", "Job"): ("spec", "template"),
    ("", "Pod"): (),
    ("", "ReplicationController"): ("spec", "template"),
}
"""Where the built-in kinds hold a pod."""

_SELECTING = "apps"


def pod_problems(manifest: Manifest) -> Iterator[ObjectProblem]:
    """Selectors that miss their own pods, containers that share a name, impossible names."""
    kind = (manifest.id.group, manifest.id.kind)
    if kind not in _TEMPLATES:
        return
    steps = _TEMPLATES[kind]
    keys = tuple(str(step) for step in steps)
    pod = mapping(manifest.body, *keys)
    if manifest.id.group == _SELECTING:
        yield from _selector(manifest, mapping(pod, "metadata", "labels"))
    if steps:
        yield from _labels(manifest, mapping(pod, "metadata", "labels"), steps)
    yield from _containers(manifest, pod, steps)


def _selector(manifest: Manifest, labels: Mapping[str, object]) -> Iterator[ObjectProblem]:
    wanted = mapping(manifest.body, "spec", "selector", "matchLabels")
    missed = sorted(key for key in wanted if labels.get(key) != wanted[key])
    if missed:
        yield ObjectProblem(
            f"{manifest.id} does not select its own pods",
            manifest=manifest,
            steps=("spec", "selector", "matchLabels", missed[0]),
            cause=f"the pod template's labels differ in {', '.join(missed)}",
            fix="give spec.template.metadata.labels what spec.selector.matchLabels asks for",
        )


def _labels(
    manifest: Manifest, labels: Mapping[str, object], steps: Steps
) -> Iterator[ObjectProblem]:
    for key, value in labels.items():
        fault = label_value_fault(value) if isinstance(value, str) else ""
        if fault:
            yield ObjectProblem(
                f"{manifest.id}: invalid value of label {key!r} of its pods",
                manifest=manifest,
                steps=(*steps, "metadata", "labels", key),
                cause=fault,
                fix="change the value",
            )


def _containers(
    manifest: Manifest, pod: Mapping[str, object], steps: Steps
) -> Iterator[ObjectProblem]:
    seen: set[str] = set()
    for part in ("initContainers", "containers", "ephemeralContainers"):
        for index, container in enumerate(items(pod, "spec", part)):
            name = text(container, "name")
            fault = "another container of the pod has it" if name in seen else label_fault(name)
            seen.add(name)
            if name and fault:
                yield ObjectProblem(
                    f"{manifest.id}: invalid container name {name!r}",
                    manifest=manifest,
                    steps=(*steps, "spec", part, index, "name"),
                    cause=fault,
                    fix="give the container another name",
                )
