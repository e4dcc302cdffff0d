"""Objects by which a controller deploys a folder: Flux Kustomizations, Argo CD Applications.

What bump, validate, deploy and the gate follow from an environment's folder is decided here, and
here alone: Flux's Kustomization API (`spec.path`, `sourceRef`, `targetNamespace`, `patches` …), and
Argo CD's Application (`spec.source`, `spec.sources`).
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator, Mapping

from gitops_action.core.dataclass import dataclass
from gitops_action.core.manifests.fields import flag, items, mapping, text, texts, value
from gitops_action.core.manifests.model import Body, ObjectId

FLUX_GROUP = "kustomize.toolkit.fluxcd.io"
ARGO_GROUP = "argoproj.io"
DEPLOYER_BYTES = (FLUX_GROUP.encode(), ARGO_GROUP.encode())
"""A file without any of these holds no such object."""

_SOURCES = "source.toolkit.fluxcd.io"
_IN_CLUSTER = frozenset({"", "https://kubernetes.default.svc", "in-cluster"})
_TEMPLATED = ("${", "{{")


@dataclass(frozen=True, kw_only=True)
class BuildSettings:
    """What a controller adds to a folder before and after it builds it.

    Attributes:
        kustomization: fields that are merged into the folder's kustomization, as JSON; empty for
            none. Lists are appended, other values replace.
        labels: set on every object after the build, as JSON; empty for none.
        annotations: likewise.
        variables: Flux's `postBuild`, as JSON; empty where nothing is substituted.
        generated: a folder without a kustomization is taken as Flux generates one for it.
        flat: of a folder without a kustomization, only the files directly in it (Argo CD).
        recursive: of such a folder, all files below it (Argo CD).
        include: glob of the files that are taken of it; empty for all.
        exclude: glob of those that are left out.
        claimed: folders below it that controllers build on behalf of objects in it.
        separate: its parts may be of different clusters, for no configuration says what they are.
    """

    kustomization: str = ""
    labels: str = ""
    annotations: str = ""
    variables: str = ""
    generated: bool = False
    flat: bool = False
    recursive: bool = False
    include: str = ""
    exclude: str = ""
    claimed: frozenset[str] = frozenset()
    separate: bool = False


AS_WRITTEN = BuildSettings()
"""Nothing is added."""


@dataclass(frozen=True, kw_only=True)
class FolderBuild:
    """A folder of the source that a controller builds and applies.

    Attributes:
        deployer: the object that says so.
        source: the source's object for Flux; None for Argo CD.
        url: the source's address where the deployer itself names it (Argo CD); else empty.
        revision: the branch, tag or commit that the deployer names (Argo CD); else empty.
        path: the folder, from the top of the source; empty for the top.
        components: paths of kustomize Components that are added, from the top of the source.
        settings: what is added.
        cluster: what distinguishes the cluster that it is applied to from the deployer's own.
        namespace: of the objects that name none; empty where it is not known.
    """

    deployer: ObjectId
    path: str
    source: ObjectId | None = None
    url: str = ""
    revision: str = ""
    components: tuple[str, ...] = ()
    settings: BuildSettings = AS_WRITTEN
    cluster: str = ""
    namespace: str = ""


@dataclass(frozen=True, kw_only=True)
class NotFollowed:
    """A deployer whose content is not looked at, and why."""

    deployer: ObjectId
    reason: str


def is_flux_kustomization(group: str, kind: str) -> bool:
    """Whether it is a Flux Kustomization (not a kustomization file)."""
    return (group, kind) == (FLUX_GROUP, "Kustomization")


def is_argo_application(group: str, kind: str) -> bool:
    """Whether it is an Application, or an ApplicationSet that generates some."""
    return group == ARGO_GROUP and kind in {"Application", "ApplicationSet"}


def builds_git_repository(source_kind: str) -> bool:
    """Whether a Flux Kustomization with this `sourceRef.kind` may read this repository.

    Artifacts of other kinds (OCIRepository, Bucket, ExternalArtifact) hold what someone put
    there: which folder of which repository that is, no file says.
    """
    return source_kind in {"", "GitRepository"}


def source_path(written: str) -> str | None:
    """`spec.path` as a path from the top of the repository; None where it is not known.

    `./apps/`, `/apps` and `apps` are the same folder, and `..` ends at the top.
    """
    if any(mark in written for mark in _TEMPLATED):
        return None
    path = posixpath.normpath(posixpath.join("/", written.strip()))
    return path.lstrip("/")


def builds_of(identity: ObjectId, body: Body) -> Iterator[FolderBuild | NotFollowed]:
    """What an object makes a controller deploy; nothing for any other object."""
    if is_flux_kustomization(identity.group, identity.kind):
        yield _flux(identity, body)
    elif is_argo_application(identity.group, identity.kind):
        yield from _argo(identity, body)


def _flux(identity: ObjectId, body: Body) -> FolderBuild | NotFollowed:
    spec = mapping(body, "spec")
    kind = text(spec, "sourceRef", "kind")
    name = text(spec, "sourceRef", "name")
    if not builds_git_repository(kind):
        reason = f"it reads the {kind} `{name}`, not a Git repository"
        return NotFollowed(deployer=identity, reason=reason)
    path = source_path(text(spec, "path"))
    if path is None:
        reason = f"its path `{text(spec, 'path')}` is set by a variable that is not known here"
        return NotFollowed(deployer=identity, reason=reason)
    namespace = text(spec, "sourceRef", "namespace") or identity.namespace
    remote = value(spec, "kubeConfig")
    return FolderBuild(
        deployer=identity,
        source=ObjectId(group=_SOURCES, kind="GitRepository", namespace=namespace, name=name),
        path=path,
        components=tuple(_within(path, item) for item in texts(spec, "components")),
        settings=BuildSettings(
            kustomization=_json(_flux_fields(spec)),
            labels=_json(mapping(spec, "commonMetadata", "labels")),
            annotations=_json(mapping(spec, "commonMetadata", "annotations")),
            variables=_json(mapping(spec, "postBuild")),
            generated=True,
        ),
        cluster=_json(remote if isinstance(remote, Mapping) else {}),
        namespace=text(spec, "targetNamespace"),
    )


def _flux_fields(spec: Body) -> dict[str, object]:
    """What kustomize-controller writes into a folder's kustomization before it builds it."""
    fields: dict[str, object] = {
        "namespace": text(spec, "targetNamespace"),
        "namePrefix": text(spec, "namePrefix"),
        "nameSuffix": text(spec, "nameSuffix"),
        "patches": list(items(spec, "patches")),
        "patchesStrategicMerge": [
            json.dumps(item) for item in items(spec, "patchesStrategicMerge")
        ],
        "patchesJson6902": [_json_patch(item) for item in items(spec, "patchesJson6902")],
        "images": list(items(spec, "images")),
        "components": list(texts(spec, "components")),
    }
    return {key: item for key, item in fields.items() if item}


