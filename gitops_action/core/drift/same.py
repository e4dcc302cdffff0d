"""When a live value is what is described, although it is written otherwise."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping, Sequence
from decimal import Decimal

from gitops_action.core.deploy.compare import holds_quantity, same_quantity
from gitops_action.core.manifests.fields import text
from gitops_action.core.manifests.model import Body
from gitops_action.core.pattern import pattern

_KUBERNETES = ".k8s.io"
_BASE64 = frozenset({"caBundle", "binaryData"})
"""Fields whose text is base64, of which line breaks are no part; of Secrets also `data`."""
_DURATION = pattern(r"(?:\d{1,20}(?:\.\d{1,20})?(?:ns|us|ms|h|m|s))+")
_UNIT = pattern(r"(\d+(?:\.\d+)?)(ns|us|ms|h|m|s)")
_SECONDS = {
    "ns": Decimal("1e-9"),
    "us": Decimal("1e-6"),
    "ms": Decimal("1e-3"),
    "s": Decimal(1),
    "m": Decimal(60),
    "h": Decimal(3600),
}


def is_custom(body: Body) -> bool:
    """Whether it is of a kind that Kubernetes itself does not have."""
    group = text(body, "apiVersion").rpartition("/")[0]
    return "." in group and not group.endswith(_KUBERNETES)


def is_empty(value: object) -> bool:
    """Whether it is null, empty text, or an empty list or mapping."""
    return value is None or (isinstance(value, str | list | tuple | Mapping) and not value)


def says_nothing(value: object) -> bool:
    """Whether it is empty, or a mapping of nothing but empty values."""
    if isinstance(value, Mapping):
        return all(says_nothing(one) for one in value.values())
    return is_empty(value)


def same_value(described: object, live: object, names: Sequence[str], *, kind: str) -> bool:
    """Whether two single values are the same.

    Args:
        described: what Git has.
        live: what the cluster has.
        names: the field and those that it stands in, outermost first.
        kind: of the object.
    """
    if isinstance(described, bool) or isinstance(live, bool):
        return described is live
    if described == live:
        return True
    if holds_quantity(names) and same_quantity(described, live):
        return True
    if not isinstance(described, str) or not isinstance(live, str):
        return False
    if _BASE64.intersection(names[-2:]) or (kind == "Secret" and "data" in names[-2:]):
        return _decoded(described) == _decoded(live)
    return _seconds(described) is not None and _seconds(described) == _seconds(live)


def _decoded(written: str) -> bytes | str:
    """What base64 stands for; the text itself where it is none."""
    try:
        return b64decode("".join(written.split()), validate=True)
    except ValueError:
        return written


def _seconds(written: str) -> Decimal | None:
    """A duration as Go writes it: `60m` and `1h0m0s` are the same."""
    if not _DURATION.fullmatch(written):
        return None
    parts = _UNIT.findall(written)
    return sum((Decimal(number) * _SECONDS[unit] for number, unit in parts), Decimal(0))
