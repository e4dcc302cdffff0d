"""Many files at once: `git fast-import` writes them and their folders into one pack."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from pathlib import Path

from testbed.forge.git.process import git

_numbers = itertools.count(1)


def write_pack(folder: Path, files: Mapping[str, bytes]) -> str:
    """Write a tree of these files into a bare repository and return its id."""
    ref = f"refs/import/{next(_numbers)}"
    parts = [b"commit %s\ncommitter a <a@example.com> 0 +0000\ndata 0\n" % ref.encode()]
    for path, data in files.items():
        name = path.encode("utf-8", "surrogateescape")
        quoted = name.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")
        parts.append(b'M 100644 inline "%s"\ndata %d\n%s\n' % (quoted, len(data), data))
    git(folder, "-c", "core.fsync=none", "fast-import", "--quiet", stdin=b"".join(parts))
    tree = git(folder, "rev-parse", f"{ref}^{{tree}}").decode().strip()
    git(folder, "update-ref", "-d", ref)
    return tree
