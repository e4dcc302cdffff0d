"""What a Kubernetes object is to us: its identity, its body, and the file it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gitops_action.errors import GitOpsError, Location

Body = Mapping[str, object]
"""An object as JSON would hold it: text, numbers, booleans, None, lists and mappings."""


HOOK = "gitops-action/hook"
ARGO_HOOK = "argocd.argoproj.io/hook"
HELM_HOOK = "helm.sh/hook"
HOOKS = (HOOK, ARGO_HOOK, HELM_HOOK)
"""What makes an object a hook; the first that is there counts, as Argo CD's does before Helm's."""


@dataclass(frozen=True, kw_only=True, order=True)
class ObjectId:
    """Which object it is, whatever version of its kind it is written in.

    `group` is empty for the core API; `namespace` is empty for what has none or names none.
    """

    group: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        """For people: `Deployment web/api`, `Namespace web`."""
        place = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.kind} {place}"


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """One object as an environment describes it.

    Attributes:
        id: its identity.
        version: the API version without the group, such as `v1`.
        body: the whole object.
        origin: the file it came from, forward slashes, with a line where that is known.
        deployer: the object whose controller applies it (a Flux Kustomization, a HelmRelease, an
            Argo CD Application); None where the environment itself does.
        cluster: distinguishes clusters as far as the files do: objects with different values never
            meet. Empty for the environment's own.
    """

    id: ObjectId
    version: str
    body: Body
    origin: Location | None = None
    deployer: ObjectId | None = None
    cluster: str = ""

    @property
    def api_version(self) -> str:
        """The `apiVersion` as it is written: `apps/v1`, `v1`."""
        return f"{self.id.group}/{self.version}" if self.id.group else self.version


class SameBody:
    """A body as the key of what was found out about it.

    Two renders share the bodies of what did not change: what holds for one holds for the other.
    """

    __slots__ = ("body",)

    def __init__(self, body: Body) -> None:
        """Keep the body, so that its address stays its own."""
        self.body = body

    def __hash__(self) -> int:
        """By address: content would cost as much as what it saves."""
        return id(self.body)

    def __eq__(self, other: object) -> bool:
        """Whether it is the very same body."""
        return isinstance(other, SameBody) and self.body is other.body


# What can be wrong with a file of manifests.


class ManifestError(GitOpsError):
    """A file does not hold what the Kubernetes API would take as objects."""


class NoObjectError(ManifestError):
    """A document is not an object of a cluster, though it may be a tool's own file."""
