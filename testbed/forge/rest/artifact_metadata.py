"""Artifact metadata of organisations: which image runs where."""

from __future__ import annotations

from testbed.forge.rest.organizations import organization
from testbed.forge.rest.routing import Call, serves
from testbed.forge.rest.views import Json


@serves(
    "POST /orgs/{org}/artifacts/metadata/deployment-record",
    ("artifact_metadata", "write"),
    status=200,
)
def create_deployment_record(call: Call) -> Json:
    """Keep a record; one of the same environment, cluster and name is replaced."""
    records = organization(call).deployment_records
    place = ("logical_environment", "physical_environment", "cluster", "deployment_name")
    records[tuple(str(call.body.get(key, "")) for key in place)] = dict(call.body)
    return {"total_count": 1}
