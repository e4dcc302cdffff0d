"""Content of an environment repository over Git, on a forge over real smart HTTP."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gitops_action.adapters.git import GitStore, GitTarget
from gitops_action.adapters.retry import RetryPolicy
from gitops_action.core.pull_requests import ABSENT, Identity, NewCommit
from gitops_action.core.repository import Snapshot, blob_id
from gitops_action.errors import ConflictError, GitOpsError, OutcomeUnknownError, UsageError
from testbed.forge import rights
from tests.support.git_spy import spy_on_git
from tests.support.github_forge import CONFIG, REPOSITORY, Stage, stage

BRANCH = "gitops/staging/web"
FILE = "applications/web/deployment.yaml"
NEW = b"image: ghcr.io/acme/web:v2\n"
BOT = Identity(login="bot[bot]", name="bot[bot]", email="1+bot[bot]@users.noreply.github.com")

QUICK = RetryPolicy(attempts=3, initial=0.01, jitter=0.01)
ONCE = RetryPolicy(attempts=1)


@pytest.fixture
def on(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path) as found:
        yield found


def open_store(on: Stage, *, token: str | None = None, repository: str = REPOSITORY) -> GitStore:
    target = GitTarget(
        server_url=on.forge.server_url,
        repository=repository,
        token=on.token if token is None else token,
        identity=BOT,
    )
    return GitStore(target, now=lambda: datetime(2026, 1, 2, tzinfo=UTC), policy=QUICK, timeout=30)


@pytest.fixture
def store(on: Stage) -> Iterator[GitStore]:
    with open_store(on) as opened:
        yield opened


def every(_path: str, _data: bytes) -> bool:
    return True


def commit(
    parent: str, expected: str = ABSENT, data: bytes = NEW, branch: str = BRANCH
) -> NewCommit:
    return NewCommit(
        branch=branch, expected=expected, parent=parent, changes={FILE: data}, message="Bump web\n"
    )


def contents(snapshot: Snapshot) -> dict[str, bytes]:
    return {path: file.data for path, file in snapshot.files.items()}


def test_the_tip_comes_with_config_and_holds(on: Stage, store: GitStore) -> None:
    hold = ".github/gitops/holds/staging-web-v1.yaml"
    head = on.repository.commit(
        branch="main", files={CONFIG: "version: 1\n", hold: "environment: staging\n"}, message="x"
    )
    tip = store.tip(base=None, config=CONFIG)
    assert (tip.branch, tip.default_branch, tip.commit) == ("main", "main", head)
    assert {path: file.data for path, file in tip.settings.items()} == {
        CONFIG: b"version: 1\n",
        hold: b"environment: staging\n",
    }


def test_another_branch_and_one_that_is_not_there(on: Stage, store: GitStore) -> None:
    head = on.repository.commit(branch="next", files={"a.yaml": "b"}, message="x")
    assert store.tip(base="next", config=CONFIG).commit == head
    with pytest.raises(UsageError, match=r"no branch `mian`.*`main`"):
        store.tip(base="mian", config=CONFIG)


def test_an_empty_repository_is_told(on: Stage) -> None:
    on.forge.create_repository("acme/empty", files={}, private=True)
    token = on.forge.token(
        kind="app",
        login="gitops-bot[bot]",
        repositories=["acme/empty"],
        permissions=rights("contents"),
    )
    with (
        open_store(on, token=token, repository="acme/empty") as store,
        pytest.raises(GitOpsError, match="empty"),
    ):
        store.tip(base=None, config=CONFIG)


def test_a_detached_repository_is_told(on: Stage, store: GitStore) -> None:
    folder = Path(on.repository.path)
    (folder / "HEAD").write_text(str(on.repository.head("main")) + "\n")
    with pytest.raises(GitOpsError, match="detached"):
        store.tip(base=None, config=CONFIG)
    assert store.tip(base="main", config=CONFIG).commit == on.repository.head("main")


@pytest.mark.parametrize("folders", [(), ("applications",), ("applications/web",)])
def test_what_is_read_is_what_the_repository_holds(
    on: Stage, store: GitStore, folders: tuple[str, ...]
) -> None:
    tip = store.tip(base=None, config=CONFIG)
    snapshot = store.read(commit=tip.commit, folders=folders, keep=every)
    expected = {
        path: data
        for path, data in on.repository.files("main").items()
        if not folders or any(path.startswith(f"{folder}/") for folder in folders)
    }
    assert contents(snapshot) == expected
    assert all(file.blob == blob_id(file.data) for file in snapshot.files.values())
    assert snapshot.folders == folders


def test_both_transports_read_the_same(on: Stage, store: GitStore) -> None:
    head = on.repository.head("main")
    api = on.content().read(commit=str(head), folders=("applications",), keep=every)
    git = store.read(commit=str(head), folders=("applications",), keep=every)
    assert contents(git) == contents(api)


def test_keep_decides_and_links_stay_links(on: Stage, store: GitStore) -> None:
    with tempfile.TemporaryDirectory() as folder:
        link = add_link(on, Path(folder))
    snapshot = store.read(commit=link, folders=(), keep=lambda path, _data: path == FILE)
    assert set(snapshot.files) == {FILE, "outside"}
    assert snapshot.files["outside"].data == b"/etc/passwd"
    assert snapshot.files["outside"].mode == "120000"


def add_link(on: Stage, folder: Path) -> str:
    """Commit a symbolic link and an executable, as a person's Git does."""
    url = on.repository.path

    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments],
            cwd=folder,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()

    git("clone", "-q", str(url), ".")
    (folder / "outside").symlink_to("/etc/passwd")
    (folder / "run.sh").write_text("#!/bin/sh\n")
    (folder / "run.sh").chmod(0o755)
    git("add", "-A")
    git("commit", "-q", "-m", "x")
    git("push", "-q", "origin", "HEAD:main")
    return git("rev-parse", "HEAD")


