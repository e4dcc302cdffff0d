"""What each command of a comment does, by the commands that a terminal has."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypedDict

from gitops_action.adapters.clock import system_clock
from gitops_action.adapters.workflow import read_job
from gitops_action.commands.comment import command as comment
from gitops_action.core.comments.grammar import PREFIX, Word
from gitops_action.core.comments.parse import CommentFacts, CommentRefusal, ParsedCommand
from gitops_action.core.config import Environment
from gitops_action.core.deploy.result import Result
from gitops_action.core.gates import decisions
from gitops_action.core.gates.change_hash import SHOWN_DIGITS
from gitops_action.core.gates.head_cache import CachedHash, cached_hash
from gitops_action.core.gates.model import GateName
from gitops_action.core.gates.verdict import READY_CONTEXT
from gitops_action.core.history.rows import read_image
from gitops_action.core.images import ImageReference
from gitops_action.core.inputs.gate import GateInputs
from gitops_action.core.inputs.hold import HoldInputs
from gitops_action.core.inputs.promote import PromoteInputs
from gitops_action.core.inputs.rollback import RollbackInputs
from gitops_action.core.markdown import code, fenced
from gitops_action.core.outcome import Job, Outcome, plain
from gitops_action.core.report.bump import version_of

if TYPE_CHECKING:
    from gitops_action.app.comment import CommentParts

_WHY_LINES = 200
_STANDS = "promotion-stands"
_DONE = frozenset({"created", "updated", "unchanged"})


class _Repository(TypedDict):
    repository: str
    base: str | None
    config: str
    token: str
    source_token: str
    api_url: str
    graphql_url: str
    server_url: str


class _Access(_Repository):
    registry_username: str
    registry_password: str
    ghcr_username: str
    ghcr_password: str


class CommentActions:
    """What does each command; each gives an answer to write, or nothing."""

    def __init__(self, parts: CommentParts) -> None:
        """Take what comments act on."""
        self._parts = parts

    def table(self) -> Mapping[Word, comment.Action]:
        """What does each command."""
        return {
            "status": self._status,
            "why": self._why,
            "merge": self._merge,
            "refresh": _nothing,
            "hold": self._hold,
            "unhold": self._unhold,
            "promote": self._promote,
            "rollback": self._rollback,
            "override": self._override,
            "deploy": self._deploy,
        }

    def _repository(self) -> _Repository:
        """The repository, and how it is reached: what every command takes alike."""
        inputs = self._parts.inputs
        return {
            "repository": inputs.repository,
            "base": inputs.base,
            "config": inputs.config,
            "token": inputs.token,
            "source_token": inputs.source_token,
            "api_url": inputs.api_url,
            "graphql_url": inputs.graphql_url,
            "server_url": inputs.server_url,
        }

    def _access(self) -> _Access:
        """The same, and how registries are reached."""
        inputs = self._parts.inputs
        return {
            **self._repository(),
            "registry_username": inputs.registry_username,
            "registry_password": inputs.registry_password,
            "ghcr_username": inputs.ghcr_username,
            "ghcr_password": inputs.ghcr_password,
        }

    def _job(self, facts: CommentFacts) -> Job:
        """The run, on behalf of the comment's author."""
        job = read_job(self._parts.context.environ).working_on(self._parts.inputs.server_url)
        return replace(job, actor=facts.login)

    # What is answered.

    def _status(self, parsed: ParsedCommand, facts: CommentFacts) -> str:
        """What each environment describes, and how its newest deployment that counts ended."""
        del parsed, facts
        from gitops_action.adapters.github.proved_records import GitHubRecords  # noqa: PLC0415 - loads requests

        parts = self._parts
        reader = GitHubRecords(parts.client, parts.inputs.repository)
        records = reader.read(parts.base.config.environments)
        lines = []
        for content in parts.contents:
            images = content.spans[0].images if content.spans else {}
            named = ", ".join(
                code(f"{name} {' '.join(map(_version, texts))}")
                for (name, _), texts in images.items()
            )
            proved = (one for one in records.get(content.environment, ()) if one.proved)
            newest = next((one for one in proved if one.result is not Result.SUPERSEDED), None)
            ended = newest.result.value if newest else "no deployment of it is proved"
            lines.append(f"- {code(content.environment)}: {named or 'no images'} ({ended})")
        return "\n".join(lines)

    def _why(self, parsed: ParsedCommand, facts: CommentFacts) -> str:
        """What the gate finds for this pull request, without writing anything."""
        del parsed
        from gitops_action.app.gate import build  # noqa: PLC0415 - this command alone
        from gitops_action.commands.gate import command as gate  # noqa: PLC0415 - same

        parts = self._parts
        asked = GateInputs(pull_request=facts.issue, merge="never", dry_run=True, **self._access())
        outcome = gate.run(*build(asked, parts.context, parts.client, parts.stack))
        lines = [outcome.headline, *(plain(line) for line in outcome.lines)]
        return fenced("\n".join(lines), language="text", lines=_WHY_LINES)

    # What opens a pull request.

    def _hold(self, parsed: ParsedCommand, facts: CommentFacts) -> str:
        return self._held("add", parsed, facts)

    def _unhold(self, parsed: ParsedCommand, facts: CommentFacts) -> str:
        return self._held("remove", parsed, facts)

    def _held(self, action: str, parsed: ParsedCommand, facts: CommentFacts) -> str:
        """By a pull request that the gate merges."""
        from gitops_action.commands.hold import command as hold  # noqa: PLC0415 - this command alone

        parts = self._parts
        asked = HoldInputs(
            action="add" if action == "add" else "remove",
            environment=(parsed.environment,),
            application=parsed.application,
            image=self._held_image(parsed),
            reason=parsed.reason,
            until=parsed.until.isoformat() if parsed.until else "",
            **self._repository(),
        )
        ports = hold.HoldPorts(
            store=parts.store,
            forge=parts.forge,
            clock=system_clock(parts.context.environ),
            job=self._job(facts),
        )
        hold.run(asked, ports)
        return ""

    def _held_image(self, parsed: ParsedCommand) -> ImageReference | None:
        """The application's image at the version that is named."""
        if not parsed.version:
            return None
        images = self._parts.images
        own = [image for (name, _), image in images.items() if name == parsed.application]
        if len(own) != 1:
            raise CommentRefusal(
                "several-images",
                f"{parsed.application} has {len(own)} images, so that a version names none of them",
                f"{PREFIX} {parsed.command.word} {parsed.environment} because …",
            )
        if parsed.version.startswith("sha256:"):
            return own[0].with_(tag=None, digest=parsed.version)
        return own[0].with_(tag=parsed.version, digest=None)

    def _promote(self, parsed: ParsedCommand, facts: CommentFacts) -> str:
        """By the same command; what is not proposed is refused with its reason."""
        from gitops_action.app.promote import build_ports  # noqa: PLC0415 - this command alone
        from gitops_action.commands.promote import command as promote  # noqa: PLC0415 - same

        parts = self._parts
        asked = PromoteInputs(
            to_environment=parsed.environment,
            application=(parsed.application,) if parsed.application else (),
            yes=True,
            **self._access(),
        )
        ports = build_ports(asked, parts.context, parts.stack)
        mine = replace(ports, bump=replace(ports.bump, job=self._job(facts)))
        self._refuse_unproposed(promote.run(asked, mine), parsed)
        return ""

    def _refuse_unproposed(self, outcome: Outcome, parsed: ParsedCommand) -> None:
        """Refuse where something failed, or nothing was proposed."""
        errors = [notice.text for notice in outcome.notices if notice.level == "error"]
        if errors:
            raise CommentRefusal("failed", "; ".join(errors))
        pulls = json.loads(outcome.outputs["pull-requests"])
        if any(one["operation"] in _DONE for one in pulls):
            return
        waiting = outcome.data["waiting"] if outcome.data else []
        stands = isinstance(waiting, list) and waiting and waiting[0]["code"] == _STANDS
        again = f"{PREFIX} deploy {parsed.environment}" if stands else f"{PREFIX} status"
        found = "; ".join(text for line in outcome.lines if (text := plain(line).strip()))
        raise CommentRefusal("nothing-promoted", found or outcome.headline, again)

    def _rollback(self, parsed: ParsedCommand, facts: CommentFacts) -> str:
        """By the same command; who asked for which images is recorded for the gate on its PR."""
        from gitops_action.app.rollback import build_ports  # noqa: PLC0415 - this command alone
        from gitops_action.commands.rollback import command as rollback  # noqa: PLC0415 - same

        asked = RollbackInputs(
            environment=(parsed.environment,),
            application=(parsed.application,) if parsed.application else (),
            to_version=parsed.version,
            reason=parsed.reason,
            **self._access(),
        )
        ports = replace(build_ports(asked, self._parts.context), job=self._job(facts))
        outcome = rollback.run(asked, ports)
        number = outcome.outputs["pull-request-number"]
        if not number:
            raise CommentRefusal("nothing-to-roll-back", outcome.headline, f"{PREFIX} status")
        record = _recorded("rollback", parsed, facts, images=_replaced(outcome))
        self._parts.conversation.reply(replace(facts, issue=int(number)), record)
        return ""

    # What is recorded for the gate, which runs as the last job of the same run.

    def _merge(self, parsed: ParsedCommand, facts: CommentFacts) -> str:
        if parsed.off:
            return _recorded("merge-off", parsed, facts)
        return _recorded("merge", parsed, facts, change=self._evaluated(facts).digest)

    def _override(self, parsed: ParsedCommand, facts: CommentFacts) -> str:
        """For every environment that the change touches and whose rule names the person.

        The gate reads the rule of each environment again.
        """
        touched = self._parts.conversation.touched(facts.issue)
        refusals = [self._may_not_override(name, facts.login) for name in touched]
        if refusals and None not in refusals:
            raise next(one for one in refusals if one)
        newest = self._evaluated(facts)
        if not newest.digest.startswith(parsed.change):
            reason = f"the change here is {newest.digest[:SHOWN_DIGITS]}, not {parsed.change}"
            raise CommentRefusal("other-change", reason, f"{PREFIX} why")
        only = touched[0] if len(touched) == 1 else ""
        return _recorded("override", replace(parsed, environment=only), facts, change=newest.digest)

    def _may_not_override(self, name: str, login: str) -> CommentRefusal | None:
        gates = self._environment(name).gates
        if gates is None:
            return CommentRefusal("no-gates", f"{name} has no gates", f"{PREFIX} why")
        teams = decisions.readable_teams(gates.override.teams, self._parts.people.members)
        reason = decisions.may_override(login, gates.override, teams)
        if not reason:
            return None
        unread = set(gates.override.teams) - teams.keys()
        refused = f"{login} may not override in {name}: {reason}"
        return CommentRefusal("team-unreadable" if unread else "no-right", refused)

    def _evaluated(self, facts: CommentFacts) -> CachedHash:
        """The change that the gate evaluated last on the head.

        Raises:
            CommentRefusal: it has not evaluated the head yet.
        """
        from gitops_action.adapters.github.gate_writes import GitHubStatuses  # noqa: PLC0415 - loads requests

        parts = self._parts
        viewer = parts.forge.viewer().login
        statuses = GitHubStatuses(parts.client, parts.inputs.repository)
        history = statuses.history(parts.conversation.head(facts.issue), READY_CONTEXT)
        cached = (cached_hash(one.url) for one in history if one.creator == viewer)
        newest = next((one for one in cached if one), None)
        if newest is None:
            reason = "the gate has not evaluated this change yet"
            raise CommentRefusal("not-evaluated", reason, f"{PREFIX} refresh")
        return newest

    # What starts a workflow.

    def _deploy(self, parsed: ParsedCommand, facts: CommentFacts) -> str:
        """The workflow that deploys, for this environment."""
        del facts
        from gitops_action.adapters.github.dispatch import start_workflow  # noqa: PLC0415 - loads requests

        environment = self._environment(parsed.environment)
        start_workflow(
            self._parts.client,
            self._parts.inputs.repository,
            environment.deploy.workflow,
            ref=self._parts.base.tip.default_branch,
            inputs={"environment": environment.name},
        )
        return ""

    def _environment(self, name: str) -> Environment:
        found = self._parts.base.config.environment(name)
        if found is None:
            raise CommentRefusal("unknown-word", f"{name} is not configured", f"{PREFIX} status")
        return found


def _nothing(parsed: ParsedCommand, facts: CommentFacts) -> str:
    """The gate, which is the last job of the same run, evaluates everything."""
    del parsed, facts
    return ""


def _recorded(
    kind: decisions.DecisionKind,
    parsed: ParsedCommand,
    facts: CommentFacts,
    *,
    change: str = "",
    images: Sequence[str] = (),
) -> str:
    gate: GateName | None = parsed.gate or None  # type: ignore[assignment]  # of the grammar's gates
    return decisions.write_decision(
        decisions.Decision(
            kind=kind,
            login=facts.login,
            person=facts.person,
            at=facts.created,
            environment=parsed.environment,
            gate=gate,
            change=change,
            images=tuple(images),
            reason=parsed.reason,
            url=facts.url,
        )
    )


def _version(text: str) -> str:
    image = read_image(text)
    return text if image is None else version_of(image) or "latest"


def _replaced(outcome: Outcome) -> tuple[str, ...]:
    """The images that a rollback replaces."""
    done = outcome.data["rollbacks"] if outcome.data else []
    moves = [move for one in done for move in one["moves"]] if isinstance(done, list) else []
    return tuple(dict.fromkeys(str(move["from"]) for move in moves))
