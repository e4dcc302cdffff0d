"""Which described fields of an object live otherwise.

Only what is described counts. Nothing is asked of the API server: how a list is merged, and who
wrote a field, is read from the managed fields (Kubernetes documentation, "Server-Side Apply").
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from gitops_action.core.dataclass import dataclass
from gitops_action.core.deploy.compare import DEFAULT_KEYS
from gitops_action.core.deploy.field_managers import list_key
from gitops_action.core.deploy.field_paths import Step
from gitops_action.core.deploy.objects import INVENTORY_LABEL
from gitops_action.core.drift.owners import ManagedFields, WrittenBy
from gitops_action.core.drift.same import is_custom, is_empty, same_value, says_nothing
from gitops_action.core.manifests.fields import annotations as annotations_of
from gitops_action.core.manifests.fields import mapping, text
from gitops_action.core.manifests.model import Body

_NOT_COMPARED = frozenset({"apiVersion", "kind", "metadata", "status"})
_METADATA = ("annotations", "finalizers", "labels", "ownerReferences")
_FILLED = frozenset({"caBundle", "clusterIP", "clusterIPs"})
"""Fields that controllers are known to fill in where they are described as empty."""
_NO_BUNDLE = frozenset({"Cg==", "Cgo="})
"""What stands for an empty `caBundle`: a line break in base64."""
_INJECTS = ("cert-manager.io/inject-", "service.beta.openshift.io/inject-cabundle")
_BY_NAME = {"ServiceAccount": frozenset({"imagePullSecrets", "secrets"})}
"""Lists that controllers add items to, known by their name."""
_ANY_ORDER = {"HorizontalPodAutoscaler": ("spec", "metrics")}
"""Lists that the API server orders by itself."""
_IN_ORDER = frozenset({"initContainers"})
"""Lists with merge keys whose order still has a meaning."""
_KEYS = (("name",), ("containerPort", "protocol"), ("port", "protocol"), ("mountPath",), ("ip",))
"""Merge keys of lists that no manager owns any more: the first that all items differ in."""
_DEFAULTS: Mapping[str, object] = {
    "apiVersion": "v1",
    "divisor": "0",
    "operator": "Equal",
    "protocol": "TCP",
}
"""What the API server fills in inside of values that are owned as a whole."""
_WHOLE: Mapping[str, object] = {}
"""The managed fields of a value that is owned as a whole, and of everything in it."""


@dataclass(frozen=True, kw_only=True)
class FieldDifference:
    """A described field that lives otherwise.

    Attributes:
        steps: which field.
        described: what Git has.
        live: what the cluster has; None where the field is not there.
        present: whether it is there.
        owner: who wrote it, beside the deployment; None where that is not recorded.
        ours: the deployment's own field manager wrote it.
    """

    steps: tuple[Step, ...]
    described: object
    live: object = None
    present: bool = True
    owner: WrittenBy | None = None
    ours: bool = False


def differences(
    described: Body, live: Body, *, own: Collection[str]
) -> tuple[FieldDifference, ...]:
    """The described fields that live otherwise, in their order.

    Args:
        described: the object as it is applied, without fields that others decide.
        live: the object as the cluster holds it, managed fields included.
        own: the field managers that apply it.
    """
    if _is_literal(described, live):
        return ()
    found = _ObjectComparison(described, live, own)
    found.run(described, live)
    return tuple(one for one in found.differences if not found.is_known(one))


def _is_literal(described: Body, live: Body) -> bool:
    """Whether everything described lives word for word: then who owns what need not be read."""
    lives = mapping(live, "metadata")
    return all(
        _is_equal(value, live.get(key))
        for key, value in described.items()
        if key not in _NOT_COMPARED
    ) and all(
        _is_equal(value, lives.get(key))
        for key, value in mapping(described, "metadata").items()
        if key in _METADATA
    )


def _is_equal(one: object, other: object) -> bool:
    """Equality as JSON has it: to Python `True` is 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_is_equal(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_is_equal, one, other))
    return type(one) is type(other) and one == other


