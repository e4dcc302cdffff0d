"""A REST request from its path to its answer, checked against GitHub's description."""

from __future__ import annotations

import functools
import importlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from testbed.forge.errors import ApiError, not_found
from testbed.forge.rest.routing import OPERATIONS, Call, Operation, Reply, Router, page
from testbed.forge.schema_openapi import Description
from testbed.forge.world import World

_AREAS = (
    *("meta", "repositories", "git", "trees", "contents", "commits", "pulls", "issues", "statuses"),
    *("actions", "dispatches", "runs", "deployments", "reviews", "checks", "activity"),
    *("reactions", "artifact_metadata", "attestations"),
    *("collaborators", "organizations", "rules", "environments", "releases", "settings"),
)


_BARE_LISTS = {"POST /repos/{owner}/{repo}/issues/{issue_number}/labels": "labels"}
"""Bodies that may be the list alone, as the property's text in the description says."""


@functools.cache
def description() -> Description:
    """Return what GitHub describes of the operations served here."""
    for area in _AREAS:
        importlib.import_module(f"testbed.forge.rest.{area}")
    return Description(OPERATIONS)


@functools.cache
def _routers() -> tuple[Router, Router]:
    described = description()
    served = Router({route: described.greedy(route) for route in OPERATIONS})
    return served, Router(dict.fromkeys(described.known, frozenset()))


def find(method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
    """Return the served operation for a request."""
    description()
    found = _routers()[0].find(method, path)
    return (OPERATIONS[found[0]], found[1]) if found else None


def unserved(world: World, method: str, path: str) -> ApiError:
    """Record a call that we do not serve, and say which kind of mistake it is."""
    known = _routers()[1].find(method, path)
    text = (
        f"{method} {path} ({known[0]}) is not served by the double"
        if known
        else f"{method} {path} is not in GitHub's description"
    )
    world.problem(text)
    return ApiError(status=501, message=text)


def answer(operation: Operation, call: Call, method_path: str, body_given: Any) -> Reply:
    """Check rights and the request, carry it out, check the answer."""
    world = call.world
    if isinstance(body_given, list) and operation.route in _BARE_LISTS:
        body_given = {_BARE_LISTS[operation.route]: body_given}
        call = replace(call, body=body_given)
    try:
        call = _entitled(operation, call)
        _demand_described(world, operation, method_path, call.query, body_given)
        reply = _carried_out(operation, call)
    except ApiError as error:
        reply = Reply(status=error.status, body=error.body(), headers=error.headers)
    return _checked(world, operation, method_path, reply)


def _demand_described(
    world: World, operation: Operation, method_path: str, query: Mapping[str, str], body: Any
) -> None:
    faulty = description().check_request(operation.route, query, body)
    if faulty:
        world.problem(f"{method_path}: request: {'; '.join(faulty)}")
        raise ApiError(status=422, message=f"Invalid request.\n\n{'; '.join(faulty)}")


def _entitled(operation: Operation, call: Call) -> Call:
    parameters, token = call.parameters, call.token
    if "org" in parameters and operation.rights:
        _demand_member(operation, call)
    if "repo" not in parameters:
        return call
    full_name = f"{parameters['owner']}/{parameters['repo']}"
    repository = call.world.repository(full_name, token)
    if "org" in parameters:
        return replace(call, repository_=repository)
    if token is not None:
        token.demand(repository, operation.rights)
    elif operation.route.split(" ", 1)[0] != "GET":
        raise ApiError(status=401, message="Requires authentication")
    return replace(call, repository_=repository)


def _demand_member(operation: Operation, call: Call) -> None:
    """Refuse those who may not see an organisation's members: strangers, Apps without the right."""
    if call.token is None:
        raise ApiError(status=401, message="Requires authentication")
    organization = call.world.organizations.get(call.parameters["org"].lower())
    if organization is None:
        raise not_found()
    call.token.demand_organization(organization, operation.rights)


def _carried_out(operation: Operation, call: Call) -> Reply:
    result = operation.handler(call)
    if isinstance(result, Reply):
        return result
    headers: Mapping[str, str] = {}
    if operation.paged:
        if not isinstance(result, list):
            raise not_found()
        url = call.base + operation.route.split(" ", 1)[1].format(**call.parameters)
        result, headers = page(call, url, result)
    return Reply(status=operation.status, body=result, headers=headers)


def _checked(world: World, operation: Operation, method_path: str, reply: Reply) -> Reply:
    if isinstance(reply.body, bytes):
        return reply
    plain = json.loads(json.dumps(reply.body))
    kind = reply.content_type.split(";")[0]
    faulty = description().check_response(operation.route, reply.status, kind, plain)
    if not faulty:
        return reply
    text = f"{method_path}: response {reply.status}: {'; '.join(faulty)}"
    world.problem(text)
    return Reply(status=500, body={"message": f"The double broke GitHub's description: {text}"})
