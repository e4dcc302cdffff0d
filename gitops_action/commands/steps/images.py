"""Look the wanted images up once: they exist, tag and digest fit, digests are pinned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from gitops_action.commands.ports import Registry
from gitops_action.core.images import ImageChange, ImageReference, verify_pin
from gitops_action.core.outcome import Notice
from gitops_action.core.registry import ImageFacts, ImageMissingError, RegistryError
from gitops_action.errors import UsageError

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
