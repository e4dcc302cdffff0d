"""Questions to the cluster that may take long, asked so that the run can still end in time."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar

from gitops_action.commands.steps.deploy.run import Stop
from gitops_action.errors import GitOpsError

T = TypeVar("T")

_WORKERS = 6
_LOOK_UP = 0.1


def ask(
    questions: Sequence[Callable[[], T]], *, stop: Stop, seconds: float
) -> list[T | GitOpsError | None]:
    """Ask all of them at once, a few at a time.

    Args:
        questions: what to call.
        stop: when it is set nobody waits any longer.
        seconds: how long to wait for all answers.

    Returns:
        For each question its answer, its error, or None where there was no time.
    """
    numbers = iter(range(len(questions)))
    turn = threading.Lock()
    answers: queue.SimpleQueue[tuple[int, T | GitOpsError]] = queue.SimpleQueue()
    over = threading.Event()

    def work() -> None:
        while not over.is_set():
            with turn:
                number = next(numbers, None)
            if number is None:
                return
            try:
                answers.put((number, questions[number]()))
            except GitOpsError as error:
                answers.put((number, error))

    for _ in range(min(_WORKERS, len(questions))):
        threading.Thread(target=work, name="gitops-wait-ask", daemon=True).start()
    found: list[T | GitOpsError | None] = [None] * len(questions)
    deadline = time.monotonic() + seconds
    missing = len(questions)
    while missing and not stop.is_set() and time.monotonic() < deadline:
        with suppress(queue.Empty):
            number, answer = answers.get(timeout=_LOOK_UP)
            found[number] = answer
            missing -= 1
    over.set()
    return found
