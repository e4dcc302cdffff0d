"""One deployment at a time: an environment's lease on a cluster, waited for and held."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from gitops_action.commands.deploy.cluster import HeldLease
from gitops_action.commands.deploy.push.inventory import ensure_home, label_of
from gitops_action.commands.deploy.target import Progress, TargetRun
from gitops_action.core.cluster.errors import LeaseHeldError, NotFoundError, StoppedError
from gitops_action.core.cluster.model import LeaseTerms
from gitops_action.core.deploy.inventory import record_name

_LOOK_EVERY = 2.0
"""Seconds between two looks at a lease that another run holds."""


@contextmanager
def held(run: TargetRun, *, seconds: int = 60) -> Iterator[HeldLease]:
    """Hold the environment's lease on the cluster while the block runs.

    Another run that has it is waited for, `lease_wait` seconds long, and named. One that died
    without giving it back frees it by its expiry. The lease is renewed in the background; call its
    `check` before each step that writes.

    Args:
        run: the environment on the cluster.
        seconds: after so long without a sign of life of ours, the lease is free for others.

    Raises:
        LeaseHeldError: another run has it for longer than we wait.
        StoppedError: the job was cancelled meanwhile.
        ClusterError: the lease can be neither read nor written.
    """
    terms = LeaseTerms(
        namespace=run.cluster.namespace,
        name=record_name(label_of(run)),
        holder=run.options.holder,
        seconds=seconds,
    )
    with ExitStack() as stack:
        yield _acquired(run, terms, stack)


def _acquired(run: TargetRun, terms: LeaseTerms, stack: ExitStack) -> HeldLease:
    deadline = run.clock.monotonic() + run.options.lease_wait
    told = ""
    while not run.stop.is_set():
        try:
            return _entered(run, terms, stack)
        except LeaseHeldError as error:
            left = deadline - run.clock.monotonic()
            if left <= 0:
                raise
            if error.holder != told:
                told = error.holder
                text = f"{told} deploys here: waiting up to {left:.0f} s for it to end"
                run.teller.tell(Progress(text=text, tone="quiet"))
            run.stop.wait(min(_LOOK_EVERY, left))
    raise StoppedError(
        f"cancelled while {told or 'nobody'} held the lease"
        if told
        else "cancelled before the deployment began",
        cause="nothing was written",
        fix="run again",
    )


def _entered(run: TargetRun, terms: LeaseTerms, stack: ExitStack) -> HeldLease:
    try:
        return stack.enter_context(run.cluster.lease(terms))
    except NotFoundError as error:
        if error.missing != "namespace":
            raise
    ensure_home(run)
    return stack.enter_context(run.cluster.lease(terms))
