"""Builds what `tag` talks to: the job, the clock, and GitHub for what the event lacks."""

from __future__ import annotations

from gitops_action.adapters.clock import system_clock
from gitops_action.adapters.workflow import read_job
from gitops_action.app.commands import Context
from gitops_action.commands import tag
from gitops_action.core.inputs import TagInputs, Values, tag_inputs
from gitops_action.core.outcome import Outcome
from gitops_action.core.tags.event import repository_facts_of


def run(values: Values, context: Context) -> Outcome:
    """Check the inputs together, build the ports, run."""
    inputs = tag_inputs(values, context.environ)
    return tag.run(inputs, build_ports(inputs, context))


def build_ports(inputs: TagInputs, context: Context) -> tag.TagPorts:
    """GitHub is connected only where the event does not tell everything by itself."""
    clock, job = system_clock(context.environ), read_job(context.environ)
    texts = (inputs.tags, inputs.flavor, inputs.labels, inputs.annotations)
    complete = repository_facts_of(job) and not any("commit_date" in text for text in texts)
    if complete or not inputs.source_token:
        return tag.TagPorts(job=job, clock=clock)
    from gitops_action.adapters.github import GitHubSourceFacts, connect  # noqa: PLC0415 - loads requests

    client = connect(inputs.source_token, inputs.api_url, inputs.graphql_url, clock)
    return tag.TagPorts(job=job, clock=clock, facts=GitHubSourceFacts(client))
