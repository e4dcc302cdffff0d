"""How far a source or a Kustomization is on the way to a commit."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum

from gitops_action.core.dataclass import dataclass
from gitops_action.core.flux import status
from gitops_action.core.manifests.fields import number, text
from gitops_action.core.manifests.model import Body
from gitops_action.core.pattern import pattern


class FluxStep(StrEnum):
    """Where it stands. `checking`: the commit is applied, its health is looked at."""

    WAITING = "waiting"
    CHECKING = "checking"
    DONE = "done"
    FAILED = "failed"


class Relation(StrEnum):
    """How a revision relates to the commit that is waited for."""

    HAS = "has"
    OLDER = "older"
    DIVERGED = "diverged"
    UNKNOWN = "unknown"


Relate = Callable[[status.Revision], Relation]
"""Asks the history of the environment repository."""


@dataclass(frozen=True, kw_only=True)
class FluxVerdict:
    """What is known.

    Attributes:
        step: where it stands.
        sentence: for people.
        fix: what they can do; of failures, and of what keeps us waiting.
        innocent: what keeps it is not the commit's doing; when time runs out, it is unknown
            whether the commit works.
        revision: the one that contains the commit.
        unhealthy: everything was applied; the objects say more than the sentence.
    """

    step: FluxStep
    sentence: str
    fix: str = ""
    innocent: bool = False
    revision: status.Revision | None = None
    unhealthy: bool = False


def waiting(sentence: str, fix: str = "", *, innocent: bool = False) -> FluxVerdict:
    """It is on the way."""
    return FluxVerdict(step=FluxStep.WAITING, sentence=sentence, fix=fix, innocent=innocent)


def failed(sentence: str, fix: str) -> FluxVerdict:
    """It is certain that it will not get there by itself."""
    return FluxVerdict(step=FluxStep.FAILED, sentence=sentence, fix=fix)


# The verdict about a source: does it hold the commit, and if not, will it ever?

_TLS = r"x509|tls:|certificate|knownhosts|known_hosts|host key"
_REFERENCE = r"find remote ref|reference not found|unable to find|couldn't find|no match found"
_RIGHTS = (
    r"authenticat|authoriz|unauthorized|denied|forbidden|40[13]\b|repository not found"
    r"|secrets? .*not found|invalid username"
)
_KEY = "see that the deploy key or token in the Secret of `spec.secretRef` may read the repository"
_CAUSES = (
    ("TLS or host key", _TLS, "see `caFile` or `known_hosts` in the Secret of `spec.secretRef`"),
    ("reference", _REFERENCE, "see that `spec.ref` names a branch that is there"),
    ("authentication", _RIGHTS, _KEY),
)
"""Words of go-git, libssh and registries for what does not pass by itself."""
_AUTHENTICATION = "AuthenticationFailed"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What was asked of a controller.

    Attributes:
        stamp: the request that was made; empty where none was, or none may be made.
        changed: it wrote a newer status since the wait began.
    """

    stamp: str = ""
    changed: bool = False

    def answered(self, body: Body) -> bool:
        """Whether what it says is an answer, not what was there before."""
        return status.handled(body) == self.stamp if self.stamp else self.changed


def evaluate_source(body: Body, relate: Relate, asked: Asked) -> FluxVerdict:
    """Judge a source by what its controller wrote.

    Args:
        body: the object.
        relate: the history.
        asked: what was asked of its controller.
    """
    held = status.artifact_of(body)
    relation = relate(held) if held else Relation.UNKNOWN
    if held and relation is Relation.HAS:
        return FluxVerdict(
            step=FluxStep.DONE, sentence=f"{status.id_of(body)} has {held.short}", revision=held
        )
    if status.suspended(body):
        return suspension(body)
    wrong = _broken(body, asked)
    if wrong:
        return wrong
    if not asked.answered(body):
        return _unanswered(body, asked)
    if held is None:
        return _undetermined(body)
    return _other(body, held.short, relation)


def suspension(body: Body) -> FluxVerdict:
    """Its controller leaves it alone, so nothing will ever happen."""
    who = status.suspended_by(body)
    by = f" (by {who})" if who else ""
    return failed(f"{status.id_of(body)} is suspended{by}", f"resume it: `{status.resume(body)}`")


