"""Run a forge as a process: `python -m testbed.forge --root DIR --port N [--seed FILE]`."""

from __future__ import annotations

import argparse
import json
import signal
import threading
from pathlib import Path
from typing import Any

from testbed.forge.forge import Forge


def main() -> None:
    """Serve until a signal ends it; prints the addresses as one line of JSON when ready."""
    parser = argparse.ArgumentParser(prog="python -m testbed.forge", description=__doc__)
    parser.add_argument("--root", type=Path, required=True, help="folder for the repositories")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0: a free one")
    parser.add_argument("--seed", type=Path, help="JSON file: repositories and tokens to make")
    options = parser.parse_args()
    seed = json.loads(options.seed.read_text()) if options.seed else {}
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with Forge.start(options.root, port=options.port) as forge:
        tokens = sow(forge, seed)
        addresses = {
            "server_url": forge.server_url,
            "api_url": forge.api_url,
            "graphql_url": forge.graphql_url,
        }
        print(json.dumps({**addresses, "tokens": tokens}), flush=True)
        ended.wait()


def sow(forge: Forge, seed: dict[str, Any]) -> dict[str, str]:
    """Make the repositories and tokens of a seed; returns the tokens by their names.

    A seed is `{"repositories": {"OWNER/NAME": {"files": {PATH: TEXT}, "private": true}},
    "tokens": {"NAME": {"kind": "app", …}}}`, with the keywords of `Forge.create_repository`
    and `Forge.token`.
    """
    for name, given in seed.get("repositories", {}).items():
        forge.create_repository(name, **given)
    return {name: forge.token(**given) for name, given in seed.get("tokens", {}).items()}


if __name__ == "__main__":
    main()
