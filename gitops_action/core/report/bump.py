"""What a report is about, as values: the views lay it out, the commands fill it in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from gitops_action.core import trailers
from gitops_action.core.dataclass import dataclass
from gitops_action.core.images import ImageReference, ImageSource
from gitops_action.core.markdown import escape, shown
from gitops_action.core.outcome import Job
from gitops_action.core.pattern import pattern
from gitops_action.core.pull_requests import Comparison, Identity, Operation

if TYPE_CHECKING:
    from gitops_action.core.plan import PlanLine, Skipped


@dataclass(frozen=True, kw_only=True)
class ImageStep:
    """One image's way from the version described to the one proposed.

    `old` is None where nothing was described before; sources and `comparison` are None where
    they are not known or may not be read.
    """

    old: ImageReference | None
    new: ImageReference
    old_source: ImageSource | None = None
    new_source: ImageSource | None = None
    comparison: Comparison | None = None


@dataclass(frozen=True, kw_only=True)
class PromotionView:
    """Where a promoted version comes from.

    Attributes:
        source: the environment that it ran in.
        since: since when it is verified there; None where that is not known.
        deployment: the page of the job that verified it; empty where a merge did.
        differences: what else differs between the two environments, names only.
    """

    source: str
    since: datetime | None = None
    deployment: str = ""
    differences: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ProposalView:
    """Everything that the words about one environment's change are made of.

    Attributes:
        environment: its name.
        base: the branch that is changed.
        applications: those whose files change.
        images: the images, wanted and carried over.
        sets: explicit edits, as lines of the `set` input.
        lines: every place that changes, with the reason.
        skipped: places that were left alone, with the reason.
        notes: warnings for reviewers.
        job: who and which run did it.
        signoff: whose `Signed-off-by` the commit carries.
        declared: whether environments are configured (one unnamed environment otherwise).
        promotion: where the version ran before; None for a bump.
    """

    environment: str
    base: str
    applications: tuple[str, ...] = ()
    images: tuple[ImageStep, ...] = ()
    sets: tuple[str, ...] = ()
    lines: tuple[PlanLine, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()
    job: Job = field(default_factory=Job)
    signoff: Identity | None = None
    declared: bool = True
    promotion: PromotionView | None = None


@dataclass(frozen=True, kw_only=True)
class ProposalResult:
    """What became of one environment's change.

    `operation` is None where no pull request is involved: nothing to do, a dry run, a direct
    commit or a local edit. `written` says that a branch or files moved. `reason` says why it is
    so, in a sentence's part.
    """

    view: ProposalView
    operation: Operation | None = None
    number: int | None = None
    url: str = ""
    branch: str = ""
    commit: str = ""
    reason: str = ""
    written: bool = False


@dataclass(frozen=True, kw_only=True)
class BumpReport:
    """The whole run of a bump, for the job summary and the terminal."""

    results: tuple[ProposalResult, ...]
    repository: str = ""
    mode: str = "pull-request"
    dry_run: bool = False


# The trailers of a change: what our own later runs read as hints.


def trailers_of(view: ProposalView, *, signed: bool = False) -> tuple[tuple[str, str], ...]:
    """Key and value of each trailer, in the order they are written.

    There is one GitOps-Previous for each GitOps-Image, in the same order; where nothing was
    described before, it names the repository alone.
    """
    sources = dict.fromkeys(str(step.new_source) for step in view.images if step.new_source)
    return (
        (trailers.ACTION, trailers.PROMOTE if view.promotion else trailers.BUMP),
        (trailers.ENVIRONMENT, view.environment),
        *((trailers.APPLICATION, name) for name in view.applications),
        *((trailers.IMAGE, _full(step)) for step in view.images),
        *((trailers.PREVIOUS, _previous(step)) for step in view.images),
        *((trailers.SOURCE, source) for source in sources),
        *((trailers.SET, line) for line in view.sets),
        *(_sign_off(view.signoff) if signed and view.signoff else ()),
    )


def _sign_off(person: Identity) -> tuple[tuple[str, str], ...]:
    return ((trailers.SIGNED_OFF_BY, f"{person.name} <{person.email}>"),)


def _full(step: ImageStep) -> str:
    return str(step.new.with_(name=step.new.repository))


def _previous(step: ImageStep) -> str:
    if step.old is None:
        return step.new.repository
    return str(step.old.with_(name=step.old.repository))


# Names for a change: the title people read, and the branch it lives on.

TITLE_LIMIT = 120
SUBJECT_LIMIT = 72
"""What `git log --oneline` and GitHub show of a commit's subject without cutting it."""

BRANCH_LIMIT = 240
_SHORT_DIGEST = len("sha256:") + 12
_SLUG_LIMIT, _SHORT_HASH = 80, 8
_FOLDERS = frozenset({"rollback", "hold"})
"""Folders that hold other branches, such as `gitops/<environment>/rollback/<application>`."""
_NOT_IN_A_SLUG = pattern(r"[^A-Za-z0-9._-]+")
# git-check-ref-format(1), rules 3, 4, 5, 9 and 10; 1, 2, 6, 7 and 8 are checked by hand.
_NOT_IN_A_BRANCH = pattern(r"\.\.|@\{|[\x00-\x20\x7f~^:?*\[\\]")


