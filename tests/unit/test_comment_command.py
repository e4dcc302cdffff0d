"""What becomes of a comment: rights, reactions, replies, and what is called."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from gitops_action.commands.comment.command import CommentPorts, run
from gitops_action.core.comments.parse import CommentContext, CommentFacts, ParsedCommand
from gitops_action.core.inputs.comment import CommentInputs
from gitops_action.core.outcome import Outcome
from gitops_action.errors import DeniedError, GitOpsError

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
COMMENT = CommentFacts(
    number=1,
    body="/gitops hold because it leaks",
    created=NOON,
    login="alice",
    person=7,
    is_person=True,
    issue=3,
    is_pull_request=True,
    is_open=True,
)


@dataclass(kw_only=True)
class Talk:
    """A conversation that keeps what is said in it."""

    facts: CommentFacts = COMMENT
    replies: list[str] = field(default_factory=list)
    reactions: list[str] = field(default_factory=list)
    done: list[ParsedCommand] = field(default_factory=list)
    away: str = ""
    mute: bool = False
    fails: GitOpsError | None = None

    def comment(self) -> CommentFacts:
        return self.facts

    def context(self, comment: CommentFacts) -> CommentContext:
        return CommentContext(
            created=comment.created,
            environments=("staging", "production"),
            applications=("web",),
            touched=("production",),
            application="web",
            version="v1",
            open_pull_request=comment.is_pull_request and comment.is_open,
        )

    def react(self, comment: CommentFacts, content: str) -> None:
        del comment
        if self.mute:
            raise DeniedError("no")
        self.reactions.append(content)

    def reply(self, comment: CommentFacts, body: str) -> None:
        del comment
        self.replies.append(body)

    def moved(self, comment: CommentFacts) -> str:
        del comment
        return self.away

    def act(self, parsed: ParsedCommand, comment: CommentFacts) -> str:
        del comment
        if self.fails:
            raise self.fails
        self.done.append(parsed)
        return "it runs v1" if parsed.command.word == "status" else ""


def say(
    talk: Talk,
    body: str = COMMENT.body,
    *,
    writers: dict[str, bool | None] | None = None,
    started_by: str = "",
) -> Outcome:
    talk.facts = replace(talk.facts, body=body)
    roles = {"alice": True} if writers is None else writers
    words = ("status", "why", "merge", "refresh", "hold", "unhold", "promote", "override", "deploy")
    ports = CommentPorts(
        conversation=talk,
        may_write=lambda login: roles.get(login, False),
        actions=dict.fromkeys(words, talk.act),  # type: ignore[arg-type]  # the words are those of the grammar
        started_by=started_by,
    )
    return run(CommentInputs(), ports)


def test_what_is_done_gets_reactions_and_no_reply() -> None:
    talk = Talk()
    outcome = say(talk)
    assert outcome.outputs == {"command": "hold", "result": "done", "reason-code": ""}
    assert (talk.reactions, talk.replies) == (["eyes", "rocket"], [])
    assert talk.done[0].reason == "it leaks"


def test_status_and_help_are_answered_and_need_no_right() -> None:
    talk = Talk()
    say(talk, "/gitops status", writers={})
    assert talk.replies == ["it runs v1"]
    say(talk, "/gitops", writers={})
    assert "`/gitops hold" in talk.replies[-1]


@pytest.mark.parametrize(
    ("facts", "body"),
    [
        (replace(COMMENT, is_person=False), COMMENT.body),
        (COMMENT, "/hold because x"),
        (COMMENT, "> /gitops merge"),
        (COMMENT, "look: /gitops merge"),
    ],
)
def test_bots_quotes_and_commands_of_others_are_ignored(facts: CommentFacts, body: str) -> None:
    talk = Talk(facts=facts)
    assert say(talk, body).outputs["result"] == "ignored"
    assert (talk.reactions, talk.replies, talk.done) == ([], [], [])


@pytest.mark.parametrize(
    ("writers", "started_by", "code"),
    [
        ({"alice": False}, "", "no-right"),
        ({"alice": None}, "", "role-unreadable"),
        ({"alice": True, "mallory": False}, "mallory", "no-right"),
        ({"alice": True}, "bob", "no-right"),
    ],
)
def test_without_the_right_nothing_is_done(
    writers: dict[str, bool | None], started_by: str, code: str
) -> None:
    talk = Talk()
    outcome = say(talk, writers=writers, started_by=started_by)
    assert outcome.outputs["reason-code"] == code
    assert talk.done == []
    assert talk.reactions == ["eyes", "confused"]


@pytest.mark.parametrize("word", ["merge", "refresh", "override soak 9b2e77a1c04d because x"])
def test_a_head_that_moved_between_comment_and_run_is_refused(word: str) -> None:
    talk = Talk(away="the branch has moved")
    assert say(talk, f"/gitops {word}").outputs["reason-code"] == "head-moved"
    assert talk.done == []
    assert "the branch has moved" in talk.replies[0]


def test_a_hold_does_not_look_at_the_head() -> None:
    talk = Talk(away="the branch has moved")
    assert say(talk).outputs["result"] == "done"


def test_on_a_closed_pull_request_a_merge_is_refused_and_a_hold_is_not() -> None:
    talk = Talk(facts=replace(COMMENT, is_open=False))
    assert say(talk, "/gitops merge").outputs["reason-code"] == "not-here"
    assert say(talk, "/gitops hold production because x").outputs["result"] == "done"


def test_what_is_not_available_says_so() -> None:
    talk = Talk()
    outcome = say(talk, "/gitops rollback production because x")
    assert outcome.outputs["reason-code"] == "not-available"


def test_text_in_a_refusal_can_neither_ping_nor_command() -> None:
    talk = Talk()
    say(talk, "/gitops hold @team/x`<!--#1 ::error::$(id) because x")
    (reply,) = talk.replies
    assert "\n::error::" not in reply
    assert "`/gitops hold [ENV] [APP[@VERSION]] [until T] because …`" in reply


def test_an_error_of_the_command_is_told_and_fails_the_run() -> None:
    talk = Talk(fails=GitOpsError("It cannot be held", cause="no such image", fix="name it"))
    outcome = say(talk)
    assert (outcome.exit_code, outcome.outputs["reason-code"]) == (1, "failed")
    assert "It cannot be held" in talk.replies[0]


def test_reactions_are_a_courtesy() -> None:
    talk = Talk(mute=True)
    assert say(talk).outputs["result"] == "done"
