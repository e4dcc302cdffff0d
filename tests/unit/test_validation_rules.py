"""Slips of the pen, lists with keys, and variables that are unknown rather than wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_action.adapters.schemas import OfflineSchemas
from gitops_action.adapters.schemas.checker import Checker
from gitops_action.adapters.schemas.kubernetes import ADDRESS, kubernetes_schemas
from gitops_action.core.manifests import Manifest, parse_manifests
from gitops_action.core.manifests.fields import mapping
from gitops_action.core.validation.namespaces import slip_of, unknown_namespaces
from gitops_action.core.validation.objects import check_objects
from gitops_action.core.validation.structural import Resolve, duplicate_items


def objects(text: str) -> tuple[Manifest, ...]:
    return parse_manifests("a.yaml", text.encode())


def pod(**container: object) -> Manifest:
    body = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web", "namespace": "web"},
        "spec": {"containers": [{"name": "web", "image": "web:v1", **container}]},
    }
    return objects(json.dumps(body))[0]


def errors(manifest: Manifest) -> list[str]:
    return [error.title for error in OfflineSchemas("1.36").check([manifest])]


TWICE = [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]


@pytest.mark.parametrize(
    ("container", "said"),
    [
        ({"env": TWICE}, "spec.containers[0].env has two items with name A"),
        (
            {"volumeMounts": [{"name": "a", "mountPath": "/x"}, {"name": "b", "mountPath": "/x"}]},
            "spec.containers[0].volumeMounts has two items with mountPath /x",
        ),
        (
            {"ports": [{"containerPort": 80}, {"containerPort": 80, "protocol": "TCP"}]},
            "spec.containers[0].ports has two items with containerPort 80 and protocol TCP",
        ),
    ],
)
def test_server_side_apply_refuses_two_items_of_one_key(
    container: dict[str, object], said: str
) -> None:
    assert errors(pod(**container)) == [said]


@pytest.mark.parametrize(
    "container",
    [
        {"env": [{"name": "A"}, {"name": "B"}]},
        {"ports": [{"containerPort": 80}, {"containerPort": 80, "protocol": "UDP"}]},
        {"args": ["a", "a"]},
    ],
)
def test_items_of_other_keys_and_plain_lists_are_fine(container: dict[str, object]) -> None:
    assert errors(pod(**container)) == []


def list_maps() -> Iterator[tuple[str, str, Mapping[str, object]]]:
    """Every list of type map or set of the built-in kinds: its owner, its field, its schema."""
    for name, schema in kubernetes_schemas("1.36").library.documents[ADDRESS]["$defs"].items():
        for field, inner in schema.get("properties", {}).items():
            if inner.get("x-kubernetes-list-type") in {"map", "set"}:
                yield name, field, inner


def item_of(schema: Mapping[str, Any], resolve: Resolve) -> object:
    """An item that has its keys and nothing else; of a set a text."""
    keys = schema.get("x-kubernetes-list-map-keys")
    if keys is None:
        return "a"
    reference = schema["items"].get("$ref")
    fields = mapping(resolve(reference) if reference else schema["items"], "properties")
    return {key: 1 if "integer" in str(fields[key]) else "a" for key in keys}


def test_every_list_of_the_built_in_kinds_that_is_merged_by_key_is_held_to_it() -> None:
    checker = Checker({}, kubernetes_schemas("1.36").library)
    missed, seen = [], set()
    for owner, field, schema in list_maps():
        item = item_of(schema, checker.definition)
        reference = {"$ref": f"{ADDRESS}#/$defs/{owner}"}
        (*found,) = duplicate_items({field: [item, item]}, reference, checker.definition)
        seen.add(field)
        if [(one.steps, one.index) for one in found] != [((field,), 1)]:
            missed.append((owner, field))
    assert missed == []
    lists = {"env", "ports", "volumes", "volumeMounts", "volumeDevices", "initContainers"}
    assert lists | {"containers", "hostAliases", "imagePullSecrets", "finalizers"} <= seen


DEFINITION = """apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Thing, plural: things}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              properties:
                tags: {type: array, x-kubernetes-list-type: set, items: {type: string}}
                parts:
                  type: array
                  x-kubernetes-list-type: map
                  x-kubernetes-list-map-keys: [id, zone]
                  items:
                    type: object
                    required: [id]
                    properties: {id: {type: string}, zone: {type: string, default: eu}}
