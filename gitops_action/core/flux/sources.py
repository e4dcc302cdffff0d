"""The verdict about a source: does it hold the commit, and if not, will it ever?"""

from __future__ import annotations

import re
from dataclasses import dataclass

from gitops_action.core.flux.facts import (
    Condition,
    artifact_of,
    condition_of,
    handled,
    has_artifact,
    id_of,
    said_of,
    suspended,
    suspended_by,
)
from gitops_action.core.flux.resume import resume
from gitops_action.core.flux.verdict import Relate, Relation, Step, Verdict, failed, waiting
from gitops_action.core.manifests.model import Body

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
        return handled(body) == self.stamp if self.stamp else self.changed


def judge_source(body: Body, relate: Relate, asked: Asked) -> Verdict:
    """Judge a source by what its controller wrote.

    Args:
        body: the object.
        relate: the history.
        asked: what was asked of its controller.
    """
    held = artifact_of(body)
    relation = relate(held) if held else Relation.UNKNOWN
    if held and relation is Relation.HAS:
        return Verdict(step=Step.DONE, sentence=f"{id_of(body)} has {held.short}", revision=held)
    if suspended(body):
        return suspension(body)
    wrong = _broken(body, asked)
    if wrong:
        return wrong
    if not asked.answered(body):
        return _unanswered(body, asked)
    if held is None:
        return _untold(body)
    return _other(body, held.short, relation)


def suspension(body: Body) -> Verdict:
    """Its controller leaves it alone, so nothing will ever happen."""
    who = suspended_by(body)
    by = f" (by {who})" if who else ""
    return failed(f"{id_of(body)} is suspended{by}", f"resume it: `{resume(body)}`")


def _broken(body: Body, asked: Asked) -> Verdict | None:
    stalled = condition_of(body, "Stalled")
    if stalled.holds:
        return failed(said_of(body, "is stalled", stalled), "mend its spec as the message says")
    if not asked.answered(body):
        return None
    verified = condition_of(body, "SourceVerified")
    if verified.status == "False":
        return failed(
            said_of(body, "could not verify the signature", verified),
            "sign the commit with a key that `spec.verify` knows",
        )
    fetch = condition_of(body, "FetchFailed")
    if fetch.holds:
        return _fetch(body, fetch)
    storage = condition_of(body, "StorageOperationFailed")
    if storage.holds:
        return waiting(said_of(body, "could not store it", storage), innocent=True)
    return None


def _fetch(body: Body, fetch: Condition) -> Verdict:
    """Tell what a person has to mend from what passes by itself."""
    for name, words, fix in _CAUSES:
        if re.search(words, fetch.message, re.IGNORECASE):
            return failed(said_of(body, f"could not fetch ({name})", fetch), fix)
    if fetch.reason == _AUTHENTICATION:
        return failed(said_of(body, "could not fetch (authentication)", fetch), _KEY)
    fix = "see that source-controller reaches the server; it tries again by itself"
    return waiting(said_of(body, "could not fetch", fetch), fix, innocent=True)


def _unanswered(body: Body, asked: Asked) -> Verdict:
    if asked.stamp:
        fix = "see that source-controller runs: `kubectl get deployments -n flux-system`"
        return waiting(f"{id_of(body)} was asked and has not answered", fix, innocent=True)
    fix = "let the account patch it, or wait until its interval is over"
    return waiting(f"{id_of(body)} fetches by its interval", fix, innocent=True)


def _untold(body: Body) -> Verdict:
    if not has_artifact(body):
        return waiting(said_of(body, "has fetched nothing yet", condition_of(body, "Ready")))
    return failed(
        f"{id_of(body)} does not tell which commit it holds",
        "push the artifact with `flux push artifact --source … --revision …`",
    )


def _other(body: Body, held: str, relation: Relation) -> Verdict:
    name = id_of(body)
    if relation is Relation.DIVERGED:
        return failed(
            f"{name} has {held}, which does not contain the commit: was the branch force-pushed?",
            "deploy a commit that the branch contains",
        )
    late = "is out of date" if relation is Relation.OLDER else "cannot be compared"
    fix = "it is asked again; see what keeps it: `kubectl describe`"
    return waiting(f"{name} {late}: it has {held}", fix, innocent=True)
