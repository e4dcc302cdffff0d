"""What the demo prints."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console, Group
from rich.markdown import Markdown
from rich.markup import escape
from rich.panel import Panel
from rich.rule import Rule
from rich.syntax import Syntax
from rich.text import Text

from testbed.demo.layouts import Layout
from testbed.demo.stage import Stage
from testbed.forge.model import PullRequest

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
# What act says of a job's step: `[workflow/job] ⭐ Run Main NAME`.
_STEP = re.compile(r"⭐ Run Main (?P<name>.+)")


class Screen:
    """The terminal, with a line for each thing that was done and how long it took."""

    def __init__(self, console: Console) -> None:
        """Write to `console`."""
        self.console = console

    def title(self, layout: Layout) -> None:
        """Begin a layout."""
        self.console.print(Rule(f"[bold]{layout.name}[/]: {escape(layout.about)}"))

    def note(self, text: str) -> None:
        """Say something by the way."""
        self.console.print(f"[yellow]![/] {escape(text)}")

    @contextmanager
    def doing(self, what: str) -> Iterator[None]:
        """Tell what is done while the block runs, then that it is done."""
        began = time.monotonic()
        with self.console.status(escape(what)):
            yield
        took = time.monotonic() - began
        self.console.print(f"[green]✓[/] {escape(what)} [dim]({took:.1f} s)[/]")

    def act_line(self, line: str) -> None:
        """Show a step of the workflow as act begins it."""
        found = _STEP.search(_COLOURS.sub("", line))
        if found:
            self.console.print(f"    [cyan]step[/] {escape(found['name'])}")

    def pull_request(self, stage: Stage, pull: PullRequest) -> None:
        """Show a pull request as its page would: title, branch, body, diff, address."""
        url = f"{stage.forge.server_url}/{pull.repository.full_name}/pull/{pull.number}"
        difference = pull.repository.git.run("diff", pull.base_oid, pull.head_oid).decode()
        head = Text.assemble(
            (f"#{pull.number} ", "dim"),
            (pull.title, "bold"),
            (f"\n{pull.author.login} wants to merge {pull.head} into {pull.base}\n", "dim"),
        )
        body = Group(
            head,
            Markdown(_plain(pull.body or "")),
            Rule("Files changed", style="dim"),
            Syntax(difference, "diff", background_color="default", word_wrap=True),
        )
        self.console.print(Panel(body, title=pull.repository.full_name, border_style="green"))
        self.console.print(f"Pull request: [link={url}]{url}[/link]\n", soft_wrap=True)


def _plain(body: str) -> str:
    """Unfold details, which a terminal cannot, and keep the lines of the trailers apart."""
    opened = re.sub(r"<details><summary>(.*?)</summary>", r"#### \1\n", body)
    text, _, trailers = opened.replace("</details>", "").rstrip().rpartition("\n\n")
    return f"{text}\n\n```text\n{trailers}\n```\n"
