"""Sources and Kustomizations as their controllers wrote them (Flux's component APIs)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from gitops_action.core.config import Environment
from gitops_action.core.dataclass import dataclass
from gitops_action.core.deploy.inventory import parse_inventory_id
from gitops_action.core.health.model import condition
from gitops_action.core.manifests.fields import flag, items, mapping, number, text
from gitops_action.core.manifests.model import Body, Manifest, ObjectId
from gitops_action.core.pattern import pattern

# Commands that are shown to people.

_NAMES = {
    "Kustomization": "kustomization",
    "GitRepository": "source git",
    "OCIRepository": "source oci",
    "Bucket": "source bucket",
}


def resume(body: Body) -> str:
    """The command that lets Flux go on with an object (`flux resume`)."""
    kind = text(body, "kind")
    name, namespace = text(body, "metadata", "name"), text(body, "metadata", "namespace")
    if kind in _NAMES:
        return f"flux resume {_NAMES[kind]} {name} -n {namespace}"
    patch = '{"spec":{"suspend":false}}'
    return f"kubectl patch {kind.lower()} {name} -n {namespace} --type=merge -p '{patch}'"


# Revisions as Flux spells them, in every version of its API.

_HEX = pattern(r"[0-9a-f]+")
_LENGTHS = {40: "sha1", 64: "sha256"}


@dataclass(frozen=True, kw_only=True)
class Revision:
    """What a source holds or a Kustomization has applied.

    Attributes:
        name: a branch, tag or reference; empty where only the commit is known.
        algorithm: of the hash: `sha1`, `sha256`.
        digest: the hash in hexadecimal: a commit of Git, or the digest of an OCI artifact.
    """

    name: str
    algorithm: str
    digest: str

    @property
    def short(self) -> str:
        """For people: `main@1234567890ab`."""
        return f"{self.name}@{self.digest[:12]}" if self.name else self.digest[:12]


def parse_revision(written: str) -> Revision | None:
    """Read any spelling; None where it names no hash."""
    name, at, hashed = written.rpartition("@")
    if not at and ":" not in written:
        name, _, hashed = written.rpartition("/")
    algorithm, colon, digest = hashed.rpartition(":")
    if not _HEX.fullmatch(digest) or len(digest) not in _LENGTHS:
        return None
    expected = _LENGTHS[len(digest)]
    if colon and algorithm != expected:
        return None
    return Revision(name=name.removeprefix("refs/heads/"), algorithm=expected, digest=digest)


GROUP = "kustomize.toolkit.fluxcd.io"
SOURCES = "source.toolkit.fluxcd.io"
REQUEST = "reconcile.fluxcd.io/requestedAt"
"""The annotation that asks a controller to look again; `status.lastHandledReconcileAt` answers."""
_ORIGIN = "org.opencontainers.image.revision"


@dataclass(frozen=True, kw_only=True)
class FluxCondition:
    """One condition; `generation` is the one of the spec that it was written for, or None."""

    status: str = ""
    reason: str = ""
    message: str = ""
    since: str = ""
    generation: int | None = None

    @property
    def holds(self) -> bool:
        """It is `True`."""
        return self.status == "True"


def condition_of(body: Body, kind: str) -> FluxCondition:
    """The condition of that type; an empty one where there is none."""
    found = condition(body, kind)
    return FluxCondition(
        status=text(found, "status"),
        reason=text(found, "reason"),
        message=text(found, "message"),
        since=text(found, "lastTransitionTime"),
        generation=number(found, "observedGeneration"),
    )


def id_of(body: Body) -> ObjectId:
    """Which object it is."""
    return ObjectId(
        group=text(body, "apiVersion").rpartition("/")[0],
        kind=text(body, "kind"),
        namespace=text(body, "metadata", "namespace"),
        name=text(body, "metadata", "name"),
    )


def said_of(body: Body, what: str, condition: FluxCondition) -> str:
    """A sentence about an object in its controller's words."""
    message = condition.message or condition.reason
    return f"{id_of(body)} {what}: {message}" if message else f"{id_of(body)} {what}"


def source_of(body: Body) -> ObjectId:
    """The source that a Kustomization reads, by default in its own namespace."""
    kind = text(body, "spec", "sourceRef", "kind")
    group = text(body, "spec", "sourceRef", "apiVersion").rpartition("/")[0]
    return ObjectId(
        group=group or SOURCES,
        kind=kind,
        namespace=text(body, "spec", "sourceRef", "namespace")
        or text(body, "metadata", "namespace"),
        name=text(body, "spec", "sourceRef", "name"),
    )


def dependencies_of(body: Body) -> tuple[ObjectId, ...]:
    """The Kustomizations that have to be ready before this one."""
    own = text(body, "metadata", "namespace")
    return tuple(
        ObjectId(
            group=GROUP,
            kind="Kustomization",
            namespace=text(one, "namespace") or own,
            name=text(one, "name"),
        )
        for one in items(body, "spec", "dependsOn")
    )


def inventory_of(body: Body) -> tuple[tuple[ObjectId, str], ...]:
    """What a Kustomization has applied: each object with the version of its kind."""
    found = []
    for entry in items(body, "status", "inventory", "entries"):
        try:
            found.append((parse_inventory_id(text(entry, "id")), text(entry, "v")))
        except ValueError:
            continue
    return tuple(found)


