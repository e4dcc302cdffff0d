"""The client against a real API server: what it reads, writes, and is refused."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator

import pytest

from gitops_action.adapters.cluster import ClusterClient, access_of, connect
from gitops_action.adapters.cluster.client import discover
from gitops_action.adapters.cluster.requests import Caller
from gitops_action.adapters.cluster.transport import ClusterTransport
from gitops_action.adapters.retry import RetryPolicy
from gitops_action.core.cluster import ApplyOptions, Given
from gitops_action.core.cluster import errors as refused
from gitops_action.core.cluster.model import LiveObject
from gitops_action.core.manifests.fields import items, mapping, text
from testbed.cluster import ControlPlane
from testbed.cluster.api import Json
from testbed.cluster.webhook import Webhook, serve_webhook
from tests.support.flux import until

OPTIONS = ApplyOptions(manager="gitops-action:test")


@pytest.fixture
def cluster(control_plane: ControlPlane) -> Iterator[ClusterClient]:
    client = connect(access_of(Given(kubeconfig=control_plane.kubeconfig)))
    yield client
    client.close()


def config_map(namespace: str, name: str = "settings", **data: str) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"namespace": namespace, "name": name},
        "data": data,
    }


def test_kinds_are_the_same_by_both_forms_of_discovery(
    control_plane: ControlPlane, cluster: ClusterClient
) -> None:
    access = access_of(Given(kubeconfig=control_plane.kubeconfig))
    older = discover(Caller(ClusterTransport(access), "older", RetryPolicy()), aggregated=False)
    found = cluster.resources()
    deployments = found.preferred("apps", "Deployment")
    assert deployments is not None
    assert deployments == older.preferred("apps", "Deployment")
    assert deployments.namespaced
    assert "patch" in deployments.verbs
    assert {(one.api_version, one.kind, one.plural) for one in found} == {
        (one.api_version, one.kind, one.plural) for one in older
    }
    assert cluster.version() == "v1.36.3"


def test_a_kind_is_known_as_soon_as_its_definition_is_established(
    cluster: ClusterClient, namespace: str
) -> None:
    cluster.resources()
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "things.client.example.org"},
        "spec": {
            "group": "client.example.org",
            "names": {"kind": "Thing", "plural": "things"},
            "scope": "Namespaced",
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {
                        "openAPIV3Schema": {
                            "type": "object",
                            "properties": {"spec": {"type": "object"}},
                        }
                    },
                }
            ],
        },
    }
    thing = {
        "apiVersion": "client.example.org/v1",
        "kind": "Thing",
        "metadata": {"namespace": namespace, "name": "one"},
    }
    with pytest.raises(refused.NotFoundError) as error:
        cluster.apply(thing, OPTIONS)
    assert error.value.missing == "kind"
    made = cluster.apply(definition, OPTIONS)
    definitions = cluster.resource("apiextensions.k8s.io/v1", "CustomResourceDefinition")
    for event in cluster.watch(definitions, name="things.client.example.org", seconds=20):
        if _established(event.body):
            break
    _until_served(cluster, thing)
    live = cluster.apply(thing, OPTIONS)
    assert text(live, "metadata", "uid")
    cluster.delete(
        definitions,
        namespace="",
        name="things.client.example.org",
        uid=text(made, "metadata", "uid"),
    )


def _established(body: LiveObject) -> bool:
    conditions = items(body, "status", "conditions")
    return any((one["type"], one["status"]) == ("Established", "True") for one in conditions)


def _until_served(cluster: ClusterClient, thing: Json) -> None:
    for _ in range(100):
        try:
            cluster.resource(thing["apiVersion"], thing["kind"])
        except refused.NotFoundError:
            continue
        return
    pytest.fail("the kind is never served")


def test_apply_creates_changes_and_a_dry_run_writes_nothing(
    cluster: ClusterClient, namespace: str
) -> None:
    kind = cluster.resource("v1", "ConfigMap")
    simulated = cluster.apply(
        config_map(namespace, color="blue"), ApplyOptions(manager="m", dry_run=True)
    )
    assert mapping(simulated, "data") == {"color": "blue"}
    with pytest.raises(refused.NotFoundError):
        cluster.get(kind, namespace=namespace, name="settings")
    first = cluster.apply(config_map(namespace, color="blue"), OPTIONS)
    again = cluster.apply(config_map(namespace, color="blue"), OPTIONS)
    changed = cluster.apply(config_map(namespace, color="red"), OPTIONS)
    versions = [text(one, "metadata", "resourceVersion") for one in (first, again, changed)]
    assert versions[0] == versions[1] != versions[2]


def test_a_list_goes_over_pages_and_can_be_of_metadata_alone(
    cluster: ClusterClient, namespace: str
) -> None:
    bodies = [config_map(namespace, f"c{number}", n=str(number)) for number in range(620)]
    for body in bodies[:3]:
        body["metadata"]["labels"] = {"chosen": "yes"}
    applied = list(cluster.apply_all(bodies, OPTIONS))
    assert [one.error for one in applied if one.error] == []
    kind = cluster.resource("v1", "ConfigMap")
    everything = cluster.list(kind, namespace=namespace)
    assert len([one for one in everything.items if text(one, "metadata", "name")[0] == "c"]) == 620
    assert {text(one, "kind") for one in everything.items} == {"ConfigMap"}
    chosen = cluster.list(kind, namespace=namespace, labels="chosen=yes", metadata=True)
    assert {text(one, "metadata", "name") for one in chosen.items} == {"c0", "c1", "c2"}
    assert not any("data" in one for one in chosen.items)


def test_an_object_without_namespace_goes_where_the_context_says(
    control_plane: ControlPlane, namespace: str
) -> None:
    rules = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["patch", "create"]}]
    account = control_plane.account(namespace, "deployer", rules)
    client = connect(access_of(Given(kubeconfig=account.kubeconfig)))
    body = config_map(namespace, color="blue")
    del body["metadata"]["namespace"]
    assert text(client.apply(body, OPTIONS), "metadata", "namespace") == namespace


def test_another_manager_s_field_is_a_conflict_that_names_both(
    control_plane: ControlPlane, cluster: ClusterClient, namespace: str
) -> None:
    theirs = json.dumps(config_map(namespace, color="green"))
    control_plane.kubectl(
        "apply", "--server-side", "--field-manager=someone", "-f", "-", stdin=theirs
    )
    with pytest.raises(refused.FieldConflictError) as error:
        cluster.apply(config_map(namespace, color="blue"), OPTIONS)
    assert [(one.field, one.manager) for one in error.value.owners] == [(".data.color", "someone")]
    assert "someone" in str(error.value)
    taken = cluster.apply(
        config_map(namespace, color="blue"), ApplyOptions(manager="m", force=True)
    )
    assert mapping(taken, "data") == {"color": "blue"}


@pytest.mark.parametrize(
    ("change", "kind", "field"),
    [
        ({"dta": {"a": "b"}}, refused.InvalidError, ".dta"),
        ({"data": {"a b": "c"}}, refused.InvalidError, "data[a b]"),
        ({"data": {"a": "x" * 1_100_000}}, refused.TooLargeError, ""),
        ({"data": {"a": "x" * 4_000_000}}, refused.TooLargeError, ""),
    ],
)
def test_what_the_kind_refuses_is_told_by_its_field(
    cluster: ClusterClient,
    namespace: str,
    change: Json,
    kind: type[refused.ClusterError],
    field: str,
) -> None:
    with pytest.raises(kind) as error:
        cluster.apply({**config_map(namespace), **change}, OPTIONS)
    if isinstance(error.value, refused.InvalidError):
        assert [one.field for one in error.value.problems] == [field]
        assert field in str(error.value)


def test_what_cannot_change_is_immutable(cluster: ClusterClient, namespace: str) -> None:
    def deployment(label: str) -> Json:
        return {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"namespace": namespace, "name": "web"},
            "spec": {
                "replicas": 0,
                "selector": {"matchLabels": {"app": label}},
                "template": {
                    "metadata": {"labels": {"app": label}},
                    "spec": {"containers": [{"name": "web", "image": "web:1"}]},
                },
            },
        }

    cluster.apply(deployment("one"), OPTIONS)
    with pytest.raises(refused.ImmutableError) as error:
        cluster.apply(deployment("two"), OPTIONS)
    assert "spec.selector" in str(error.value)
    fixed = {**config_map(namespace, color="blue"), "immutable": True}
    cluster.apply(fixed, OPTIONS)
    with pytest.raises(refused.ImmutableError):
        cluster.apply({**fixed, "data": {"color": "red"}}, OPTIONS)
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"namespace": namespace, "name": "disk"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }
    cluster.apply(claim, OPTIONS)
    claim["spec"]["accessModes"] = ["ReadWriteMany"]
    with pytest.raises(refused.ImmutableError):
        cluster.apply(claim, OPTIONS)


def test_delete_hits_only_the_very_object(cluster: ClusterClient, namespace: str) -> None:
    kind = cluster.resource("v1", "ConfigMap")
    live = cluster.apply(config_map(namespace), OPTIONS)
    uid = text(live, "metadata", "uid")
    where = {"namespace": namespace, "name": "settings"}
    with pytest.raises(refused.AlreadyGoneError):
        cluster.delete(kind, **where, uid="00000000-0000-0000-0000-000000000000")
    cluster.delete(kind, **where, uid=uid, dry_run=True)
    assert text(cluster.get(kind, **where), "metadata", "uid") == uid
    cluster.delete(kind, **where, uid=uid)
    with pytest.raises(refused.AlreadyGoneError):
        cluster.delete(kind, **where, uid=uid)


def test_annotations_are_set_and_removed(cluster: ClusterClient, namespace: str) -> None:
    kind = cluster.resource("v1", "ConfigMap")
    cluster.apply(config_map(namespace), OPTIONS)
    where = {"namespace": namespace, "name": "settings"}
    live = cluster.annotate(kind, **where, annotations={"a": "1", "b": "2"})
    assert mapping(live, "metadata", "annotations") == {"a": "1", "b": "2"}
    live = cluster.annotate(kind, **where, annotations={"a": None})
    assert mapping(live, "metadata", "annotations") == {"b": "2"}


def test_a_missing_namespace_is_told_from_a_missing_object(cluster: ClusterClient) -> None:
    with pytest.raises(refused.NotFoundError) as error:
        cluster.apply(config_map("nowhere"), OPTIONS)
    assert error.value.missing == "namespace"


def test_a_namespace_that_goes_takes_nothing_new(
    control_plane: ControlPlane, cluster: ClusterClient, namespace: str
) -> None:
    control_plane.api.merge(
        f"/api/v1/namespaces/{namespace}", {"metadata": {"finalizers": ["test.bed/hold"]}}
    )
    control_plane.api.delete(f"/api/v1/namespaces/{namespace}")
    with pytest.raises(refused.TerminatingError):
        cluster.apply(config_map(namespace), OPTIONS)
    control_plane.api.merge(f"/api/v1/namespaces/{namespace}", {"metadata": {"finalizers": None}})


def test_a_quota_that_is_used_up_is_named(cluster: ClusterClient, namespace: str) -> None:
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"namespace": namespace, "name": "small"},
        "spec": {"hard": {"count/configmaps": "0"}},
    }
    cluster.apply(quota, OPTIONS)
    numbers = itertools.count()

    def refusal() -> refused.QuotaExceededError | None:
        try:
            cluster.apply(config_map(namespace, f"settings-{next(numbers)}"), OPTIONS)
        except refused.QuotaExceededError as error:
            return error
        return None

    # Admission learns of a new quota by a watch of its own, so the first objects may slip through.
    until(refusal, what="the quota refuses")
    error = refusal()
    assert error is not None
    assert "small" in str(error)


def test_a_webhook_s_refusal_has_its_name_and_words(
    control_plane: ControlPlane, cluster: ClusterClient, namespace: str
) -> None:
    webhook = Webhook(name="friday.test.bed", reject="no deployments on Fridays")
    with serve_webhook(control_plane, namespace, webhook, timeout=1):
        with pytest.raises(refused.RejectedError) as error:
            cluster.apply(config_map(namespace), OPTIONS)
        assert error.value.by == "friday.test.bed"
        assert "no deployments on Fridays" in str(error.value)
        webhook.reject, webhook.delay = "", 3
        with pytest.raises(refused.WebhookUnavailableError) as away:
            cluster.apply(config_map(namespace), OPTIONS)
        assert away.value.webhook == "friday.test.bed"
