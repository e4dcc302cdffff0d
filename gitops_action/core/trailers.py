"""Trailers: `Key: value` lines in the last paragraph of a commit message or pull request body.

They follow git-interpret-trailers(1), so that Git's own tools read them. They are hints only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from gitops_action.core.dataclass import dataclass
from gitops_action.core.images import ImageReference, ImageReferenceError, parse_reference
from gitops_action.core.json_values import text
from gitops_action.core.markdown import escape, readable
from gitops_action.core.outcome import Job
from gitops_action.core.pattern import pattern

ACTION = "GitOps-Action"
ENVIRONMENT = "GitOps-Environment"
APPLICATION = "GitOps-Application"
IMAGE = "GitOps-Image"
PREVIOUS = "GitOps-Previous"
SOURCE = "GitOps-Source"
SET = "GitOps-Set"
HOLD = "GitOps-Hold"
ROLLBACK_OF = "GitOps-Rollback-Of"
SIGNED_OFF_BY = "Signed-off-by"
BUMP, PROMOTE = "bump", "promote"
"""What `GitOps-Action` says of a proposal of images."""
KEYS = (ACTION, ENVIRONMENT, APPLICATION, IMAGE, PREVIOUS, SOURCE, SET, HOLD, ROLLBACK_OF)

_LINE = pattern(r"([A-Za-z0-9-]+)[ \t]*:(.*)", re.DOTALL)
_GENERATED = ("Signed-off-by: ", "(cherry picked from commit ")
_PERSON = pattern(r"([^<>]+) <([\w.+\[\]-]+@[\w.-]+)>", re.ASCII)
_CANONICAL = {key.lower(): key for key in KEYS}
_SPACE = " \t\r"


def format_trailers(trailers: Iterable[tuple[str, str]]) -> str:
    """The trailers, one a line; those without a value are left out.

    Values are untrusted: each stays on its line, and GitHub acts on nothing in it.

    Raises:
        ValueError: a key is not made of letters, digits and dashes.
    """
    lines = []
    for key, value in trailers:
        if not re.fullmatch(r"[A-Za-z0-9-]+", key, re.ASCII):
            raise ValueError(f"{key!r} is not a key of a trailer")
        if text := value.strip():
            lines.append(f"{key}: {_value(key, text)}")
    return "\n".join(lines)


def _value(key: str, text: str) -> str:
    """A value on one line; checks of sign-offs want the address as it is."""
    signed = _PERSON.fullmatch(text) if key == SIGNED_OFF_BY else None
    return f"{escape(signed[1])} <{signed[2]}>" if signed else escape(text)


def with_trailers(text: str, trailers: Iterable[tuple[str, str]]) -> str:
    """The text with the trailers as a last paragraph of their own."""
    block = format_trailers(trailers)
    body = text.rstrip()
    return "\n\n".join(part for part in (body, block) if part) + "\n"


def parse_trailers(text: str) -> Mapping[str, tuple[str, ...]]:
    """The trailers of a message by key, values in order; none when the last paragraph has none.

    Our own keys are found in any case, as Git does. The first paragraph is the title and never
    counts. Lines may end as on Windows, as they do in what people edit in a browser.
    """
    found: dict[str, tuple[str, ...]] = {}
    for line in _unfolded(_block(text.replace("\r\n", "\n").split("\n"))):
        if match := _trailer(line):
            key = _CANONICAL.get(match[1].lower(), match[1])
            found[key] = (*found.get(key, ()), readable(match[2].strip()))
    return found


def is_promotion(body: str) -> bool:
    """Whether a pull request's body says that it promotes."""
    return parse_trailers(body).get(ACTION) == (PROMOTE,)


def _trailer(line: str) -> re.Match[str] | None:
    return _LINE.fullmatch(line)


def _unfolded(lines: Sequence[str]) -> list[str]:
    """Lines that start with space continue the trailer before them; comments are left out."""
    whole: list[str] = []
    open_trailer = False
    for line in lines:
        if open_trailer and line[:1].isspace():
            whole[-1] = f"{whole[-1]} {line.strip(_SPACE)}"
            continue
        open_trailer = _trailer(line) is not None
        if not line.startswith("#"):
            whole.append(line)
    return whole


