"""Reading `.github/gitops.yaml`: every error in one go, each with its place and its fix."""

from __future__ import annotations

from gitops_action.core.config.document import Document
from gitops_action.core.config.layout import check_layout
from gitops_action.core.config.resolved import (
    CONFIG_PATH,
    DEFAULT_ENVIRONMENT,
    Config,
    Environment,
)
from gitops_action.errors import GitOpsError, GitOpsErrors, UsageError

VERSION = 1


def load_config(path: str, data: bytes | None) -> Config:
    """Read the configuration; `data` None means that the repository has none.

    Without configuration the whole repository is one environment named `default`, and each
    folder `applications/<name>/` in it is an application.

    Raises:
        GitOpsErrors: everything that is wrong with the file.
    """
    if data is None:
        only = Environment(name=DEFAULT_ENVIRONMENT, declared=False)
        return Config(environments=(only,), declared=False, path=path or CONFIG_PATH)
    from gitops_action.core.config import positions  # noqa: PLC0415 - a costly import, seldom needed

    try:
        document = positions.read(path, data)
        _check_version(document)
    except UsageError as error:
        raise _together(path, [error]) from None
    return _checked(document)


def _check_version(document: Document) -> None:
    """Everything depends on the version, so nothing else is said when it is another one.

    One that is missing is found with everything else, by the shape.
    """
    data, fix = document.data, f"write `version: {VERSION}` as the first line"
    if not isinstance(data, dict):
        title = "the configuration is empty" if data is None else "it is no mapping"
        raise UsageError(title, fix=fix, location=document.value(()))
    version = data.get("version")
    if version is not None and (version is True or version != VERSION):
        raise UsageError(
            f"version {version!r} is not known",
            cause=f"this release reads version {VERSION}",
            fix=f"write `version: {VERSION}`, or use a newer release of gitops-action",
            location=document.value(("version",)),
        )


def _checked(document: Document) -> Config:
    # Imported here: pydantic is only paid for where there is a configuration to check.
    from pydantic import ValidationError  # noqa: PLC0415

    from gitops_action.core.config.convert import convert  # noqa: PLC0415
    from gitops_action.core.config.model import ConfigShape  # noqa: PLC0415
    from gitops_action.core.config.problems import explain  # noqa: PLC0415

    problems = [*document.problems, *check_layout(document)]
    try:
        shape = ConfigShape.model_validate(document.data)
    except ValidationError as error:
        details = error.errors(include_url=False)
        raise _together(
            document.file, [*problems, *explain(document, details, ConfigShape)]
        ) from None
    if problems:
        raise _together(document.file, problems)
    return convert(shape, document)


def _together(path: str, errors: list[GitOpsError]) -> GitOpsErrors:
    def place(error: GitOpsError) -> tuple[int, int]:
        at = error.location
        return (at.line or 0, at.column or 0) if at else (0, 0)

    found = tuple(sorted(errors, key=place))
    return GitOpsErrors(f"{path} has {len(found)} error{'s' * (len(found) > 1)}", found)
