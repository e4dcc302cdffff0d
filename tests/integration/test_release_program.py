"""`python -m release` in this very tree, against the double and a registry: a dry run of a release
that ends in real tags of a real repository.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from gitops_action.core.inputs import ACTION_COMMANDS
from testbed.registry import Registry
from tests.support.released import REPOSITORY, VERSION, Releasing, prepared_tree, program, releasing

ZERO = f"sha256:{'0' * 64}"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepared_tree(tmp_path_factory.mktemp("release") / "checkout")


@pytest.fixture
def stage(tmp_path: Path, root: Path) -> Iterator[Releasing]:
    with releasing(tmp_path, root) as made:
        yield made
        made.forge.assert_clean()


def test_a_release_of_this_tree_names_its_image_and_its_commit(stage: Releasing) -> None:
    checked = stage.run("check", token=stage.token())
    assert checked.returncode == 0, checked.stderr
    assert checked.stdout.strip() == stage.source
    assert stage.run("find-image", "--name", stage.image, "--commit", stage.source).stdout == "\n"
    image, token = stage.push_image(), stage.token()
    planned = stage.run("publish", "--image", image, "--dry-run", token=token)
    assert planned.returncode == 0, planned.stderr
    assert f"GitHub release v{VERSION}" in planned.stdout
    assert stage.tags() == {}
    done = stage.run("publish", "--image", image, token=token)
    assert done.returncode == 0, done.stderr
    assert done.stdout == planned.stdout
    assert token not in done.stdout + done.stderr

    tags = stage.tags()
    assert set(tags) == {f"v{VERSION}", "v1.99", "v1"}
    (commit,) = set(tags.values())
    actions = stage.repository.resolve(f"{commit}^")
    assert stage.repository.resolve(f"{actions}^") == stage.source
    changed = stage.repository.repository.history.changes(stage.source, commit)
    files = {one.path: stage.repository.read(commit, one.path) for one in changed}
    named = [path for path in files if Path(path).name == "action.yml"]
    for path in named:
        assert yaml.safe_load(files[path])["runs"]["image"] == f"docker://{image}"
    released = {path: text for path, text in files.items() if path.startswith(".github/workflows/")}
    uses = re.findall(rb"uses: (\S+)", b"\n".join(released.values()))
    own = {name.decode() for name in uses if b"gitops-action" in name}
    # No `OWNER/…@v1`, which follows a tag, and no `$/` or `./`, which older runners do not know.
    assert own == {f"{REPOSITORY}@{actions}"} | {
        f"{REPOSITORY}/.github/workflows/{Path(path).name}@v1"
        for path, text in released.items()
        if b"workflow_call" in text
    }
    assert not [name for name in uses if name.startswith((b"$/", b"./", b"OWNER/"))]
    assert len(named) == 1 + len(ACTION_COMMANDS)
    assert set(files) == {*named, *released}


def test_a_second_run_finds_the_image_and_does_nothing(stage: Releasing) -> None:
    image, token = stage.push_image(), stage.token()
    assert stage.run("publish", "--image", image, token=token).returncode == 0
    before = stage.tags()
    found = stage.run("find-image", "--name", stage.image, "--commit", stage.source)
    assert found.stdout.strip() == image.partition("@")[2]
    assert stage.run("check", token=token).returncode == 0
    again = stage.run("publish", "--image", image, token=token)
    assert (again.returncode, again.stdout) == (0, "")
    assert stage.tags() == before


def test_what_failed_at_github_is_finished_by_the_next_run(stage: Releasing) -> None:
    image, token = stage.push_image(), stage.token()
    stage.forge.fail("POST .*git-receive-pack", status=500)
    failed = stage.run("publish", "--image", image, token=token)
    assert failed.returncode == 1
    assert "git push failed" in failed.stderr
    assert stage.tags() == {}
    stage.forge.fail("POST .*/releases ", status=502)
    failed = stage.run("publish", "--image", image, token=token)
    assert failed.returncode == 1
    assert "the next run goes on from here" in failed.stderr
    before = stage.tags()
    assert before["v1"] == before[f"v{VERSION}"]
    done = stage.run("publish", "--image", image, token=token)
    assert done.stdout == f"GitHub release v{VERSION}\n"
    assert stage.tags() == before


def test_a_token_that_may_not_change_workflows_moves_no_tag(stage: Releasing) -> None:
    image = stage.push_image()
    for token in (stage.token("job", contents="write"), stage.token(contents="write")):
        refused = stage.run("publish", "--image", image, token=token)
        assert refused.returncode == 1
        assert "workflows" in refused.stderr
        assert stage.tags() == {}


def test_the_image_has_to_be_that_of_this_commit(stage: Releasing) -> None:
    foreign = stage.push_image(revision="0" * 40)
    found = stage.run("find-image", "--name", stage.image, "--commit", stage.source)
    assert found.stdout == "\n"
    refused = stage.run("publish", "--image", foreign, token=stage.token())
    assert refused.returncode == 1
    assert "was built from another commit" in refused.stderr
    missing = stage.run("publish", "--image", f"{stage.image}@{ZERO}", token=stage.token())
    assert missing.returncode == 1
    assert "The registry has no image" in missing.stderr
    assert stage.run("publish", "--image", f"{stage.image}:{VERSION}").returncode == 2
    assert stage.tags() == {}


def test_a_tag_of_another_tree_ends_it_before_anything_is_built(stage: Releasing) -> None:
    stage.repository.tag(f"v{VERSION}", "main")
    for words in (("check",), ("publish", "--image", stage.push_image())):
        refused = stage.run(*words, token=stage.token())
        assert refused.returncode == 1
        assert f"The tag v{VERSION} exists" in refused.stderr
    assert set(stage.tags()) == {f"v{VERSION}"}


def test_what_is_not_prepared_is_not_released(stage: Releasing) -> None:
    common = ("--repository", REPOSITORY, "--server-url", stage.forge.server_url)
    other = program(stage.root, "check", "1.99.1", *common)
    assert other.returncode == 2
    assert "not prepared for 1.99.1" in other.stderr
    assert program(stage.root, "check", "v1", *common).returncode == 2
    wrong = program(stage.root, "check", VERSION, "--repository", "a b/c")
    assert wrong.returncode == 2
    (stage.root / "notes").write_text("x")
    dirty = stage.run("check")
    (stage.root / "notes").unlink()
    assert dirty.returncode == 2
    assert "not committed" in dirty.stderr


def test_a_registry_that_denies_leaves_it_to_the_push(root: Path, tmp_path: Path) -> None:
    with Registry.start(tmp_path, auth="basic") as registry:
        name = f"{registry.address}/{REPOSITORY}"
        found = program(root, "find-image", VERSION, "--name", name, "--commit", "0" * 40)
    assert (found.returncode, found.stdout) == (0, "\n")
    assert "warning: " in found.stderr