def suspended(body: Body) -> bool:
    """Whether its controller has to leave it alone."""
    return bool(flag(body, "spec", "suspend"))


def suspended_by(body: Body) -> str:
    """Who did that and when, by the managed fields; empty where nobody is known."""
    for entry in items(body, "metadata", "managedFields"):
        if "f:suspend" in mapping(entry, "fieldsV1", "f:spec"):
            who, when = text(entry, "manager"), text(entry, "time")
            return f"{who} at {when}" if when else who
    return ""


def is_elsewhere(body: Body) -> bool:
    """Whether a Kustomization applies to another cluster than the one it lives in."""
    return bool(mapping(body, "spec", "kubeConfig"))


def handled(body: Body) -> str:
    """The newest request that its controller has answered."""
    return text(body, "status", "lastHandledReconcileAt")


def is_behind(body: Body) -> bool:
    """Whether its controller has not come to the newest spec: -1, none, or an older generation."""
    seen, newest = (
        number(body, "status", "observedGeneration"),
        number(body, "metadata", "generation"),
    )
    return seen is None or seen < 0 or (newest is not None and seen < newest)


def artifact_of(body: Body) -> Revision | None:
    """The commit that a source holds: of Git its own, of other kinds what the artifact names."""
    if text(body, "kind") == "GitRepository":
        return parse_revision(text(body, "status", "artifact", "revision"))
    return parse_revision(text(mapping(body, "status", "artifact", "metadata"), _ORIGIN))


def has_artifact(body: Body) -> bool:
    """Whether a source holds anything at all."""
    return bool(text(body, "status", "artifact", "revision"))


def attempted(body: Body, source: Body) -> Revision | None:
    """The commit that a Kustomization tried last."""
    return _translated(text(body, "status", "lastAttemptedRevision"), body, source)


def applied(body: Body, source: Body) -> Revision | None:
    """The commit that a Kustomization applied last with success."""
    return _translated(text(body, "status", "lastAppliedRevision"), body, source)


def _translated(written: str, body: Body, source: Body) -> Revision | None:
    """A revision as a commit; an OCI digest is translated by the artifact, or by its origin."""
    if text(body, "spec", "sourceRef", "kind") == "GitRepository":
        return parse_revision(written)
    if written and written == text(source, "status", "artifact", "revision"):
        return artifact_of(source)
    if written == text(body, "status", "lastAppliedRevision"):
        return parse_revision(text(body, "status", "lastAppliedOriginRevision"))
    return None


# Which Kustomizations deploy an environment, by the folder that they read.

_APPLICATION = "{application}"


def of_path(kustomizations: Iterable[Body], path: str) -> tuple[Body, ...]:
    """Those that read the environment's folder or one in it; else the nearest folder above it.

    Args:
        kustomizations: candidates; of those that read no Git repository the path says as much.
        path: the environment's, which may hold `{application}`.
    """
    candidates = tuple(one for one in kustomizations if source_of(one).name)
    inside = tuple(one for one in candidates if _is_inside(_folder(one), path))
    if inside:
        return inside
    above = [one for one in candidates if _is_above(_folder(one), path)]
    deepest = max((len(_folder(one).parts) for one in above), default=0)
    return tuple(one for one in above if len(_folder(one).parts) == deepest)


def _folder(kustomization: Body) -> PurePosixPath:
    """`./a/b/` and `a/b` are the same folder; none is the top."""
    return PurePosixPath(text(kustomization, "spec", "path").lstrip("/"))


def _is_inside(folder: PurePosixPath, path: str) -> bool:
    parts = PurePosixPath(path).parts
    if len(folder.parts) < len(parts):
        return False
    return all(_fits(one, part) for one, part in zip(folder.parts, parts, strict=False))


def _is_above(folder: PurePosixPath, path: str) -> bool:
    fixed = PurePosixPath(path.partition(_APPLICATION)[0])
    return folder.parts == fixed.parts[: len(folder.parts)]


def _fits(name: str, pattern: str) -> bool:
    expression = re.escape(pattern).replace(re.escape(_APPLICATION), "[^/]+")
    return bool(re.fullmatch(expression, name))


def unread_environments(
    environments: Iterable[Environment], kustomizations: Iterable[Manifest]
) -> tuple[Environment, ...]:
    """Those that are declared for Flux, and that no Kustomization of the repository reads.

    A Kustomization that is named in the configuration and lies in the environment's folder is one
    that Flux gets from elsewhere (`flux bootstrap`), and reads what it says itself.
    """
    found = tuple(kustomizations)
    return tuple(
        environment
        for environment in environments
        if any(target.engine == "flux" for target in environment.deploy.targets)
        and not of_path((one.body for one in found), environment.path)
        and not _is_named(environment, found)
    )


def _is_named(environment: Environment, kustomizations: Iterable[Manifest]) -> bool:
    named = {name for target in environment.deploy.targets for name in target.kustomizations}
    return any(
        f"{one.id.namespace}/{one.id.name}" in named
        and one.origin is not None
        and environment.contains(one.origin.file)
        for one in kustomizations
    )
