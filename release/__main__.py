"""`python -m release`: prepare a release, check it, find its image, publish it.

The token comes from RELEASE_TOKEN, never from a flag.
"""

from __future__ import annotations

import argparse
import base64
import os
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from gitops_action.adapters.registry import Accounts, RegistryClient, read_docker_config
from gitops_action.core.images import parse_reference
from gitops_action.core.images.oci import ImageMissingError, RegistryDeniedError
from gitops_action.errors import GitOpsError, UsageError
from release.callers import ROOT
from release.prepare import prepare
from release.publish import Image, Release, Releases
from release.tree import Naming
from release.version import parse_version

_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+", re.ASCII)


def main(words: Sequence[str], environ: Mapping[str, str] = os.environ, root: Path = ROOT) -> int:
    """Run it; gives the exit code."""
    given = _arguments().parse_args(words)
    steps = {
        "prepare": _prepare,
        "check": _check,
        "find-image": _find_image,
        "publish": _publish,
    }
    try:
        parse_version(given.version)
        lines = steps[given.step](given, environ, root)
    except GitOpsError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 0


def _prepare(given: argparse.Namespace, _environ: Mapping[str, str], root: Path) -> Sequence[str]:
    written = prepare(root, given.version, f"{datetime.now(UTC):%Y-%m-%d}")
    return [str(path.relative_to(root)) for path in written]


def _check(given: argparse.Namespace, environ: Mapping[str, str], root: Path) -> Sequence[str]:
    return [_release(given, environ, root, image="").check()]


def _find_image(given: argparse.Namespace, environ: Mapping[str, str], _: Path) -> Sequence[str]:
    """The digest, or an empty line where the image has to be built.

    Registries that answer for a name they do not have yet as for one that is not to be read leave
    it to the push to find out.
    """
    try:
        found = find_image(f"{given.name.lower()}:{given.version}", environ)
    except RegistryDeniedError as error:
        sys.stderr.write(f"warning: {error}\n")
        found = None
    return [found.digest if found and found.revision == given.commit else ""]


def _publish(given: argparse.Namespace, environ: Mapping[str, str], root: Path) -> Sequence[str]:
    reference = parse_reference(given.image.lower())
    if not reference.digest:
        raise UsageError(f"{given.image} names no digest", fix="write NAME@sha256:…")
    release = _release(given, environ, root, image=given.image.lower())
    return release.run(dry_run=given.dry_run)


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


def _release(
    given: argparse.Namespace, environ: Mapping[str, str], root: Path, *, image: str
) -> Release:
    if not _REPOSITORY.fullmatch(given.repository):
        raise UsageError(f"{given.repository!r} is not a repository", fix="write OWNER/NAME")
    token = environ.get("RELEASE_TOKEN", "")
    return Release(
        root=root,
        naming=Naming(repository=given.repository, version=given.version, image=image),
        remote=given.remote or f"{given.server_url}/{given.repository}.git",
        image=lambda reference: find_image(reference, environ),
        releases=_releases(given, token) if token and image else None,
        environ=_header(given.server_url, token, environ) if token else {},
    )


def _releases(given: argparse.Namespace, token: str) -> Releases:
    from release.github import GitHubReleases  # noqa: PLC0415 - loads PyGithub

    return GitHubReleases(token, given.api_url, given.repository)


def _header(server_url: str, token: str, environ: Mapping[str, str]) -> Mapping[str, str]:
    """Git's configuration by variables: no command line and no file shows the token."""
    basic = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    number = int(environ.get("GIT_CONFIG_COUNT") or 0)
    return {
        "GIT_CONFIG_COUNT": str(number + 1),
        f"GIT_CONFIG_KEY_{number}": f"http.{server_url}/.extraHeader",
        f"GIT_CONFIG_VALUE_{number}": f"Authorization: Basic {basic}",
    }


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m release", description=__doc__)
    steps = parser.add_subparsers(dest="step", required=True)
    preparing = steps.add_parser("prepare", help="write version, changelog section and callers")
    preparing.add_argument("version")
    checking = steps.add_parser("check", help="whether HEAD can be released; print its commit")
    finding = steps.add_parser("find-image", help="print the digest that an earlier run pushed")
    finding.add_argument("version")
    finding.add_argument("--name", required=True, help="the image without tag")
    finding.add_argument("--commit", required=True, help="that it has to be built from")
    publishing = steps.add_parser("publish", help="make commits, tags and the GitHub release")
    for step in (checking, publishing):
        step.add_argument("version")
        step.add_argument("--repository", required=True, help="OWNER/NAME that releases")
        step.add_argument("--server-url", default="https://github.com")
        step.add_argument("--remote", default="", help="where Git pushes to; the repository's own")
    publishing.add_argument("--image", required=True, help="NAME@sha256:…")
    publishing.add_argument("--api-url", default="https://api.github.com")
    publishing.add_argument("--dry-run", action="store_true", help="check, and push nothing")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
