"""Reading `.github/gitops.yaml`: every error in one go, each with its place and its fix."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from gitops_action.core.config.check import check_layout
from gitops_action.core.config.document import Document
from gitops_action.core.config.resolved import CONFIG_PATH, DEFAULT_ENVIRONMENT, Config, Environment
from gitops_action.core.dataclass import dataclass
from gitops_action.errors import GitOpsError, GitOpsErrors, Location, UsageError

VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What a configuration file says, as far as it can be read.

    `config` is None when there are `problems`; `document` is None where there is no file, or none
    that is YAML.
    """

    config: Config | None = None
    document: Document | None = None
    problems: tuple[GitOpsError, ...] = ()


@lru_cache(maxsize=8)  # the gate reads the same file for each of many pull requests
def load_config(path: str, data: bytes | None) -> Config:
    """Read the configuration; `data` None means that the repository has none.

    Without configuration the whole repository is one environment named `default`, and each
    folder `applications/<name>/` in it is an application.

    Raises:
        GitOpsErrors: everything that is wrong with the file.
    """
    reading = read_config(path, data)
    if reading.config is None:
        raise together(path, reading.problems)
    return reading.config


def read_config(path: str, data: bytes | None) -> Reading:
    """As `load_config`, with the places of everything, and with problems in place of errors."""
    if data is None:
        only = Environment(name=DEFAULT_ENVIRONMENT, declared=False)
        path = path or CONFIG_PATH
        return Reading(config=Config(environments=(only,), declared=False, path=path))
    from gitops_action.core.config import positions  # noqa: PLC0415 - a costly import, seldom needed

    document = None
    try:
        document = positions.read(path, data)
        _check_version(document)
    except UsageError as error:
        return Reading(document=document, problems=(error,))
    return _checked(document)


def together(path: str, errors: Sequence[GitOpsError]) -> GitOpsErrors:
    """One error for all of them, in the order of their files and lines."""

    def place(error: GitOpsError) -> tuple[bool, str, int, int]:
        at = error.location or Location(file=path)
        return (at.file != path, at.file, at.line or 0, at.column or 0)

    found = tuple(sorted(errors, key=place))
    return GitOpsErrors(f"{path} has {len(found)} error{'s' * (len(found) > 1)}", found)


def _check_version(document: Document) -> None:
    """Everything depends on the version, so nothing else is reported when it is another one.

    One that is missing is found with everything else, by the shape.
    """
    data, fix = document.data, f"write `version: {VERSION}` as the first line"
    if not isinstance(data, dict):
        title = "the configuration is empty" if data is None else "it is not a mapping"
        raise UsageError(title, fix=fix, location=document.value(()))
    version = data.get("version")
    if version is not None and (version is True or version != VERSION):
        raise UsageError(
            f"version {version!r} is not known",
            cause=f"this release reads version {VERSION}",
            fix=f"write `version: {VERSION}`, or use a newer release of gitops-action",
            location=document.value(("version",)),
        )


def _checked(document: Document) -> Reading:
    # Imported here: only paid for where there is a configuration to check.
    from gitops_action.core.config.convert import convert  # noqa: PLC0415
    from gitops_action.core.config.rules import broken_rules  # noqa: PLC0415
    from gitops_action.core.config.structure import faults  # noqa: PLC0415

    wrong = faults(document.data)
    wrong += broken_rules(document.data, [fault.path for fault in wrong])
    problems = [*document.problems, *check_layout(document)]
    problems += [fault.error(document) for fault in wrong]
    if problems:
        return Reading(document=document, problems=tuple(problems))
    return Reading(config=convert(document), document=document)
