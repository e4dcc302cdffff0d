"""What the account may do, asked before anything is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gitops_action.adapters.cluster.caller import Caller
from gitops_action.adapters.cluster.parallel import in_parallel
from gitops_action.adapters.cluster.transport import Request
from gitops_action.core.cluster.doing import Doing
from gitops_action.core.cluster.model import Right
from gitops_action.core.manifests.fields import flag, items, texts
from gitops_action.core.manifests.model import Body

_REVIEWS = "/apis/authorization.k8s.io/v1"
_DOING = Doing(verb="ask", about="what the account may do")


def denied_rights(caller: Caller, rights: Iterable[Right]) -> tuple[Right, ...]:
    """Those of these rights that the account does not have, sorted.

    One rules review a namespace settles most of it; what it does not grant is asked for one by
    one, for it may be incomplete (webhook authorizers), and it does not tell what holds outside of
    namespaces.

    Raises:
        ClusterError: the server does not answer.
    """
    wanted = sorted(set(rights))
    namespaces = sorted({right.namespace for right in wanted if right.namespace})
    rules = dict(
        zip(namespaces, in_parallel(lambda one: _rules(caller, one), namespaces), strict=True)
    )
    open_questions = [one for one in wanted if not _granted(rules.get(one.namespace, ()), one)]
    answers = in_parallel(lambda one: _allowed(caller, one), open_questions)
    return tuple(
        right for right, allowed in zip(open_questions, answers, strict=True) if not allowed
    )


def _rules(caller: Caller, namespace: str) -> tuple[Body, ...]:
    body = {"spec": {"namespace": namespace}}
    path = f"{_REVIEWS}/selfsubjectrulesreviews"
    return items(_review(caller, path, body), "status", "resourceRules")


def _granted(rules: tuple[Body, ...], right: Right) -> bool:
    """Whether a rule without names grants it (Kubernetes: "Using RBAC Authorization")."""
    name = "/".join(part for part in (right.resource.plural, right.subresource) if part)
    return any(
        not texts(rule, "resourceNames")
        and _covers(texts(rule, "verbs"), right.verb)
        and _covers(texts(rule, "apiGroups"), right.resource.group)
        and _covers(texts(rule, "resources"), name)
        for rule in rules
    )


def _covers(granted: tuple[str, ...], wanted: str) -> bool:
    return "*" in granted or wanted in granted


def _allowed(caller: Caller, right: Right) -> bool:
    attributes: Mapping[str, str] = {
        "verb": right.verb,
        "group": right.resource.group,
        "version": right.resource.version,
        "resource": right.resource.plural,
        "subresource": right.subresource,
        "namespace": right.namespace,
    }
    path = f"{_REVIEWS}/selfsubjectaccessreviews"
    body = {"spec": {"resourceAttributes": attributes}}
    return bool(flag(_review(caller, path, body), "status", "allowed"))


def _review(caller: Caller, path: str, body: Body) -> Body:
    """A question that is put as a create; it leaves nothing behind and may be repeated."""
    return caller.safe(_DOING, Request(method="POST", path=path, body=body)).body
