"""Which folders controllers build on behalf of an environment's objects, in this repository."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field

from gitops_action.core.dataclass import dataclass
from gitops_action.core.flux.source_match import follows, place_of
from gitops_action.core.manifests import Manifest, ObjectId, read_manifests
from gitops_action.core.rendering import deployers
from gitops_action.core.rendering.graph import RenderError
from gitops_action.core.rendering.layout import RepositoryLayout, folder_of
from gitops_action.core.rendering.roots import is_inside
from gitops_action.core.repository import RepositoryFile

_SOURCE_BYTES = b"source.toolkit.fluxcd.io"
_TIPS = frozenset({"", "HEAD"})


@dataclass(frozen=True, kw_only=True)
class FollowedFolders:
    """What the deployers among some objects lead to."""

    builds: tuple[deployers.FolderBuild, ...] = ()
    left_out: tuple[deployers.NotFollowed, ...] = ()
    problems: tuple[RenderError, ...] = ()


@dataclass(kw_only=True)
class Follower:
    """Decides whether a deployer's source is this repository, and its folder there.

    A source is this repository where its address says so, and where a Kustomization that reads it
    lies in the very folder that it builds, as `flux bootstrap` writes it (a fork keeps the address
    of its parent). A source that no file describes is taken for this repository when it has the
    folder.

    Attributes:
        layout: the files of the repository by name.
        repository: OWNER/NAME; empty where it is not known.
        branch: the base branch; empty where it is not known.
    """

    layout: RepositoryLayout
    repository: str = ""
    branch: str = ""
    _sources: dict[ObjectId, Manifest] = field(default_factory=dict)
    _own: set[ObjectId] = field(default_factory=set)

    def learn(self, manifests: Iterable[Manifest]) -> None:
        """Note the sources among the objects, and those that bootstrap reads."""
        for manifest in manifests:
            if manifest.id.kind == "GitRepository":
                self._sources.setdefault(manifest.id, manifest)
            for build in deployers.builds_of(manifest.id, manifest.body):
                if (
                    isinstance(build, deployers.FolderBuild)
                    and build.source
                    and holds(build.path, manifest)
                ):
                    self._own.add(build.source)

    def described(self, namespace: str, name: str) -> ObjectId | None:
        """The GitRepository that a `sourceRef` in a file means.

        A kustomization may set the namespaces of either: then the name alone has to do.
        """
        same = [one for one in self._sources if one.name == name]
        exact = [one for one in same if one.namespace == namespace]
        return next(iter(exact or [one for one in same if not (one.namespace and namespace)]), None)

    def follow(self, manifests: Iterable[Manifest]) -> FollowedFolders:
        """The folders that deployers among the objects build; one that builds itself is left out.

        `learn` has to know the sources before.
        """
        builds: dict[deployers.FolderBuild, None] = {}
        left_out: list[deployers.NotFollowed] = []
        problems: list[RenderError] = []
        for manifest in manifests:
            for build in deployers.builds_of(manifest.id, manifest.body):
                if isinstance(build, deployers.NotFollowed):
                    left_out.append(build)
                elif holds(build.path, manifest) or self._is_chart(build):
                    continue
                elif reason := self._elsewhere(build):
                    left_out.append(deployers.NotFollowed(deployer=manifest.id, reason=reason))
                elif not self.layout.is_folder(build.path):
                    problems.append(_no_folder(build, manifest))
                else:
                    builds.setdefault(build)
        return FollowedFolders(
            builds=tuple(builds), left_out=tuple(left_out), problems=tuple(problems)
        )

    def _is_chart(self, build: deployers.FolderBuild) -> bool:
        """Whether Argo CD would render it with Helm: the release is rendered as such."""
        chart = f"{build.path}/Chart.yaml" if build.path else "Chart.yaml"
        return build.source is None and self.layout.is_file(chart)

    def _elsewhere(self, build: deployers.FolderBuild) -> str:
        """Why its content is not in this repository, or not at this commit; empty where it is."""
        reason = (
            self.reads_elsewhere(build.source)
            if build.source
            else url_elsewhere(build.url, build.revision, self.repository, self.branch)
        )
        if reason or self.layout.is_folder(build.path) or self._is_known(build):
            return reason
        return f"there is no folder `{build.path}` in this repository"

    def _is_known(self, build: deployers.FolderBuild) -> bool:
        """Whether its source certainly is this repository."""
        if build.source is None:
            return bool(self.repository and build.url)
        found = self._sources.get(build.source)
        if build.source in self._own or (found and self._same_as_own(found)):
            return True
        named = place_of(_url(found))[1] if found else ""
        return bool(named) and named.casefold() == self.repository.casefold()

    def reads_elsewhere(self, source: ObjectId) -> str:
        """Why a source of Flux is not this repository at this commit; empty where it may be."""
        found = self._sources.get(source)
        if found is None:
            return ""
        repository = self.repository
        if source in self._own or self._same_as_own(found):
            repository = place_of(_url(found))[1]
        if not repository:
            return ""
        seen = follows(found.body, server_url="", repository=repository, branch=self.branch)
        return f"{found.id}: {seen.problem}" if seen.problem else _pinned(found)

    def _same_as_own(self, source: Manifest) -> bool:
        own = (self._sources.get(identity) for identity in self._own)
        return any(one and place_of(_url(one)) == place_of(_url(source)) for one in own)


def url_elsewhere(url: str, revision: str, repository: str, branch: str) -> str:
    """Why a source of Argo CD is not this repository at this commit; empty where it may be."""
    named = place_of(url)[1] if url else ""
    if repository and named and named.casefold() != repository.casefold():
        return f"it reads {named}, not {repository}"
    revision = revision.removeprefix("refs/heads/")
    if branch and revision not in {*_TIPS, branch}:
        return f"it reads the revision `{revision}`, not `{branch}`"
    return ""


def holds(folder: str, manifest: Manifest) -> bool:
    """Whether the object's own file lies in the folder that it makes a controller build."""
    file = manifest.origin.file if manifest.origin else ""
    return bool(file) and is_inside(folder_of(file), (folder,))


