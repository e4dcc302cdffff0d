"""Deployments with the workflow runs that prove them, read in few requests.

The runs' jobs are read as check runs of the commits that were deployed: one request for many
commits, where REST has one for each run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import cast, get_args

from gitops_action.adapters.github.branch import actor
from gitops_action.adapters.github.client import GitHubClient, owner_and_name
from gitops_action.adapters.github.errors import Purpose
from gitops_action.adapters.github.reply import Reply
from gitops_action.core.config import Environment
from gitops_action.core.dataclass import dataclass
from gitops_action.core.deployments import proof, records
from gitops_action.core.deployments.payload import document_of
from gitops_action.errors import GitOpsError

_PAGE = 100
_LEAST = 10
"""A page of fewer Deployments is not worth a request."""
_COMMITS = 40
"""Commits whose runs one query reads."""
_ALONE = 10
"""Runs that are looked up one by one, because no deployed commit has them."""
_STATES = frozenset(get_args(records.DeploymentState))
_ORDER: Mapping[str, int] = {"queued": 0, "pending": 0, "in_progress": 1, "inactive": 3}


def deployments_document(environments: int) -> str:
    """Write the query for a page of Deployments of `$e0` … `$eN`, newest first, with statuses."""
    declared = "".join(f", $e{n}: [String!], $a{n}: String" for n in range(environments))
    pages = "\n".join(
        f"    e{n}: deployments(environments: $e{n}, first: $first, after: $a{n}, "
        "orderBy: {field: CREATED_AT, direction: DESC}) { ...Page }"
        for n in range(environments)
    )
    return f"""
query Deployments($owner: String!, $name: String!, $first: Int!{declared}) {{
  repository(owner: $owner, name: $name) {{
    defaultBranchRef {{ name }}
{pages}
  }}
}}
fragment Page on DeploymentConnection {{
  pageInfo {{ hasNextPage endCursor }}
  nodes {{
    databaseId commitOid environment payload createdAt task
    creator {{ __typename login }}
    statuses(first: 20) {{
      nodes {{ state description logUrl environmentUrl createdAt }}
    }}
  }}
}}
"""


def runs_document(commits: int) -> str:
    """Write the query for the workflow runs of `$c0` … `$cN`, with the jobs of all attempts."""
    declared = "".join(f", $c{n}: GitObjectID!" for n in range(commits))
    found = "\n".join(f"    c{n}: object(oid: $c{n}) {{ ...Runs }}" for n in range(commits))
    return f"""
