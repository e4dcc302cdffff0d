"""Text between markers in documents that are otherwise written by hand."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

_SECTION = re.compile(
    r"(?P<start><!-- generated: (?P<name>[a-z-]+) -->\n)(?P<body>.*?)(?P<end><!-- end -->)",
    re.DOTALL,
)


def fill(path: Path, sections: Mapping[str, Callable[[], str]]) -> str:
    """The document with the current text between its markers.

    Raises:
        KeyError: a marker names a section that does not exist.
    """
    return _SECTION.sub(
        lambda found: f"{found['start']}{sections[found['name']]()}{found['end']}",
        path.read_text(encoding="utf-8"),
    )
