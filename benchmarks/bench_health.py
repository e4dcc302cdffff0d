"""How far our health agrees with Argo CD's on its own test objects.

    python -m benchmarks.bench_health [CHECKOUT]

CHECKOUT is a clone of argoproj/argo-cd, whose `resource_customizations/**/health_test.yaml` are
read; without one it is the release that the tests use. An object agrees when both call it healthy
or both do not. Suspended counts as healthy. Objects are judged as if they had just been created,
since a status may be missing only then. Ends with 1 when a figure misses its target.
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
from testbed.argocd import health_tests

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


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """How far ours agree with Argo CD's.

    Attributes:
        cases: all of them.
        share: of the cases in which ours agrees, from 0 to 1.
        plain: the same of kstatus alone.
        healthy: how many Argo CD calls healthy.
        bad: healthy ones that are called otherwise, also by kstatus.
        turned: those of them that only our rules call otherwise.
    """

    cases: int
    share: float
    plain: float
    healthy: int
    bad: tuple[Case, ...]
    turned: tuple[Case, ...]

    @property
    def reached(self) -> bool:
        """Whether both figures are met."""
        few = len(self.turned) <= MOST_TURNED * self.healthy
        return self.share >= LEAST_AGREEMENT and few


def measure(checkout: Path) -> Agreement:
    """Compare every case.

    Raises:
        FileNotFoundError: the checkout has none.
    """
    found = list(cases(checkout))
    if not found:
        raise FileNotFoundError(f"no health_test.yaml below {checkout}/resource_customizations")
    healthy = [case for case in found if case.expected == "Healthy"]
    bad = tuple(case for case in healthy if not case.agrees(case.later))
    return Agreement(
        cases=len(found),
        share=sum(case.agrees(case.ours) for case in found) / len(found),
        plain=sum(case.agrees(case.plain) for case in found) / len(found),
        healthy=len(healthy),
        bad=bad,
        turned=tuple(case for case in bad if case.agrees(case.plain)),
    )


def main(arguments: list[str]) -> int:
    """Print the figures and what differs; returns the exit code."""
    if len(arguments) > 1:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        found = measure(Path(arguments[0]) if arguments else health_tests())
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        return 2
    report(found)
    return 0 if found.reached else 1


def report(found: Agreement) -> None:
    """Show agreement, and each healthy object that we call otherwise."""
    print(f"{found.cases} cases: {found.share:.1%} agree (kstatus alone: {found.plain:.1%})")
    turned = len(found.turned)
    print(f"{turned} of {found.healthy} healthy objects are turned bad by our rules:")
    for case in found.bad:
        why = "ours" if case in found.turned else "kstatus says so too"
        print(f"  {case.path}: {case.later.reason}, {case.later.message} ({why})")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
