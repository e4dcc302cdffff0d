"""How far our health agrees with Argo CD's on its own test objects.

    python -m benchmarks.bench_health CHECKOUT

CHECKOUT is a clone of argoproj/argo-cd, whose `resource_customizations/**/health_test.yaml` are
read. An object agrees when both call it healthy or both do not. Suspended counts as healthy.
Objects are judged as if they had just been created, since a status may be missing only then. Ends
with 1 when a figure misses its target.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from gitops_action.core.health import Facts, Status, assess
from gitops_action.core.health.kstatus import kstatus
from gitops_action.core.health.model import Health

LEAST_AGREEMENT = 0.80
MOST_TURNED = 0.01
"""Healthy objects that kstatus calls current and we do not, of all healthy ones."""

_CREATED = datetime(2026, 1, 1, tzinfo=UTC)


class _Loader(yaml.CSafeLoader):
    """Leaves times as text, as an API server gives them."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:timestamp"]
    for first, found in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True, kw_only=True)
class Case:
    """One object with Argo CD's word, ours, ours a minute later, and that of kstatus' rules."""

    path: str
    expected: str
    ours: Health
    later: Health
    plain: Health

    @property
    def healthy(self) -> bool:
        """Whether Argo CD calls it healthy."""
        return self.expected in {"Healthy", "Suspended"}

    def agrees(self, health: Health) -> bool:
        """Whether this is Argo CD's word too."""
        return (health.status is Status.CURRENT) == self.healthy


def cases(checkout: Path) -> Iterator[Case]:
    """Every case of the checkout, in the order of the files."""
    for file in sorted(checkout.glob("resource_customizations/**/health_test.yaml")):
        for written in _load(file)["tests"]:
            found = {key.lower(): value for key, value in written.items()}
            path = file.parent / found["inputpath"]
            yield _case(path, checkout, found["healthstatus"]["status"])


def _load(file: Path) -> dict[str, Any]:
    with file.open(encoding="utf-8") as text:
        first: dict[str, Any] = next(iter(yaml.load_all(text, Loader=_Loader)))
    return first


def _case(path: Path, checkout: Path, expected: str) -> Case:
    body = _load(path)
    body["metadata"] = {**(body.get("metadata") or {}), "creationTimestamp": _CREATED.isoformat()}
    new, old = (Facts(now=_CREATED + timedelta(seconds=age)) for age in (1, 60))
    return Case(
        path=str(path.relative_to(checkout)),
        expected=expected,
        ours=assess(body, new),
        later=assess(body, old),
        plain=kstatus(body, new),
    )


def main(arguments: list[str]) -> int:
    """Print the figures and what differs; returns the exit code."""
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    found = list(cases(Path(arguments[0])))
    if not found:
        print(f"no health_test.yaml below {arguments[0]}/resource_customizations", file=sys.stderr)
        return 2
    return report(found)


def report(found: list[Case]) -> int:
    """Show agreement, and each healthy object that we call otherwise."""
    agreement = sum(case.agrees(case.ours) for case in found) / len(found)
    healthy = [case for case in found if case.expected == "Healthy"]
    bad = [case for case in healthy if not case.agrees(case.later)]
    turned = [case for case in bad if case.agrees(case.plain)]
    plain = sum(case.agrees(case.plain) for case in found) / len(found)
    print(f"{len(found)} cases: {agreement:.1%} agree (kstatus alone: {plain:.1%})")
    print(f"{len(turned)} of {len(healthy)} healthy objects are turned bad by our rules:")
    for case in bad:
        why = "ours" if case in turned else "kstatus says so too"
        print(f"  {case.path}: {case.later.reason}, {case.later.message} ({why})")
    missed = agreement < LEAST_AGREEMENT or len(turned) > MOST_TURNED * len(healthy)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
