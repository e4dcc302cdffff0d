"""The rules that a platform engineer adds to what `init` writes: who merges, after what."""

from __future__ import annotations

import io
from datetime import datetime, timedelta
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

from testbed.demo.layouts import Layout

FILE = ".github/gitops.yaml"
SOAK = timedelta(hours=1)
CLOSED = timedelta(hours=2)
"""How long the window of the later environment is closed, from the start of the demo."""
_BEFORE = timedelta(minutes=10)


def with_rules(configuration: str, layout: Layout, now: datetime) -> str:
    """The configuration with merges by the gate, automatic rollback, and gates of the later one."""
    yaml = YAML()
    yaml.width = 1000
    document: Any = yaml.load(configuration)
    environments = document["environments"]
    first = environments[layout.environment]
    first["merge"] = "auto"
    first["rollback"] = _flow(mode="auto")
    if layout.next_environment:
        following = environments[layout.next_environment]
        following["merge"] = "auto"
        following["promotion"] = _flow(pick="newest")  # proposed at once, and held while it soaks
        following["gates"] = CommentedMap(
            soak="1h",
            windows=[_flow(deny=_cron(now - _BEFORE), **{"for": "2h"}, timezone="UTC")],
            approvals=_flow(count=1),
        )
    written = io.StringIO()
    yaml.dump(document, written)
    return written.getvalue()


def _flow(**values: object) -> CommentedMap:
    mapping = CommentedMap(values)
    mapping.fa.set_flow_style()
    return mapping


def _cron(time: datetime) -> str:
    return f"{time.minute} {time.hour} * * *"
