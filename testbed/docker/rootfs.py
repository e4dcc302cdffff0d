"""A base image made from Debian packages, for machines that can pull none."""

from __future__ import annotations

import os
import shutil
import ssl
from pathlib import Path

from testbed import cache
from testbed.process import PartError, run
from testbed.progress import progress
from testbed.reaper import scratch

# The release, the Python and, within a megabyte, the compressed size of python:3.13-slim. It has no
# git either, so that what the Dockerfile does about that is tested.
_SUITE = "trixie"
_PACKAGES = "python3,python3-venv,python3-pip,ca-certificates,netbase,tzdata"
_BUNDLE = "etc/ssl/certs/ca-certificates.crt"
_RECIPE = "2"
_DOCUMENTS = ("doc", "groff", "info", "lintian", "locale", "man")
"""Folders of /usr/share whose files Debian's own slim images leave out, licences excepted."""


def build_base() -> str:
    """Make the image by debootstrap, or take the one that was made before.

    It trusts the certificate authorities that this machine trusts, so that a package index
    behind a company's proxy can be reached while images are built.

    Raises:
        PartError: debootstrap is missing, we are not root, or a package cannot be had.
    """
    tag = base_tag()
    if not run("docker", "image", "ls", "--quiet", tag).strip():
        _require_debootstrap()
        with (
            scratch("base") as folder,
            progress("making a base image from Debian packages", "2 min"),
        ):
            _assemble(folder / "root", tag)
    return tag


def base_tag() -> str:
    """The tag that the image has; it changes with what the image is made of.

    Raises:
        PartError: the machine has no certificate authorities.
    """
    made_of = cache.key(_RECIPE, _SUITE, _PACKAGES, _authorities())
    return f"gitops-action-base:{_SUITE}-{made_of}"


def _assemble(root: Path, tag: str) -> None:
    run(  # what debootstrap mounts is gone with its mount namespace, however it ends
        *("unshare", "--mount"),
        *("debootstrap", "--variant=minbase", f"--include={_PACKAGES}", _SUITE, root),
        timeout=1200,
    )
    (root / _BUNDLE).write_bytes(_authorities())
    for leftover in ("var/cache/apt", "var/lib/apt/lists"):
        shutil.rmtree(root / leftover, ignore_errors=True)
    _slim(root)
    archive = root.with_suffix(".tar")
    run("tar", "-C", root, "-cf", archive, ".")
    run(
        *("docker", "import", "--change", f"ENV PIP_CERT=/{_BUNDLE}"),
        *("--change", "LABEL gitops-action.testbed=1", archive, tag),
    )


def _slim(root: Path) -> None:
    excluded = "".join(f"path-exclude /usr/share/{name}/*\n" for name in _DOCUMENTS)
    (root / "etc/dpkg/dpkg.cfg.d/slim").write_text(
        f"{excluded}path-include /usr/share/doc/*/copyright\n"
    )
    documents = (path for name in _DOCUMENTS for path in (root / "usr/share" / name).rglob("*"))
    for path in (*documents, *root.rglob("*.pyc")):
        if path.name != "copyright" and (path.is_file() or path.is_symlink()):
            path.unlink()


def _authorities() -> bytes:
    bundle = os.environ.get("SSL_CERT_FILE") or ssl.get_default_verify_paths().openssl_cafile
    for path in (Path(f"/{_BUNDLE}"), Path(bundle)):
        if path.is_file():
            return path.read_bytes()
    raise PartError("this machine has no bundle of certificate authorities; get ca-certificates")


def _require_debootstrap() -> None:
    if not shutil.which("debootstrap") or os.geteuid() != 0:
        raise PartError(
            "no base image: none can be pulled, and to make one takes root and the Debian "
            "package debootstrap; name an image of your own in BASE_IMAGE"
        )
