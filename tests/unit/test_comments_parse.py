"""Comments by a table: what they ask for, or why they are refused and what to copy."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_action.core.comments.grammar import COMMANDS
from gitops_action.core.comments.parse import (
    CommentContext,
    CommentRefusal,
    help_text,
    is_command,
    parse_comment,
)

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
DIGEST = f"sha256:{'a' * 64}"
ON_PULL_REQUEST = CommentContext(
    created=NOON,
    environments=("staging", "production", "api"),
    applications=("web", "api"),
    former={"prod": "production"},
    touched=("production",),
    application="web",
    version="v1.2.3",
)
ON_ISSUE = replace(ON_PULL_REQUEST, touched=(), application="", version="", open_pull_request=False)

READ = {
    "/gitops": ("help", {}),
    "/GitOps HELP": ("help", {}),
    "/gitops status": ("status", {}),
    "/gitops why\n/gitops merge": ("why", {}),
    "/gitops\u00a0merge\u3000OFF because: we wait": ("merge", {"off": True, "reason": "we wait"}),
    "/gitops merge": ("merge", {"off": False}),
    "/gitops refresh": ("refresh", {}),
    "/gitops hold because it leaks": (
        "hold",
        {
            "environment": "production",
            "application": "web",
            "version": "v1.2.3",
            "reason": "it leaks",
        },
    ),
    "/gitops hold staging because incident": (
        "hold",
        {"environment": "staging", "application": "", "version": ""},
    ),
    "/gitops hold all because incident": ("hold", {"environment": "all"}),
    "/gitops hold web because x": (
        "hold",
        {"environment": "production", "application": "web", "version": ""},
    ),
    f"/gitops hold staging web@{DIGEST} until 2h BECAUSE x": (
        "hold",
        {
            "environment": "staging",
            "application": "web",
            "version": DIGEST,
            "until": NOON + timedelta(hours=2),
        },
    ),
    "/gitops hold web@v1 until 2026-11-28 14:00Z because x": (
        "hold",
        {"version": "v1", "until": NOON + timedelta(hours=2)},
    ),
    "/gitops hold api api because x": ("hold", {"environment": "api", "application": "api"}),
    "/gitops unhold": ("unhold", {"environment": "production", "version": "v1.2.3"}),
    "/gitops unhold production web": ("unhold", {"application": "web", "reason": ""}),
    "/gitops promote": ("promote", {"environment": "production", "application": ""}),
    "/gitops promote web to staging": (
        "promote",
        {"environment": "staging", "application": "web"},
    ),
    "/gitops rollback production because it crashes": (
        "rollback",
        {"environment": "production", "application": "", "version": ""},
    ),
    "/gitops rollback production web to v1 because x": (
        "rollback",
        {"environment": "production", "application": "web", "version": "v1"},
    ),
    "/gitops override soak 9b2e77a1c04d because hotfix": (
        "override",
        {"gate": "soak", "change": "9b2e77a1c04d", "environment": ""},
    ),
    "/gitops deploy staging": ("deploy", {"environment": "staging"}),
    "/gitops hold because `$(rm -rf /)` ::error:: <b> because": (
        "hold",
        {"reason": "`$(rm -rf /)` ::error:: <b> because"},
    ),
}

REFUSED = {
    "/gitops mrege": ("unknown-command", "/gitops merge"),
    "/gitops $(id)": ("unknown-command", "/gitops help"),
    "/gitops hold": ("no-reason", "/gitops hold because …"),
    "/gitops hold because": ("no-reason", "/gitops hold because …"),
    f"/gitops hold because {'x' * 1001}": ("long-reason", ""),
    "/gitops hold producton because x": ("unknown-word", "/gitops hold production because …"),
    "/gitops hold prod because x": ("former-name", "/gitops hold production because …"),
    "/gitops hold api because x": ("ambiguous", "/gitops hold api api"),
    "/gitops hold web until yesterday because x": (
        "bad-time",
        "/gitops hold web until 2h because …",
    ),
    "/gitops hold web until 2026-11-28T14:00 because x": ("bad-time", ""),
    "/gitops hold web until 2020-01-01 because x": ("bad-time", ""),
    "/gitops hold web@ because x": ("bad-version", ""),
    "/gitops hold web@sha256:12 because x": ("bad-version", ""),
    "/gitops hold WEB because x": ("unknown-word", "/gitops hold web because …"),
    "/gitops rollback because x": ("missing-word", ""),
    "/gitops rollback all because x": ("unknown-word", ""),
    "/gitops deploy": ("missing-word", ""),
    "/gitops deploy all": ("unknown-word", ""),
    "/gitops promote to": ("missing-word", ""),
    "/gitops promote because x": ("no-reason-taken", "/gitops promote"),
    "/gitops override validate 9b2e77a1c04d because x": ("unknown-gate", ""),
    "/gitops override hold 9b2e77a1c04d because x": ("unknown-gate", ""),
    "/gitops override soak 9b2e because x": ("bad-hash", "/gitops why"),
    "/gitops merge now": ("unknown-word", ""),
    "/gitops status staging production": ("unknown-word", ""),
}


@pytest.mark.parametrize("text", READ)
def test_what_a_comment_asks_for(text: str) -> None:
    word, values = READ[text]
    assert is_command(text)
    found = parse_comment(text, ON_PULL_REQUEST)
    assert found.command.word == word
    assert {name: getattr(found, name) for name in values} == values


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_refused_with_the_next_command_to_copy(text: str) -> None:
    code, suggestion = REFUSED[text]
    with pytest.raises(CommentRefusal) as caught:
        parse_comment(text, ON_PULL_REQUEST)
    assert caught.value.code == code
    assert caught.value.suggestion.startswith(suggestion)


@pytest.mark.parametrize(
    "text",
    [
        "> /gitops merge",
        "```\n/gitops merge\n```",
        "    /gitops merge",
        " /gitops merge",
        "please /gitops merge",
        "/gitopsmerge",
        "/hold",
        "/gitops-other merge",
        "",
    ],
)
def test_quotes_code_and_commands_of_others_are_not_ours(text: str) -> None:
    assert not is_command(text)


@pytest.mark.parametrize(
    "word", ["why", "merge", "refresh", "override soak 9b2e77a1c04d because x"]
)
def test_on_issues_and_closed_pull_requests_some_commands_do_not_work(word: str) -> None:
    with pytest.raises(CommentRefusal) as caught:
        parse_comment(f"/gitops {word}", ON_ISSUE)
    assert caught.value.code == "not-here"


def test_on_issues_the_environment_has_to_be_named() -> None:
    with pytest.raises(CommentRefusal, match="staging, production, api") as caught:
        parse_comment("/gitops hold web because x", ON_ISSUE)
    assert caught.value.code == "missing-environment"
    assert parse_comment("/gitops hold staging because x", ON_ISSUE).environment == "staging"


def test_with_several_environments_the_word_has_to_be_given() -> None:
    several = replace(ON_PULL_REQUEST, touched=("staging", "production"))
    with pytest.raises(CommentRefusal, match="staging, production"):
        parse_comment("/gitops hold because x", several)


def test_help_names_every_command() -> None:
    assert all(f"`/gitops {one.form}`" in help_text() for one in COMMANDS)


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(text: str) -> None:
    body = f"/gitops {text}"
    if is_command(body):
        with contextlib.suppress(CommentRefusal):
            assert parse_comment(body, ON_PULL_REQUEST).command in COMMANDS
