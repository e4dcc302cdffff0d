"""The dry run of everything that may be written, before the first write."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field, replace
from hashlib import sha256

from gitops_action.commands.deploy.push.changes import Change
from gitops_action.commands.deploy.results import ENDS
from gitops_action.commands.deploy.target import TargetRun
from gitops_action.core.cluster import errors as refused
from gitops_action.core.cluster.errors import StoppedError
from gitops_action.core.cluster.model import Applied, ApplyOptions, LiveObject, Resource
from gitops_action.core.dataclass import dataclass
from gitops_action.core.deploy.compare import would_change
from gitops_action.core.deploy.field_managers import is_autoscaler, is_person
from gitops_action.core.manifests.fields import mapping
from gitops_action.core.manifests.model import Body, ObjectId
from gitops_action.core.validation.immutable import may_recreate
from gitops_action.core.validation.objects import ObjectProblem
from gitops_action.errors import GitOpsError

# Which of many new objects are written without being tried before (`deploy.preflight`).

MANY = 100
"""Up to so many new objects are all tried."""


def spare(run: TargetRun, changes: Sequence[Change]) -> list[Change]:
    """Those that need no dry run: new, with a schema that they fulfil, not the first of their kind.

    A dry run of each costs the API server as much as the write itself. One of each kind and
    namespace shows quotas, policies and webhooks; the schemas show what is wrong with an object by
    itself. What a schema objects to, or none is known for, is tried: the API server decides.

    Raises:
        ClusterError: the cluster does not answer.
    """
    new = [one for one in changes if one.live is None and one.certain]
    if run.environment.deploy.preflight == "full" or run.options.dry_run or len(new) <= MANY:
        return []
    doubtful = _doubtful(run, new)
    seen: set[tuple[Resource, str]] = set()
    spared: list[Change] = []
    for one in new:
        key = one.placed.resource, one.placed.id.namespace
        if key in seen and one.placed.id not in doubtful:
            spared.append(one)
        seen.add(key)
    return spared


def _doubtful(run: TargetRun, changes: Sequence[Change]) -> frozenset[object]:
    manifests = [one.placed.manifest for one in changes]
    if run.schemas is None:
        return frozenset(one.id for one in manifests)
    schemas = run.schemas(run.cluster.version(), run.rendering.manifests)
    problems = schemas.check(manifests)
    if any(not isinstance(one, ObjectProblem) for one in problems):
        return frozenset(one.id for one in manifests)
    wrong = {one.manifest.id for one in problems if isinstance(one, ObjectProblem)}
    return frozenset({*wrong, *(one.id for one in schemas.unknown(manifests))})


NEVER_RECREATED = frozenset(
    {
        ("", "Namespace"),
        ("", "PersistentVolumeClaim"),
        ("apiextensions.k8s.io", "CustomResourceDefinition"),
    }
)
"""Kinds whose deletion loses data, or all objects in them."""
_STOPPED = StoppedError("cancelled before anything was written", fix="run again")
_REPLICAS = ".spec.replicas"
_LONGEST_NAME = 50
_AGAIN = 3


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """What the API server said.

    Attributes:
        write: what has to be written, as it was found out.
        same: what the dry run showed to be as described already.
        refused: what cannot be written, with the errors.
        answers: how objects would look; kept only for a dry run that people look at.
        notes: what could not be tried, and why.
        ended: the cluster went away, or the credentials ran out.
    """

    write: tuple[Change, ...]
    same: tuple[Change, ...] = ()
    refused: tuple[tuple[Change, GitOpsError], ...] = ()
    answers: Mapping[ObjectId, LiveObject] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    ended: GitOpsError | None = None


def rehearse(run: TargetRun, changes: Sequence[Change], spaces: frozenset[str]) -> Rehearsal:
    """Let the API server decide everything, and write nothing.

    Args:
        run: the environment on the cluster.
        changes: what may have to be written.
        spaces: namespaces that this very run creates: what goes there is tried under another name
            in the namespace of the inventory, for its fields alone.
    """
    arriving = [one for one in changes if one.placed.arriving]
    known = [one for one in changes if not one.placed.arriving]
    spared = spare(run, known)
    apart = frozenset(map(id, spared))
    homeless = [one for one in known if one.placed.id.namespace in spaces and id(one) not in apart]
    apart |= frozenset(map(id, homeless))
    book = _Book(run)
    book.take(apply_changes(run, [one for one in known if id(one) not in apart], dry_run=True))
    book.take(apply_changes(run, book.taken_back, dry_run=True))
    if not book.ended:
        book.simulated(homeless)
    book.write += [*spared, *arriving]
    notes = (
        *book.notes,
        *_untried(arriving, "their kind arrives in this run"),
        *_untried(spared, "they were checked by their schemas alone (`deploy.preflight: sampled`)"),
    )
    return Rehearsal(
        write=tuple(book.write),
        same=tuple(book.same),
        refused=tuple(book.refused),
        answers=book.answers,
        notes=notes,
        ended=book.ended,
    )


def apply_changes(
    run: TargetRun,
    changes: Sequence[Change],
    *,
    dry_run: bool = False,
    body_of: Callable[[Change], Body] = lambda change: change.placed.body,
) -> Iterable[tuple[Change, Applied]]:
    """Apply them, in parallel; each as it is done. Another writer's moment is tried again."""
    for force in (False, True):
        left = [one for one in changes if one.force is force]
        options = ApplyOptions(manager=run.manager, force=force, dry_run=dry_run)
        for attempt in range(_AGAIN):
            again: list[Change] = []
            bodies = {id(body): (one, body) for one in left for body in (body_of(one),)}
            pending = [body for _, body in bodies.values()]
            for done in run.cluster.apply_all(pending, options, stop=run.stop.is_set):
                change = bodies[id(done.body)][0]
                moved = isinstance(done.error, refused.ChangedMeanwhileError)
                if moved and attempt < _AGAIN - 1:
                    again.append(change)
                else:
                    yield change, done
            left = again
            if not left:
                break


