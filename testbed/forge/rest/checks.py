"""Check runs and check suites; only Apps write them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from testbed.forge import checks
from testbed.forge.errors import ApiError, forbidden, invalid, not_found
from testbed.forge.records import Account, CheckRun, CheckSuite
from testbed.forge.rest.routing import Call, Reply, page, serves
from testbed.forge.rest.views import Json, api, commit_view, node_id, repository_view, stamp, user

READ, WRITE = ("checks", "read"), ("checks", "write")
_COMMIT = "/repos/{owner}/{repo}/commits/{ref}"
_RUNS = "/repos/{owner}/{repo}/check-runs"
_SUITE = "/repos/{owner}/{repo}/check-suites/{check_suite_id}"


def app_view(call: Call, bot: Account) -> Json:
    """Write the App behind a bot."""
    slug = bot.login.removesuffix("[bot]")
    return {
        "id": bot.app_id,
        "slug": slug,
        "node_id": node_id("A", slug),
        "owner": user(call.world, bot),
        "name": slug,
        "description": "",
        "external_url": f"{call.world.url}/apps/{slug}",
        "html_url": f"{call.world.url}/apps/{slug}",
        "created_at": "2020-01-01T00:00:00Z",
        "updated_at": "2020-01-01T00:00:00Z",
        "permissions": {},
        "events": [],
    }


def run_view(call: Call, run: CheckRun) -> Json:
    """Write a check run."""
    url = f"{api(call.world, call.repository)}/check-runs/{run.id}"
    html = run.details_url or f"{call.world.url}/{call.repository.full_name}/runs/{run.id}"
    return {
        "id": run.id,
        "node_id": node_id("CR", call.repository.id, run.id),
        "name": run.name,
        "head_sha": run.oid,
        "external_id": run.external_id,
        "url": url,
        "html_url": html,
        "details_url": html,
        "status": run.status,
        "conclusion": run.conclusion,
        "started_at": stamp(run.started_at),
        "completed_at": stamp(run.completed_at),
        "output": {
            **{name: run.output.get(name) for name in ("title", "summary", "text")},
            "annotations_count": 0,
            "annotations_url": f"{url}/annotations",
        },
        "check_suite": {"id": run.suite.id},
        "app": app_view(call, run.app),
        "pull_requests": [],
    }


def _suite_view(call: Call, suite: CheckSuite) -> Json:
    repository = call.repository
    url = f"{api(call.world, repository)}/check-suites/{suite.id}"
    commit = repository.git.commit(suite.oid)
    plain = commit_view(call.world, repository, suite.oid)["commit"]
    return {
        "id": suite.id,
        "node_id": node_id("CS", repository.id, suite.id),
        "head_branch": suite.branch or None,
        "head_sha": suite.oid,
        "status": checks.suite_status(repository, suite),
        "conclusion": checks.suite_conclusion(repository, suite),
        "url": url,
        "before": commit.parents[0] if commit.parents else None,
        "after": suite.oid,
        "pull_requests": [],
        "app": app_view(call, suite.app),
        "repository": repository_view(call.world, repository),
        "created_at": stamp(suite.created_at),
        "updated_at": stamp(suite.updated_at),
        "head_commit": {
            "id": suite.oid,
            "tree_id": commit.tree,
            "message": plain["message"],
            "timestamp": plain["committer"]["date"],
            "author": {key: plain["author"][key] for key in ("name", "email")},
            "committer": {key: plain["committer"][key] for key in ("name", "email")},
        },
        "latest_check_runs_count": len(checks.latest(checks.of_suite(repository, suite))),
        "check_runs_url": f"{url}/check-runs",
    }


def _oid(call: Call) -> str:
    oid = call.repository.git.resolve(call.parameters["ref"])
    if oid is None:
        raise not_found()
    return oid


def _listed(call: Call, runs: list[CheckRun]) -> Reply:
    query = call.query
    found = runs if query.get("filter") == "all" else checks.latest(runs)
    found = [
        run
        for run in found
        if query.get("check_name") in {None, run.name}
        and query.get("status") in {None, run.status}
        and query.get("app_id") in {None, str(run.app.app_id)}
    ]
    views = [run_view(call, run) for run in reversed(found)]
    return _paged(call, "check_runs", "check-runs", views)


def _paged(call: Call, name: str, tail: str, views: list[Json]) -> Reply:
    below = f"{api(call.world, call.repository)}/commits/{call.parameters.get('ref')}/{tail}"
    shown, headers = page(call, below, views)
    return Reply(body={"total_count": len(views), name: shown}, headers=headers)


@serves("GET " + _COMMIT + "/check-runs", READ)
def list_check_runs(call: Call) -> Reply:
    """List a commit's check runs, newest first; of each name and suite the newest."""
    return _listed(call, call.repository.checks.get(_oid(call), []))


