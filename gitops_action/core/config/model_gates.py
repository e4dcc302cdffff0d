"""The shape of an environment's `gates` in the configuration."""

from __future__ import annotations

from pydantic import Field, model_validator

from gitops_action.core.config.fields import (
    Count,
    Cron,
    Duration,
    Expectation,
    Login,
    Shape,
    Team,
    Text,
    TimeZone,
    Url,
    problem,
)
from gitops_action.core.config.gates import Window
from gitops_action.core.config.windows import never_open


class WindowShape(Shape):
    """A recurring span of time, five-field cron, in which merging is denied or allowed."""

    deny: Cron | None = Field(default=None, description="Start of each span without merging.")
    allow: Cron | None = Field(default=None, description="Start of each span with merging.")
    for_: Duration = Field(description="How long each span lasts, e.g. 63h.")
    timezone: TimeZone = Field(default="UTC", description="IANA name, e.g. Europe/Berlin.")

    @model_validator(mode="after")
    def _one_effect(self) -> WindowShape:
        if (self.deny is None) == (self.allow is None):
            raise problem("a window has either deny or allow", "keep one of them")
        if not self.for_:
            raise problem("a window of no length", "give `for` a length, e.g. 8h")
        return self

    def resolved(self) -> Window:
        """The window as a value."""
        return Window(
            effect="deny" if self.deny else "allow",
            cron=self.deny or self.allow or "",
            duration=self.for_,
            timezone=self.timezone,
        )


class ApprovalsShape(Shape):
    """Who has to approve."""

    count: Count = Field(default=1, description="How many approvals are needed.")
    teams: list[Team] = Field(default_factory=list, description="Teams that count, ORG/TEAM.")
    users: list[Login] = Field(default_factory=list, description="People who count.")


class HttpShape(Shape):
    """An address that is asked before a merge."""

    url: Url = Field(description="Address to ask; redirects are not followed.")
    expect: Expectation = Field(description='Expression, e.g. "response.status == 200".')


class GatesShape(Shape):
    """What has to be true before a change merges."""

    soak: Duration | None = Field(
        default=None, description="How long images must have run in every environment of `after`."
    )
    windows: list[WindowShape] = Field(default_factory=list, description="When to merge.")
    approvals: ApprovalsShape | None = Field(default=None, description="Who has to approve.")
    checks: list[Text] = Field(
        default_factory=list, description="Checks or statuses that must have succeeded."
    )
    http: list[HttpShape] = Field(default_factory=list, description="Addresses to ask.")

    @model_validator(mode="after")
    def _some_moment(self) -> GatesShape:
        if never_open([window.resolved() for window in self.windows]):
            raise problem(
                "the windows leave no moment to merge in", "shorten or remove one of them"
            )
        return self
