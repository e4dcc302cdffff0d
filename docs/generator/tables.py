"""Inputs, outputs and permissions as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from generator import example, gate_example
from gitops_action.core.comments.grammar import COMMANDS as COMMENT_COMMANDS
from gitops_action.core.comments.grammar import PREFIX
from gitops_action.core.dora.metrics import METRICS
from gitops_action.core.gates.codes import REASONS
from gitops_action.core.health.known_kinds import KNOWN_KINDS, KnownKind
from gitops_action.core.inputs import COMMAND, COMMANDS, Command, Input, every_secret
from gitops_action.core.inputs.declaration import GRAMMAR, TOPICS
from gitops_action.core.inputs.permissions import RIGHTS

_INTRODUCTION = """# Reference

Every input of the action is a flag of the command line with the same name
(`images` is `--images`), and the other way round. Secrets are the exception: on the
command line they come from the environment or a file. An empty value counts as not given.

`uses: OWNER/gitops-action@v1` runs the command that its input `command` names. Each command is
also an action of its own, with its own inputs alone and the same image:
`uses: OWNER/gitops-action/validate@v1`.

[Permissions](permissions.md) lists which rights each token needs.
"""


_VARIABLES = """
## Environment variables

| Variable | What it does |
| --- | --- |
{stand_ins}
| `GITHUB_API_URL`, `GITHUB_GRAPHQL_URL`, `GITHUB_SERVER_URL` | where GitHub is, in a job |
| `GITHUB_REPOSITORY` | stands in for `repository`, in a job |
| `DOCKER_CONFIG` | folder of Docker's `config.json`, for registries |
| `SOURCE_DATE_EPOCH` | freezes the clock, for output that can be reproduced |
| `DOCKER_METADATA_ANNOTATIONS_LEVELS`, `DOCKER_METADATA_SHORT_SHA_LENGTH`, \
`DOCKER_METADATA_PR_HEAD_SHA` | settings of `tag`, as docker/metadata-action has them |
| `NO_COLOR` | no styles on a terminal |
"""


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table; bars in cells are escaped."""
    titles = list(head)
    lines = [_row(titles), _row("---" for _ in titles), *(_row(_cells(row)) for row in rows)]
    return "".join(f"{line}\n" for line in lines)


def reference() -> str:
    """The whole reference."""
    parts = [
        _INTRODUCTION,
        _kinds(),
        *(_command(command) for command in COMMANDS),
        _VARIABLES.lstrip().replace("{stand_ins}", _stand_ins()),
    ]
    return "\n".join(parts)


def _stand_ins() -> str:
    """A row for each secret: the environment variables that are looked at for it."""
    rows = [
        (", ".join(f"`{name}`" for name in item.variables), f"stand in for `{item.name}`, in order")
        for item in every_secret()
    ]
    return "\n".join(_row(row).strip() for row in rows)


def inputs_table(command: Command) -> str:
    """The inputs of a command, ordered by topic."""
    rows = (
        (f"`{item.name}`", item.help, _default(item))
        for topic in TOPICS
        for item in command.inputs
        if item.topic == topic
    )
    return table(("Input", "What it is for", "Default"), rows)


def outputs_table(command: Command) -> str:
    """The outputs of a command."""
    return table(
        ("Output", "What it holds"), ((f"`{item.name}`", item.help) for item in command.outputs)
    )


def commands_table() -> str:
    """The commands."""
    rows = (
        (f"`{c.name}`", f"{c.help}{' (command line only)' if c.terminal_only else ''}")
        for c in COMMANDS
    )
    return table(("Command", "What it does"), rows)


def permissions_table(*names: str) -> str:
    """The permission matrix, of these commands; in the order of the commands."""
    order = [command.name for command in COMMANDS]
    rows = (
        (
            f"`{right.command}`",
            f"`{right.held_by}`",
            f"`{right.permission}: {right.level}`",
            right.purpose,
            right.when or "always",
            right.without or "an error that names it",
        )
        for right in sorted(RIGHTS, key=lambda right: order.index(right.command))
        if not names or right.command in names
    )
    return table(("Command", "Token", "Right", "For", "When", "Without it"), rows)


def _command(command: Command) -> str:
    parts = [f"## `{command.name}`\n", f"{command.help}\n", *_words(command)]
    for topic in TOPICS:
        items = [item for item in command.inputs if item.topic == topic]
        if items:
            parts += [f"### `{command.name}`: {topic.lower()}\n", _details(items)]
    if command.outputs:
        parts += [f"### `{command.name}`: outputs\n", outputs_table(command)]
    return "\n".join(parts)