class _ObjectComparison:
    """One object being compared."""

    def __init__(self, described: Body, live: Body, own: Collection[str]) -> None:
        self.kind = text(described, "kind")
        self.custom = is_custom(described)
        self.managed = ManagedFields(live, own)
        self.injected = _is_injected(described) or _is_injected(live)
        self.differences: list[FieldDifference] = []

    def run(self, described: Body, live: Body) -> None:
        fields = self.managed.structure or None
        for key, value in described.items():
            if key not in _NOT_COMPARED:
                self._node(value, live.get(key), _below(fields, key), (key,))
        metadata, lives = mapping(described, "metadata"), mapping(live, "metadata")
        below = _below(fields, "metadata")
        for key in _METADATA:
            value = metadata.get(key)
            if key == "labels" and isinstance(value, Mapping):
                value = {name: one for name, one in value.items() if name != INVENTORY_LABEL}
            if not says_nothing(value):
                self._node(value, lives.get(key), _below(below, key), ("metadata", key))

    def is_known(self, one: FieldDifference) -> bool:
        """Whether a controller is meant to write it."""
        if one.owner is not None and one.owner.scales:
            return True
        if one.steps[-1] != "caBundle":
            return False
        return self.injected or one.described in _NO_BUNDLE

    def _differ(
        self, described: object, live: object, steps: tuple[Step, ...], *, present: bool = True
    ) -> None:
        owner = self.managed.other(steps)
        self.differences.append(
            FieldDifference(
                steps=steps,
                described=described,
                live=live,
                present=present,
                owner=owner,
                ours=owner is None and self.managed.ours(steps),
            )
        )

    def _node(
        self,
        described: object,
        live: object,
        fields: Mapping[str, object] | None,
        steps: tuple[Step, ...],
    ) -> None:
        if is_empty(described):
            self._empty(described, live, steps)
        elif live is None:
            if not self._means_absent(described):
                self._differ(described, None, steps, present=False)
        elif isinstance(described, Mapping) and isinstance(live, Mapping):
            self._mapping(described, live, fields, steps)
        elif isinstance(described, list | tuple) and isinstance(live, list | tuple):
            self._list(list(described), list(live), fields, steps)
        elif not same_value(described, live, _names(steps), kind=self.kind):
            self._differ(described, live, steps)

    def _empty(self, described: object, live: object, steps: tuple[Step, ...]) -> None:
        """What is described as empty differs where someone else has filled it."""
        if says_nothing(live) or steps[-1] in _FILLED or self._is_added_to(steps):
            return
        if self.managed.other(steps) is not None:
            self._differ(described, live, steps)

    def _means_absent(self, described: object) -> bool:
        """Whether absence says the same: Go leaves out zero values where no default is set.

        Of a custom kind it may have had another meaning, when a person has written the object.
        """
        if isinstance(described, bool | int | float) and not described:
            return not self.custom or not any(self.managed.people())
        return says_nothing(described)

    def _mapping(
        self,
        described: Body,
        live: Body,
        fields: Mapping[str, object] | None,
        steps: tuple[Step, ...],
    ) -> None:
        if _is_other_volume(described, live, steps) or self._is_added(
            described, live, fields, steps
        ):
            self._differ(described, live, steps)
            return
        for key, value in described.items():
            if key == "serviceAccount" and described.get("serviceAccountName"):
                continue  # the API server copies it
            self._node(value, live.get(key), _below(fields, key), (*steps, key))

    def _is_added(
        self,
        described: Body,
        live: Body,
        fields: Mapping[str, object] | None,
        steps: tuple[Step, ...],
    ) -> bool:
        """Whether someone put more into a value that is owned as a whole."""
        if fields is None or fields or self.managed.ours(steps):
            return False
        added = {key for key, value in live.items() if value != _DEFAULTS.get(key)}
        return bool(added - described.keys()) and self.managed.other(steps) is not None

    def _list(
        self,
        described: list[object],
        live: list[object],
        fields: Mapping[str, object] | None,
        steps: tuple[Step, ...],
    ) -> None:
        if _names(steps) == _ANY_ORDER.get(self.kind):
            self._any_order(described, live, steps)
            return
        keys = [key for key in fields or () if key != "."]
        if self._is_added_to(steps):
            self._items(described, live, _WHOLE, steps, names=("name",))
        elif any(key.startswith("v:") for key in keys):
            if any(one not in live for one in described):
                self._differ(described, live, steps)
        elif names := _merge_keys(keys, described, known=fields is not None):
            self._items(described, live, fields or _WHOLE, steps, names=names)
        else:
            self._in_order(described, live, steps)

    def _is_added_to(self, steps: Sequence[Step]) -> bool:
        return len(steps) == 1 and steps[0] in _BY_NAME.get(self.kind, ())

    def _items(
        self,
        described: list[object],
        live: list[object],
        fields: Mapping[str, object],
        steps: tuple[Step, ...],
        *,
        names: Sequence[str],
    ) -> None:
        """A list whose items are known by keys: others may be there as well."""
        positions = []
        for item in described:
            found = _position(item, live, names)
            if found is None:
                self._differ(item, None, (*steps, _key(item, names)), present=False)
                continue
            key = _key(live[found], names)
            positions.append(found)
            self._node(item, live[found], _item_fields(fields, key), (*steps, key))
        if positions != sorted(positions) and steps[-1] in _IN_ORDER:
            self._differ(described, live, steps)

    def _in_order(
        self, described: list[object], live: list[object], steps: tuple[Step, ...]
    ) -> None:
        """A list without merge keys: one value."""
        if len(described) != len(live):
            self._differ(described, live, steps)
            return
        for number, (one, other) in enumerate(zip(described, live, strict=True)):
            self._node(one, other, _WHOLE, (*steps, number))

    def _any_order(
        self, described: list[object], live: list[object], steps: tuple[Step, ...]
    ) -> None:
        left = list(live)
        for item in described:
            same = next((one for one in left if self._is_same(item, one, steps)), None)
            if same is None:
                self._differ(described, live, steps)
                return
            left.remove(same)
        if left:
            self._differ(described, live, steps)

    def _is_same(self, described: object, live: object, steps: tuple[Step, ...]) -> bool:
        before, self.differences = self.differences, []
        self._node(described, live, _WHOLE, (*steps, 0))
        found, self.differences = self.differences, before
        return not found


