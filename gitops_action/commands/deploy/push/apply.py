"""The writes: stage by stage, in parallel within a stage, each stage standing on those before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from gitops_action.commands.deploy.cluster import HeldLease
from gitops_action.commands.deploy.push.changes import Change
from gitops_action.commands.deploy.push.dry_run import apply_changes
from gitops_action.commands.deploy.results import ENDS, Ledger
from gitops_action.commands.deploy.target import Progress, TargetRun
from gitops_action.commands.deploy.wait import Awaited, Ending, wait_healthy
from gitops_action.core.cluster import errors
from gitops_action.core.cluster.model import Applied, LiveObject
from gitops_action.core.deploy.field_managers import migrated
from gitops_action.core.deploy.inventory import InventoryEntry
from gitops_action.core.deploy.order import Stage, stages
from gitops_action.core.deploy.result import Action
from gitops_action.core.manifests.fields import mapping, text, texts
from gitops_action.core.manifests.model import ObjectId
from gitops_action.errors import GitOpsError

# Before an object is applied: fields of kubectl become ours, or it is deleted to be recreated.

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
        body = migrated(live, run.manager, change.former) if live is not None else None
        if body is None:
            return
        try:
            run.cluster.replace(body, manager=run.manager)
        except errors.ChangedMeanwhileError:
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
    except errors.AlreadyGoneError:
        return
    run.teller.tell(Progress(text="deleted, to be recreated", object_id=item))
    deadline, pause = run.clock.monotonic() + _GONE_SECONDS, _FIRST_PAUSE
    while True:
        try:
            found = run.cluster.get(resource, namespace=item.namespace, name=item.name)
        except errors.NotFoundError:
            return
        if text(found, "metadata", "uid") != change.uid:
            return
        if run.clock.monotonic() > deadline:
            raise GitOpsError(
                f"{item} was not gone after {_GONE_SECONDS:.0f} s, so that it could not be made"
                " again",
                cause="its finalizers: " + (", ".join(texts(found, "metadata", "finalizers"))),
                fix="see what keeps it; the next run goes on",
            )
        if run.stop.wait(pause):
            raise errors.StoppedError(f"cancelled while {item} was recreated", fix="run again")
        pause = min(pause * 2, _LONGEST_PAUSE)


_FOUNDATIONS = timedelta(seconds=60)
"""How long namespaces and definitions may take to be usable."""
LINES = 50
"""Up to so many objects of a stage have a line each; the summary lists them in any case."""
_DISCOVERY_SECONDS = 15.0
_PAUSE = 0.2
_TITLES = {
    Stage.NAMESPACES: "namespaces",
    Stage.DEFINITIONS: "definitions of kinds",
    Stage.CLUSTER: "objects of the cluster",
    Stage.CLASSES: "classes",
    Stage.SETTINGS: "settings and services",
    Stage.WORKLOADS: "workloads and the rest",
    Stage.ADMISSION: "webhooks and policies",
}


class ObjectWriter:
    """Writes what was rehearsed, and knows what the API server confirmed.

    Attributes:
        confirmed: entries for the inventory: UID and hash of everything that was written.
        live: what lives now of what was written, without the parts that health does not need.
    """

    def __init__(self, run: TargetRun, ledger: Ledger, lease: HeldLease) -> None:
        """Nothing is written yet."""
        self._run = run
        self._ledger = ledger
        self._lease = lease
        self.confirmed: list[InventoryEntry] = []
        self.live: dict[ObjectId, LiveObject] = {}

    def write(self, changes: Iterable[Change]) -> None:
        """Write stage by stage; the first stage in which something fails is the last.

        Raises:
            ClusterError: the cluster is away, the credentials or the lease have run out.
            StoppedError: the job was cancelled.
        """
        for stage, members in stages(changes, lambda one: one.placed.id):
            self._run.teller.phase(f"Apply {len(members)} {_TITLES[stage]}")
            self._stage(members)
            if stage.awaited and not self._ledger.has_failed():
                self._await(members)
            if self._ledger.has_failed():
                return
            if stage is Stage.DEFINITIONS:
                self._discover(changes)

    def may_go_on(self) -> None:
        """Make sure that it is still ours to write.

        Raises:
            StoppedError: the job was cancelled.
            LeaseLostError: another run has taken over.
        """
        if self._run.stop.is_set():
            raise errors.StoppedError("cancelled while objects were applied", fix="run again")
        self._lease.check()

    def _stage(self, members: Sequence[Change]) -> None:
        self.may_go_on()
        ready = self._cleared(members)
        ended: GitOpsError | None = None
        shown = len(members) <= LINES
        for change, done in apply_changes(self._run, ready):
            if done.tried or done.error is not None:
                ended = self._done(change, done, shown=shown) or ended
        if not shown:
            self._ledger.count(one.placed.id for one in members)
        if ended is not None:
            raise ended
        self.may_go_on()

    def _cleared(self, members: Sequence[Change]) -> list[Change]:
        """What can be applied now: fields were taken over, and what is recreated is deleted."""
        ready: list[Change] = []
        for one in members:
            try:
                if one.recreate:
                    remove(self._run, one)
                elif one.migrates:
                    migrate(self._run, one)
            except ENDS:
                raise
            except GitOpsError as error:
                self._ledger.refused(one.placed.id, error)
            else:
                ready.append(one)
        return ready

    def _done(self, change: Change, done: Applied, *, shown: bool) -> GitOpsError | None:
        """Enter it in the books; gives the error that ends everything."""
        item = change.placed.id
        if done.live is not None:
            uid = text(done.live, "metadata", "uid")
            self.confirmed.append(change.placed.entry(uid))
            self.live[item] = for_health(done.live)
            self._ledger.wrote(item, *_action(change, done.live), shown=shown)
            return None
        error = done.error or GitOpsError(f"{item} was not applied")
        if isinstance(error, ENDS):
            return error
        error.location = error.location or change.placed.manifest.origin
        self._ledger.refused(item, error)
        return None

    def _await(self, members: Sequence[Change]) -> None:
        awaited = [
            Awaited(
                id=one.placed.id,
                version=one.placed.resource.version,
                desired=one.placed.body,
                live=self.live.get(one.placed.id),
            )
            for one in members
        ]
        timeout = min(_FOUNDATIONS, self._run.timeout)
        waited = wait_healthy(self._run, awaited, timeout=timeout)
        if waited.ending in {Ending.FAILED, Ending.TIMEOUT}:
            self._ledger.fail(*waited.failures)
        elif waited.ending is Ending.UNKNOWN:
            raise _undetermined(waited.failures[0].sentence if waited.failures else "")

    def _discover(self, changes: Iterable[Change]) -> None:
        """Wait until the API server serves the kinds that have arrived."""
        kinds = {
            (one.placed.resource.api_version, one.placed.id.kind)
            for one in changes
            if one.placed.arriving
        }
        deadline = self._run.clock.monotonic() + _DISCOVERY_SECONDS
        while kinds and self._run.clock.monotonic() < deadline:
            served = self._run.cluster.resources(fresh=True)
            kinds = {kind for kind in kinds if served.exact(*kind) is None}
            if kinds:
                self.may_go_on()
                self._run.stop.wait(_PAUSE)


def for_health(live: LiveObject) -> LiveObject:
    """The object without what its health does not depend on: thousands are kept at once."""
    metadata = {k: v for k, v in mapping(live, "metadata").items() if k != "managedFields"}
    kept = {k: v for k, v in live.items() if k not in {"data", "binaryData"}}
    return {**kept, "metadata": metadata}


def _action(change: Change, live: LiveObject) -> tuple[Action, str]:
    if change.unverified:
        return Action.UNVERIFIED, "a webhook takes no dry runs"
    if change.recreate:
        return Action.CONFIGURED, "deleted and recreated"
    if change.live is None or change.uid != text(live, "metadata", "uid"):
        return Action.CREATED, ""
    same = text(change.live, "metadata", "resourceVersion")
    if same == text(live, "metadata", "resourceVersion"):
        return Action.UNCHANGED, ""
    return Action.CONFIGURED, ""


def _undetermined(sentence: str) -> GitOpsError:
    return errors.StoppedError(
        sentence or "it could not be determined whether namespaces and kinds are usable"
    )
