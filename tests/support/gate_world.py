"""A repository and its pull requests in memory, behind the ports of the gate.

Rendering reads plain manifests, so that thousands of runs take seconds. Everything else is the
command itself.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from gitops_action.commands.gate import command as gate
from gitops_action.commands.gate.ports import GatePorts
from gitops_action.core.config import Environment, Validation
from gitops_action.core.config.resolved import ACTIONS_ISSUER, HttpGate
from gitops_action.core.deploy.result import Result
from gitops_action.core.deployments.proof import EvaluatedRecord
from gitops_action.core.deployments.records import CommitStatus
from gitops_action.core.gates.approvals import Review, ReviewState
from gitops_action.core.gates.base_history import BaseMerge, NoActivityError
from gitops_action.core.gates.checks import CheckFacts, CheckReport
from gitops_action.core.gates.decisions import Decision
from gitops_action.core.gates.http import HttpAnswer
from gitops_action.core.gates.open_pull_request import (
    GateComment,
    HeadStatus,
    MergeAnswer,
    OpenPullRequest,
    OpenPullRequests,
    Push,
)
from gitops_action.core.gates.provenance import Attestation, ImageAttestations
from gitops_action.core.images import ImageReference
from gitops_action.core.images.oci import ImageFacts
from gitops_action.core.inputs.gate import GateInputs
from gitops_action.core.manifests import read_manifests
from gitops_action.core.outcome import Job, Outcome
from gitops_action.core.pull_requests import ABSENT, Identity, MergeMethod
from gitops_action.core.rendering import Rendering
from gitops_action.core.report.gate import GateReport
from gitops_action.core.repository import (
    MergeConflictError,
    RepositoryFile,
    Sides,
    Tree,
    TreeFile,
    blob_id,
)
from gitops_action.errors import GitOpsError

REPOSITORY = "acme/environment"
FORK = "mallory/environment"
APP = "gitops-gate[bot]"
BUMPER = "gitops-bot[bot]"
WEB_FILE = "environments/{}/web.yaml"
START = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)


def manifest(version: str, *, replicas: int = 1) -> str:
    """A Deployment of web, whose digest follows from the version."""
    return (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n"
        f"  replicas: {replicas}\n  template:\n    spec:\n      containers:\n"
        f"        - name: web\n          image: {image(version)}\n"
    )


def image(version: str) -> str:
    """A pinned image of web."""
    return f"ghcr.io/acme/web:{version}@sha256:{hashlib.sha256(version.encode()).hexdigest()}"


def config(production: str = "merge: auto", staging: str = "merge: auto") -> str:
    """A configuration of two environments; the texts are lines of their mappings."""

    def lines(text: str) -> str:
        return "".join(f"    {line}\n" for line in text.splitlines())

    return (
        "version: 1\napplications:\n  web: {images: [ghcr.io/acme/web]}\nenvironments:\n"
        f"  staging:\n    path: environments/staging\n{lines(staging)}"
        f"  production:\n    path: environments/production\n{lines(production)}"
    )


@dataclass(frozen=True, kw_only=True)
class FakeCommit:
    files: Mapping[str, str]
    parents: tuple[str, ...]
    message: str


@dataclass(kw_only=True)
class FakePull:
    number: int
    branch: str
    author: str
    body: str = ""
    fork: bool = False
    draft: bool = False
    state: str = "open"
    reviews: list[Review] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    comment: GateComment | None = None


UNTRUSTED = Attestation(problem="its certificate is of no authority in the trusted root")


@dataclass
class KnownAttestations:
    """The port `Attestations`: signed by the authority of one trusted root.

    `root` is the root's content; None: sigstore's public one.
    """

    server: str = "https://github.com"
    root: bytes | None = None
    signed: list[Attestation] = field(default_factory=list)

    def add(
        self,
        about: str,
        *,
        workflow: str,
        ref: str = "refs/tags/v2",
        issuer: str = ACTIONS_ISSUER,
    ) -> None:
        """Let a workflow of acme/web attest that it built an image."""
        self.signed.append(
            Attestation(
                issuer=issuer,
                identity=f"{self.server}/{workflow}@{ref}",
                source=f"{self.server}/acme/web",
                predicate="https://slsa.dev/provenance/v1",
                digests=frozenset({about.partition("@")[2]}),
            )
        )

    def of(self, image: ImageReference, *, roots: bytes | None, **_given: Any) -> ImageAttestations:
        found = tuple(one for one in self.signed if image.digest in one.digests)
        if roots != self.root:
            found = tuple(UNTRUSTED for _one in found)
        return ImageAttestations(found=found)


@dataclass
class World:
    """Everything there is, and the ports on it."""

    files: Mapping[str, str] = field(default_factory=dict)
    now: datetime = START
    viewer: str = APP
    commits: dict[str, FakeCommit] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    pushes: dict[str, list[Push]] = field(default_factory=dict)
    pulls: dict[int, FakePull] = field(default_factory=dict)
    statuses: dict[str, list[HeadStatus]] = field(default_factory=dict)
    checks: dict[str, list[CheckReport]] = field(default_factory=dict)
    deployments: list[EvaluatedRecord] = field(default_factory=list)
    writers: set[str] = field(default_factory=lambda: {"alice", "bob", "carol"})
    teams: dict[str, frozenset[str]] = field(default_factory=dict)
    on_merge: Callable[[int], None] = lambda _number: None
    before_merge: Callable[[int], None] = lambda _number: None
    before_read: Callable[[int], None] = lambda _number: None
    broken: set[str] = field(default_factory=set)
    requests: list[str] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)
    replanned: list[tuple[str, ...]] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)
    authors: dict[tuple[str, str], frozenset[str] | None] = field(default_factory=dict)
    answers: dict[str, HttpAnswer] = field(default_factory=dict)
    attestations: KnownAttestations = field(default_factory=KnownAttestations)
    methods: list[MergeMethod] = field(default_factory=list)
    merged_modes: dict[str, str] = field(default_factory=dict)
    keeps_activity: bool = True
    merged: list[BaseMerge] = field(default_factory=list)
    ids: int = 0

    def __post_init__(self) -> None:
        """Start the base branch."""
        files = {
            ".github/gitops.yaml": config(),
            WEB_FILE.format("staging"): manifest("v1"),
            WEB_FILE.format("production"): manifest("v1"),
            **self.files,
        }
        self.push("main", self.commit(files, (), "Start"), by="alice")

    # What people do.

    def tick(self, **span: float) -> None:
        """Let time pass."""
        self.now += timedelta(**span) if span else timedelta(seconds=1)

    def commit(self, files: Mapping[str, str], parents: tuple[str, ...], message: str) -> str:
        self.ids += 1
        oid = hashlib.sha1(f"{self.ids}".encode(), usedforsecurity=False).hexdigest()
        self.commits[oid] = FakeCommit(files=dict(files), parents=parents, message=message)
        return oid

    def push(self, branch: str, oid: str, *, by: str) -> None:
        self.tick()
        before = self.branches.get(branch, ABSENT)
        self.branches[branch] = oid
        push = Push(before=before, after=oid, at=self.now, actor=by)
        self.pushes.setdefault(branch, []).insert(0, push)

    def change(
        self,
        files: Mapping[str, str | None],
        *,
        branch: str = "main",
        by: str = "alice",
        message: str = "Change",
    ) -> str:
        """Commit to a branch; a new one starts at main."""
        tip = self.branches.get(branch) or self.branches["main"]
        merged: dict[str, str] = {
            path: text
            for path, text in {**self.commits[tip].files, **files}.items()
            if text is not None
        }
        oid = self.commit(merged, (tip,), message)
        self.push(branch, oid, by=by)
        return oid

    def open(self, branch: str, *, by: str, body: str = "", fork: bool = False) -> int:
        self.tick()
        number = len(self.pulls) + 1
        self.pulls[number] = FakePull(number=number, branch=branch, author=by, body=body, fork=fork)
        return number

    def bump(
        self, version: str, *, environment: str = "production", by: str = BUMPER, branch: str = ""
    ) -> int:
        """Open a pull request as `bump` does."""
        branch = branch or f"gitops/{environment}/web-{version}"
        trailers = f"GitOps-Environment: {environment}\nGitOps-Image: {image(version)}"
        self.change(
            {WEB_FILE.format(environment): manifest(version)},
            branch=branch,
            by=by,
            message=f"Bump\n\n{trailers}",
        )
        return self.open(branch, by=by, body=f"Bump\n\n{trailers}")

    def revise(self, number: int, version: str, *, by: str) -> None:
        """Let a person propose another version in a bump's pull request, text included."""
        pull = self.pulls[number]
        pull.body = f"Bump\n\nGitOps-Environment: production\nGitOps-Image: {image(version)}"
        files = {WEB_FILE.format("production"): manifest(version)}
        self.change(files, branch=pull.branch, by=by, message=pull.body)

    def update(self, number: int, *, by: str = "alice") -> None:
        """Merge the base into the head, as the button does; nothing where they conflict."""
        branch = self.pulls[number].branch
        head, base = self.branches[branch], self.branches["main"]
        try:
            merged = self.merge_files(base, head)
        except MergeConflictError:
            return
        self.push(branch, self.commit(merged, (head, base), "Merge main"), by=by)

    def review(self, number: int, *, by: str, state: ReviewState = "approved") -> Review:
        self.tick()
        self.ids += 1
        review = Review(
            number=self.ids, login=by, state=state, commit=self.head(number), submitted=self.now
        )
        self.pulls[number].reviews.append(review)
        return review

    def dismiss(self, number: int, review: Review) -> None:
        reviews = self.pulls[number].reviews
        reviews[reviews.index(review)] = replace(review, state="dismissed")

    def deploy(
        self, environment: str, *, result: Result = Result.SUCCEEDED, proved: bool = True
    ) -> None:
        """Deploy what the base describes now."""
        self.tick()
        self.ids += 1
        self.deployments.insert(
            0,
            EvaluatedRecord(
                number=self.ids,
                environment=environment,
                commit=self.branches["main"],
                targets={"default": result},
                result=result,
                started=self.now,
                ended=self.now,
                unproved="" if proved else "its run is gone",
            ),
        )

    def status(self, number: int, context: str, state: Any, *, by: str, url: str = "") -> None:
        made = HeadStatus(context=context, state=state, creator=by, url=url, created=self.now)
        self.statuses.setdefault(self.head(number), []).append(made)

    def check(self, number: int, name: str, conclusion: str) -> None:
        """Let a CI App report on the head; an empty conclusion runs still."""
        self.ids += 1
        report = CheckReport(name=name, conclusion=conclusion, app=1, number=self.ids)
        self.checks.setdefault(self.head(number), []).append(report)

    def head(self, number: int) -> str:
        return self.branches[self.pulls[number].branch]

    def described(self, environment: str, commit: str = "") -> str:
        """The text that describes web in an environment."""
        tip = commit or self.branches["main"]
        return self.commits[tip].files.get(WEB_FILE.format(environment), "")

    # What Git does.

    def ancestors(self, oid: str) -> set[str]:
        found, due = set(), [oid]
        while due:
            here = due.pop()
            if here not in found:
                found.add(here)
                due += self.commits[here].parents
        return found

    def merge_files(self, base: str, head: str) -> Mapping[str, str]:
        """A merge of whole files; both sides changed the same one: a conflict."""
        common = self.ancestors(base) & self.ancestors(head)
        newest = [
            one
            for one in common
            if not any(one in self.ancestors(other) for other in common if other != one)
        ]
        fork = self.commits[newest[0]].files if newest else {}
        ours, theirs = self.commits[base].files, self.commits[head].files
        merged: dict[str, str] = {}
        conflicts = []
        for path in {*ours, *theirs, *fork}:
            before, mine, other = fork.get(path), ours.get(path), theirs.get(path)
            if other in (before, mine):
                chosen = mine
            elif mine == before:
                chosen = other
            else:
                conflicts.append(path)
                continue
            if chosen is not None:
                merged[path] = chosen
        if conflicts:
            raise MergeConflictError(tuple(sorted(conflicts)), base=base, head=head)
        return merged

    # Runs of the gate.

    def gate(self, **given: Any) -> Outcome:
        """Run the gate; keywords are inputs and the event."""
        event = given.pop("event", {})
        inputs = GateInputs(repository=REPOSITORY, token="t", base="main", **given)
        return gate.run(inputs, self.ports(Job(repository=REPOSITORY, event=event)))

    def ports(self, job: Job) -> GatePorts:
        return GatePorts(
            repository=REPOSITORY,
            pull_requests=_Pulls(self),
            trees=FakeTrees(self),
            workshop=_Workshop(self),
            activity=_Activity(self),
            people=_People(self),
            checks=_Checks(self),
            records=_Records(self),
            statuses=_Statuses(self),
            comments=_Comments(self),
            merges=_Merges(self),
            texts=_Texts(),
            clock=_Clock(self),
            job=job,
            replan=self.replan,
            http=_Http(self),
            sources=_Sources(self),
            attestations=self.attestations,
        )

    def replan(self, *, environment: str, images: Sequence[Any]) -> str:
        """Rebuild the branch on the base, as `bump` does."""
        self.replanned.append((environment, *(str(one) for one in images)))
        return "updated"

    def ask(self, what: str) -> None:
        """Note a request; refuse what is broken."""
        self.requests.append(what)
        if what in self.broken:
            raise GitOpsError(f"{what} cannot be read")

    def newest(self, number: int) -> dict[str, HeadStatus]:
        """The newest status of each context on the head."""
        return {one.context: one for one in self.statuses.get(self.head(number), [])}

    def ready(self, number: int) -> tuple[str, str]:
        found = self.newest(number)["gitops/ready"]
        return found.state, found.description


