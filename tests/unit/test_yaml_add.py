from __future__ import annotations

import pytest

from gitops_action.core.yaml.edit import apply
from gitops_action.core.yaml.path import EditRefusedError, PathNotFoundError, YamlPath, parse_path
from gitops_action.core.yaml.proof import AddListItem


def added(text: str, path: str = "", key: str = "images", name: str = "f.yaml") -> str:
    where = parse_path(path) if path else YamlPath()
    edit = AddListItem(path=where, key=key, item=(("name", "nginx"), ("newTag", "1.20")))
    data = apply(name, text.encode(), [edit])
    assert apply(name, data, [edit]) == data
    return data.decode()


ITEM = '- name: nginx\n  newTag: "1.20"\n'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("resources:\n- a\n", f"resources:\n- a\nimages:\n{ITEM}"),
        ("kind: X\n# end\n", f"kind: X\nimages:\n{ITEM}# end\n"),
        ("r:\n  - a # c\n", 'r:\n  - a # c\nimages:\n  - name: nginx\n    newTag: "1.20"\n'),
        ("r:\n- a", 'r:\n- a\nimages:\n- name: nginx\n  newTag: "1.20"'),
        ("r:\r\n-   x: y\r\n    z: 1\r\n",
         'r:\r\n-   x: y\r\n    z: 1\r\nimages:\r\n-   name: nginx\r\n    newTag: "1.20"\r\n'),
        ("images:\nb: 1\n", f"images:\n{ITEM}b: 1\n"),
        ("images: # c\nb: 1\n", f"images: # c\n{ITEM}b: 1\n"),
        ("images:\n- name: a\n  newTag: b # c\n  # of a\n\n# next\nb: []\n",
         f"images:\n- name: a\n  newTag: b # c\n  # of a\n{ITEM}\n# next\nb: []\n"),
        ("images: []\n", 'images: [{name: nginx, newTag: "1.20"}]\n'),
        ("images: [{name: a}]\n", 'images: [{name: a}, {name: nginx, newTag: "1.20"}]\n'),
        ("images: [{ name: a },]\n", 'images: [{ name: a }, { name: nginx, newTag: "1.20" }]\n'),
        ("{a: b}\n", '{a: b, images: [{name: nginx, newTag: "1.20"}]}\n'),
        ("a: 1\n...\n", f"a: 1\nimages:\n{ITEM}...\n"),
        ("a: 1\n---\nb: 2\n", f"a: 1\nimages:\n{ITEM}---\nb: 2\n"),
        ("a: |\n  x\nb: >-\n  y\n", f"a: |\n  x\nb: >-\n  y\nimages:\n{ITEM}"),
        ("images: [{name: nginx, newTag: '1.20', x: y}]\n", None),
    ],
)  # fmt: skip
def test_an_item_looks_like_its_file(before: str, after: str | None) -> None:
    assert added(before) == (before if after is None else after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("{}", '{"images": [{"name": "nginx", "newTag": "1.20"}]}'),
        ('{"a":1}', '{"a":1,"images":[{"name":"nginx","newTag":"1.20"}]}'),
        ('{"a": 1}\n', '{"a": 1, "images": [{"name": "nginx", "newTag": "1.20"}]}\n'),
        ('{\n\t"a": 1\n}\n',
         ('{\n\t"a": 1,\n\t"images": [\n\t\t{\n\t\t\t"name": "nginx",\n'
          '\t\t\t"newTag": "1.20"\n\t\t}\n\t]\n}\n')),
        ('{\n  "images": [\n    {"name": "a"}\n  ]\n}\n',
         '{\n  "images": [\n    {"name": "a"},\n    {"name": "nginx", "newTag": "1.20"}\n  ]\n}\n'),
        ('{\n  "images": [\n    {\n      "name": "a"\n    }\n  ]\n}\n',
         ('{\n  "images": [\n    {\n      "name": "a"\n    },\n'
          '    {\n      "name": "nginx",\n      "newTag": "1.20"\n    }\n  ]\n}\n')),
        ('{"images":[{"name":"a"}]}',
         '{"images":[{"name":"a"},{"name":"nginx","newTag":"1.20"}]}'),
    ],
)  # fmt: skip
def test_json_stays_in_its_layout(before: str, after: str) -> None:
    assert added(before, name="f.json") == after


def test_inside_a_mapping_of_another_document() -> None:
    text = "a: 1\n---\nspec:\n  kustomize:\n    x: y\n  z: 1\n"
    after = added(text, "[[1]]spec.kustomize")
    assert after == text.replace(
        "    x: y\n", '    x: y\n    images:\n    - name: nginx\n      newTag: "1.20"\n'
    )


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("images: x\n", ""),
        ("images: {a: b}\n", ""),
        ("x: &x [a]\nimages: *x\n", ""),
        ("x: &x {images: [a]}\ny:\n  <<: *x\n  z: 1\n", "y"),
        ("x: &x {a: 1}\ny: *x\n", "y"),
        ("x: &x {a: 1}\ny: *x\n", "x"),
        ("images: &x\n- a: b\n", ""),
        ("a: |\n  x", ""),
    ],
)
def test_what_cannot_be_added_without_guessing_is_refused(text: str, path: str) -> None:
    with pytest.raises(EditRefusedError, match="no item can be added") as error:
        added(text, path)
    assert error.value.location is not None


@pytest.mark.parametrize(("text", "path"), [("a: b\n", "a"), ("a: b\n", "c"), ("", "a")])
def test_the_mapping_has_to_be_there(text: str, path: str) -> None:
    with pytest.raises(PathNotFoundError):
        added(text, path)
