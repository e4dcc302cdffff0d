"""Holds: versions that must not come (back) to an environment, one file each.

One file a hold, so that two rollbacks never conflict in Git.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TypeGuard

from gitops_action.core.config.document import Document, Path
from gitops_action.core.config.select import nearest
from gitops_action.core.dataclass import dataclass
from gitops_action.core.images import (
    ImageReference,
    ImageReferenceError,
    parse_reference,
    same_repository,
)
from gitops_action.errors import GitOpsError, GitOpsErrors, UsageError

HOLDS_FOLDER = ".github/gitops/holds/"
_SHORT = 12


@dataclass(frozen=True, kw_only=True)
class Hold:
    """One hold.

    Attributes:
        environment: the environment it protects.
        application: the application it is about; None for every application with this image.
        image: the image with the tag, the digest, or both that must not run.
        reason: why, as a person or a rollback wrote it: untrusted text.
        author: who put it there.
        since: when it was put there.
        until: when it ends by itself; None for never.
        file: the file it is read from; empty for one that is not written yet.
    """

    environment: str
    application: str | None
    image: ImageReference
    reason: str = ""
    author: str = ""
    since: datetime | None = None
    until: datetime | None = None
    file: str = ""


def held(
    holds: Iterable[Hold],
    environment: str,
    application: str | None,
    image: ImageReference,
    now: datetime,
) -> Hold | None:
    """The hold that keeps this image out of the environment, or None.

    Where both name a digest, the digest decides: a tag that was built anew is another version.
    """
    for hold in holds:
        if hold.environment != environment or (hold.until and hold.until <= now):
            continue
        if hold.application and application and hold.application != application:
            continue
        if same_repository(hold.image.name, image.name) and _same_version(hold.image, image):
            return hold
    return None


def _same_version(one: ImageReference, other: ImageReference) -> bool:
    if one.digest and other.digest:
        return one.digest == other.digest
    return one.tag is not None and one.tag == other.tag


def hold_file(hold: Hold) -> tuple[str, bytes]:
    """The path and the content of a hold's file."""
    image = hold.image
    version = image.digest.partition(":")[2][:_SHORT] if image.digest else image.tag or "latest"
    application = hold.application or image.path.rsplit("/", 1)[-1]
    path = f"{HOLDS_FOLDER}{hold.environment}-{application}-{version}.yaml"
    values = {
        "environment": hold.environment,
        "application": hold.application,
        "image": str(image),
        "reason": _quoted(hold.reason) if hold.reason else None,
        "author": _quoted(hold.author) if hold.author else None,
        "since": _moment(hold.since),
        "until": _moment(hold.until),
    }
    lines = [f"{key}: {value}\n" for key, value in values.items() if value]
    return path, "".join(lines).encode()


def _moment(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def _quoted(text: str) -> str:
    """A double-quoted YAML scalar on one line; what does not print is escaped."""

    def escaped(letter: str) -> str:
        if letter in '"\\':
            return f"\\{letter}"
        return letter if letter.isprintable() else f"\\U{ord(letter):08x}"

    return f'"{"".join(escaped(letter) for letter in text)}"'


# Reading the files of holds.

_KEYS = ("environment", "application", "image", "reason", "author", "since", "until")
_DATE_LENGTH = len("2026-01-31")


def load_holds(files: Mapping[str, bytes]) -> tuple[Hold, ...]:
    """Every hold among these files of a repository, by path; other files are passed over.

    Raises:
        GitOpsErrors: everything that is wrong with any of them.
    """
    holds: list[Hold] = []
    problems: list[GitOpsError] = []
    for path in sorted(files):
        if path.startswith(HOLDS_FOLDER) and path.endswith((".yaml", ".yml")):
            hold, wrong = _read(path, files[path])
            problems += wrong
            holds += [hold] if hold else []
    if problems:
        raise GitOpsErrors(f"{len(problems)} errors in {HOLDS_FOLDER}", tuple(problems))
    return tuple(holds)


def _read(path: str, data: bytes) -> tuple[Hold | None, list[GitOpsError]]:
    from gitops_action.core.config import positions  # noqa: PLC0415 - a costly import, seldom needed

    try:
        reader = _HoldReader(positions.read(path, data))
    except UsageError as error:
        return None, [error]
    return reader.hold(), reader.problems


class _HoldReader:
    """Reads one file and gathers what is wrong with it."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self.problems: list[GitOpsError] = list(document.problems)

    def hold(self) -> Hold | None:
        data = self._document.data
        if not _is_mapping(data):
            self._problem((), "a hold is a mapping", "write environment and image, one a line")
            return None
        for key in data:
            if key not in _KEYS:
                guess = nearest(key, _KEYS)
                fix = f"did you mean {guess!r}?" if guess else f"known keys: {', '.join(_KEYS)}"
                self._problem((key,), f"unknown key {key!r}", fix)
        environment = self._text(data, "environment", required=True)
        image = self._image(data)
        hold = {key: self._text(data, key) for key in ("application", "reason", "author")}
        since, until = self._moment(data, "since"), self._moment(data, "until")
        if self.problems or image is None:
            return None
        return Hold(
            environment=environment,
            application=hold["application"] or None,
            image=image,
            reason=hold["reason"],
            author=hold["author"],
            since=since,
            until=until,
            file=self._document.file,
        )

    def _problem(self, path: Path, title: str, fix: str) -> None:
        place = self._document.value(path)
        self.problems.append(UsageError(title, fix=fix, location=place))

    def _text(self, data: dict[str, object], key: str, *, required: bool = False) -> str:
        value = data.get(key)
        if isinstance(value, str) and (value or not required):
            return value
        if value is None and not required:
            return ""
        what = "is missing" if key not in data else "is no text"
        self._problem((key,), f"{key} {what}", f"write {key} as text, in quotes where needed")
        return ""

    def _image(self, data: dict[str, object]) -> ImageReference | None:
        text = self._text(data, "image", required=True)
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
        except ValueError:
            fix = "write it as 2026-01-31T12:00:00Z, or as 2026-01-31"
            self._problem((key,), f"{key} {text!r} is no time", fix)
            return None
        if len(text) == _DATE_LENGTH and key == "until":
            moment += timedelta(days=1)  # a date alone means through the end of that day
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _is_mapping(data: object) -> TypeGuard[dict[str, object]]:
    return isinstance(data, dict)
