from __future__ import annotations

import time

import pytest

from gitops_action.core.yaml.encoding import MAX_BYTES
from gitops_action.core.yaml.find import find
from gitops_action.core.yaml.nodes import MappingNode
from gitops_action.core.yaml.parse import is_sops, looks_templated, parse, scalars
from gitops_action.core.yaml.path import YamlSyntaxError, parse_path

STYLES = """%YAML 1.1
---
a: &x v1 # hello
b: *x
"q": 'it''s' \t# tab
c:\tplain\ttext\t# t
d: |  # marker
  one
  two # no comment

e: {a: "x\\ud83d\\ude00", b: , c}
n: !!str 1.20
o:
- name: web
  tag:   # empty
f: multi
  line
  plain # c
😀: 😀 # 😀
...
# after
"""
EXPECTED = {
    "a": ("v1", "v1", 3, 7, "hello"),
    "q": ("it's", "'it''s'", 5, 6, "tab"),
    "c": ("plain\ttext", "plain\ttext", 6, 4, "t"),
    "e.a": ("x😀", '"x\\ud83d\\ude00"', 11, 8, ""),
    "e.b": ("", "", 11, 27, ""),
    "e.c": ("", "", 11, 31, ""),
    "n": ("1.20", "1.20", 12, 10, ""),
    "o[0].name": ("web", "web", 14, 9, ""),
    "o[0].tag": ("", "", 15, 7, "empty"),
    "😀": ("😀", "😀", 19, 4, "😀"),
}


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (b"", "utf-8"),
        (b"\xef\xbb\xbf", "utf-8"),
        (b"\xff\xfe", "utf-16-le"),
        (b"\xfe\xff", "utf-16-be"),
    ],
)
def test_places_are_exact(line_break: str, mark: bytes, encoding: str) -> None:
    data = mark + STYLES.replace("\n", line_break).encode(encoding)
    file = parse("a.yaml", data)
    assert (file.bom, file.encoding) == (bool(mark), encoding)
    found = {
        str(s.path): (s.value, file.text[s.start : s.end], s.line, s.column, s.comment)
        for s in scalars(file)
    }
    assert {path: found[path] for path in EXPECTED} == EXPECTED
    assert found["d"][0] == "one\ntwo # no comment\n"
    assert found["d"][4] == "marker"
    assert found["f"][0] == "multi line plain"
    assert found["f"][4] == "c"
    assert [c.text for c in file.comments][-1] == "after"


def test_aliases_and_merge_keys_lead_to_the_anchor_and_know_their_readers() -> None:
    file = parse(
        "a.yaml",
        b"base: &b {tag: t1, deep: {z: 1}}\nx: &x v\n"
        b"p: {<<: *b, tag: own}\nm:\n  <<: [*b]\ny: [*x]\n",
    )
    root = file.documents[0]
    assert isinstance(root, MappingNode)
    p = root.get("p")
    assert isinstance(p, MappingNode)
    assert p.names() == ("tag", "deep")
    assert str(find(file, parse_path("m.tag")).path) == "base.tag"
    assert [str(a) for a in find(file, parse_path("base.tag")).aliases] == ["m.tag"]
    assert {str(a) for a in find(file, parse_path("base.deep.z")).aliases} == {
        "p.deep.z",
        "m.deep.z",
    }
    assert [str(a) for a in find(file, parse_path("x")).aliases] == ["y[0]"]


def test_documents_without_content_are_counted() -> None:
    file = parse("a.yaml", b"---\n# nothing\n---\na: 1\n---\n...\n")
    assert [root is None for root in file.documents] == [True, False, True]
    assert parse("a.yaml", b"").documents == ()


