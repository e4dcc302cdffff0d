"""Reads the templates that come with this program, and writes repositories made from them."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import TextIO

from gitops_action.adapters.git.checkout import origin_address
from gitops_action.adapters.workflow.escaping import printable
from gitops_action.adapters.worktree.files import replace_files
from gitops_action.core.answers import parse_json
from gitops_action.core.json_values import text
from gitops_action.core.scaffold.questions import Question
from gitops_action.errors import GitOpsError

_IN_PACKAGE = Path(__file__).parents[1] / "templates"
_IN_CHECKOUT = Path(__file__).parents[2] / "templates"
_PREFIX = ".gitops-action-"
_FOLDER_MODE = 0o755


_GITHUB = re.compile(
    r"(?:https://|ssh://(?:[^/@\s]+@)?|git@)[^/:@\s]+[/:]([^/\s:]+/[^/\s]+?)(?:\.git)?/?"
)


def runs_from() -> str:
    """The repository that this program was installed or checked out from, OWNER/NAME; else empty.

    pip records the address of what it installed from Git in `direct_url.json` (PEP 610); a checkout
    has it in its remote `origin`.
    """
    return _repository_of(_direct_url()) or _repository_of(
        origin_address(Path(__file__).parents[2] / ".git")
    )


def _repository_of(address: str) -> str:
    found = _GITHUB.fullmatch(address)
    return found[1] if found else ""


def _direct_url() -> str:
    try:
        recorded = distribution("gitops-action").read_text("direct_url.json")
        return text(parse_json(recorded or "{}"), "url")
    except (PackageNotFoundError, ValueError):
        return ""


class PackagedTemplates:
    """The templates: beside the package in a checkout or image, inside it where it is installed."""

    def files(self, name: str) -> Mapping[str, str]:
        """Path to text of one template's files."""
        home = (_IN_PACKAGE if _IN_PACKAGE.is_dir() else _IN_CHECKOUT) / name
        return {
            path.relative_to(home).as_posix(): path.read_text(encoding="utf-8")
            for path in sorted(home.rglob("*"))
            if path.is_file() and "__pycache__" not in path.parts
        }


class FolderTarget:
    """Folders of this machine, relative ones from `here`."""

    def __init__(self, here: Path) -> None:
        """Nothing is read or written yet."""
        self._here = here

    def folder(self, requested: str, *, name: str) -> str:
        """The folder that was wanted; else the current one when it is empty or for no name."""
        if requested:
            return requested
        mine = {path.name for path in self._here.iterdir()} - {".git"}
        return f"./{name}" if name and mine else "."

    def in_the_way(self, folder: str, paths: tuple[str, ...]) -> tuple[str, ...]:
        """The files that are there already; a link or file where a folder has to be counts too."""
        root = self._here / folder
        return tuple(path for path in paths if _there(root / path) or _stopped(root, path))

    def write(self, folder: str, files: Mapping[str, str]) -> None:
        """Write all of them or none: a new folder appears at once, files in one that is there too.

        Raises:
            GitOpsError: something else than files is in the way, or the disk refuses; nothing was
                written.
        """
        root = self._here / folder
        stopped = [path for path in files if _stopped(root, path)]
        if stopped:
            raise GitOpsError(
                f"{folder} cannot hold {stopped[0]}, and nothing was written",
                cause="a file or a symbolic link stands where a folder has to be",
                fix="remove it, or choose another folder by --output",
            )
        data = {path: text.encode() for path, text in files.items()}
        if root.exists():
            replace_files({root / path: text for path, text in data.items()})
        else:
            _create(root, data)


def _there(path: Path) -> bool:
    return path.is_symlink() or path.exists()


def _stopped(root: Path, path: str) -> bool:
    """Whether a folder on the way to the file is none; the root itself may be a link."""
    if root.exists() and not root.is_dir():
        return True
    folders = [root / folder for folder in Path(path).parents if folder.name]
    return any(
        folder.is_symlink() or (_there(folder) and not folder.is_dir()) for folder in folders
    )


def _create(root: Path, files: Mapping[str, bytes]) -> None:
    """Write beside the place, then move the whole folder there in one step."""
    made: Path | None = None
    try:
        root.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=root.parent))
        made.chmod(_FOLDER_MODE)
        for path, data in files.items():
            place = made / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
        made.rename(root)
    except OSError as error:
        raise GitOpsError(
            f"{root} could not be written, and there is nothing of it",
            cause=f"{error.filename or root}: {error.strerror}",
            fix="choose another folder by --output, or free space on its disk",
        ) from error
    finally:
        if made is not None:
            with suppress(OSError):
                shutil.rmtree(made)


# Asks a person at a terminal, one line a question.


class TerminalPerson:
    """Reads answers from one stream and writes questions to another."""

    def __init__(self, answers: TextIO, questions: TextIO) -> None:
        """Nothing is asked yet."""
        self._answers = answers
        self._questions = questions

    def ask(self, question: Question, default: str) -> str:
        """The answer; an empty one is the default, and is asked again where there is none.

        Raises:
            KeyboardInterrupt: the input has ended, which is how a terminal says no (Ctrl-D).
        """
        choices = f" ({'|'.join(question.choices)})" if question.choices else ""
        shown = f" [{default}]" if default else ""
        while True:
            self._write(f"{question.text}{choices}{shown}: ")
            line = self._answers.readline()
            if not line:
                raise KeyboardInterrupt
            if text := line.strip() or default:
                return text

    def tell(self, error: GitOpsError) -> None:
        """Say why an answer cannot be."""
        self._write(f"  {printable(str(error))}\n")

    def _write(self, text: str) -> None:
        self._questions.write(text)
        self._questions.flush()
