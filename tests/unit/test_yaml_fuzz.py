"""Random documents, random edits: the editor against an independent loader, and random bytes."""

from __future__ import annotations

from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gitops_action.core.yaml.edit import apply
from gitops_action.core.yaml.parse import parse, scalars
from gitops_action.core.yaml.path import YamlPath
from gitops_action.core.yaml.proof import Replace
from gitops_action.core.yaml.scalars import needs_quotes
from gitops_action.errors import GitOpsError
from tests.support.properties import examples
from tests.support.yaml_check import check_add, check_edit, check_reading
from tests.support.yaml_documents import ODD, WORDS, Writer

QUICK = settings(
    max_examples=examples(150), suppress_health_check=[HealthCheck.too_slow], database=None
)
VALUES = st.one_of(
    st.sampled_from((*WORDS, *ODD, "1.20", "706798e8", "v2", "on")), st.text(max_size=12)
)


@QUICK
@given(st.randoms(use_true_random=False))
def test_every_scalar_reads_as_an_independent_loader_reads_it(random: Random) -> None:
    check_reading(Writer(random).document())


@QUICK
@given(st.randoms(use_true_random=False), VALUES, st.booleans())
def test_an_edit_changes_one_value_and_nothing_else(
    random: Random,
    value: str,
    as_string: bool,
) -> None:
    check_edit(Writer(random).document(), random, value, as_string=as_string)


@QUICK
@given(st.randoms(use_true_random=False), st.sampled_from(("images", "new", "spec")))
def test_an_added_item_is_the_last_and_nothing_else_changes(random: Random, key: str) -> None:
    check_add(Writer(random).document(), key)


@QUICK
@given(st.binary(max_size=200), st.text(max_size=10))
def test_random_bytes_give_a_value_or_a_clear_error(data: bytes, value: str) -> None:
    edit_first(data, value)


@QUICK
@given(st.text(alphabet="ab01:-?#&*!|>'\"%@`[]{}, \n\t\r\\<=~.\x85\u2028😀", max_size=80))
def test_random_yaml_characters_give_a_value_or_a_clear_error(text: str) -> None:
    edit_first(text.encode(), "v2")


@QUICK
@given(st.text(max_size=30))
def test_any_text_can_be_written_and_reads_back_as_a_string(value: str) -> None:
    for before in ("a: x\n", "a: 'x'\n", 'a: "x"\n', "a: [x, y]\n", '{"a": "x"}'):
        path = YamlPath(steps=("a", 0) if "[" in before else ("a",))
        data = apply("f.yaml", before.encode(), [Replace(path=path, value=value)])
        scalar = next(iter(scalars(parse("f.yaml", data))))
        assert (scalar.value, scalar.kind) == (value, "string")
        assert not (scalar.style == "plain" and needs_quotes(value))


def edit_first(data: bytes, value: str) -> None:
    try:
        found = list(scalars(parse("f.yaml", data)))
        for scalar in found[:2]:
            apply("f.yaml", data, [Replace(path=scalar.path, value=value)])
    except GitOpsError as error:
        assert error.title  # noqa: PT017 - any of our errors is a right answer
