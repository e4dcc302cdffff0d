"""Before an object is applied: fields of kubectl become ours, or it is deleted to be made anew."""

from __future__ import annotations

from gitops_action.commands.steps.deploy.push.changes import Change
from gitops_action.commands.steps.deploy.push.lease import StoppedError
from gitops_action.commands.steps.deploy.run import Progress, TargetRun
from gitops_action.core.cluster.errors import AlreadyGoneError, ChangedMeanwhileError, NotFoundError
from gitops_action.core.deploy.migration import migrated
from gitops_action.core.manifests.fields import text, texts
from gitops_action.errors import GitOpsError

_GONE_SECONDS = 60.0
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 1.0
_TRIES = 3


def migrate(run: TargetRun, change: Change) -> None:
    """Make what kubectl's client-side apply owns ours; a moment of another writer is tried again.

    Raises:
        ClusterError: it cannot be written.
    """
    live = change.live
    for attempt in range(_TRIES):
        body = migrated(live, run.manager) if live is not None else None
        if body is None:
            return
        try:
            run.cluster.replace(body, manager=run.manager)
        except ChangedMeanwhileError:
            if attempt == _TRIES - 1:
                raise
            item = change.placed.id
            live = run.cluster.get(change.placed.resource, namespace=item.namespace, name=item.name)
        else:
            who = ", ".join(change.migrates)
            told = Progress(text=f"fields of {who} are ours now", object_id=change.placed.id)
            run.teller.tell(told)
            return


def remove(run: TargetRun, change: Change) -> None:
    """Delete this very object and see that it is gone; its annotation allows it.

    Raises:
        GitOpsError: it is not gone in time; its finalizers are named.
        StoppedError: the job was cancelled meanwhile.
        ClusterError: it may not be deleted.
    """
    item, resource = change.placed.id, change.placed.resource
    try:
        run.cluster.delete(
            resource,
            namespace=item.namespace,
            name=item.name,
            uid=change.uid,
            propagation="Foreground",
        )
    except AlreadyGoneError:
        return
    run.teller.tell(Progress(text="deleted, to be made anew", object_id=item))
    deadline, pause = run.clock.monotonic() + _GONE_SECONDS, _FIRST_PAUSE
    while True:
        try:
            found = run.cluster.get(resource, namespace=item.namespace, name=item.name)
        except NotFoundError:
            return
        if text(found, "metadata", "uid") != change.uid:
            return
        if run.clock.monotonic() > deadline:
            raise GitOpsError(
                f"{item} was not gone after {_GONE_SECONDS:.0f} s, so that it could not be made"
                " anew",
                cause="its finalizers: " + (", ".join(texts(found, "metadata", "finalizers"))),
                fix="see what keeps it; the next run goes on",
            )
        if run.stop.wait(pause):
            raise StoppedError(f"cancelled while {item} was made anew", fix="run again")
        pause = min(pause * 2, _LONGEST_PAUSE)