def codes(outcome: Outcome) -> list[str]:
    """The reason codes of the output `waiting`."""
    return [str(one["reason-code"]) for one in json.loads(outcome.outputs["waiting"])]


class FakeTrees:
    """The port `GateTrees`."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._content: dict[str, str] = {}

    def _tree(self, files: Mapping[str, str], commit: str) -> Tree:
        made = {}
        for path, text in files.items():
            blob = blob_id(text.encode())
            self._content[blob] = text
            mode = "100644" if commit else self._world.merged_modes.get(path, "100644")
            made[path] = TreeFile(mode=mode, blob=blob)
        return Tree(commit=commit, files=made)

    def tip(self) -> str:
        return self._world.branches["main"]

    def fetch(self, base: str, heads: Iterable[str] = ()) -> None:
        del base, heads

    def at(self, commit: str) -> Tree:
        if commit not in self._world.commits:
            raise GitOpsError(f"there is no commit {commit[:12]}")
        return self._tree(self._world.commits[commit].files, commit)

    def prefetch(self, commits: Sequence[str], paths: Iterable[str]) -> None:
        del commits, paths

    def messages(self, *, base: str, head: str) -> tuple[str, ...]:
        only = self._world.ancestors(head) - self._world.ancestors(base)
        return tuple(self._world.commits[one].message for one in only)

    def sides(self, *, base: str, head: str) -> Sides:
        self._world.ask("sides")
        before = self.at(base)
        self.at(head)
        merged = self._tree(self._world.merge_files(base, head), "")
        return Sides(base=before, merged=merged, branch="main", head=head)

    def read(self, tree: Tree, paths: Iterable[str]) -> Mapping[str, RepositoryFile]:
        return {
            path: RepositoryFile(path=path, data=self._content[file.blob].encode(), blob=file.blob)
            for path in paths
            if (file := tree.files.get(path))
        }


class _Renderer:
    def __init__(self, world: World) -> None:
        self._world = world

    def render(
        self, folder: str, files: Mapping[str, RepositoryFile], settings: object
    ) -> Rendering:
        del settings
        read = [
            read_manifests(path, file.data)
            for path, file in sorted(files.items())
            if path.startswith(f"{folder}/")
        ]
        missing = "chart" in self._world.broken
        unrendered = (GitOpsError("the chart redis was not rendered"),) if missing else ()
        return Rendering(
            manifests=tuple(found for one in read for found in one.manifests),
            problems=tuple(problem for one in read for problem in one.problems),
            unrendered=unrendered,
        )


class _NoSchemas:
    notes: tuple[str, ...] = ()

    def check(self, manifests: Sequence[Any]) -> tuple[GitOpsError, ...]:
        del manifests
        return ()

    def unknown(self, manifests: Sequence[Any]) -> tuple[Any, ...]:
        del manifests
        return ()


class _Workshop:
    def __init__(self, world: World) -> None:
        self._world = world

    def renderer(self, settings: Validation) -> _Renderer:
        del settings
        return _Renderer(self._world)

    def schemas(self, *_given: object) -> _NoSchemas:
        return _NoSchemas()

    def registry(self, domains: frozenset[str]) -> _Images:
        del domains
        return _Images(self._world)


class _Images:
    """Images whose labels say what the world says."""

    def __init__(self, world: World) -> None:
        self._world = world

    def describe(self, reference: ImageReference) -> ImageFacts:
        commit = self._world.sources.get(str(reference), "")
        return ImageFacts(
            digest=reference.digest or "",
            media_type="application/vnd.oci.image.manifest.v1+json",
            source="https://github.com/acme/web" if commit else "",
            revision=commit,
        )


class _Sources:
    """Commits of the application's repository."""

    def __init__(self, world: World) -> None:
        self._world = world

    def authors(self, *, repository: str, base: str, head: str) -> frozenset[str] | None:
        assert repository == "acme/web"
        return self._world.authors.get((base, head))


