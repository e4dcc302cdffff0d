"""One environment, before and after: everything that is wrong with it, and what differs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from gitops_action.commands.ports import Trees
from gitops_action.commands.render import EnvironmentRendering, RenderedPair
from gitops_action.commands.validate.images import ImageCheck
from gitops_action.commands.validate.ports import NotedSchemas, Workshop
from gitops_action.core.config import Environment, Validation
from gitops_action.core.dataclass import dataclass
from gitops_action.core.deploy.diff import diff_objects
from gitops_action.core.deploy.prune import PruneVerdict, prune_budget
from gitops_action.core.manifests import Manifest, read_manifests
from gitops_action.core.rendering import RemoteBaseError
from gitops_action.core.rendering.variables import template_notes
from gitops_action.core.report.deployment import deployed_how, merged_how
from gitops_action.core.report.validation import EnvironmentReport, Finding, Level
from gitops_action.core.repository import RepositoryFile, Tree
from gitops_action.core.validation.images import added_images, changed_images, images_of
from gitops_action.core.validation.immutable import immutable_changes
from gitops_action.core.validation.locate import locate_all
from gitops_action.core.validation.namespaces import (
    declared_namespaces,
    unknown_namespaces,
    without_namespace,
)
from gitops_action.core.validation.objects import ObjectProblem, check_objects
from gitops_action.errors import GitOpsError

# What the repository describes anywhere: kinds and namespaces that an environment may rest on.

_YAML = (".yaml", ".yml", ".json")
_WORTH_READING = (b"CustomResourceDefinition", b"Namespace")
_DEFINITION = "CustomResourceDefinition"


class DescribedObjects:
    """Looks through the files of a tree when it is first asked, and only then.

    Most changes need neither: their environments bring their own definitions and namespaces.
    """

    def __init__(self, trees: Trees, tree: Tree, schemas: Iterable[str]) -> None:
        """Take the tree after the merge, and the folders that hold schemas."""
        self._trees = trees
        self._tree = tree
        self._folders = tuple(f"{folder.strip('/')}/" for folder in schemas)

    @property
    def searched(self) -> bool:
        """Whether the whole repository was looked through."""
        return "_all" in self.__dict__

    @cached_property
    def schema_files(self) -> Mapping[str, RepositoryFile]:
        """The files in the folders for schemas that the configuration names."""
        found = [path for path in self._paths() if path.startswith(self._folders)]
        return self._trees.read(self._tree, found) if found else {}

    @cached_property
    def everywhere(self) -> tuple[Manifest, ...]:
        """Every definition that a file of the repository holds."""
        return definitions(self._all)

    @cached_property
    def namespaces(self) -> frozenset[str]:
        """Every namespace that a file of the repository describes."""
        return declared_namespaces(self._all)

    @cached_property
    def _all(self) -> tuple[Manifest, ...]:
        return self._read(self._paths())

    def _paths(self) -> list[str]:
        return [path for path in self._tree.files if path.lower().endswith(_YAML)]

    def _read(self, paths: list[str]) -> tuple[Manifest, ...]:
        """Objects of the files; what is wrong with a file is reported where it is deployed."""
        files = self._trees.read(self._tree, paths).values() if paths else ()
        return tuple(
            manifest
            for file in files
            if any(word in file.data for word in _WORTH_READING)
            for manifest in read_manifests(file.path, file.data).manifests
        )


def definitions(manifests: Iterable[Manifest]) -> tuple[Manifest, ...]:
    """Those that define kinds."""
    return tuple(item for item in manifests if item.id.kind == _DEFINITION)


_LINE = re.compile(r"(?<=\w):\d+(?::\d+)?\b")
"""A line, and a column, behind a file's name."""

_NOT_COMPARED = (
    "not everything renders, so what is removed, and what a deployment would delete, is not known"
)


