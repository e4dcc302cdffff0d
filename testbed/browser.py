"""Headless Chromium on pages of our own: what a page becomes, and its picture.

It is driven by the DevTools protocol: a window of the command line is 500 pixels wide at least,
and a phone is narrower.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from websocket import WebSocket, create_connection

from testbed.process import PartError

Theme = Literal["light", "dark"]

_SECONDS = 60
_ADDRESS = re.compile(r"DevTools listening on (ws://\S+)")
_LOADED = (
    'new Promise(on => document.readyState == "complete" ? on() : addEventListener("load", on))'
)
_PHONE = 600
"""Windows that are narrower are those of phones, which heed the page's `viewport`."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page that is shown in a window."""

    connection: WebSocket
    session: str

    def evaluate(self, script: str) -> Any:
        """The value of an expression, awaited; the page's content policy does not apply to it.

        Raises:
            PartError: it failed.
        """
        found = self._send(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in found:
            raise PartError(f"the page's script failed: {json.dumps(found['exceptionDetails'])}")
        return found["result"].get("value")

    def picture(self) -> bytes:
        """All of the page as PNG, also what the window is too low for."""
        size = self._send("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        found = self._send("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)
        return base64.b64decode(found["data"])

    def show(self, address: str, *, width: int, height: int, theme: Theme) -> None:
        """Open an address in a window of this size."""
        self._send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < _PHONE,
        )
        scheme = {"name": "prefers-color-scheme", "value": theme}
        self._send("Emulation.setEmulatedMedia", features=[scheme])
        self._send("Page.navigate", url=address)
        self.evaluate(_LOADED)

    def _send(self, method: str, **parameters: object) -> dict[str, Any]:
        return _send(self.connection, method, session=self.session, **parameters)


class Browser:
    """Chromium, or the browser of its kind that `CHROMIUM` names."""

    def __init__(self) -> None:
        """Find it.

        Raises:
            PartError: it is not installed.
        """
        name = os.environ.get("CHROMIUM", "chromium")
        found = shutil.which(name)
        if found is None:
            raise PartError(f"{name} is not installed: install Chromium, or set CHROMIUM")
        self._program = found

    @contextmanager
    def page(
        self, html: str, *, width: int, height: int = 800, theme: Theme = "light"
    ) -> Iterator[Page]:
        """Show a page until the block ends."""
        with tempfile.TemporaryDirectory(
            prefix="gitops-browser-", ignore_cleanup_errors=True
        ) as folder:
            file = Path(folder) / "page.html"
            file.write_text(html, encoding="utf-8")
            with self._started(Path(folder) / "profile") as connection:
                target = _send(connection, "Target.createTarget", url="about:blank")["targetId"]
                attached = _send(connection, "Target.attachToTarget", targetId=target, flatten=True)
                page = Page(connection=connection, session=attached["sessionId"])
                page.show(file.as_uri(), width=width, height=height, theme=theme)
                yield page

    @contextmanager
    def _started(self, profile: Path) -> Iterator[WebSocket]:
        process = subprocess.Popen(
            [
                self._program,
                "--headless",
                "--disable-gpu",
                "--disable-dev-shm-usage",  # /dev/shm is small in containers
                "--hide-scrollbars",
                "--remote-debugging-port=0",
                f"--user-data-dir={profile}",
                # Chromium refuses to run in its sandbox as root.
                *(["--no-sandbox"] if os.geteuid() == 0 else []),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            connection = create_connection(
                _address(process), timeout=_SECONDS, suppress_origin=True, http_no_proxy=["*"]
            )
            try:
                yield connection
                _send(connection, "Browser.close")
            finally:
                connection.close()
        finally:
            _end(process)


def _address(process: subprocess.Popen[str]) -> str:
    """Where it listens, on the loopback: it prints that once it does."""
    said = []
    for line in process.stderr or ():
        if found := _ADDRESS.search(line):
            return found[1]
        said.append(line)
    raise PartError(f"{process.args!s} ended:\n{''.join(said)[-4000:]}")


def _end(process: subprocess.Popen[str]) -> None:
    try:
        process.communicate(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()


def _send(
    connection: WebSocket, method: str, *, session: str = "", **parameters: object
) -> dict[str, Any]:
    """Ask, and read up to the answer; one question is open at a time."""
    message = {"id": 1, "method": method, "params": parameters}
    connection.send(json.dumps(message | ({"sessionId": session} if session else {})))
    while "id" not in (found := json.loads(connection.recv())):
        pass
    if "error" in found:
        raise PartError(f"Chromium refused {method}: {found['error'].get('message')}")
    answer: dict[str, Any] = found["result"]
    return answer
