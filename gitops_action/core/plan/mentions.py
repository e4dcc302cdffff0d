"""An image's name in text that no rule recognises: where it stands, and how to reach it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from gitops_action.core.config import Environment, is_settings
from gitops_action.core.discovery import DiscoveredImages, Skipped, Source
from gitops_action.core.discovery.cursor import Cursor
from gitops_action.core.discovery.kinds import markers
from gitops_action.core.discovery.scan import is_neither
from gitops_action.core.yaml.nodes import Scalar
from gitops_action.errors import GitOpsError

_LIBRARY, _HUB = "docker.io/library/", "docker.io/"
_UPDATER = b"argocd-image-updater.argoproj.io"
_MOST = 20


def mentions(
    repositories: Iterable[str],
    environment: Environment,
    discovered: DiscoveredImages,
    source: Source,
) -> tuple[Skipped, ...]:
    """The lines of an environment that name an image and were recognised by no rule."""
    expression = re.compile(b"|".join(_names(name) for name in repositories))
    found: list[Skipped] = []
    for path in sorted(source.snapshot.files):
        if not (path in discovered.files or environment.contains(path)) or is_settings(path):
            continue
        data = source.data(path)
        if expression.search(data) and not source.is_link(path):
            found += _in_file(path, data, expression, discovered, source)
    if len(found) > _MOST:
        rest = found[_MOST]
        more = f"the image is named in {len(found) - _MOST} more lines that no rule recognises"
        found[_MOST:] = [Skipped(file=rest.file, line=rest.line, reason=more)]
    return tuple(found)


def _in_file(
    path: str,
    data: bytes,
    expression: re.Pattern[bytes],
    discovered: DiscoveredImages,
    source: Source,
) -> Iterator[Skipped]:
    marked = tuple(markers.BYTES)
    for number, line in enumerate(data.splitlines(), start=1):
        if not expression.search(line) or (path, number) in discovered.recognised:
            continue
        if _UPDATER in line or any(mark in line for mark in marked):
            continue
        reason = f"the image is named here: {_what(path, number, line, source)}"
        yield Skipped(file=path, line=number, reason=reason)


def _what(path: str, number: int, line: bytes, source: Source) -> str:
    if path in source.opaque:
        return source.opaque[path]
    if line.lstrip().startswith((b"#", b"//")):
        return "a comment"
    if is_neither(path):
        return "a file of another tool, change it by hand or with `set`"
    if any(part.startswith(".") for part in path.split("/")):
        return "a hidden folder or file, change it by hand or with `set`"
    return _unrecognised(path, number, source)


def _unrecognised(path: str, number: int, source: Source) -> str:
    how = "use `set`" if path.endswith(".json") else "mark it with `# gitops-image:`, or use `set`"
    here = _scalar_at(path, number, source)
    spot = here.spot if here else None
    if here is None or spot is None:
        return f"no rule recognises it, {how}"
    if isinstance(here.node, Scalar) and here.node.style in {"literal", "folded"}:
        return f"in the text of {spot.at}, mark its line in the text with `# gitops-image:`"
    return f"no rule recognises {spot.at}, {how}"


def _scalar_at(path: str, number: int, source: Source) -> Cursor | None:
    try:
        for document in source.documents(path):
            for here in document.walk():
                node = here.node
                if isinstance(node, Scalar) and node.line <= number <= node.last_line:
                    return here
    except GitOpsError:
        return None
    return None


def _names(repository: str) -> bytes:
    """An expression for the ways to write a repository, as a whole name."""
    if repository.startswith(_LIBRARY):
        # The bare name is an ordinary word: only with a version is it an image.
        name = re.escape(repository.removeprefix(_LIBRARY))
        written = rf"(?:(?:docker\.io/)?library/|docker\.io/)?{name}[:@](?=[\w$])"
    else:
        name = re.escape(repository.removeprefix(_HUB))
        hub = r"(?:docker\.io/)?" if repository.startswith(_HUB) else ""
        written = rf"{hub}{name}(?![\w/-]|\.\w)"
    return rf"(?<![\w./-]){written}".encode()