@dataclass
class _Port:
    world: World


class _Pulls(_Port):
    def default_branch(self) -> str:
        return "main"

    def open(self, base: str, *, checks: bool = False) -> OpenPullRequests:
        del checks
        self.world.ask("pull requests")
        numbers = [one.number for one in self.world.pulls.values() if one.state == "open"]
        return OpenPullRequests(
            viewer=Identity(login=self.world.viewer, name="", email=""),
            base=base,
            pull_requests=tuple(found for one in numbers if (found := self._find(one))),
        )

    def read(self, number: int) -> OpenPullRequest | None:
        self.world.before_read(number)
        return self._find(number)

    def _find(self, number: int) -> OpenPullRequest | None:
        pull = self.world.pulls[number]
        if pull.state != "open":
            return None
        return OpenPullRequest(
            number=number,
            url=f"https://github.test/{REPOSITORY}/pull/{number}",
            head=self.world.head(number),
            branch=pull.branch,
            head_repository=FORK if pull.fork else REPOSITORY,
            fork=pull.fork,
            base="main",
            author=pull.author,
            title="Bump",
            body=pull.body,
            draft=pull.draft,
            reviews=tuple(pull.reviews),
            statuses=tuple(self.world.newest(number).values()),
            comment=pull.comment,
            decisions=tuple(pull.decisions),
        )


