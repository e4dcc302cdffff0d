"""`python -m release`: prepare a release, find its image, publish it.

The token comes from RELEASE_TOKEN, never from a flag.
"""

from __future__ import annotations

import argparse
import base64
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from gitops_action.adapters.registry import Accounts, RegistryClient, read_docker_config
from gitops_action.core.images import parse_reference
from gitops_action.core.images.oci import ImageMissingError
from gitops_action.errors import GitOpsError
from release.callers import ROOT
from release.prepare import prepare
from release.publish import Image, Release, Releases
from release.tree import Naming


def main(words: Sequence[str], environ: Mapping[str, str] = os.environ, root: Path = ROOT) -> int:
    """Run it; gives the exit code."""
    given = _arguments().parse_args(words)
    try:
        if given.step == "prepare":
            date = f"{datetime.now(UTC):%Y-%m-%d}"
            lines = [str(path.relative_to(root)) for path in prepare(root, given.version, date)]
        elif given.step == "find-image":
            found = find_image(f"{given.name.lower()}:{given.version}", environ)
            lines = [found.digest] if found and found.revision == given.commit else [""]
        else:
            lines = list(_publish(given, environ, root))
    except GitOpsError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 0


def find_image(reference: str, environ: Mapping[str, str]) -> Image | None:
    """What the registry says of the image; None where it has none of that name.

    Raises:
        GitOpsError: it cannot be asked.
    """
    parsed = parse_reference(reference)
    accounts = Accounts(docker=read_docker_config(environ))
    client = RegistryClient(accounts, local=frozenset({parsed.domain}))
    try:
        facts = client.describe(parsed)
    except ImageMissingError:
        return None
    return Image(digest=facts.digest, revision=facts.revision)


def _publish(given: argparse.Namespace, environ: Mapping[str, str], root: Path) -> Sequence[str]:
    token = environ.get("RELEASE_TOKEN", "")
    image = f"{given.image.rpartition('@')[0].lower()}@{given.image.rpartition('@')[2]}"
    release = Release(
        root=root,
        naming=Naming(repository=given.repository, version=given.version, image=image),
        remote=given.remote,
        image=lambda reference: find_image(reference, environ),
        releases=_releases(given, token) if token else None,
        environ=_header(token) if token else {},
    )
    return release.run(dry_run=given.dry_run)


def _releases(given: argparse.Namespace, token: str) -> Releases:
    from release.github import GitHubReleases  # noqa: PLC0415 - loads PyGithub

    return GitHubReleases(token, given.api_url, given.repository)


def _header(token: str) -> Mapping[str, str]:
    """Git's configuration by variables: no command line and no file shows the token."""
    basic = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    return {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "http.extraHeader",
        "GIT_CONFIG_VALUE_0": f"Authorization: Basic {basic}",
    }


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m release", description=__doc__)
    steps = parser.add_subparsers(dest="step", required=True)
    first = steps.add_parser("prepare", help="write version, changelog section and callers")
    first.add_argument("version")
    second = steps.add_parser("find-image", help="print the digest that an earlier run pushed")
    second.add_argument("version")
    second.add_argument("--name", required=True, help="the image without tag")
    second.add_argument("--commit", required=True, help="that it has to be built from")
    third = steps.add_parser("publish", help="make commits, tags and the GitHub release")
    third.add_argument("version")
    third.add_argument("--repository", required=True, help="OWNER/NAME that releases")
    third.add_argument("--image", required=True, help="NAME@sha256:…")
    third.add_argument("--remote", default="origin", help="where Git pushes to")
    third.add_argument("--api-url", default="https://api.github.com")
    third.add_argument("--dry-run", action="store_true", help="check, and push nothing")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