def _broken(body: Body, asked: Asked) -> FluxVerdict | None:
    stalled = status.condition_of(body, "Stalled")
    if stalled.holds:
        return failed(
            status.said_of(body, "is stalled", stalled), "fix its spec as the message says"
        )
    if not asked.answered(body):
        return None
    verified = status.condition_of(body, "SourceVerified")
    if verified.status == "False":
        return failed(
            status.said_of(body, "could not verify the signature", verified),
            "sign the commit with a key that `spec.verify` knows",
        )
    fetch = status.condition_of(body, "FetchFailed")
    if fetch.holds:
        return _fetch(body, fetch)
    storage = status.condition_of(body, "StorageOperationFailed")
    if storage.holds:
        return waiting(status.said_of(body, "could not store it", storage), innocent=True)
    return None


def _fetch(body: Body, fetch: status.FluxCondition) -> FluxVerdict:
    """Separate what a person has to fix from what passes by itself."""
    for name, words, fix in _CAUSES:
        if re.search(words, fetch.message, re.IGNORECASE):
            return failed(status.said_of(body, f"could not fetch ({name})", fetch), fix)
    if fetch.reason == _AUTHENTICATION:
        return failed(status.said_of(body, "could not fetch (authentication)", fetch), _KEY)
    fix = "see that source-controller reaches the server; it tries again by itself"
    return waiting(status.said_of(body, "could not fetch", fetch), fix, innocent=True)


def _unanswered(body: Body, asked: Asked) -> FluxVerdict:
    if asked.stamp:
        fix = "see that source-controller runs: `kubectl get deployments -n flux-system`"
        return waiting(f"{status.id_of(body)} was asked and has not answered", fix, innocent=True)
    fix = "let the account patch it, or wait until its interval is over"
    return waiting(f"{status.id_of(body)} fetches by its interval", fix, innocent=True)


def _undetermined(body: Body) -> FluxVerdict:
    if not status.has_artifact(body):
        return waiting(
            status.said_of(body, "has fetched nothing yet", status.condition_of(body, "Ready"))
        )
    return failed(
        f"{status.id_of(body)} does not name the commit it holds",
        "push the artifact with `flux push artifact --source … --revision …`",
    )


def _other(body: Body, held: str, relation: Relation) -> FluxVerdict:
    name = status.id_of(body)
    if relation is Relation.DIVERGED:
        return failed(
            f"{name} has {held}, which does not contain the commit: was the branch force-pushed?",
            "deploy a commit that the branch contains",
        )
    late = "is out of date" if relation is Relation.OLDER else "cannot be compared"
    fix = "it is asked again; see what keeps it: `kubectl describe`"
    return waiting(f"{name} {late}: it has {held}", fix, innocent=True)


# The verdict about a Kustomization: does the commit run, and if not, what keeps it?

_DEPENDENCY = "DependencyNotReady"
_UNHEALTHY = "HealthCheckFailed"
_PASSING = {"HealthCheckCanceled", "Progressing", "ProgressingWithRetry"}
_PASSES = pattern(
    r"connection refused|connection reset|deadline exceeded|i/o timeout|no endpoints available"
    r"|too many requests|service unavailable|currently unable|no matches for kind"
    r"|leader changed|try again",
    re.IGNORECASE,
)
"""Words of API servers and webhooks for what may pass by itself; Flux tries again."""
_CUT_OFF = "context canceled"
"""What a controller says that ends in the middle; the next one begins again."""
_NO_PATH = "path not found"

_FAILURES: dict[str, tuple[str, str]] = {
    "BuildFailed": (
        "could not build the manifests",
        "run `kustomize build` of its path at this commit, and fix what it says",
    ),
    "ReconciliationFailed": (
        "could not apply the manifests",
        "fix the manifest that the message names, or the rights of the Kustomization's account",
    ),
    "PruneFailed": (
        "could not delete what is described no more",
        "see who keeps the object: finalizers, rights of the Kustomization's account",
    ),
    _UNHEALTHY: (
        "applied it, and it did not become healthy",
        "read the reasons of the objects, fix them, or revert the commit",
    ),
    "ArtifactFailed": ("could not read the artifact of its source", "see `spec.sourceRef`"),
}
"""Reasons of kustomize-controller's condition `Ready` (Kustomization API, "Conditions")."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A Kustomization and what it is judged by.

    Attributes:
        body: the object.
        source: its source; empty where it is not there.
        asked: what was asked of its controller.
        before: the time of its condition `Ready` when the wait began.
    """

    body: Body
    source: Body
    asked: Asked
    before: str = ""


