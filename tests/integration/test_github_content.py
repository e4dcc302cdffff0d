"""Content of an environment repository over the API, on a forge over real Git."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gitops_action.adapters.github import ApiContentStore
from gitops_action.core.pull_requests import ABSENT, NewCommit
from gitops_action.core.repository import Snapshot, blob_id
from gitops_action.errors import ConflictError, GitOpsError, UsageError
from testbed.forge import rights
from tests.support.github_forge import CONFIG, FILES, Stage, stage

BRANCH = "gitops/staging/web"
FILE = "applications/web/deployment.yaml"
NEW = b"image: ghcr.io/acme/web:v2\n"


@pytest.fixture
def on(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path) as found:
        yield found


def every(_path: str, _data: bytes) -> bool:
    return True


def commit(
    parent: str, expected: str = ABSENT, data: bytes = NEW, branch: str = BRANCH
) -> NewCommit:
    return NewCommit(
        branch=branch, expected=expected, parent=parent, changes={FILE: data}, message="Bump web"
    )


def paths_of(snapshot: Snapshot) -> set[str]:
    return set(snapshot.files)


def test_the_tip_comes_with_config_and_holds_in_one_request(on: Stage) -> None:
    hold = ".github/gitops/holds/staging-web-v1.yaml"
    head = on.repository.commit(
        branch="main", files={CONFIG: "version: 1\n", hold: "environment: staging\n"}, message="x"
    )
    on.forge.requests.clear()

    tip = on.content().tip(base=None, config=CONFIG)

    assert (tip.branch, tip.default_branch, tip.commit) == ("main", "main", head)
    assert {path: file.data for path, file in tip.settings.items()} == {
        CONFIG: b"version: 1\n",
        hold: b"environment: staging\n",
    }
    assert len(on.forge.requests) == 1


def test_the_tip_of_another_branch(on: Stage) -> None:
    head = on.repository.commit(branch="next", files={"a.yaml": "b"}, message="x")

    tip = on.content().tip(base="next", config=CONFIG)

    assert (tip.branch, tip.commit, tip.settings) == ("next", head, {})


def test_a_base_that_is_not_there_is_told_with_those_that_are(on: Stage) -> None:
    with pytest.raises(UsageError, match=r"no branch `mian`.*`main`"):
        on.content().tip(base="mian", config=CONFIG)


def test_an_empty_repository_is_told(on: Stage) -> None:
    on.forge.create_repository("acme/empty", files={}, private=True)
    token = on.forge.token(
        kind="app",
        login="gitops-bot[bot]",
        repositories=["acme/empty"],
        permissions=rights("contents"),
    )
    client = on.client(token)

    with pytest.raises(GitOpsError, match="empty"):
        ApiContentStore(client, "acme/empty").tip(base=None, config=CONFIG)


@pytest.mark.parametrize("kind", ["app", "user", "job", "pat"])
def test_a_repository_out_of_reach_is_told(on: Stage, kind: str) -> None:
    token = on.forge.token(kind=kind, login="other", repositories=["acme/other"])

    with pytest.raises(GitOpsError, match="cannot see acme/environment") as caught:
        on.content(token).tip(base=None, config=CONFIG)

    assert token not in str(caught.value)


def test_a_token_that_is_none_is_told(on: Stage) -> None:
    with pytest.raises(GitOpsError, match="does not accept the token"):
        on.content("ghs_wrong").tip(base=None, config=CONFIG)


def test_folders_are_read_in_one_request_with_proof(on: Stage) -> None:
    head = on.repository.head("main")
    on.forge.requests.clear()

    found = on.content().read(commit=head, folders=("applications/web",), keep=every)

    assert len(on.forge.requests) == 1
    assert {path: file.data for path, file in found.files.items()} == {
        path: str(text).encode() for path, text in FILES.items() if "web" in path
    }
    assert all(file.blob == blob_id(file.data) for file in found.files.values())
    assert found.folders == ("applications/web",)


def test_proved_files_need_no_further_request(on: Stage) -> None:
    store = on.content()
    tip = store.tip(base=None, config=CONFIG)
    found = store.read(commit=tip.commit, folders=("applications/web",), keep=every)
    on.forge.requests.clear()

    assert store.confirm(snapshot=found, paths=[FILE]) == found
    assert len(on.forge.requests) == 0


def test_a_folder_that_is_not_there_holds_nothing(on: Stage) -> None:
    head = on.repository.head("main")

    assert on.content().read(commit=head, folders=("nowhere",), keep=every).files == {}


def test_folders_that_are_too_deep_come_from_an_archive(on: Stage) -> None:
    deep = "applications/web/" + "d/" * 9 + "deep.yaml"
    head = on.repository.commit(branch="main", files={deep: "x"}, message="x")

    found = on.content().read(commit=head, folders=("applications/web",), keep=every)

    assert found.files[deep].data == b"x"


def test_text_that_graphql_cuts_or_cannot_give_is_fetched_raw(on: Stage) -> None:
    long, binary = "# long\n" * 100_000, "a: b".encode("utf-16")
    files = {"applications/web/long.yaml": long, "applications/web/utf16.yaml": binary}
    head = on.repository.commit(branch="main", files=files, message="x")

    found = on.content().read(commit=head, folders=("applications/web",), keep=every)

    assert found.files["applications/web/long.yaml"].data == long.encode()
    assert found.files["applications/web/utf16.yaml"].data == binary


def test_the_whole_tree_is_one_archive(on: Stage) -> None:
    head = on.repository.head("main")
    on.forge.requests.clear()

    found = on.content().read(commit=head, folders=(), keep=lambda _, data: b"v1" in data)

    assert {path: file.data for path, file in found.files.items()} == {
        path: str(text).encode() for path, text in FILES.items() if path != "README.md"
    }
    assert found.folders == ()
    assert len(on.forge.requests) == 2


def test_archives_are_proved_against_git(on: Stage) -> None:
    """Archives leave out `export-ignore` and rewrite `export-subst`: Git has the truth."""
    hidden, rewritten = "applications/web/hidden.yaml", "applications/web/id.yaml"
    files = {
        ".gitattributes": f"{hidden} export-ignore\n{rewritten} export-subst\n",
        hidden: "hidden: true\n",
        rewritten: "commit: $Format:%H$\n",
    }
    head = on.repository.commit(branch="main", files=files, message="x")
    store = on.content()
    read = store.read(commit=head, folders=(), keep=every)

    found = store.confirm(snapshot=read, paths=[hidden, rewritten, FILE, "not/there.yaml"])

    assert head.encode() in read.files[rewritten].data
    assert hidden not in read.files
    assert found.files[rewritten].data == b"commit: $Format:%H$\n"
    assert found.files[hidden].data == b"hidden: true\n"
    assert found.files[FILE].blob == blob_id(str(FILES[FILE]).encode())
    assert "not/there.yaml" not in found.files


def test_a_commit_makes_its_branch(on: Stage) -> None:
    store = on.content()
    tip = store.tip(base=None, config=CONFIG)

    oid = store.write(commit(tip.commit))

    assert on.repository.head(BRANCH) == oid
    assert on.repository.read(BRANCH, FILE) == NEW
    assert on.repository.read(BRANCH, "README.md") == b"# environment\n"
    assert on.repository.head("main") == tip.commit


def test_a_rebuilt_branch_moves_in_one_update(on: Stage) -> None:
    store = on.content()
    old = store.write(commit(store.tip(base=None, config=CONFIG).commit))
    base = on.repository.commit(branch="main", files={"new.txt": "x"}, message="x")

    new = store.write(commit(base, expected=old, data=b"image: ghcr.io/acme/web:v3\n"))

    assert on.repository.head(BRANCH) == new
    assert on.repository.read(BRANCH, "new.txt") == b"x"


@pytest.mark.parametrize("data", [b"\xff\xfe\x00binary", b"nul \0 byte", "ü: ☃\r\n".encode()])
def test_bytes_are_written_as_they_are(on: Stage, data: bytes) -> None:
    store = on.content()
    tip = store.tip(base=None, config=CONFIG)

    store.write(commit(tip.commit, data=data))

    assert on.repository.read(BRANCH, FILE) == data


def test_what_moved_meanwhile_is_a_conflict_and_stays(on: Stage) -> None:
    store = on.content()
    base = store.tip(base=None, config=CONFIG).commit
    old = store.write(commit(base))
    person = on.repository.commit(branch=BRANCH, files={"mine.txt": "x"}, message="mine")

    with pytest.raises(ConflictError, match="has moved"):
        store.write(commit(base, expected=old, data=b"image: ghcr.io/acme/web:v3\n"))

    assert on.repository.head(BRANCH) == person


def test_a_branch_that_appeared_meanwhile_is_a_conflict(on: Stage) -> None:
    store = on.content()
    base = store.tip(base=None, config=CONFIG).commit
    there = on.repository.commit(branch=BRANCH, files={"mine.txt": "x"}, message="mine")

    with pytest.raises(ConflictError):
        store.write(commit(base))

    assert on.repository.head(BRANCH) == there


def test_a_branch_that_vanished_meanwhile_is_a_conflict(on: Stage) -> None:
    store = on.content()
    base = store.tip(base=None, config=CONFIG).commit
    old = store.write(commit(base))
    on.repository.delete_branch(BRANCH)

    with pytest.raises(ConflictError, match="no branch"):
        store.write(commit(base, expected=old, data=b"image: ghcr.io/acme/web:v3\n"))


def test_a_protected_branch_is_told(on: Stage) -> None:
    on.repository.protect("main")
    store = on.content()
    base = store.tip(base=None, config=CONFIG).commit

    with pytest.raises(GitOpsError, match="rule") as caught:
        store.write(commit(base, expected=base, branch="main"))

    assert on.repository.head("main") == base
    assert "pull request" in str(caught.value)


def test_a_token_that_may_only_read_is_told_which_right_is_missing(on: Stage) -> None:
    token = on.forge.token(
        kind="app",
        login="reader[bot]",
        repositories=["acme/environment"],
        permissions={"contents": "read", "metadata": "read"},
    )
    store = on.content(token)
    tip = store.tip(base=None, config=CONFIG)

    with pytest.raises(GitOpsError, match="contents: write"):
        store.write(commit(tip.commit))


@pytest.mark.parametrize(("kind", "signed"), [("app", True), ("job", True), ("pat", False)])
def test_github_signs_what_apps_write(on: Stage, kind: str, signed: bool) -> None:
    on.repository.collaborator("someone", "write")
    token = on.forge.token(
        kind=kind,
        login="someone",
        repositories=["acme/environment"],
        permissions=rights("contents", "pull_requests"),
    )
    store = on.content(token)

    store.write(commit(store.tip(base=None, config=CONFIG).commit))

    assert on.repository.log(BRANCH)[0].signed is signed


def test_a_files_mode_stays(on: Stage) -> None:
    on.repository.commit(branch="main", files={FILE: "x"}, modes={FILE: "100755"})
    store = on.content()
    tip = store.tip(base=None, config=CONFIG)

    store.write(commit(tip.commit))

    read = store.read(commit=on.repository.head(BRANCH), folders=("applications/web",), keep=every)
    whole = store.read(commit=on.repository.head(BRANCH), folders=(), keep=every)
    assert read.files[FILE].mode == whole.files[FILE].mode == "100755"
    assert read.files[FILE].data == whole.files[FILE].data == NEW


def test_links_are_told_and_never_written_through(on: Stage) -> None:
    on.repository.commit(branch="main", files={FILE: "../../../etc"}, modes={FILE: "120000"})
    store = on.content()
    tip = store.tip(base=None, config=CONFIG)

    read = store.read(commit=tip.commit, folders=("applications/web",), keep=lambda *_: False)
    whole = store.read(commit=tip.commit, folders=(), keep=lambda *_: False)

    assert read.files[FILE].mode == whole.files[FILE].mode == "120000"
    assert read.files[FILE].data == whole.files[FILE].data == b"../../../etc"
    with pytest.raises(GitOpsError, match="symbolic link"):
        store.write(commit(tip.commit))


def test_a_file_too_large_for_a_manifest_is_noted_by_either_way_of_reading(on: Stage) -> None:
    large = "applications/web/crds.yaml"
    head = on.repository.commit(branch="main", files={large: "#" * 6_000_000})
    store = on.content()

    for folders in ((), ("applications/web",)):
        found = store.read(commit=head, folders=folders, keep=every)

        assert large not in found.files
        assert FILE in found.files
        assert large in "".join(found.notes)


def test_a_parent_that_is_not_there_writes_nothing(on: Stage) -> None:
    with pytest.raises(GitOpsError, match="no commit"):
        on.content().write(commit("d" * 40))

    assert on.repository.branches() == {"main"}


def test_the_forge_is_laid_out_as_an_enterprise_server(on: Stage) -> None:
    """The tests above run on this layout: REST below /api/v3, GraphQL at /api/graphql."""
    assert on.forge.api_url.endswith("/api/v3")
    assert on.forge.graphql_url.endswith("/api/graphql")
