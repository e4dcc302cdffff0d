"""What a bump is asked for: images looked up once, explicit edits, and where images come from."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Literal

from gitops_action.commands.ports import Registry
from gitops_action.core.config import Config
from gitops_action.core.dataclass import dataclass
from gitops_action.core.images import (
    ImageChange,
    ImageReference,
    ImageSource,
    parse_image_lines,
    verify_pin,
)
from gitops_action.core.images.oci import ImageFacts, ImageMissingError, RegistryError, image_source
from gitops_action.core.inputs.bump import BumpInputs
from gitops_action.core.outcome import Job, Notice
from gitops_action.core.plan import SetEdit, parse_set_lines
from gitops_action.core.provenance import source_of
from gitops_action.errors import UsageError

# Look the wanted images up once: they exist, tag and digest fit, digests are pinned.

DigestMode = Literal["pin", "keep", "drop"]
VerifyMode = Literal["auto", "required", "off"]


@dataclass(frozen=True, kw_only=True)
class VerifiedImage:
    """A wanted image after the look-up; `facts` is None where the registry was not read."""

    change: ImageChange
    facts: ImageFacts | None
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ImagePolicy:
    """How strictly images are looked up and how their digests are written."""

    verify: VerifyMode
    digest: DigestMode


def verify_images(
    changes: tuple[ImageChange, ...], registry: Registry | None, policy: ImagePolicy
) -> tuple[VerifiedImage, ...]:
    """Resolve every wanted image exactly once, so that the same digest is written everywhere.

    Without a registry (`mode: local`) nothing is looked up and digests stay as they were given.

    Raises:
        GitOpsError: the image is missing, its tag and digest do not belong together, or
            `verify: required` could not be fulfilled.
    """
    if registry is None and changes and policy.verify == "required":
        raise UsageError(
            "`verify: required` cannot be fulfilled",
            cause="without network (`mode: local`) no registry is asked",
            fix="use `verify: auto`, or another `mode`",
        )
    if registry is None:
        return tuple(VerifiedImage(change=_written(c, None, policy), facts=None) for c in changes)
    return tuple(_verify(change, registry.describe, policy) for change in changes)


def _verify(
    change: ImageChange, describe: Callable[[ImageReference], ImageFacts], policy: ImagePolicy
) -> VerifiedImage:
    if not _worth_asking(change.target, policy):
        return VerifiedImage(change=_written(change, None, policy), facts=None)
    try:
        facts = describe(change.target)
    except RegistryError as error:
        notice = _tolerate(error, change.target, policy)
        return VerifiedImage(change=_written(change, None, policy), facts=None, notices=(notice,))
    mismatch = verify_pin(change.target, facts)
    if mismatch and policy.verify != "off":
        raise mismatch
    return VerifiedImage(change=_written(change, facts, policy), facts=facts)


def _worth_asking(target: ImageReference, policy: ImagePolicy) -> bool:
    unpinned = policy.digest == "pin" and target.digest is None
    return policy.verify != "off" or unpinned


def _tolerate(error: RegistryError, target: ImageReference, policy: ImagePolicy) -> Notice:
    certain = isinstance(error, ImageMissingError) and policy.verify == "auto"
    if certain or policy.verify == "required":
        raise error
    unpinned = policy.digest == "pin" and target.digest is None
    effect = "; the tag is written without a digest" if unpinned else ""
    return Notice(level="warning", text=f"{target} could not be verified{effect}: {error}")


def _written(change: ImageChange, facts: ImageFacts | None, policy: ImagePolicy) -> ImageChange:
    """The change as it is to be written into files under this digest mode."""
    target = change.target
    if policy.digest == "drop":
        if target.tag is None:
            raise UsageError(
                f"{target} has no tag that could stay when the digest is dropped",
                fix="give the image with a tag, or use `digest: pin`",
            )
        return replace(change, target=target.with_(digest=None))
    if policy.digest == "pin" and target.digest is None and facts is not None:
        return replace(change, target=target.with_(digest=facts.digest))
    return change


@dataclass(frozen=True, kw_only=True)
class BumpRequest:
    """The images and explicit edits of one bump.

    `carried` are those of `changes` that an earlier bump proposed and that are still open.
    """

    images: tuple[VerifiedImage, ...]
    sets: tuple[SetEdit, ...]
    carried: tuple[ImageChange, ...] = ()

    @property
    def changes(self) -> tuple[ImageChange, ...]:
        """The image changes to plan: those asked for, then those carried over."""
        return (*(image.change for image in self.images), *self.carried)

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What the look-up had to say."""
        return tuple(notice for image in self.images for notice in image.notices)

    def without(self, changes: Collection[ImageChange]) -> BumpRequest:
        """Leave out these image changes."""
        return replace(self, images=tuple(i for i in self.images if i.change not in changes))

    def carrying(self, pending: tuple[ImageChange, ...], set_lines: tuple[str, ...]) -> BumpRequest:
        """Add what earlier bumps proposed, where this one does not ask for something else."""
        asked = {change.repository for change in self.changes}
        renamed = {change.target.repository for change in self.changes}
        known = {(edit.file, str(edit.path)) for edit in self.sets}
        carried = [
            change
            for change in pending
            if change.repository not in asked and change.target.repository not in renamed
        ]
        sets = [
            edit
            for edit in parse_set_lines("\n".join(set_lines))
            if (edit.file, str(edit.path)) not in known
        ]
        return replace(self, carried=(*self.carried, *carried), sets=(*self.sets, *sets))


def read_requested(inputs: BumpInputs, registry: Registry | None) -> BumpRequest:
    """Read and verify what is asked for.

    Raises:
        GitOpsError: a line is malformed, an image is missing or differs from its description.
    """
    changes = parse_image_lines(inputs.images)
    policy = ImagePolicy(verify=inputs.verify, digest=inputs.digest)
    images = verify_images(changes, registry, policy)
    return BumpRequest(images=images, sets=parse_set_lines(inputs.set))


def applications_of(inputs: BumpInputs, requested: BumpRequest, config: Config) -> tuple[str, ...]:
    """The applications that can be meant: those named, else those declared with these images.

    None where that cannot be determined before the files are read.
    """
    if inputs.application or not requested.changes or requested.sets:
        return inputs.application
    if not all(application.images for application in config.applications):
        return ()
    repositories = {change.repository for change in requested.changes}
    return tuple(app.name for app in config.applications if repositories & set(app.images))


def sources(
    requested: BumpRequest, *, given: ImageSource | None, config: Config, job: Job
) -> Mapping[str, ImageSource | None]:
    """The source of each image that was asked for, by repository."""
    return {
        image.change.repository: source_of(
            image.change.repository,
            given=given,
            facts=image.facts,
            applications=config.applications,
            job=job,
        )
        for image in requested.images
    }


def described_source(
    registry: Registry | None, reference: ImageReference | None, job: Job
) -> ImageSource | None:
    """The source of an image that an environment describes already, if its registry knows it."""
    if registry is None or reference is None or not (reference.tag or reference.digest):
        return None
    try:
        return image_source(registry.describe(reference), server_url=job.server_url)
    except RegistryError:
        return None
