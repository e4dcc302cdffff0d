"""`init config`: writes the configuration of a repository that exists, from what it holds."""

from __future__ import annotations

from collections.abc import Sequence

from gitops_action.commands.config import CheckedOutFiles, assumed_in, is_shown_manifest
from gitops_action.commands.init import WriteTarget
from gitops_action.core.config.load import read_config
from gitops_action.core.config.tree_check import check_tree
from gitops_action.core.dataclass import dataclass
from gitops_action.core.inputs.common import DEFAULT_CONFIG
from gitops_action.core.inputs.init import InitInputs
from gitops_action.core.outcome import Outcome
from gitops_action.core.scaffold.existing import (
    AssumedEnvironment,
    whole_repository,
    written,
)
from gitops_action.errors import GitOpsError, UsageError

_FORMER = ".github/gitops.yml"
_TAKEN = frozenset({"what", "output", "force", "dry_run"})


@dataclass(frozen=True, kw_only=True)
class InitConfigPorts:
    """What `init config` talks to; `folder` is the repository's top, as the target takes it."""

    checkout: CheckedOutFiles
    target: WriteTarget
    folder: str


def run(inputs: InitInputs, ports: InitConfigPorts) -> Outcome:
    """Look through the repository, write the file, and say what was assumed.

    Raises:
        UsageError: a flag is given that is about new repositories.
        GitOpsError: there is a configuration already, nothing to describe, or it cannot be
            written; nothing was.
    """
    _check_flags(inputs)
    paths = ports.checkout.paths()
    there = [path for path in (DEFAULT_CONFIG, _FORMER) if path in paths]
    if there and not (inputs.force or inputs.dry_run):
        raise GitOpsError(
            f"{there[0]} is there already, and nothing was written",
            fix="compare with `gitops-action init config --dry-run`, or replace it by --force",
        )
    if not any(is_shown_manifest(path) for path in paths):
        raise GitOpsError(
            "There are no manifests here, and nothing was written",
            cause="the folder holds no YAML file, apart from hidden ones",
            fix="run it in a checkout of the environment repository; a new one is written by"
            " `gitops-action init environment`",
        )
    environments = _environments(paths, ports.checkout)
    text = written(environments)
    if not inputs.dry_run:
        ports.target.write(ports.folder, {DEFAULT_CONFIG: text})
    return _outcome(environments, text, paths, inputs)


def _check_flags(inputs: InitInputs) -> None:
    given = [name for name, value in vars(inputs).items() if value and name not in _TAKEN]
    if given:
        flag = f"--{given[0].replace('_', '-')}"
        raise UsageError(
            f"`init config` has no {flag}",
            cause="it describes the repository that is there",
            fix=f"remove {flag}, or write `gitops-action init environment`",
        )


def _environments(
    paths: Sequence[str], checkout: CheckedOutFiles
) -> tuple[AssumedEnvironment, ...]:
    """What is assumed; the whole repository where that would be no valid configuration."""
    found = assumed_in(checkout, paths)
    return found if _is_valid(found, paths) else (whole_repository(),)


def _is_valid(environments: Sequence[AssumedEnvironment], paths: Sequence[str]) -> bool:
    reading = read_config(DEFAULT_CONFIG, written(environments).encode())
    return not (reading.problems or check_tree(reading, paths).errors)


def _outcome(
    environments: Sequence[AssumedEnvironment],
    text: str,
    paths: Sequence[str],
    inputs: InitInputs,
) -> Outcome:
    verb = "would write" if inputs.dry_run else "wrote"
    count = f"{len(environments)} environment{'s' * (len(environments) > 1)}"
    notices = check_tree(read_config(DEFAULT_CONFIG, text.encode()), paths).notices
    next_step = "Correct what is wrong in it, then run `gitops-action config check`."
    return Outcome(
        outputs={},
        headline=f"{verb} {DEFAULT_CONFIG} with {count}",
        lines=(
            *(f"  {item.name}: {item.path or '.'} ({item.reason})" for item in environments),
            *(() if inputs.dry_run else ("", next_step)),
        ),
        notices=notices,
        data={
            "file": DEFAULT_CONFIG,
            "environments": [
                {"name": item.name, "path": item.path, "reason": item.reason}
                for item in environments
            ],
            "text": text,
        },
        printed=text.rstrip("\n") if inputs.dry_run else "",
    )