class _Activity(_Port):
    def pushes(
        self, repository: str, branch: str, *, enough: Callable[[Push], bool]
    ) -> tuple[Push, ...]:
        self.world.ask("activity")
        forked = {one.branch for one in self.world.pulls.values() if one.fork}
        if repository != (FORK if branch in forked else REPOSITORY):
            return ()
        if not self.world.keeps_activity:
            raise NoActivityError("this GitHub keeps no record of pushes")
        found: list[Push] = []
        for push in self.world.pushes.get(branch, []):
            found.append(push)
            if enough(push):
                break
        return tuple(found)


class _People(_Port):
    def may_write(self, login: str) -> bool | None:
        return None if "roles" in self.world.broken else login in self.world.writers

    def members(self, team: str) -> frozenset[str] | None:
        return self.world.teams.get(team)


class _Checks(_Port):
    def of(self, commit: str) -> CheckFacts:
        return CheckFacts(reports=tuple(self.world.checks.get(commit, ())))


class _Records(_Port):
    def read(
        self, environments: Sequence[Environment]
    ) -> Mapping[str, tuple[EvaluatedRecord, ...]]:
        self.world.ask("records")
        return {
            one.name: tuple(r for r in self.world.deployments if r.environment == one.name)
            for one in environments
        }


class _Statuses(_Port):
    def set(self, commit: str, status: CommitStatus) -> None:
        self.world.ask(f"write {status.context}")
        self.world.writes.append(status.context)
        made = HeadStatus(
            context=status.context,
            state=status.state,
            description=status.description,
            url=status.url,
            creator=self.world.viewer,
            created=self.world.now,
        )
        self.world.statuses.setdefault(commit, []).append(made)

    def history(self, commit: str, context: str) -> tuple[HeadStatus, ...]:
        self.world.ask("statuses")
        found = self.world.statuses.get(commit, [])
        return tuple(one for one in reversed(found) if one.context == context)


