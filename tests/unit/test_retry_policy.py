"""One way to try again, for GitHub, clusters, registries and Git."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gitops_action.adapters.retry import RetryPolicy, causes, retry

QUICK = RetryPolicy(attempts=3, initial=0.0, maximum=0.0, jitter=0.0, longest=5.0)


def failing(times: int, made: list[int]) -> Callable[[], str]:
    def action() -> str:
        made.append(len(made) + 1)
        if len(made) <= times:
            raise OSError(len(made))
        return "done"

    return action


@pytest.mark.parametrize(
    ("fails", "again", "tries"),
    [
        (0, False, 1),
        (2, True, 3),
        (2, 0.0, 3),
        (1, False, 1),
        (1, 6.0, 1),
        (3, True, 3),
    ],
)
def test_how_often_it_is_tried(fails: int, again: bool | float, tries: int) -> None:
    made: list[int] = []
    if fails < tries:
        assert retry(failing(fails, made), QUICK, lambda _error: again) == "done"
    else:
        with pytest.raises(OSError, match=str(tries)):
            retry(failing(fails, made), QUICK, lambda _error: again)
    assert len(made) == tries


def test_one_attempt_is_one_attempt() -> None:
    made: list[int] = []
    with pytest.raises(OSError, match="1"):
        retry(failing(1, made), RetryPolicy(attempts=1), lambda _error: True)
    assert made == [1]


def test_what_led_to_an_error() -> None:
    inner, wrapped, context = TimeoutError(), ValueError(), KeyError()
    outer = OSError(wrapped)
    outer.__cause__, outer.__context__ = inner, context
    assert causes(outer) == (outer, inner, context, wrapped)
    inner.__context__ = outer
    assert len(causes(outer)) == 4
