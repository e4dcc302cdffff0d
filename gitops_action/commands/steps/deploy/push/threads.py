"""The same question about many things, asked by a few threads."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

THREADS = 8


def for_each(work: Callable[[T], R], given: Iterable[T]) -> list[R]:
    """The results in the order of what is given; after an error nothing more is begun."""
    everything = list(given)
    if len(everything) <= 1:
        return [work(one) for one in everything]
    with ThreadPoolExecutor(min(THREADS, len(everything))) as pool:
        return list(pool.map(work, everything))