@serves("GET " + _COMMIT + "/check-suites", READ)
def list_check_suites(call: Call) -> Reply:
    """List a commit's check suites, by App."""
    oid, asked = _oid(call), call.query.get("app_id")
    found = [suite for suite in call.repository.suites.values() if suite.oid == oid]
    views = [_suite_view(call, s) for s in found if asked in {None, str(s.app.app_id)}]
    return _paged(call, "check_suites", "check-suites", views)


def _suite(call: Call) -> CheckSuite:
    found = call.repository.suites.get(call.number("check_suite_id"))
    if found is None:
        raise not_found()
    return found


@serves("GET " + _SUITE, READ)
def get_suite(call: Call) -> Json:
    """Read a check suite."""
    return _suite_view(call, _suite(call))


@serves("GET " + _SUITE + "/check-runs", READ)
def list_suite_runs(call: Call) -> Reply:
    """List the check runs of a suite."""
    return _listed(call, checks.of_suite(call.repository, _suite(call)))


def _run(call: Call) -> CheckRun:
    number = call.number("check_run_id")
    for runs in call.repository.checks.values():
        for run in runs:
            if run.id == number:
                return run
    raise not_found()


@serves("GET " + _RUNS + "/{check_run_id}", READ)
def get_run(call: Call) -> Json:
    """Read a check run."""
    return run_view(call, _run(call))


def _writer(call: Call) -> Account:
    if call.token is None or not call.token.signs:
        raise ApiError(status=403, message="You must authenticate via a GitHub App.")
    return call.token.account


@serves("POST " + _RUNS, WRITE, status=201, creates=True)
def create_run(call: Call) -> Json:
    """Report a check run."""
    app, repository, body = _writer(call), call.repository, call.body
    oid = body["head_sha"]
    if repository.git.resolve(oid) != oid:
        raise invalid(f"No commit found for SHA: {oid}")
    run = CheckRun(
        id=call.world.next_id(),
        oid=oid,
        name=body["name"],
        suite=checks.suite(call.world, repository, oid, app),
        status=body.get("status", "queued"),
        conclusion=None,
        started_at=_time(call, "started_at"),
    )
    _change(call, run, body)
    checks.add(call.world, repository, run, call.actor, "created")
    return run_view(call, run)


@serves("PATCH " + _RUNS + "/{check_run_id}", WRITE)
def update_run(call: Call) -> Json:
    """Change a check run of the App's own."""
    run = _run(call)
    if _writer(call).id != run.app.id:
        raise forbidden(
            "Invalid app_id `" + str(run.app.app_id) + "` - check run can only be "
            "modified by the GitHub App that created it."
        )
    run.name = call.body.get("name", run.name)
    run.status = call.body.get("status", run.status)
    _change(call, run, call.body)
    checks.add(call.world, call.repository, run, call.actor, "completed")
    return run_view(call, run)


def _change(call: Call, run: CheckRun, body: Any) -> None:
    run.details_url = body.get("details_url", run.details_url)
    run.external_id = body.get("external_id", run.external_id)
    run.output = body.get("output", run.output)
    if body.get("conclusion"):
        run.conclusion, run.status = body["conclusion"], "completed"
        run.completed_at = _time(call, "completed_at")


def _time(call: Call, name: str) -> datetime:
    given = call.body.get(name)
    return datetime.fromisoformat(given) if given else call.world.now()
