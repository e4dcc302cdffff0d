"""Reading the files of holds.

A hold that cannot be read is an error: it may be the one that counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TypeGuard

from gitops_action.core.config.document import Document, Path
from gitops_action.core.config.holds import HOLDS_FOLDER, Hold
from gitops_action.core.config.select import nearest
from gitops_action.core.images import ImageReference, ImageReferenceError, parse_reference
from gitops_action.errors import GitOpsError, GitOpsErrors, UsageError

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
        reader = _Reader(positions.read(path, data))
    except UsageError as error:
        return None, [error]
    return reader.hold(), reader.problems


class _Reader:
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
