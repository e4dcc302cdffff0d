"""A real registry (CNCF Distribution) as a process on a free loopback port."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from testbed import cache, published, reaper
from testbed.gotool import REGISTRY, go_program
from testbed.process import PartError
from testbed.registry.images import Image
from testbed.registry.push import Headers, Pusher, basic
from testbed.registry.token import TokenServer

USER = "robot"
PASSWORD = "registry-password-for-tests"  # noqa: S105 - the account of a registry that lives for one test
# bcrypt of PASSWORD with the lowest cost that is taken: the only hash the registry reads.
_HTPASSWD = f"{USER}:$2b$05$gitopsactiontestbed12uVUmswq0eBM2JoN93ZtD9IIWTAP1tSHG\n"
_START_SECONDS = 30

Auth = Literal["basic", "token"]


@dataclass(frozen=True, kw_only=True)
class Registry:
    """A registry that runs.

    Attributes:
        address: `localhost:PORT`, the way images name it; Docker needs no TLS for it.
        auth: how it asks who you are; None lets everybody in.
        user: the account that may read and write everything.
        password: the account's password.
        log: the file it writes, with one line for each request.
    """

    address: str
    auth: Auth | None
    user: str
    password: str
    log: Path
    _pusher: Pusher

    @classmethod
    @contextlib.contextmanager
    def start(
        cls, root: Path, auth: Auth | None = None, *, public: tuple[str, ...] = ()
    ) -> Iterator[Registry]:
        """Run a registry while the block runs.

        Args:
            root: the folder for its images and its log.
            auth: `basic` (htpasswd) or `token` (Docker's token protocol).
            public: repositories that everybody may pull when `auth` is `token`.

        Raises:
            PartError: there is no registry program or it does not start.
        """
        root.mkdir(parents=True, exist_ok=True)
        with contextlib.ExitStack() as stack:
            tokens = None
            if auth == "token":
                tokens = stack.enter_context(TokenServer.start(root, USER, PASSWORD, public))
            settings = _settings(root, auth, tokens)
            port = stack.enter_context(_process(root, settings))
            yield cls(
                address=f"localhost:{port}",
                auth=auth,
                user=USER if auth else "",
                password=PASSWORD if auth else "",
                log=root / "registry.log",
                _pusher=Pusher(url=f"http://127.0.0.1:{port}", headers=_headers(auth, tokens)),
            )

    def push_image(  # noqa: PLR0913 - each is a property of an image that a test may need
        self,
        repository: str,
        tag: str,
        *,
        labels: Mapping[str, str] | None = None,
        annotations: Mapping[str, str] | None = None,
        files: Mapping[str, bytes] | None = None,
        index: bool = False,
        docker: bool = False,
    ) -> str:
        """Push a small image without Docker and return the digest that the tag names.

        Args:
            repository: for example `acme/web`.
            tag: for example `v1.2.3`.
            labels: labels of the image's config.
            annotations: annotations of the manifest, or of the index when there is one.
            files: what its one layer holds; a text that names the image when None.
            index: push two platforms (amd64, arm64) below an index.
            docker: Docker's media types in place of OCI's.
        """
        image = Image(
            files=files or {"image": f"{repository}:{tag}\n".encode()},
            labels=labels or {},
            annotations=annotations or {},
            docker=docker,
        )
        return self._pusher.push(repository, tag, image, index=index)

    def attach(self, repository: str, digest: str, kind: str, *documents: bytes) -> None:
        """Attach documents of a media type to an image, in the place of those that it has."""
        self._pusher.attach(repository, digest, kind, documents)

    def delete(self, repository: str, digest: str) -> None:
        """Delete a manifest, so that its tags are gone too."""
        self._pusher.delete(repository, digest)

    def requests(self) -> tuple[str, ...]:
        """The requests so far, each as `METHOD /path`."""
        return tuple(re.findall(r'"([A-Z]+ /v2/\S*) HTTP', self.log.read_text(encoding="utf-8")))


def _settings(root: Path, auth: Auth | None, tokens: TokenServer | None) -> dict[str, object]:
    """The registry's configuration, by Distribution's configuration reference."""
    settings: dict[str, object] = {
        "version": "0.1",
        "log": {"level": "info"},
        "storage": {
            "filesystem": {"rootdirectory": str(root / "images")},
            "delete": {"enabled": True},
        },
        "http": {"addr": "127.0.0.1:0", "secret": "only-one-instance-runs"},
    }
    if auth == "basic":
        accounts = root / "htpasswd"
        accounts.write_text(_HTPASSWD)
        settings["auth"] = {"htpasswd": {"realm": "test bed", "path": str(accounts)}}
    if tokens:
        settings["auth"] = {"token": tokens.settings()}
    return settings


def _headers(auth: Auth | None, tokens: TokenServer | None) -> Headers:
    """How our own pushes say who they are, for each repository."""
    if tokens:
        return lambda repository: {"Authorization": f"Bearer {tokens.issue(repository)}"}
    if auth == "basic":
        return lambda _repository: {"Authorization": basic(USER, PASSWORD)}
    return lambda _repository: {}


def find_program() -> Path | None:
    """Where the registry's program is without making it; None when it is nowhere."""
    installed = shutil.which("docker-registry")
    places = [Path(installed)] if installed else []
    places += [cache.root() / item for item in (published.REGISTRY.item, REGISTRY.item)]
    return next((path for path in places if path.exists()), None)


def make_program() -> Path:
    """Fetch the program; build it where that is not possible.

    Raises:
        PartError: neither is possible.
    """
    try:
        return published.fetch(published.REGISTRY)
    except PartError as error:
        print(f"{error}\nso it is built", file=sys.stderr, flush=True)
    return go_program(REGISTRY)


@contextlib.contextmanager
def _process(root: Path, settings: dict[str, object]) -> Iterator[int]:
    config, log = root / "registry.json", root / "registry.log"
    config.write_text(json.dumps(settings))
    program = str(find_program() or make_program())
    reaper.protect()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [program, "serve", str(config)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield _port(process, log)
    finally:
        process.terminate()
        process.wait()


def _port(process: subprocess.Popen[bytes], log: Path) -> int:
    """Wait until the log names the port that the system chose."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        found = re.search(r"listening on 127\.0\.0\.1:(\d+)", log.read_text(encoding="utf-8"))
        if found:
            return int(found.group(1))
        time.sleep(0.02)
    raise PartError(f"the registry does not start:\n{log.read_text(encoding='utf-8')[-2000:]}")
