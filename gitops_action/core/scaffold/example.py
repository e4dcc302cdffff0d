"""The templates are repositories of an example company; its words stand for what is asked.

A template can be read, built and linted as it is: `acme` releases `web`, which passes `staging`
and `production`. What depends on an answer is written beside it, where YAML and Markdown have
comments:

- `#% if engine == "flux"`, `#% for application in applications`, `#% endif`, … on a line of its
  own (in Markdown `<!--% … %-->`) is a statement of Jinja2;
- `#| text` (in Markdown `<!--| text-->`) is a line that the example does without.
"""

from __future__ import annotations

import re

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

_WORD = re.compile(
    rf"(?<![A-Za-z0-9])(?:{'|'.join(re.escape(word) for word in WORDS)})(?![A-Za-z0-9])"
)
_HIDDEN = re.compile(r"^([ \t]*)#\| ?", re.MULTILINE)
_HIDDEN_PROSE = re.compile(r"^<!--\| ?(.*)-->$", re.MULTILINE)
_STATEMENT = re.compile(r"^[ \t]*#%.*$|<!--%.*?%-->", re.MULTILINE)


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
