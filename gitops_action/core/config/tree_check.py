"""The configuration against the repository's files: what it names and nobody has committed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from gitops_action.core.config.applications import application_of
from gitops_action.core.config.check import declared_paths, missing_folders
from gitops_action.core.config.document import Document
from gitops_action.core.config.holds import ALL, Hold
from gitops_action.core.config.load import Reading
from gitops_action.core.config.resolved import PLACEHOLDER, Application, Config, Environment
from gitops_action.core.dataclass import dataclass
from gitops_action.core.outcome import Notice
from gitops_action.core.report.hold import lift_command
from gitops_action.errors import GitOpsError, Location, UsageError


@dataclass(frozen=True, kw_only=True)
class TreeCheck:
    """What is wrong, and what is only worth a look."""

    errors: tuple[GitOpsError, ...] = ()
    notices: tuple[Notice, ...] = ()


def check_tree(
    reading: Reading,
    paths: Iterable[str],
    holds: Sequence[Hold] = (),
    *,
    now: datetime | None = None,
) -> TreeCheck:
    """Check a configuration against the files of its repository.

    Folders are also checked where something else in the configuration is wrong.

    Args:
        reading: the configuration as it was read.
        paths: every file of the repository.
        holds: the holds beside the configuration.
        now: when they are looked at; None where their ends are of no interest.
    """
    listed = tuple(paths)
    config = reading.config or _rough(reading.document)
    errors = missing_folders(config, listed, reading.document)
    if reading.config is None:
        return TreeCheck(errors=errors)
    seen = _applications(config, listed)
    lost = [item for item in config.applications if item.name not in seen]
    needed = [item for item in lost if _must(config, item)]
    return TreeCheck(
        errors=(
            *errors,
            *(_no_folder(item, config, reading.document) for item in needed),
            *_no_trusted_root(config, frozenset(listed), reading.document),
        ),
        notices=(
            *(_by_image_alone(item, config) for item in lost if item not in needed),
            *_shared(config),
            *_of_nothing(config, holds, seen),
            *(_expired(hold) for hold in holds if now and hold.expired(now)),
        ),
    )


def _rough(document: Document | None) -> Config:
    """The environments' folders, as far as they can be determined."""
    declared = declared_paths(document) if document else {}
    found = (Environment(name=name, path=path) for name, path in declared.items())
    return Config(environments=tuple(found), path=document.file if document else "")


def _applications(config: Config, paths: Sequence[str]) -> set[str | None]:
    """The applications that have a folder in some environment."""
    return {
        application_of(path, environment, config)
        for environment in config.environments
        for path in paths
    }


def _must(config: Config, application: Application) -> bool:
    """Whether nothing else than a folder of its name can show what belongs to it."""
    return not application.images or all(PLACEHOLDER in item.path for item in config.environments)


def _place(config: Config, application: Application, document: Document | None) -> Location:
    if document:
        return document.key(("applications", application.name))
    return Location(file=config.path, line=application.line)


def _no_folder(application: Application, config: Config, document: Document | None) -> UsageError:
    return UsageError(
        f"applications.{application.name}: no environment has a folder for it",
        cause=f"no file lies in a folder named {application.name!r}",
        fix="correct the name, commit its folder, or remove the application",
        location=_place(config, application, document),
    )


def _no_trusted_root(
    config: Config, paths: frozenset[str], document: Document | None
) -> Iterator[UsageError]:
    """Without the file every image's provenance stays unknown."""
    for environment in config.environments:
        rule = environment.gates.provenance if environment.gates else None
        if rule and rule.trusted_root and rule.trusted_root not in paths:
            path = ("environments", environment.name, "gates", "provenance", "trusted-root")
            yield UsageError(
                f"{'.'.join(path)}: there is no {rule.trusted_root}",
                cause="nothing verifies attestations without it",
                fix=f"gh attestation trusted-root > {rule.trusted_root}, and commit it",
                location=document.key(path) if document else Location(file=config.path),
            )


def _by_image_alone(application: Application, config: Config) -> Notice:
    return Notice(
        level="notice",
        text=f"applications.{application.name}: no environment has a folder for it; files are its"
        " own by their images alone",
        location=_place(config, application, None),
    )


def _shared(config: Config) -> list[Notice]:
    """Images of several applications: a bump without `application` changes all of those."""
    owners: dict[str, list[Application]] = {}
    for application in config.applications:
        for image in application.images:
            owners.setdefault(image, []).append(application)
    return [
        Notice(
            level="warning",
            text=f"{image} belongs to {' and '.join(item.name for item in found)}: a bump that"
            " names no application changes it in each of them",
            location=_place(config, found[-1], None),
        )
        for image, found in owners.items()
        if len(found) > 1
    ]


def _of_nothing(
    config: Config, holds: Sequence[Hold], folders: set[str | None]
) -> Iterator[Notice]:
    """Holds that keep nothing out: their environment or application does not exist."""
    applications = {item.name for item in config.applications} | folders
    for hold in holds:
        place = Location(file=hold.file)
        if hold.environment != ALL and config.environment(hold.environment) is None:
            text = f"the hold names {hold.environment!r}, not an environment of {config.path}"
            yield Notice(level="warning", text=text, location=place)
        elif hold.application and hold.application not in applications:
            text = f"the hold names {hold.application!r}, an application that no environment has"
            yield Notice(level="warning", text=text, location=place)


def _expired(hold: Hold) -> Notice:
    return Notice(
        level="notice",
        text=f"the hold ended at {hold.until:%Y-%m-%d %H:%M %Z}: delete the file, or run"
        f" `{lift_command(hold)}`",
        location=Location(file=hold.file),
    )
