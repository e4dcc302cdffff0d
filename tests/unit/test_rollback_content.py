"""Which folders a rollback reads to know the images of the applications that go back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from gitops_action.commands.rollback.content import Contents, with_own_folders
from gitops_action.core.config import load_config
from gitops_action.core.repository import Keep, Snapshot, Tip
from tests.support.configs import FILE
from tests.support.plans import snapshot

TIP, OLD = "1" * 40, "2" * 40
CONFIG = """version: 1
environments:
  staging: {path: 'staging/{application}'}
  production: {path: 'production/{application}', after: [staging]}
"""
WEB = "image: ghcr.io/acme/web:v%s\n"
API = "image: ghcr.io/acme/api:v%s\n"


class Commits:
    """The files of commits, and which folders were read. Fulfils `ContentReader`."""

    def __init__(self, files: Mapping[str, Mapping[str, str]]) -> None:
        self.files = files
        self.read_folders: list[tuple[str, ...]] = []

    def read(self, *, commit: str, folders: tuple[str, ...], keep: Keep) -> Snapshot:
        self.read_folders.append(folders)
        found = {
            path: text
            for path, text in self.files[commit].items()
            if not folders or any(path.startswith(f"{folder}/") for folder in folders)
            if keep(path, text.encode())
        }
        return replace(snapshot(found), commit=commit, folders=folders)

    def confirm(self, *, snapshot: Snapshot, paths: Sequence[str]) -> Snapshot:
        del paths
        return snapshot


def described(
    files: Mapping[str, Mapping[str, str]], *applications: str, config: str = CONFIG
) -> tuple[list[dict[str, list[str]]], Commits]:
    """The images of production at the tip and before it, by application; and what was read."""
    loaded, commits = load_config(FILE, config.encode()), Commits(files)
    tip = Tip(branch="main", commit=TIP, default_branch="main", settings={})
    names = with_own_folders(applications, loaded)
    contents = Contents(commits, loaded, tip=tip, repository="a/b", applications=names)
    environment = loaded.environment("production")
    assert environment is not None
    found = [contents.read(environment, commit) or {} for commit in (TIP, OLD)]
    return [
        {name: [str(image) for image in images] for (name, _), images in one.items()}
        for one in found
    ], commits


def tree(version: int, *, web: str = "web") -> dict[str, str]:
    return {
        "staging/web/a.yaml": WEB % version,
        f"production/{web}/a.yaml": WEB % version,
        "production/api/a.yaml": API % version,
    }


def test_an_application_s_own_folders_are_read_and_no_others() -> None:
    (now, before), commits = described({TIP: tree(2), OLD: tree(1)}, "web")
    assert now == {"web": ["ghcr.io/acme/web:v2"]}
    assert before == {"web": ["ghcr.io/acme/web:v1"]}
    assert commits.read_folders == [("production/web", "staging/web")] * 2


def test_without_an_application_all_are_read() -> None:
    (now, before), _ = described({TIP: tree(2), OLD: tree(1)})
    assert [set(one) for one in (now, before)] == [{"web", "api"}, {"web", "api"}]


def test_all_are_read_where_the_folder_had_another_name() -> None:
    (now, before), _ = described({TIP: tree(2), OLD: tree(1, web="frontend")}, "web")
    assert now == {"web": ["ghcr.io/acme/web:v2"]}
    assert before == {"api": ["ghcr.io/acme/api:v1"], "frontend": ["ghcr.io/acme/web:v1"]}


def test_an_application_with_declared_images_is_looked_for_everywhere() -> None:
    config = f"{CONFIG}applications:\n  shop: {{images: [ghcr.io/acme/web]}}\n"
    (now, before), _ = described({TIP: tree(2), OLD: tree(1)}, "shop", config=config)
    assert now["shop"] == ["ghcr.io/acme/web:v2"]
    assert before["shop"] == ["ghcr.io/acme/web:v1"]
