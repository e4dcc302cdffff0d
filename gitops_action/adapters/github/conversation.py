"""One comment on an issue or pull request: read, reacted to, answered. Fulfils `Conversation`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from gitops_action.adapters.github.activity import GitHubActivity
from gitops_action.adapters.github.client import GitHubClient
from gitops_action.adapters.github.errors import Purpose
from gitops_action.adapters.github.reply import Reply, replies
from gitops_action.core.comments.facts import CommentFacts
from gitops_action.core.comments.parse import CommentContext
from gitops_action.core.config import Config
from gitops_action.core.trailers import ProposalTrailers, declared_by
from gitops_action.errors import UsageError

_MOST_FILES = 100


class GitHubConversation:
    """The comment of an event, or one by its number."""

    def __init__(  # noqa: PLR0913 - what a conversation is about
        self,
        client: GitHubClient,
        repository: str,
        *,
        event: Reply,
        number: int = 0,
        config: Callable[[], Config],
        applications: Callable[[], tuple[str, ...]],
    ) -> None:
        """Nothing is read yet. `event` is the payload of `issue_comment`, `number` a comment's."""
        self._client = client
        self._repository = repository
        self._event = event
        self._number = number
        self._config = config
        self._applications = applications

    def comment(self) -> CommentFacts:
        """The comment as it was written.

        Raises:
            UsageError: the event has none, and no number is given.
        """
        node, issue = self._event.at("comment"), self._event.at("issue")
        if self._number and self._number != node.number("id"):
            node = self._get("issues", "comments", str(self._number))
            issue = self._get("issues", node.text("issue_url").rpartition("/")[2])
        elif not node:
            raise UsageError(
                "There is no comment", fix="run on `issue_comment`, or give `comment-id`"
            )
        elif self._event.text("action") not in {"", "created"}:
            raise UsageError("The comment was not created by this event", fix="run on `created`")
        author = node.at("user")
        return CommentFacts(
            number=node.number("id"),
            body=node.text("body"),
            created=datetime.fromisoformat(node.text("created_at")),
            login=author.text("login"),
            person=author.number("id"),
            is_person=author.text("type") == "User",
            issue=issue.number("number"),
            is_pull_request=issue.has("pull_request"),
            is_open=issue.text("state") == "open",
            url=node.text("html_url"),
        )

    def context(self, comment: CommentFacts) -> CommentContext:
        """What the comment's words can name: by the base's configuration, and by what changes."""
        config = self._config()
        environments = tuple(one.name for one in config.environments)
        live = comment.is_pull_request and comment.is_open
        touched: tuple[str, ...] = ()
        application = version = ""
        if live:
            paths = self._paths(comment.issue)
            touched = tuple(
                one.name for one in config.environments if any(one.contains(p) for p in paths)
            )
            application, version = self._proposed(comment.issue)
        return CommentContext(
            created=comment.created,
            environments=environments,
            applications=self._applications(),
            former={old: one.name for one in config.environments for old in one.formerly},
            touched=touched,
            application=application,
            version=version,
            open_pull_request=live,
        )

    def react(self, comment: CommentFacts, content: str) -> None:
        """Put a reaction on it; the same one twice is one."""
        path = self._client.path(
            self._repository, "issues", "comments", str(comment.number), "reactions"
        )
        self._client.reading(
            lambda: self._client.rest("POST", path, {"content": content}), self._purpose("react")
        )

    def reply(self, comment: CommentFacts, body: str) -> None:
        """Write a comment below it."""
        path = self._client.path(self._repository, "issues", str(comment.issue), "comments")
        self._client.reading(
            lambda: self._client.rest("POST", path, {"body": body}), self._purpose("comment")
        )

    def head(self, number: int) -> str:
        """The commit that a pull request proposes now."""
        return self._get("pulls", str(number)).at("head").text("sha")

    def moved(self, comment: CommentFacts) -> str:
        """Why the head is not the newest one pushed before the comment; empty where it is."""
        pull = self._get("pulls", str(comment.issue))
        head = pull.at("head")
        repository = head.at("repo").text("full_name")
        if repository.lower() != self._repository.lower():
            return "whether a fork's branch has moved since cannot be read: ask in its review"
        pushes = GitHubActivity(self._client).pushes(
            repository, head.text("ref"), enough=lambda push: push.at < comment.created
        )
        before = next((push for push in pushes if push.at < comment.created), None)
        if before is not None and before.after == head.text("sha"):
            return ""
        return "the branch has moved since this was written: look again, and repeat it"

    def _paths(self, number: int) -> tuple[str, ...]:
        path = self._client.path(self._repository, "pulls", str(number), "files")
        answer = self._client.reading(
            lambda: self._client.rest("GET", path, query={"per_page": _MOST_FILES}),
            self._purpose("read what changes"),
        )
        return tuple(one.text("filename") for one in replies(answer, "files"))

    def _proposed(self, number: int) -> tuple[str, str]:
        """The one image that our pull request proposes: a hint, which people see in the hold."""
        body = self._get("pulls", str(number)).text("body")
        found = declared_by(ProposalTrailers(body=body))
        if found is None or len(found.images) != 1:
            return "", ""
        image = found.images[0]
        name = image.repository.rpartition("/")[2]
        owners = [one.name for one in self._config().applications if image.repository in one.images]
        known = self._applications()
        application = owners[0] if owners else name if name in known else ""
        return application, image.tag or image.digest or ""

    def _get(self, *parts: str) -> Reply:
        path = self._client.path(self._repository, *parts)
        answer = self._client.reading(
            lambda: self._client.rest("GET", path), self._purpose("read the conversation")
        )
        return Reply(answer, "conversation")

    def _purpose(self, operation: str) -> Purpose:
        return Purpose(
            operation=operation,
            permission="issues: write` and `pull-requests: write",
            repository=self._repository,
            writes=True,
        )
