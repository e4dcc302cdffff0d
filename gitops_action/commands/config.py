"""`config`: what is wrong with the configuration of a checkout, or what it resolves to."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from gitops_action.core.config import (
    HOLDS_FOLDER,
    Config,
    Hold,
    in_holds_folder,
    read_holds,
    resolve_folders,
    select_environments,
)
from gitops_action.core.config.hold_files import is_hold_file
from gitops_action.core.config.load import Reading, read_config, together
from gitops_action.core.config.show import as_data, as_mermaid, as_yaml
from gitops_action.core.config.tree_check import check_tree
from gitops_action.core.flux.status import unread_environments
from gitops_action.core.gates.job_token import (
    configuration_errors,
    configuration_notices,
    is_used,
)
from gitops_action.core.inputs.common import DEFAULT_CONFIG
from gitops_action.core.inputs.config import ConfigInputs
from gitops_action.core.manifests import Manifest
from gitops_action.core.outcome import Notice, Outcome
from gitops_action.core.rendering import Closures
from gitops_action.core.rendering.deployers import FLUX_GROUP
from gitops_action.core.rendering.follow import deployers_in
from gitops_action.core.repository import (
    REGULAR,
    WORKFLOWS_FOLDER,
    RepositoryFile,
    Tree,
    TreeFile,
)
from gitops_action.core.repository_settings.check import (
    FAILING,
    check_settings,
    headline,
    lines,
)
from gitops_action.core.repository_settings.facts import RepositorySettings
from gitops_action.core.scaffold.existing import AssumedEnvironment, assumed_environments
from gitops_action.core.validation.uncovered import uncovered_images
from gitops_action.errors import EXIT_FAILURE, GitOpsError, Location, UsageError


class CheckedOutFiles(Protocol):
    """The files of a checked-out environment repository."""

    def paths(self) -> tuple[str, ...]:
        """Every file, by its path in the repository."""
        ...

    def read(self, path: str) -> bytes | None:
        """The content of a file; None where there is none."""
        ...


class SettingsSource(Protocol):
    """GitHub's settings of the environment repository."""

    def read(self, branch: str | None) -> RepositorySettings:
        """Everything that may be read; the default branch where none is named."""
        ...


@dataclass(frozen=True, kw_only=True)
class ConfigPorts:
    """What `config` talks to, and the moment at which holds are looked at.

    `settings` is None unless GitHub is asked.
    """

    checkout: CheckedOutFiles
    now: datetime
    settings: SettingsSource | None = None


def run(inputs: ConfigInputs, ports: ConfigPorts) -> Outcome:
    """Check the configuration, or show it; nothing is written anywhere.

    Raises:
        GitOpsErrors: everything that is wrong with the configuration and the holds.
        UsageError: an environment is named that is not declared.
    """
    data = ports.checkout.read(inputs.config)
    if data is None:
        _refuse_missing(inputs, ports.checkout)
    reading = read_config(inputs.config, data)
    if inputs.action == "check":
        outcome = _check(inputs, reading, ports)
        if ports.settings is None or reading.config is None:
            return outcome
        return _with_settings(outcome, ports.settings.read(inputs.base), reading.config)
    if reading.config is None:
        raise together(inputs.config, reading.problems)
    return _show(inputs, reading, reading.config, ports.checkout.paths())


_FORMER = ".github/gitops.yml"
_SEVERAL = 2
_YAML = (".yaml", ".yml")


def _refuse_missing(inputs: ConfigInputs, checkout: CheckedOutFiles) -> None:
    """A file that is named and not there, or has a name that no command reads, is a mistake."""
    if inputs.config != DEFAULT_CONFIG:
        raise UsageError(
            f"{inputs.config} is not there",
            cause="--config is a path from the repository's top",
            fix="correct --config, or leave it out",
        )
    if checkout.read(_FORMER) is not None:
        raise UsageError(
            f"{_FORMER} is not read",
            cause=f"every command reads {DEFAULT_CONFIG}",
            fix=f"git mv {_FORMER} {DEFAULT_CONFIG}",
            location=Location(file=_FORMER, line=1),
        )


