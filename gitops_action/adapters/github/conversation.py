"""One comment on an issue or pull request: read, reacted to, answered. Fulfils `Conversation`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from gitops_action.adapters.github.activity import GitHubActivity
from gitops_action.adapters.github.client import GitHubClient
from gitops_action.adapters.github.errors import Purpose
from gitops_action.adapters.github.reply import Reply, replies
from gitops_action.core.comments.parse import CommentContext, CommentFacts
from gitops_action.core.config import Config, by_image_name, owners_of_image
from gitops_action.core.trailers import ProposalTrailers, declared_by
from gitops_action.errors import UsageError

_PAGE = 100
_MOST_PAGES = 30
"""GitHub lists 3,000 files of a pull request."""


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
        viewer: Callable[[], str],
    ) -> None:
        """Nothing is read yet. `event` is the payload of `issue_comment`, `number` a comment's.

        `viewer` gives our own login.
        """
        self._client = client
        self._repository = repository
        self._event = event
        self._number = number
        self._config = config
        self._applications = applications
        self._viewer = viewer
        self._pulls: dict[int, Reply] = {}

    def comment(self) -> CommentFacts:
        """The comment as it was written.

        Raises:
            UsageError: the event has none, and no number is given; or it has to be read, and what
                was written first cannot be.
        """
        node, issue = self._event.at("comment"), self._event.at("issue")
        if self._number and self._number != node.number("id"):
            node = self._get("issues", "comments", str(self._number))
            issue = self._get("issues", node.text("issue_url").rpartition("/")[2])
            _refuse_edited(node)
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
            touched = self.touched(comment.issue)
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
        """Write a comment below it, once."""
        path = self._client.path(self._repository, "issues", str(comment.issue), "comments")

        def attempt() -> bool:
            self._client.rest("POST", path, {"body": body})
            return True

        def written() -> bool | None:
            query = {"since": comment.created.isoformat(), "per_page": _PAGE}
            listed = replies(self._client.rest("GET", path, query=query), "comments")
            ours = (one for one in listed if one.at("user").text("login") == self._viewer())
            return any(one.text("body") == body for one in ours) or None

        self._client.writing(attempt, written, self._purpose("comment"))

    def head(self, number: int) -> str:
        """The commit that a pull request proposes."""
        return self._pull(number).at("head").text("sha")

    def touched(self, number: int) -> tuple[str, ...]:
        """The environments that a pull request changes: as the gate found, else by folders."""
        return self._evaluated(number) or self._by_paths(number)

    def moved(self, comment: CommentFacts) -> str:
        """Why the head is not the newest one pushed before the comment; empty where it is."""
        head = self._pull(comment.issue).at("head")
        repository = head.at("repo").text("full_name")
        if repository.lower() != self._repository.lower():
            return "the pushes to a fork's branch cannot be read: review the pull request instead"
        pushes = GitHubActivity(self._client).pushes(
            repository, head.text("ref"), enough=lambda push: push.at < comment.created
        )
        before = next((push for push in pushes if push.at < comment.created), None)
        if before is not None and before.after == head.text("sha"):
            return ""
        return "the branch has moved since the comment: look at the change, and repeat the command"

    def _evaluated(self, number: int) -> tuple[str, ...]:
        """The environments that the gate evaluated last for the head: what people see there."""
        path = self._client.path(self._repository, "commits", self.head(number), "statuses")
        contexts = {
            one.text("context")
            for one in self._page(path, 1, "read the statuses")
            if one.at("creator").text("login") == self._viewer()
        }
        return tuple(
            one.name for one in self._config().environments if f"gitops/{one.name}" in contexts
        )

    def _by_paths(self, number: int) -> tuple[str, ...]:
        """The environments whose folders contain a changed file."""
        path = self._client.path(self._repository, "pulls", str(number), "files")
        paths: list[str] = []
        for page in range(1, _MOST_PAGES + 1):
            listed = self._page(path, page, "read what changes")
            paths += [one.text("filename") for one in listed]
            if len(listed) < _PAGE:
                break
        environments = self._config().environments
        return tuple(one.name for one in environments if any(one.contains(p) for p in paths))

    def _page(self, path: str, page: int, operation: str) -> tuple[Reply, ...]:
        query = {"per_page": _PAGE, "page": page}
        answer = self._client.reading(
            lambda: self._client.rest("GET", path, query=query), self._purpose(operation)
        )
        return replies(answer, operation)

    def _pull(self, number: int) -> Reply:
        """The pull request, read once."""
        if number not in self._pulls:
            self._pulls[number] = self._get("pulls", str(number))
        return self._pulls[number]

    def _proposed(self, number: int) -> tuple[str, str]:
        """The one image that our pull request proposes: a hint, which people see in the hold."""
        body = self._pull(number).text("body")
        found = declared_by(ProposalTrailers(body=body))
        if found is None or len(found.images) != 1:
            return "", ""
        image = found.images[0]
        name = by_image_name(image.repository)
        owners = owners_of_image(image.repository, None, self._config().applications)
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


def _refuse_edited(comment: Reply) -> None:
    """Anyone with write access can edit another person's comment, in that person's name.

    Raises:
        UsageError: it was edited.
    """
    if comment.text("updated_at") not in {"", comment.text("created_at")}:
        raise UsageError(
            "The comment was edited after it was written",
            cause="what its author wrote cannot be read any more",
            fix="write a new comment",
        )
