"""The schemas of the built-in kinds, from the data of the package `kubernetes-validate`.

They are the OpenAPI schemas of each Kubernetes version in strict form: a field that is not named
is an error. Some say more than the API server does, or less; that is fixed here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property, lru_cache
from importlib.util import find_spec
from pathlib import Path

from gitops_action.adapters.schemas.checker import Checker, Library
from gitops_action.core.manifests.fields import items, text
from gitops_action.core.pattern import pattern
from gitops_action.core.validation.structural import JsonSchema

# Where the published schemas of Kubernetes differ from what an API server takes.

TYPES: Mapping[str, list[str]] = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": ["string", "number", "null"],
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": ["string", "integer", "null"],
}
"""Published as a choice of one, which null would fit twice."""

OPTIONAL: Mapping[str, tuple[str, ...]] = {
    "apps.v1.StatefulSetSpec": ("serviceName",),
    "networking.v1.NetworkPolicySpec": ("podSelector",),
    "rbac.v1.RoleRef": ("apiGroup",),
    "scheduling.v1.PriorityClass": ("value",),
}
"""Called required, and filled in by the server when they are missing."""

_PULL = ("Always", "IfNotPresent", "Never")
_PROTOCOLS = ("TCP", "UDP", "SCTP")
_PATH_TYPES = ("Exact", "Prefix", "ImplementationSpecific")

ENUMS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "apps.v1.DaemonSetUpdateStrategy": {"type": ("RollingUpdate", "OnDelete")},
    "apps.v1.DeploymentStrategy": {"type": ("Recreate", "RollingUpdate")},
    "apps.v1.StatefulSetSpec": {"podManagementPolicy": ("OrderedReady", "Parallel")},
    "apps.v1.StatefulSetUpdateStrategy": {"type": ("RollingUpdate", "OnDelete")},
    "batch.v1.CronJobSpec": {"concurrencyPolicy": ("Allow", "Forbid", "Replace")},
    "batch.v1.JobSpec": {"completionMode": ("NonIndexed", "Indexed")},
    "core.v1.Container": {
        "imagePullPolicy": _PULL,
        "terminationMessagePolicy": ("File", "FallbackToLogsOnError"),
    },
    "core.v1.ContainerPort": {"protocol": _PROTOCOLS},
    "core.v1.PersistentVolumeClaimSpec": {"volumeMode": ("Filesystem", "Block")},
    "core.v1.PodSpec": {
        "dnsPolicy": ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"),
        "restartPolicy": ("Always", "OnFailure", "Never"),
    },
    "core.v1.SeccompProfile": {"type": ("Localhost", "RuntimeDefault", "Unconfined")},
    "core.v1.ServicePort": {"protocol": _PROTOCOLS},
    "core.v1.ServiceSpec": {
        "externalTrafficPolicy": ("Cluster", "Local"),
        "ipFamilyPolicy": ("SingleStack", "PreferDualStack", "RequireDualStack"),
        "sessionAffinity": ("ClientIP", "None"),
        "type": ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort"),
    },
    "core.v1.Toleration": {
        "effect": ("NoSchedule", "PreferNoSchedule", "NoExecute", ""),
    },
    "core.v1.TopologySpreadConstraint": {
        "whenUnsatisfiable": ("DoNotSchedule", "ScheduleAnyway"),
    },
    "networking.v1.HTTPIngressPath": {"pathType": _PATH_TYPES},
    "storage.v1.StorageClass": {
        "reclaimPolicy": ("Delete", "Retain", "Recycle"),
        "volumeBindingMode": ("Immediate", "WaitForFirstConsumer"),
    },
}
"""Fields whose values the published schemas leave open, and the server does not."""


ADDRESS = "https://kubernetes.io/api/_definitions.json"
METADATA = f"{ADDRESS}#/$defs/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"

_FOLDER = pattern(r"v(\d+)\.(\d+)\.\d+-local-strict")
_VERSION = pattern(r"v?(\d+)\.(\d+)(\..*)?")
_INT32 = 2**31
_GROUPS = "x-kubernetes-group-version-kind"

Kind = tuple[str, str, str]
"""Group, version, kind."""


def known_versions() -> tuple[str, ...]:
    """The Kubernetes versions whose schemas are installed, oldest first: `1.36`, `1.37`."""
    return tuple(f"{major}.{minor}" for major, minor in sorted(_folders()))


class KubernetesSchemas:
    """The built-in kinds of one Kubernetes version.

    Attributes:
        version: whose schemas these are; the nearest known one to what was asked for.
        note: says so where it is another one; empty otherwise.
    """

    def __init__(self, version: str) -> None:
        """Choose the version; schemas are read when the first object is checked.

        Raises:
            ValueError: no version such as `1.36`, or no schemas are installed.
        """
        requested, folders = _number(version), _folders()
        if not folders:
            raise ValueError("the package kubernetes-validate holds no schemas")
        found = min(folders, key=lambda each: (_distance(each, requested), each))
        self.version = f"{found[0]}.{found[1]}"
        self.note = (
            ""
            if found == requested
            else f"objects are checked by the schemas of Kubernetes {self.version}, the nearest to "
            f"{version} that is known (known: {', '.join(known_versions())})"
        )
        self._folder = folders[found]
        self._checkers: dict[Kind, Checker] = {}

    def checker(self, kind: Kind) -> Checker | None:
        """What checks objects of the kind; None where this version has no such kind."""
        if kind in self._names and kind not in self._checkers:
            address = f"{ADDRESS}#/$defs/{self._names[kind]}"
            self._checkers[kind] = Checker({"$ref": address}, self.library)
        return self._checkers.get(kind)

    @cached_property
    def library(self) -> Library:
        """The one document that every schema refers into."""
        dialect = "https://json-schema.org/draft/2020-12/schema"
        return Library({ADDRESS: {"$schema": dialect, "$defs": self._definitions}})

    @cached_property
    def _definitions(self) -> Mapping[str, JsonSchema]:
        document = self._folder.joinpath("_definitions.json").read_text("utf-8")
        definitions = json.loads(document)["$defs"]
        return {name: _mended(name, schema) for name, schema in definitions.items()}

    @cached_property
    def kinds(self) -> frozenset[Kind]:
        """Every kind of this version."""
        return frozenset(self._names)

    @cached_property
    def _names(self) -> Mapping[Kind, str]:
        found: dict[Kind, str] = {}
        for name, schema in self._definitions.items():
            groups = items(schema, _GROUPS)
            if len(groups) == 1:  # the others are parameters of requests
                found[_kind_of(groups[0])] = name
        return found


@lru_cache(maxsize=4)
def kubernetes_schemas(version: str) -> KubernetesSchemas:
    """The built-in kinds of a version, read and compiled once however many are checked.

    Raises:
        ValueError: see `KubernetesSchemas`.
    """
    return KubernetesSchemas(version)


def _kind_of(written: Mapping[str, object]) -> Kind:
    return text(written, "group"), text(written, "version"), text(written, "kind")


def _folders() -> dict[tuple[int, int], Path]:
    # The package's own code loads a validator that is not used here: it is found, not imported.
    package = find_spec("kubernetes_validate")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("kubernetes_validate")
    root = Path(package.origin).parent / "kubernetes-json-schema"
    matches = ((_FOLDER.fullmatch(folder.name), folder) for folder in root.iterdir())
    return {(int(found[1]), int(found[2])): folder for found, folder in matches if found}


def _number(version: str) -> tuple[int, int]:
    found = _VERSION.fullmatch(version.strip())
    if not found:
        raise ValueError(f"{version!r} is not a Kubernetes version such as 1.36")
    return int(found[1]), int(found[2])


def _distance(one: tuple[int, int], other: tuple[int, int]) -> int:
    return abs(one[0] - other[0]) * 1000 + abs(one[1] - other[1])


def _mended(name: str, schema: JsonSchema) -> JsonSchema:
    if name in TYPES:
        return {"type": TYPES[name]}
    slim = _slim(schema)
    required = slim.get("required")
    if isinstance(required, list):
        optional = OPTIONAL.get(_short(name), ())
        slim["required"] = [field for field in required if field not in optional]
    properties = slim.get("properties")
    if isinstance(properties, dict):
        for field, values in ENUMS.get(_short(name), {}).items():
            if field in properties:
                properties[field] = {**properties[field], "enum": [*values, None]}
    return slim


def _short(name: str) -> str:
    """`io.k8s.api.core.v1.Container` → `core.v1.Container`."""
    return ".".join(name.split(".")[-3:])


def _slim(schema: JsonSchema) -> JsonSchema:
    """Without descriptions, which are most of the text; whole numbers with their limits."""
    slim: JsonSchema = {}
    for key, value in schema.items():
        if key == "properties" and isinstance(value, dict):
            slim[key] = {field: _slim(inner) for field, inner in value.items()}
        elif key != "description":
            slim[key] = _slim(value) if isinstance(value, dict) else value
    if slim.get("format") == "int32":
        slim |= {"minimum": -_INT32, "maximum": _INT32 - 1}
    return slim
