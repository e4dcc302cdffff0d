"""What else differs between two environments for one application, by a table."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_action.core.manifests import Manifest, manifest_of
from gitops_action.core.promotion.differences import differences
from gitops_action.errors import Location

NAMES = ("staging", "production")
WEB = "ghcr.io/acme/web"
DIGEST = f"sha256:{'a' * 64}"


def described(kind: str, name: str = "web", **fields: Any) -> Manifest:
    version = "v1" if kind in {"ConfigMap", "Secret", "Service", "Pod"} else "apps/v1"
    body = {"apiVersion": version, "kind": kind, "metadata": {"name": name}, **fields}
    return manifest_of(body, Location(file="a.yaml"))


def container(**fields: Any) -> dict[str, Any]:
    return {"name": "main", "image": f"{WEB}:v1", **fields}


def workload(*containers: dict[str, Any], replicas: int | None = None, **spec: Any) -> Manifest:
    template = {"spec": {"containers": list(containers) or [container()], **spec}}
    fields = {"template": template} | ({} if replicas is None else {"replicas": replicas})
    return described("Deployment", spec=fields)


def config(name: str = "web", kind: str = "ConfigMap", **data: str) -> Manifest:
    return described(kind, name, data=data)


def found(before: list[Manifest], after: list[Manifest]) -> tuple[str, ...]:
    return differences("web", [WEB], (before, after), NAMES)


def env(**values: str) -> dict[str, Any]:
    return container(env=[{"name": name, "value": value} for name, value in values.items()])


TABLE: dict[str, tuple[Manifest, Manifest, tuple[str, ...]]] = {
    "the promoted version alone": (
        workload(container()),
        workload(container(image=f"{WEB}:v2@{DIGEST}")),
        (),
    ),
    "a key's value": (
        config(level="debug"),
        config(level="info"),
        ("ConfigMap web: key level differs",),
    ),
    "keys of one side": (
        config(debug="1", same="x"),
        config(cache="1", same="x"),
        (
            "ConfigMap web: key cache is only in production",
            "ConfigMap web: key debug is only in staging",
        ),
    ),
    "a secret's value": (
        described("Secret", data={"password": "aHVudGVyMg=="}, stringData={"token": "abc"}),
        described("Secret", data={"password": "czNjcjN0"}, stringData={"token": "def"}),
        ("Secret web: key password differs", "Secret web: key token differs"),
    ),
    "a generated name": (
        config("web-config-62fc8mfg7b", a="1", same="x"),
        config("web-config-9htg5d8k4t", a="2", same="x"),
        ("ConfigMap web-config: key a differs",),
    ),
    "variables": (
        workload(env(LEVEL="debug", ONLY="1", SAME="x")),
        workload(env(LEVEL="info", SAME="x")),
        ("Deployment web: env LEVEL differs", "Deployment web: env ONLY is only in staging"),
    ),
    "replicas": (
        workload(replicas=1),
        workload(replicas=3),
        ("Deployment web: replicas 1 → 3",),
    ),
    "replicas that one side leaves to an autoscaler": (
        workload(replicas=1),
        workload(),
        ("Deployment web: replicas 1 → (not set)",),
    ),
    "resources": (
        workload(container(resources={"limits": {"memory": "1Gi"}})),
        workload(container(resources={"limits": {"memory": "2Gi"}})),
        ("Deployment web: resources of main differ",),
    ),
    "another image": (
        workload(container(), {"name": "proxy", "image": "envoy:v1"}),
        workload(container(), {"name": "proxy", "image": "envoy:v2"}),
        ("Deployment web: image of proxy differs",),
    ),
    "a container of one side": (
        workload(container()),
        workload(container(), {"name": "proxy", "image": "envoy:v2"}),
        ("Deployment web: container proxy is only in production",),
    ),
    "an argument": (
        workload(container(args=["--level=debug"])),
        workload(container(args=["--level=info"])),
        ("Deployment web: differs in spec.template.spec.containers.main.args",),
    ),
    "values of a chart": (
        described(
            "HelmRelease",
            spec={"values": {"replicas": 1, "image": {"repository": WEB, "tag": "v1"}}},
        ),
        described(
            "HelmRelease",
            spec={"values": {"replicas": 3, "image": {"repository": WEB, "tag": "v2"}}},
        ),
        ("HelmRelease web: differs in spec.values.replicas",),
    ),
    "a job's pods": (
        described(
            "CronJob",
            spec={"jobTemplate": {"spec": {"template": {"spec": {"containers": [env(A="1")]}}}}},
        ),
        described(
            "CronJob",
            spec={"jobTemplate": {"spec": {"template": {"spec": {"containers": [env(A="2")]}}}}},
        ),
        ("CronJob web: env A differs",),
    ),
    "a status and a namespace": (
        described("Service", metadata={"name": "web", "namespace": "s"}, status={"a": 1}),
        described("Service", metadata={"name": "web", "namespace": "p"}, status={"a": 2}),
        (),
    ),
}


@pytest.mark.parametrize("case", TABLE)
def test_what_differs_is_named(case: str) -> None:
    before, after, lines = TABLE[case]
    assert found([before], [after]) == lines
    assert found([before], [before]) == ()


def test_a_generated_name_counts_where_it_is_used() -> None:
    def using(name: str) -> Manifest:
        reference = {"name": "A", "valueFrom": {"configMapKeyRef": {"name": name, "key": "a"}}}
        volume = {"name": "config", "configMap": {"name": name}}
        return workload(container(env=[reference]), volumes=[volume])

    before, after = "web-config-62fc8mfg7b", "web-config-9htg5d8k4t"
    sides = ([config(before, a="1"), using(before)], [config(after, a="2"), using(after)])
    assert found(*sides) == ("ConfigMap web-config: key a differs",)


def test_objects_of_one_side_and_of_others() -> None:
    before = [config(), config("other", a="1"), described("Service", "web-canary")]
    after = [config(), config("other", a="2")]
    assert found(before, after) == ("Service web-canary is only in staging",)


def test_an_object_belongs_by_its_image_and_by_its_labels() -> None:
    labels = {"name": "front", "labels": {"app.kubernetes.io/name": "web"}}
    before = [described("Service", "x", metadata=labels), workload(replicas=1)]
    after = [workload(replicas=2)]
    assert found(before, after) == (
        "Deployment web: replicas 1 → 2",
        "Service front is only in staging",
    )


def test_there_are_at_most_forty_lines() -> None:
    lines = found([config(**{f"k{n:03}": "1" for n in range(100)})], [config()])
    assert len(lines) == 41
    assert lines[-1] == "and 60 more"


@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), st.text(min_size=12), min_size=1))
def test_no_value_of_a_secret_is_ever_shown(data: dict[str, str]) -> None:
    before = described("Secret", data=data, stringData=data)
    for after in (described("Secret", data={}), described("ConfigMap", data=data)):
        shown = "\n".join((*found([before], [after]), *found([after], [before])))
        assert not any(value in shown for value in data.values())
