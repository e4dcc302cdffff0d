from __future__ import annotations

import pytest

from gitops_action.core.yaml.edit import apply
from gitops_action.core.yaml.parse import parse
from gitops_action.core.yaml.path import (
    EditProofError,
    EditRefusedError,
    PathNotFoundError,
    YamlSyntaxError,
    parse_path,
)
from gitops_action.core.yaml.proof import Reads, Replace, ScalarChange, prove


def edited(text: str, *edits: tuple[str, str], as_string: bool = True) -> str:
    changes = [Replace(path=parse_path(p), value=v, as_string=as_string) for p, v in edits]
    data = apply("f.yaml", text.encode(), changes)
    assert apply("f.yaml", data, changes) == data
    return data.decode()


@pytest.mark.parametrize(
    ("before", "value", "after"),
    [
        ("a: v1 # c\n", "v2", "a: v2 # c\n"),
        ("a: v1\t# c\n", "v2", "a: v2\t# c\n"),
        ("a:\tv1  ", "v2", "a:\tv2  "),
        ("a: v1\n", "1.20", 'a: "1.20"\n'),
        ("a: v1\n", "on", 'a: "on"\n'),
        ("a: 1.20\n", "1.20", 'a: "1.20"\n'),
        ("a: '1'\n", "it's", "a: 'it''s'\n"),
        ("a: '1'\n", "x\ny", 'a: "x\\ny"\n'),
        ('a: "1"\n', 'say "\\"', 'a: "say \\"\\\\\\""\n'),
        ("a: {b: v1, c: x}\n", "v,2", 'a: {b: "v,2", c: x}\n'),
        ("a: {b: v1}\n", "x:y", "a: {b: x:y}\n"),
        ("a: [v1, x]\n", "v2", "a: [v2, x]\n"),
        ("a: v1\n", "x: y", 'a: "x: y"\n'),
        ("a: v1\n", "x #y", 'a: "x #y"\n'),
        ("a: v1\n", "x#y:z", "a: x#y:z\n"),
        ("a: v1\n", "", 'a: ""\n'),
        ("a: v1\n", "- x", 'a: "- x"\n'),
        ("a: v1\n", "-x", "a: -x\n"),
        ("a: v1\n", "a\u2028b\ufeff\x7f", 'a: "a\\u2028b\\ufeff\\u007f"\n'),
        ("a:\nb: 1\n", "v2", "a: v2\nb: 1\n"),
        ("a: # c\n", "v2", "a: v2 # c\n"),
        ("a: &x # c\n", "v2", "a: &x v2 # c\n"),
        ("a: {b: , c: 1}\n", "v2", "a: {b: v2 , c: 1}\n"),
        ("a: &x v1\n", "v2", "a: &x v2\n"),
        ("a: !!str 1.20\n", "1.30", "a: !!str 1.30\n"),
        ("a: !!str &x 'v'\n", "w", "a: !!str &x 'w'\n"),
        ("a: multi\n  line\nb: 1\n", "v2", "a: v2\nb: 1\n"),
        ('a: "multi\n  line" # c\n', "v2", 'a: "v2" # c\n'),
        ("a: |  # c\n  v1\nb: 1\n", "v2", "a: |  # c\n  v2\nb: 1\n"),
        ("a: >-\n    v1\n\n", "v2", "a: >-\n    v2\n\n"),
        ("a: |2\n    v1\n", "  v2", "a: |2\n    v2\n"),
        ("a: |\n  x: v1 # m\n\n  y: 1\n", "x: v2 # m\n\ny: 1", "a: |\n  x: v2 # m\n\n  y: 1\n"),
        ("a: |+\n  x\n  v1\n\nb: 1\n", "x\nv2\n\n", "a: |+\n  x\n  v2\n\nb: 1\n"),
        ("? a\n: v1\n", "v2", "? a\n: v2\n"),
        ("# 😀\r\na: v1\r\n\r\n\r\nb: 1", "v2", "# 😀\r\na: v2\r\n\r\n\r\nb: 1"),
        ("---\na: v1\n...\n---\nb: 1\n", "v2", "---\na: v2\n...\n---\nb: 1\n"),
    ],
)
def test_only_the_span_changes(before: str, value: str, after: str) -> None:
    path = "a.b" if "{b:" in before else "a[0]" if "[" in before else "a"
    assert edited(before, (path, value)) == after


@pytest.mark.parametrize(
    ("old", "new", "written"),
    [
        ("3", "4", "4"), ("3", "1.5", "1.5"), ("1.5", "2", "2"), ("true", "false", "false"),
        ("on", "off", "off"), ("~", "null", "null"), ("3", "three", "three"), ("'3'", "4", "'4'"),
        ("abc", "true", '"true"'), ("true", "3", '"3"'), ("~", "3", '"3"'), ("0x1F", "32", "32"),
        ("!!int 3", "4", "!!int 4"), ("2024-01-01", "2025-01-01", "2025-01-01"),
    ],
)  # fmt: skip
def test_set_keeps_the_type_where_the_text_reads_as_it(old: str, new: str, written: str) -> None:
    assert edited(f"a: {old}\n", ("a", new), as_string=False) == f"a: {written}\n"


def test_json_stays_json() -> None:
    text = '{\n\t"a": 3,\n\t"b": "x",\n\t"c": [true]\n}\n'
    assert edited(text, ("a", "4"), ("b", "1"), as_string=False) == text.replace("3", "4").replace(
        '"x"', '"1"'
    )
    assert edited(text, ("a", "0x10"), as_string=False) == text.replace("3", '"0x10"')
    assert edited(text, ("c[0]", "v")) == text.replace("true", '"v"')


