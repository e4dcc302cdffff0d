"""Comments of people and bots, and the run of the command that each starts."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from gitops_action.app import comment as app
from gitops_action.app.tools import Context
from gitops_action.core.inputs import check_values
from gitops_action.core.inputs.comment import COMMENT_COMMAND
from gitops_action.core.inputs.values import with_defaults
from gitops_action.core.outcome import Outcome
from gitops_action.core.redaction.known import Redactor
from testbed.forge import Forge
from tests.support.github_forge import REPOSITORY
from tests.support.reporters import QUIET

RIGHTS = {
    "contents": "write",
    "pull_requests": "write",
    "issues": "write",
    "statuses": "write",
    "deployments": "read",
    "checks": "read",
    "actions": "write",
    "metadata": "read",
    "members": "read",
}
DONE = {"eyes", "rocket"}
REFUSED = {"eyes", "confused"}


@dataclass(kw_only=True)
class Conversation:
    """What is written below a pull request, and the runs that it starts.

    Attributes:
        forge: where.
        root: a folder for the events.
        app: the gate App's login.
        rights: those of its token.
        number: of the pull request or issue.
    """

    forge: Forge
    root: Path
    app: str = "gitops-gate[bot]"
    rights: dict[str, str] | None = None
    number: int = 1
    said: int = 4242

    def say(  # noqa: PLR0913 - what a comment is
        self,
        body: str,
        *,
        by: str = "alice",
        kind: str = "User",
        state: str = "open",
        issue: bool = False,
        action: str = "created",
        comment_id: str = "",
        after: float = 2,
        **environ: str,
    ) -> Outcome:
        """Write a comment, and let its workflow run the command; `after` seconds from now."""
        self.said += 1
        created = self.forge.world.now() + timedelta(seconds=after)
        on: dict[str, Any] = {"number": self.number, "state": state}
        event = {
            "action": action,
            "issue": on if issue else {**on, "pull_request": {}},
            "comment": {
                "id": self.said,
                "body": body,
                "created_at": created.isoformat(),
                "user": {"login": by, "id": 7, "type": kind},
                "html_url": f"https://github.com/{REPOSITORY}/pull/1#issuecomment-{self.said}",
            },
        }
        path = self.root / f"event-{self.said}.json"
        path.write_text(json.dumps(event if not comment_id else {}))
        surroundings = {
            "GITHUB_EVENT_PATH": str(path),
            "GITHUB_EVENT_NAME": "issue_comment",
            "PATH": os.environ["PATH"],
            "SOURCE_DATE_EPOCH": str(int(self.forge.world.now().timestamp())),
            **environ,
        }
        return self._run(surroundings, comment_id)

    def _run(self, environ: dict[str, str], comment_id: str) -> Outcome:
        token = self.forge.token(
            kind="app", login=self.app, repositories=[REPOSITORY], permissions=self.rights or RIGHTS
        )
        texts = {
            "repository": REPOSITORY,
            "token": token,
            "api-url": self.forge.api_url,
            "graphql-url": self.forge.graphql_url,
            "server-url": self.forge.server_url,
            "comment-id": comment_id,
        }
        values = check_values(COMMENT_COMMAND, with_defaults(COMMENT_COMMAND, texts, {}))
        return app.run(values, Context(environ=environ, redactor=Redactor(), reporter=QUIET))

    @property
    def replies(self) -> list[str]:
        """Everything that is written below, oldest first."""
        return self.forge.repository(REPOSITORY).comments(self.number)

    @property
    def reactions(self) -> set[str]:
        """Those on the last comment."""
        found = self.forge.repository(REPOSITORY).repository.reactions
        return set(found.get(self.said, ()))


def outside_code(text: str) -> str:
    """Without code spans, where GitHub acts on nothing, and without our own hidden record."""
    text = re.sub(r"<!-- gitops-action:.*?-->", "", text, flags=re.DOTALL)
    return re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", text, flags=re.DOTALL)


def code(outcome: Outcome) -> str:
    """The reason code."""
    return outcome.outputs["reason-code"]
