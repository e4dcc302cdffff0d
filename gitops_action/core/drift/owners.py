"""Who wrote a field of a live object, and when, by its managed fields."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from gitops_action.core.dataclass import dataclass
from gitops_action.core.deploy.field_managers import is_person, joined_fields
from gitops_action.core.deploy.field_paths import Step, owns_field
from gitops_action.core.manifests.fields import items, mapping, text
from gitops_action.core.manifests.model import Body

_SCALE = "scale"


@dataclass(frozen=True, kw_only=True)
class WrittenBy:
    """A manager that owns a field; `time` is RFC 3339, empty where it is not recorded."""

    manager: str
    operation: str = ""
    subresource: str = ""
    time: str = ""

    @property
    def person(self) -> bool:
        """Whether it is a person's kubectl."""
        return is_person(self.manager)

    @property
    def scales(self) -> bool:
        """Whether a controller wrote it through a scale subresource, as autoscalers do."""
        return self.subresource == _SCALE and not self.person


class ManagedFields:
    """The managed fields of one live object."""

    def __init__(self, live: Body, own: Collection[str]) -> None:
        """Read them; `own` are the managers that apply what is described."""
        entries = items(live, "metadata", "managedFields")
        self._version = text(live, "apiVersion")
        self._own = [one for one in entries if text(one, "manager") in own]
        self._others = [one for one in entries if text(one, "manager") not in own]
        self.structure = self._union()

    def _union(self) -> Mapping[str, object]:
        """How lists are owned, by any manager: by items, as sets, or as one value."""
        found: Mapping[str, object] = {}
        for entry in (*self._own, *self._others):
            if text(entry, "apiVersion") == self._version:
                found = joined_fields(found, mapping(entry, "fieldsV1"))
        return found

    def ours(self, steps: Sequence[Step]) -> bool:
        """Whether a manager of ours owns the field, or something below it."""
        return any(owns_field(mapping(one, "fieldsV1"), steps) for one in self._own)

    def other(self, steps: Sequence[Step]) -> WrittenBy | None:
        """The manager beside ours that wrote the field last; None where there is none."""
        found = [one for one in self._others if owns_field(mapping(one, "fieldsV1"), steps)]
        return max(map(_owner, found), key=lambda one: one.time, default=None)

    def people(self) -> Iterator[WrittenBy]:
        """Entries of people's kubectl, of whichever fields."""
        return (one for one in map(_owner, self._others) if one.person)


def _owner(entry: Body) -> WrittenBy:
    return WrittenBy(
        manager=text(entry, "manager"),
        operation=text(entry, "operation"),
        subresource=text(entry, "subresource"),
        time=text(entry, "time"),
    )