def deployers_in(files: Mapping[str, RepositoryFile]) -> tuple[Manifest, ...]:
    """Deployers and sources as the files write them, before any kustomization changes them."""
    return tuple(_deployers(files.values()))


def left_out_notes(left_out: Sequence[deployers.NotFollowed]) -> Iterator[str]:
    """A note for each reason, with the objects that it holds for."""
    by_reason: dict[str, list[str]] = {}
    for item in left_out:
        by_reason.setdefault(item.reason, []).append(str(item.deployer))
    for reason, named in by_reason.items():
        names = list(dict.fromkeys(named))
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        yield f"not followed: {', '.join(names[:_SHOWN])}{more}: {reason}"


_SHOWN = 5


def _no_folder(build: deployers.FolderBuild, manifest: Manifest) -> RenderError:
    return RenderError(
        f"{manifest.id} builds `{build.path}`, which is not in the repository",
        fix="correct its path, or add the folder",
        location=manifest.origin,
    )


def _deployers(files: Iterable[RepositoryFile]) -> Iterator[Manifest]:
    for file in files:
        if any(mark in file.data for mark in (*deployers.DEPLOYER_BYTES, _SOURCE_BYTES)):
            for manifest in read_manifests(file.path, file.data).manifests:
                if manifest.id.kind in _KINDS:
                    yield manifest


_KINDS = frozenset({"Kustomization", "Application", "ApplicationSet", "GitRepository"})


def _url(source: Manifest) -> str:
    spec = source.body.get("spec")
    url = spec.get("url") if isinstance(spec, Mapping) else ""
    return url if isinstance(url, str) else ""


def _pinned(source: Manifest) -> str:
    """Why a source shows another commit than the branch's tip; empty where it follows a branch."""
    spec = source.body.get("spec")
    reference = spec.get("ref") if isinstance(spec, Mapping) else None
    for key in ("commit", "semver", "tag"):
        if isinstance(reference, Mapping) and reference.get(key):
            return f"{source.id} reads the {key} `{reference[key]}`, not a branch's tip"
    return ""