def _unused(checkout: CheckedOutFiles, config: Config) -> tuple[Notice, ...]:
    """A second configuration, which no command reads."""
    if not config.declared or checkout.read(_FORMER) is None:
        return ()
    text = f"{_FORMER} is not read, {config.path} is: delete it"
    return (Notice(level="warning", text=text, location=Location(file=_FORMER, line=1)),)


def _uncovered(
    config: Config, checkout: CheckedOutFiles, paths: Sequence[str]
) -> tuple[Notice, ...]:
    """A warning for each image that only files outside of every environment name."""
    if not config.declared:
        return ()

    def read(names: Iterable[str]) -> Mapping[str, RepositoryFile]:
        found = ((name, checkout.read(name)) for name in names)
        return {
            name: RepositoryFile(path=name, data=data) for name, data in found if data is not None
        }

    tree = Tree(commit="", files={path: TreeFile(mode=REGULAR, blob="") for path in paths})
    folders = [
        folder.path
        for environment in config.environments
        for folder in resolve_folders(environment, config, paths)
    ]
    covered = Closures(tree, read).of_all(folders)
    manifests = [path for path in paths if is_shown_manifest(path)]
    return uncovered_images(read(manifests), covered, config.path)


def assumed_in(checkout: CheckedOutFiles, paths: Sequence[str]) -> tuple[AssumedEnvironment, ...]:
    """The environments that a repository without a configuration looks like."""
    return assumed_environments(paths, _deployers(checkout, paths))


def _deployers(checkout: CheckedOutFiles, paths: Sequence[str]) -> Sequence[Manifest]:
    """The objects of Flux and Argo CD that name what is deployed."""
    files = {
        path: RepositoryFile(path=path, data=checkout.read(path) or b"")
        for path in paths
        if path.endswith(_YAML)
    }
    return deployers_in(files)


def is_shown_manifest(path: str) -> bool:
    """Whether a file is YAML outside of hidden folders: what environments are made of."""
    hidden = any(part.startswith(".") for part in path.split("/"))
    return path.endswith(_YAML) and not hidden


def _undeclared(
    config: Config, checkout: CheckedOutFiles, paths: Sequence[str]
) -> tuple[Notice, ...]:
    """What speaks against the defaults where there is no configuration."""
    if config.declared:
        return ()
    if not any(map(is_shown_manifest, paths)):
        text = (
            "there are no manifests here: run it in a checkout of the environment repository;"
            " `gitops-action init environment` writes a new one"
        )
        return (Notice(level="warning", text=text),)
    found = assumed_in(checkout, paths)
    if len(found) < _SEVERAL:
        return ()
    listed = ", ".join(item.path or "." for item in found)
    text = (
        f"{listed} look like environments, and without {config.path} the repository is one:"
        " `gitops-action init config` writes the file"
    )
    return (Notice(level="warning", text=text),)


def _check(inputs: ConfigInputs, reading: Reading, ports: ConfigPorts) -> Outcome:
    checkout = ports.checkout
    paths = checkout.paths()
    holds, wrong = _holds(checkout, paths, reading.config)
    found = check_tree(reading, paths, holds, now=ports.now)
    by_job_token = is_used(_workflows(checkout, paths))
    refused = (
        configuration_errors(reading.config, reading.document)
        if by_job_token and reading.config
        else ()
    )
    problems = (*reading.problems, *found.errors, *wrong, *refused)
    if problems or reading.config is None:
        raise together(inputs.config, problems)
    config = reading.config
    counts = {
        "environments": len(config.environments),
        "applications": len(config.applications),
        "holds": len(holds),
    }
    listed = ", ".join(f"{count} {_counted(name, count)}" for name, count in counts.items())
    file = config.path if config.declared else f"no {config.path}, so the defaults hold"
    return Outcome(
        outputs={},
        headline=f"{file}: no mistakes ({listed})",
        notices=(
            *found.notices,
            *(configuration_notices(config, reading.document) if by_job_token else ()),
            *_unread(config, checkout, paths),
            *_unused(checkout, config),
            *_undeclared(config, checkout, paths),
            *_uncovered(config, checkout, paths),
        ),
        data={"declared": config.declared, **counts},
    )