class _Book:
    """Sorts the answers as they come."""

    def __init__(self, run: TargetRun) -> None:
        self._run = run
        self.write: list[Change] = []
        self.same: list[Change] = []
        self.refused: list[tuple[Change, GitOpsError]] = []
        self.answers: dict[ObjectId, LiveObject] = {}
        self.notes: list[str] = []
        self.taken_back: list[Change] = []
        self.ended: GitOpsError | None = None

    def take(self, answers: Iterable[tuple[Change, Applied]]) -> None:
        for change, answer in answers:
            if answer.error is not None:
                self._error(change, answer.error)
            elif answer.live is not None:
                self._answer(change, answer.live)
            else:
                self.ended = self.ended or _STOPPED

    def simulated(self, changes: Sequence[Change]) -> None:
        """Only what is wrong with the object itself counts there."""
        answers = apply_changes(self._run, changes, dry_run=True, body_of=self._elsewhere)
        for change, answer in answers:
            wrong = isinstance(answer.error, refused.InvalidError | refused.TooLargeError)
            if answer.error is not None and wrong:
                self.refused.append((change, answer.error))
                continue
            if isinstance(answer.error, ENDS):
                self.ended = answer.error
            elif not answer.tried:
                self.ended = self.ended or _STOPPED
            self.write.append(change)

    def _answer(self, change: Change, answer: LiveObject) -> None:
        if self._run.options.dry_run:
            self.answers[change.placed.id] = answer
        same = change.live is not None and not change.migrates
        if same and change.live is not None and not would_change(change.live, answer):
            self.same.append(change)
        else:
            self.write.append(change)

    def _error(self, change: Change, error: GitOpsError) -> None:
        item = change.placed.id
        if isinstance(error, ENDS):
            self.ended = error
        elif isinstance(error, refused.DryRunUnsupportedError):
            self.write.append(replace(change, unverified=True))
            self.notes.append(f"{item} was not tried before: {error.cause or error.title}")
        elif isinstance(error, refused.ImmutableError) and _recreates(change):
            self.write.append(replace(change, recreate=True))
        elif isinstance(error, refused.FieldConflictError) and _ends_by_migration(change, error):
            self.write.append(change)
        elif isinstance(error, refused.FieldConflictError) and _is_ours(error):
            self.taken_back.append(replace(change, certain=True, force=True))
            self.notes.append(_taken_back(item, error))
        else:
            self.refused.append((change, _explained(change, error)))

    def _elsewhere(self, change: Change) -> Body:
        body = change.placed.body
        name = change.placed.id.name
        mark = sha256(f"{change.placed.id}".encode()).hexdigest()[:8]
        metadata = {
            **mapping(body, "metadata"),
            "namespace": self._run.cluster.namespace,
            "name": f"{name[:_LONGEST_NAME].rstrip('-.')}-{mark}",
        }
        return {**body, "metadata": metadata}


def _recreates(change: Change) -> bool:
    item = change.placed.id
    protected = (item.group, item.kind) in NEVER_RECREATED
    return not protected and may_recreate(change.placed.manifest)


def _ends_by_migration(change: Change, error: refused.FieldConflictError) -> bool:
    """Whether all who are in the way are managers whose fields become ours first."""
    return bool(error.owners) and {one.manager for one in error.owners} <= set(change.migrates)


def _is_ours(error: refused.FieldConflictError) -> bool:
    """Whether the fields are ours to take: from people, and replicas that nothing scales.

    Replicas are only sent where no autoscaler sets them, so that no manager owns its last value.
    """
    return bool(error.owners) and all(
        is_person(one.manager) or (one.field == _REPLICAS and is_autoscaler(one.manager))
        for one in error.owners
    )


def _taken_back(item: ObjectId, error: refused.FieldConflictError) -> str:
    fields = ", ".join(dict.fromkeys(one.field for one in error.owners))
    managers = " and ".join(sorted({one.manager for one in error.owners}))
    return f"{item}: {fields}, changed by {managers}, goes back to what is described"


def _explained(change: Change, error: GitOpsError) -> GitOpsError:
    item = change.placed.id
    if isinstance(error, refused.ImmutableError):
        protected = (item.group, item.kind) in NEVER_RECREATED
        error.fix = (
            f"undo the change: a {item.kind} is never recreated, since that loses what is in it"
            if protected
            else "undo the change, give the object another name, or let it be deleted and made"
            " again: `gitops-action/recreate: allowed` on it"
        )
    error.location = error.location or change.placed.manifest.origin
    return error


def _untried(changes: Sequence[Change], why: str) -> tuple[str, ...]:
    return (f"{len(changes)} objects were not tried before they were written: {why}",) * bool(
        changes
    )