def _block(lines: Sequence[str]) -> Sequence[str]:
    """The last paragraph, when it is a block of trailers by Git's rule and not the title."""
    title_end = next((n for n, line in enumerate(lines) if _blank(line)), len(lines))
    end = len(lines)
    while end > title_end and _blank(lines[end - 1]):
        end -= 1
    start = end
    while start > title_end and not _blank(lines[start - 1]):
        start -= 1
    block = lines[start:end] if start > title_end else []
    return block if _counts(block) else []


def _counts(block: Sequence[str]) -> bool:
    """Only trailers, or one that Git writes itself and at most three other lines to each."""
    trailers = others = folded = 0
    generated = False
    for line in reversed(block):
        if line.startswith(_GENERATED) or _trailer(line):
            generated = generated or line.startswith(_GENERATED)
            trailers, folded = trailers + 1, 0
        elif line[:1].isspace():
            folded += 1
        else:
            others, folded = others + folded + (not line.startswith("#")), 0
    others += folded
    return trailers > 0 and (others == 0 or (generated and trailers * 3 >= others))


def _blank(line: str) -> bool:
    return not line.strip(_SPACE)


# What a pull request says of itself in its trailers: hints, to be held against the content.


@dataclass(frozen=True, kw_only=True)
class ProposalTrailers:
    """A pull request beside its files, as it is at one moment.

    Attributes:
        number: None for a checkout that belongs to no pull request.
        head: the commit it proposes now.
        base: the branch that it is to be merged into.
        body: its text.
        messages: its commits' messages, oldest first.
        notes: what could not be read.
    """

    number: int | None = None
    head: str = ""
    base: str = ""
    body: str = ""
    messages: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Declared:
    """The images and environments of one block of trailers.

    `unreadable` holds values that are no image references.
    """

    environments: tuple[str, ...]
    images: tuple[ImageReference, ...]
    unreadable: tuple[str, ...] = ()


def declared_by(proposal: ProposalTrailers) -> Declared | None:
    """What the body declares, else the newest commit that declares anything; None without.

    One block is believed alone: an older commit's images are not the newer one's.
    """
    for block in (proposal.body, *reversed(proposal.messages)):
        trailers = parse_trailers(block)
        if trailers.get(IMAGE):
            return _read(trailers.get(ENVIRONMENT, ()), trailers[IMAGE])
    return None


def _read(environments: tuple[str, ...], values: tuple[str, ...]) -> Declared:
    images: dict[str, ImageReference] = {}
    unreadable = []
    for value in values:
        try:
            images.setdefault(value, parse_reference(value))
        except ImageReferenceError:
            unreadable.append(value)
    return Declared(
        environments=tuple(dict.fromkeys(environments)),
        images=tuple(images.values()),
        unreadable=tuple(unreadable),
    )


def proposal_of(job: Job) -> ProposalTrailers:
    """The pull request that an event is about, by its payload; one without a number otherwise.

    GitHub's documentation, "Webhook events and payloads", `pull_request`.
    """
    found = job.event.get("pull_request")
    if not isinstance(found, Mapping) or not job.event_name.startswith("pull_request"):
        return ProposalTrailers()
    number = found.get("number")
    return ProposalTrailers(
        number=number if isinstance(number, int) else None,
        head=text(found, "head", "sha"),
        base=text(found, "base", "ref"),
        body=str(found.get("body") or ""),
    )


@dataclass(frozen=True, kw_only=True)
class FinishedRun:
    """The run that a `workflow_run` event is about: facts of GitHub's, not of the run's.

    `owner` and `branch` are those of the head, which can be a fork's.
    """

    owner: str
    branch: str
    commit: str


def finished_run_of(job: Job) -> FinishedRun | None:
    """The pull request run that this job follows; None for every other job.

    GitHub's documentation, "Webhook events and payloads", `workflow_run`. Its list of pull
    requests is empty for forks, so that they are looked up by their branch.
    """
    run = job.event.get("workflow_run")
    if job.event_name != "workflow_run" or not isinstance(run, Mapping):
        return None
    found = FinishedRun(
        owner=text(run, "head_repository", "owner", "login"),
        branch=text(run, "head_branch"),
        commit=text(run, "head_sha"),
    )
    return found if found.owner and found.branch else None
