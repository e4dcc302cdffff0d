"""What a Deployment carries: everything that is needed to know later what was deployed.

GitHub keeps the payload as it was given when the Deployment was made, so it says what was begun;
how it ended is in the statuses.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field, fields
from typing import Any

from gitops_action.core.config import Application, applications_of_image
from gitops_action.core.dataclass import dataclass
from gitops_action.core.images import ImageReference, ImageReferenceError, parse_reference
from gitops_action.core.json_values import mapping, text, texts
from gitops_action.core.manifests.model import Manifest
from gitops_action.core.outcome import Job
from gitops_action.core.trailers import parse_trailers

_MARK = "gitops-action"
_STORED = "stored"
"""The metadata of a field that says how it stands in the payload."""
_FORMAT = 1
_LONGEST_TRAILER = 300
_MOST_TRAILERS = 20
_LONGEST = 30_000
"""Characters of the payload; GitHub does not say what it takes, so we stay far below its pages."""


@dataclass(frozen=True, kw_only=True)
class _Stored:
    """How an attribute stands in the payload.

    Attributes:
        key: its name there.
        write: makes JSON of the value.
        read: finds the value below its key; empty where it is missing or of another type.
        always: written although it is empty.
    """

    key: str
    write: Callable[[Any], object]
    read: Callable[[Mapping[str, object], str], object]
    always: bool = True


def _names(found: Mapping[str, object], key: str) -> tuple[str, ...]:
    return tuple(filter(None, texts(found, key)))


def _names_by_key(found: Mapping[str, object], key: str) -> Mapping[str, tuple[str, ...]]:
    below = mapping(found, key)
    return {str(name): _names(below, name) for name in below}


def _listed(values: Mapping[str, tuple[str, ...]]) -> Mapping[str, list[str]]:
    return {name: list(each) for name, each in values.items()}


def _is_true(found: Mapping[str, object], key: str) -> bool:
    return found.get(key) is True


def _text(key: str) -> Mapping[str, _Stored]:
    return {_STORED: _Stored(key=key, write=str, read=text)}


def _list(key: str) -> Mapping[str, _Stored]:
    return {_STORED: _Stored(key=key, write=list, read=_names)}


def _lists(key: str, *, always: bool = True) -> Mapping[str, _Stored]:
    return {_STORED: _Stored(key=key, write=_listed, read=_names_by_key, always=always)}


def _flag(key: str) -> Mapping[str, _Stored]:
    return {_STORED: _Stored(key=key, write=bool, read=_is_true, always=False)}


@dataclass(frozen=True, kw_only=True)
class RecordContent:
    """What was deployed, where, and by which run; each attribute says how the payload has it.

    Attributes:
        environment: its name.
        commit: of the environment repository.
        hash: of what the environment described at the commit; empty where it is not known.
        key: names the run and its attempt; empty outside of Actions.
        run_url: the run's page.
        targets: the clusters' names.
        applications: each application's images as they are rendered, digests included.
        destroyed: the environment was taken down.
        trailers: of the commit that was deployed, where it has ours: hints, for people who audit.
    """

    environment: str = field(metadata=_text("environment"))
    commit: str = field(metadata=_text("commit"))
    hash: str = field(default="", metadata=_text("hash"))
    key: str = field(default="", metadata=_text("key"))
    run_url: str = field(default="", metadata=_text("run"))
    targets: tuple[str, ...] = field(default=(), metadata=_list("targets"))
    applications: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict, metadata=_lists("applications")
    )
    destroyed: bool = field(default=False, metadata=_flag("destroyed"))
    trailers: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict, metadata=_lists("trailers", always=False)
    )


_ATTRIBUTES: Mapping[str, _Stored] = {
    one.name: one.metadata[_STORED] for one in fields(RecordContent)
}


def write_payload(content: RecordContent) -> Mapping[str, object]:
    """The payload; applications are left out, and that is recorded, where it would be too large."""
    written: dict[str, object] = {_MARK: _FORMAT}
    for name, stored in _ATTRIBUTES.items():
        value = getattr(content, name)
        if stored.always or value:
            written[stored.key] = stored.write(value)
    if len(json.dumps(written)) > _LONGEST:
        written |= {"applications": {}, "applications-left-out": len(content.applications)}
    return written


def read_payload(payload: object) -> RecordContent | None:
    """What a payload says; None for one that is not ours, or that nobody can read any more."""
    found = document_of(payload)
    if found is None or found.get(_MARK) != _FORMAT:
        return None
    values: dict[str, Any] = {
        name: stored.read(found, stored.key) for name, stored in _ATTRIBUTES.items()
    }
    content = RecordContent(**values)
    return content if content.commit and content.environment else None


def document_of(payload: object) -> Mapping[str, object] | None:
    """The payload as a mapping; GitHub gives some as JSON text, and some of those twice."""
    for _ in range(2):
        if isinstance(payload, str):
            try:
                payload = json.loads(payload)
            except (ValueError, RecursionError):
                return None
    return payload if isinstance(payload, Mapping) else None


def audited_trailers(job: Job, commit: str) -> Mapping[str, tuple[str, ...]]:
    """Our trailers on the commit that a push brought, as its event has it; none for other runs."""
    head = mapping(job.event, "head_commit")
    if text(head, "id") != commit:
        return {}
    found = parse_trailers(text(head, "message"))
    return {
        name: tuple(value[:_LONGEST_TRAILER] for value in values[:_MOST_TRAILERS])
        for name, values in found.items()
        if name.startswith("GitOps-")
    }


# Which images each application of an environment runs, as they are rendered.


FolderLookup = Callable[[str], tuple[str | None, ...]]
"""The applications in whose folders a repository's images are described; None for no folder."""


def no_folders(_repository: str) -> tuple[str | None, ...]:
    """Where nothing but declared images names applications."""
    return ()


def applications_of(
    manifests: Iterable[Manifest],
    applications: Sequence[Application],
    folders: FolderLookup = no_folders,
) -> Mapping[str, tuple[str, ...]]:
    """Each application's images; one of no application goes by the end of its repository.

    Args:
        manifests: what the environment renders to.
        applications: as the configuration declares them.
        folders: the applications whose folders describe an image.
    """
    from gitops_action.core.validation.images import images_of  # noqa: PLC0415 - only those that write records pay for it

    found: dict[str, list[str]] = {}
    for image in images_of(manifests):
        for name in _owners(image, applications, folders):
            found.setdefault(name, []).append(image)
    return {name: tuple(found[name]) for name in sorted(found)}


def references_of(images: Iterable[str]) -> tuple[ImageReference, ...]:
    """Those of the images that can be read as references."""
    read = (_read(text) for text in images)
    return tuple(one for one in read if one is not None)


def _owners(
    text: str, applications: Sequence[Application], folders: FolderLookup
) -> tuple[str, ...]:
    reference = _read(text)
    repository = reference.repository if reference else text
    return applications_of_image(repository, folders(repository), applications)


def _read(text: str) -> ImageReference | None:
    try:
        return parse_reference(text)
    except ImageReferenceError:
        return None
