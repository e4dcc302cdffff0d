"""Image references as people write them, and what they stand for."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from gitops_action.core.dataclass import dataclass
from gitops_action.core.images.fault import ImageReferenceError, find_fault
from gitops_action.core.pattern import pattern

# The grammar of image references, as the distribution project's `reference` package defines it.

PATH_LIMIT = 255
"""Longest repository path, in characters, domain not counted (distribution/reference)."""

TEXT_LIMIT = 4096
"""Longest text that is looked at, well over what registries and runtimes take."""

_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_PATH = rf"{_COMPONENT}(?:/{_COMPONENT})*"
_LABEL = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAIN = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_DIGEST = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}"
_REFERENCE = pattern(
    rf"(?:(?P<domain>{_DOMAIN})/)?(?P<path>{_PATH})(?::(?P<tag>{_TAG}))?(?:@(?P<digest>{_DIGEST}))?"
)
_SHA256 = pattern(r"sha256:[0-9a-f]{64}")
_IDENTIFIER = pattern(r"[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class Parts:
    """A reference taken apart literally. `domain` is empty where the text has none."""

    domain: str
    path: str
    tag: str | None
    digest: str | None

    @property
    def name(self) -> str:
        """Domain and path, as written."""
        return f"{self.domain}/{self.path}" if self.domain else self.path


def parse(text: str) -> Parts:
    """Take a reference apart.

    Raises:
        ImageReferenceError: it is none; the error points at the offending character.
    """
    check_length(text)
    found = _REFERENCE.fullmatch(text)
    if found is None:
        lowered = _REFERENCE.fullmatch(text.lower()) is not None
        raise find_fault(text, uppercase=lowered)
    parts = Parts(
        domain=found["domain"] or "", path=found["path"], tag=found["tag"], digest=found["digest"]
    )
    _check_limits(text, parts)
    return parts


def check_length(text: str) -> None:
    """Refuse a text that is longer than any reference, before anything is matched on it."""
    if len(text) > TEXT_LIMIT:
        reason = f"the text has {len(text)} characters, no reference is longer than {TEXT_LIMIT}"
        raise ImageReferenceError(text, TEXT_LIMIT, kind="too-long", reason=reason)


def is_identifier(text: str) -> bool:
    """Whether the text is a bare image id (64 hexadecimal digits), which is never a name."""
    return _IDENTIFIER.fullmatch(text) is not None


def is_digest(text: str) -> bool:
    """Whether the text is a digest as registries give it: `sha256:` and 64 lower-case digits."""
    return _SHA256.fullmatch(text) is not None


def _check_limits(text: str, parts: Parts) -> None:
    if len(parts.path) > PATH_LIMIT:
        offset = len(parts.name) - len(parts.path) + PATH_LIMIT
        reason = f"the path has {len(parts.path)} characters, at most {PATH_LIMIT} are allowed"
        raise ImageReferenceError(text, offset, kind="too-long", reason=reason)
    if parts.digest is not None and not is_digest(parts.digest):
        raise _digest_error(text, parts.digest)


def _digest_error(text: str, digest: str) -> ImageReferenceError:
    offset = len(text) - len(digest)
    algorithm, _, value = digest.partition(":")
    if algorithm != "sha256":
        reason = f"digests of kind {algorithm} are not supported"
        return ImageReferenceError(
            text, offset, kind="digest-unsupported", reason=reason, fix="use a sha256 digest"
        )
    offset += len("sha256:")
    if value != value.lower() and len(value) == len("f" * 64):
        offset += next(at for at, letter in enumerate(value) if letter.isupper())
        reason = "a digest is written in lower case"
        return ImageReferenceError(text, offset, kind="format", reason=reason)
    reason = f"a sha256 digest has 64 hexadecimal digits, this one has {len(value)}"
    return ImageReferenceError(
        text, offset + min(len(value), 64), kind="digest-length", reason=reason
    )


DEFAULT_DOMAIN = "docker.io"
_LEGACY_DOMAIN = "index.docker.io"
_OFFICIAL = "library/"
_DEFAULT_TAG = "latest"
_KEEP = "\0keep"


@dataclass(frozen=True, kw_only=True)
class ImageReference:
    """A reference: `name` keeps the spelling given, the properties are normalised.

    Attributes:
        name: as written, without tag and digest: `nginx`, `ghcr.io/acme/web`, `localhost:5000/x`.
        tag: without its colon.
        digest: `sha256:…`.

    Raises:
        ImageReferenceError: the parts do not make a reference.
    """

    name: str
    tag: str | None = None
    digest: str | None = None

    def __post_init__(self) -> None:
        """No malformed reference exists: the error is raised where one is put together."""
        if _split(str(self)) != (self.name, self.tag, self.digest):
            reason = "the name carries a tag or digest of its own, or a part is empty"
            raise ImageReferenceError(str(self), 0, kind="format", reason=reason)

    @property
    def domain(self) -> str:
        """The registry, `docker.io` where none is written."""
        return _resolve(self.name)[0]

    @property
    def path(self) -> str:
        """The repository on its registry: `library/nginx`."""
        return _resolve(self.name)[1]

    @property
    def repository(self) -> str:
        """Registry and repository: `docker.io/library/nginx`."""
        return f"{self.domain}/{self.path}"

    @property
    def familiar(self) -> str:
        """The shortest spelling of the repository, as Docker shows it: `nginx`."""
        if self.domain != DEFAULT_DOMAIN:
            return self.repository
        short = self.path.removeprefix(_OFFICIAL)
        return self.path if "/" in short else short

    @property
    def pulled(self) -> str:
        """What a container runtime asks for: the digest, else the tag, else `latest`."""
        if self.digest:
            return f"{self.repository}@{self.digest}"
        return f"{self.repository}:{self.tag or _DEFAULT_TAG}"

    def __str__(self) -> str:
        """The reference as written: `name[:tag][@digest]`."""
        tag = "" if self.tag is None else f":{self.tag}"
        digest = "" if self.digest is None else f"@{self.digest}"
        return f"{self.name}{tag}{digest}"

    def with_(
        self, *, name: str | None = None, tag: str | None = _KEEP, digest: str | None = _KEEP
    ) -> ImageReference:
        """A copy with another name, tag or digest; None takes the tag or digest away."""
        return replace(
            self,
            name=self.name if name is None else name,
            tag=self.tag if tag == _KEEP else tag,
            digest=self.digest if digest == _KEEP else digest,
        )


def parse_reference(text: str) -> ImageReference:
    """Read a reference, familiar names included (`nginx`, `acme/web:v1`).

    Raises:
        ImageReferenceError: it is none; the error points at the offending character.
    """
    name, tag, digest = _split(text)
    return ImageReference(name=name, tag=tag, digest=digest)


def normalise_repository(name: str) -> str:
    """The full name of a repository: `nginx` becomes `docker.io/library/nginx`.

    Raises:
        ImageReferenceError: it is no repository name, or carries a tag or digest.
    """
    reference = parse_reference(name)
    if reference.name != name:
        reason = "a repository is named here, without tag or digest"
        fix = f"write `{reference.name}`"
        raise ImageReferenceError(name, len(reference.name), kind="format", reason=reason, fix=fix)
    return reference.repository


def same_repository(a: str, b: str) -> bool:
    """Whether two names mean the same repository; False when either is no repository name."""
    try:
        return normalise_repository(a) == normalise_repository(b)
    except ImageReferenceError:
        return False


def canonical(text: str) -> str:
    """The full form of a reference, of a bare image id or of a bare digest, as runtimes log them.

    Raises:
        ImageReferenceError: it is none of these.
    """
    if is_identifier(text):
        return f"sha256:{text}"
    if is_digest(text):
        return text
    reference = parse_reference(text)
    return str(reference.with_(name=reference.repository))


@lru_cache(maxsize=4096)
def _split(text: str) -> tuple[str, str | None, str | None]:
    """Name as written, tag and digest."""
    if is_identifier(text):
        reason = "64 hexadecimal digits are an image id, not a repository name"
        fix = "name the image, or write `name@sha256:…`"
        raise ImageReferenceError(text, 0, kind="identifier", reason=reason, fix=fix)
    check_length(text)
    domain, rest = _domain_and_rest(text)
    written = len(text) - len(rest)
    literal = not rest or (text.startswith("[") and "/" not in text)
    try:
        parts = parse(text if literal else f"{domain}/{rest}")
    except ImageReferenceError as error:
        raise _in_place(text, error, shift=written - len(domain) - 1) from None
    tail = sum(len(part) + 1 for part in (parts.tag, parts.digest) if part is not None)
    return text[: len(text) - tail], parts.tag, parts.digest


def _in_place(text: str, error: ImageReferenceError, *, shift: int) -> ImageReferenceError:
    """The same error, pointing into the text as it was written."""
    offset = error.column - 1 + (shift if error.text != text else 0)
    bounded = min(max(offset, 0), len(text))
    return ImageReferenceError(text, bounded, kind=error.kind, reason=error.reason, fix=error.fix)


@lru_cache(maxsize=4096)
def _resolve(name: str) -> tuple[str, str]:
    """Domain and path that a valid name stands for."""
    domain, path = _domain_and_rest(name)
    if domain == DEFAULT_DOMAIN and "/" not in path:
        path = _OFFICIAL + path
    return domain, path


def _domain_and_rest(text: str) -> tuple[str, str]:
    """Where the domain ends, by the rule of `ParseNormalizedNamed` (distribution/reference).

    The first part is a domain when it is `localhost`, has a dot or a colon, or a capital.
    """
    first, slash, rest = text.partition("/")
    if not slash:
        return DEFAULT_DOMAIN, text
    if first in {_LEGACY_DOMAIN, DEFAULT_DOMAIN}:
        return DEFAULT_DOMAIN, rest
    if first == "localhost" or "." in first or ":" in first or first != first.lower():
        return first, rest
    return DEFAULT_DOMAIN, text
