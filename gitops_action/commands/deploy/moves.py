"""Objects that the same commits move from one environment to another: taken over, not deleted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gitops_action.commands.deploy.selection import Renderings
from gitops_action.core.config import Environment
from gitops_action.core.dataclass import dataclass
from gitops_action.core.deploy.inventory import inventory_label
from gitops_action.core.manifests.model import Manifest, ObjectId


@dataclass(frozen=True, kw_only=True)
class EnvironmentMoves:
    """What moves to and from one environment. Fulfils the protocol `Moves`.

    Attributes:
        environment: which one.
        renderings: what the environments describe.
        repository: OWNER/NAME of the environment repository.
        server_url: where it is.
    """

    environment: Environment
    renderings: Renderings
    repository: str
    server_url: str

    def from_environment(self, label: str, item: ObjectId) -> str:
        """The environment of that inventory, where it describes the object no more.

        One that cannot be rendered as a whole gives nothing up.
        """
        for one in self._others():
            if self._label(one) == label:
                found = self.renderings.of(one)
                kept = bool(found.problems) or _has(found.manifests, item)
                return "" if kept else one.name
        return ""

    def to_environment(self, item: ObjectId) -> str:
        """The environment that describes the object since it was described here.

        One that described it then already has an object of its own, in another cluster.
        """
        recorded = self.renderings.ports.records.recorded(self.environment.name)
        since = recorded.verified.commit if recorded is not None and recorded.verified else ""
        if not since:
            return ""
        for one in self._others():
            changed = self.renderings.folder_changed(one, since)
            if changed and self._describes(one, item) and not self._described(one, since, item):
                return one.name
        return ""

    def _others(self) -> Iterator[Environment]:
        for one in self.renderings.config.environments:
            pushed = any(target.engine == "push" for target in one.deploy.targets)
            if pushed and one.name != self.environment.name:
                yield one

    def _label(self, environment: Environment) -> str:
        return inventory_label(
            environment=environment.name,
            repository=self.repository,
            server_url=self.server_url,
        )

    def _describes(self, environment: Environment, item: ObjectId) -> bool:
        return _has(self.renderings.of(environment).manifests, item)

    def _described(self, environment: Environment, commit: str, item: ObjectId) -> bool:
        before = self.renderings.then(environment, commit)
        return before is None or _has(before.manifests, item)


def _has(manifests: tuple[Manifest, ...], item: ObjectId) -> bool:
    """Whether one of them is the object; a namespace that is not written is the cluster's."""
    bare = replace(item, namespace="")
    return any(one.id in {item, bare} for one in manifests)
