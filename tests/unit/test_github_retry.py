from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from gitops_action.adapters.github.client import Retrier
from gitops_action.adapters.github.errors import RequestFailure
from gitops_action.adapters.retry import RetryPolicy
from gitops_action.errors import OutcomeUnknownError

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
QUICK = RetryPolicy(attempts=3, initial=0.0, maximum=0.0, jitter=0.0, longest=120.0)


def retrier(policy: RetryPolicy = QUICK) -> Retrier:
    return Retrier(now=lambda: NOW, policy=policy)


def failing(times: int, **failure: object) -> Callable[[], str]:
    left = [times]

    def action() -> str:
        if left[0]:
            left[0] -= 1
            raise RequestFailure(**{"message": "no", **failure})  # type: ignore[arg-type]
        return "done"

    return action


@pytest.mark.parametrize(
    "failure",
    [
        {"status": 0},
        {"status": 0, "sent": False},
        {"status": 500},
        {"status": 502},
        {"status": 503},
        {"status": 429, "headers": {"retry-after": "0"}},
        {"status": 403, "headers": {"retry-after": "0"}},
        {"status": 200, "message": "Something went wrong while executing your query."},
    ],
)
def test_a_read_is_repeated_when_the_trouble_may_pass(failure: dict[str, object]) -> None:
    assert retrier().read(failing(2, **failure)) == "done"


@pytest.mark.parametrize(
    "failure",
    [
        {"status": 401},
        {"status": 403},
        {"status": 404},
        {"status": 422},
        {"status": 200, "kinds": ("NOT_FOUND",)},
    ],
)
def test_a_refusal_is_not_repeated(failure: dict[str, object]) -> None:
    with pytest.raises(RequestFailure):
        retrier().read(failing(1, **failure))


def test_retry_policy_ends() -> None:
    with pytest.raises(RequestFailure):
        retrier().read(failing(3, status=500))


def test_a_wait_beyond_retry_policy_is_not_sat_out() -> None:
    with pytest.raises(RequestFailure):
        retrier().read(failing(1, status=429, headers={"retry-after": "121"}))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": f"{NOW.timestamp() + 9:.0f}"}, 10.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1"}, 1.0),
        ({}, 60.0),
    ],
)
def test_github_says_how_long_to_wait(headers: dict[str, str], seconds: float) -> None:
    failure = RequestFailure(status=429, message="", headers=headers)

    assert failure.pause(NOW) == seconds


def test_a_write_that_took_effect_is_found_and_not_repeated() -> None:
    written: list[str] = []

    def write() -> str:
        written.append("x")
        raise RequestFailure(status=502, message="cut after the write")

    found = retrier().write(write, lambda: written[0] if written else None)

    assert found == "x"
    assert written == ["x"]


def test_a_write_that_did_not_take_effect_is_repeated() -> None:
    assert retrier().write(failing(2, status=0), lambda: None) == "done"


def test_a_write_is_looked_for_also_when_retry_policy_ends() -> None:
    looks: list[int] = []

    def find() -> str | None:
        looks.append(1)
        return "there" if len(looks) == 3 else None

    assert retrier().write(failing(9, status=502), find) == "there"


def test_a_limited_write_is_repeated_without_a_look() -> None:
    def find() -> str:
        pytest.fail("GitHub did not take the request, so there is nothing to look for")

    action = failing(1, status=403, headers={"retry-after": "0"})

    assert retrier().write(action, find) == "done"


def test_a_write_that_nobody_can_tell_of_is_no_plain_failure() -> None:
    def find() -> str | None:
        raise RequestFailure(status=503, message="down")

    with pytest.raises(OutcomeUnknownError, match="run again"):
        retrier().write(failing(1, status=0), find)
