"""Names for a change: the title people read, and the branch it lives on."""

from __future__ import annotations

import re

from gitops_action.core.images import ImageReference
from gitops_action.core.markdown import inert, shown
from gitops_action.core.report.model import ProposalView

TITLE_LIMIT = 120
SUBJECT_LIMIT = 72
"""What `git log --oneline` and GitHub show of a commit's subject without cutting it."""

BRANCH_LIMIT = 240
_SHORT_DIGEST = len("sha256:") + 12
_NOT_IN_A_SLUG = re.compile(r"[^A-Za-z0-9._-]+")
# git-check-ref-format(1), rules 3, 4, 5, 9 and 10; 1, 2, 6, 7 and 8 are checked by hand.
_NOT_IN_A_BRANCH = re.compile(r"\.\.|@\{|[\x00-\x20\x7f~^:?*\[\\]")


def version_of(image: ImageReference) -> str:
    """The tag, else the digest in short, else nothing."""
    return image.tag or (image.digest or "")[:_SHORT_DIGEST]


def short_name(image: ImageReference) -> str:
    """The last part of the repository: `web` of `ghcr.io/acme/web`."""
    return image.path.rsplit("/", 1)[-1]


def title(view: ProposalView, *, limit: int = TITLE_LIMIT) -> str:
    """`Bump web to v1.2.3 in staging`, at most `limit` characters, on one line, inert."""
    where = f" in {inert(view.environment)}" if view.declared else ""
    if not view.images:
        count = len(view.sets)
        return f"Set {count} value{'s' * (count != 1)}{where}"
    versions = {version_of(step.new) for step in view.images}
    version = f" to {inert(versions.pop())}" if len(versions) == 1 else ""
    room = limit - len(f"Bump {where}{version}")
    if room < 1:  # a tag may have 128 characters
        version, room = "", limit - len(f"Bump {where}")
    return shown(f"Bump {_what(view, room)}{version}{where}", limit=limit - 1)


def _what(view: ProposalView, room: int) -> str:
    names = sorted({short_name(step.new) for step in view.images})
    if len(view.applications) == 1 and len(names) == 1:
        names = [inert(view.applications[0])]
    listed = " and ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names)
    return listed if len(listed) <= room else f"{len(names)} image{'s' * (len(names) != 1)}"


def branch(view: ProposalView) -> str:
    """`gitops/<environment>/<application>`, or the image's name when it is not one application."""
    if len(view.applications) == 1:
        subject = view.applications[0]
    elif view.images:
        subject = min(short_name(step.new) for step in view.images)
    else:
        subject = view.sets[0].partition(":")[0] if view.sets else "values"
    return f"gitops/{slug(view.environment)}/{slug(subject)}"


def slug(text: str) -> str:
    """Text as one part of a branch name."""
    plain = re.sub(r"\.{2,}", "-", _NOT_IN_A_SLUG.sub("-", text)).strip(".-")
    return plain.removesuffix(".lock")[:80].strip(".-") or "x"


def branch_problem(name: str) -> str:
    """Why this cannot be a branch's name, by git-check-ref-format(1); empty when it can."""
    if not name or name.startswith("-") or name == "HEAD":
        return "it is empty, starts with a dash, or is HEAD"
    if len(name.encode()) > BRANCH_LIMIT:
        return f"it is longer than {BRANCH_LIMIT} bytes"
    if found := _NOT_IN_A_BRANCH.search(name):
        return f"it contains {found[0]!r}"
    parts = name.split("/")
    if "" in parts or name == "@" or name.endswith("."):
        return "it has an empty part, ends in a dot, or is a single @"
    wrong = next((part for part in parts if part.startswith(".") or part.endswith(".lock")), None)
    return f"its part {wrong!r} starts with a dot or ends in .lock" if wrong else ""
