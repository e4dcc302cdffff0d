"""`tag` with its ports as values: where facts come from, and how the outcome is laid out."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pytest

from gitops_action.commands.tag import TagPorts, run
from gitops_action.core.inputs.tag import TagInputs
from gitops_action.core.outcome import Outcome
from gitops_action.core.tags import RepositoryFacts
from gitops_action.errors import UsageError
from tests.support.tag_events import COMMITTED, FACTS, HEAD, JOBS, NOW, SHA


class StoppedClock:
    """Now is fixed."""

    def now(self) -> datetime:
        return NOW

    def pause(self, attempt: int) -> None:
        raise AssertionError(attempt)


@dataclass(frozen=True)
class KnownFacts:
    """GitHub's answers; None where it gives none."""

    facts: RepositoryFacts | None = FACTS
    date: datetime | None = COMMITTED

    def repository(self, name: str) -> RepositoryFacts | None:
        assert name == "acme/hello"
        return self.facts

    def commit_date(self, repository: str, sha: str) -> datetime | None:
        assert repository == "acme/hello"
        return self.date if sha == SHA else None


class NoQuestions:
    """Nothing has to be asked: the event tells it all."""

    def repository(self, name: str) -> RepositoryFacts | None:
        raise AssertionError(name)

    def commit_date(self, repository: str, sha: str) -> datetime | None:
        raise AssertionError(repository, sha)


def tag(event: str, facts: Any = None, *, payload: Any = None, **inputs: Any) -> Outcome:
    job = JOBS[event] if payload is None else replace(JOBS[event], event=payload)
    return run(TagInputs(**inputs), TagPorts(job=job, clock=StoppedClock(), facts=facts))


def test_outputs() -> None:
    found = tag("v1.2.3", NoQuestions(), images="acme/web\nghcr.io/acme/web")
    assert found.outputs["version"] == "v1.2.3"
    assert found.outputs["tags"].splitlines() == [
        "acme/web:v1.2.3",
        "acme/web:latest",
        "ghcr.io/acme/web:v1.2.3",
        "ghcr.io/acme/web:latest",
    ]
    assert found.outputs["tag-names"] == "v1.2.3\nlatest"
    assert "org.opencontainers.image.version=v1.2.3" in found.outputs["labels"].splitlines()
    assert "manifest:org.opencontainers.image.title=hello" in found.outputs["annotations"]
    assert found.headline == "version v1.2.3"
    assert found.notices == ()
    assert found.exit_code == 0
    assert "`ghcr.io/acme/web:latest`" in found.summary


def test_json_has_the_keys_of_metadata_action() -> None:
    found = tag("v1.2.3", images="acme/web", labels="a=b=c")
    document = json.loads(found.outputs["json"])
    assert set(document) == {"tags", "tag-names", "labels", "annotations"}
    assert document["tags"] == ["acme/web:v1.2.3", "acme/web:latest"]
    assert document["tag-names"] == ["v1.2.3", "latest"]
    assert document["labels"]["a"] == "b=c"
    assert document["labels"]["org.opencontainers.image.revision"] == SHA
    assert "manifest:org.opencontainers.image.version=v1.2.3" in document["annotations"]
    assert found.data == {"version": "v1.2.3", **document}


def test_separators() -> None:
    found = tag("v1.2.3", sep_tags=",", sep_labels=" | ", sep_annotations=";")
    assert found.outputs["tags"] == found.outputs["tag-names"] == "v1.2.3,latest"
    assert found.outputs["labels"].count(" | ") == 7
    assert found.outputs["annotations"].count(";manifest:") == 7


def test_nothing_is_told_and_emits_nothing() -> None:
    found = tag("main", images="acme/web", tags="type=semver,pattern={{version}}")
    assert [found.outputs[name] for name in ("version", "tags", "tag-names")] == ["", "", ""]
    assert json.loads(found.outputs["json"])["tags"] == []
    assert [notice.level for notice in found.notices] == ["warning"]
    assert "no rule gave a tag" in found.notices[0].text
    assert found.headline == "no tag"
    assert "No image tag" in found.summary
    assert found.exit_code == 0


def test_warnings_become_notices() -> None:
    found = tag("sometag", tags="type=semver,pattern={{version}}\nfoo")
    assert ["'sometag' is not a semantic version" in notice.text for notice in found.notices] == [
        True
    ]


def test_an_error_is_an_error_of_use() -> None:
    with pytest.raises(UsageError) as caught:
        tag("main", tags="type=nope")
    assert caught.value.exit_code == 2


def test_facts_that_the_event_lacks_are_asked_for() -> None:
    found = tag("schedule", KnownFacts(), payload={"schedule": "0 3 * * *"}, tags="type=edge")
    assert found.outputs["version"] == "edge"
    labels = found.outputs["labels"].splitlines()
    assert "org.opencontainers.image.licenses=MIT" in labels
    assert "org.opencontainers.image.url=https://github.com/acme/hello" in labels


@pytest.mark.parametrize("facts", [None, KnownFacts(facts=None, date=None)])
def test_facts_that_nobody_tells_stay_empty(facts: Any) -> None:
    tags = "type=schedule\ntype=edge\ntype=raw,value={{commit_date 'YYYYMMDD'}}"
    found = tag("schedule", facts, payload={}, tags=tags)
    assert found.outputs["tag-names"] == "nightly\n20200110"
    assert "org.opencontainers.image.title=hello" in found.outputs["labels"]
    assert "org.opencontainers.image.url=\n" in found.outputs["labels"]


@pytest.mark.parametrize("where", ["tags", "labels", "annotations", "flavor"])
def test_the_commit_s_date_is_asked_for_where_it_is_needed(where: str) -> None:
    text = {
        "tags": "type=raw,value={{commit_date 'YYYYMMDD'}}",
        "flavor": "suffix=-{{commit_date 'YYYYMMDD'}}",
    }.get(where, "when={{commit_date 'YYYYMMDD'}}")
    found = tag("main", KnownFacts(), **{where: text})
    assert "20191231" in found.outputs["json"]


def test_the_event_s_own_date_comes_first() -> None:
    event = {"id": SHA, "timestamp": "2019-02-03T00:00:00Z"}
    payload = {**JOBS["main"].event, "head_commit": event}
    tags = "type=raw,value={{commit_date 'YYYYMMDD'}}"
    found = tag("main", NoQuestions(), payload=payload, tags=tags)
    assert found.outputs["version"] == "20190203"


@pytest.mark.parametrize("event", ["pr", "target", "review"])
def test_a_pull_request_s_own_head(event: str) -> None:
    head = tag(event, tags="type=sha", pull_request_head_sha=True)
    assert head.outputs["version"] == f"sha-{HEAD[:7]}"
    assert f"org.opencontainers.image.revision={HEAD}" in head.outputs["labels"]
    assert tag(event, tags="type=sha").outputs["version"] == f"sha-{SHA[:7]}"


def test_other_events_have_no_head_of_their_own() -> None:
    payload = {**JOBS["main"].event, "workflow_run": {"head_sha": HEAD}}
    job = replace(JOBS["main"], event_name="workflow_run", event=payload)
    inputs = TagInputs(tags="type=sha", pull_request_head_sha=True)
    found = run(inputs, TagPorts(job=job, clock=StoppedClock()))
    assert found.outputs["version"] == f"sha-{SHA[:7]}"