class _Comments(_Port):
    def write(self, number: int, body: str, *, known: GateComment | None) -> GateComment:
        self.world.ask("write comment")
        self.world.writes.append("comment")
        made = GateComment(
            number=known.number if known else 1000 + number,
            url=f"https://github.test/{REPOSITORY}/pull/{number}#issuecomment-{1000 + number}",
            body=body,
        )
        self.world.pulls[number].comment = made
        return made


class _Merges(_Port):
    def merge(self, number: int, *, head: str, method: MergeMethod, title: str) -> MergeAnswer:
        del title
        self.world.ask("merge")
        self.world.before_merge(number)
        pull = self.world.pulls[number]
        if pull.state == "merged":
            return MergeAnswer(kind="merged", commit=self.world.branches["main"])
        if pull.state != "open" or self.world.head(number) != head:
            return MergeAnswer(kind="moved", reason="Head branch was modified")
        self.world.on_merge(number)
        self.world.writes.append("merge")
        self.world.methods.append(method)
        self.merge_now(number)
        return MergeAnswer(kind="merged", commit=self.world.branches["main"])

    def merge_now(self, number: int) -> None:
        world = self.world
        base, head = world.branches["main"], world.head(number)
        merged = world.merge_files(base, head)
        made = world.commit(merged, (base, head), "Merge")
        world.push("main", made, by=world.viewer)
        world.merged.append(BaseMerge(commit=made, parent=base, at=world.now))
        world.pulls[number].state = "merged"

    def into(self, branch: str) -> tuple[BaseMerge, ...]:
        del branch
        return tuple(self.world.merged)

    def first_parents(self, commit: str, *, most: int) -> tuple[str, ...]:
        found: list[str] = []
        while len(found) < most and (parents := self.world.commits[commit].parents):
            commit = parents[0]
            found.append(commit)
        return tuple(found)


class _Texts:
    def comment(self, report: GateReport) -> str:
        return f"{report.verdict.text} ({report.plan})"

    def summary(self, reports: Sequence[GateReport]) -> str:
        return "\n".join(one.verdict.text for one in reports)


class _Http:
    """Addresses that answer as the world says; one that it does not know is not reached."""

    def __init__(self, world: World) -> None:
        self.world = world

    def ask(self, gates: Sequence[HttpGate]) -> dict[str, HttpAnswer]:
        self.world.ask("http")
        unreached = HttpAnswer(problem="it cannot be reached")
        return {gate.url: self.world.answers.get(gate.url, unreached) for gate in gates}


class _Clock(_Port):
    def now(self) -> datetime:
        return self.world.now

    def pause(self, attempt: int) -> None:
        del attempt
        self.world.tick()
