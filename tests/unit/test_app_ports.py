"""Which adapters a bump gets; nothing is sent while they are built."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from gitops_action.adapters.clock import SystemClock
from gitops_action.adapters.git import GitStore
from gitops_action.adapters.github import ApiContentStore, GitHubForge, connect
from gitops_action.adapters.worktree import WorktreeStore
from gitops_action.app.bump import AutoStore, build_ports, content_store
from gitops_action.app.tools import Context
from gitops_action.core.inputs import BUMP, BumpInputs, bump_inputs, check_values
from gitops_action.core.inputs.values import with_defaults
from gitops_action.core.pull_requests import Identity
from gitops_action.core.redaction.known import Redactor
from gitops_action.errors import UsageError
from tests.support.reporters import QUIET

CONTEXT = Context(environ={"SOURCE_DATE_EPOCH": "0"}, redactor=Redactor(), reporter=QUIET)
REMOTE = {"images": "ghcr.io/acme/web:v1", "repository": "acme/environment", "token": "t"}


def inputs(**given: str) -> BumpInputs:
    texts = {name.replace("_", "-"): text for name, text in given.items()}
    return bump_inputs(check_values(BUMP, with_defaults(BUMP, texts, {})), {})


def test_local_has_a_folder_and_nothing_else(tmp_path: Path) -> None:
    given = inputs(images="a:1", mode="local", working_directory=str(tmp_path))
    with ExitStack() as stack:
        ports = build_ports(given, CONTEXT, stack, tell=print)
    assert isinstance(ports.store, WorktreeStore)
    assert (ports.forge, ports.registry, ports.history) == (None, None, None)
    assert ports.clock.now().year == 1970


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    given = inputs(images="a:1", mode="local", working_directory=str(tmp_path / "gone"))
    with ExitStack() as stack, pytest.raises(UsageError, match="not a folder"):
        build_ports(given, CONTEXT, stack, tell=print)


@pytest.mark.parametrize(("transport", "kind"), [("auto", AutoStore), ("api", ApiContentStore)])
def test_the_transport_is_the_one_asked_for(transport: str, kind: type) -> None:
    with ExitStack() as stack:
        ports = build_ports(inputs(**REMOTE, transport=transport), CONTEXT, stack, tell=print)
    assert isinstance(ports.store, kind)
    assert ports.forge is not None
    assert ports.registry is not None
    assert ports.history is None


def test_commits_are_compared_where_there_is_a_token_for_them() -> None:
    with ExitStack() as stack:
        ports = build_ports(inputs(**REMOTE, source_token="s"), CONTEXT, stack, tell=print)
    assert ports.history is not None


def test_sources_are_on_the_server_that_the_inputs_name() -> None:
    """Links and ancestry, also at a terminal; the run's own page stays where the run is."""
    environ = {"GITHUB_REPOSITORY": "acme/web", "GITHUB_RUN_ID": "7"}
    context = Context(environ=environ, redactor=Redactor(), reporter=QUIET)
    with ExitStack() as stack:
        given = inputs(**REMOTE, server_url="https://ghes.acme.dev")
        job = build_ports(given, context, stack, tell=print).job
    assert job.server_url == "https://ghes.acme.dev"
    assert job.run_url == "https://github.com/acme/web/actions/runs/7"


class KnownForge(GitHubForge):
    """Says who the token belongs to without asking."""

    def viewer(self) -> Identity:
        return Identity(login="bot[bot]", name="bot[bot]", email="1+bot[bot]@example.com")


def test_the_git_transport_leaves_nothing_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    given = inputs(**REMOTE, transport="git")
    clock = SystemClock()
    client = connect("t", given.api_url, given.graphql_url, clock)
    with ExitStack() as stack:
        forge = KnownForge(client, given.repository)
        store = content_store(given, client, forge, clock, stack, tell=print)
        assert isinstance(store, GitStore)
        assert list(tmp_path.iterdir())
    assert list(tmp_path.iterdir()) == []
