"""Requests and answers as the server passes them around."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from testbed.forge.errors import ApiError


@dataclass(frozen=True, kw_only=True)
class HttpRequest:
    """A request with its body read. `path` keeps its percent-escapes."""

    method: str
    host: str
    path: str
    query_string: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def query(self) -> dict[str, str]:
        """The query parameters; of repeated ones the last."""
        return dict(parse_qsl(self.query_string, keep_blank_values=True))

    def plain_body(self) -> bytes:
        """Return the body, unpacked.

        Raises:
            ApiError: 400, it says it is gzip and is not.
        """
        if self.headers.get("content-encoding") != "gzip":
            return self.body
        try:
            return gzip.decompress(self.body)
        except (OSError, EOFError, zlib.error) as error:
            raise ApiError(status=400, message="Problems parsing the body") from error


@dataclass(frozen=True, kw_only=True)
class HttpReply:
    """An answer. `stream`, if there is one, is sent in chunks instead of `body`."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    operation: str = ""
    stream: Iterator[bytes] | None = None


class ConnectionCutError(Exception):
    """The connection ends here, without an answer."""
