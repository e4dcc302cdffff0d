"""What the demo prints."""

from __future__ import annotations

import re
import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import unquote

from rich.console import Console, Group
from rich.markdown import Markdown
from rich.markup import escape
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.syntax import Syntax
from rich.text import Text
from rich.tree import Tree

from testbed.action import StepResult
from testbed.demo.layouts import ENVIRONMENT, Layout
from testbed.demo.stage import Stage
from testbed.forge.model import PullRequest

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
# What act says of a job's step: `[workflow/job] ⭐ Run Main NAME`.
_STEP = re.compile(r"⭐ Run Main (?P<name>.+)")

_ERROR = re.compile(r"^::error .*?title=(?P<title>[^:,]*).*?::(?P<text>.*)", re.MULTILINE)


class Screen:
    """The terminal, with a line for each thing that was done and how long it took."""

    def __init__(self, console: Console, *, verbose: bool = False) -> None:
        """Write to `console`; `verbose`: all that a page on GitHub would show."""
        self.console = console
        self.verbose = verbose
        self._began = time.monotonic()
        self._happened: list[str] = []

    @property
    def seconds(self) -> float:
        """How long ago it began."""
        return time.monotonic() - self._began

    def happened(self, text: str) -> None:
        """Keep a line for the summary."""
        self._happened.append(text)

    def summary(self, *where: str) -> None:
        """Print what happened, and where to look."""
        self.console.print(Rule("[bold]What happened[/]"))
        for line in (*self._happened, *where):
            self.console.print(f"  {escape(line)}", soft_wrap=True, highlight=False)

    def refusal(self, result: StepResult) -> None:
        """Show why a step was refused, by the annotation that it left."""
        found = _ERROR.search(result.log)
        title, text = (found["title"], found["text"]) if found else ("", result.log)
        self.note(unquote(f"{title}: {text.partition('%0A')[0]}") if title else text)

    def title(self, layout: Layout) -> None:
        """Begin a layout."""
        about = f"{layout.about}; engine {layout.engine}"
        self.console.print(Rule(f"[bold]{layout.name}[/]: {escape(about)}"))

    def note(self, text: str) -> None:
        """Say something by the way."""
        self.console.print(f"[yellow]![/] {escape(text)}")

    @contextmanager
    def operation(self, what: str) -> Iterator[None]:
        """Show what is done while the block runs, then that it is done."""
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

    def repository(self, stage: Stage, layout: Layout) -> None:
        """Show how the environment repository was made, and what is in it."""
        self.console.print(f"  [bold]$ {escape(shlex.join(layout.command(stage.image)))}[/]")
        if not self.verbose:
            self.console.print(f"  It writes {len(stage.files)} files.")
            return
        tree = Tree(ENVIRONMENT, guide_style="dim")
        folders = {"": tree}
        for path in stage.files:
            *parents, name = path.split("/")
            for depth, parent in enumerate(parents, start=1):
                place, above = "/".join(parents[:depth]), "/".join(parents[: depth - 1])
                if place not in folders:
                    folders[place] = folders[above].add(f"[blue]{escape(parent)}[/]")
            folders["/".join(parents)].add(escape(name))
        self.console.print(Padding(tree, (0, 4)))

    def result(self, command: str, result: StepResult) -> None:
        """Show what the job's summary says; red where the job fails, else only when verbose."""
        if not (self.verbose or result.exit_code):
            return
        colour = "red" if result.exit_code else "cyan"
        self.console.print(
            Panel(Markdown(_unfolded(result.summary)), title=command, border_style=colour)
        )

    def recorded(self, stage: Stage) -> None:
        """Show the newest GitHub Deployment, as the repository's page does."""
        deployments = stage.environment.repository.deployments
        newest = deployments[max(deployments)]
        state = newest.statuses[-1].state if newest.statuses else "pending"
        self.console.print(
            f"  GitHub Deployment of {newest.oid[:7]} to {escape(newest.environment)}: {state}"
        )

    def difference(self, before: str, after: str) -> None:
        """Show the lines that were added."""
        known = set(before.splitlines())
        added = [line for line in after.splitlines() if line not in known]
        lines = Syntax("\n".join(added), "yaml", background_color="default", word_wrap=True)
        self.console.print(Padding(lines, (0, 4)))

    def comment(self, stage: Stage, pull: PullRequest) -> None:
        """Show the gate's comment, as the pull request's page does."""
        text = stage.environment.comments(pull.number)[0]
        if not self.verbose:
            text = text.partition("<details>")[0]
        shown = Markdown(_unfolded(re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)))
        self.console.print(Panel(shown, title=f"comment on #{pull.number}", border_style="cyan"))

    def running(self, table: str) -> None:
        """Show what runs in the cluster at the end."""
        self.console.print(Panel(Text(table.rstrip()), title="kubectl get", border_style="dim"))

    def pull_request(self, stage: Stage, pull: PullRequest, *, whole: bool = False) -> None:
        """Show a pull request as its page would: title, branch, body, diff, address.

        Only its title and address, unless `whole` or verbose.
        """
        url = f"{stage.forge.server_url}/{pull.repository.full_name}/pull/{pull.number}"
        if not (whole or self.verbose):
            self.console.print(
                f"  Pull request {url}: [bold]{escape(pull.title)}[/]", soft_wrap=True
            )
            return
        difference = pull.repository.git.run("diff", pull.base_oid, pull.head_oid).decode()
        head = Text.assemble(
            (f"#{pull.number} ", "dim"),
            (pull.title, "bold"),
            (f"\n{pull.author.login} wants to merge {pull.head} into {pull.base}\n", "dim"),
        )
        changed = Syntax(difference, "diff", background_color="default", word_wrap=True)
        text = Markdown(_plain(pull.body) if pull.body and self.verbose else "")
        body = Group(head, text, Rule("Files changed", style="dim"), changed)
        self.console.print(Panel(body, title=pull.repository.full_name, border_style="green"))
        self.console.print(f"Pull request: [link={url}]{url}[/link]\n", soft_wrap=True)


def _plain(body: str) -> str:
    """Unfold, and keep the lines of the trailers apart."""
    text, _, trailers = _unfolded(body).rstrip().rpartition("\n\n")
    return f"{text}\n\n```text\n{trailers}\n```\n"


def _unfolded(text: str) -> str:
    """Without details, which a terminal cannot fold."""
    opened = re.sub(r"<details><summary>(.*?)</summary>", r"#### \1\n", text)
    return opened.replace("</details>", "")
