"""What the demo shows of a pull request: gates, promotion, a failure and the way back."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from testbed.action import StepResult
from testbed.demo.automation import Automation, clock
from testbed.demo.cluster import Cluster
from testbed.demo.layouts import BAD_TAG, ENVIRONMENT, NEW_TAG, Layout, Place
from testbed.demo.page import open_page, page_file
from testbed.demo.policy import CLOSED, FILE, SOAK, with_rules
from testbed.demo.show import Screen
from testbed.demo.stage import Stage
from testbed.forge.model import PullRequest
from testbed.process import PartError

_WHO = {
    "push": "its workflow deploys",
    "flux": "its workflow waits until Flux runs this very commit",
}
APPLICATION = "web"
_SETTLED = timedelta(minutes=5)
"""After it a deployment has settled, so that drift is looked for."""


@dataclass(frozen=True, kw_only=True)
class Story:
    """Its screen and its parts.

    Attributes:
        propose: releases a tag of the application; gives the pull request.
    """

    screen: Screen
    stage: Stage
    cluster: Cluster
    automation: Automation
    propose: Callable[[str], PullRequest]

    @property
    def _layout(self) -> Layout:
        return self.cluster.layout

    def play(self, pull: PullRequest) -> None:
        """From an open pull request to production, and back from a version that breaks."""
        first, *following = self._layout.places
        self._rule()
        self._accept(pull, first)
        for place in following:
            self._keep_out(pull, place)
            self._promote(pull, place)
        self._break(first)
        self._refuse()
        self._drift(first)
        self._show_status()

    def _rule(self) -> None:
        """A platform engineer says who merges, and after what."""
        with self.screen.operation("A platform engineer adds the rules to .github/gitops.yaml"):
            repository, now = self.stage.environment, self.stage.forge.world.now()
            before = repository.read("main", FILE).decode()
            after = with_rules(before, self._layout, now)
            repository.commit(files={FILE: after}, message="Let the gate merge")
            repository.collaborator("bob", "write")
            self.automation.later(timedelta(seconds=2))
        self.screen.difference(before, after)

    def _accept(self, pull: PullRequest, place: Place) -> None:
        """The gate merges it by itself; it is deployed and verified."""
        self._merge(pull)
        self._deploy(place, "succeeded")
        self.screen.happened(
            f"#{pull.number} {pull.title}: every gate is open, the gate merged it, and"
            f" {place.environment} runs it, verified"
        )

    def _merge(self, pull: PullRequest) -> None:
        with self.screen.operation(f"The gate evaluates #{pull.number} and merges it"):
            result = self.automation.gate()
        self._expect_merged(pull, result.log)

    @staticmethod
    def _expect_merged(pull: PullRequest, log: str = "") -> None:
        if not pull.merged_at:
            raise PartError(f"#{pull.number} should have been merged\n{log}")

    def _deploy(self, place: Place, expected: str) -> StepResult:
        what = f"{place.environment}: {_WHO[self._layout.engine]}"
        with self.screen.operation(what):
            deployment = self.cluster.deploy(self.stage, place)
            self.automation.later(timedelta(seconds=2))
        self.screen.result("deploy", deployment)
        if deployment.outputs.get("result") != expected:
            raise PartError(f"the deployment should have {expected}:\n{deployment.log}")
        self.screen.recorded(self.stage)
        return deployment

    def _keep_out(self, pull: PullRequest, place: Place) -> None:
        """A person keeps the version out of the next environment, and lets it in again."""
        subject = f"{place.environment} {APPLICATION}@{NEW_TAG}"
        text = f"/gitops hold {subject} because the schema is not migrated"
        self._say(pull, text)
        hold = self._newest()
        self.screen.pull_request(self.stage, hold)
        self._say(hold, "/gitops merge")
        self._expect_merged(hold)
        with self.screen.operation(f"What {self._layout.environment} runs is promoted"):
            refused = self.automation.promote(place.environment)
        self.screen.result("promote", refused)
        if json.loads(refused.outputs["pull-requests"]) or "is on hold" not in refused.log:
            raise PartError(f"a version on hold is not to be promoted:\n{refused.log}")
        self.screen.note(refused.log.strip())
        self.screen.happened(f"{text}: {place.environment} is not offered {NEW_TAG}")
        self._say(pull, f"/gitops unhold {subject}")
        lifted = self._newest()
        with self.screen.operation("A second person, bob, approves what lifts the hold"):
            self._approve(lifted)
        self._say(lifted, "/gitops merge")
        self._expect_merged(lifted)

    def _promote(self, pull: PullRequest, place: Place) -> None:
        """It is proposed to the next environment, held, approved and deployed."""
        text = f"/gitops promote {APPLICATION} to {place.environment}"
        self._say(pull, text)
        promotion = self._newest()
        self.screen.pull_request(self.stage, promotion)
        self.screen.comment(self.stage, promotion)
        if promotion.merged_at:
            raise PartError(f"#{promotion.number} was merged with closed gates")
        with self.screen.operation("A second person, bob, approves"):
            self._approve(promotion)
        self._merge_later(promotion, SOAK + CLOSED)
        self._deploy(place, "succeeded")
        self.screen.happened(
            f"{text}: #{promotion.number} waited for soak, window and approval; bob approved, and"
            f" {place.environment} runs {NEW_TAG}"
        )

    def _merge_later(self, pull: PullRequest, time: timedelta) -> None:
        hours = time.total_seconds() / 3600
        self.screen.note(f"{hours:.0f} hours pass on the forge's clock")
        self.automation.later(time)
        self._merge(pull)

    def _break(self, place: Place) -> None:
        """A version that breaks as soon as it runs: the last verified one comes back by itself."""
        self.screen.note(f"{BAD_TAG} breaks as soon as it runs: what happens?")
        self.cluster.break_image(f"{self.stage.image}:{BAD_TAG}")
        broken = self.propose(BAD_TAG)
        self._merge(broken)
        self._deploy(place, "failed")
        self.screen.happened(
            f"#{broken.number} {broken.title}: merged by the gate, and the deployment failed"
        )
        with self.screen.operation("The failed run starts the rollback"):
            self.automation.roll_back()
        rollback = self._newest()
        self.screen.pull_request(self.stage, rollback)
        self._merge(rollback)
        self._deploy(place, "succeeded")
        self.screen.happened(
            f"#{rollback.number} {rollback.title}: by itself, {place.environment} runs the version"
            f" that was verified before, and {BAD_TAG} is on hold"
        )

    def _refuse(self) -> None:
        """The version that was rolled back is proposed once more."""
        with self.screen.operation(f"The release of {BAD_TAG} is run again"):
            refused = self.stage.bump(BAD_TAG, clock(self.stage))
        if not refused.exit_code or "on hold" not in refused.log:
            raise PartError(f"a version on hold should be refused:\n{refused.log}")
        self.screen.refusal(refused)
        self.screen.happened(f"{BAD_TAG} once more: refused, it is on hold")
        if self.screen.verbose:
            self.screen.result("history", self.automation.history(self._layout.environment))

    def _drift(self, place: Place) -> None:
        """A person scales by hand what Git describes otherwise."""
        self.screen.note("A person runs: kubectl scale deployment/web --replicas=4")
        if self._layout.engine == "flux":
            self.screen.note("Flux takes it back at its next interval, ten minutes later at most.")
        self.cluster.scale(place, 4)
        self.automation.later(_SETTLED)
        with self.screen.operation(f"The scheduled comparison of {place.environment} runs"):
            found = self.cluster.drift(self.stage, place)
        self.screen.result("drift", found)
        if found.outputs.get("state") != "drifted" or "spec.replicas: " not in found.log:
            raise PartError(f"`drift` should have found the replicas:\n{found.log}")
        self.screen.note(
            f"kubectl scale: the comparison of {place.environment} found the replicas, and who"
            " wrote them"
        )

    def _show_status(self) -> None:
        """What runs where, as a page: it stays when the demo ends."""
        page = page_file()
        page.parent.mkdir(parents=True, exist_ok=True)
        with self.screen.operation("The status page is written"):
            self.automation.status(page)
        self.screen.happened(f"The status page: {page.as_uri()}")
        open_page(page.as_uri())

    def _say(self, pull: PullRequest, text: str) -> None:
        """A person writes a comment; the gate is the last job of the same run."""
        with self.screen.operation(f"alice writes on #{pull.number}: {text}"):
            result = self.automation.comment(pull.number, text, by="alice")
            if result.outputs["result"] != "done":
                reply = self.stage.environment.comments(pull.number)[-1]
                raise PartError(f"{text} was refused:\n{result.log}\n{reply}")
            self.automation.later(timedelta(seconds=2))
            self.automation.gate()

    def _approve(self, pull: PullRequest) -> None:
        self.stage.environment.review(pull.number, by="bob")
        self.automation.later(timedelta(seconds=2))

    def _newest(self) -> PullRequest:
        newest = self.stage.environment.pull_requests()[-1]
        if newest.merged_at or newest.closed_at:
            raise PartError(f"no new pull request in {ENVIRONMENT}, the last is #{newest.number}")
        return newest
