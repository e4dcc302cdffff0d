"""The files of holds: their names, how they are written, and how they are read.

One file a hold, so that two rollbacks never conflict in Git.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TypeGuard

from gitops_action.core.config.applications import by_image_name
from gitops_action.core.config.document import Document, Path
from gitops_action.core.config.holds import (
    HOLDS_FOLDER,
    Hold,
    Holds,
    current_names,
    in_holds_folder,
)
from gitops_action.core.config.resolved import Config
from gitops_action.core.config.select import nearest
from gitops_action.core.config.values import NAME_PATTERN
from gitops_action.core.images import ImageReference, ImageReferenceError, parse_reference
from gitops_action.errors import GitOpsError, Location, UsageError

_SHORT_DIGEST, _SHORT_HASH = 12, 8
_SUFFIX = ".yaml"
_FREEZE = "freeze"
_ANY = "_"
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
"""Words that are no text in YAML 1.1 or 1.2."""


def is_hold_file(path: str) -> bool:
    """Whether a file of a repository is a hold's; those in folders below are none."""
    inside = in_holds_folder(path) and path.endswith((_SUFFIX, ".yml"))
    return inside and "/" not in path.removeprefix(HOLDS_FOLDER)


def hold_stem(hold: Hold) -> str:
    """`<environment or all>.<application or _>.<version or freeze>`, one for each subject.

    Dots part the three, and the first two contain none, so that `a-b` and `c` are not taken for
    `a` and `b-c`. Where the version does not show which image it is of, a hash of the image
    follows.
    """
    application = _part(hold.application) if hold.application else _ANY
    return f"{_part(hold.environment)}.{application}.{_version(hold)}"


def hold_path(hold: Hold, taken: Iterable[Hold] = ()) -> str:
    """The path of a hold's file: that of the hold of the same subject where there is one.

    Args:
        hold: the hold to be written.
        taken: the holds that have their files already.
    """
    known = {other.file: other for other in taken if other.file}
    same = next((path for path, other in known.items() if other.same_subject(hold)), "")
    path = f"{HOLDS_FOLDER}{hold_stem(hold)}{_SUFFIX}"
    if same or path not in known:
        return same or path
    return f"{path.removesuffix(_SUFFIX)}_{_hash(str(hold.image))}{_SUFFIX}"


def _part(name: str) -> str:
    """A name as one part of a file's name; names that are no plain ones end in `_` and a hash."""
    if re.fullmatch(NAME_PATTERN, name):
        return name
    return f"{re.sub(r'[^a-z0-9]+', '-', name.lower()).strip('-')}_{_hash(name)}"


def _version(hold: Hold) -> str:
    image = hold.image
    if image is None:
        return _FREEZE
    if image.digest:
        return image.digest.partition(":")[2][:_SHORT_DIGEST]
    tag = image.tag or "latest"
    own = hold.application == by_image_name(image.path) and tag not in {_FREEZE, _ANY}
    return tag if own else f"{tag}_{_hash(image.repository)}"


def _hash(text: str) -> str:
    return sha256(text.encode(errors="surrogatepass")).hexdigest()[:_SHORT_HASH]


def hold_file(hold: Hold, taken: Iterable[Hold] = ()) -> tuple[str, bytes]:
    """The path and the content of a hold's file; `taken` are the holds that have theirs."""
    values = {
        "environment": _scalar(hold.environment),
        "application": _scalar(hold.application or ""),
        "image": str(hold.image or ""),
        "reason": _quoted(hold.reason) if hold.reason else None,
        "author": _quoted(hold.author) if hold.author else None,
        "since": _moment(hold.since),
        "until": _moment(hold.until),
    }
    lines = [f"{key}: {value}\n" for key, value in values.items() if value]
    return hold_path(hold, taken), "".join(lines).encode()


