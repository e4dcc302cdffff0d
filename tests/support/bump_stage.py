"""A bump on a real forge: its repository, a registry that knows some images, and one call."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from gitops_action.adapters.github import ApiContentStore, GitHubForge, GitHubSourceHistory, connect
from gitops_action.adapters.views import UserTemplates, Views
from gitops_action.commands.bump import command as bump
from gitops_action.commands.ports import ContentStore
from gitops_action.core.images import ImageReference
from gitops_action.core.images.oci import ImageFacts, ImageMissingError, RegistryError
from gitops_action.core.inputs import BumpInputs
from gitops_action.core.outcome import Job, Outcome
from testbed.forge import Forge
from tests.support.github_forge import QUICK, REPOSITORY

BOT = "gitops-bot[bot]"
WEB = "ghcr.io/acme/web"
API = "ghcr.io/acme/api"
RIGHTS = {
    "contents": "write",
    "pull_requests": "write",
    "issues": "write",
    "metadata": "read",
    "administration": "read",
}


def deployment(image: str, name: str = "web") -> str:
    """A Deployment with comments and a final newline, so that bytes matter."""
    return (
        f"# {name}\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\n"
        f"spec:\n  template:\n    spec:\n      containers:\n        - name: {name}\n"
        f"          image: {image}   # the one line\n"
    )


def digest(text: str) -> str:
    return "sha256:" + sha256(text.encode()).hexdigest()


@dataclass
class KnownImages:
    """A registry that knows tags it was told; by name also sources and failures."""

    tags: set[str] = field(default_factory=set)
    revisions: dict[str, str] = field(default_factory=dict)
    failure: RegistryError | None = None
    server: str = ""

    def describe(self, reference: ImageReference) -> ImageFacts:
        if self.failure:
            raise self.failure
        known = f"{reference.repository}:{reference.tag}"
        if known not in self.tags:
            raise ImageMissingError(f"{reference} does not exist")
        revision = self.revisions.get(known, "")
        source = f"{self.server}/acme/web" if revision else ""
        return ImageFacts(digest=digest(known), media_type="", source=source, revision=revision)


class InstantClock:
    """Now is fixed, and waiting takes no time."""

    def __init__(self) -> None:
        self.pauses: list[int] = []

    def now(self) -> datetime:
        return datetime(2026, 11, 23, 12, tzinfo=UTC)

    def pause(self, attempt: int) -> None:
        self.pauses.append(attempt)


@dataclass
class Stage:
    """Everything a test needs to bump and to look at what came of it."""

    forge: Forge
    repository: Any
    token: str
    registry: KnownImages
    clock: InstantClock = field(default_factory=InstantClock)
    source_token: str = ""

    def inputs(self, **given: Any) -> BumpInputs:
        if images := given.pop("images", None):
            given["images"] = images if isinstance(images, str) else "\n".join(images)
        return BumpInputs(token=self.token, repository=REPOSITORY, **given)

    def ports(self, inputs: BumpInputs, store: ContentStore | None = None) -> bump.BumpPorts:
        client = connect(
            inputs.token, self.forge.api_url, self.forge.graphql_url, self.clock, QUICK
        )
        source = connect(
            self.source_token or inputs.token,
            self.forge.api_url,
            self.forge.graphql_url,
            self.clock,
            QUICK,
        )
        templates = UserTemplates(
            branch=inputs.branch,
            title=inputs.pull_request_title,
            body=inputs.pull_request_body,
            commit_message=inputs.commit_message,
        )
        job = Job(
            in_actions=True,
            repository="acme/web",
            actor="alice",
            run_id="42",
            server_url=self.forge.server_url,
        )
        return bump.BumpPorts(
            store=store or ApiContentStore(client, REPOSITORY),
            texts=Views(templates, job),
            clock=self.clock,
            job=job,
            forge=GitHubForge(client, REPOSITORY),
            registry=self.registry,
            history=GitHubSourceHistory(source),
        )

    def bump(self, *images: str, **given: Any) -> Outcome:
        """Bump to these images; keywords are inputs."""
        inputs = self.inputs(images=images, **given)
        return bump.run(inputs, self.ports(inputs))

    def web(self, version: str, **given: Any) -> Mapping[str, Any]:
        """Bump web, and give the first pull request of the outcome."""
        found = pull_requests(self.bump(f"{WEB}:{version}", **given))
        return found[0] if found else {}

    def image_line(self, ref: str, path: str = "applications/web/deployment.yaml") -> str:
        text = self.repository.read(ref, path).decode()
        return next(line.strip() for line in text.splitlines() if "image:" in line)

    def as_token(self, **changes: Any) -> Stage:
        """The same stage with another token."""
        given: dict[str, Any] = {"kind": "app", "login": BOT, "repositories": [REPOSITORY]}
        return replace(self, token=self.forge.token(**{**given, **changes}))


def pull_requests(outcome: Outcome) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(outcome.outputs["pull-requests"])
    return found


def pinned(image: str) -> str:
    """An image as it is written when it is pinned."""
    return f"{image}@{digest(image)}"


CLASSIC: Mapping[str, str] = {
    "README.md": "# environment\n",
    "applications/web/deployment.yaml": deployment(f"{WEB}:v1.0.0"),
    "applications/api/deployment.yaml": deployment(f"{API}:v1.0.0", "api"),
}


@contextlib.contextmanager
def bump_stage(root: Path, files: Mapping[str, str | bytes] = CLASSIC) -> Iterator[Stage]:
    """A forge with a private environment repository and an App's token for it.

    At the end GitHub's descriptions must not have been broken by anybody.
    """
    with Forge.start(root) as forge:
        repository = forge.create_repository(REPOSITORY, files=files)
        token = forge.token(kind="app", login=BOT, repositories=[REPOSITORY], permissions=RIGHTS)
        tags = {f"{name}:v{n}.{m}.0" for name in (WEB, API) for n in (1, 2) for m in range(10)}
        registry = KnownImages(tags=tags, server=forge.server_url)
        yield Stage(forge=forge, repository=repository, token=token, registry=registry)
        forge.assert_clean()
