"""A validation without Git, kustomize or network: files in memory, objects as they are written."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from gitops_action.adapters.views import ValidationViews
from gitops_action.commands.validate import command as validate
from gitops_action.core.config import Validation
from gitops_action.core.images import ImageReference
from gitops_action.core.images.oci import ImageFacts, ImageMissingError, RegistryUnreachableError
from gitops_action.core.inputs import ValidateInputs
from gitops_action.core.manifests import Manifest, read_manifests
from gitops_action.core.outcome import Job, Outcome
from gitops_action.core.rendering import Rendering
from gitops_action.core.rendering.deployers import BuildSettings
from gitops_action.core.repository import RepositoryFile, Sides, Tree, TreeFile, blob_id
from gitops_action.core.trailers import ProposalTrailers
from gitops_action.errors import ConflictError, GitOpsError, Location

HEAD, BASE = "a" * 40, "b" * 40
CONFIG = """version: 1
environments:
  staging:
    path: environments/staging
  production:
    path: environments/production
    after: [staging]
"""
KNOWN_KINDS = frozenset({"ConfigMap", "Deployment", "Namespace", "Secret", "Service"})


def deployment(image: str, name: str = "web", namespace: str = "web") -> str:
    return (
        f"apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\n"
        f"  namespace: {namespace}\nspec:\n  selector:\n    matchLabels: {{app: {name}}}\n"
        f"  template:\n    metadata:\n      labels: {{app: {name}}}\n    spec:\n"
        f"      containers:\n        - name: {name}\n          image: {image}\n"
    )


def namespace(name: str = "web") -> str:
    return f"apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {name}\n"


def settings(name: str, value: str = "1", where: str = "web") -> str:
    return (
        f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n  namespace: {where}\n"
        f'data:\n  key: "{value}"\n'
    )


FILES: Mapping[str, str] = {
    ".github/gitops.yaml": CONFIG,
    "README.md": "# environment\n",
    "environments/staging/namespace.yaml": namespace(),
    "environments/staging/web.yaml": deployment("ghcr.io/acme/web:v1"),
    "environments/production/namespace.yaml": namespace(),
    "environments/production/web.yaml": deployment("ghcr.io/acme/web:v1"),
}


class MemoryTrees:
    """Trees whose files are given as text."""

    def __init__(self, base: Mapping[str, str], merged: Mapping[str, str]) -> None:
        self._contents = {"base": dict(base), "": dict(merged)}
        self.conflict: ConflictError | None = None
        self.looked_at: list[str] = []

    def sides(self) -> Sides:
        if self.conflict:
            raise self.conflict
        base, merged = self._tree("base"), self._tree("")
        return Sides(base=base, merged=merged, branch="main", head=HEAD)

    def read(self, tree: Tree, paths: Iterable[str]) -> Mapping[str, RepositoryFile]:
        content = self._contents["base" if tree.commit else ""]
        requested = list(paths)
        self.looked_at += requested
        return {
            path: RepositoryFile(path=path, data=content[path].encode())
            for path in requested
            if path in content
        }

    def _tree(self, side: str) -> Tree:
        files = {
            path: TreeFile(mode="100644", blob=blob_id(text.encode()))
            for path, text in self._contents[side].items()
        }
        return Tree(commit=BASE if side else "", files=files)


class PlainRenderer:
    """Every YAML file below the folder, as it is."""

    def __init__(self) -> None:
        self.rendered: list[str] = []

    def render(
        self, folder: str, files: Mapping[str, RepositoryFile], _settings: BuildSettings
    ) -> Rendering:
        self.rendered.append(folder)
        inside = [
            file
            for path, file in sorted(files.items())
            if path.startswith(f"{folder}/" if folder else "") and path.endswith(".yaml")
        ]
        parsed = [read_manifests(file.path, file.data) for file in inside]
        return Rendering(
            manifests=tuple(item for part in parsed for item in part.manifests),
            problems=tuple(item for part in parsed for item in part.problems),
        )


@dataclass
class FewSchemas:
    """Knows a few kinds and those that are defined; refuses a field named `wrong`."""

    known: frozenset[str]
    notes: tuple[str, ...] = ()

    def check(self, manifests: Sequence[Manifest]) -> tuple[GitOpsError, ...]:
        return tuple(
            GitOpsError(f"{item.id}: wrong is not known", location=item.origin)
            for item in manifests
            if "wrong" in item.body
        )

    def unknown(self, manifests: Sequence[Manifest]) -> tuple[Manifest, ...]:
        return tuple(item for item in manifests if item.id.kind not in self.known)


@dataclass
class FewImages:
    """A registry that lacks some images, cannot be reached for others."""

    missing: set[str] = field(default_factory=set)
    unreachable: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    def describe(self, reference: ImageReference) -> ImageFacts:
        self.asked.append(str(reference))
        if str(reference) in self.missing:
            raise ImageMissingError(f"{reference} does not exist")
        if str(reference) in self.unreachable:
            raise RegistryUnreachableError(f"{reference.domain} cannot be reached")
        return ImageFacts(digest="sha256:" + "1" * 64, media_type="")


@dataclass
class FakeWorkshop:
    """Hands the fakes out and notes what they were made with."""

    tool: PlainRenderer = field(default_factory=PlainRenderer)
    images: FewImages = field(default_factory=FewImages)
    domains: frozenset[str] = frozenset()

    def renderer(self, _settings: Validation) -> PlainRenderer:
        return self.tool

    def schemas(
        self,
        _settings: Validation,
        definitions: Sequence[Manifest],
        files: Mapping[str, RepositoryFile],
    ) -> FewSchemas:
        parsed = [read_manifests(path, file.data).manifests for path, file in files.items()]
        every = (*definitions, *(item for part in parsed for item in part))
        kinds = {_kind(item) for item in every}
        return FewSchemas(known=KNOWN_KINDS | kinds | {"CustomResourceDefinition"})

    def registry(self, domains: frozenset[str]) -> FewImages:
        self.domains = domains
        return self.images


def _kind(definition: Manifest) -> str:
    spec: Any = definition.body["spec"]
    return str(spec["names"]["kind"])


@dataclass
class OnePullRequest:
    """A pull request; `later` is what it is when it is looked at again."""

    now: ProposalTrailers
    later: ProposalTrailers | None = None
    failure: GitOpsError | None = None
    reads: int = 0

    def current(self) -> ProposalTrailers:
        if self.failure:
            raise self.failure
        self.reads += 1
        return self.later if self.later and self.reads > 1 else self.now


@dataclass
class OneComment:
    """Keeps the comment that is there; a failure leaves it as it is."""

    body: str = ""
    failure: GitOpsError | None = None

    def comment(self, _number: int, *, body: str, marker: str) -> None:
        if self.failure:
            raise self.failure
        assert marker == "validate"
        self.body = body


@dataclass
class ValidateStage:
    """A repository, a change of it, and everything around a validation."""

    changes: Mapping[str, str | None]
    base: Mapping[str, str] = field(default_factory=lambda: FILES)
    pull: OnePullRequest = field(
        default_factory=lambda: OnePullRequest(
            now=ProposalTrailers(number=7, head=HEAD, base="main")
        )
    )
    comments: OneComment = field(default_factory=OneComment)
    workshop: FakeWorkshop = field(default_factory=FakeWorkshop)
    written: list[str] = field(default_factory=list)
    inputs: ValidateInputs = field(
        default_factory=lambda: ValidateInputs(repository="acme/environment", token="t")
    )
    conflict: ConflictError | None = None

    def run(self, **given: Any) -> Outcome:
        merged = {**self.base, **self.changes}
        files = {path: text for path, text in merged.items() if text is not None}
        self.trees = MemoryTrees(self.base, files)
        self.trees.conflict = self.conflict
        ports = validate.ValidatePorts(
            trees=self.trees,
            proposals=self.pull,
            workshop=self.workshop,
            texts=ValidationViews(),
            job=Job(repository="acme/environment", run_id="5"),
            comments=self.comments,
            write_file=self.written.append,
        )
        return validate.run(replace(self.inputs, **given), ports)

    def declare(self, body: str) -> None:
        self.pull.now = replace(self.pull.now, body=body)


def errors(outcome: Outcome) -> list[str]:
    return [notice.text for notice in outcome.notices if notice.level == "error"]


def warnings(outcome: Outcome) -> list[str]:
    return [notice.text for notice in outcome.notices if notice.level == "warning"]


def touched(outcome: Outcome) -> list[str]:
    found: list[str] = json.loads(outcome.outputs["environments"])
    return found


def place(outcome: Outcome, text: str) -> Location | None:
    return next(item.location for item in outcome.notices if text in item.text)
