"""A token server that speaks Docker's registry token protocol.

It follows Distribution's "Token Authentication Specification": the registry sends clients here
with `WWW-Authenticate: Bearer`, and reads who signed by the certificate in the token's header.
"""

from __future__ import annotations

import base64
import contextlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from testbed.registry.push import basic

_ISSUER = "gitops-action test bed"
_SERVICE = "test-registry"
_LIFETIME = 300


@dataclass(frozen=True, kw_only=True)
class TokenServer:
    """Hands tokens to one account, and pull tokens for public repositories to everybody."""

    url: str
    bundle: Path
    user: str
    password: str
    public: tuple[str, ...]
    _key: ec.EllipticCurvePrivateKey
    _certificate: x509.Certificate

    @classmethod
    @contextlib.contextmanager
    def start(
        cls, root: Path, user: str, password: str, public: tuple[str, ...]
    ) -> Iterator[TokenServer]:
        """Serve tokens on a free loopback port while the block runs."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _self_signed(key)
        bundle = root / "token-certificate.pem"
        bundle.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as http:
            server = cls(
                url=f"http://127.0.0.1:{http.server_port}/token",
                bundle=bundle,
                user=user,
                password=password,
                public=public,
                _key=key,
                _certificate=certificate,
            )
            http.tokens = server  # type: ignore[attr-defined] # the handler's way to its server
            thread = threading.Thread(target=http.serve_forever, daemon=True)
            thread.start()
            try:
                yield server
            finally:
                http.shutdown()
                thread.join()

    def settings(self) -> dict[str, str]:
        """The registry's side of it, by Distribution's configuration reference."""
        return {
            "realm": self.url,
            "service": _SERVICE,
            "issuer": _ISSUER,
            "rootcertbundle": str(self.bundle),
        }

    def issue(self, repository: str, actions: tuple[str, ...] = ("pull", "push", "delete")) -> str:
        """Sign a token for these actions on one repository."""
        now = int(time.time())
        claims = {
            "iss": _ISSUER,
            "sub": self.user,
            "aud": _SERVICE,
            "nbf": now - 10,
            "iat": now,
            "exp": now + _LIFETIME,
            "jti": secrets.token_hex(8),
            "access": [{"type": "repository", "name": repository, "actions": list(actions)}]
            if actions
            else [],
        }
        der = self._certificate.public_bytes(serialization.Encoding.DER)
        header = {"x5c": [base64.b64encode(der).decode()]}
        return jwt.encode(claims, self._key, algorithm="ES256", headers=header)

    def answer(self, query: str, authorization: str) -> tuple[HTTPStatus, dict[str, str]]:
        """Answer a client's request for a token: a wrong account gets 401, none gets little."""
        known = self._knows(authorization)
        if authorization and not known:
            return HTTPStatus.UNAUTHORIZED, {"details": "incorrect username or password"}
        scope = parse_qs(query).get("scope", ["repository::"])[0]
        _, _, rest = scope.partition(":")
        repository, _, requested = rest.rpartition(":")
        allowed = {"pull", "push", "delete"} if known else set()
        if repository in self.public:
            allowed.add("pull")
        granted = tuple(action for action in requested.split(",") if action in allowed)
        return HTTPStatus.OK, {"token": self.issue(repository, granted)}

    def _knows(self, authorization: str) -> bool:
        return secrets.compare_digest(authorization, basic(self.user, self.password))


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        tokens: TokenServer = self.server.tokens  # type: ignore[attr-defined] # set by start
        query = urlsplit(self.path).query
        status, content = tokens.answer(query, self.headers.get("Authorization", ""))
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Say nothing: tokens are asked for with passwords."""


def _self_signed(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, _ISSUER)])
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
