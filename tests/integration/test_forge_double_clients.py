"""Outside clients prove the double: PyGithub, gh and Git."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import github
import pytest

from tests.support.double import FILES, NAME, Talk, talking

GH = Path(sys.executable).with_name("gh")


@pytest.fixture
def talk(tmp_path: Path) -> Iterator[Talk]:
    with talking(tmp_path / "forge") as made:
        yield made
        made.forge.assert_clean()


def pygithub(talk: Talk) -> github.Github:
    return github.Github(
        base_url=talk.forge.api_url, auth=github.Auth.Token(talk.token), retry=None
    )


def gh(talk: Talk, home: Path, *arguments: str) -> str:
    """Run gh; it speaks plain HTTP only to github.localhost, which a proxy brings to us."""
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "GH_CONFIG_DIR": str(home),
        "GH_HOST": "github.localhost",
        "GH_REPO": f"github.localhost/{NAME}",
        "GH_TOKEN": talk.token,
        "HTTP_PROXY": talk.forge.server_url,
        "GH_TELEMETRY": "false",
    }
    done = subprocess.run([GH, *arguments], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_pygithub_commits_by_the_git_database_and_merges(talk: Talk) -> None:
    repository = pygithub(talk).get_repo(NAME)
    tip = repository.get_branch("main").commit
    path, content = "apps/web/deployment.yaml", "image: web:2\n"
    element = github.InputGitTreeElement(path, "100644", "blob", content)
    tree = repository.create_git_tree([element], base_tree=tip.commit.tree)
    commit = repository.create_git_commit("Bump web", tree, [tip.commit])
    repository.create_git_ref("refs/heads/gitops/web", commit.sha)
    pull = repository.create_pull(base="main", head="gitops/web", title="Bump", body="Body")
    assert [file.filename for file in pull.get_files()] == [path]
    assert [c.sha for c in pull.get_commits()] == [commit.sha]
    assert repository.compare("main", "gitops/web").ahead_by == 1
    pull.create_issue_comment("Look")
    pull.add_to_labels("gitops")
    assert [c.body for c in pull.get_issue_comments()] == ["Look"]
    assert pull.merge(merge_method="squash", sha=commit.sha).merged
    assert talk.repository.read("main", path) == content.encode()
    assert repository.get_pull(pull.number).merged


def test_pygithub_reads_contents_statuses_and_pages(talk: Talk) -> None:
    for number in range(35):
        talk.repository.commit(files={"README.md": f"{number}\n"}, message=f"Change {number}")
    repository = pygithub(talk).get_repo(NAME)
    assert repository.get_contents("apps/web/deployment.yaml").decoded_content == b"image: web:1\n"
    assert [item.path for item in repository.get_contents("apps")] == ["apps/web"]
    messages = [commit.commit.message for commit in repository.get_commits()]
    assert messages == [*(f"Change {n}" for n in reversed(range(35))), "Initial commit"]
    tip = repository.get_commit("main")
    tip.create_status("success", description="fine", context="ci")
    assert tip.get_combined_status().state == "success"


def test_gh_opens_reads_comments_on_and_merges_a_pull_request(talk: Talk, tmp_path: Path) -> None:
    alice = talk.acting(kind="pat", login="alice")
    head = talk.repository.commit(branch="topic", files={"new": "file\n"})
    talk.repository.status(head, "ci")
    gh(alice, tmp_path, "pr", "create", "--head=topic", "--base=main", "--title=T", "--body=B")
    shown = json.loads(gh(alice, tmp_path, "pr", "view", "1", "--json", "title,files,author,state"))
    assert shown["title"] == "T"
    assert shown["author"]["login"] == "alice"
    assert [file["path"] for file in shown["files"]] == ["new"]
    gh(alice, tmp_path, "pr", "comment", "1", "--body", "hello")
    assert "ci\tpass" in gh(alice, tmp_path, "pr", "checks", "1")
    gh(alice, tmp_path, "pr", "merge", "1", "--rebase")
    assert talk.repository.read("main", "new") == b"file\n"
    assert talk.repository.comments(1) == ["hello"]


def test_gh_starts_a_workflow(talk: Talk, tmp_path: Path) -> None:
    workflow = (
        "on: {workflow_dispatch: {inputs: {reason: {}}}}\nrun-name: gate ${{ inputs.reason }}\n"
    )
    talk.repository.commit(files={".github/workflows/gate.yml": workflow})
    alice = talk.acting(kind="pat", login="alice")
    gh(alice, tmp_path, "workflow", "run", "gate.yml", "-f", "reason=now")
    started = talk.forge.events[-1]
    assert (started.name, started.payload["inputs"]) == ("workflow_dispatch", {"reason": "now"})
    (run,) = talk.repository.runs()
    assert (run.title, run.status) == ("gate now", "queued")
    talk.repository.finish_run(run.id, "failure")
    assert "gate now" in gh(alice, tmp_path, "run", "list", "--workflow", "gate.yml")


def test_git_clones_blobless_and_pushes(talk: Talk, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    url = talk.repository.clone_url
    assert talk.git(tmp_path, "clone", "-q", "--filter=blob:none", url, "clone").returncode == 0
    assert {p: (clone / p).read_text() for p in FILES} == FILES
    (clone / "README.md").write_text("changed\n")
    talk.git(clone, "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-qam", "x")
    pushed = talk.git(clone, "push", "-q", "origin", "HEAD:refs/heads/topic")
    assert pushed.returncode == 0, pushed.stderr
    assert talk.repository.read("topic", "README.md") == b"changed\n"
    assert [event.name for event in talk.forge.events[-2:]] == ["push", "create"]


def test_git_push_of_a_large_file_comes_in_chunks(talk: Talk, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    talk.git(tmp_path, "clone", "-q", talk.repository.clone_url, "clone")
    data = os.urandom(3 * 1024 * 1024)
    (clone / "large").write_bytes(data)
    talk.git(clone, "add", "large")
    talk.git(clone, "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-qm", "x")
    assert talk.git(clone, "push", "-q", "origin", "HEAD:topic").returncode == 0
    assert talk.repository.read("topic", "large") == data


def test_git_push_to_a_protected_branch_is_declined(talk: Talk, tmp_path: Path) -> None:
    talk.repository.protect("main")
    before = talk.repository.head("main")
    clone = tmp_path / "clone"
    talk.git(tmp_path, "clone", "-q", talk.repository.clone_url, "clone")
    commit = ("-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--allow-empty")
    talk.git(clone, *commit, "-qm", "x")
    pushed = talk.git(clone, "push", "origin", "HEAD:main", "HEAD:topic")
    assert pushed.returncode != 0
    assert "GH006" in pushed.stderr
    assert talk.repository.head("main") == before
    assert talk.repository.head("topic") is not None


@pytest.mark.parametrize(
    ("token", "said"),
    [
        ({"repositories": ["acme/other"]}, "not found"),
        ({"permissions": {"contents": "read"}, "repositories": [NAME]}, "403"),
    ],
)
def test_git_push_without_the_right_is_refused(
    talk: Talk, tmp_path: Path, token: dict[str, object], said: str
) -> None:
    talk.git(tmp_path, "clone", "-q", talk.repository.clone_url, "clone")
    other = talk.acting(**token)
    pushed = other.git(tmp_path / "clone", "push", "origin", "HEAD:refs/heads/topic")
    assert pushed.returncode != 0
    assert said in pushed.stderr
    assert talk.repository.head("topic") is None


def test_pygithub_publishes_releases(talk: Talk) -> None:
    repository = pygithub(talk).get_repo(NAME)
    tip = talk.repository.tag("v1.0.0", "main")
    first = repository.create_git_release("v1.0.0", name="v1.0.0", message="It works.")
    assert (first.tag_name, first.body, first.draft) == ("v1.0.0", "It works.", False)
    repository.create_git_release("v0.9.1", name="v0.9.1", message="A fix.", make_latest="false")
    repository.create_git_release("v2.0.0-rc.1", "rc", "Try it.", prerelease=True)
    assert talk.repository.resolve("refs/tags/v0.9.1") == tip
    assert repository.get_latest_release().tag_name == "v1.0.0"
    listed = [release.tag_name for release in repository.get_releases()]
    assert listed == ["v2.0.0-rc.1", "v0.9.1", "v1.0.0"]
    assert repository.get_release("v0.9.1").id
    with pytest.raises(github.GithubException, match="already_exists"):
        repository.create_git_release("v1.0.0", "again", "Again.")
    with pytest.raises(github.UnknownObjectException):
        repository.get_release("v3")
    reader = talk.acting(permissions={"contents": "read"})
    with pytest.raises(github.GithubException, match="not accessible"):
        pygithub(reader).get_repo(NAME).create_git_release("v3.0.0", "no", "No.")
