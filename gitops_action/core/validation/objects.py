"""What is wrong with objects whatever their kind: told without a schema."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from gitops_action.core.manifests import Manifest, fields
from gitops_action.core.validation import names
from gitops_action.core.validation.pods import pod_problems
from gitops_action.core.validation.problem import ObjectProblem, Steps, written
from gitops_action.core.validation.scope import Scopes, is_namespaced, scopes_of
from gitops_action.errors import Location

_LARGEST_DATA = 1024 * 1024
"""Bytes that a ConfigMap's or Secret's data may have (Kubernetes documentation, "ConfigMaps")."""


def check_objects(
    manifests: Sequence[Manifest], environment: str = ""
) -> tuple[ObjectProblem, ...]:
    """What an API server would refuse about these objects, in their order.

    Objects that are described twice (each description names the other's file), names, namespaces,
    labels and annotations that break the API's rules, selectors that do not select their own
    pods, data that is too large.

    Args:
        manifests: everything that one environment describes, of all its applications.
        environment: its name, for the messages; may be empty.
    """
    scopes = scopes_of(manifests)
    each = (problem for item in manifests for problem in _check(item, scopes))
    return (*_duplicates(manifests, environment), *each)


def _duplicates(manifests: Sequence[Manifest], environment: str) -> Iterator[ObjectProblem]:
    first: dict[object, Manifest] = {}
    for manifest in manifests:
        other = first.setdefault(manifest.id, manifest)
        if other is not manifest:
            inside = f" in environment {environment}" if environment else ""
            yield ObjectProblem(
                f"{manifest.id} is described twice{inside}",
                manifest=manifest,
                cause=f"{_place(other.origin)} and {_place(manifest.origin)} both describe it",
                fix="keep one of them, or give one another name or namespace",
            )


def _place(origin: Location | None) -> str:
    return str(origin) if origin else "a generated file"


def _check(manifest: Manifest, scopes: Scopes) -> Iterator[ObjectProblem]:
    yield from _name(manifest)
    yield from _namespace(manifest, scopes)
    yield from metadata_problems(manifest, fields.mapping(manifest.body, "metadata"))
    yield from pod_problems(manifest)
    yield from _data(manifest)


def _name(manifest: Manifest) -> Iterator[ObjectProblem]:
    fault = names.name_fault(manifest.id)
    if not manifest.id.name:
        fault = "every object needs one"
    if fault:
        yield ObjectProblem(
            f"{manifest.id.kind} has an invalid name {manifest.id.name!r}",
            manifest=manifest,
            steps=("metadata", "name"),
            cause=fault,
            fix="give it another name",
        )


def _namespace(manifest: Manifest, scopes: Scopes) -> Iterator[ObjectProblem]:
    namespace, steps = manifest.id.namespace, ("metadata", "namespace")
    if not namespace:
        return
    fault = names.label_fault(namespace)
    if fault:
        yield ObjectProblem(
            f"{manifest.id} has an invalid namespace {namespace!r}",
            manifest=manifest,
            steps=steps,
            cause=fault,
            fix="name an existing namespace",
        )
    elif is_namespaced(manifest.id, scopes) is False:
        yield ObjectProblem(
            f"{manifest.id.kind} {manifest.id.name} names a namespace and cannot have one",
            manifest=manifest,
            steps=steps,
            cause="objects of this kind belong to the cluster as a whole",
            fix="remove metadata.namespace",
            level="warning",
        )


def metadata_problems(
    manifest: Manifest, metadata: Mapping[str, object], steps: Steps = ("metadata",)
) -> Iterator[ObjectProblem]:
    """Labels and annotations that break the API's rules.

    Args:
        manifest: the object.
        metadata: its metadata, or those of a template in it.
        steps: where these stand.
    """
    labels, annotations = (
        fields.mapping(metadata, "labels"),
        fields.mapping(metadata, "annotations"),
    )
    faults = [
        *_faults("label", (*steps, "labels"), labels, labels),
        *_faults("annotation", (*steps, "annotations"), annotations, ()),
    ]
    for where, title, cause in faults:
        yield ObjectProblem(
            f"{manifest.id}: {title}",
            manifest=manifest,
            steps=where,
            cause=cause,
            fix=f"change {written(where)}",
        )
    size = sum(len(f"{key}{value}".encode()) for key, value in annotations.items())
    if size > names.ANNOTATIONS_SIZE:
        yield ObjectProblem(
            f"{manifest.id} has annotations of {size:,} bytes",
            manifest=manifest,
            steps=(*steps, "annotations"),
            cause=f"all annotations together may have {names.ANNOTATIONS_SIZE:,}",
            fix="move the data into a ConfigMap",
        )


def _faults(
    what: str, steps: Steps, found: Mapping[str, object], valued: Iterable[str]
) -> Iterator[tuple[Steps, str, str]]:
    """Place, title and cause of each key that is wrong, and of each value of those `valued`."""
    for key in found:
        fault = names.key_fault(str(key).lower() if what == "annotation" else str(key))
        if fault:
            yield (*steps, str(key)), f"invalid {what} key {str(key)!r}", fault
    for key in valued:
        value = found[key]
        fault = names.label_value_fault(value) if isinstance(value, str) else ""
        if fault:
            yield (*steps, key), f"invalid value of {what} {key!r}", fault


def _data(manifest: Manifest) -> Iterator[ObjectProblem]:
    if manifest.id.group or manifest.id.kind not in {"ConfigMap", "Secret"}:
        return
    size = 0
    for part in ("data", "binaryData", "stringData"):
        for key, value in fields.mapping(manifest.body, part).items():
            size += len(str(value).encode())
            if fault := names.data_key_fault(str(key)):
                yield ObjectProblem(
                    f"{manifest.id}: invalid key {str(key)!r} in {part}",
                    manifest=manifest,
                    steps=(part, str(key)),
                    cause=fault,
                    fix="give the key another name",
                )
    # Base64 is a third longer than what it stands for, which is what counts.
    if size * 3 // 4 > _LARGEST_DATA:
        yield ObjectProblem(
            f"{manifest.id} holds {size:,} bytes",
            manifest=manifest,
            cause=f"a {manifest.id.kind} may hold {_LARGEST_DATA:,}",
            fix="split it, or move the data into a volume or an image",
        )
