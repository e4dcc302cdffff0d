"""The released tree: actions name the image by digest, workflows name actions by commit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from gitops_action.core.dataclass import dataclass
from gitops_action.errors import GitOpsError, Location

_IMAGE = re.compile(r"^(?P<indent> +)image: (?:\.\./)?Dockerfile$", re.MULTILINE)
_REFERENCE = re.compile(
    r"OWNER/gitops-action(?P<path>[\w./-]*)@v\d+(?P<comment>[ ]+#.*)?$", re.MULTILINE
)
_WORKFLOWS = "/.github/workflows/"


@dataclass(frozen=True, kw_only=True)
class Naming:
    """Under which names a release appears.

    Attributes:
        repository: OWNER/NAME that releases; a fork has its own.
        version: without the `v`.
        image: `ghcr.io/owner/gitops-action@sha256:…`.
    """

    repository: str
    version: str
    image: str

    @property
    def tag(self) -> str:
        """The tag of the release."""
        return f"v{self.version}"


def with_image(root: Path, naming: Naming) -> Mapping[str, str]:
    """The actions' files, changed so that they run the image.

    Raises:
        GitOpsError: one does not name the Dockerfile, so that nothing can be replaced in it.
    """
    changed: dict[str, str] = {}
    for path in (root / "action.yml", *sorted(root.glob("*/action.yml"))):
        name = str(path.relative_to(root))
        text, count = _IMAGE.subn(
            rf"\g<indent>image: docker://{naming.image}", path.read_text("utf-8")
        )
        if count != 1:
            raise GitOpsError(f"{name} does not name the Dockerfile once", fix="run `make docs`")
        changed[name] = text
    return changed


def with_references(root: Path, naming: Naming, commit: str) -> Mapping[str, str]:
    """The workflows, changed so that they use the actions of that commit.

    Every runner knows a commit; GitHub's self-repository syntax (`$/`) takes a runner from 2.336 on
    and is unknown to GitHub Enterprise Server. An example in a comment names the major tag.

    Raises:
        GitOpsError: a workflow calls another one by name, whose own steps would stay unreleased.
    """
    changed: dict[str, str] = {}
    for path in sorted((root / ".github" / "workflows").glob("*.yml")):
        text, name = path.read_text("utf-8"), str(path.relative_to(root))
        lines = [
            _line(line, naming, commit, Location(file=name, line=number))
            for number, line in enumerate(text.splitlines(keepends=True), start=1)
        ]
        if "".join(lines) != text:
            changed[name] = "".join(lines)
    return changed


def _line(line: str, naming: Naming, commit: str, place: Location) -> str:
    major = naming.version.partition(".")[0]
    comment = line.lstrip().startswith("#")

    def named(found: re.Match[str]) -> str:
        name = f"{naming.repository}{found['path']}"
        if comment:
            return f"{name}@v{major}{found['comment'] or ''}"
        if found["path"].startswith(_WORKFLOWS):
            raise GitOpsError(
                "A workflow calls another one of this repository by name",
                cause="at the named commit its own steps would not be released",
                fix=f"write .{found['path']}, which is that of the same commit",
                location=place,
            )
        return f"{name}@{commit} # {naming.tag}"

    return _REFERENCE.sub(named, line)