def test_a_huge_file_is_left_where_it_is(on: Stage, store: GitStore) -> None:
    head = on.repository.commit(
        branch="main", files={"huge.yaml": b"x" * (6 * 1024 * 1024)}, message="x"
    )
    snapshot = store.read(commit=head, folders=(), keep=every)
    assert "huge.yaml" not in snapshot.files
    assert FILE in snapshot.files
    assert any("huge.yaml" in note for note in snapshot.notes)
    assert len(store.confirm(snapshot=snapshot, paths=["huge.yaml"]).files["huge.yaml"].data) > 6e6


def test_confirm_mends_what_is_not_exact(store: GitStore) -> None:
    tip = store.tip(base=None, config=CONFIG)
    snapshot = store.read(commit=tip.commit, folders=(), keep=lambda path, _data: path == FILE)
    file = snapshot.files[FILE]
    wrong = Snapshot(commit=tip.commit, files={FILE: type(file)(path=FILE, data=b"x")})
    assert store.confirm(snapshot=wrong, paths=[FILE, "none"]).files == {FILE: file}


def test_both_transports_write_the_same_tree(on: Stage, store: GitStore) -> None:
    with tempfile.TemporaryDirectory() as folder:
        parent = add_link(on, Path(folder))
    changes = {FILE: NEW, "run.sh": b"#!/bin/sh\r\n", "deep/er/ü n.yaml": b"\xef\xbb\xbfa: 1\n"}
    oids = [
        side.write(
            NewCommit(
                branch=f"gitops/{name}",
                expected=ABSENT,
                parent=parent,
                changes=changes,
                message="m",
            )
        )
        for name, side in (("git", store), ("api", on.content()))
    ]
    trees = {on.repository.tree(oid) for oid in oids}
    assert len(trees) == 1
    assert trees != {on.repository.tree(parent)}