@pytest.mark.parametrize(
    ("data", "line", "words"),
    [
        (b"a: 1\nb: 2\na: 3\n", 3, "'a' stands twice"),
        (b'{"a": 1,\n"a": 2}', 2, "'a' stands twice"),
        (b"1: a\n'1': b\n", 2, "'1' stands twice"),
        (b"a: *nope\n", 1, "no anchor before it"),
        (b"a: &x [*x]\n", 1, "inside its own anchor"),
        (b"a:\n\t- b\n", 2, "tab"),
        (b"a: [1\n", 2, "flow sequence"),
        (b"a: 'x\n", 2, "end of stream"),
        (b"a: b: c\n", 1, "mapping values are not allowed"),
        (b'a: "\\UFFFFFFFF"\n', 1, "not valid YAML"),
        (b"a: \xff\n", 1, "encoding"),
        (b"x: 1\na: \x00\n", 2, "U+0000"),
        (b"\xff\xfe\x00\x00a", None, "UTF-32"),
        (b"a: !x!y z\n", 1, "undefined tag handle"),
        (b"%YAML 2.0\n---\na: 1\n", 1, "version 1"),
    ],
)
def test_errors_say_where(data: bytes, line: int | None, words: str) -> None:
    with pytest.raises(YamlSyntaxError) as error:
        parse("dir/a.yaml", data)
    assert words in str(error.value)
    assert error.value.location is not None
    assert (error.value.location.file, error.value.location.line) == ("dir/a.yaml", line)
    assert error.value.fix


@pytest.mark.parametrize("text", ["[" * 100_000, "- " * 5000, "{a: " * 5000, '{"a":' * 100_000])
def test_deep_nesting_is_a_clear_error(text: str) -> None:
    with pytest.raises(YamlSyntaxError):
        parse("a.yaml", text.encode())


def test_billion_laughs_are_harmless() -> None:
    lines = ["a0: &a0 [lol, lol]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    lines += ["m0: &m0 {x: 1}"]
    lines += [f"m{n}: &m{n} {{<<: [{', '.join([f'*m{n - 1}'] * 9)}]}}" for n in range(1, 12)]
    started = time.monotonic()
    file = parse("a.yaml", "\n".join(lines).encode())
    root = file.documents[0]
    assert isinstance(root, MappingNode)
    last = root.get("m11")
    assert isinstance(last, MappingNode)
    assert last.get("nope") is None
    assert last.names() == ("x",)
    assert sum(1 for _ in scalars(file)) == 3
    assert time.monotonic() - started < 5


def test_a_huge_file_is_refused_before_it_is_read() -> None:
    with pytest.raises(YamlSyntaxError, match="too large"):
        parse("a.yaml", b"#" * (MAX_BYTES + 1))


def test_complex_and_typed_keys() -> None:
    file = parse("a.yaml", b"? [a, b]\n: x\n1: y\n? z\n")
    assert [str(s.path) for s in scalars(file)] == ['"[a, b]"', "1", "z"]


def test_json_is_json_and_its_neighbours_are_not() -> None:
    assert parse("a.json", b'{\n\t"a": [1, "x"]\n}\n').is_json
    assert parse("a.yaml", b'{"a": 1}').is_json
    assert not parse("a.yaml", b"{a: 1}").is_json
    assert not parse("a.yaml", b"a: 1").is_json


def test_sops_files_are_known_by_their_mac() -> None:
    sops = b"a: ENC[AES256_GCM,data:x]\nsops:\n  mac: ENC[AES256_GCM,data:y]\n"
    assert is_sops(sops)
    assert is_sops(parse("a.yaml", sops))
    assert not is_sops(b"sops: not encrypted\n")
    assert not is_sops(parse("a.yaml", b"sops: {docs: here}\n"))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"a: {{ .Values.tag }}\n", True),
        (b"{{- if .Values.x }}\na: 1\n{{- end }}\n", True),
        (b"{% for x in y %}\n", True),
        (b"  {{ include }}\n", True),
        (b"a: '{{ name }}'\n", False),
        (b"a: {b: {c: 1}}\n", False),
        (b"# {{ doc }}\na: 1\n", False),
    ],
)
def test_templates_are_known_by_their_look(data: bytes, expected: bool) -> None:
    assert looks_templated(data) is expected


def test_characters_that_only_yaml_1_1_breaks_lines_at_are_seen() -> None:
    file = parse("a.yaml", 'a: "x\u0085y" # c\u0085\nb: ok\n'.encode())
    assert [s.value for s in scalars(file)] == ["x\u0085y", "ok"]
    assert file.ambiguous
    assert not parse("a.yaml", "# x\u2028\n".encode()).ambiguous
