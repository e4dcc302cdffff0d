"""Bytes changed outside the plan over a generated corpus, fuzzing of the editor, and speed.

    python -m benchmarks.bench_edit_corpus [documents to fuzz, default 10000]

Ends with 1 when one byte outside a plan has changed, a file came out otherwise than made by hand,
or a fuzzed document failed its proof.
"""

from __future__ import annotations

import sys
import time
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.corpus.generate import Case, corpus
from gitops_action.core.yaml.edit import apply
from gitops_action.core.yaml.parse import parse
from gitops_action.core.yaml.path import parse_path
from gitops_action.core.yaml.proof import Replace
from tests.support.yaml_check import check_edit
from tests.support.yaml_documents import NUMBERS, ODD, WORDS, Writer

DOCUMENTS = 10_000
MEGABYTE = 1_000_000


def main(documents: int = DOCUMENTS) -> int:
    """Run the three measurements; returns the exit code."""
    wrong = measure_corpus()
    fuzz(documents)
    measure_speed()
    return 1 if wrong else 0


def measure_corpus() -> int:
    """Edit every file of the corpus; returns how many bytes changed outside the plans."""
    cases = list(corpus())
    started = time.perf_counter()
    wrong = sum(outside(case) for case in cases)
    seconds = time.perf_counter() - started
    styles = {(case.name, case.style) for case in cases}
    print(f"corpus: {len(cases)} files, {len(styles)} layouts and styles")
    print(f"bytes changed outside the plan: {wrong}")
    print(f"time: {seconds:.1f} s, {seconds / len(cases) * 1000:.2f} ms a file")
    return wrong


def outside(case: Case) -> int:
    """How many bytes of the result differ from the one made by hand."""
    edit = Replace(path=parse_path(case.path), value=case.value)
    data = apply(case.file, case.before, [edit])
    if data == case.after:
        return 0
    print(f"{case.name} ({case.style}) differs")
    same = sum(a == b for a, b in zip(data, case.after, strict=False))
    return max(len(data), len(case.after)) - same


def fuzz(documents: int) -> None:
    """Random documents, one random scalar of each edited and checked by another loader."""
    values = st.one_of(st.sampled_from((*WORDS, *ODD, *NUMBERS)), st.text(max_size=20))

    @settings(
        max_examples=documents,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.randoms(use_true_random=False), values, st.booleans())
    def edit(random: Random, value: str, as_string: bool) -> None:  # noqa: FBT001 - hypothesis passes it
        check_edit(Writer(random).document(), random, value, as_string=as_string)

    started = time.perf_counter()
    edit()
    print(f"fuzzed: {documents} documents, no failure, {time.perf_counter() - started:.0f} s")


def measure_speed() -> None:
    """One edit in a file of a megabyte: parse, replace, parse again, compare."""
    case = next(corpus())
    text = case.before.decode()
    data = f"---\n{text}\n".encode() * (MEGABYTE // len(text))
    started = time.process_time()
    parse("big.yaml", data)
    parsed = time.process_time()
    apply("big.yaml", data, [Replace(path=parse_path("[[9]]metadata.name"), value="renamed")])
    edited = time.process_time()
    print(f"1 MB: {parsed - started:.1f} s to parse, {edited - parsed:.1f} s to edit with proof")


if __name__ == "__main__":
    sys.exit(main(*(int(argument) for argument in sys.argv[1:])))
