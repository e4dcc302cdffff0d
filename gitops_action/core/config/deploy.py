"""How an environment is deployed, as resolved values: targets, prune budget, health."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

Engine = Literal["push", "flux"]
Access = Literal["cluster", "none"]

CONFIRMED_KINDS = ("Namespace", "PersistentVolumeClaim", "CustomResourceDefinition")
"""Kinds whose deletion loses data or takes much else with it."""


@dataclass(frozen=True, kw_only=True)
class PruneBudget:
    """What a deployment may delete without being asked.

    Exactly one of `max_percent` (of the environment's objects, 0 to 100) and `max_count` is set.
    Objects of the kinds in `confirm` are never deleted without a confirmation.
    """

    max_percent: float | None = 20.0
    max_count: int | None = None
    confirm: tuple[str, ...] = CONFIRMED_KINDS


@dataclass(frozen=True, kw_only=True)
class KindRule:
    """What health is for one custom kind.

    `current`, `failed` and `in_progress` are expressions of the Common Expression Language that
    read an object's top-level fields as variables (`status.phase == 'Ready'`), as Flux's
    `healthCheckExprs` do; empty ones are never true. They are known to compile.
    """

    group: str
    kind: str
    current: str
    failed: str = ""
    in_progress: str = ""


@dataclass(frozen=True, kw_only=True)
class Health:
    """How long to wait for health, and what it is.

    `tolerate_restarts` is how many restarts of a container are no failure yet; `kinds` are the
    rules for custom kinds.
    """

    timeout: timedelta = timedelta(minutes=10)
    tolerate_restarts: int = 3
    kinds: tuple[KindRule, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Target:
    """One cluster (or one part of it) that an environment is deployed to.

    Attributes:
        name: unique in its environment; `default` for the single form.
        engine: `push` applies from the job; `flux` waits until Flux runs the commit.
        kustomizations: Flux Kustomizations as `namespace/name`; empty: found by their path.
        context: the kubeconfig context; empty for the current one.
        access: `none` where the job cannot reach the cluster and reads commit statuses instead.
        status_prefix: start of the commit status contexts that Flux's notification-controller
            writes (`<kind>/<name>/<start of the provider's uid>`); set when `access` is `none`.
    """

    name: str
    engine: Engine
    kustomizations: tuple[str, ...] = ()
    context: str = ""
    access: Access = "cluster"
    status_prefix: str = ""


@dataclass(frozen=True, kw_only=True)
class Deploy:
    """Where and how an environment is deployed. No targets: nothing is deployed by us."""

    targets: tuple[Target, ...] = ()
    prune: PruneBudget = field(default_factory=PruneBudget)
    health: Health = field(default_factory=Health)