query Runs($owner: String!, $name: String!{declared}) {{
  repository(owner: $owner, name: $name) {{
{found}
  }}
}}
fragment Runs on Commit {{
  oid
  checkSuites(first: 50) {{
    nodes {{
      branch {{ name }}
      creator {{ login }}
      repository {{ nameWithOwner }}
      workflowRun {{ databaseId event file {{ path }} }}
      checkRuns(first: 50, filterBy: {{checkType: ALL}}) {{
        nodes {{ databaseId name conclusion startedAt completedAt url }}
      }}
    }}
  }}
}}
"""


@dataclass(frozen=True, kw_only=True)
class _Listed:
    """A run as REST lists it: what GraphQL does not have."""

    title: str
    commit: str
    actor: str


class _ReadRuns:
    """What was read of runs so far."""

    def __init__(self) -> None:
        self.known: dict[int, proof.WorkflowRun] = {}
        self.listed: dict[int, _Listed] = {}
        self.unread: dict[int, str] = {}
        self.asked: set[str] = set()


class GitHubRecords:
    """The evaluated Deployments of one repository; runs are read once."""

    def __init__(self, client: GitHubClient, repository: str) -> None:
        """Name the repository, as OWNER/NAME."""
        self._names = owner_and_name(repository)
        self._client = client
        self._repository = repository
        self._found = _ReadRuns()
        self._branch = ""
        self.cut: frozenset[str] = frozenset()
        """Environments whose older Deployments the last reading left out."""

    def read(
        self,
        environments: Sequence[Environment],
        *,
        limit: int = 50,
        total: int | None = None,
        since: datetime | None = None,
    ) -> Mapping[str, tuple[proof.EvaluatedRecord, ...]]:
        """Each environment's newest records, newest first, proved or with the reason why not.

        Args:
            environments: as they are configured; earlier names are read too.
            limit: how many Deployments of an environment at most.
            total: how many of all environments together.
            since: Deployments made before are left out.

        Raises:
            GitOpsError: the Deployments cannot be read. Where their runs cannot, the records say
                so and prove nothing.
        """
        read = self._deployments(environments, limit, total or limit * len(environments), since)
        runs = self._runs([one for each in read.values() for one in each], environments)
        return {one.name: proof.evaluate_records(read[one.name], one, runs) for one in environments}

    def _deployments(
        self, environments: Sequence[Environment], limit: int, total: int, since: datetime | None
    ) -> Mapping[str, list[records.DeploymentFacts]]:
        found: dict[str, list[records.DeploymentFacts]] = {one.name: [] for one in environments}
        due: dict[str, tuple[list[str], str | None]] = {
            one.name: ([one.name, *one.formerly], None) for one in environments
        }
        cut: set[str] = set()
        while due:
            room = (total - sum(map(len, found.values()))) // len(due)
            if room < _LEAST and any(found.values()):
                cut.update(due)
                break
            answer = self._page(list(due.values()), min(limit, _PAGE, max(room, 1)))
            following: dict[str, tuple[list[str], str | None]] = {}
            for number, (name, (names, _)) in enumerate(due.items()):
                page = answer.at(f"e{number}")
                nodes = [_facts(node) for node in page.each("nodes")]
                found[name] += [one for one in nodes if not _before(one, since)]
                if not page.at("pageInfo").flag("hasNextPage") or any(
                    _before(one, since) for one in nodes
                ):
                    continue
                if len(found[name]) < limit:
                    following[name] = (names, page.at("pageInfo").whole("endCursor"))
                else:
                    cut.add(name)
            due = following
        self.cut = frozenset(cut)
        return {name: each[:limit] for name, each in found.items()}

    def _page(self, due: Sequence[tuple[list[str], str | None]], first: int) -> Reply:
        variables: dict[str, object] = {**self._names, "first": first}
        for number, (names, cursor) in enumerate(due):
            variables |= {f"e{number}": names, f"a{number}": cursor}
        purpose = self._purpose("list Deployments", "deployments: read")
        answer = self._client.graphql(deployments_document(len(due)), variables, purpose)
        repository = answer.at("repository")
        self._branch = repository.at("defaultBranchRef").text("name")
        return repository

    def _runs(
        self, history: Sequence[records.DeploymentFacts], environments: Sequence[Environment]
    ) -> proof.Runs:
        named = {number for one in history if (number := proof.run_of(one)[0])}
        self._read_commits(one.commit for one in history)
        workflows = sorted({one.deploy.workflow for one in environments})
        self._read_dispatched(named, workflows)
        left = sorted(named - self._found.known.keys() - self._found.unread.keys(), reverse=True)
        self._read_alone(left[:_ALONE])
        return proof.Runs(
            repository=self._repository,
            branch=self._branch,
            known=self._found.known,
            unread=self._found.unread,
            unsought=frozenset(left[_ALONE:]) - self._found.known.keys(),
        )

    def _read_commits(self, commits: Iterable[str]) -> None:
        """The runs of these commits, many at a time; what cannot be read is looked up alone."""
        due = [one for one in dict.fromkeys(commits) if one not in self._found.asked]
        self._found.asked.update(due)
        for start in range(0, len(due), _COMMITS):
            some = due[start : start + _COMMITS]
            variables = {**self._names, **{f"c{n}": one for n, one in enumerate(some)}}
            purpose = self._purpose("read workflow runs", "checks: read` and `actions: read")
            try:
                answer = self._client.graphql(runs_document(len(some)), variables, purpose)
            except GitOpsError:
                return
            for number in range(len(some)):
                for run in _runs_of(answer.at("repository", f"c{number}")):
                    self._found.known[run.number] = run

    def _read_dispatched(self, named: set[int], workflows: Iterable[str]) -> None:
        """Runs that were dispatched: their names say for which commit, and GraphQL has no names."""
        known = self._found.known
        if not any(one not in known or known[one].event == "workflow_dispatch" for one in named):
            return
        for workflow in workflows:
            for one in self._listed(workflow):
                self._found.listed[one.number("id")] = _listing(one)
        heads = [self._found.listed[one].commit for one in named if one in self._found.listed]
        self._read_commits(heads)
        for number in named & known.keys() & self._found.listed.keys():
            known[number] = _titled(known[number], self._found.listed[number])
        for number in named & known.keys() - self._found.listed.keys():
            if known[number].event == "workflow_dispatch":  # its name has to be read alone
                del known[number]

    def _listed(self, workflow: str) -> Iterator[Reply]:
        path = self._client.path(
            self._repository, "actions", "workflows", workflow.rpartition("/")[2], "runs"
        )
        query = {"event": "workflow_dispatch", "per_page": _PAGE}
        purpose = self._purpose("list workflow runs", "actions: read")
        try:
            answer = self._client.reading(
                lambda: self._client.rest("GET", path, query=query), purpose
            )
        except GitOpsError:
            return
        yield from Reply(answer, "runs").each("workflow_runs")

    def _read_alone(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            try:
                run = self._alone(number)
            except GitOpsError as error:
                self._found.unread[number] = str(error)
                continue
            if run is not None:
                self._found.known[number] = run

    def _alone(self, number: int) -> proof.WorkflowRun | None:
        """One run and its jobs; None for one that is gone."""
        path = self._client.path(self._repository, "actions", "runs", str(number))
        found = self._optional(path, {})
        if found is None:
            return None
        jobs = self._optional(f"{path}/jobs", {"filter": "all", "per_page": _PAGE})
        listed = _listing(found)
        return proof.WorkflowRun(
            number=number,
            path=found.text("path"),
            repository=found.at("head_repository").text("full_name"),
            branch=found.text("head_branch"),
            commit=listed.commit,
            event=found.text("event"),
            title=listed.title,
            actor=listed.actor,
            jobs=tuple(_rest_job(one) for one in jobs.each("jobs")) if jobs else (),
        )

    def _optional(self, path: str, query: Mapping[str, object]) -> Reply | None:
        purpose = self._purpose("read a workflow run", "actions: read")
        answer = self._client.found(path, purpose, query)
        return None if answer is None else Reply(answer, "run")

    def _purpose(self, operation: str, permission: str) -> Purpose:
        return Purpose(operation=operation, permission=permission, repository=self._repository)


def _before(facts: records.DeploymentFacts, since: datetime | None) -> bool:
    return since is not None and facts.created is not None and facts.created < since


def _facts(node: Reply) -> records.DeploymentFacts:
    statuses = [one for each in node.at("statuses").each("nodes") if (one := _status(each))]
    return records.DeploymentFacts(
        number=node.number("databaseId"),
        environment=node.text("environment"),
        commit=node.text("commitOid"),
        payload=document_of(node.anything("payload")) or {},
        statuses=tuple(sorted(statuses, key=_age, reverse=True)),
        created=node.moment("createdAt"),
        creator=actor(node.at("creator")),
        task=node.text("task") or "deploy",
    )


def _age(status: records.DeploymentStatus) -> tuple[datetime, int]:
    """By time, which GitHub rounds to a second; within one, in the order we write them."""
    return status.at or datetime.min.replace(tzinfo=UTC), _ORDER.get(status.state, 2)


def _status(node: Reply) -> records.DeploymentStatus | None:
    state = node.text("state").lower()
    if state not in _STATES:
        return None
    return records.DeploymentStatus(
        state=cast("records.DeploymentState", state),
        description=node.text("description"),
        log_url=node.text("logUrl"),
        environment_url=node.text("environmentUrl"),
        at=node.moment("createdAt"),
    )


def _runs_of(commit: Reply) -> Iterator[proof.WorkflowRun]:
    for suite in commit.at("checkSuites").each("nodes"):
        run = suite.at("workflowRun")
        if run:
            yield proof.WorkflowRun(
                number=run.number("databaseId"),
                path=run.at("file").text("path"),
                repository=suite.at("repository").text("nameWithOwner"),
                branch=suite.at("branch").text("name"),
                commit=commit.text("oid"),
                event=run.text("event"),
                actor=suite.at("creator").text("login"),
                jobs=tuple(_job(one) for one in suite.at("checkRuns").each("nodes")),
            )


def _job(node: Reply) -> proof.WorkflowJob:
    return proof.WorkflowJob(
        number=node.number("databaseId"),
        name=node.text("name"),
        conclusion=node.text("conclusion").lower(),
        started=node.moment("startedAt"),
        completed=node.moment("completedAt"),
        url=node.text("url"),
    )


def _rest_job(node: Reply) -> proof.WorkflowJob:
    return proof.WorkflowJob(
        number=node.number("id"),
        name=node.text("name"),
        conclusion=node.text("conclusion"),
        started=node.moment("started_at"),
        completed=node.moment("completed_at"),
        url=node.text("html_url"),
    )


def _listing(node: Reply) -> _Listed:
    return _Listed(
        title=node.text("display_title"),
        commit=node.text("head_sha"),
        actor=node.at("triggering_actor").text("login") or node.at("actor").text("login"),
    )


def _titled(run: proof.WorkflowRun, listed: _Listed) -> proof.WorkflowRun:
    return replace(run, title=listed.title, actor=listed.actor or run.actor)