def _with_settings(outcome: Outcome, settings: RepositorySettings, config: Config) -> Outcome:
    """The check of the files, followed by that of GitHub's settings."""
    findings = check_settings(settings, config)
    title = headline(settings, findings)
    listed = lines(findings)
    failed = any(item.level in FAILING for item in findings)
    noticed = tuple(
        f"{item.level}: {f'{item.location}: ' if item.location else ''}{item.text}"
        for item in outcome.notices
    )
    return replace(
        outcome,
        headline=f"{outcome.headline}\n{title}",
        lines=listed,
        report=(*noticed, title, *listed),
        data={
            **outcome.data,
            "remote": [
                {"level": item.level, "text": item.text, "fix": item.fix} for item in findings
            ],
        },
        exit_code=EXIT_FAILURE if failed else 0,
    )


def _workflows(checkout: CheckedOutFiles, paths: Sequence[str]) -> Mapping[str, bytes]:
    inside = (path for path in paths if path.startswith(WORKFLOWS_FOLDER))
    return {path: checkout.read(path) or b"" for path in inside}


def _unread(config: Config, checkout: CheckedOutFiles, paths: Sequence[str]) -> tuple[Notice, ...]:
    """A warning for each environment that Flux is to deploy and no Kustomization reads."""
    if not any(one.engine == "flux" for item in config.environments for one in item.deploy.targets):
        return ()
    deployers = _deployers(checkout, paths)
    kustomizations = [item for item in deployers if item.id.group == FLUX_GROUP]
    return tuple(
        Notice(
            level="warning",
            text=f"environments.{item.name}: `engine: flux`, and no Kustomization in this"
            f" repository reads `{item.path or '.'}`. Correct `path`, or add the Kustomization",
            location=Location(file=config.path, line=item.line),
        )
        for item in unread_environments(config.environments, kustomizations)
    )


def _holds(
    checkout: CheckedOutFiles, paths: Sequence[str], config: Config | None
) -> tuple[tuple[Hold, ...], tuple[GitOpsError, ...]]:
    """The holds that can be read, and what is wrong with the others and with stray files."""
    inside = [path for path in paths if in_holds_folder(path)]
    found = read_holds({path: checkout.read(path) or b"" for path in inside}, config)
    stray = tuple(
        UsageError(
            f"{path} is in a folder below {HOLDS_FOLDER}, so it holds nothing",
            fix=f"move it to {HOLDS_FOLDER}",
            location=Location(file=path, line=1),
        )
        for path in inside
        if path.endswith(_YAML) and not is_hold_file(path)
    )
    return found.holds, (*found.problems, *stray)


def _counted(name: str, count: int) -> str:
    return name.removesuffix("s") if count == 1 else name


def _show(inputs: ConfigInputs, reading: Reading, config: Config, paths: Sequence[str]) -> Outcome:
    if inputs.environment:
        config = replace(config, environments=select_environments(config, inputs.environment))
    folders = {item.name: resolve_folders(item, config, paths) for item in config.environments}
    data = as_data(config, reading.document, folders)
    if inputs.format == "mermaid":
        printed = as_mermaid(config.environments)
    elif inputs.format == "json":
        printed = json.dumps(data, indent=2)
    else:
        printed = as_yaml(config, reading.document, folders)
    return Outcome(
        outputs={},
        headline=config.path if config.declared else f"no {config.path}: the defaults",
        data={**data, "mermaid": as_mermaid(config.environments)},
        printed=printed,
    )
