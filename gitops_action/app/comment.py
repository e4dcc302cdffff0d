"""Builds what `comment` talks to."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from functools import cached_property
from typing import TYPE_CHECKING

from gitops_action.adapters.workflow import read_job
from gitops_action.app.comment_actions import CommentActions
from gitops_action.app.history import branch_history
from gitops_action.app.tools import Context, github_client
from gitops_action.commands.bump.content import Base, read_base
from gitops_action.commands.comment import command as comment
from gitops_action.core.history.content import ContentHistory, read_histories
from gitops_action.core.history.rows import read_image
from gitops_action.core.images import ImageReference
from gitops_action.core.inputs import Values
from gitops_action.core.inputs.comment import CommentInputs, comment_inputs
from gitops_action.core.outcome import Outcome

if TYPE_CHECKING:
    from gitops_action.adapters.git import FirstParentHistory
    from gitops_action.adapters.github import ApiContentStore, GitHubClient, GitHubForge
    from gitops_action.adapters.github.conversation import GitHubConversation
    from gitops_action.adapters.github.people import GitHubPeople


def run(values: Values, context: Context) -> Outcome:
    """Check the inputs, build the ports, run."""
    inputs = comment_inputs(values, context.environ)
    with ExitStack() as stack:
        return comment.run(inputs, build_ports(CommentParts(inputs, context, stack)))


def build_ports(parts: CommentParts) -> comment.CommentPorts:
    """The ports of the command."""
    environ = parts.context.environ
    again = environ.get("GITHUB_RUN_ATTEMPT", "1") != "1"
    return comment.CommentPorts(
        conversation=parts.conversation,
        may_write=parts.people.may_write,
        actions=CommentActions(parts).table(),
        started_by=environ.get("GITHUB_TRIGGERING_ACTOR", "") if again else "",
    )


class CommentParts:
    """What comments act on, each part built when a command first needs it."""

    def __init__(self, inputs: CommentInputs, context: Context, stack: ExitStack) -> None:
        """Nothing is read yet; `stack` tidies up."""
        self.inputs = inputs
        self.context = context
        self.stack = stack

    @cached_property
    def conversation(self) -> GitHubConversation:
        """Where the comment stands."""
        from gitops_action.adapters.github.conversation import GitHubConversation  # noqa: PLC0415 - loads requests
        from gitops_action.adapters.github.reply import Reply  # noqa: PLC0415 - same

        return GitHubConversation(
            self.client,
            self.inputs.repository,
            event=Reply(dict(read_job(self.context.environ).event), "event"),
            number=self.inputs.comment_id,
            config=lambda: self.base.config,
            applications=lambda: tuple(sorted({name for name, _ in self.images})),
            viewer=lambda: self.forge.viewer().login,
        )

    @cached_property
    def client(self) -> GitHubClient:
        """GitHub, as the gate App."""
        return github_client(self.inputs, self.inputs.token, self.context)

    @cached_property
    def forge(self) -> GitHubForge:
        """Pull requests."""
        from gitops_action.adapters.github import GitHubForge  # noqa: PLC0415 - loads requests

        return GitHubForge(self.client, self.inputs.repository)

    @cached_property
    def store(self) -> ApiContentStore:
        """The repository's content."""
        from gitops_action.adapters.github import ApiContentStore  # noqa: PLC0415 - loads requests

        return ApiContentStore(self.client, self.inputs.repository)

    @cached_property
    def people(self) -> GitHubPeople:
        """Roles and teams."""
        from gitops_action.adapters.github.people import GitHubPeople  # noqa: PLC0415 - loads requests

        return GitHubPeople(self.client, self.inputs.repository)

    @cached_property
    def base(self) -> Base:
        """The base branch's tip, and its configuration."""
        return read_base(self.store, branch=self.inputs.base, config=self.inputs.config)

    @cached_property
    def commits(self) -> FirstParentHistory:
        """The base branch's history."""
        inputs = self.inputs
        return branch_history(inputs, inputs.repository, inputs.token, self.stack, base=inputs.base)

    @cached_property
    def contents(self) -> tuple[ContentHistory, ...]:
        """What each environment describes at the tip."""
        commits, config = self.commits, self.base.config
        tip = commits.log()[:1]
        return read_histories(
            tip,
            config.environments,
            config,
            blobs=commits.blobs,
            files=commits.files,
            repository=self.inputs.repository,
            branch=commits.branch,
        )

    @cached_property
    def images(self) -> Mapping[tuple[str, str], ImageReference]:
        """An image of each application and repository, whichever environment describes it."""
        found: dict[tuple[str, str], ImageReference] = {}
        for content in self.contents:
            for key, texts in (content.spans[0].images if content.spans else {}).items():
                image = read_image(texts[0])
                if image is not None:
                    found.setdefault(key, image)
        for application in self.base.config.applications:
            for repository in application.images:
                image = read_image(repository)
                if image is not None:
                    found.setdefault((application.name, repository), image)
        return found
