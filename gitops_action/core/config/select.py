"""Which environments and applications are meant, by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from gitops_action.core.config.resolved import Config, Environment
from gitops_action.errors import UsageError


def select_environments(config: Config, names: Sequence[str]) -> tuple[Environment, ...]:
    """The environments that are named, in the order of the configuration.

    None named means those that stand at the start: the ones with no `after`.

    Raises:
        UsageError: a name is not declared; names the nearest one and all there are.
    """
    if not names:
        return tuple(item for item in config.environments if not item.after)
    known = [item.name for item in config.environments]
    for name in names:
        if name not in known:
            raise _unknown("environment", name, known, config)
    return tuple(item for item in config.environments if item.name in names)


def select_applications(
    config: Config, names: Sequence[str], found: Sequence[str] = ()
) -> tuple[str, ...]:
    """The applications that are named, checked against those declared and those `found`.

    Without declared applications and without `found`, any name goes: the layout decides later.

    Raises:
        UsageError: a name is neither declared nor found.
    """
    known = sorted({item.name for item in config.applications} | set(found))
    for name in names if known else ():
        if name not in known:
            raise _unknown("application", name, known, config)
    return tuple(dict.fromkeys(names))


def nearest(name: str, known: Sequence[str]) -> str | None:
    """The known name that was probably meant, or None when none is near."""
    import difflib  # noqa: PLC0415 - only a mistake needs it

    found = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.6)
    return found[0] if found else None


def _unknown(what: str, name: str, known: Sequence[str], config: Config) -> UsageError:
    guess = nearest(name, known)
    there = ", ".join(known) or "none"
    declared = f"{config.path} declares: {there}"
    without = f"there is no {config.path}, so the repository is one environment: {there}"
    add = f"name one of them, or add it to {config.path}"
    return UsageError(
        f"unknown {what} {name!r}",
        cause=declared if config.declared or what == "application" else without,
        fix=f"did you mean {guess!r}?" if guess else add,
    )


# Environments in the order in which they are deployed.


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
