"""Makes a repository's files from a template and answers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

from gitops_action.core.dataclass import dataclass
from gitops_action.core.pattern import pattern
from gitops_action.core.scaffold.questions import Answers, NewApplication
from gitops_action.core.scaffold.rulesets import GATE_APP, GITHUB_ACTIONS, ruleset_files

if TYPE_CHECKING:
    from jinja2 import Environment, Template

# The templates are repositories of an example company; its words stand for what is asked.

WORDS = {
    "OWNER/gitops-action": "library",
    "ghcr.io/acme/web": "application.image",
    "registry.example.com": "registry",
    "acme/environment": "repository",
    "@acme/platform": "code_owners",
    "acme/web": "application.source",
    "v1.2.3": "application.tag",
    "production": "environment",
    "staging": "previous",
    "web": "application.name",
}
"""The example's words, longer ones first where one holds another, and what they stand for.

`application` is the one of the loop or folder, else the first. `environment` and `previous` are
an environment and the one before it: of the loop or folder, else the last and the first.
"""

OPEN, CLOSE = "⟦", "⟧"
"""What encloses an expression once a word has been replaced; no template holds them."""

_WORD = pattern(
    rf"(?<![A-Za-z0-9])(?:{'|'.join(re.escape(word) for word in WORDS)})(?![A-Za-z0-9])"
)
_HIDDEN = pattern(r"^([ \t]*)#\| ?", re.MULTILINE)
_HIDDEN_PROSE = pattern(r"^<!--\| ?(.*)-->$", re.MULTILINE)
_STATEMENT = pattern(r"^[ \t]*#%.*$|<!--%.*?%-->", re.MULTILINE)


def to_jinja(text: str) -> str:
    """A template's text with expressions for words, and hidden lines shown."""
    shown = _HIDDEN_PROSE.sub(r"\1", _HIDDEN.sub(r"\1", text))
    parts, end = [], 0
    for statement in _STATEMENT.finditer(shown):
        parts += [_replaced(shown[end : statement.start()]), statement.group()]
        end = statement.end()
    return "".join([*parts, _replaced(shown[end:])])


def _replaced(text: str) -> str:
    return _WORD.sub(lambda found: f"{OPEN}{WORDS[found.group()]}{CLOSE}", text)


_WORKFLOW = ".github/workflows/release.yml"


@dataclass(frozen=True, kw_only=True)
class _Scope:
    """What the example's words mean in one file."""

    application: NewApplication
    environment: str
    previous: str


def render(template: Mapping[str, str], answers: Answers) -> dict[str, str]:
    """The files of the repository, by path, from those of the template.

    A folder named after the example's application or environment is written once for each. A
    file in which nothing is left is not written.
    """
    files: dict[str, str] = {}
    for path, source in template.items():
        if answers.subject == "workflow" and path != _WORKFLOW:
            continue
        compiled = _compiled(source)
        for place, scope in _places(path, answers):
            text = compiled.render(_variables(answers, scope))
            if text.strip():
                files[place] = text if text.endswith("\n") else f"{text}\n"
    if answers.subject == "environment":
        files |= ruleset_files(GATE_APP if answers.identity == "app" else GITHUB_ACTIONS)
    return dict(sorted(files.items()))


@cache
def _compiled(source: str) -> Template:
    return _jinja().from_string(to_jinja(source))


@cache
def _jinja() -> Environment:
    """Statements stand in comments, so that they meet neither YAML nor `${{ … }}`."""
    from jinja2 import StrictUndefined  # noqa: PLC0415 - only this command pays for it
    from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: PLC0415 - same

    return ImmutableSandboxedEnvironment(
        autoescape=False,
        undefined=StrictUndefined,
        line_statement_prefix="#%",
        block_start_string="<!--%",
        block_end_string="%-->",
        comment_start_string="<!--#",
        comment_end_string="#-->",
        variable_start_string=OPEN,
        variable_end_string=CLOSE,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _variables(answers: Answers, scope: _Scope) -> dict[str, object]:
    return {
        "library": answers.library,
        "repository": answers.repository,
        "registry": answers.registry,
        "code_owners": answers.code_owners,
        "engine": answers.engine,
        "identity": answers.identity,
        "handover": answers.handover,
        "applications": answers.applications,
        "later": answers.environments[1:],
        "steps": tuple(pairwise(answers.environments)),
        "application": scope.application,
        "environment": scope.environment,
        "previous": scope.previous,
    }


def _places(path: str, answers: Answers) -> Iterator[tuple[str, _Scope]]:
    """Where the template's file goes, and what its words mean there."""
    first, last = answers.environments[0], answers.environments[-1]
    folders = path.split("/")[:-1]
    everywhere = _Scope(application=answers.application, environment=last, previous=first)
    scopes = [(path, everywhere)]
    if "staging" in folders:
        scopes = [(_named(path, "staging", first), everywhere)]
    if "production" in folders:
        scopes = [
            (
                _named(path, "production", environment),
                replace(everywhere, environment=environment, previous=previous),
            )
            for previous, environment in pairwise(answers.environments)
        ]
    for place, scope in scopes:
        applications = answers.applications if "web" in folders else (answers.application,)
        for application in applications:
            yield _named(place, "web", application.name), replace(scope, application=application)


def _named(path: str, word: str, name: str) -> str:
    """The path with the folders of that name called otherwise."""
    *folders, file = path.split("/")
    return "/".join([*(name if folder == word else folder for folder in folders), file])