@dataclass(frozen=True, kw_only=True)
class Evaluate:
    """What environments are judged by.

    Attributes:
        trees: reads files, to find the lines that problems are about.
        merged: the tree after the merge.
        settings: the rules of the base's configuration.
        workshop: makes what checks schemas.
        described: what the rest of the repository describes.
        images: looks images up.
        declared: whether the repository has a configuration.
    """

    trees: Trees
    merged: Tree
    settings: Validation
    workshop: Workshop
    described: DescribedObjects
    images: ImageCheck
    declared: bool = True

    def evaluate(self, pair: RenderedPair) -> EnvironmentReport:
        """Check the environment as it would be; nothing here hides another environment."""
        environment, before, after = pair.environment, pair.before, pair.after
        report = EnvironmentReport(
            name=environment.name,
            folder=environment.path,
            deployed=deployed_how(environment),
            merged_by=merged_how(environment),
            objects=len(after.manifests),
            content_hash="" if after.problems else after.hash,
            notes=after.notes,
        )
        try:
            return self._fill(report, before, after)
        except GitOpsError as error:
            findings = (*_rendering(before, after), Finding(level="error", error=error))
            return replace(report, findings=self._tolerated(findings))

    def _fill(
        self, report: EnvironmentReport, before: EnvironmentRendering, after: EnvironmentRendering
    ) -> EnvironmentReport:
        whole = not (before.problems or after.problems)
        remote = _left_to_flux(after)
        diffs = diff_objects(before.manifests, after.manifests)
        images = images_of(before.manifests), images_of(after.manifests)
        schemas = self._schemas(after.manifests)
        verdict = _deletions(after.environment, before, after) if whole else None
        return replace(
            report,
            findings=_worst_first(
                self._tolerated(
                    [
                        *_rendering(before, after),
                        *self._checks(before, after, schemas),
                        *self.images.check(added_images(*images), images[1], after.manifests),
                        *_deletion_findings(verdict, after.environment),
                    ]
                )
            ),
            changes=tuple(diff for diff in diffs if whole or diff.change != "removed"),
            images=changed_images(*images),
            deletions=verdict,
            notes=(
                *report.notes,
                *schemas.notes,
                *(f"not followed: {error}" for error in remote),
                *template_notes(after.manifests),
                *(() if whole else (_NOT_COMPARED,)),
            ),
        )

    def _tolerated(self, findings: Iterable[Finding]) -> tuple[Finding, ...]:
        """What the base has as well fails no change, unless the configuration says so."""
        if self.settings.existing == "error":
            return tuple(findings)
        return tuple(replace(item, level="warning") if item.known else item for item in findings)

    def _checks(
        self, before: EnvironmentRendering, after: EnvironmentRendering, schemas: NotedSchemas
    ) -> list[Finding]:
        """What is wrong after the merge; what is wrong before already is marked as known."""
        found = self._static(after, schemas)
        if found:
            same = definitions(before.manifests) == definitions(after.manifests)
            schemas = schemas if same else self._schemas(before.manifests)
            found = _marked(found, self._static(before, schemas))
        changes = map(_problem, immutable_changes(before.manifests, after.manifests))
        return self._located([*found, *changes])

    def _located(self, findings: list[Finding]) -> list[Finding]:
        """The same, each at the line that it is about."""
        places = {item.error.location.file for item in findings if item.error.location}
        paths = sorted(places & self.merged.files.keys())
        files = self.trees.read(self.merged, paths) if paths else {}
        locate_all((item.error for item in findings), files)
        return findings

    def _static(self, rendering: EnvironmentRendering, schemas: NotedSchemas) -> list[Finding]:
        """What can be said of one side alone."""
        manifests = rendering.manifests
        return [
            *map(
                _problem,
                check_objects(manifests, rendering.environment.name, declared=self.declared),
            ),
            *map(_problem, schemas.check(manifests)),
            *self._unknown(schemas.unknown(manifests)),
            *map(_problem, self._namespaces(manifests)),
            *map(_problem, without_namespace(manifests)),
        ]

    def _schemas(self, manifests: Sequence[Manifest]) -> NotedSchemas:
        """Definitions of the environment itself count first, then all that the repository has."""
        files, own = self.described.schema_files, definitions(manifests)
        schemas = self.workshop.schemas(self.settings, own, files)
        if schemas.unknown(manifests):
            every = (*own, *self.described.everywhere)
            schemas = self.workshop.schemas(self.settings, every, files)
        return schemas

    def _unknown(self, manifests: Iterable[Manifest]) -> list[Finding]:
        """One finding a kind, at its first object."""
        policy = self.settings.unknown_kinds
        if policy == "ignore":
            return []
        level: Level = "error" if policy == "error" else "warning"
        first: dict[tuple[str, str], Manifest] = {}
        for manifest in manifests:
            first.setdefault((manifest.api_version, manifest.id.kind), manifest)
        return [
            Finding(
                level=level,
                error=GitOpsError(
                    f"no schema is known for {kind} of {version}, so it is not checked",
                    fix="add its CustomResourceDefinition to the repository (`validate.schemas`"
                    " names folders for them)",
                    location=manifest.origin,
                ),
            )
            for (version, kind), manifest in first.items()
        ]

    def _namespaces(self, manifests: Sequence[Manifest]) -> tuple[ObjectProblem, ...]:
        """The rest of the repository is looked through only where a namespace is not known."""
        found = unknown_namespaces(manifests, ())
        return unknown_namespaces(manifests, self.described.namespaces) if found else ()