def _below(fields: Mapping[str, object] | None, key: str) -> Mapping[str, object] | None:
    """The managed fields of a field: of one that nobody owns, None."""
    if fields is None or not fields:
        return fields
    found = fields.get(f"f:{key}")
    return found if isinstance(found, Mapping) else None


def _item_fields(
    fields: Mapping[str, object], key: Mapping[str, object]
) -> Mapping[str, object] | None:
    for written, below in fields.items():
        if list_key(written) == key and isinstance(below, Mapping):
            return below
    return None


def _merge_keys(keys: Sequence[str], items: Sequence[object], *, known: bool) -> tuple[str, ...]:
    """The names by which items are known; none where the list is one value."""
    for written in keys:
        found = list_key(written)
        if found:
            return tuple(found)
    if known and not keys:
        return ()
    return next((names for names in _KEYS if _tells_apart(items, names)), ())


def _tells_apart(items: Sequence[object], names: Sequence[str]) -> bool:
    if not all(isinstance(one, Mapping) and names[0] in one for one in items):
        return False
    return len({str(_key(one, names)) for one in items}) == len(items)


def _key(item: object, names: Sequence[str]) -> Mapping[str, object]:
    given = item if isinstance(item, Mapping) else {}
    return {
        name: given.get(name, DEFAULT_KEYS.get(name))
        for name in names
        if name in given or name in DEFAULT_KEYS
    }


def _position(item: object, live: Sequence[object], names: Sequence[str]) -> int | None:
    """Where the item lives. Keys that it does not name were filled in by the API server."""
    key = _key(item, names)
    for number, one in enumerate(live):
        if isinstance(one, Mapping) and key and all(one.get(name) == key[name] for name in key):
            return number
    return None


def _names(steps: Sequence[Step]) -> tuple[str, ...]:
    return tuple(step for step in steps if isinstance(step, str))


def _is_other_volume(described: Body, live: Body, steps: Sequence[Step]) -> bool:
    """Whether a volume has another source, of which an empty one (`emptyDir: {}`) is one."""
    if len(steps) < 2 or steps[-2] != "volumes":  # noqa: PLR2004 - the list and the item
        return False
    sources = described.keys() - {"name"}
    return bool(sources - live.keys()) and bool(live.keys() - described.keys())


def _is_injected(body: Body) -> bool:
    return any(name.startswith(_INJECTS) for name in annotations_of(body))
