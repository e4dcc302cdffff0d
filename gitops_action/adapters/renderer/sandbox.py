"""Which sandbox this machine can give to programs that read a pull request's files."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from shutil import which

from gitops_action.adapters.process import Sandbox

NOBODY = 65534
"""The user without rights on every Linux distribution; its group has the same number."""

MEMORY = 4 * 2**30
"""Bytes that a program may write to: aliases in YAML and loops of charts can ask for any number.
kustomize takes about 1 GiB for the largest folder whose output we accept."""

_SECONDS = 10


@lru_cache
def find_sandbox(programs: tuple[str, ...], *, network: bool) -> Sandbox:
    """The strictest sandbox in which all of the programs can be started.

    Root gives the programs another user, and no network where it may make namespaces. Others
    can hide their processes and the network in a namespace of their own, where the system lets
    them. Their memory is bounded where util-linux is installed.

    Args:
        programs: their paths.
        network: whether they need the network.
    """
    candidates = _of_root(network=network) if os.geteuid() == 0 else _of_user(network=network)
    bounded = _bounded()
    return next(
        item
        for candidate in (*candidates, Sandbox())
        for item in (replace(candidate, memory=bounded), candidate)
        if item == Sandbox() or _works(item, programs)
    )


def _bounded() -> tuple[str, ...]:
    """How a program is started with `MEMORY`; RLIMIT_DATA leaves out what Go only reserves."""
    prlimit = which("prlimit")
    return (prlimit, f"--data={MEMORY}", "--") if prlimit else ()


def _of_root(*, network: bool) -> Iterator[Sandbox]:
    unshare = which("unshare")
    if unshare and not network:
        who = (f"--setgid={NOBODY}", f"--setuid={NOBODY}")
        prefix = (unshare, "--net", *who, "--")
        yield Sandbox(user=NOBODY, prefix=prefix, network=False, separate=True)
    yield Sandbox(user=NOBODY, separate=True)


def _of_user(*, network: bool) -> Iterator[Sandbox]:
    unshare = which("unshare")
    if unshare:
        hidden = ("--user", "--map-current-user", "--pid", "--fork", "--kill-child")
        alone = () if network else ("--net",)
        prefix = (unshare, *hidden, "--mount-proc", *alone, "--")
        yield Sandbox(prefix=prefix, network=network, separate=True)


def _works(sandbox: Sandbox, programs: tuple[str, ...]) -> bool:
    """Whether programs and the folder for temporary files can be used in it."""
    return all(_can_use(sandbox, path) for path in (*programs, tempfile.gettempdir()))


def _can_use(sandbox: Sandbox, path: str) -> bool:
    own = None if sandbox.prefix else sandbox.user
    try:
        done = subprocess.run(  # noqa: S603 - fixed programs
            sandbox.around([which("test") or "/usr/bin/test", "-x", path]),
            env={},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
            user=own,
            group=own,
            extra_groups=None if own is None else [],
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0