def _problem(error: GitOpsError) -> Finding:
    level = error.level if isinstance(error, ObjectProblem) else "error"
    return Finding(level=level, error=error)


def _marked(found: Iterable[Finding], old: Iterable[Finding]) -> list[Finding]:
    """The findings, each `known` that is there before as well: as often as it is there before."""
    left = Counter(map(_key, old))
    marked = []
    for item in found:
        key = _key(item)
        marked.append(replace(item, known=left[key] > 0))
        left[key] -= 1
    return marked


def _key(finding: Finding) -> tuple[str, str, str]:
    """What is the same on both sides of a problem: everything but the lines it is found at."""
    error = finding.error
    file = error.location.file if error.location else ""
    return _LINE.sub("", error.title), _LINE.sub("", error.cause), file


def _rendering(before: EnvironmentRendering, after: EnvironmentRendering) -> list[Finding]:
    found = _marked(_unrendered(after), _unrendered(before))
    if before.problems and not after.problems:
        repaired = GitOpsError(
            "the base does not render, this change does: it cannot be compared in full",
            cause=str(before.problems[0]),
        )
        found.append(Finding(level="warning", error=repaired))
    return found


def _left_to_flux(rendering: EnvironmentRendering) -> list[GitOpsError]:
    """Remote bases of an environment that Flux alone deploys: it fetches them, so nothing fails."""
    engines = {target.engine for target in rendering.environment.deploy.targets}
    if engines != {"flux"}:
        return []
    return [error for error in rendering.problems if isinstance(error, RemoteBaseError)]


def _unrendered(rendering: EnvironmentRendering) -> Iterator[Finding]:
    """What keeps folders from being rendered, each mistake once however many build on it.

    What lies outside of the repository is not followed; everything else is a mistake.
    """
    noted = _left_to_flux(rendering)
    problems = [error for error in rendering.problems if error not in noted]
    for error in {str(error): error for error in problems}.values():
        level: Level = "warning" if isinstance(error, RemoteBaseError) else "error"
        yield Finding(level=level, error=error)


def _worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda item: (item.level != "error", item.known)))


def _deletions(
    environment: Environment, before: EnvironmentRendering, after: EnvironmentRendering
) -> PruneVerdict:
    engines = {target.engine for target in environment.deploy.targets}
    return prune_budget(before.manifests, after.manifests, environment.deploy.prune, engines)


def _deletion_findings(verdict: PruneVerdict | None, environment: Environment) -> list[Finding]:
    """Deleting is a person's right: a deployment asks, so that this is a warning."""
    if verdict is None or verdict.passes:
        return []
    number = len(verdict.removed)
    if verdict.emptied:
        title = f"nothing would be left of {environment.name}"
        cause = f"all of its {verdict.total} objects go"
    elif verdict.exceeded:
        title = f"a deployment of {environment.name} would delete {number} objects"
        cause = f"without being asked it deletes {verdict.allowed} of {verdict.total} at most"
    else:
        title = f"a deployment of {environment.name} would delete what holds data or other objects"
        cause = ", ".join(str(item) for item in verdict.confirm)
    fix = "look at the list; the deployment waits for `confirm-prune`"
    return [Finding(level="warning", error=GitOpsError(title, cause=cause, fix=fix))]
