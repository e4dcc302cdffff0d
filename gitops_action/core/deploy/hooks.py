"""Hooks and waves as annotations describe them: our own, Helm's and Argo CD's.

Helm: https://helm.sh/docs/topics/charts_hooks/
Argo CD: https://argo-cd.readthedocs.io/en/stable/user-guide/sync-waves/
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from itertools import groupby
from typing import TypeVar

from gitops_action.core.dataclass import dataclass
from gitops_action.core.deploy.order import stage_of
from gitops_action.core.manifests.fields import annotations as annotations_of
from gitops_action.core.manifests.fields import labels
from gitops_action.core.manifests.model import (
    ARGO_HOOK,
    HELM_HOOK,
    HOOK,
    HOOKS,
    Body,
    Manifest,
    ObjectId,
)
from gitops_action.errors import GitOpsError

WAVE = "gitops-action/wave"
DELETE_POLICY = "gitops-action/hook-delete-policy"
HELM_WEIGHT = "helm.sh/hook-weight"
HELM_DELETE_POLICY = "helm.sh/hook-delete-policy"
ARGO_WAVE = "argocd.argoproj.io/sync-wave"
ARGO_DELETE_POLICY = "argocd.argoproj.io/hook-delete-policy"
UNREAD = ("kapp.k14s.io/change-rule", "kapp.k14s.io/change-group", "kluctl.io/hook")
"""Annotations about order by other tools, which are named and not followed."""

RELEASE_LABEL = "app.kubernetes.io/instance"

_NAMED = 3
Item = TypeVar("Item")


class Phase(StrEnum):
    """When a hook runs; `sync` beside the objects of its wave (Argo CD).

    `pre-delete` and `post-delete` run when the environment is taken down.
    """

    PRE = "pre"
    SYNC = "sync"
    POST = "post"
    FAILURE = "failure"
    PRE_DELETE = "pre-delete"
    POST_DELETE = "post-delete"


REMOVAL = (Phase.PRE_DELETE, Phase.POST_DELETE)
"""When an environment is taken down."""
DEPLOYMENT = tuple(phase for phase in Phase if phase not in REMOVAL)
AT_REMOVAL = "runs when the environment is taken down"
"""Why a deployment does not run a hook."""
_OWN = tuple(phase for phase in Phase if phase is not Phase.SYNC)


class DeletePolicy(StrEnum):
    """When the object of a hook is deleted, in Helm's words."""

    BEFORE = "before-hook-creation"
    SUCCEEDED = "hook-succeeded"
    FAILED = "hook-failed"


class Occasion(StrEnum):
    """When Helm runs a hook: at the first deployment of its release, or at later ones."""

    ALWAYS = ""
    INSTALL = "install"
    UPGRADE = "upgrade"


