"""Builds what `comment` talks to, and the commands that comments call."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, TypedDict

from gitops_action.adapters.clock import system_clock
from gitops_action.adapters.workflow import read_job
from gitops_action.app.tools import Context
from gitops_action.commands.bump.content import Base, read_base
from gitops_action.commands.comment import command as comment
from gitops_action.core.comments.facts import CommentFacts
from gitops_action.core.comments.grammar import PREFIX, Word
from gitops_action.core.comments.parse import CommentRefusal, ParsedCommand
from gitops_action.core.config import Config, Environment
from gitops_action.core.deploy.result import Result
from gitops_action.core.gates.change_hash import SHOWN_DIGITS
from gitops_action.core.gates.decisions import (
    Decision,
    DecisionKind,
    may_override,
    readable_teams,
    write_decision,
)
from gitops_action.core.gates.head_cache import CachedHash, cached_hash
from gitops_action.core.gates.model import GateName
from gitops_action.core.gates.verdict import READY_CONTEXT
from gitops_action.core.history.content import ContentHistory, read_histories
from gitops_action.core.history.rows import read_image
from gitops_action.core.images import ImageReference
from gitops_action.core.inputs import Values
from gitops_action.core.inputs.comment import CommentInputs, comment_inputs
from gitops_action.core.inputs.gate import GateInputs
from gitops_action.core.inputs.hold import HoldInputs
from gitops_action.core.inputs.promote import PromoteInputs
from gitops_action.core.inputs.rollback import RollbackInputs
from gitops_action.core.markdown import code, fenced
from gitops_action.core.outcome import Outcome, plain
from gitops_action.core.report.bump import version_of

if TYPE_CHECKING:
    from gitops_action.adapters.git import FirstParentHistory
    from gitops_action.adapters.github import ApiContentStore, GitHubClient, GitHubForge
    from gitops_action.adapters.github.conversation import GitHubConversation
    from gitops_action.adapters.github.people import GitHubPeople


class _Access(TypedDict):
    repository: str
    base: str | None
    config: str
    token: str
    source_token: str
    registry_username: str
    registry_password: str
    ghcr_username: str
    ghcr_password: str
    api_url: str
    graphql_url: str
    server_url: str


def run(values: Values, context: Context) -> Outcome:
    """Check the inputs, build the ports, run."""
    inputs = comment_inputs(values, context.environ)
    with ExitStack() as stack:
        parts = CommentParts(inputs, context, stack)
        return comment.run(inputs, parts.ports())


class CommentParts:
    """What comments act on, each part built when a comment first needs it."""

    def __init__(self, inputs: CommentInputs, context: Context, stack: ExitStack) -> None:
        """Nothing is read yet."""
        self._inputs = inputs
        self._context = context
        self._stack = stack

    def ports(self) -> comment.CommentPorts:
        """The ports of the command."""
        environ = self._context.environ
        again = environ.get("GITHUB_RUN_ATTEMPT", "1") != "1"
        return comment.CommentPorts(
            conversation=self.conversation,
            may_write=self._people.may_write,
            actions=self.actions(),
            started_by=environ.get("GITHUB_TRIGGERING_ACTOR", "") if again else "",
        )

    def actions(self) -> Mapping[Word, comment.Action]:
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

    def _access(self) -> _Access:
        """What every command takes alike: the repository, and how it and registries are reached."""
        inputs = self._inputs
        return {
            "repository": inputs.repository,
            "base": inputs.base,
            "config": inputs.config,
            "token": inputs.token,
            "source_token": inputs.source_token,
            "registry_username": inputs.registry_username,
            "registry_password": inputs.registry_password,
            "ghcr_username": inputs.ghcr_username,
            "ghcr_password": inputs.ghcr_password,
            "api_url": inputs.api_url,
            "graphql_url": inputs.graphql_url,
            "server_url": inputs.server_url,
        }

    @cached_property
    def conversation(self) -> GitHubConversation:
        """Where the comment stands."""
        from gitops_action.adapters.github.conversation import GitHubConversation  # noqa: PLC0415 - loads requests
        from gitops_action.adapters.github.reply import Reply  # noqa: PLC0415 - same

        return GitHubConversation(
            self._client,
            self._inputs.repository,
            event=Reply(dict(read_job(self._context.environ).event), "event"),
            number=self._inputs.comment_id,
            config=lambda: self._base.config,
            applications=lambda: tuple(sorted({name for name, _ in self._images})),
        )

    @cached_property
    def _client(self) -> GitHubClient:
        from gitops_action.adapters.github import connect  # noqa: PLC0415 - loads requests

        inputs = self._inputs
        clock = system_clock(self._context.environ)
        return connect(inputs.token, inputs.api_url, inputs.graphql_url, clock)

    @cached_property
    def _forge(self) -> GitHubForge:
        from gitops_action.adapters.github import GitHubForge  # noqa: PLC0415 - loads requests

        return GitHubForge(self._client, self._inputs.repository)

    @cached_property
    def _store(self) -> ApiContentStore:
        from gitops_action.adapters.github import ApiContentStore  # noqa: PLC0415 - loads requests

        return ApiContentStore(self._client, self._inputs.repository)

    @cached_property
    def _people(self) -> GitHubPeople:
        from gitops_action.adapters.github.people import GitHubPeople  # noqa: PLC0415 - loads requests

        return GitHubPeople(self._client, self._inputs.repository)

    @cached_property
    def _base(self) -> Base:
        return read_base(self._store, branch=self._inputs.base, config=self._inputs.config)

    @cached_property
    def _commits(self) -> FirstParentHistory:
        from gitops_action.adapters.git import FirstParentHistory, GitTarget  # noqa: PLC0415 - loads Git

        inputs = self._inputs
        target = GitTarget(
            server_url=inputs.server_url,
            repository=inputs.repository,
            token=inputs.token,
            identity=self._forge.viewer(),
        )
        return self._stack.enter_context(FirstParentHistory(target, base=inputs.base))

    @cached_property
    def _contents(self) -> tuple[ContentHistory, ...]:
        """What each environment describes at the tip."""
        commits, config = self._commits, self._base.config
        tip = commits.log()[:1]
        return read_histories(
            tip,
            config.environments,
            config,
            blobs=commits.blobs,
            files=commits.files,
            repository=self._inputs.repository,
        )

    @cached_property
    def _images(self) -> Mapping[tuple[str, str], ImageReference]:
        """An image of each application and repository, whichever environment describes it."""
        found: dict[tuple[str, str], ImageReference] = {}
        for content in self._contents:
            for key, texts in (content.spans[0].images if content.spans else {}).items():
                image = read_image(texts[0])
                if image is not None:
                    found.setdefault(key, image)
        for application in self._base.config.applications:
            for repository in application.images:
                image = read_image(repository)
                if image is not None:
                    found.setdefault((application.name, repository), image)
        return found

    def _status(self, parsed: ParsedCommand, facts: CommentFacts) -> str:
        """What each environment describes, and how its newest deployment that counts ended."""
        del parsed, facts
        from gitops_action.adapters.github.proved_records import GitHubRecords  # noqa: PLC0415 - loads requests

        config = self._base.config
        records = GitHubRecords(self._client, self._inputs.repository).read(config.environments)
        lines = []
        for content in self._contents:
            images = content.spans[0].images if content.spans else {}
            named = ", ".join(
                code(f"{name} {' '.join(map(_version, texts))}")
                for (name, _), texts in images.items()
            )
            proved = (one for one in records.get(content.environment, ()) if one.proved)
            newest = next((one for one in proved if one.result is not Result.SUPERSEDED), None)
            ended = newest.result.value if newest else "never deployed, as far as is proved"
            lines.append(f"- {code(content.environment)}: {named or 'no images'} ({ended})")
        return "\n".join(lines)

    def _why(self, parsed: ParsedCommand, facts: CommentFacts) -> str:
        """What the gate says of this pull request, without writing anything."""
        del parsed
        from gitops_action.app.gate import build  # noqa: PLC0415 - this command alone
        from gitops_action.commands.gate import command as gate  # noqa: PLC0415 - same

        asked = GateInputs(
            pull_request=facts.issue,
            merge="never",
            dry_run=True,
            **self._access(),
        )
        outcome = gate.run(*build(asked, self._context, self._client, self._stack))
        lines = [outcome.headline, *(plain(line) for line in outcome.lines)]
        return fenced("\n".join(lines), language="text", lines=200)

    def _hold(self, parsed: ParsedCommand, facts: CommentFacts) -> str:
        del facts
        return self._held("add", parsed)

    def _unhold(self, parsed: ParsedCommand, facts: CommentFacts) -> str:
        del facts
        return self._held("remove", parsed)

    def _held(self, action: str, parsed: ParsedCommand) -> str:
        """By a pull request that the gate merges."""
        from gitops_action.commands.hold import command as hold  # noqa: PLC0415 - this command alone

        inputs = self._inputs
        environ = self._context.environ
        hold.run(
            HoldInputs(
                action="add" if action == "add" else "remove",
                environment=(parsed.environment,),
                application=parsed.application,
                image=self._held_image(parsed),
                reason=parsed.reason,
                until=parsed.until.isoformat() if parsed.until else "",
                repository=inputs.repository,
                token=inputs.token,
                base=inputs.base,
                config=inputs.config,
                api_url=inputs.api_url,
                graphql_url=inputs.graphql_url,
                server_url=inputs.server_url,
            ),
            hold.HoldPorts(
                store=self._store,
                forge=self._forge,
                clock=system_clock(environ),
                job=read_job(environ).working_on(inputs.server_url),
            ),
        )
        return ""

    def _held_image(self, parsed: ParsedCommand) -> ImageReference | None:
        """The application's image at the version that is named."""
        if not parsed.version:
            return None
        own = [image for (name, _), image in self._images.items() if name == parsed.application]
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
        """By the same command; what could not be promoted is refused with its reason."""
        del facts
        from gitops_action.app.promote import build_ports  # noqa: PLC0415 - this command alone
        from gitops_action.commands.promote import command as promote  # noqa: PLC0415 - same

        asked = PromoteInputs(
            to_environment=parsed.environment,
            application=(parsed.application,) if parsed.application else (),
            yes=True,
            **self._access(),
        )
        outcome = promote.run(asked, build_ports(asked, self._context, self._stack))
        if outcome.outputs["pull-requests"] == "[]":
            said = "; ".join(plain(line) for line in outcome.lines) or outcome.headline
            raise CommentRefusal("nothing-promoted", said, f"{PREFIX} status")
        return ""

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
        outcome = rollback.run(asked, build_ports(asked, self._context))
        number = outcome.outputs["pull-request-number"]
        if not number:
            raise CommentRefusal("nothing-to-roll-back", outcome.headline, f"{PREFIX} status")
        record = self._recorded("rollback", parsed, facts, images=_replaced(outcome))
        self.conversation.reply(replace(facts, issue=int(number)), record)
        return ""

    def _merge(self, parsed: ParsedCommand, facts: CommentFacts) -> str:
        """Recorded for the gate, which runs as the last job of the same run."""
        if parsed.off:
            return self._recorded("merge-off", parsed, facts)
        newest = self._evaluated(facts, READY_CONTEXT)
        if newest is None:
            raise CommentRefusal(
                "not-evaluated", "the gate has not evaluated this change yet", f"{PREFIX} refresh"
            )
        return self._recorded("merge", parsed, facts, change=newest.digest)

    def _override(self, parsed: ParsedCommand, facts: CommentFacts) -> str:
        environment = self._environment(parsed.environment)
        gates = environment.gates
        if gates is None:
            raise CommentRefusal("no-gates", f"{environment.name} has no gates", f"{PREFIX} why")
        known = readable_teams(gates.override.teams, self._people.members)
        reason = may_override(facts.login, gates.override, known)
        if reason:
            raise CommentRefusal("no-right", f"{facts.login} may not override: {reason}")
        change = self._change(parsed, facts)
        return self._recorded("override", parsed, facts, change=change)

    def _change(self, parsed: ParsedCommand, facts: CommentFacts) -> str:
        """The whole hash that the digits select among those of this pull request."""
        newest = self._evaluated(facts, f"gitops/{parsed.environment}")
        if newest is None or not newest.digest.startswith(parsed.change):
            now = newest.digest[:SHOWN_DIGITS] if newest else "not known yet"
            raise CommentRefusal(
                "other-change", f"the change here is {now}, not {parsed.change}", f"{PREFIX} why"
            )
        return newest.digest

    def _evaluated(self, facts: CommentFacts, context: str) -> CachedHash | None:
        """The change that the gate evaluated last on the head."""
        from gitops_action.adapters.github.gate_writes import GitHubStatuses  # noqa: PLC0415 - loads requests

        viewer = self._forge.viewer().login
        head = self.conversation.head(facts.issue)
        statuses = GitHubStatuses(self._client, self._inputs.repository)
        history = statuses.history(head, context)
        cached = (cached_hash(one.url) for one in history if one.creator == viewer)
        return next((one for one in cached if one), None)

    def _recorded(
        self,
        kind: DecisionKind,
        parsed: ParsedCommand,
        facts: CommentFacts,
        *,
        change: str = "",
        images: tuple[str, ...] = (),
    ) -> str:
        gate: GateName | None = parsed.gate or None  # type: ignore[assignment]  # of the grammar's gates
        return write_decision(
            Decision(
                kind=kind,
                login=facts.login,
                person=facts.person,
                at=facts.created,
                environment=parsed.environment,
                gate=gate,
                change=change,
                images=images,
                reason=parsed.reason,
                url=facts.url,
            )
        )

    def _deploy(self, parsed: ParsedCommand, facts: CommentFacts) -> str:
        """Start the workflow that deploys, for this environment."""
        del facts
        from gitops_action.adapters.github.errors import Purpose  # noqa: PLC0415 - loads requests

        environment = self._environment(parsed.environment)
        name = environment.deploy.workflow.rpartition("/")[2]
        repository = self._inputs.repository
        path = self._client.path(repository, "actions", "workflows", name, "dispatches")
        body = {
            "ref": self._base.tip.default_branch,
            "inputs": {"environment": environment.name},
        }
        purpose = Purpose(
            operation="start a deployment",
            permission="actions: write",
            repository=repository,
            writes=True,
        )
        self._client.writing(
            lambda: self._client.rest("POST", path, body) or True, lambda: None, purpose
        )
        return ""

    def _environment(self, name: str) -> Environment:
        config: Config = self._base.config
        found = config.environment(name)
        if found is None:
            raise CommentRefusal("unknown-word", f"{name} is not configured", f"{PREFIX} status")
        return found


def _nothing(parsed: ParsedCommand, facts: CommentFacts) -> str:
    """The gate, which is the last job of the same run, evaluates everything."""
    del parsed, facts
    return ""


def _version(text: str) -> str:
    image = read_image(text)
    return text if image is None else version_of(image) or "latest"


def _replaced(outcome: Outcome) -> tuple[str, ...]:
    """The images that a rollback replaces."""
    done = outcome.data["rollbacks"] if outcome.data else []
    moves = [move for one in done for move in one["moves"]] if isinstance(done, list) else []
    return tuple(dict.fromkeys(str(move["from"]) for move in moves))
