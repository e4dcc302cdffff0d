"""Close the open bump of a version that a rollback put on hold."""

from __future__ import annotations

from gitops_action.commands.rollback.ports import RollbackPorts
from gitops_action.core.config.holds import names_version
from gitops_action.core.pull_request_state import CLOSED_BY_US, ProposedChange, discovered
from gitops_action.core.report.bump import slug
from gitops_action.core.report.rollback import RollbackView
from gitops_action.core.repository import Tip


def close_held_bump(
    ports: RollbackPorts, tip: Tip, view: RollbackView, number: int | None
) -> tuple[int, ...]:
    """Close the application's open bump where it proposes what is on hold now; gives its number.

    One that proposes another version stays: the next bump plans it again.
    """
    closed = []
    for application in view.applications:
        facts = ports.forge.branch(
            name=f"gitops/{slug(view.environment)}/{slug(application)}",
            base=tip.branch,
            base_oid=tip.commit,
            paths=(),
        )
        state = discovered(facts, base=tip.branch, requested=ProposedChange(), reopen=False)
        opened = state.pull_request
        if opened is None or opened.state != "open":
            continue
        targets = [change.target for change in state.pending]
        on_hold = [hold.image for hold in view.holds if hold.image]
        if any(names_version(held, target) for held in on_hold for target in targets):
            if CLOSED_BY_US not in opened.body:
                body = f"{CLOSED_BY_US}\n{opened.body}"
                ports.forge.edit(opened.number, title=opened.title, body=body)
            by = f" by the rollback #{number}" if number else ""
            ports.forge.close(opened.number, reason=f"What it proposes was put on hold{by}")
            closed.append(opened.number)
    return tuple(closed)
