"""Run the benchmarks: all of them, or those that are named.

    python -m benchmarks [bump] [discovery] [trees] [kustomize] [render] [validate] [concurrent]
        [gate] [history] [deploy] [drift] [flux] [startup] [image] [editor]

Prints one table and writes the same as JSON. Figures that miss their target are shown, not hidden,
and do not fail the run: a busy machine is no defect. What cannot be measured here says why.
"""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Iterable, Sequence

from benchmarks.parts.figures import Figure, show, write
from testbed.cache import LOCAL
from testbed.process import PartError

ROWS = (
    "startup",
    "bump",
    "rollback",
    "discovery",
    "trees",
    "kustomize",
    "render",
    "validate",
    "concurrent",
    "gate",
    "history",
    "deploy",
    "drift",
    "flux",
    "image",
    "editor",
)
RESULT = LOCAL / "bench.json"


def main(names: Sequence[str]) -> int:
    """Run; gives the process' exit code."""
    unknown = [name for name in names if name not in ROWS]
    if unknown:
        print(f"no benchmark {unknown[0]!r}; there are {', '.join(ROWS)}", file=sys.stderr)
        return 2
    started = time.perf_counter()
    figures: list[Figure] = []
    for row in names or ROWS:
        print(f"{row} …", file=sys.stderr, flush=True)
        figures += measured(row)
        write(figures, RESULT, time.perf_counter() - started)
    show(figures)
    print(f"{time.perf_counter() - started:.0f} s in all; also in {RESULT}")
    return 0


def measured(row: str) -> Iterable[Figure]:
    """The figures of one row; one that says why where it cannot be measured here."""
    try:
        return list(importlib.import_module(f"benchmarks.bench_{row}").measure())
    except PartError as error:
        reason = str(error)
        return [Figure(row=row, name=row, value=None, unit="", detail=reason)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
