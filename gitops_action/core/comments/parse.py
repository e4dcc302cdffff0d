"""Reads one comment: a command, or a refusal with the next command to copy.

Only the first line counts. `/gitops` and keywords are read in any case, names exactly; any Unicode
white space separates words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime

from gitops_action.core.comments import grammar
from gitops_action.core.config import ALL
from gitops_action.core.config.select import nearest
from gitops_action.core.config.values import parse_until
from gitops_action.core.dataclass import dataclass
from gitops_action.core.pattern import pattern

# A comment as GitHub reports it.


@dataclass(frozen=True, kw_only=True)
class CommentFacts:
    """One comment, and what it stands on.

    Attributes:
        number: of the comment.
        body: as it was written, whatever was edited since.
        created: when it was written.
        login: of its author.
        person: number of the author's account.
        is_person: the account is a person's, not a bot's.
        issue: number of the issue or pull request.
        is_pull_request: it stands on a pull request.
        is_open: that is open.
        url: the comment's page.
    """

    number: int
    body: str
    created: datetime
    login: str
    person: int
    is_person: bool
    issue: int
    is_pull_request: bool
    is_open: bool
    url: str = ""


_VERSION = pattern(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}|sha256:[0-9a-f]{64}")
_HASH = pattern(r"[0-9a-f]{12}|[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class CommentContext:
    """What the words of a comment can name, and where it stands.

    Attributes:
        created: when it was written.
        environments: the names of those configured.
        applications: the names of those known.
        former: earlier names of environments, with today's.
        touched: environments that the pull request touches.
        application: the one application whose image the pull request proposes; empty for none.
        version: the version that it proposes.
        open_pull_request: it stands on a pull request that is open.
    """

    created: datetime
    environments: tuple[str, ...] = ()
    applications: tuple[str, ...] = ()
    former: Mapping[str, str] = field(default_factory=dict)
    touched: tuple[str, ...] = ()
    application: str = ""
    version: str = ""
    open_pull_request: bool = True


@dataclass(frozen=True, kw_only=True)
class ParsedCommand:
    """What a comment asks for; empty values where it names nothing and nothing is implied."""

    command: grammar.CommentCommand
    environment: str = ""
    application: str = ""
    version: str = ""
    until: datetime | None = None
    gate: str = ""
    change: str = ""
    off: bool = False
    reason: str = ""


class CommentRefusal(Exception):  # noqa: N818 - an answer to a person, not a fault
    """Why a command is refused, with the next command to copy."""

    def __init__(self, code: str, reason: str, suggestion: str = "") -> None:
        """Keep the reason code, a sentence, and a command; both may hold untrusted text."""
        self.code = code
        self.reason = reason
        self.suggestion = suggestion
        super().__init__(reason)


def is_command(body: str) -> bool:
    """Whether a comment is meant for us: it starts with `/gitops` as a word."""
    words = body.partition("\n")[0].split()
    return body[:1] == "/" and words[0].casefold() == grammar.PREFIX


def parse_comment(body: str, context: CommentContext) -> ParsedCommand:
    """Read a comment for which `is_command` holds.

    Raises:
        CommentRefusal: it is no command, or a word of it is missing, unknown or ambiguous.
    """
    words = body.partition("\n")[0].split()[1:]
    name = words[0] if words else "help"
    command = grammar.command_named(name)
    if command is None:
        guess = nearest(name, [one.word for one in grammar.COMMANDS])
        raise CommentRefusal(
            "unknown-command", f"there is no command {name}", f"{grammar.PREFIX} {guess or 'help'}"
        )
    if not (context.open_pull_request or command.anywhere):
        reason = f"{command.word} works only on open pull requests"
        raise CommentRefusal("not-here", reason, f"{grammar.PREFIX} help")
    rest, reason = _split_reason(words[1:], command)
    return _WordReader(command=command, context=context, words=rest).read(reason)


def _split_reason(words: Sequence[str], command: grammar.CommentCommand) -> tuple[list[str], str]:
    """The words before `because`, and the reason after it."""
    places = (n for n, one in enumerate(words) if one.casefold().rstrip(":") == "because")
    place = next(places, len(words))
    before, reason = list(words[:place]), " ".join(words[place + 1 :])
    written = " ".join([grammar.PREFIX, command.word, *before])
    if place < len(words) and command.reason == "none":
        raise CommentRefusal("no-reason-taken", f"{command.word} takes no reason", written)
    if len(reason) > grammar.LONGEST_REASON:
        raise CommentRefusal(
            "long-reason", f"a reason has at most {grammar.LONGEST_REASON} characters"
        )
    if not reason and command.reason == "required":
        raise CommentRefusal("no-reason", f"{command.word} needs a reason", f"{written} because …")
    return before, reason


class _WordReader:
    """Reads the words of one command against its parts, from left to right."""

    def __init__(
        self, *, command: grammar.CommentCommand, context: CommentContext, words: list[str]
    ) -> None:
        self._command = command
        self._context = context
        self._words = words
        self._values: dict[str, str] = {}
        self._until: datetime | None = None

    def read(self, reason: str) -> ParsedCommand:
        """The command with its defaults.

        Raises:
            CommentRefusal: a word is not known, missing, or could mean two things.
        """
        self._words = self._take_until(self._words)
        parts = [part for part in self._command.parts if part != "until"]
        while parts:
            part = parts.pop(0)
            if not self._words or not self._takes(part, following=parts):
                self._demand(part)
        if self._words:
            raise self._unknown(self._words[0])
        self._defaults()
        values = self._values
        return ParsedCommand(
            command=self._command,
            environment=values.get("environment", ""),
            application=values.get("application", ""),
            version=values.get("version", ""),
            until=self._until,
            gate=values.get("gate", ""),
            change=values.get("change", ""),
            off="off" in values,
            reason=reason,
        )

    def _take_until(self, words: list[str]) -> list[str]:
        place = next((n for n, one in enumerate(words) if one.casefold() == "until"), None)
        if place is None or "until" not in self._command.parts:
            return words
        text = " ".join(words[place + 1 :])
        try:
            self._until = parse_until(text, self._context.created)
        except ValueError as error:
            written = " ".join([grammar.PREFIX, self._command.word, *words[:place]])
            raise CommentRefusal("bad-time", str(error), f"{written} until 2h because …") from None
        return words[:place]

    def _demand(self, part: grammar.Part) -> None:
        """Refuse where a part that has to be given is missing."""
        if part in self._command.required:
            listed = self._context.environments if part == "ENV" else grammar.GATES
            known = f": {', '.join(listed)}" if part in {"ENV", "GATE"} else ""
            raise self._incomplete(f"{self._command.word} needs {part}{known}")

    def _incomplete(self, reason: str) -> CommentRefusal:
        return CommentRefusal("missing-word", reason, f"{grammar.PREFIX} {self._command.form}")

    def _takes(self, part: grammar.Part, *, following: Sequence[grammar.Part]) -> bool:
        """Whether the next word is this part; it is taken then."""
        word = self._words[0]
        if part == "off":
            return self._keep("off", "off") if word.casefold() == "off" else False
        if part in {"to ENV", "to VERSION"}:
            return self._takes_after_to(part)
        if part == "ENV":
            return self._takes_environment(word, following)
        if part in {"APP", "APP@VERSION"}:
            return self._takes_application(word, part)
        return self._takes_gate(word) if part == "GATE" else self._takes_hash(word)

    def _keep(self, name: str, value: str) -> bool:
        self._values[name] = value
        self._words = self._words[1:]
        return True

    def _takes_after_to(self, part: grammar.Part) -> bool:
        if self._words[0].casefold() != "to":
            return False
        if len(self._words) == 1:
            raise self._incomplete("nothing follows `to`")
        self._words = self._words[1:]
        if part == "to ENV":
            return self._keep("environment", self._environment(self._words[0]))
        return self._keep("version", self._version(self._words[0]))

    def _takes_environment(self, word: str, following: Sequence[grammar.Part]) -> bool:
        known = word in self._context.environments or self._is_all(word)
        could_be_application = bool({"APP", "APP@VERSION"} & set(following))
        application = could_be_application and word.partition("@")[0] in self._context.applications
        optional = "ENV" not in self._command.required
        if known and application and optional and "@" not in word and len(self._words) == 1:
            raise CommentRefusal(
                "ambiguous",
                f"{word} is an environment and an application",
                f"{grammar.PREFIX} {self._command.word} {word} {word}",
            )
        if known:
            return self._keep("environment", word)
        if (application or "@" in word) and optional:
            return False
        self._environment(word)
        return False

    def _is_all(self, word: str) -> bool:
        return word == ALL and self._command.word in {"hold", "unhold"}

    def _environment(self, word: str) -> str:
        if word in self._context.environments or self._is_all(word):
            return word
        if word in self._context.former:
            now = self._context.former[word]
            raise CommentRefusal(
                "former-name", f"{word} is called {now} now", self._again(word, now)
            )
        raise self._unknown(word)

    def _takes_application(self, word: str, part: grammar.Part) -> bool:
        name, at, version = word.partition("@")
        if part == "APP" and word.casefold() == "to":
            return False
        if name not in self._context.applications or (at and part == "APP"):
            raise self._unknown(word)
        if at:
            self._values["version"] = self._version(version)
        return self._keep("application", name)

    def _takes_gate(self, word: str) -> bool:
        if word.casefold() not in grammar.GATES:
            guess = nearest(word, grammar.GATES)
            fix = self._again(word, guess) if guess else f"{grammar.PREFIX} {self._command.form}"
            listed = ", ".join(grammar.GATES)
            raise CommentRefusal("unknown-gate", f"{word} cannot be overridden; {listed} can", fix)
        return self._keep("gate", word.casefold())

    def _takes_hash(self, word: str) -> bool:
        if not _HASH.fullmatch(word):
            raise CommentRefusal(
                "bad-hash",
                f"{word} is not the hash of a change: 12 or 64 hexadecimal digits",
                f"{grammar.PREFIX} why",
            )
        return self._keep("change", word)

    def _version(self, text: str) -> str:
        if not _VERSION.fullmatch(text):
            raise CommentRefusal(
                "bad-version",
                f"{text or 'nothing'} is neither a tag nor a whole digest",
                f"{grammar.PREFIX} {self._command.form}",
            )
        return text

    def _unknown(self, word: str) -> CommentRefusal:
        known = [*self._context.environments, *self._context.applications]
        guess = nearest(word.partition("@")[0], known)
        fix = self._again(word, guess) if guess else f"{grammar.PREFIX} {self._command.form}"
        listed = f"known are {', '.join(known)}" if known else "nothing is configured"
        return CommentRefusal("unknown-word", f"{word} is not known here; {listed}", fix)

    def _again(self, word: str, better: str) -> str:
        """The same command with a better word."""
        rest = " ".join(self._words[self._words.index(word) + 1 :]) if word in self._words else ""
        earlier = " ".join(
            filter(None, (self._values.get("environment"), self._values.get("application")))
        )
        because = "because …" if self._command.reason == "required" else ""
        written = (grammar.PREFIX, self._command.word, earlier, better, rest, because)
        return " ".join(filter(None, written))

    def _defaults(self) -> None:
        """Fill in what the pull request changes, where nothing was named.

        A freeze is asked for by naming the environment alone, so that nothing is filled in then.
        An override is for a change, which its hash names, in each environment that it touches.
        """
        word, values = self._command.word, self._values
        named_environment = "environment" in values
        if word in {"hold", "unhold", "promote"} and not named_environment:
            values["environment"] = self._only_environment()
        if word in {"hold", "unhold"} and not named_environment and "application" not in values:
            if not self._context.application:
                raise self._incomplete(f"{word} needs an application, or an environment to freeze")
            values["application"] = self._context.application
            values["version"] = self._context.version

    def _only_environment(self) -> str:
        touched = self._context.touched if self._context.open_pull_request else ()
        if len(touched) == 1:
            return touched[0]
        listed = ", ".join(touched or self._context.environments)
        raise CommentRefusal(
            "missing-environment",
            f"name the environment: {listed}",
            f"{grammar.PREFIX} {self._command.form}",
        )


def help_text() -> str:
    """Every command with what it does, in Markdown of our own words alone."""
    return "\n".join(f"- `{grammar.PREFIX} {one.form}`: {one.help}" for one in grammar.COMMANDS)
