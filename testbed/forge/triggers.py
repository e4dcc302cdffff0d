"""Which workflows an event starts: whose file runs, with which filters, and when none does.

A test that wants runs calls `forge.run_workflows()`; from then on events start queued runs, which
`repository.finish_run(run.id)` ends (an event `workflow_run` follows). `repository.schedule()`
fires every schedule of the default branch.

- What the job's own token sets off starts nothing, auto-merge that it switched on included; only
  dispatches do. A pull request that it opens, and a first-time contributor's fork, wait for a
  person.
- `pull_request*` execute the file of the pull request's merge commit (none while it conflicts),
  `merge_group` the group's, `push` the pushed commit's, everything else the default branch's.
- `workflow_run` chains stop at three; check events of GitHub Actions' own suites start nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from testbed.forge import access, pull_refs, runs, workflows
from testbed.forge.actors import Actor
from testbed.forge.events import Event
from testbed.forge.git.store import ABSENT
from testbed.forge.model import PullRequest, Repository
from testbed.forge.records import WorkflowRun
from testbed.forge.workflow_right import FOLDER
from testbed.forge.workflows import Workflow
from testbed.forge.world import ACTIONS, World

LONGEST_CHAIN = 3
_DISPATCHES = frozenset({"workflow_dispatch", "repository_dispatch"})
_DEFAULT_TYPES = {"pull_request": ("opened", "synchronize", "reopened")}
_REGULARS = frozenset({"OWNER", "MEMBER", "COLLABORATOR", "CONTRIBUTOR"})


def start(world: World, event: Event) -> list[WorkflowRun]:
    """Start the runs of an event; dispatches start theirs where they are asked for."""
    repository = world.repositories.get(event.repository.lower())
    if repository is None or event.name in _DISPATCHES or _silent(event):
        return []
    pull = repository.pulls.get(event.payload.get("number", 0)) if _of_pull(event) else None
    at = _commit(repository, event, pull)
    chain = _chain(repository, event)
    if at is None or chain > LONGEST_CHAIN:
        return []
    made = []
    for workflow in found(repository, at):
        if _listens(repository, workflow, event, pull):
            order = _order(world, repository, event, pull=pull, workflow=workflow, chain=chain)
            actor = Actor(account=world.account(event.actor), kind=event.token_kind)
            run = runs.start(world, repository, actor, order)
            if run.awaits_approval:
                run.status, run.conclusion = "completed", "action_required"
            made.append(run)
    return made


def _silent(event: Event) -> bool:
    """Return whether the event starts nothing by itself."""
    own = event.name in {"check_run", "check_suite"} and event.payload.get("app") == ACTIONS
    return own or (event.suppressed and not event.awaits_approval)


def _of_pull(event: Event) -> bool:
    return event.name.startswith("pull_request")


def _commit(repository: Repository, event: Event, pull: PullRequest | None) -> str | None:
    """The commit whose workflow files are executed."""
    if _of_pull(event):
        return pull_refs.merge_commit(pull) if pull else None
    if event.name in {"push", "merge_group"}:
        return None if event.oid == ABSENT else event.oid
    return repository.git.ref(f"refs/heads/{repository.default_branch}")


def _chain(repository: Repository, event: Event) -> int:
    if event.name != "workflow_run":
        return 0
    before = repository.runs.get(event.payload["run"])
    return before.chain + 1 if before else 1


def found(repository: Repository, oid: str) -> Iterable[Workflow]:
    """Read the workflow files of a commit."""
    entry = repository.git.entry(repository.git.commit(oid).tree, FOLDER.rstrip("/"))
    entries = repository.git.tree(entry.oid) if entry and entry.kind == "tree" else []
    for each in entries:
        if each.name.endswith((".yml", ".yaml")):
            path = f"{FOLDER}{each.name}"
            yield workflows.parse(path, repository.git.blob(each.oid) or b"")


def _listens(
    repository: Repository, workflow: Workflow, event: Event, pull: PullRequest | None
) -> bool:
    filters = workflow.triggers.get(event.name)
    if filters is None:
        return False
    types = _listed(filters.get("types")) or _DEFAULT_TYPES.get(event.name, ())
    if types and event.action not in types:
        return False
    if event.name == "workflow_run":
        named = _listed(filters.get("workflows"))
        if named and event.payload["workflow"] not in named:
            return False
    branch = pull.base if pull else event.ref.removeprefix("refs/heads/")
    return _branch_fits(filters, branch, event) and _paths_fit(repository, filters, event, pull)


def _branch_fits(filters: Mapping[str, Any], branch: str, event: Event) -> bool:
    if event.ref.startswith("refs/tags/"):
        tags = _listed(filters.get("tags"))
        return (
            fits(tags, event.ref.removeprefix("refs/tags/")) if tags else "branches" not in filters
        )
    if "tags" in filters and not {"branches", "branches-ignore"} & filters.keys():
        return False
    only, never = _listed(filters.get("branches")), _listed(filters.get("branches-ignore"))
    base = str(event.payload.get("base", branch)) if event.name == "merge_group" else branch
    return (not only or fits(only, base)) and not (never and fits(never, base))


def _paths_fit(
    repository: Repository, filters: Mapping[str, Any], event: Event, pull: PullRequest | None
) -> bool:
    only, never = _listed(filters.get("paths")), _listed(filters.get("paths-ignore"))
    if not (only or never) or not (pull or event.name == "push"):
        return True
    before = event.payload.get("before", ABSENT)
    if pull:
        before = repository.history.merge_base(pull.base_oid, pull.head_oid) or ABSENT
    if before == ABSENT:
        return True
    paths = [c.path for c in repository.history.changes(before, event.oid)]
    if only:
        return any(fits(only, path) for path in paths)
    return any(not fits(never, path) for path in paths)


def _order(  # noqa: PLR0913 - what a run follows from
    world: World,
    repository: Repository,
    event: Event,
    *,
    pull: PullRequest | None,
    workflow: Workflow,
    chain: int,
) -> runs.RunOrder:
    default = repository.default_branch
    on_ref = event.name in {"push", "merge_group"}
    tip = repository.git.ref(f"refs/heads/{default}") or ""
    context = {"github": {"event": {"action": event.action, **event.payload}}}
    return runs.RunOrder(
        path=workflow.path,
        name=workflow.name,
        title=workflow.title(context),
        event=event.name,
        branch=pull.head if pull else event.ref.split("/", 2)[2] if on_ref else default,
        oid=pull.head_oid if pull else event.oid if on_ref else tip,
        pulls=(pull.number,) if pull else (),
        chain=chain,
        awaits_approval=event.awaits_approval or bool(pull and _stranger(world, pull)),
    )


def _stranger(world: World, pull: PullRequest) -> bool:
    """Return whether it is the fork of someone who never contributed."""
    known = access.association(world, pull.repository, pull.author) in _REGULARS
    return pull.cross and not known


def _listed(given: Any) -> tuple[str, ...]:
    if given is None:
        return ()
    return (given,) if isinstance(given, str) else tuple(str(each) for each in given)


def fits(patterns: Iterable[str], name: str) -> bool:
    """Compare with filters of a workflow: the last that matches decides, `!` takes back."""
    result = False
    for pattern in patterns:
        plain = pattern.removeprefix("!")
        steps = re.split(r"(\*\*|\*|\?)", plain)
        words = {"**": ".*", "*": "[^/]*", "?": "[^/]"}
        if re.fullmatch("".join(words.get(step, re.escape(step)) for step in steps), name):
            result = not pattern.startswith("!")
    return result
