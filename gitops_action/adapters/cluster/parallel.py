"""Work on many objects at once, on few threads, ending early when nothing more can succeed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TypeVar

from gitops_action.core.cluster.errors import ExpiredError, UnreachableError
from gitops_action.core.cluster.model import Applied, LiveObject
from gitops_action.core.manifests.model import Body
from gitops_action.errors import GitOpsError

T = TypeVar("T")
R = TypeVar("R")

THREADS = 16
"""So many that the API server, not the way to it, sets the pace (measured: 8 are 15 % slower)."""
_HOPELESS = (ExpiredError, UnreachableError)


def in_parallel(work: Callable[[T], R], given: Sequence[T]) -> list[R]:
    """The results in the order of what is given; the first error ends it."""
    if len(given) <= 1:
        return [work(one) for one in given]
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(work, given))


def apply_in_parallel(
    apply: Callable[[Body], LiveObject], bodies: Sequence[Body]
) -> Iterator[Applied]:
    """Apply objects that do not depend on each other, giving each as it is done.

    An object that is refused does not hold up the others. When the cluster is away or the
    credentials have run out, those that were not begun are given with that error, `tried` unset.
    """
    over = threading.Event()
    last: list[GitOpsError] = []

    def one(body: Body) -> Applied:
        if over.is_set():
            return Applied(body=body, error=last[0], tried=False)
        started = time.perf_counter()
        try:
            live = apply(body)
        except GitOpsError as error:
            if isinstance(error, _HOPELESS):
                last.append(error)
                over.set()
            return Applied(body=body, error=error, seconds=time.perf_counter() - started)
        return Applied(body=body, live=live, seconds=time.perf_counter() - started)

    with ThreadPoolExecutor(THREADS) as pool:
        try:
            for done in as_completed([pool.submit(one, body) for body in bodies]):
                yield done.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
