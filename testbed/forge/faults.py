"""Faults on request: what networks and GitHub do on a bad day."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(kw_only=True)
class Fault:
    """What goes wrong, where, and how often.

    Attributes:
        match: regular expression searched in "METHOD path operation", e.g. `POST .*/pulls$`
            does not match because of the operation's name; `POST .*/pulls ` or
            `createPullRequest` do. A GraphQL request ends with the name that its client gives it.
        status: answer with this status instead (None: the real answer); 200 is how GraphQL
            refuses, with `message` as its error.
        when: "before" the request takes effect, or "after" it did.
        cut: close the connection without an answer.
        delay: seconds to wait before the request is handled.
        action: called just before the request is handled, e.g. to move a ref.
        stale: answer with the last answer that the same GET had (an old replica).
    """

    match: str
    status: int | None = None
    times: int = 1
    headers: Mapping[str, str] = field(default_factory=dict)
    message: str = "injected"
    when: Literal["before", "after"] = "before"
    cut: bool = False
    delay: float = 0.0
    action: Callable[[], Any] | None = None
    stale: bool = False
    skip: int = 0


class Faults:
    """The faults that still wait for their request."""

    def __init__(self) -> None:
        """Start with none."""
        self._waiting: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        """Let it happen."""
        with self._lock:
            self._waiting.append(fault)

    def clear(self) -> None:
        """Forget all that wait."""
        with self._lock:
            self._waiting.clear()

    def take(self, request: str) -> Fault | None:
        """Return the fault for this request, used up by one."""
        with self._lock:
            for fault in self._waiting:
                if not re.search(fault.match, request):
                    continue
                if fault.skip:
                    fault.skip -= 1
                    continue
                fault.times -= 1
                if fault.times <= 0:
                    self._waiting.remove(fault)
                return fault
        return None
