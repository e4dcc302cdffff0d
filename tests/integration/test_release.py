"""A release in a real repository: commits, tags, faults, and a second run after a failure."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from gitops_action.errors import GitOpsError
from release.prepare import prepare
from release.publish import Image, Release
from release.tree import Naming

DIGEST = f"sha256:{'a' * 64}"
ACTION = "runs:\n  using: docker\n  image: {}Dockerfile\n"
WORKFLOW = """\
#       uses: OWNER/gitops-action/.github/workflows/deploy.yml@v1
on:
  workflow_call: {}
jobs:
  deploy:
    steps:
      - uses: OWNER/gitops-action@v1 # zizmor: ignore[unpinned-uses]
"""


def git(folder: Path, *words: str) -> str:
    identity = ("-c", "user.name=robot", "-c", "user.email=robot@example.com")
    command = ["git", "-C", str(folder), *identity, *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "source"
    git(tmp_path, "init", "--quiet", str(root))
    git(tmp_path, "init", "--quiet", "--bare", str(tmp_path / "remote"))
    write(root)
    return root


def write(root: Path, version: str = "1.2.3", **more: str) -> None:
    files = {
        "action.yml": ACTION.format(""),
        "bump/action.yml": ACTION.format("../"),
        ".github/workflows/deploy.yml": WORKFLOW,
        "CHANGELOG.md": f"# Changelog\n\n## [Unreleased]\n\n## [{version}] - 2026\n\n- It works.\n",
        "gitops_action/__init__.py": f'__version__ = "{version}"\n',
        f"release/callers/{version}.json": "[]\n",
        **more,
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--allow-empty", "--message=Prepare")


class Releases:
    def __init__(self) -> None:
        self.made: dict[str, str] = {}
        self.broken = False

    def exists(self, tag: str) -> bool:
        return tag in self.made

    def create(self, tag: str, notes: str, *, newest: bool, prerelease: bool) -> None:
        if self.broken:
            raise GitOpsError("GitHub is away")
        self.made[tag] = f"{notes} {newest} {prerelease}"


def release(root: Path, version: str = "1.2.3", **more: Any) -> Release:
    image = f"ghcr.io/acme/gitops-action@{DIGEST}"
    head = git(root, "rev-parse", "HEAD")
    given: dict[str, Any] = {
        "root": root,
        "naming": Naming(repository="acme/gitops-action", version=version, image=image),
        "remote": str(root.parent / "remote"),
        "image": lambda _: Image(digest=DIGEST, revision=head),
        "environ": {},
        **more,
    }
    return Release(**given)


def tags(root: Path) -> dict[str, str]:
    listed = git(root, "ls-remote", "--tags", str(root.parent / "remote")).splitlines()
    return {name.removeprefix("refs/tags/"): oid for oid, name in map(str.split, listed)}


def test_a_release_names_image_and_commit(root: Path) -> None:
    releases = Releases()
    release(root, releases=releases).run()
    found = tags(root)
    assert set(found) == {"v1.2.3", "v1.2", "v1"}
    (commit,) = set(found.values())
    image = f"docker://ghcr.io/acme/gitops-action@{DIGEST}"
    assert image in git(root, "show", f"{commit}:action.yml")
    assert image in git(root, "show", f"{commit}:bump/action.yml")
    actions = git(root, "rev-parse", f"{commit}^")
    workflow = git(root, "show", f"{commit}:.github/workflows/deploy.yml")
    assert f"uses: acme/gitops-action@{actions} # v1.2.3" in workflow
    assert "acme/gitops-action/.github/workflows/deploy.yml@v1" in workflow
    assert image in git(root, "show", f"{actions}:action.yml")
    assert git(root, "rev-parse", f"{actions}^") == git(root, "rev-parse", "HEAD")
    assert releases.made == {"v1.2.3": "- It works. True False"}
    assert release(root, releases=releases).run() == ()


def test_a_run_that_failed_after_the_tags_is_finished(root: Path) -> None:
    releases = Releases()
    releases.broken = True
    with pytest.raises(GitOpsError, match="away"):
        release(root, releases=releases).run()
    before = tags(root)
    releases.broken = False
    assert release(root, releases=releases).run() == ("GitHub release v1.2.3",)
    assert tags(root) == before


def test_a_push_that_is_refused_moves_no_tag(root: Path) -> None:
    hook = root.parent / "remote" / "hooks" / "update"
    hook.write_text('#!/bin/sh\n[ "$1" != refs/tags/v1 ]\n')
    hook.chmod(0o755)
    with pytest.raises(GitOpsError, match="push failed"):
        release(root).run()
    assert tags(root) == {}
    hook.unlink()
    release(root).run()
    assert set(tags(root)) == {"v1.2.3", "v1.2", "v1"}


def test_a_tag_that_stands_elsewhere_ends_it(root: Path) -> None:
    git(root, "push", "--quiet", str(root.parent / "remote"), "HEAD:refs/tags/v1.2.3")
    before = tags(root)
    with pytest.raises(GitOpsError, match=r"tag v1\.2\.3 exists"):
        release(root).run()
    assert tags(root) == before


def test_an_older_line_does_not_move_the_newer_ones_tag(root: Path) -> None:
    write(root, "1.3.0")
    release(root, "1.3.0").run()
    newer = tags(root)["v1"]
    write(root, "1.2.4")
    release(root, "1.2.4").run()
    found = tags(root)
    assert found["v1"] == newer
    assert found["v1.2"] == found["v1.2.4"] != newer


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (None, "has no image"),
        (Image(digest="sha256:other", revision=""), "another digest"),
        (Image(digest=DIGEST, revision="0" * 40), "built from another commit"),
    ],
)
def test_an_image_that_is_not_this_one_ends_it(root: Path, image: object, words: str) -> None:
    with pytest.raises(GitOpsError, match=words):
        release(root, image=lambda _: image).run()
    assert tags(root) == {}


def test_a_tree_that_is_not_ready_ends_it(root: Path) -> None:
    (root / "new").write_text("x")
    with pytest.raises(GitOpsError, match="not committed"):
        release(root).run()
    (root / "new").unlink()
    with pytest.raises(GitOpsError, match=r"not prepared for 1\.2\.9"):
        release(root, "1.2.9").run()
    write(root, **{"CHANGELOG.md": "# Changelog\n"})
    with pytest.raises(GitOpsError, match="has no section for"):
        release(root).run()
    assert tags(root) == {}


def test_a_dry_run_pushes_nothing(root: Path) -> None:
    planned = release(root).run(dry_run=True)
    assert [line.split()[0] for line in planned] == ["v1.2.3", "v1", "v1.2"]
    assert tags(root) == {}


def test_a_workflow_that_calls_another_by_name_ends_it(root: Path) -> None:
    nested = WORKFLOW.replace("gitops-action@v1 #", "gitops-action/.github/workflows/gate.yml@v1 #")
    write(root, **{".github/workflows/deploy.yml": nested})
    with pytest.raises(GitOpsError, match=r"deploy.yml:7: A workflow calls another"):
        release(root).run()
    assert tags(root) == {}


def test_a_fork_releases_under_its_own_name(root: Path) -> None:
    image = f"ghcr.io/fork/tools@{DIGEST}"
    naming = Naming(repository="fork/tools", version="1.2.3", image=image)
    release(root, naming=naming).run()
    commit = tags(root)["v1"]
    workflow = git(root, "show", f"{commit}:.github/workflows/deploy.yml")
    assert f"uses: fork/tools@{git(root, 'rev-parse', f'{commit}^')} # v1.2.3" in workflow
    assert "OWNER" not in workflow
    assert f"docker://{image}" in git(root, "show", f"{commit}:action.yml")


def test_an_annotated_tag_moves_as_well(root: Path) -> None:
    remote = str(root.parent / "remote")
    git(root, "tag", "--annotate", "--message=one", "v1")
    git(root, "push", "--quiet", remote, "v1")
    release(root).run()
    assert tags(root)["v1"] == tags(root)["v1.2.3"]
    write(root, "1.2.4")
    git(root, "tag", "--annotate", "--force", "--message=two", "v1", tags(root)["v1"])
    git(root, "push", "--quiet", "--force", remote, "v1")
    assert release(root, "1.2.4").run()
    assert tags(root)["v1"] == tags(root)["v1.2.4"]


def test_a_prerelease_moves_no_other_tag(root: Path) -> None:
    releases = Releases()
    write(root, "1.3.0-rc.1")
    release(root, "1.3.0-rc.1", releases=releases).run()
    assert set(tags(root)) == {"v1.3.0-rc.1"}
    assert releases.made == {"v1.3.0-rc.1": "- It works. False True"}


def test_preparing_gives_the_unreleased_part_a_version(root: Path) -> None:
    changelog = root / "CHANGELOG.md"
    changelog.write_text(
        "# Changelog\n\n## [Unreleased]\n\n- It flies.\n\n## [1.2.3]\n\n- It works.\n"
    )
    written = prepare(root, "1.3.0", "2026-11-28")
    assert {str(path.relative_to(root)) for path in written} == {
        "CHANGELOG.md",
        "gitops_action/__init__.py",
        "release/callers/1.3.0.json",
    }
    text = changelog.read_text()
    assert "## [Unreleased]\n\n## [1.3.0] - 2026-11-28\n\n- It flies.\n\n## [1.2.3]" in text
    assert '"1.3.0"' in (root / "gitops_action/__init__.py").read_text()
    for version, words in (("1.2.3", "has a section for"), ("1.4.0", "lists nothing")):
        with pytest.raises(GitOpsError, match=words):
            prepare(root, version, "2026-11-28")
    assert changelog.read_text() == text
