"""Whether a source of Flux reads the environment repository, and its base branch."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from urllib.parse import urlsplit

from gitops_action.core.dataclass import dataclass
from gitops_action.core.flux.status import GROUP, id_of, inventory_of, is_elsewhere
from gitops_action.core.manifests.fields import text
from gitops_action.core.manifests.model import Body, Manifest, ObjectId
from gitops_action.core.pattern import pattern

_SCP = pattern(r"(?:[^@/]+@)?(?P<host>[^:/]+):(?P<path>(?!//).+)")
"""What Git takes besides URLs (git-clone, "GIT URLS"): `git@github.com:acme/environment`."""
_FLUX_BRANCH = "master"
"""The branch of a GitRepository that names no reference (Flux, GitRepository API)."""


@dataclass(frozen=True, kw_only=True)
class Follows:
    """What a source reads, compared with what is deployed.

    Attributes:
        problem: why it will never hold the commit; empty where it may.
        fix: what to do about it.
        note: what a person should know although it may.
    """

    problem: str = ""
    fix: str = ""
    note: str = ""


def follows(source: Body, *, server_url: str, repository: str, branch: str) -> Follows:
    """Compare a source's spec with the repository and its branch.

    Only a GitRepository is held against the repository's address: an OCIRepository holds an
    artifact that someone built, whose own metadata names the commit.

    Args:
        source: the object.
        server_url: such as `https://github.com`.
        repository: OWNER/NAME.
        branch: the base branch; empty where it is not known.
    """
    if text(source, "kind") != "GitRepository":
        return Follows()
    url = text(source, "spec", "url")
    host, path = place_of(url)
    if path.casefold() != repository.casefold():
        return Follows(
            problem=f"it reads {_harmless(url)}, not {repository}",
            fix="name the Kustomizations of this repository in `deploy.kustomizations`",
        )
    wrong = _reference(source, branch)
    if wrong:
        return Follows(problem=wrong, fix=f"set `spec.ref.branch: {branch}`")
    return Follows(note=_mirror(host, server_url))


def _reference(source: Body, branch: str) -> str:
    """Why the reference does not follow the branch; a tag or commit may still hold the commit."""
    read = {key: text(source, "spec", "ref", key) for key in ("commit", "name", "semver", "tag")}
    if not branch or read["commit"] or read["semver"] or read["tag"]:
        return ""
    name = read["name"] or "refs/heads/" + (text(source, "spec", "ref", "branch") or _FLUX_BRANCH)
    if name == f"refs/heads/{branch}" or not name.startswith("refs/heads/"):
        return ""
    return f"it follows the branch `{name.removeprefix('refs/heads/')}`, not `{branch}`"


def _mirror(host: str, server_url: str) -> str:
    expected = (urlsplit(server_url).hostname or "").casefold()
    if host in {expected, f"ssh.{expected}"}:
        return ""
    return f"it reads from {host}, not from {expected}: a mirror may be behind"


def place_of(url: str) -> tuple[str, str]:
    """Host and OWNER/NAME of an address."""
    scp = None if "://" in url else _SCP.fullmatch(url)
    if scp:
        host, path = scp["host"], scp["path"]
    else:
        parts = urlsplit(url)
        host, path = parts.hostname or "", parts.path
    return host.casefold(), path.strip("/").removesuffix(".git")


def _harmless(url: str) -> str:
    """The address without what someone may have written into it as a password."""
    start, _, rest = url.rpartition("@")
    scheme = start.partition("://")[0] + "://" if "://" in start else ""
    return f"{scheme}{rest}" if start else url


# Charts from Git that Flux does not release again although they changed.

_GROUPS = {"HelmRelease": "helm.toolkit.fluxcd.io", "HelmChart": "source.toolkit.fluxcd.io"}
_SPECS = {"HelmRelease": ("spec", "chart", "spec"), "HelmChart": ("spec",)}
_DEFAULT = "ChartVersion"
"""HelmChart API: a chart is packaged again only when its version changes."""


def stale_charts(manifests: Iterable[Manifest]) -> tuple[str, ...]:
    """A note for each chart that is read from Git by its version alone."""
    return tuple(
        f"{manifest.id} reads its chart from a GitRepository with `reconcileStrategy:"
        " ChartVersion`: a commit that changes the chart's files but not the version in its"
        " Chart.yaml is not released. Set `reconcileStrategy: Revision`"
        for manifest in manifests
        if _by_version(manifest)
    )


def _by_version(manifest: Manifest) -> bool:
    kind = manifest.id.kind
    if _GROUPS.get(kind) != manifest.id.group:
        return False
    spec = _SPECS[kind]
    strategy = text(manifest.body, *spec, "reconcileStrategy") or _DEFAULT
    return text(manifest.body, *spec, "sourceRef", "kind") == "GitRepository" and (
        strategy == _DEFAULT
    )


# What a wait for a Kustomization does not prove, named so that nobody takes it for proved.


def beyond(kustomization: Body, awaited: Collection[ObjectId]) -> tuple[str, ...]:
    """Notes about other Kustomizations that it applies, and about another cluster.

    Args:
        kustomization: one that is waited for.
        awaited: all that are.
    """
    name = id_of(kustomization)
    notes = [
        f"{name} applies {one}, of which only the readiness is seen, not the commit: name it in"
        " `deploy.kustomizations` to wait for it"
        for one, _ in inventory_of(kustomization)
        if one.group == GROUP and one not in awaited
    ]
    if is_elsewhere(kustomization):
        notes.append(f"{name} applies to another cluster: health there is Flux's word")
    return tuple(notes)
