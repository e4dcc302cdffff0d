"""What a comparison found: objects, fields, and whether everything could be read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime
from enum import StrEnum

from gitops_action.core.dataclass import dataclass
from gitops_action.core.deploy.compare import DEFAULT_KEYS
from gitops_action.core.deploy.field_paths import Step, shown, value_at
from gitops_action.core.drift.adopt import NOTHING, adoption
from gitops_action.core.drift.compare import FieldDifference
from gitops_action.core.manifests.model import Body, Manifest, ObjectId
from gitops_action.core.redaction.known import Redactor
from gitops_action.core.redaction.objects import redacted_pair
from gitops_action.errors import Location

Json = dict[str, object]
_LONGEST = 200
"""Characters of a value that are shown."""
_ADMISSION = "admission"
_DEPLOYMENT = "deployment"
_STORED_OTHERWISE = "it was applied as described, and the cluster stored it otherwise"
_CHANGES_IT = (
    "a webhook, a policy or a conversion changes it: describe what lives, or name the field in"
    " `deploy.ignore`"
)


class DriftState(StrEnum):
    """Whether the cluster is as Git describes it; unknown where that could not be read."""

    CLEAN = "clean"
    DRIFTED = "drifted"
    UNKNOWN = "unknown"


class DriftKind(StrEnum):
    """What became of an object, or of the Flux object that applies it."""

    CHANGED = "changed"
    MISSING = "missing"
    SUSPENDED = "suspended"
    STUCK = "stuck"
    OUTDATED = "outdated"


_BEHIND = frozenset({DriftKind.SUSPENDED, DriftKind.STUCK, DriftKind.OUTDATED})
"""What Flux has stopped at."""


@dataclass(frozen=True, kw_only=True)
class FieldDrift:
    """A field that lives otherwise, as it is shown: secrets are redacted.

    Attributes:
        path: which field.
        described: what Git has, as JSON.
        live: what the cluster has, as JSON; empty where the field is not there.
        manager: who wrote it; empty where that is not recorded.
        time: when, RFC 3339; empty where that is not recorded.
        by: `person` (kubectl), `controller`, `deployment` (a later one, which did not succeed),
            `admission` (the API server stored it so when the deployment applied it), or empty.
    """

    path: str
    described: str
    live: str
    manager: str = ""
    time: str = ""
    by: str = ""

    def __str__(self) -> str:
        """For people: `spec.replicas: 3 → 5 (kubectl, 2026-11-28T14:00:00Z)`."""
        who = f" ({', '.join(self.who)})" if self.who else ""
        return f"{self.path}: {self.described} → {self.live or '(absent)'}{who}"

    @property
    def who(self) -> tuple[str, ...]:
        """Who wrote it, and when, as far as that is recorded."""
        writer = self.manager or (_ADMISSION if self.by == _ADMISSION else "")
        return tuple(filter(None, (writer, self.time)))

    def as_json(self) -> Json:
        """For outputs; empty parts are left out."""
        found: Json = {
            "path": self.path,
            "described": self.described,
            "live": self.live,
            "manager": self.manager,
            "time": self.time,
            "by": self.by,
        }
        return {key: value for key, value in found.items() if value}


@dataclass(frozen=True, kw_only=True)
class ObjectDrift:
    """An object that lives otherwise than it is described.

    Attributes:
        id: which one.
        change: what became of it.
        fields: where it differs.
        patch: a patch that adopts the difference in Git, as YAML; empty where there is none.
        origin: where it is described.
        sentence: what a person should know beside it.
        fix: what they can do.
    """

    id: ObjectId
    change: DriftKind
    fields: tuple[FieldDrift, ...] = ()
    patch: str = ""
    origin: Location | None = None
    sentence: str = ""
    fix: str = ""

    @property
    def failed(self) -> bool:
        """Whether a deployment that did not succeed left all of it behind."""
        return bool(self.fields) and all(one.by == _DEPLOYMENT for one in self.fields)

    def as_json(self) -> Json:
        """For outputs; empty parts are left out."""
        found: Json = {
            "group": self.id.group,
            "kind": self.id.kind,
            "namespace": self.id.namespace,
            "name": self.id.name,
            "change": self.change.value,
            "file": self.origin.file if self.origin else "",
            "line": self.origin.line if self.origin else None,
            "fields": [one.as_json() for one in self.fields],
            "patch": self.patch,
            "sentence": self.sentence,
            "fix": self.fix,
        }
        return {key: value for key, value in found.items() if value}


@dataclass(frozen=True, kw_only=True)
class TargetDrift:
    """One environment in one cluster.

    Attributes:
        environment: its name.
        target: the cluster's name in the configuration.
        commit: whose description the cluster was compared with; empty where there is none.
        compared: how many objects were compared.
        objects: what lives otherwise.
        waiting: objects that were applied, are described no more, and still live.
        unread: described objects that could not be read.
        reason: why nothing, or not everything, could be compared; empty where all was.
        notes: what a person should know.
    """

    environment: str
    target: str
    commit: str = ""
    compared: int = 0
    objects: tuple[ObjectDrift, ...] = ()
    waiting: tuple[ObjectId, ...] = ()
    unread: tuple[ObjectId, ...] = ()
    reason: str = ""
    notes: tuple[str, ...] = ()

    @property
    def state(self) -> DriftState:
        """What was found counts, also where not everything could be read."""
        if self.objects:
            return DriftState.DRIFTED
        return DriftState.UNKNOWN if self.reason or self.unread else DriftState.CLEAN

    def as_json(self) -> Json:
        """For outputs."""
        return {
            "environment": self.environment,
            "target": self.target,
            "state": self.state.value,
            "commit": self.commit,
            "compared": self.compared,
            "objects": [one.as_json() for one in self.objects],
            "waiting": [_named(one) for one in self.waiting],
            "unread": [_named(one) for one in self.unread],
            "reason": self.reason,
            "notes": list(self.notes),
        }


@dataclass(frozen=True, kw_only=True)
class DriftReport:
    """Everything that was compared in one run."""

    repository: str
    at: datetime
    targets: tuple[TargetDrift, ...] = field(default_factory=tuple)

    @property
    def state(self) -> DriftState:
        """Of everything together: drifted, else unknown where anything is."""
        states = {one.state for one in self.targets}
        for state in (DriftState.DRIFTED, DriftState.UNKNOWN):
            if state in states:
                return state
        return DriftState.CLEAN

    def as_json(self) -> Json:
        """For outputs and for the next run."""
        return {
            "version": 1,
            "state": self.state.value,
            "repository": self.repository,
            "at": self.at.isoformat(),
            "environments": [one.as_json() for one in self.targets],
        }


def object_drift(
    manifest: Manifest,
    described: Body,
    live: Body,
    found: Sequence[FieldDifference],
    *,
    secrets: Redactor = NOTHING,
) -> ObjectDrift:
    """The differences of one object, without the secrets in them.

    Args:
        manifest: the object in Git.
        described: it as it is applied.
        live: it as it lives.
        found: where they differ.
        secrets: knows what Secrets hold, which may have been copied into this object.
    """
    old, new = redacted_pair(described, live)
    item = manifest.id
    return ObjectDrift(
        id=item,
        change=DriftKind.CHANGED,
        fields=tuple(_field(one, old, new, secrets) for one in found),
        patch=adoption(live, found, secrets=secrets),
        origin=manifest.origin,
    )


def without_failure(found: TargetDrift) -> TargetDrift:
    """What was found where no deployment has failed since the one that is compared with.

    Then a field that our own manager wrote, and that lives otherwise, was changed when it was
    applied; or Flux has stopped at another commit.
    """
    behind = any(one.change in _BEHIND for one in found.objects)
    by = "" if behind else _ADMISSION
    return replace(found, objects=tuple(_applied_otherwise(one, by) for one in found.objects))


def _applied_otherwise(one: ObjectDrift, by: str) -> ObjectDrift:
    fields = tuple(replace(each, by=by) if each.by == _DEPLOYMENT else each for each in one.fields)
    if fields == one.fields or not by:
        return replace(one, fields=fields)
    return replace(one, fields=fields, sentence=_STORED_OTHERWISE, fix=_CHANGES_IT)


def _field(one: FieldDifference, described: Body, live: Body, secrets: Redactor) -> FieldDrift:
    owner = one.owner
    by = _DEPLOYMENT if one.ours else ""
    if owner is not None:
        by = "person" if owner.person else "controller"
    lives = value_at(live, one.steps)
    return FieldDrift(
        path=shown(one.steps),
        described=_written(secrets.clean_tree(_described(described, one.steps))),
        live=_written(secrets.clean_tree(lives[1])) if lives[0] else "",
        manager=owner.manager if owner else "",
        time=owner.time if owner else "",
        by=by,
    )


def _described(body: Body, steps: Sequence[Step]) -> object:
    """The value in Git, where a list's item need not name keys that have a default."""
    found, value = value_at(body, steps)
    if found:
        return value
    return value_at(body, [_without_defaults(step) for step in steps])[1]


def _without_defaults(step: Step) -> Step:
    if not isinstance(step, Mapping):
        return step
    return {name: value for name, value in step.items() if DEFAULT_KEYS.get(name) != value}


def _written(value: object) -> str:
    written = json.dumps(value, ensure_ascii=False, default=str)
    return written if len(written) <= _LONGEST else f"{written[:_LONGEST]}…"


def _named(item: ObjectId) -> Mapping[str, str]:
    found = {
        "group": item.group,
        "kind": item.kind,
        "namespace": item.namespace,
        "name": item.name,
    }
    return {key: value for key, value in found.items() if value}


def count(targets: Iterable[TargetDrift]) -> int:
    """How many objects differ."""
    return sum(len(one.objects) for one in targets)
