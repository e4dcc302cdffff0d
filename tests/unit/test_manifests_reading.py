"""Scalars, documents and objects of files, as kustomize would read them."""

import json
from typing import Any, cast

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from gitops_action.core.manifests import ManifestError, ObjectId, parse_manifests, read_manifests
from gitops_action.core.manifests.reader import MAX_DEPTH, read_documents
from gitops_action.core.manifests.scalars import read_plain
from gitops_action.errors import GitOpsErrors, Location

CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\n"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[(word, None) for word in ("", "~", "null", "Null", "NULL")],
        *[(word, True) for word in ("true", "True", "TRUE")],
        *[(word, False) for word in ("false", "False", "FALSE")],
        *[(word, word) for word in ("yes", "no", "on", "off", "y", "n", "tRue", "nil", "None")],
        *[("012", 10), ("0o14", 12), ("-012", -10), ("0777", 511), ("0b11", 3), ("-0b11", -3)],
        *[("0x1F", 31), ("0X1f", 31), ("1_000", 1000), ("1_", 1), ("+5", 5), ("00", 0)],
        *[("08", 8), ("09", 9), ("0o8", "0o8"), ("0b2", "0b2"), ("_1", "_1"), ("1,000", "1,000")],
        *[("1:30", "1:30"), ("190:20:30", "190:20:30"), ("2001-01-01", "2001-01-01")],
        *[(".5", 0.5), ("1.", 1), ("1.0", 1), ("1e3", 1000), ("-.5e3", -500), ("1.50", 1.5)],
        *[("12345678901234567890", 12345678901234567890), ("1e1000", "1e1000"), ("1e21", 1e21)],
        *[("0x1p4", "0x1p4"), ("e3", "e3"), (".", "."), ("..", ".."), ("+", "+"), ("=", "=")],
    ],
)
def test_plain_scalars(text: str, value: object) -> None:
    read = read_plain(text)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize("text", [".inf", "-.INF", ".nan", "+.Inf"])
def test_what_is_no_number_of_json_is_refused(text: str) -> None:
    with pytest.raises(ManifestError, match="not a number") as caught:
        read_documents("a.yaml", f"x:\n  - {text}\n".encode())
    assert caught.value.location == Location(file="a.yaml", line=2, column=5)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(value=st.dictionaries(st.text(), JSON, min_size=1, max_size=4))
def test_json_reads_as_json(value: dict[str, Any]) -> None:
    (document,) = read_documents("a.yaml", json.dumps(value).encode())
    assert document.value == value


SIGNS = st.characters(min_codepoint=32, max_codepoint=0x2FF, blacklist_characters="\x7f")
PRINTABLE = st.text(SIGNS)


@given(value=st.dictionaries(PRINTABLE, st.lists(PRINTABLE | st.booleans()), min_size=1))
def test_quoted_text_stays_text_whatever_it_looks_like(value: dict[str, Any]) -> None:
    data = yaml.safe_dump(value, default_style='"', allow_unicode=True)
    data = data.replace('!!bool "true"', "true").replace('!!bool "false"', "false")
    (document,) = read_documents("a.yaml", data.encode())
    assert document.value == value


@given(data=st.binary(max_size=60))
def test_any_bytes_give_objects_or_problems_with_the_file(data: bytes) -> None:
    parsed = read_manifests("a.yaml", data)
    assert all(problem.location.file == "a.yaml" for problem in parsed.problems if problem.location)
    assert all(problem.location for problem in parsed.problems)


@given(text=st.text(st.sampled_from("ab:-[]{}&*!#|>'\"\n ,?%<1"), max_size=40))
def test_any_text_of_yamls_signs_gives_objects_or_problems(text: str) -> None:
    assert read_manifests("a.yaml", text.encode()).manifests == ()


def test_anchors_aliases_and_merges() -> None:
    data = b"base: &base {a: 1, b: 2}\nover: {<<: *base, b: 3}\nmore: {<<: [*base, {c: 4}]}\n"
    (document,) = read_documents("a.yaml", data)
    assert document.value == {
        "base": {"a": 1, "b": 2},
        "over": {"a": 1, "b": 3},
        "more": {"a": 1, "b": 2, "c": 4},
    }


def laughs(times: int) -> bytes:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, times)]
    return "\n".join(lines).encode()


@pytest.mark.parametrize(
    ("data", "title", "line"),
    [
        (b"a: [1\nb: {", "not valid YAML", 2),
        (b"a: 1\nb: 2\na: 3\n", "'a' is there twice", 3),
        (b"a: 1\n2: x\n", "key 2 is not text", 2),
        (b"a: 1\ntrue: x\n", "key true is not text", 2),
        (b"a: 1\n? [x]\n: y\n", "is not text", 2),
        (b"a: {<<: 1}\n", "`<<` takes in", 1),
        (b"a: !!binary //79\n", "decode", 1),
        (b"a\x00b", "not valid YAML", None),
        (b"\xff\xfe\xfd", "not valid YAML", None),
        (b"[" * 100_000, "nested deeper", None),
        (b"- " * 100_000, "nested deeper", None),
        (b"? " * 100_000, "nested deeper", None),
        (b"a: &a [*a]", "stands inside", None),
        (laughs(20), "blow", None),
    ],
)
def test_what_no_reader_can_use_is_an_error_with_its_place(
    data: bytes, title: str, line: int | None
) -> None:
    with pytest.raises(ManifestError, match=title) as caught:
        read_documents("a/b.yaml", data)
    assert caught.value.location is not None
    assert caught.value.location.file == "a/b.yaml"
    assert caught.value.location.line == line


