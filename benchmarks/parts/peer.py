"""The peer of a bump: what people write in a workflow, a shallow clone, yq, commit and push."""

from __future__ import annotations

import base64
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from testbed.gotool import YQ, go_program
from testbed.process import PartError, run

_IDENTITY = ("-c", "user.name=robot", "-c", "user.email=robot@example.com")


@dataclass(frozen=True, kw_only=True)
class Change:
    """One image to change."""

    file: str
    image: str
    branch: str


def yq() -> Path:
    """The yq program, built from its source once.

    Raises:
        PartError: there is no Go toolchain to be had, or it does not build.
    """
    try:
        return go_program(YQ)
    except PartError as error:
        raise PartError(f"yq cannot be built: {error}") from error


def clone_edit_push(url: str, token: str, change: Change, folder: Path) -> None:
    """Clone at depth 1, edit by yq, commit, push a branch.

    Raises:
        PartError: a step failed.
    """
    env = git_environment(token)
    edit = f'.spec.template.spec.containers[0].image = "{change.image}"'
    run("git", "clone", "--quiet", "--depth=1", url, folder, env=env)
    run(yq(), "--inplace", edit, folder / change.file)
    run("git", *_IDENTITY, "commit", "--quiet", "--all", "--message=Bump", cwd=folder, env=env)
    run("git", "push", "--quiet", "origin", f"HEAD:refs/heads/{change.branch}", cwd=folder, env=env)


def git_environment(token: str) -> Mapping[str, str]:
    """Git without personal settings, and with the token where no command line shows it."""
    basic = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    return {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "http.extraHeader",
        "GIT_CONFIG_VALUE_0": f"Authorization: Basic {basic}",
    }


def remove(folder: Path) -> None:
    """Delete a checkout; this is not part of what is measured."""
    shutil.rmtree(folder)
