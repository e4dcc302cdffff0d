"""Image references as people write them, and what they stand for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from gitops_action.core.images import grammar
from gitops_action.core.images.errors import ImageReferenceError

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
        """No malformed reference exists: whoever puts one together meets the error there."""
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
    if grammar.is_identifier(text):
        return f"sha256:{text}"
    if grammar.is_digest(text):
        return text
    reference = parse_reference(text)
    return str(reference.with_(name=reference.repository))


@lru_cache(maxsize=4096)
def _split(text: str) -> tuple[str, str | None, str | None]:
    """Name as written, tag and digest."""
    if grammar.is_identifier(text):
        reason = "64 hexadecimal digits are an image id, not a repository name"
        fix = "name the image, or write `name@sha256:…`"
        raise ImageReferenceError(text, 0, kind="identifier", reason=reason, fix=fix)
    grammar.check_length(text)
    domain, rest = _domain_and_rest(text)
    written = len(text) - len(rest)
    literal = not rest or (text.startswith("[") and "/" not in text)
    try:
        parts = grammar.parse(text if literal else f"{domain}/{rest}")
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