def version_of(image: ImageReference) -> str:
    """The tag, else the digest in short, else nothing."""
    return image.tag or (image.digest or "")[:_SHORT_DIGEST]


def short_name(image: ImageReference) -> str:
    """The last part of the repository: `web` of `ghcr.io/acme/web`."""
    return image.path.rsplit("/", 1)[-1]


def title(view: ProposalView, *, limit: int = TITLE_LIMIT) -> str:
    """`Bump web to v1.2.3 in staging`, at most `limit` characters, on one line, inert."""
    where = f" in {escape(view.environment)}" if view.declared else ""
    if not view.images:
        count = len(view.sets)
        return f"Set {count} value{'s' * (count != 1)}{where}"
    versions = {version_of(step.new) for step in view.images}
    version = f" to {escape(versions.pop())}" if len(versions) == 1 else ""
    verb = "Promote" if view.promotion else "Bump"
    room = limit - len(f"{verb} {where}{version}")
    if room < 1:  # a tag may have 128 characters
        version, room = "", limit - len(f"{verb} {where}")
    return shown(f"{verb} {_what(view, room)}{version}{where}", limit=limit - 1)


def _what(view: ProposalView, room: int) -> str:
    names = sorted({short_name(step.new) for step in view.images})
    if len(view.applications) == 1 and len(names) == 1:
        names = [escape(view.applications[0])]
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
    part = slug(subject)
    if part in _FOLDERS:
        part = _marked(part, subject)
    return f"gitops/{slug(view.environment)}/{part}"


def slug(text: str) -> str:
    """Text as one part of a branch name; different texts give different parts.

    Slashes become dashes. Where anything else had to give way, the start of the text's SHA-256
    follows, so that names that share their ASCII letters do not share a branch.
    """
    flat = text.replace("/", "-")
    plain = re.sub(r"\.{2,}", "-", _NOT_IN_A_SLUG.sub("-", flat)).strip(".-")
    plain = plain.removesuffix(".lock")[:_SLUG_LIMIT].strip(".-")
    return plain if plain and plain == flat else _marked(plain or "x", text)


def _marked(plain: str, text: str) -> str:
    found = sha256(text.encode(errors="surrogatepass")).hexdigest()
    return f"{plain}-{found[:_SHORT_HASH]}"


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


# The variables that templates see, ours and users': plain text, numbers, lists and mappings.

Context = Mapping[str, object]


def context_of(view: ProposalView) -> dict[str, object]:
    """The variables of one environment's change."""
    images = [_image(step, view) for step in view.images]
    return {
        "title": title(view),
        "environment": view.environment,
        "base": view.base,
        "declared": view.declared,
        "application": view.applications[0] if len(view.applications) == 1 else "",
        "applications": list(view.applications),
        "images": images,
        "image": images[0] if images else _nothing(),
        "sets": list(view.sets),
        "lines": [_line(line) for line in view.lines],
        "skipped": [
            {"file": item.file, "line": item.line, "reason": item.reason} for item in view.skipped
        ],
        "notes": list(view.notes),
        "promotion": _promotion(view.promotion),
        "actor": view.job.actor,
        "workflow": view.job.workflow,
        "repository": view.job.repository,
        "run_url": view.job.run_url,
    }


def _promotion(view: PromotionView | None) -> dict[str, object]:
    if view is None:
        return {}
    return {
        "source": view.source,
        "since": f"{view.since:%Y-%m-%d %H:%MZ}" if view.since else "",
        "deployment": view.deployment,
        "differences": list(view.differences),
    }


def _line(line: PlanLine) -> dict[str, object]:
    return {
        "file": line.file,
        "line": line.line,
        "path": line.path,
        "old": line.old,
        "new": line.new,
        "rule": line.rule,
        "reason": line.reason,
        "application": line.application or "",
    }


def _image(step: ImageStep, view: ProposalView) -> dict[str, object]:
    old, server = step.old, view.job.server_url
    return {
        **_reference(step.new),
        "source": _source(step.new_source, server),
        "old": _reference(old) if old else _nothing(),
        "old_source": _source(step.old_source, server),
        "comparison": _comparison(step.comparison),
    }


def _reference(image: ImageReference) -> dict[str, object]:
    return {
        "name": short_name(image),
        "repository": image.repository,
        "reference": str(image),
        "tag": image.tag or "",
        "digest": image.digest or "",
        "version": version_of(image),
    }


def _nothing() -> dict[str, object]:
    names = ("name", "repository", "reference", "tag", "digest", "version")
    return dict.fromkeys(names, "")


def _source(source: ImageSource | None, server: str) -> dict[str, object]:
    if source is None:
        return {"repository": "", "commit": "", "short": "", "url": ""}
    return {
        "repository": source.repository,
        "commit": source.commit,
        "short": source.commit[:7],
        "url": f"{server}/{source.repository}/commit/{source.commit}",
    }


def _comparison(comparison: Comparison | None) -> dict[str, object]:
    """Commits newest first, as people read them."""
    if comparison is None:
        return {"status": "", "total": 0, "url": "", "commits": []}
    commits = [
        {
            "commit": commit.oid,
            "short": commit.oid[:7],
            "subject": commit.subject,
            "author": commit.author,
            "url": commit.url,
        }
        for commit in reversed(comparison.commits)
    ]
    return {
        "status": comparison.status,
        "total": comparison.total,
        "url": comparison.url,
        "commits": commits,
    }
