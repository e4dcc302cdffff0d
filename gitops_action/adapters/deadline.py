"""A limit in time for work that cannot be interrupted, such as a read that never ends."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import TypeVar

T = TypeVar("T")


class DeadlineError(Exception):
    """The work did not end in time; it goes on beside us, and nobody waits for it."""


def within(seconds: float, work: Callable[[], T]) -> T:
    """Do the work on a thread of its own, and give what it gives or raises.

    Raises:
        DeadlineError: it takes longer.
    """
    results: list[T] = []
    done: SimpleQueue[BaseException | None] = SimpleQueue()

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            done.put(error)
        else:
            done.put(None)

    # A daemon: a run that ends does not wait for it.
    threading.Thread(target=run, name="deadline", daemon=True).start()
    try:
        error = done.get(timeout=seconds)
    except Empty:
        raise DeadlineError from None
    if error is not None:
        raise error
    return results[0]