def test_the_commit_bears_the_identity_and_the_whole_message(on: Stage, store: GitStore) -> None:
    parent = str(on.repository.head("main"))
    message = "Bump web\n\nBody\n\nGitOps-Image: ghcr.io/acme/web:v2\n"
    oid = store.write(
        NewCommit(
            branch=BRANCH, expected=ABSENT, parent=parent, changes={FILE: NEW}, message=message
        )
    )
    [written, *_] = on.repository.log(BRANCH)
    assert (written.oid, written.message, written.parents) == (oid, message, (parent,))
    assert written.author.email == written.committer.email == BOT.email
    assert written.author.when == datetime(2026, 1, 2, tzinfo=UTC)
    assert on.repository.read(BRANCH, FILE) == NEW


def test_a_branch_is_rebuilt_on_a_newer_base(on: Stage, store: GitStore) -> None:
    old = store.write(commit(str(on.repository.head("main"))))
    base = on.repository.commit(branch="main", files={"README.md": "new\n"}, message="x")
    new = store.write(commit(base, expected=old, data=b"v3\n"))
    assert on.repository.head(BRANCH) == new
    assert [entry.oid for entry in on.repository.log(BRANCH)][:2] == [new, base]


def test_a_parent_that_is_no_tip_any_more(on: Stage, store: GitStore) -> None:
    parent = str(on.repository.head("main"))
    on.repository.commit(branch="main", files={"README.md": "new\n"}, message="x")
    new = store.write(commit(parent))
    assert [entry.oid for entry in on.repository.log(BRANCH)][:2] == [new, parent]


@pytest.mark.parametrize("state", ["moved", "appeared", "gone"])
def test_a_branch_that_is_elsewhere_is_a_conflict_and_stays(
    on: Stage, store: GitStore, state: str
) -> None:
    main = str(on.repository.head("main"))
    theirs = None
    if state != "gone":
        theirs = on.repository.commit(branch=BRANCH, files={"x": "theirs"}, message="x")
    expected = ABSENT if state == "appeared" else main
    with pytest.raises(ConflictError):
        store.write(commit(main, expected=expected))
    assert on.repository.head(BRANCH) == theirs


def test_a_branch_that_moves_during_the_push_is_a_conflict(on: Stage, store: GitStore) -> None:
    main = str(on.repository.head("main"))
    theirs: list[str] = []

    def move() -> None:
        theirs.append(on.repository.commit(branch=BRANCH, files={"x": "theirs"}, message="x"))

    on.forge.fail(match=r"POST .*git-receive-pack", action=move)
    with pytest.raises(ConflictError):
        store.write(commit(main))
    assert [on.repository.head(BRANCH)] == theirs


def test_a_protected_branch_is_named(on: Stage, store: GitStore) -> None:
    main = str(on.repository.head("main"))
    on.repository.protect("main")
    with pytest.raises(GitOpsError, match=r"refuses the push to main.*pull-request"):
        store.write(commit(main, expected=main, branch="main"))
    assert on.repository.head("main") == main


def test_a_cut_after_the_push_took_effect_is_success(on: Stage, store: GitStore) -> None:
    on.forge.fail(match=r"POST .*git-receive-pack", cut=True, when="after")
    oid = store.write(commit(str(on.repository.head("main"))))
    assert on.repository.head(BRANCH) == oid


def test_a_cut_before_the_push_is_an_error_and_nothing_moved(on: Stage, store: GitStore) -> None:
    main = str(on.repository.head("main"))
    # More than once, because curl sends a request again when a connection that it kept is cut.
    on.forge.fail(match=r"POST .*git-receive-pack", cut=True, when="before", times=9)
    with pytest.raises(GitOpsError) as caught:
        store.write(commit(main))
    assert not isinstance(caught.value, OutcomeUnknownError | ConflictError)
    assert on.repository.head(BRANCH) is None


