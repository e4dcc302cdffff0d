"""One way to write an object, so that a diff and a hash show only what changes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from gitops_action.core.manifests.model import Body, Manifest
from gitops_action.core.manifests.scalars import whole

if TYPE_CHECKING:
    import yaml


def canonical(body: Body) -> Body:
    """The object with its keys sorted and without what only generators write.

    That is `status`, which controllers own, and `creationTimestamp: null` in any `metadata`, which
    Go writes of objects that were never stored. Lists keep their order, and other nulls stay: to
    an API server `emptyDir: null` is not the same as nothing.
    """
    kept = {key: body[key] for key in sorted(body) if key != "status"}
    return {key: _canonical(value, key) for key, value in kept.items()}


def dump(body: Body) -> str:
    """The canonical form as YAML in block style: one line per value, long text unfolded."""
    import yaml  # noqa: PLC0415 - only what writes manifests pays for it

    text: str = yaml.dump(
        canonical(body),
        Dumper=_dumper(),
        default_flow_style=False,
        allow_unicode=True,
        width=2**31 - 1,
        sort_keys=True,
    )
    return text


_ENCODER = json.JSONEncoder(separators=(",", ":"))  # of what `canonical` has sorted


def manifest_hash(manifest: Manifest) -> str:
    """`sha256:…` over one object in canonical form."""
    return body_hash(manifest.body)


def body_hash(body: Body) -> str:
    """As `manifest_hash`, of the object's body."""
    return f"sha256:{_digest(body)}"


def content_hash(manifests: Iterable[Manifest]) -> str:
    """`sha256:…` over objects in canonical form, whatever order they come in."""
    every = sorted(_digest(manifest.body) for manifest in manifests)
    return f"sha256:{hashlib.sha256(chr(10).join(every).encode()).hexdigest()}"


def _digest(body: Body) -> str:
    return hashlib.sha256(_ENCODER.encode(canonical(body)).encode()).hexdigest()


def _canonical(value: object, key: str) -> object:
    if isinstance(value, str):  # what most values are, without asking the abstract class
        return value
    if isinstance(value, (dict, Mapping)):  # dict first: asking the abstract class takes long
        never_stored = key == "metadata" and value.get("creationTimestamp", "") is None
        names = sorted(value.keys() - {"creationTimestamp"} if never_stored else value)
        return {name: _canonical(value[name], name) for name in names}
    if isinstance(value, list | tuple):
        return [_canonical(item, "") for item in value]
    return whole(value) if isinstance(value, float) else value


@lru_cache(maxsize=1)
def _dumper() -> type[yaml.CSafeDumper]:
    """PyYAML's dumper, quoting whatever YAML 1.1 or 1.2 would not read as text."""
    import yaml  # noqa: PLC0415 - only what writes manifests pays for it

    from gitops_action.core.yaml.scalars import kinds  # noqa: PLC0415 - same

    text_tag = "tag:yaml.org,2002:str"

    class Dumper(yaml.CSafeDumper):
        """Text of several lines in `|` blocks; nothing shared is written as an alias."""

        def ignore_aliases(self, data: object) -> bool:
            """Write out what is used twice."""
            del data
            return True

        def resolve(self, kind: type[yaml.Node], value: str, implicit: object) -> str:
            """What a plain scalar would be read as: text only where every YAML says so."""
            tag: str = super().resolve(kind, value, implicit)  # type: ignore[no-untyped-call]
            plain = kind is yaml.ScalarNode and implicit == (True, False)
            if plain and tag == text_tag and kinds(value) != ("string", "string"):
                return "tag:yaml.org,2002:other"
            return tag

    def text(dumper: yaml.CSafeDumper, value: str) -> yaml.ScalarNode:
        return dumper.represent_scalar(text_tag, value, style="|" if "\n" in value else None)

    Dumper.add_representer(str, text)
    return Dumper
