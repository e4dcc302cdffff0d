"""Large files are read document by document: the same documents, at the same places."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_action.core.discovery.relevance import signs_of
from gitops_action.core.discovery.source import Source, split_documents
from tests.support.plans import after, plan, snapshot, workload

WEB = "ghcr.io/acme/web"
PIECES = st.sampled_from(
    [
        "a: 1\n",
        "# a comment\n",
        "\n",
        "--- # text\nb: [1, 2]\n",
        "---\n",
        "---\ntext: |\n  --- not a mark\n  web\n",
        "---\r\nc: web\r\n",
        '---\n"d": "x --- y"\n',
        "---\n- web\n- ghcr.io/acme/web:v1\n",
    ]
)


@given(pieces=st.lists(PIECES, max_size=6))
def test_documents_of_a_large_file_are_those_of_the_whole(pieces: list[str]) -> None:
    padding = "---\n" + "".join(f"# {'x' * 80}\n" for _ in range(300)) + "pad: 1\n"
    files = {"all.yaml": "".join(pieces) + padding}
    source = Source(snapshot=snapshot(files), signs=signs_of([WEB]))
    whole = source.documents("all.yaml", whole=True)
    if source.errors:
        return
    partly = source.documents("all.yaml")
    places = {(cursor.document, cursor.line) for cursor in whole}
    assert {(cursor.document, cursor.line) for cursor in partly} <= places
    named = {cursor.document for cursor in whole if "web" in str(list(_texts(cursor)))}
    assert named <= {cursor.document for cursor in partly}


def _texts(cursor: object) -> list[str]:
    return [here.text or "" for here in cursor.walk()]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "data", [b"%YAML 1.2\n---\na: 1\n", b"a: 1\n...\n---\nb: 2\n", b"a: 1\rb: 2"]
)
def test_what_only_a_parser_can_split_is_left_to_it(data: bytes) -> None:
    assert split_documents(data) is None


def test_an_image_deep_in_a_large_file_is_edited_in_its_document() -> None:
    other = "---\n".join(workload(f"redis:{number}", name=f"r{number}") for number in range(150))
    content = f"# head\n---\n{other}---\n{workload(f'{WEB}:v1')}---\n{workload('nginx:1')}"
    planned = plan({"all.yaml": content}, f"{WEB}:v2")
    assert after({"all.yaml": content}, planned)["all.yaml"] == content.replace(":v1", ":v2")
    assert planned.lines[0].line == content[: content.index(WEB)].count("\n") + 1


@pytest.mark.parametrize(
    ("data", "read"),
    [
        (b"metadata: {annotations: {argocd.argoproj.io/sync-wave: '1'}}\n", False),
        (b"metadata: {labels: {kustomize.toolkit.fluxcd.io/name: x}}\n", False),
        (b"apiVersion: argoproj.io/v1alpha1\nkind: Application\n", True),
        (b'{"apiVersion": "helm.toolkit.fluxcd.io/v2"}', True),
        (b"image: ghcr.io/acme/web:v1\n", True),
        (b"image: ghcr.io/acme/web-proxy:v1\nkind: webhook\n", False),
        (b'image: "ghcr.io/acme/w\\u0065b:v1"\n', True),
    ],
)
def test_what_makes_a_document_worth_reading(data: bytes, read: bool) -> None:
    assert signs_of([WEB]).in_data(data) is read
