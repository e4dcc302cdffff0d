"""Environments in the order in which they are deployed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from gitops_action.core.config.resolved import Environment


def in_sequence(environments: Iterable[Environment]) -> tuple[Environment, ...]:
    """Each after those of them that it comes `after`; else as they are given.

    The configuration is known to have no circle; were there one, its members keep their order.
    """
    waiting = list(environments)
    done: list[Environment] = []
    while waiting:
        names = {item.name for item in waiting}
        ready = next((item for item in waiting if not names & set(item.after)), waiting[0])
        waiting.remove(ready)
        done.append(ready)
    return tuple(done)


def predecessors(name: str, after: Mapping[str, Sequence[str]]) -> frozenset[str]:
    """Every environment that comes before this one, also through others.

    Args:
        name: the environment.
        after: what each environment names; names that are not in it are left out.
    """
    seen: set[str] = set()
    queue = list(after[name])
    while queue:
        one = queue.pop()
        if one in after and one not in seen:
            seen.add(one)
            queue += after[one]
    return frozenset(seen - {name})