def test_a_matched_item_in_a_named_document() -> None:
    text = "a: 1\n---\nspec:\n  images:\n  - {name: web, newTag: v1}\n  - {name: api, newTag: v1}\n"
    after = edited(text, ("[[1]]spec.images[name=api].newTag", "v2"))
    assert after == text.replace("api, newTag: v1", "api, newTag: v2")


def test_an_alias_leads_to_its_anchor() -> None:
    assert edited("x: &x v1\ny: *x\n", ("y", "v2")) == "x: &x v2\ny: *x\n"


@pytest.mark.parametrize(
    ("text", "asked", "shared"),
    [
        ("x: &x v1\ny: *x\nz: *x\n", "y", "z"),
        ("x: &x v1\ny: *x\n", "x", "y"),
        ("x: &x {t: v1}\ny:\n  <<: *x\n", "y.t", "x.t"),
        ("x: &x {t: v1}\ny:\n  <<: [*x]\n", "x.t", "y.t"),
        ("x: &x [v1]\ny: *x\n", "y[0]", "x[0]"),
    ],
)
def test_a_shared_value_is_refused_unless_every_place_is_asked_for(
    text: str, asked: str, shared: str
) -> None:
    with pytest.raises(EditRefusedError) as error:
        edited(text, (asked, "v2"))
    assert shared in error.value.cause
    assert error.value.location is not None
    assert error.value.location.line == 1
    assert edited(text, (asked, "v2"), (shared, "v2")) == text.replace("v1", "v2")


def test_an_overridden_merge_key_reads_nothing_and_blocks_nothing() -> None:
    text = "x: &x {t: v1}\ny: {<<: *x, t: own}\n"
    assert edited(text, ("x.t", "v2")) == text.replace("v1", "v2")


@pytest.mark.parametrize(
    ("text", "path", "value", "words"),
    [
        ("a: |\n  x\n  y\n", "a", "z", "2 lines would become 1"),
        ("a: >\n  x\n\n  y\n", "a", "x\nz", "more than one line"),
        ("a: |\n  x\n  y\n", "a", "x\n  z", "not one line"),
        ("a: |\n  x\n", "a", "z\nz", "1 lines would become 2"),
        ("a: !!int 5\n", "a", "6", "makes it int"),
        ("a: {b}\n", "a.b", "x", "no value here"),
        ("a: v\n", "a", "\ud800", "half a character"),
        ('a: "x\x85y"\nb: 1\n', "b", "2", "differently"),
    ],
)
def test_refusals_name_place_cause_and_fix(text: str, path: str, value: str, words: str) -> None:
    with pytest.raises(EditRefusedError, match=words) as error:
        edited(text, (path, value))
    assert error.value.location is not None
    assert error.value.cause
    assert error.value.fix


def test_two_meanings_for_one_value_are_refused() -> None:
    with pytest.raises(EditRefusedError, match="two meanings"):
        edited("a: v1\n", ("a", "v2"), ("a", "v3"))


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("spec.imag", "did you mean 'spec.image'?"),
        ("spec.x.y", "nearest existing path is 'spec'"),
        ("spec", "a mapping, not a single value|not a single value"),
        ("list[2]", "a list of 2"),
        ("list[n=1].v", "fits 2 items"),
        ("[[3]]a", "document 3 does not exist"),
    ],
)
def test_a_path_that_is_not_there_names_the_nearest(path: str, words: str) -> None:
    text = "spec:\n  image: x\nlist:\n- {n: 1, v: a}\n- {n: 1, v: b}\n"
    with pytest.raises(PathNotFoundError, match=words):
        edited(text, (path, "v"))


def test_nothing_is_written_where_the_file_does_not_parse() -> None:
    with pytest.raises(YamlSyntaxError):
        edited("a: [\n", ("a", "x"))


BASE = b"a: v1 # c\nb: &x [1, two]\nc: *x\n# end\n"


@pytest.mark.parametrize(
    "sabotaged",
    [
        b"a: v2 # c\nb: &x [1, three]\nc: *x\n# end\n",
        b"a: v2 # c\nb: &x ['1', two]\nc: *x\n# end\n",
        b"a: v2 # c\nb: &x [two, 1]\nc: *x\n# end\n",
        b"a: v2 # d\nb: &x [1, two]\nc: *x\n# end\n",
        b"a: v2\nb: &x [1, two]\nc: *x\n# end\n",
        b"a: v2 # c\nb: &y [1, two]\nc: *y\n# end\n",
        b"a: v2 # c\nb: &x [1, two]\nc: [1, two]\n# end\n",
        b"a: v2 # c\nb: &x [1, two]\nd: *x\n# end\n",
        b"b: &x [1, two]\na: v2 # c\nc: *x\n# end\n",
        b"a: v2 # c\nb: &x [1, two]\nc: *x\n---\n# end\n",
        b"a: v2 # c\nb: &x [1, two]\nc: *x\nd: 1\n# end\n",
        b"a: v3 # c\nb: &x [1, two]\nc: *x\n# end\n",
        b"a: !!str v2 # c\nb: &x [1, two]\nc: *x\n# end\n",
        b"a: v1 # c\nb: &x [1, two]\nc: *x\n# end\n",
        b"a: [ # c\n",
    ],
)
def test_the_proof_sees_every_other_change(sabotaged: bytes) -> None:
    file = parse("f.yaml", BASE)
    number = next(n for n, fact in enumerate(file.facts) if fact[3:4] == ("v1",))
    plan = {number: ScalarChange(removed=1, added=(Reads(value="v2"),))}
    prove(file, BASE.replace(b"v1", b"v2"), plan)
    with pytest.raises(EditProofError, match="nothing was changed"):
        prove(file, sabotaged, plan)
