"""One way to write an object: what does not matter makes no difference, everything else does."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gitops_action.core.manifests import canonical, content_hash, dump, fields, parse_manifests
from gitops_action.core.manifests.reader import read_documents

TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=0x24F, blacklist_characters="\x7f"))
WORDS = TEXT | st.sampled_from(["yes", "012", "1e3", "~", "", "1:30", "a: b", "- x", "#", "0b1"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | WORDS | st.just("two\nlines\n"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=15,
)


@given(body=st.dictionaries(TEXT.filter(lambda key: key != "status"), VALUES, min_size=1))
def test_what_is_written_reads_as_the_same(body: dict[str, Any]) -> None:
    text = dump(body)
    if any(document.value for document in read_documents("a.yaml", text.encode())):
        assert read_documents("a.yaml", text.encode())[0].value == canonical(body)
    assert dump(canonical(body)) == text


def objects(text: str) -> str:
    return content_hash(parse_manifests("a.yaml", text.encode()))


ONE = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, labels: {x: '1', y: '2'}}\n"
TWO = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata: {k: v}\n"


def test_order_of_keys_and_objects_quotes_and_comments_make_no_difference() -> None:
    other = (
        '# words\nmetadata:\n  labels:\n    "y": "2"\n    x: "1"\n  name: "a"\n'
        "kind: ConfigMap\napiVersion: v1\n"
    )
    assert objects(f"{ONE}---\n{TWO}") == objects(f"{TWO}---\n{other}")


def test_what_generators_write_of_objects_never_stored_makes_no_difference() -> None:
    noisy = ONE.replace("name: a,", "name: a, creationTimestamp: null,") + "status: {ready: true}\n"
    assert objects(noisy) == objects(ONE)


def test_everything_else_makes_one() -> None:
    assert objects(ONE) != objects(TWO)
    assert objects(TWO) != objects(TWO.replace("{k: v}", "{k: w}"))
    assert objects(TWO) != objects(TWO.replace("{k: v}", "{k: null}"))
    assert objects(TWO) != objects(TWO.replace("v}", "1}")) != objects(TWO.replace("v}", "'1'}"))
    assert objects(ONE) != objects(f"{ONE}---\n{TWO}")
    assert objects("") == content_hash(())


def test_lists_keep_their_order_and_other_nulls_stay() -> None:
    body = {"spec": {"volumes": [{"emptyDir": None, "name": "b"}, {"name": "a"}]}}
    assert canonical(body) == body


def test_text_that_other_readers_take_for_something_else_is_quoted() -> None:
    assert dump({"a": "yes", "b": "1e3", "c": "0o14", "d": "v1", "e": "x\ny\n"}) == (
        "a: 'yes'\nb: '1e3'\nc: '0o14'\nd: v1\ne: |\n  x\n  y\n"
    )


def test_shared_values_are_written_out() -> None:
    shared = {"x": "1"}
    assert "&" not in dump({"a": shared, "b": shared})


def test_fields_of_what_has_another_shape_are_empty() -> None:
    body = {"spec": {"replicas": 2, "paused": True, "name": "x", "list": [{"a": 1}, "b", 3]}}
    assert fields.number(body, "spec", "replicas") == 2
    assert fields.number(body, "spec", "paused") is None
    assert fields.flag(body, "spec", "paused") is True
    assert fields.text(body, "spec", "replicas") == ""
    assert fields.text(body, "spec", "name") == "x"
    assert fields.items(body, "spec", "list") == ({"a": 1},)
    assert fields.texts(body, "spec", "list") == ("b",)
    assert fields.mapping(body, "spec", "replicas", "further") == {}
    assert fields.value(body, "spec", "list", "further") is None