@dataclass(frozen=True, kw_only=True)
class Hook:
    """What the annotations of one object say about its run.

    Attributes:
        phases: when it runs, and on which occasion.
        weight: lower ones run first.
        policies: when its object is deleted.
        alone: hooks of one weight run one after the other (Helm), else together.
        annotation: what makes it a hook, for people.
    """

    phases: Mapping[Phase, Occasion]
    weight: int = 0
    policies: frozenset[DeletePolicy] = frozenset({DeletePolicy.BEFORE})
    alone: bool = False
    annotation: str = HOOK

    def runs(self, phase: Phase, *, installing: bool) -> bool:
        """Whether it runs in a phase of a deployment that installs its release or upgrades it."""
        occasion = self.phases.get(phase)
        now = Occasion.INSTALL if installing else Occasion.UPGRADE
        return occasion is Occasion.ALWAYS or occasion is now


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The objects of an environment by what their annotations say.

    Attributes:
        ordinary: what is applied, wave by wave.
        hooks: what runs in a deployment, by object.
        removal: what runs when the environment is taken down, by object.
        skipped: what a deployment does not apply, each with why.
        notices: annotations that are not followed.
        problems: annotations of ours that cannot be read.
    """

    ordinary: tuple[Manifest, ...]
    hooks: tuple[tuple[Manifest, Hook], ...] = ()
    removal: tuple[tuple[Manifest, Hook], ...] = ()
    skipped: tuple[tuple[Manifest, str], ...] = ()
    notices: tuple[str, ...] = ()
    problems: tuple[GitOpsError, ...] = ()


def split(manifests: Iterable[Manifest]) -> Parts:
    """Separate hooks from what is simply applied."""
    ordinary: list[Manifest] = []
    hooks: list[tuple[Manifest, Hook]] = []
    skipped: list[tuple[Manifest, str]] = []
    notices: list[str] = []
    problems: list[GitOpsError] = []
    for manifest in manifests:
        notices += _unread(manifest)
        try:
            wave_of(manifest.body)
            found = hook_of(manifest.body)
        except GitOpsError as error:
            error.location = manifest.origin
            error.title = f"{manifest.id}: {error.title}"
            problems.append(error)
            continue
        if found is None:
            ordinary.append(manifest)
        elif isinstance(found, Hook):
            hooks.append((manifest, found))
        else:
            skipped.append((manifest, found))
    removal = [(one, hook) for one, hook in hooks if hook.phases.keys() & set(REMOVAL)]
    idle = [(one, AT_REMOVAL) for one, hook in removal if hook.phases.keys() <= set(REMOVAL)]
    skipped += idle
    return Parts(
        ordinary=tuple(ordinary),
        hooks=tuple((one, hook) for one, hook in hooks if hook.phases.keys() & set(DEPLOYMENT)),
        removal=tuple(removal),
        skipped=tuple(skipped),
        notices=tuple(notices),
        problems=tuple(problems),
    )


def not_followed(manifests: Iterable[Manifest]) -> tuple[str, ...]:
    """What Flux does not follow: it applies hooks and waves like anything else."""
    named = [
        one.id
        for one in manifests
        if is_hook(one.body) or {WAVE, ARGO_WAVE} & annotations_of(one.body).keys()
    ]
    if not named:
        return ()
    shown = ", ".join(str(one) for one in named[:_NAMED])
    more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    return (f"Flux follows no hook or wave annotation, as on {shown}{more} (docs/hooks.md)",)


def hook_of(body: Body) -> Hook | str | None:
    """The hook that an object is, or why a deployment does not run it; None for what is none.

    Raises:
        GitOpsError: an annotation of ours has a value that does not exist.
    """
    found = annotations_of(body)
    if HOOK in found:
        return _own(found)
    if ARGO_HOOK in found:
        return _argo(found)
    if HELM_HOOK in found:
        return _helm(found)
    return None


def is_hook(body: Body) -> bool:
    """Whether an object has an annotation that makes it a hook, of whichever tool."""
    found = annotations_of(body)
    return any(name in found for name in HOOKS)


def wave_of(body: Body) -> int:
    """The wave that an object is applied in; 0 where none is named.

    Raises:
        GitOpsError: `gitops-action/wave` is not a whole number.
    """
    found = annotations_of(body)
    if WAVE in found:
        return _whole(found[WAVE])
    return _lenient(found.get(ARGO_WAVE, ""))


def in_order(
    hooks: Iterable[Item], key: Callable[[Item], tuple[ObjectId, Hook]]
) -> tuple[tuple[Item, ...], ...]:
    """Hooks in groups that run one after the other: by weight, then by what others stand on."""

    def rank(item: Item) -> tuple[int, int, str]:
        one, hook = key(item)
        name = f"{one.kind}/{one.name}" if hook.alone else ""
        return hook.weight, int(stage_of(one)), name

    placed = sorted(hooks, key=lambda item: (rank(item), key(item)[0]))
    return tuple(tuple(members) for _, members in groupby(placed, key=rank))


def release_of(body: Body) -> str:
    """The release that an object belongs to, by Helm's and Kubernetes' common label."""
    return labels(body).get(RELEASE_LABEL, "")


def _own(found: Mapping[str, str]) -> Hook:
    phases = {}
    for word in _words(found[HOOK]):
        if word not in _OWN:
            raise _unknown(HOOK, word, _OWN)
        phases[Phase(word)] = Occasion.ALWAYS
    if not phases:
        raise _unknown(HOOK, "", _OWN)
    policies = []
    for word in _words(found.get(DELETE_POLICY, DeletePolicy.BEFORE)):
        if word not in set(DeletePolicy):
            raise _unknown(DELETE_POLICY, word, tuple(DeletePolicy))
        policies.append(DeletePolicy(word))
    return Hook(
        phases=phases,
        weight=_whole(found.get(WAVE, "0")),
        policies=frozenset(policies),
        annotation=f"{HOOK}: {found[HOOK]}",
    )


_ARGO_PHASES = {
    "PreSync": Phase.PRE,
    "Sync": Phase.SYNC,
    "PostSync": Phase.POST,
    "SyncFail": Phase.FAILURE,
    "PreDelete": Phase.PRE_DELETE,
    "PostDelete": Phase.POST_DELETE,
}
_ARGO_POLICIES = {
    "BeforeHookCreation": DeletePolicy.BEFORE,
    "HookSucceeded": DeletePolicy.SUCCEEDED,
    "HookFailed": DeletePolicy.FAILED,
}


def _argo(found: Mapping[str, str]) -> Hook | str:
    words = _words(found[ARGO_HOOK])
    phases = {_ARGO_PHASES[word]: Occasion.ALWAYS for word in words if word in _ARGO_PHASES}
    if not phases:
        return _not_run(ARGO_HOOK, found[ARGO_HOOK])
    policies = {_ARGO_POLICIES.get(word) for word in _words(found.get(ARGO_DELETE_POLICY, ""))}
    weight = found.get(ARGO_WAVE, found.get(HELM_WEIGHT, ""))
    return Hook(
        phases=phases,
        weight=_lenient(weight),
        policies=_some(policies),
        annotation=f"{ARGO_HOOK}: {found[ARGO_HOOK]}",
    )


_HELM_PHASES = {
    "pre-install": (Phase.PRE, Occasion.INSTALL),
    "pre-upgrade": (Phase.PRE, Occasion.UPGRADE),
    "post-install": (Phase.POST, Occasion.INSTALL),
    "post-upgrade": (Phase.POST, Occasion.UPGRADE),
    "pre-delete": (Phase.PRE_DELETE, Occasion.ALWAYS),
    "post-delete": (Phase.POST_DELETE, Occasion.ALWAYS),
}


def _helm(found: Mapping[str, str]) -> Hook | str:
    phases: dict[Phase, Occasion] = {}
    for word in _words(found[HELM_HOOK]):
        if word in _HELM_PHASES:
            phase, occasion = _HELM_PHASES[word]
            both = phases.get(phase, occasion) is not occasion
            phases[phase] = Occasion.ALWAYS if both else occasion
    if not phases:
        return _not_run(HELM_HOOK, found[HELM_HOOK])
    known = set(DeletePolicy)
    words = _words(found.get(HELM_DELETE_POLICY, ""))
    return Hook(
        phases=phases,
        weight=_lenient(found.get(HELM_WEIGHT, "")),
        policies=_some({DeletePolicy(word) for word in words if word in known}),
        alone=True,
        annotation=f"{HELM_HOOK}: {found[HELM_HOOK]}",
    )


def _some(policies: Iterable[DeletePolicy | None]) -> frozenset[DeletePolicy]:
    """Both tools delete before creation by default."""
    found = frozenset(policy for policy in policies if policy)
    return found or frozenset({DeletePolicy.BEFORE})


def _not_run(annotation: str, written: str) -> str:
    return f"not applied: a deployment does not run `{annotation}: {written}`"


def _unread(manifest: Manifest) -> list[str]:
    found = annotations_of(manifest.body)
    return [
        f"{manifest.id}: the annotation {name} is not followed" for name in UNREAD if name in found
    ]


def _words(written: str) -> list[str]:
    return [word for word in (part.strip() for part in written.split(",")) if word]


def _lenient(written: str) -> int:
    """What Helm and Argo CD make of it: what is no number is 0."""
    try:
        return int(written)
    except ValueError:
        return 0


def _whole(written: str) -> int:
    try:
        return int(written)
    except ValueError:
        raise GitOpsError(
            f"`{WAVE}: {written}` is not a whole number",
            cause="objects of a lower wave are healthy before the next wave is applied",
            fix=f'write a whole number in quotes, such as `{WAVE}: "1"`',
        ) from None


def _unknown(annotation: str, written: str, known: Sequence[str]) -> GitOpsError:
    return GitOpsError(
        f"`{annotation}: {written}` does not exist",
        cause=f"known values: {', '.join(known)}",
        fix="write one of them, or several with commas between them",
    )
