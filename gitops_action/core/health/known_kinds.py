"""Health of the custom kinds that are deployed most, as data: what their controllers document.

`docs/health.md` prints this table. `deploy.health.kinds` of the configuration replaces a rule.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from functools import lru_cache

from gitops_action.core.dataclass import dataclass
from gitops_action.core.health.conventions import condition_lists, stale, suspended
from gitops_action.core.health.model import Health, current, failed, in_progress, said
from gitops_action.core.manifests.fields import items, number, text
from gitops_action.core.manifests.model import Body


@dataclass(frozen=True, kw_only=True)
class KnownKind:
    """The rule for one kind, or for several of one group.

    Attributes:
        group: the API group; `*.` at its start stands for any group that ends so.
        source: where the project documents it.
        kinds: empty for every kind of the group that has no rule of its own.
        true: conditions that must be `True`; one that is missing is in progress.
        not_true: conditions that must not be `True`.
        within: list in the status whose items hold those conditions, each item all of them.
        final: conditions whose `False` no waiting fixes, with the reasons that say so.
        state: path to a word in the status; empty where there is none.
        healthy: words of `state` that mean healthy; every other is in progress.
        failed: words of `state` that are a definite failure.
        static: nobody writes a status; healthy once it is there.
        elsewhere: the words of its status are about something else.
    """

    group: str
    source: str
    kinds: tuple[str, ...] = ()
    true: tuple[str, ...] = ()
    not_true: tuple[str, ...] = ()
    within: str = ""
    final: tuple[tuple[str, tuple[str, ...]], ...] = field(default=())
    state: tuple[str, ...] = ()
    healthy: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    static: bool = False
    elsewhere: bool = False

    def covers(self, group: str, kind: str) -> bool:
        """Whether the rule is about this kind."""
        suffix = self.group.removeprefix("*")
        same = group.endswith(suffix) if self.group.startswith("*.") else group == self.group
        return same and (not self.kinds or kind in self.kinds)


_CERT_MANAGER = "https://cert-manager.io/docs/reference/api-docs/"
_EXTERNAL_SECRETS = "https://external-secrets.io/latest/api/spec/"
_GATEWAY = "https://gateway-api.sigs.k8s.io/geps/gep-1364/"
_CROSSPLANE = "https://docs.crossplane.io/latest/"
_STRIMZI = "https://strimzi.io/docs/operators/latest/configuring.html"
_CNPG = "https://cloudnative-pg.io/documentation/current/cloudnative-pg.v1/"
_KEDA = "https://keda.sh/docs/latest/reference/scaledobject-spec/"
_ROLLOUTS = "https://argo-rollouts.readthedocs.io/en/stable/features/specification/"
_ANALYSIS = "https://argo-rollouts.readthedocs.io/en/stable/features/analysis/"
_WORKFLOWS = "https://argo-workflows.readthedocs.io/en/latest/fields/"
_ARGO_CD = "https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/"
_KNATIVE = (
    "https://github.com/knative/specs/blob/main/specs/serving/knative-api-specification-1.0.md"
)
_CLUSTER_API = "https://pkg.go.dev/sigs.k8s.io/cluster-api/api/v1beta1"
_ISTIO = "https://istio.io/latest/docs/reference/config/config-status/"
_PROMETHEUS = "https://prometheus-operator.dev/docs/api-reference/api/"
_FLAGGER = "https://docs.flagger.app/usage/how-it-works"
_SNAPSHOT = "https://kubernetes.io/docs/concepts/storage/volume-snapshots/"
_OLM = "https://olm.operatorframework.io/docs/concepts/crds/"
_SEALED = "https://github.com/bitnami-labs/sealed-secrets"
_VELERO = "https://velero.io/docs/main/api-types/"

KNOWN_KINDS: tuple[KnownKind, ...] = (
    KnownKind(
        group="cert-manager.io",
        kinds=("CertificateRequest",),
        source=_CERT_MANAGER,
        true=("Ready",),
        final=(("Ready", ("Failed", "Denied")),),
    ),
    KnownKind(group="cert-manager.io", source=_CERT_MANAGER, true=("Ready",)),
    KnownKind(
        group="acme.cert-manager.io",
        source=_CERT_MANAGER,
        state=("state",),
        healthy=("ready", "valid"),
        failed=("invalid", "expired", "errored"),
    ),
    KnownKind(group="external-secrets.io", source=_EXTERNAL_SECRETS, true=("Ready",)),
    KnownKind(group="generators.external-secrets.io", source=_EXTERNAL_SECRETS, static=True),
    KnownKind(
        group="gateway.networking.k8s.io",
        kinds=("GatewayClass",),
        source=_GATEWAY,
        true=("Accepted",),
        final=(("Accepted", ("InvalidParameters", "Unsupported", "UnsupportedVersion")),),
    ),
    KnownKind(
        group="gateway.networking.k8s.io",
        kinds=("Gateway",),
        source=_GATEWAY,
        true=("Accepted", "Programmed"),
        final=(("Accepted", ("Invalid", "InvalidParameters", "UnsupportedAddress")),),
    ),
    KnownKind(
        group="gateway.networking.k8s.io",
        kinds=("HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"),
        source=_GATEWAY,
        true=("Accepted", "ResolvedRefs"),
        within="parents",
        final=(("Accepted", ("NotAllowedByListeners", "UnsupportedValue")),),
    ),
    KnownKind(
        group="gateway.networking.k8s.io",
        kinds=("BackendTLSPolicy",),
        source=_GATEWAY,
        true=("Accepted",),
        within="ancestors",
    ),
    KnownKind(
        group="gateway.networking.k8s.io", kinds=("ReferenceGrant",), source=_GATEWAY, static=True
    ),
    KnownKind(
        group="pkg.crossplane.io",
        kinds=("Provider", "Configuration", "Function"),
        source=f"{_CROSSPLANE}packages/providers/",
        true=("Installed", "Healthy"),
    ),
    KnownKind(
        group="apiextensions.crossplane.io",
        kinds=("CompositeResourceDefinition",),
        source=f"{_CROSSPLANE}composition/composite-resource-definitions/",
        true=("Established",),
    ),
    KnownKind(
        group="apiextensions.crossplane.io",
        kinds=("Composition", "EnvironmentConfig"),
        source=f"{_CROSSPLANE}composition/compositions/",
        static=True,
    ),
    *(
        KnownKind(
            group=group,
            kinds=("ProviderConfig", "ClusterProviderConfig", "ProviderConfigUsage", "StoreConfig"),
            source=f"{_CROSSPLANE}packages/providers/",
            static=True,
        )
        for group in ("*.crossplane.io", "*.upbound.io")
    ),
    *(
        KnownKind(
            group=group,
            source=f"{_CROSSPLANE}managed-resources/managed-resources/",
            true=("Synced", "Ready"),
        )
        for group in ("*.aws.crossplane.io", "*.gcp.crossplane.io", "*.azure.crossplane.io")
    ),
    KnownKind(
        group="*.upbound.io",
        source=f"{_CROSSPLANE}managed-resources/managed-resources/",
        true=("Synced", "Ready"),
    ),
    KnownKind(
        group="kafka.strimzi.io", kinds=("KafkaRebalance",), source=_STRIMZI, not_true=("NotReady",)
    ),
    KnownKind(group="kafka.strimzi.io", source=_STRIMZI, true=("Ready",), not_true=("NotReady",)),
    KnownKind(
        group="postgresql.cnpg.io",
        kinds=("Cluster",),
        source=_CNPG,
        state=("phase",),
        healthy=("Cluster in healthy state",),
    ),
    KnownKind(
        group="postgresql.cnpg.io",
        kinds=("Backup",),
        source=_CNPG,
        state=("phase",),
        healthy=("completed",),
        failed=("failed",),
    ),
    KnownKind(
        group="keda.sh",
        kinds=("ScaledObject", "ScaledJob"),
        source=_KEDA,
        true=("Ready",),
        not_true=("Fallback",),
    ),
    KnownKind(
        group="keda.sh",
        kinds=("TriggerAuthentication", "ClusterTriggerAuthentication"),
        source="https://keda.sh/docs/latest/concepts/authentication/",
        static=True,
    ),
    KnownKind(
        group="argoproj.io",
        kinds=("AnalysisRun",),
        source=_ANALYSIS,
        state=("phase",),
        healthy=("Successful",),
        failed=("Failed", "Error"),
    ),
    KnownKind(
        group="argoproj.io",
        kinds=("Experiment",),
        source="https://argo-rollouts.readthedocs.io/en/stable/features/experiment/",
        state=("phase",),
        healthy=("Successful",),
        failed=("Failed", "Error"),
    ),
    KnownKind(
        group="argoproj.io",
        kinds=("AnalysisTemplate", "ClusterAnalysisTemplate"),
        source=_ANALYSIS,
        static=True,
    ),
    KnownKind(
        group="argoproj.io",
        kinds=("Workflow",),
        source=_WORKFLOWS,
        state=("phase",),
        healthy=("Succeeded",),
        failed=("Failed", "Error"),
    ),
    KnownKind(
        group="argoproj.io",
        kinds=("CronWorkflow",),
        source=_WORKFLOWS,
        not_true=("SpecError", "SubmissionError"),
    ),
    KnownKind(
        group="argoproj.io",
        kinds=("WorkflowTemplate", "ClusterWorkflowTemplate", "AppProject"),
        source=_WORKFLOWS,
        static=True,
    ),
    KnownKind(
        group="argoproj.io",
        kinds=("ApplicationSet",),
        source=_ARGO_CD,
        true=("ResourcesUpToDate",),
        not_true=("ErrorOccurred", "RolloutProgressing"),
    ),
    KnownKind(
        group="serving.knative.dev",
        kinds=("Service", "Route", "Configuration", "Revision", "DomainMapping"),
        source=_KNATIVE,
        true=("Ready",),
    ),
    KnownKind(
        group="eventing.knative.dev",
        source="https://knative.dev/docs/eventing/",
        true=("Ready",),
    ),
    KnownKind(
        group="operator.knative.dev",
        source="https://knative.dev/docs/install/operator/knative-with-operators/",
        true=("Ready",),
    ),
    KnownKind(
        group="cluster.x-k8s.io",
        kinds=("Cluster",),
        source=_CLUSTER_API,
        state=("phase",),
        healthy=("Provisioned",),
    ),
    KnownKind(
        group="cluster.x-k8s.io",
        kinds=("MachineDeployment", "Machine"),
        source=_CLUSTER_API,
        state=("phase",),
        healthy=("Running",),
    ),
    KnownKind(
        group="cluster.x-k8s.io",
        kinds=("MachinePool",),
        source=_CLUSTER_API,
        state=("phase",),
        healthy=("Running", "Scaling"),
    ),
    *(
        KnownKind(group=group, source=_ISTIO, static=True)
        for group in (
            "networking.istio.io",
            "security.istio.io",
            "telemetry.istio.io",
            "extensions.istio.io",
        )
    ),
    KnownKind(
        group="sailoperator.io",
        kinds=("Istio", "IstioRevision", "IstioCNI", "ZTunnel"),
        source="https://github.com/istio-ecosystem/sail-operator/blob/main/docs/README.adoc",
        true=("Reconciled", "Ready"),
    ),
    KnownKind(
        group="monitoring.coreos.com",
        kinds=("Prometheus", "PrometheusAgent", "Alertmanager", "ThanosRuler"),
        source=_PROMETHEUS,
        true=("Available", "Reconciled"),
    ),
    KnownKind(group="monitoring.coreos.com", source=_PROMETHEUS, static=True),
    KnownKind(
        group="flagger.app",
        kinds=("Canary",),
        source=_FLAGGER,
        state=("phase",),
        healthy=("Initialized", "Succeeded"),
        failed=("Failed",),
    ),
    KnownKind(
        group="flagger.app",
        kinds=("MetricTemplate", "AlertProvider"),
        source=_FLAGGER,
        static=True,
    ),
    KnownKind(
        group="operators.coreos.com",
        kinds=("Subscription",),
        source=_OLM,
        state=("state",),
        healthy=("AtLatestKnown", "UpgradeAvailable"),
        not_true=("CatalogSourcesUnhealthy", "InstallPlanFailed", "ResolutionFailed"),
    ),
    KnownKind(
        group="operators.coreos.com",
        kinds=("ClusterServiceVersion",),
        source=_OLM,
        state=("phase",),
        healthy=("Succeeded",),
    ),
    KnownKind(
        group="operators.coreos.com",
        kinds=("CatalogSource",),
        source=_OLM,
        state=("connectionState", "lastObservedState"),
        healthy=("READY",),
    ),
    KnownKind(group="operators.coreos.com", kinds=("OperatorGroup",), source=_OLM, static=True),
    KnownKind(group="bitnami.com", kinds=("SealedSecret",), source=_SEALED, true=("Synced",)),
    KnownKind(
        group="snapshot.storage.k8s.io",
        kinds=("VolumeSnapshotClass",),
        source=_SNAPSHOT,
        static=True,
    ),
    KnownKind(
        group="promoter.argoproj.io",
        kinds=("CommitStatus",),
        source="https://gitops-promoter.readthedocs.io/en/latest/crd-specs/",
        elsewhere=True,
    ),
    KnownKind(
        group="velero.io",
        kinds=("BackupStorageLocation",),
        source=_VELERO,
        state=("phase",),
        healthy=("Available",),
    ),
    KnownKind(
        group="velero.io",
        kinds=("Schedule",),
        source=_VELERO,
        state=("phase",),
        healthy=("Enabled",),
    ),
)
"""In the order in which they are asked: what names kinds stands before the rest of its group."""


@lru_cache(maxsize=1_000)
def rule_of(group: str, kind: str) -> KnownKind | None:
    """The first rule for a kind."""
    return next((rule for rule in KNOWN_KINDS if rule.covers(group, kind)), None)


def apply_known(rule: KnownKind, body: Body) -> Health:
    """What the rule says of an object; the conventions hold beside it."""
    if rule.static:
        return current("Resource is always ready")
    return suspended(body) or next(_problems(rule, body), None) or _well(rule)


def _well(rule: KnownKind) -> Health:
    named = ", ".join((*rule.true, *rule.healthy[:1])) or "no problem"
    return current(f"Its controller reports {named}")


def _problems(rule: KnownKind, body: Body) -> Iterator[Health]:
    yield from _state(rule, body)
    generation = number(body, "metadata", "generation")
    for holder in _holders(rule, body):
        for kind in rule.true:
            found = _named(holder, kind)
            health = _must_be_true(rule, kind, found, generation)
            if health:
                yield health
        for kind in rule.not_true:
            found = _named(holder, kind)
            if text(found, "status") == "True":
                yield in_progress(text(found, "reason") or kind, said(found, f"{kind} is true"))


def _state(rule: KnownKind, body: Body) -> Iterator[Health]:
    if not rule.state:
        return
    word = text(body, "status", *rule.state)
    message = text(body, "status", "message") or text(body, "status", "reason")
    sentence = f"status.{'.'.join(rule.state)} is {word}" + (f": {message}" if message else "")
    if word in rule.failed:
        yield failed(word, sentence)
    elif not word:
        yield in_progress("NotObserved", "Its controller has not looked yet")
    elif word not in rule.healthy:
        yield in_progress("".join(word.title().split()), sentence)


def _holders(rule: KnownKind, body: Body) -> tuple[Body, ...]:
    """What holds the conditions: the status, or each item of one of its lists (at least one)."""
    if not rule.within:
        return ({"conditions": items(body, "status", "conditions")},)
    found = tuple(items(body, "status", rule.within))
    fresh = tuple(one for one in condition_lists(body) if one in found)
    return fresh or ({},)


def _named(holder: Body, kind: str) -> Body:
    return next((found for found in items(holder, "conditions") if found.get("type") == kind), {})


def _must_be_true(rule: KnownKind, kind: str, found: Body, generation: int | None) -> Health | None:
    if not found:
        return in_progress("NotObserved", f"Its controller has not reported {kind} yet")
    if stale(found, generation):
        return in_progress("LatestGenerationNotObserved", f"{kind} is about an earlier generation")
    if text(found, "status") == "True":
        return None
    reason = text(found, "reason")
    final = reason in dict(rule.final).get(kind, ())
    health = failed if final else in_progress
    return health(reason or kind, said(found, f"{kind} is not true"))