def test_a_cut_that_cannot_be_looked_into_is_unknown(on: Stage, store: GitStore) -> None:
    main = str(on.repository.head("main"))
    store.read(commit=main, folders=(), keep=every)

    def cut_everything() -> None:
        on.forge.fail(match=r"upload-pack", cut=True, times=50)

    on.forge.fail(match=r"POST .*git-receive-pack", cut=True, when="after", action=cut_everything)
    with pytest.raises(OutcomeUnknownError):
        store.write(commit(main))


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_bad_moment_of_the_server_is_waited_out(on: Stage, store: GitStore, status: int) -> None:
    on.forge.fail(match=r"upload-pack", status=status, times=2)
    assert store.tip(base=None, config=CONFIG).commit == on.repository.head("main")


def test_a_server_that_stays_down_is_told(on: Stage, store: GitStore) -> None:
    on.forge.fail(match=r"upload-pack", status=503, times=50)
    with pytest.raises(GitOpsError, match=r"cannot be reached.*503"):
        store.tip(base=None, config=CONFIG)


def test_missing_rights_are_named(on: Stage) -> None:
    reader = on.forge.token(
        kind="app",
        login="gitops-bot[bot]",
        repositories=[REPOSITORY],
        permissions={"contents": "read", "metadata": "read"},
    )
    with (
        open_store(on, token=reader) as store,
        pytest.raises(GitOpsError, match="contents: write"),
    ):
        store.write(commit(str(on.repository.head("main"))))
    assert on.repository.head(BRANCH) is None


@pytest.mark.parametrize(
    ("token", "repository", "words"),
    [
        ("planted-wrong-token", REPOSITORY, "not accepted"),
        ("", REPOSITORY, "not accepted"),
        (None, "acme/none", "not there"),
    ],
)
def test_wrong_token_and_missing_repository(
    on: Stage, token: str | None, repository: str, words: str
) -> None:
    with (
        open_store(on, token=token, repository=repository) as store,
        pytest.raises(GitOpsError, match=words) as caught,
    ):
        store.tip(base=None, config=CONFIG)
    assert "planted" not in str(caught.value)


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", ".git/config", "a/.GIT/x", "a//b", ""])
def test_paths_out_of_the_repository_are_refused(on: Stage, store: GitStore, path: str) -> None:
    main = str(on.repository.head("main"))
    with pytest.raises(UsageError, match="path"):
        store.write(
            NewCommit(branch=BRANCH, expected=ABSENT, parent=main, changes={path: b""}, message="m")
        )
    assert on.repository.head(BRANCH) is None


def test_a_link_is_not_written_through(on: Stage, store: GitStore) -> None:
    with tempfile.TemporaryDirectory() as folder:
        parent = add_link(on, Path(folder))
    for path in ("outside", "outside/x", f"{FILE}/x"):
        with pytest.raises(UsageError):
            store.write(
                NewCommit(
                    branch=BRANCH, expected=ABSENT, parent=parent, changes={path: b""}, message="m"
                )
            )


@pytest.mark.parametrize("branch", ["a b", "-x..", "a:b", "x.lock", "*"])
def test_branch_names_that_git_refuses(on: Stage, store: GitStore, branch: str) -> None:
    with pytest.raises(UsageError, match="branch name"):
        store.write(commit(str(on.repository.head("main")), branch=branch))


@pytest.mark.parametrize("server", ["file:///tmp", "ext::sh", "https://u:p@host", "", "ssh://host"])
def test_servers_that_are_none(server: str) -> None:
    with pytest.raises(UsageError):
        GitTarget(server_url=server, repository="a/b", token="", identity=BOT)


@pytest.mark.parametrize("name", ["a", "a/..", "--upload-pack=x/y", "a/b/c", "a/b?x"])
def test_repositories_that_are_none(name: str) -> None:
    with pytest.raises(UsageError):
        GitTarget(server_url="https://h", repository=name, token="", identity=BOT)