def _json_patch(item: Body) -> dict[str, object]:
    return {**item, "patch": json.dumps(value(item, "patch"))}


def _within(folder: str, reference: str) -> str:
    return posixpath.normpath(posixpath.join("/", folder, reference)).lstrip("/")


def _argo(identity: ObjectId, body: Body) -> Iterator[FolderBuild | NotFollowed]:
    spec = mapping(body, "spec")
    if identity.kind == "ApplicationSet":
        spec = mapping(spec, "template", "spec")
    one = mapping(spec, "source")
    for source in (*((one,) if one else ()), *items(spec, "sources")):
        written = text(source, "path")
        if not written or text(source, "chart"):
            continue
        path = source_path(written)
        if path is None:
            reason = f"its path `{written}` is a template"
            yield NotFollowed(deployer=identity, reason=reason)
            continue
        yield FolderBuild(
            deployer=identity,
            url=text(source, "repoURL"),
            revision=text(source, "targetRevision"),
            path=path,
            components=tuple(
                _within(path, item) for item in texts(source, "kustomize", "components")
            ),
            settings=BuildSettings(
                kustomization=_json(_argo_fields(mapping(source, "kustomize"))),
                flat=not flag(source, "directory", "recurse"),
                recursive=bool(flag(source, "directory", "recurse")),
                include=text(source, "directory", "include"),
                exclude=text(source, "directory", "exclude"),
            ),
            cluster=_destination(mapping(spec, "destination")),
            namespace=text(spec, "destination", "namespace"),
        )


def _destination(destination: Body) -> str:
    """The cluster of an Application; empty for Argo CD's own."""
    named = text(destination, "server") or text(destination, "name")
    return "" if named in _IN_CLUSTER else named


def _argo_fields(kustomize: Body) -> dict[str, object]:
    """What Argo CD sets by `kustomize edit`."""
    fields: dict[str, object] = {
        "namespace": text(kustomize, "namespace"),
        "namePrefix": text(kustomize, "namePrefix"),
        "nameSuffix": text(kustomize, "nameSuffix"),
        "images": [image_entry(item) for item in texts(kustomize, "images")],
        "replicas": list(items(kustomize, "replicas")),
        "patches": list(items(kustomize, "patches")),
        "components": list(texts(kustomize, "components")),
        "commonAnnotations": dict(mapping(kustomize, "commonAnnotations")),
        **_argo_labels(kustomize),
    }
    return {key: item for key, item in fields.items() if item}


def _argo_labels(kustomize: Body) -> dict[str, object]:
    labels = dict(mapping(kustomize, "commonLabels"))
    if labels and flag(kustomize, "labelWithoutSelector"):
        templates = bool(flag(kustomize, "labelIncludeTemplates"))
        return {"labels": [{"pairs": labels, "includeTemplates": templates}]}
    return {"commonLabels": labels}


def image_entry(written: str) -> dict[str, str]:
    """`[old=]new[:tag][@digest]` as an entry of kustomize's `images`."""
    old, equals, new = written.partition("=")
    whole = new if equals else old
    name, at, digest = whole.partition("@")
    slash = name.rfind("/")
    colon = name.find(":", max(slash, 0))
    tag = name[colon + 1 :] if colon >= 0 else ""
    name = name[:colon] if colon >= 0 else name
    entry = {"name": old if equals else name}
    if equals and name != "*":
        entry["newName"] = name
    if tag:
        entry["newTag"] = tag
    if at:
        entry["digest"] = digest
    return entry


def _json(found: Mapping[str, object]) -> str:
    return json.dumps(found, sort_keys=True, ensure_ascii=False, default=str) if found else ""
