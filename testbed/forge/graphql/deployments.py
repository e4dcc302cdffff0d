"""Deployments of a repository and of a commit."""

from __future__ import annotations

import json

from testbed.forge import deployments
from testbed.forge.graphql.connections import Connection
from testbed.forge.graphql.fields import Arguments, Context, field, named, plain
from testbed.forge.graphql.nodes import CommitNode, commit_node, ref_node
from testbed.forge.graphql.query import demand
from testbed.forge.model import Repository
from testbed.forge.records import Deployment, DeploymentStatus
from testbed.forge.rest.views import node_id, stamp

named(Deployment, "Deployment")
named(DeploymentStatus, "DeploymentStatus")


def _payload(deployment: Deployment) -> str:
    return json.dumps(deployment.payload)


plain(
    "Deployment",
    {
        "databaseId": lambda d: d.id,
        "commitOid": lambda d: d.oid,
        "createdAt": lambda d: stamp(d.created_at),
        "updatedAt": lambda d: stamp((d.statuses[-1] if d.statuses else d).created_at),
        "creator": lambda d: d.creator,
        "description": lambda d: d.description or "",
        "environment": lambda d: d.environment,
        "latestEnvironment": lambda d: d.environment,
        "originalEnvironment": lambda d: d.environment,
        "payload": _payload,
        "task": lambda d: d.task,
        "latestStatus": lambda d: d.statuses[-1] if d.statuses else None,
        "statuses": lambda d: Connection(items=list(reversed(d.statuses))),
    },
)
plain(
    "DeploymentStatus",
    {
        "id": lambda s: node_id("DES", s.id),
        "createdAt": lambda s: stamp(s.created_at),
        "updatedAt": lambda s: stamp(s.created_at),
        "creator": lambda s: s.creator,
        "description": lambda s: s.description,
        "environment": lambda s: s.environment,
        "environmentUrl": lambda s: s.environment_url or None,
        "logUrl": lambda s: s.log_url or None,
        "state": lambda s: s.state.upper(),
    },
)


@field("Repository.deployments", "environments", "orderBy")
def listed(source: Repository, context: Context, arguments: Arguments) -> Connection:
    """List deployments, oldest first unless asked otherwise."""
    demand(context, source, "deployments")
    names = arguments.get("environments")
    found = [d for d in source.deployments.values() if not names or d.environment in names]
    order = arguments.get("orderBy") or {"direction": "ASC"}
    found.sort(key=lambda d: (d.created_at, d.id), reverse=order["direction"] == "DESC")
    return Connection(items=found)


@field("Commit.deployments", "environments", "orderBy")
def of_commit(source: CommitNode, context: Context, arguments: Arguments) -> Connection:
    """List the deployments of one commit."""
    found = listed(source.repository, context, arguments)
    return Connection(items=[d for d in found.items if d.oid == source.commit.oid])


@field("Deployment.state")
def state(source: Deployment, context: Context, _arguments: Arguments) -> str:
    """Return how it is."""
    return deployments.state(context.world, source)


def _home(source: Deployment, context: Context) -> Repository:
    every = context.world.repositories.values()
    return next(r for r in every if r.deployments.get(source.id) is source)


@field("Deployment.id")
def identifier(source: Deployment, context: Context, _arguments: Arguments) -> str:
    """Return the node id."""
    return node_id("DE", _home(source, context).id, source.id)


@field("Deployment.repository")
def repository(source: Deployment, context: Context, _arguments: Arguments) -> Repository:
    """Return its repository."""
    return _home(source, context)


@field("Deployment.commit")
def commit(source: Deployment, context: Context, _arguments: Arguments) -> object:
    """Return its commit."""
    return commit_node(_home(source, context), source.oid)


@field("Deployment.ref")
def ref(source: Deployment, context: Context, _arguments: Arguments) -> object:
    """Return its branch, None where it was made for a commit or the branch is gone."""
    return ref_node(_home(source, context), f"refs/heads/{source.ref}")
