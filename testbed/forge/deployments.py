"""Deployments and their statuses.

In a test: `repository.record_deployment("production", oid=oid, state="success", log_url=…)`.
A success makes the environment's earlier successes inactive when `auto_inactive` is asked for; a
deployment that is pending without news for 30 minutes counts as abandoned in GraphQL.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from testbed.forge.actors import Actor
from testbed.forge.errors import invalid
from testbed.forge.events import Event
from testbed.forge.model import Repository
from testbed.forge.records import Deployment, DeploymentStatus
from testbed.forge.world import World

DESCRIPTION_LIMIT = 140
NAME_LIMIT = 255
ABANDONED_AFTER = timedelta(minutes=30)
_STATES = {
    "success": "ACTIVE",
    "failure": "FAILURE",
    "error": "ERROR",
    "inactive": "INACTIVE",
    "in_progress": "IN_PROGRESS",
    "queued": "QUEUED",
    "pending": "PENDING",
}


@dataclass(frozen=True, kw_only=True)
class DeploymentOrder:
    """What a deployment is to be."""

    ref: str
    oid: str
    environment: str = "production"
    task: str = "deploy"
    payload: Mapping[str, Any] | str = ""
    description: str | None = None
    transient: bool = False
    production: bool = False


@dataclass(frozen=True, kw_only=True)
class StatusOrder:
    """What a deployment's status is to say."""

    state: str
    description: str = ""
    environment: str = ""
    log_url: str = ""
    environment_url: str = ""
    auto_inactive: bool = True


def create(
    world: World, repository: Repository, actor: Actor, order: DeploymentOrder
) -> Deployment:
    """Make a deployment.

    Raises:
        ApiError: 422, the environment's name is too long.
    """
    if len(order.environment) > NAME_LIMIT:
        text = f"environment is too long (maximum is {NAME_LIMIT} characters)"
        raise invalid("Validation Failed", message=text)
    made = Deployment(
        id=world.next_id(),
        ref=order.ref,
        oid=order.oid,
        task=order.task,
        environment=order.environment,
        payload=order.payload,
        description=order.description,
        creator=actor.account,
        created_at=world.now(),
        transient=order.transient,
        production=order.production,
    )
    with repository.lock:
        repository.deployments[made.id] = made
    _emit(world, repository, actor, "deployment", deployment=made, extra={})
    return made


def report(
    world: World, repository: Repository, actor: Actor, deployment: Deployment, order: StatusOrder
) -> DeploymentStatus:
    """Report on a deployment; a success may make the environment's earlier ones inactive.

    Raises:
        ApiError: 422, the description is too long.
    """
    if len(order.description) > DESCRIPTION_LIMIT:
        text = f"description is too long (maximum is {DESCRIPTION_LIMIT} characters)"
        raise invalid("Validation Failed", message=text)
    with repository.lock:
        made = _add(world, repository, actor, deployment, order)
        if order.state == "success" and order.auto_inactive:
            for other in repository.deployments.values():
                if _superseded(other, deployment, made.environment):
                    _add(world, repository, actor, other, StatusOrder(state="inactive"))
    return made


def _superseded(other: Deployment, deployment: Deployment, environment: str) -> bool:
    return (
        other is not deployment
        and other.environment == environment
        and not (other.transient or other.production)
        and bool(other.statuses)
        and other.statuses[-1].state == "success"
    )


def _add(
    world: World, repository: Repository, actor: Actor, deployment: Deployment, order: StatusOrder
) -> DeploymentStatus:
    made = DeploymentStatus(
        id=world.next_id(),
        state=order.state,
        description=order.description,
        environment=order.environment or deployment.environment,
        log_url=order.log_url,
        environment_url=order.environment_url,
        creator=actor.account,
        created_at=world.now(),
    )
    deployment.environment = made.environment
    deployment.statuses.append(made)
    extra = {"state": order.state}
    _emit(world, repository, actor, "deployment_status", deployment=deployment, extra=extra)
    return made


def state(world: World, deployment: Deployment) -> str:
    """GraphQL's state of a deployment."""
    last = deployment.statuses[-1] if deployment.statuses else None
    since = last.created_at if last else deployment.created_at
    found = _STATES[last.state] if last else "PENDING"
    silent = world.now() - since >= ABANDONED_AFTER
    return "ABANDONED" if found == "PENDING" and silent else found


def _emit(  # noqa: PLR0913 - the parts of an event
    world: World,
    repository: Repository,
    actor: Actor,
    name: str,
    *,
    deployment: Deployment,
    extra: Mapping[str, str],
) -> None:
    payload = {"id": deployment.id, "environment": deployment.environment, **extra}
    world.emit(
        Event(
            name=name,
            action="created",
            repository=repository.full_name,
            actor=actor.login,
            token_kind=actor.kind,
            ref=deployment.ref,
            oid=deployment.oid,
            payload=payload,
        )
    )
