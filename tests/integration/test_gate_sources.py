"""Who wrote an application's commits, by GitHub's comparison."""

from __future__ import annotations

from pathlib import Path

from gitops_action.adapters.github.history import GitHubSourceAuthors
from testbed.forge import rights
from tests.support.github_forge import stage

APPLICATION = "acme/web"


def test_authors_are_read_over_all_pages(tmp_path: Path) -> None:
    with stage(tmp_path) as made:
        source = made.forge.create_repository(APPLICATION, files={"main.go": "0"})
        first = source.resolve("main")
        for number in range(105):
            author = {0: "bob", 104: "carol"}.get(number, "alice")
            source.commit(files={"main.go": str(number + 1)}, author=author)
        last = source.resolve("main")
        token = made.forge.token(
            repositories=[APPLICATION], permissions=rights("metadata", read=("contents",))
        )
        authors = GitHubSourceAuthors(made.client(token))

        def between(base: str, head: str, repository: str = APPLICATION) -> object:
            return authors.authors(repository=repository, base=base, head=head)

        assert between(first, last) == {"alice", "bob", "carol"}
        assert between(last, first) == frozenset()
        assert between(first, "f" * 40) is None
        assert between(first, last, "acme/other") is None
        made.forge.assert_clean()
