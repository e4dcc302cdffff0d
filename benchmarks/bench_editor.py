"""The editor: bytes changed outside the plan over a corpus, and documents that failed in a fuzz.

python -m benchmarks editor
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Iterator

from benchmarks.bench_edit_corpus import DOCUMENTS, fuzz, outside
from benchmarks.corpus.generate import corpus
from benchmarks.parts.figures import Figure


def measure() -> Iterator[Figure]:
    """Measure the corpus, then fuzz with all processors."""
    cases = list(corpus())
    started = time.perf_counter()
    wrong = sum(outside(case) for case in cases)
    seconds = time.perf_counter() - started
    layouts = {case.name for case in cases}
    styles = {(case.name, case.style) for case in cases}
    yield Figure(
        row="editor",
        name="corpus: bytes changed outside the plan",
        value=wrong,
        unit="bytes",
        target=0,
        exactly=True,
        detail=f"{len(cases)} files, {len(layouts)} layouts in {len(styles)} combinations with "
        f"styles, {seconds / len(cases) * 1000:.1f} ms a file",
    )
    yield _fuzzed()


def _fuzzed() -> Figure:
    """Each process draws documents of its own; the first that fails ends it with an error."""
    processes = os.cpu_count() or 1
    share = -(-DOCUMENTS // processes)
    started = time.perf_counter()
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        pool.map(fuzz, [share] * processes)
    return Figure(
        row="editor",
        name=f"fuzz: of {share * processes} documents failed parse, edit or proof",
        value=0,
        unit="documents",
        target=0,
        exactly=True,
        detail=f"{time.perf_counter() - started:.0f} s in {processes} processes",
    )
