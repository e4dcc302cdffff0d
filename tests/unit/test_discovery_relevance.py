"""Files that cannot name an image are not parsed: nothing is overlooked by that."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gitops_action.core.discovery.kinds.kustomize import Additions
from gitops_action.core.discovery.relevance import may_name_image
from gitops_action.core.discovery.scan import Scanner
from gitops_action.core.discovery.source import Source
from tests.support.plans import snapshot

KEYS = st.one_of(
    st.sampled_from(
        [
            *("image", "Image", "sidecarImage", "im-age", "i_m.a-ge", "images", "repository"),
            *("repo", "webRepo", "re.po", "tag", "Tag", "webTag", "ta_g", "version", "digest"),
            *("registry", "name", "reference", "stage", "staging", "report", "data", "settings"),
            *("spec", "template", "containers", "initContainers", "volumes", "values", "global"),
        ]
    ),
    st.text("imagerpotIMAGE-_.", min_size=1, max_size=9),
)
TEXTS = st.sampled_from(["ghcr.io/acme/web", "ghcr.io/acme/web:v1", "v1.2.3", "web", "", "1"])
VALUES = st.recursive(
    TEXTS,
    lambda inner: st.dictionaries(KEYS, inner, max_size=3) | st.lists(inner, max_size=2),
    max_leaves=8,
)
HEADS = st.sampled_from(
    [
        {},
        {"apiVersion": "v1", "kind": "Service"},
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}},
        {"apiVersion": "example.com/v1", "kind": "Worker", "metadata": {"name": "web"}},
        {"apiVersion": "v1", "kind": "List"},
        {"apiVersion": "builtin", "kind": "HelmChartInflationGenerator"},
        {"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "OCIRepository"},
    ]
)


class Everything(Scanner):
    """Parses every file."""

    def _names_none(self, path: str) -> bool:
        del path
        return False


def nothing(_folder: str, _file: str, _additions: Additions) -> None:
    return None


def found(path: str, text: str) -> tuple[object, ...]:
    """Everything that a scan of the file comes to."""
    scanner = Everything(Source(snapshot=snapshot({path: text})), nothing)
    scan = scanner.file(path)
    everything = (scan.lives, scan.files, scan.values, scan.releases, not scan.whole)
    return tuple(one for one in (*everything, scanner.lines, scanner.known, scanner.lone) if one)


@given(
    head=HEADS,
    rest=st.dictionaries(KEYS, VALUES, max_size=4),
    path=st.sampled_from(["a.yaml", "values.yaml", "values-prod.yaml", "app.json"]),
    block=st.booleans(),
)
@example(head={}, rest={"tag": "v1"}, path="a.yaml", block=True)
@example(head={}, rest={"web": {"repo": "acme/web:v1"}}, path="a.yaml", block=True)
@example(head={}, rest={"web": {"re.po": "acme/web", "version": "v1"}}, path="a.json", block=True)
@example(head={"apiVersion": "v1", "kind": "X"}, rest={"a": "b"}, path="a.yaml", block=True)
def test_what_names_no_image_holds_nothing(
    head: dict[str, object], rest: dict[str, object], path: str, *, block: bool
) -> None:
    value = {**rest, **head, "spec": rest}
    text = "".join(f"{key}: {json.dumps(one)}\n" for key, one in value.items())
    text = text if block and not path.endswith(".json") else json.dumps(value)
    if not may_name_image(path, text.encode()):
        assert found(path, text) == ()


@pytest.mark.parametrize(
    "text",
    [
        '{"\\u0069mage": "web:v1", "x": 1}',
        '"im\\\nage": web:v1\n',
        "? im\n: web:v1\n",
        "? tag # of web\n: v1\n",
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\n",
    ],
)
def test_a_key_that_is_written_apart_is_looked_at(text: str) -> None:
    assert may_name_image("a.yaml", text.encode())


def test_values_of_an_environment_lie_over_others_that_name_the_image() -> None:
    assert may_name_image("values-prod.yaml", b"web: {version: v2}\n")


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {STAGE: prod}\n",
        "apiVersion: v1\nkind: Service\nspec: {selector: {app: web}, ports: [{port: 80}]}\n",
    ],
)
def test_most_objects_are_not_parsed(text: str) -> None:
    assert not may_name_image("a.yaml", text.encode())