"""


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("tags: [a, b, a]", ["spec.tags has two items with a"]),
        ("tags: [a, b]", []),
        ("parts: [{id: a}, {id: a, zone: eu}]", ["spec.parts has two items with id a and zone eu"]),
        ("parts: [{id: a}, {id: a, zone: us}]", []),
    ],
)
def test_custom_kinds_by_the_markers_of_their_definition(spec: str, said: list[str]) -> None:
    thing = f"apiVersion: example.com/v1\nkind: Thing\nmetadata: {{name: a}}\nspec: {{{spec}}}\n"
    schemas = OfflineSchemas("1.36", crds=objects(DEFINITION))
    assert [error.title for error in schemas.check(objects(thing))] == said


@pytest.mark.parametrize(
    ("name", "known", "meant"),
    [
        ("paymnts", ["payments"], "payments"),
        ("paymentss", ["payments"], "payments"),
        ("paymetns", ["payments"], "payments"),
        ("monitorign-eu", ["monitoring-eu"], "monitoring-eu"),
        ("web", ["dev"], None),
        ("flux-system", ["kube-system"], None),
        ("team-one", ["team-two"], None),
        ("shop1", ["shop2"], None),
        ("staging", ["production"], None),
    ],
)
def test_a_slip_is_one_or_two_letters(name: str, known: list[str], meant: str | None) -> None:
    assert slip_of(name, known) == meant


@given(st.text(alphabet="abc-", min_size=1, max_size=12), st.text(alphabet="abc-", max_size=12))
def test_what_is_near_is_near_from_both_sides_where_lengths_are_alike(one: str, two: str) -> None:
    if len(one) == len(two):
        assert (slip_of(one, [two]) is None) == (slip_of(two, [one]) is None)


CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: %s}\n"
OWN = "apiVersion: v1\nkind: Namespace\nmetadata: {name: %s}\n"


def said_of(namespace: str, own: str) -> list[tuple[str, str]]:
    found = unknown_namespaces(objects(f"{CONFIG_MAP % namespace}---\n{OWN % own}"), ())
    return [(problem.level, problem.fix) for problem in found]


def test_a_misspelt_namespace_is_a_warning_with_the_right_name() -> None:
    assert said_of("paymnts", "payments") == [("warning", "did you mean 'payments'?")]


@pytest.mark.parametrize(
    "name", ["flux-system", "istio-system", "argocd", "openshift-operators", "'${NAMESPACE}'"]
)
def test_well_known_and_unknown_namespaces_are_left_alone(name: str) -> None:
    assert said_of(name, "kube-system") == []


VARIABLES = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${APP}
  namespace: ${NAMESPACE:=web}
  labels: {app: '${APP}'}
spec:
  selector: {matchLabels: {app: '${APP}'}}
  template:
    metadata: {labels: {app: '${OTHER}'}}
    spec: {containers: [{name: '${APP}', image: 'web:${TAG}'}]}
"""


def test_variables_in_names_are_unknown_not_invalid() -> None:
    assert check_objects(objects(f"{VARIABLES}---\n{VARIABLES}")) == ()


def test_files_may_be_alternatives_where_no_configuration_says_what_is_deployed() -> None:
    found = objects(f"{CONFIG_MAP % 'web'}---\n{CONFIG_MAP % 'web'}")
    assert [item.level for item in check_objects(found)] == ["error"]
    assert [item.level for item in check_objects(found, declared=False)] == ["warning"]


def test_a_template_in_names_and_labels_is_unknown_rather_than_wrong() -> None:
    text = """apiVersion: v1
kind: Pod
metadata:
  name: 'tablet-{{uid}}'
  namespace: '{{ .Values.namespace }}'
  labels: {shard: '{{shard}}'}
spec: {containers: [{name: web, image: web}]}
"""
    assert list(check_objects(objects(text), "prod")) == []
    wrong = text.replace("tablet-{{uid}}", "Tablet")
    assert len(list(check_objects(objects(wrong), "prod"))) == 1
