"""Judges every source and Kustomization anew, and asks for what has to happen next."""

from __future__ import annotations

from gitops_action.commands.steps.deploy.flux.finding import Found
from gitops_action.commands.steps.deploy.flux.lineage import Lineage
from gitops_action.commands.steps.deploy.flux.order import in_order
from gitops_action.commands.steps.deploy.flux.requests import Requests
from gitops_action.commands.steps.deploy.flux.scene import Scene
from gitops_action.core.cluster.model import LiveObject
from gitops_action.core.flux.facts import (
    attempted,
    condition_of,
    dependencies_of,
    source_of,
    suspended,
)
from gitops_action.core.flux.kustomizations import Seen, judge_kustomization
from gitops_action.core.flux.sources import judge_source, suspension
from gitops_action.core.flux.verdict import Relation, Step, Verdict, failed, waiting
from gitops_action.core.health.conditions import condition
from gitops_action.core.manifests.fields import text
from gitops_action.core.manifests.model import ObjectId

_PAUSE = 10.0
"""Seconds before a source that has answered without the commit is asked again."""
_NO_BODY: LiveObject = {}


class Judging:
    """The verdicts of one round after the other."""

    def __init__(self, found: Found, scene: Scene, lineage: Lineage, requests: Requests) -> None:
        """Remember how everything was."""
        self.verdicts: dict[ObjectId, Verdict] = {}
        self.order = in_order(found.kustomizations)
        self._sources = tuple(found.sources)
        self._scene = scene
        self._lineage = lineage
        self._requests = requests
        for one, body in {**found.sources, **found.kustomizations}.items():
            requests.begin(one, body)

    def look(self) -> None:
        """Judge everything: sources first, then what others depend on."""
        for one in self._sources:
            self.verdicts[one] = self._gone(one) or self._source(one)
        for one in self.order:
            self.verdicts[one] = self._gone(one) or self._kustomization(one)

    def _gone(self, one: ObjectId) -> Verdict | None:
        fix = "apply `cluster-config/` again"
        if one in self._scene.gone:
            return failed(f"{one} was deleted during the wait", fix)
        if text(self._scene.bodies[one], "metadata", "deletionTimestamp"):
            return failed(f"{one} is being deleted", fix)
        return None

    def _source(self, one: ObjectId) -> Verdict:
        body = self._scene.bodies[one]
        asked = self._requests.asked(one, body)
        verdict = judge_source(body, self._lineage, asked)
        if verdict.step is Step.WAITING and (not asked.stamp or asked.answered(body)):
            self._requests.ask(one, body, pause=_PAUSE)
        return verdict

    def _kustomization(self, one: ObjectId) -> Verdict:
        body = self._scene.bodies[one]
        source = source_of(body)
        held = self.verdicts.get(source)
        if suspended(body):
            return suspension(body)
        if held is None:
            return failed(f"{one} reads another source now: {source}", "run again")
        if held.step is not Step.DONE:
            return waiting(f"{one} waits for {source}", held.fix, innocent=True)
        seen = Seen(
            body=body,
            source=self._scene.bodies.get(source, _NO_BODY),
            asked=self._requests.asked(one, body),
            before=_since(self._requests.since(one)),
        )
        verdict = judge_kustomization(seen, self._lineage)
        self._ask(one, seen, verdict)
        return verdict

    def _ask(self, one: ObjectId, seen: Seen, verdict: Verdict) -> None:
        """Ask once, when everything that it depends on is there and it is not at it already."""
        if verdict.step is not Step.WAITING or seen.asked.stamp or self._busy(seen):
            return
        before = [other for other in dependencies_of(seen.body) if other in self.verdicts]
        if all(self.verdicts[other].step is Step.DONE for other in before):
            self._requests.ask(one, seen.body, pause=_PAUSE)

    def _busy(self, seen: Seen) -> bool:
        tried = attempted(seen.body, seen.source)
        at_it = condition_of(seen.body, "Ready").status == "Unknown"
        return at_it and tried is not None and self._lineage(tried) is Relation.HAS


def _since(status: LiveObject) -> str:
    """When `Ready` had changed last."""
    return text(condition({"status": status}, "Ready"), "lastTransitionTime")
