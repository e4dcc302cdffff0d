"""Trying again: how often, how long, and what led to a failure. The pauses are stamina's."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from gitops_action.core.dataclass import dataclass

T = TypeVar("T")

Again = Callable[[Exception], bool | float]
"""Whether to try again after an error; a number is the pause in seconds that the server asks."""


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """How often and how long to try; seconds.

    Attributes:
        attempts: tries, the first included.
        initial: pause before the second try; it doubles from there.
        maximum: longest pause of our own.
        jitter: random part of each pause.
        longest: a pause that the server asks for beyond this is not waited for.
        total: all tries together; None: no limit.
    """

    attempts: int = 4
    initial: float = 0.5
    maximum: float = 8.0
    jitter: float = 0.5
    longest: float = 120.0
    total: float | None = None


def retry(action: Callable[[], T], policy: RetryPolicy, again: Again) -> T:
    """Run something repeatable until it succeeds, fails for good, or the policy ends it.

    Raises:
        Exception: the last error of `action`.
    """

    def pause(error: Exception) -> bool | float:
        asked = again(error)
        if isinstance(asked, bool):
            return asked
        return asked if asked <= policy.longest else False

    try:
        return action()
    except Exception as error:
        if policy.attempts <= 1 or pause(error) is False:
            raise
        first = error
    return _further(action, first, policy, pause)


def _further(action: Callable[[], T], first: Exception, policy: RetryPolicy, pause: Again) -> T:
    """Go on after a failure that may pass: only now is the library loaded."""
    import stamina  # noqa: PLC0415 - most runs never need it

    made = [first]

    def attempt() -> T:
        # The first try was made already: its error takes part in the reckoning of pauses.
        if made:
            raise made.pop()
        return action()

    for trial in stamina.retry_context(
        on=pause,
        attempts=policy.attempts,
        timeout=policy.total,
        wait_initial=policy.initial,
        wait_max=policy.maximum,
        wait_jitter=policy.jitter,
    ):
        with trial:
            return attempt()
    raise AssertionError  # pragma: no cover - the loop returns or raises


def causes(error: BaseException) -> tuple[BaseException, ...]:
    """The error and what led to it, as chained and as libraries wrap it in arguments."""
    found: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        cause = waiting.pop(0)
        if isinstance(cause, BaseException) and cause not in found:
            found.append(cause)
            waiting += [cause.__cause__, cause.__context__, getattr(cause, "reason", None)]
            waiting += cause.args
    return tuple(found)