def test_the_deepest_that_is_read() -> None:
    fine = b"a: " + b"[" * (MAX_DEPTH - 2) + b"]" * (MAX_DEPTH - 2)
    assert read_documents("a.yaml", fine)
    text = b"a: '" + b"[" * 10_000 + b"'\n"
    assert read_documents("a.yaml", text)[0].value == {"a": "[" * 10_000}


def test_every_document_and_every_item_of_lists_is_an_object_with_its_line() -> None:
    data = (
        "# leading words\n---\n"
        + CONFIG_MAP % "one"
        + "---\n# nothing here\n---\napiVersion: v1\nkind: List\nitems:\n"
        + "  - {apiVersion: v1, kind: Secret, metadata: {name: two, namespace: web}}\n"
        + "  - apiVersion: v1\n    kind: ConfigMapList\n    items:\n"
        + "      - {apiVersion: v1, kind: ConfigMap, metadata: {name: three}}\n"
    )
    found = parse_manifests("a.yaml", data.encode())
    assert [(str(item.id), item.origin and item.origin.line) for item in found] == [
        ("ConfigMap one", 3),
        ("Secret web/two", 12),
        ("ConfigMap three", 13),
    ]


def test_lists_that_hold_nothing() -> None:
    assert parse_manifests("a.yaml", b"apiVersion: v1\nkind: List\nitems: []\n") == ()
    assert parse_manifests("a.yaml", b"apiVersion: v1\nkind: List\n") == ()


def test_a_kind_that_only_ends_like_a_list_is_an_object() -> None:
    data = b"apiVersion: a.example/v1\nkind: AllowList\nmetadata: {name: x}\nspec: {items: []}\n"
    (found,) = parse_manifests("a.yaml", data)
    assert found.id == ObjectId(group="a.example", kind="AllowList", namespace="", name="x")
    assert found.api_version == "a.example/v1"


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("- a\n", "a list, not a Kubernetes object"),
        ("just words\n", "text, not a Kubernetes object"),
        ("kind: A\nmetadata: {name: a}\n", "no apiVersion"),
        ("apiVersion: v1\nmetadata: {name: a}\n", "no kind"),
        ("apiVersion: 1\nkind: A\nmetadata: {name: a}\n", "apiVersion is a number"),
        ("apiVersion: v1\nkind: A\n", "no metadata.name"),
        ("apiVersion: v1\nkind: A\nmetadata: words\n", "no metadata.name"),
        ("apiVersion: v1\nkind: A\nmetadata: {name: 1}\n", "a name that is a number"),
        ("apiVersion: v1\nkind: A\nmetadata: {generateName: a-}\n", "generateName"),
    ],
)
def test_what_is_no_object_is_told_beside_those_that_are(text: str, title: str) -> None:
    parsed = read_manifests("a.yaml", f"{CONFIG_MAP % 'fine'}---\n{text}".encode())
    assert [item.id.name for item in parsed.manifests] == ["fine"]
    (problem,) = parsed.problems
    assert title in problem.title
    assert problem.location == Location(file="a.yaml", line=5)
    assert problem.fix


@pytest.mark.parametrize(
    ("hook", "name"),
    [
        ("argocd.argoproj.io/hook: PreSync", "migrate-presync"),
        ("helm.sh/hook: 'post-install, post-upgrade'", "migrate-post-install"),
        ("gitops-action/hook: pre", "migrate-pre"),
    ],
)
def test_a_hook_with_a_generated_name_has_one_name(hook: str, name: str) -> None:
    metadata = f"{{generateName: migrate-, annotations: {{{hook}}}}}"
    text = f"apiVersion: batch/v1\nkind: Job\nmetadata: {metadata}\n"
    (found,) = parse_manifests("a.yaml", text.encode())
    assert found.id.name == name
    described = found.body["metadata"]
    assert isinstance(described, dict)
    assert (described["name"], "generateName" in described) == (name, False)


@pytest.mark.parametrize("text", ["web\n::error::x", "w\x1b[31m", "w\u202eb", "web\u2028", "w\0"])
@pytest.mark.parametrize("field", ["apiVersion", "kind", "name", "namespace"])
def test_names_that_would_forge_a_line_are_refused(field: str, text: str) -> None:
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "b"}}
    (body if field in body else cast("dict[str, str]", body["metadata"]))[field] = text
    parsed = read_manifests("web.yaml", json.dumps(body).encode())
    assert parsed.manifests == ()
    (problem,) = parsed.problems
    assert problem.title == f"{field} {text!a} has a character that cannot be printed"
    assert problem.title.isprintable()
    assert str(problem.location) == "web.yaml:1"


def test_several_mistakes_are_raised_together() -> None:
    with pytest.raises(GitOpsErrors) as caught:
        parse_manifests("a.yaml", b"kind: A\n---\nkind: B\n")
    assert len(caught.value.errors) == 2


def test_what_sops_and_flux_leave_in_a_file_stays_as_it_is() -> None:
    data = (
        "apiVersion: v1\nkind: Secret\nmetadata: {name: '${app}'}\n"
        "stringData: {a: 'ENC[AES256_GCM,data:x]', b: '${value:=1}'}\nsops: {mac: m}\n"
    )
    (found,) = parse_manifests("a.yaml", data.encode())
    assert found.id.name == "${app}"
    assert found.body["stringData"] == {"a": "ENC[AES256_GCM,data:x]", "b": "${value:=1}"}
    assert found.body["sops"] == {"mac": "m"}


def test_a_definition_and_an_object_of_it() -> None:
    data = (
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
        "metadata: {name: toys.acme.dev}\n---\n"
        "apiVersion: acme.dev/v1\nkind: Toy\nmetadata: {name: ball}\n"
    )
    assert [item.id.kind for item in parse_manifests("a.yaml", data.encode())] == [
        "CustomResourceDefinition",
        "Toy",
    ]