def test_the_token_is_nowhere_and_the_folder_goes(
    on: Stage, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    trace = tmp_path / "trace"
    monkeypatch.setenv("GIT_TRACE", str(trace))
    monkeypatch.setenv("GIT_TRACE_CURL", str(trace))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with open_store(on) as store:
        store.write(commit(str(on.repository.head("main"))))
        [folder] = tmp_path.glob("gitops-action-git-*")
        texts = [file.read_bytes() for file in folder.rglob("*") if file.is_file()]
    assert not folder.exists()
    secrets = (on.token, store_secret(on.token))
    assert not any(secret.encode() in text for secret in secrets for text in texts)
    assert not any(secret in caplog.text for secret in secrets)
    assert not trace.exists() or on.token not in trace.read_text()
    assert not any(on.token in request.path for request in on.forge.requests)


def store_secret(token: str) -> str:
    target = GitTarget(server_url="https://h", repository="a/b", token=token, identity=BOT)
    assert token not in repr(target)
    return target.authorization.split()[1]


def test_hooks_and_personal_settings_play_no_part(
    on: Stage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    template = tmp_path / "template" / "hooks"
    template.mkdir(parents=True)
    hook = template / "pre-push"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    (tmp_path / ".gitconfig").write_text(
        f"[init]\n templateDir = {template.parent}\n[core]\n hooksPath = {template}\n"
        "[http]\n proxy = http://127.0.0.1:1\n[commit]\n gpgSign = true\n"
    )
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / ".gitconfig"))
    monkeypatch.setenv("GIT_TEMPLATE_DIR", str(template.parent))
    with open_store(on) as store:
        oid = store.write(commit(str(on.repository.head("main"))))
    assert on.repository.head(BRANCH) == oid
    assert os.environ["HOME"] == str(tmp_path)


def test_git_gets_nothing_of_our_environment_that_it_does_not_need(
    on: Stage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    spy = spy_on_git(tmp_path / "spy", monkeypatch)
    for name in ("INPUT_TOKEN", "INPUT_WORKING-DIRECTORY", "ACTIONS_RUNTIME_TOKEN", "GH_TOKEN"):
        monkeypatch.setenv(name, on.token)
    for name in ("GIT_SSL_NO_VERIFY", "GIT_PROXY_COMMAND", "GIT_ALLOW_PROTOCOL", "GIT_SSH_COMMAND"):
        monkeypatch.setenv(name, "planted")
    monkeypatch.setenv("GIT_EXEC_PATH", str(tmp_path))
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")
    with open_store(on) as store:
        store.write(commit(str(on.repository.head("main"))))
    environment = spy.environment()
    assert not any(on.token in value for values in environment.values() for value in values)
    assert not any("planted" in values for values in environment.values())
    assert "GIT_EXEC_PATH" not in environment
    assert environment["NO_PROXY"] == {"localhost,127.0.0.1"}
    secret = store_secret(on.token)
    holders = {name for name, values in environment.items() if any(secret in v for v in values)}
    assert holders == {"GIT_CONFIG_VALUE_0"}
    assert on.token not in spy.arguments()
    assert secret not in spy.arguments()


def test_accounts_of_a_netrc_are_not_used(
    on: Stage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = f"machine 127.0.0.1 login x password {on.token}\n"
    netrc += f"machine localhost login x password {on.token}\n"
    (tmp_path / ".netrc").write_text(netrc)
    monkeypatch.setenv("HOME", str(tmp_path))
    with open_store(on, token="") as store, pytest.raises(GitOpsError, match="not accepted"):
        store.tip(base=None, config=CONFIG)


def test_a_command_that_never_ends_is_ended_without_help_of_ps(
    on: Stage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    target = GitTarget(
        server_url=on.forge.server_url, repository=REPOSITORY, token=on.token, identity=BOT
    )
    with GitStore(target, now=lambda: datetime.now(UTC), timeout=1, policy=ONCE) as store:
        shim = tmp_path / "git"
        shim.write_text("#!/bin/sh\n/bin/sleep 600\n")
        shim.chmod(0o755)
        env = shutil.which("env")
        (tmp_path / "env").symlink_to(str(env))
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(GitOpsError, match="no answer in time"):
            store.tip(base=None, config=CONFIG)