def _words(command: Command) -> list[str]:
    """What a command of the terminal takes as words of its own."""
    if not command.terminal_only:
        return []
    words = "".join(f" {item.word}" for item in command.positional)
    usage = f"On the command line only: `gitops-action {command.name}{words} [flags]`.\n"
    rows = ((f"`{i.name}`", i.help, _form(i), _default(i)) for i in command.positional)
    if not command.positional:
        return [usage]
    return [usage, table(("Argument", "What it is for", "Written as", "Default"), rows)]


def _details(items: Iterable[Input]) -> str:
    rows = (
        (
            f"`{item.name}`",
            f"`{item.flag}`",
            item.help,
            _form(item),
            _default(item),
        )
        for item in items
    )
    return table(("Input", "Flag", "What it is for", "Written as", "Default"), rows)


def _kinds() -> str:
    choice = f"`{COMMAND.name}` names the command in `with:`; its default is `{COMMAND.default}`.\n"
    rows = ((kind, text) for kind, text in GRAMMAR.items())
    return f"{choice}\n## How values are written\n\n{table(('Kind', 'Form'), rows)}"


def _form(item: Input) -> str:
    return " | ".join(f"`{choice}`" for choice in item.choices) or item.kind


def _default(item: Input) -> str:
    return item.default_help or (f"`{item.default}`" if item.default else "")


def _cells(row: Iterable[str]) -> Iterable[str]:
    return (cell.replace("|", "\\|").replace("\n", " ") for cell in row)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def known_kinds_table() -> str:
    """The kinds whose health is known, with the source of each rule."""
    rows = ["| Group | Kinds | Healthy when | Source |", "| --- | --- | --- | --- |"]
    rows += [
        f"| `{rule.group}` | {', '.join(rule.kinds) or 'all others'} | {_healthy_when(rule)} "
        f"| [documentation]({rule.source}) |"
        for rule in KNOWN_KINDS
    ]
    return "\n".join(rows) + "\n"


def _healthy_when(rule: KnownKind) -> str:
    if rule.static:
        return "it is there"
    place = f" in each of `status.{rule.within}`" if rule.within else ""
    words = " or ".join(f"`{word}`" for word in rule.healthy)
    parts = [
        f"`status.{'.'.join(rule.state)}` is {words}" if rule.state else "",
        f"{_listed(rule.true)} {'is' if len(rule.true) == 1 else 'are'} true{place}"
        * bool(rule.true),
        f"{_listed(rule.not_true)} not true" * bool(rule.not_true),
        "the conventions hold, without words" * rule.elsewhere,
    ]
    return ", ".join(part for part in parts if part)


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def reason_codes_table() -> str:
    """Every reason for which a gate is closed."""
    rows = (
        f"| `{code}` | {one.gate} | {one.meaning} | {one.fix} |\n"
        for code, one in REASONS.items()
        if one.closed
    )
    return f"| Code | Gate | Because | Do |\n| --- | --- | --- | --- |\n{''.join(rows)}"


def comment_commands_table() -> str:
    """Every command that a comment can give."""
    rows = [
        (
            f"`{PREFIX} {one.form}`".replace("|", "\\|"),
            one.help,
            one.right,
            "pull requests and issues" if one.anywhere else "open pull requests",
        )
        for one in COMMENT_COMMANDS
    ]
    return table(("Comment", "What it does", "Role", "Where"), rows)


def dora_metrics_table() -> str:
    """The DORA metrics with the definitions that are printed beside the figures."""
    return table(("Metric", "Definition"), ((one.name, one.definition) for one in METRICS))


SECTIONS: Mapping[str, Callable[[], str]] = {
    "commands": commands_table,
    "comment-commands": comment_commands_table,
    "dora-metrics": dora_metrics_table,
    "known-kinds": known_kinds_table,
    "permissions": permissions_table,
    "comment-refusal": example.comment_refusal,
    "gate-comment": gate_example.gate_comment,
    "gate-comments": gate_example.gate_comments,
    "promotion-pull-request": example.promotion_pull_request,
    "pull-request": example.pull_request,
    "reason-codes": reason_codes_table,
    **{f"{command.name}-inputs": (lambda c=command: inputs_table(c)) for command in COMMANDS},
    "bump-permissions": lambda: permissions_table("bump"),
    **{f"{command.name}-outputs": (lambda c=command: outputs_table(c)) for command in COMMANDS},
}
"""What a marker may name."""