def evaluate_kustomization(seen: Seen, relate: Relate) -> FluxVerdict:
    """Judge a Kustomization whose source holds the commit.

    What it said before it came to the commit, or before it was asked, counts for nothing.
    """
    body = seen.body
    if status.suspended(body):
        return suspension(body)
    stalled = status.condition_of(body, "Stalled")
    if stalled.holds and _is_new(stalled, body):
        return failed(
            status.said_of(body, "is stalled", stalled), "fix its spec as the message says"
        )
    ready = status.condition_of(body, "Ready")
    now = status.applied(body, seen.source)
    if ready.holds and not status.is_behind(body) and now and relate(now) is Relation.HAS:
        return FluxVerdict(
            step=FluxStep.DONE, sentence=f"{status.id_of(body)} runs {now.short}", revision=now
        )
    tried = status.attempted(body, seen.source)
    reached = tried is not None and relate(tried) is Relation.HAS
    if ready.status == "False" and _is_new(ready, body) and _is_answer(seen, ready):
        return _refused(seen, ready, tried if reached else None)
    if tried is not None and reached and checks_health(body):
        return FluxVerdict(
            step=FluxStep.CHECKING,
            sentence=f"{status.id_of(body)} checks the health of {tried.short}",
        )
    return _on_the_way(seen, tried, reached=reached)


def checks_health(body: Body) -> bool:
    """Whether everything is applied and pruned, and the controller now looks at health."""
    healthy = status.condition_of(body, "Healthy")
    tried = text(body, "status", "lastAttemptedRevision")
    return healthy.status == "Unknown" and bool(tried) and tried in healthy.message


def _is_new(condition: status.FluxCondition, body: Body) -> bool:
    """A condition that was written for an older spec says nothing about the newest."""
    newest = number(body, "metadata", "generation")
    return condition.generation is None or condition.generation == newest


def _is_answer(seen: Seen, ready: status.FluxCondition) -> bool:
    """Whether a failure is of this attempt, not what was there before."""
    if seen.asked.stamp and status.handled(seen.body) == seen.asked.stamp:
        return True
    return seen.asked.changed and ready.since != seen.before


def _refused(seen: Seen, ready: status.FluxCondition, tried: status.Revision | None) -> FluxVerdict:
    """What `Ready: False` means."""
    body = seen.body
    if ready.reason == _DEPENDENCY:
        fix = "see the Kustomization that it depends on"
        return waiting(status.said_of(body, "waits", ready), fix, innocent=True)
    if ready.reason in _PASSING or _CUT_OFF in ready.message:
        return waiting(status.said_of(body, "goes on", ready))
    what, fix = _FAILURES.get(ready.reason, (f"failed ({ready.reason})", "see its message"))
    sentence = status.said_of(body, what, ready)
    late = not seen.asked.stamp or status.handled(body) == seen.asked.stamp
    if ready.reason == "ArtifactFailed" and _NO_PATH in ready.message and late:
        return failed(sentence, "see `spec.path`: the repository has no such folder")
    if ready.reason == "ArtifactFailed":
        return waiting(sentence, fix, innocent=True)
    return _tried(sentence, fix, ready, tried)


def _tried(
    sentence: str, fix: str, ready: status.FluxCondition, tried: status.Revision | None
) -> FluxVerdict:
    if tried is None:
        return waiting(sentence, "it was of an older revision; Flux goes on", innocent=True)
    unhealthy = ready.reason == _UNHEALTHY
    if _PASSES.search(ready.message) and not unhealthy:
        return waiting(sentence, "Flux tries again by itself")
    return FluxVerdict(
        step=FluxStep.FAILED, sentence=sentence, fix=fix, revision=tried, unhealthy=unhealthy
    )


def _on_the_way(seen: Seen, tried: status.Revision | None, *, reached: bool) -> FluxVerdict:
    body = seen.body
    operation = status.condition_of(body, "Reconciling")
    if reached and tried is not None:
        return waiting(status.said_of(body, f"applies {tried.short}", operation))
    unanswered = bool(seen.asked.stamp) and status.handled(body) != seen.asked.stamp
    if unanswered and operation.holds:
        return waiting(status.said_of(body, "was asked and goes on", operation), innocent=True)
    if unanswered:
        fix = "see that kustomize-controller runs: `kubectl get deployments -n flux-system`"
        return waiting(f"{status.id_of(body)} was asked and has not answered", fix, innocent=True)
    at = f": it has tried {tried.short}" if tried else ""
    return waiting(f"{status.id_of(body)} has not come to the commit{at}", innocent=True)