def _moment(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def _scalar(name: str) -> str:
    """A name; in quotes where some version of YAML reads something else than text."""
    plain = re.fullmatch(r"[a-z][a-z0-9-]*", name) and name not in _WORDS
    return name if plain or not name else _quoted(name)


def _quoted(text: str) -> str:
    """A double-quoted YAML scalar on one line; what does not print is escaped."""

    def escaped(letter: str) -> str:
        if letter in '"\\':
            return f"\\{letter}"
        return letter if letter.isprintable() else f"\\U{ord(letter):08x}"

    return f'"{"".join(escaped(letter) for letter in text)}"'


# Reading.

KEYS = ("environment", "application", "image", "reason", "author", "since", "until")
_MAY_BE_EMPTY = ("reason", "author")
_DATE_LENGTH = len("2026-01-31")


def read_holds(files: Mapping[str, bytes], config: Config | None = None) -> Holds:
    """Every hold among these files of a repository, by path; other files are passed over.

    Args:
        files: content by path.
        config: the configuration that knows the former names of environments.
    """
    holds: list[Hold] = []
    problems: list[GitOpsError] = []
    unreadable: list[str] = []
    for path in sorted(filter(is_hold_file, files)):
        hold, wrong = _read(path, files[path])
        problems += wrong
        holds += [hold] if hold else []
        unreadable += [] if hold else [path]
    return Holds(
        holds=current_names(holds, config) if config else tuple(holds),
        problems=tuple(problems),
        unreadable=tuple(unreadable),
    )


def load_holds(files: Mapping[str, bytes], config: Config | None = None) -> tuple[Hold, ...]:
    """Every hold, where all of them can be read.

    Raises:
        GitOpsErrors: everything that is wrong with any of them.
    """
    return read_holds(files, config).readable()


def _read(path: str, data: bytes) -> tuple[Hold | None, list[GitOpsError]]:
    from gitops_action.core.config import positions  # noqa: PLC0415 - a costly import, seldom needed

    try:
        reader = _HoldReader(positions.read(path, data))
    except UsageError as error:
        return None, [error]
    hold = reader.hold()
    return (None if reader.problems else hold), [_placed(e, path) for e in reader.problems]


def _placed(error: GitOpsError, path: str) -> GitOpsError:
    """An error always names its line; an empty file has only its first one."""
    place = error.location or Location(file=path)
    error.location = place if place.line else replace(place, line=1)
    return error


class _HoldReader:
    """Reads one file and gathers what is wrong with it."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self.problems: list[GitOpsError] = list(document.problems)

    def hold(self) -> Hold | None:
        data = self._document.data
        if not _is_mapping(data):
            self._problem((), "a hold is a mapping", "write `environment: NAME`, one key a line")
            return None
        for key in data:
            if key not in KEYS:
                guess = nearest(key, KEYS)
                fix = f"did you mean {guess!r}?" if guess else f"known keys: {', '.join(KEYS)}"
                title = f"unknown key {key!r}"
                place = self._document.key((key,))
                self.problems.append(UsageError(title, fix=fix, location=place))
        since, until = self._moment(data, "since"), self._moment(data, "until")
        texts = {key: self._text(data, key) for key in ("application", "reason", "author")}
        return Hold(
            environment=self._text(data, "environment", required=True),
            application=texts["application"] or None,
            image=self._image(data),
            reason=texts["reason"],
            author=texts["author"],
            since=since,
            until=until,
            file=self._document.file,
        )

    def _problem(self, path: Path, title: str, fix: str) -> None:
        place = self._document.value(path)
        self.problems.append(UsageError(title, fix=fix, location=place))

    def _text(self, data: dict[str, object], key: str, *, required: bool = False) -> str:
        """The text; a key without a value is an error: leaving it out means something else."""
        value = data.get(key)
        if isinstance(value, str) and value:
            return value
        if not required and (key not in data or (key in _MAY_BE_EMPTY and not value)):
            return ""
        what = "is missing" if key not in data else "is not text" if value else "has no value"
        fix = f"write {key} as text, in quotes where needed"
        self._problem((key,), f"{key} {what}", fix if required else f"{fix}, or remove the key")
        return ""

    def _image(self, data: dict[str, object]) -> ImageReference | None:
        text = self._text(data, "image")
        if not text:
            return None
        try:
            image = parse_reference(text)
        except ImageReferenceError as error:
            title = f"image {text!r} is no image reference: {error.reason}"
            self._problem(("image",), title, error.fix)
            return None
        if not (image.tag or image.digest):
            self._problem(("image",), "the image names no version", "add its tag or its digest")
        return image

    def _moment(self, data: dict[str, object], key: str) -> datetime | None:
        text = self._text(data, key)
        if not text:
            return None
        try:
            moment = datetime.fromisoformat(text)
            if len(text) == _DATE_LENGTH and key == "until":
                moment += timedelta(days=1)  # a date alone means through the end of that day
        except (ValueError, OverflowError):
            fix = "write it as 2026-01-31T12:00:00Z, or as 2026-01-31"
            self._problem((key,), f"{key} {text!r} is no time", fix)
            return None
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _is_mapping(data: object) -> TypeGuard[dict[str, object]]:
    return isinstance(data, dict)
