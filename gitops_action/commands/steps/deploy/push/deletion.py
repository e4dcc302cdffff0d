"""Deleting a wave of objects: in parallel, each by its UID, and confirmed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from gitops_action.commands.cluster_ports import HeldLease
from gitops_action.commands.steps.deploy.push.candidates import read_live, resource_of
from gitops_action.commands.steps.deploy.push.lease import StoppedError
from gitops_action.commands.steps.deploy.push.threads import for_each
from gitops_action.commands.steps.deploy.run import Progress, TargetRun
from gitops_action.core.cluster.errors import (
    AlreadyGoneError,
    ClusterError,
    ExpiredError,
    LeaseLostError,
    NotFoundError,
    UnreachableError,
)
from gitops_action.core.cluster.model import LiveObject
from gitops_action.core.deploy.prune import Deletion
from gitops_action.core.manifests.fields import text, texts
from gitops_action.core.manifests.model import ObjectId
from gitops_action.errors import GitOpsError

ENDS = (UnreachableError, ExpiredError, LeaseLostError, StoppedError)
"""After these, nothing more is deleted: it could not be, or it is not for us to do any more."""
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 2.0
_LEAST = 1.0
"""Seconds that every wave has, however long those before it took."""


@dataclass(frozen=True, kw_only=True)
class Deleted:
    """What came of a wave, or of several.

    Attributes:
        gone: confirmed.
        held: begun, and not gone within the time, each with what holds it.
        refused: each with the error.
        ended: why the rest was not tried any more; None when everything was.
    """

    gone: frozenset[ObjectId] = frozenset()
    held: Mapping[ObjectId, str] = field(default_factory=dict)
    refused: Mapping[ObjectId, GitOpsError] = field(default_factory=dict)
    ended: GitOpsError | None = None

    def and_then(self, later: Deleted) -> Deleted:
        """Both together."""
        return Deleted(
            gone=self.gone | later.gone,
            held={**self.held, **later.held},
            refused={**self.refused, **later.refused},
            ended=self.ended or later.ended,
        )


class Deleter:
    """Deletes waves, one after the other, within a time for all of them."""

    def __init__(self, run: TargetRun, lease: HeldLease, *, label: str, seconds: float) -> None:
        """Begin to count the time.

        Args:
            run: the environment on the cluster.
            lease: has to be ours before each delete.
            label: the value of our inventory label.
            seconds: to wait until everything is gone; beyond it, each wave has one more.
        """
        self._run = run
        self._lease = lease
        self._label = label
        self._deadline = run.clock.monotonic() + seconds
        self._ended: GitOpsError | None = None

    def wave(self, deletions: Sequence[Deletion]) -> Deleted:
        """Delete them and see that they are gone; errors are in the result."""
        tried = dict(zip(deletions, for_each(self._begin, deletions), strict=True))
        gone = frozenset(one.id for one, error in tried.items() if _is_gone(error))
        refused = {
            one.id: error
            for one, error in tried.items()
            if error is not None and not _is_gone(error) and not isinstance(error, ENDS)
        }
        begun = [one for one, error in tried.items() if error is None]
        for item in sorted(gone):
            self._told(item)
        done = Deleted(gone=gone, refused=refused, ended=self._ended)
        return done.and_then(_unconfirmed(begun) if self._ended else self._confirmed(begun))

    def left(self) -> float:
        """Seconds that are left to wait in."""
        return max(self._deadline - self._run.clock.monotonic(), _LEAST)

    def _begin(self, deletion: Deletion) -> GitOpsError | None:
        item = deletion.id
        try:
            self._may_go_on()
            resource = resource_of(self._run.cluster, deletion)
            self._run.cluster.delete(
                resource, namespace=item.namespace, name=item.name, uid=deletion.uid
            )
        except NotFoundError:
            return None  # its kind is not served any more: a look tells what that means
        except GitOpsError as error:
            if isinstance(error, ENDS):
                self._ended = error
            return error
        return None

    def _may_go_on(self) -> None:
        if self._ended:
            raise self._ended
        if self._run.stop.is_set():
            raise StoppedError("cancelled while objects were deleted", fix="run again")
        self._lease.check()

    def _confirmed(self, begun: Collection[Deletion]) -> Deleted:
        """Look until they are gone, ever more rarely, or until time is over."""
        deadline = self._run.clock.monotonic() + self.left()
        pause, left, gone = _FIRST_PAUSE, list(begun), frozenset[ObjectId]()
        try:
            while True:
                live = read_live(self._run.cluster, left, label=self._label, trust_label=True)
                went = frozenset(one.id for one in left if one.id in live and _went(one, live))
                for item in sorted(went):
                    self._told(item)
                gone |= went
                left = [one for one in left if one.id not in went]
                over = self._run.clock.monotonic() >= deadline
                if not left or over or self._run.stop.wait(pause):
                    held = {one.id: _holding(live.get(one.id)) for one in left}
                    return Deleted(gone=gone, held=held)
                pause = min(pause * 2, _LONGEST_PAUSE)
        except ClusterError as error:
            return Deleted(gone=gone, ended=error).and_then(_unconfirmed(left))

    def _told(self, item: ObjectId) -> None:
        self._run.teller.tell(Progress(text="deleted", object_id=item))


def _is_gone(error: GitOpsError | None) -> bool:
    return isinstance(error, AlreadyGoneError)


def _went(deletion: Deletion, live: Mapping[ObjectId, LiveObject | None]) -> bool:
    """Whether this very object is gone; another of its name may stand there."""
    found = live[deletion.id]
    return found is None or text(found, "metadata", "uid") != deletion.uid


def _holding(live: LiveObject | None) -> str:
    finalizers = ", ".join(texts(live, "metadata", "finalizers")) if live is not None else ""
    return f"held by its finalizers: {finalizers}" if finalizers else "not gone in time"


def _unconfirmed(begun: Collection[Deletion]) -> Deleted:
    return Deleted(held={one.id: "nobody could see that it is gone" for one in begun})
