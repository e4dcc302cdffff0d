"""The objects of a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gitops_action.core.dataclass import dataclass
from gitops_action.core.manifests.canonical import canonical
from gitops_action.core.manifests.model import (
    HOOKS,
    Body,
    Manifest,
    ManifestError,
    NoObjectError,
    ObjectId,
)
from gitops_action.core.manifests.reader import read_documents
from gitops_action.errors import GitOpsErrors, Location


@dataclass(frozen=True, kw_only=True)
class Parsed:
    """What a file holds: its objects, and what is wrong with the rest."""

    manifests: tuple[Manifest, ...] = ()
    problems: tuple[ManifestError, ...] = ()


def parse_manifests(path: str, data: bytes) -> tuple[Manifest, ...]:
    """The objects of a file, in order and canonical; those inside lists as objects of their own.

    Empty documents are passed over.

    Raises:
        ManifestError: it is not YAML, or a document is not an object that can be kept track of.
        GitOpsErrors: several documents are not.
    """
    parsed = read_manifests(path, data)
    if len(parsed.problems) > 1:
        raise GitOpsErrors(f"{path} holds what is not an object", parsed.problems)
    if parsed.problems:
        raise parsed.problems[0]
    return parsed.manifests


def read_manifests(path: str, data: bytes) -> Parsed:
    """As `parse_manifests`, but what is wrong stands beside the objects that are right."""
    manifests: list[Manifest] = []
    problems: list[ManifestError] = []
    try:
        documents = read_documents(path, data)
    except ManifestError as error:
        return Parsed(problems=(error,))
    for document in documents:
        here = Location(file=path, line=document.line)
        for body, place in _flat(document.value, here, document.items):
            try:
                manifests.append(manifest_of(body, place))
            except ManifestError as error:
                problems.append(error)
    return Parsed(manifests=tuple(manifests), problems=tuple(problems))


def manifest_of(body: object, origin: Location) -> Manifest:
    """One object, canonical.

    Raises:
        ManifestError: it is not a mapping, or has no apiVersion, kind or name, or these could not
            be shown on one line as they are.
    """
    if not isinstance(body, Mapping):
        raise NoObjectError(
            f"this is {_kind_of(body)}, not a Kubernetes object",
            cause="an object is a mapping with apiVersion, kind and metadata",
            fix="move the file out of the environment's folder, or make it an object",
            location=origin,
        )
    api_version = _text(body, "apiVersion", origin)
    kind = _text(body, "kind", origin)
    metadata = body.get("metadata")
    facts = metadata if isinstance(metadata, Mapping) else {}
    group, _, version = api_version.rpartition("/")
    name = _hook_name(facts) or _name(facts, kind, origin, group)
    namespace = facts.get("namespace")
    identity = ObjectId(
        group=group,
        kind=kind,
        namespace=namespace if isinstance(namespace, str) else "",
        name=name,
    )
    _refuse_unprintable(
        origin, apiVersion=api_version, kind=kind, name=name, namespace=identity.namespace
    )
    if facts.get("name") != name:
        named = {key: value for key, value in facts.items() if key != "generateName"}
        body = {**body, "metadata": {**named, "name": name}}
    return Manifest(id=identity, version=version, body=canonical(body), origin=origin)


def _flat(
    value: object, here: Location, lines: tuple[int, ...]
) -> Iterator[tuple[object, Location]]:
    """The objects of a document: the items of a list kind, at any depth, or the document itself."""
    if not _is_list(value):
        yield value, here
        return
    items = value.get("items") if isinstance(value, Mapping) else ()
    for index, item in enumerate(items or () if isinstance(items, list) else ()):
        line = lines[index] if index < len(lines) else here.line
        yield from _flat(item, Location(file=here.file, line=line), ())


def _is_list(value: object) -> bool:
    """Whether it is a `List`, or a list of one kind such as `ConfigMapList`.

    kustomize recognises them by the kind's name and a list `items`, and so does this.
    """
    if not isinstance(value, Mapping):
        return False
    kind, items = value.get("kind"), value.get("items")
    if kind == "List":
        return items is None or isinstance(items, list)
    return isinstance(kind, str) and kind.endswith("List") and isinstance(items, list)


def _text(body: Body, key: str, origin: Location) -> str:
    found = body.get(key)
    if isinstance(found, str) and found:
        return found
    raise NoObjectError(
        f"object has no {key}" if found in (None, "") else f"{key} is {_kind_of(found)}, not text",
        cause="a Kubernetes object has apiVersion, kind and metadata.name",
        fix=f"give it its {key}, or move the file out of the environment's folder",
        location=origin,
    )


def _refuse_unprintable(origin: Location, **fields: str) -> None:
    """Names are shown wherever an object is: line breaks would forge lines of a report."""
    for field, text in fields.items():
        if not text.isprintable():
            raise ManifestError(
                f"{field} {text!a} has a character that cannot be printed",
                cause="no API server takes control characters in it",
                fix="remove the character",
                location=origin,
            )


_LONGEST_GENERATED = 40
"""Leaves room for the moment: the names of a Job's pods have at most 63 characters."""


def _hook_name(metadata: Body) -> str:
    """The name of a hook that has only `generateName`, from that and its moment.

    It is the same in every deployment, so that the last run is found and deleted before the next.
    """
    prefix, annotations = metadata.get("generateName"), metadata.get("annotations")
    if metadata.get("name") or not isinstance(prefix, str) or not isinstance(annotations, Mapping):
        return ""
    moment = next((annotations[hook] for hook in HOOKS if hook in annotations), "")
    word = str(moment).partition(",")[0].strip().lower()
    return f"{prefix[:_LONGEST_GENERATED].rstrip('-.')}-{word}" if prefix and word else ""


def _name(metadata: Body, kind: str, origin: Location, group: str) -> str:
    name = metadata.get("name")
    if isinstance(name, str) and name:
        return name
    error: type[ManifestError] = ManifestError
    if name not in (None, ""):
        title, cause = f"{kind} has a name that is {_kind_of(name)}, not text", ""
        fix = f'put it in quotes: "{name}"'
    elif metadata.get("generateName"):
        title = f"{kind} has generateName instead of a name"
        cause = "every deployment would create one more, and none could be found again"
        fix = "give it metadata.name"
    else:
        title, cause, fix = f"{kind} has no metadata.name", "", "give it a name"
        error = ManifestError if _is_built_in(group) else NoObjectError
    raise error(title, cause=cause, fix=fix, location=origin)


def _is_built_in(group: str) -> bool:
    """Whether Kubernetes itself has this API group; a tool's own files have groups of their own."""
    return "." not in group or group.endswith(".k8s.io")


def _kind_of(value: object) -> str:
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "text"
    return "a list" if isinstance(value, list) else "a mapping"
