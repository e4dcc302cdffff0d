"""The kinds that a cluster serves, read from its discovery documents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Self

from gitops_action.core.cluster.model import Resource
from gitops_action.core.manifests.fields import flag, items, mapping, text, texts
from gitops_action.core.manifests.model import Body


class Resources:
    """Finds kinds; of several versions of one, the server's preferred comes first."""

    def __init__(
        self, found: Iterable[Resource], reporting: Iterable[tuple[str, str]] = ()
    ) -> None:
        """Take them in the server's order of preference.

        Args:
            found: the kinds.
            reporting: group and kind of those that have a status subresource.
        """
        self._all = tuple(found)
        self.reporting = frozenset(reporting)
        self._exact = {(one.api_version, one.kind): one for one in reversed(self._all)}
        self._any = {(one.group, one.kind): one for one in reversed(self._all)}

    def __iter__(self) -> Iterator[Resource]:
        """Every kind in every version."""
        return iter(self._all)

    def exact(self, api_version: str, kind: str) -> Resource | None:
        """The kind in this version; None when it is not served."""
        return self._exact.get((api_version, kind))

    def preferred(self, group: str, kind: str) -> Resource | None:
        """The kind in the version that the server prefers; None when it is not served."""
        return self._any.get((group, kind))

    @classmethod
    def aggregated(cls, documents: Iterable[Body]) -> Self:
        """Read `APIGroupDiscoveryList` documents (apidiscovery.k8s.io/v2 and v2beta1)."""
        served = [
            (text(group, "metadata", "name"), text(version, "version"), one)
            for document in documents
            for group in items(document, "items")
            for version in items(group, "versions")
            for one in items(version, "resources")
            if text(one, "responseKind", "kind")
        ]
        return cls(
            (
                Resource(
                    group=group,
                    version=version,
                    kind=text(one, "responseKind", "kind"),
                    plural=text(one, "resource"),
                    namespaced=text(one, "scope") == "Namespaced",
                    verbs=frozenset(texts(one, "verbs")),
                )
                for group, version, one in served
            ),
            (
                (group, text(one, "responseKind", "kind"))
                for group, _, one in served
                if any(text(sub, "subresource") == "status" for sub in items(one, "subresources"))
            ),
        )

    @classmethod
    def listed(cls, documents: Iterable[Body]) -> Self:
        """Read `APIResourceList` documents, one a group and version; subresources are left out."""
        served = [
            (text(document, "groupVersion"), one)
            for document in documents
            for one in items(document, "resources")
        ]
        return cls(
            (
                Resource(
                    group=_group(group_version),
                    version=group_version.rpartition("/")[2],
                    kind=text(one, "kind"),
                    plural=text(one, "name"),
                    namespaced=bool(flag(one, "namespaced")),
                    verbs=frozenset(texts(one, "verbs")),
                )
                for group_version, one in served
                if "/" not in text(one, "name")
            ),
            (
                (_group(group_version), text(one, "kind"))
                for group_version, one in served
                if text(one, "name").endswith("/status")
            ),
        )


def group_versions(document: Body) -> tuple[str, ...]:
    """The group versions of an `APIGroupList`, of each group the preferred one first."""
    found: list[str] = []
    for group in items(document, "groups"):
        preferred = text(mapping(group, "preferredVersion"), "groupVersion")
        others = [text(one, "groupVersion") for one in items(group, "versions")]
        found += [preferred, *(one for one in others if one != preferred)]
    return tuple(found)


def _group(group_version: str) -> str:
    group, slash, _ = group_version.partition("/")
    return group if slash else ""
