"""GitHub's releases of one repository."""

from __future__ import annotations

import github

from gitops_action.errors import GitOpsError


class GitHubReleases:
    """Implements `Releases` by PyGithub."""

    def __init__(self, token: str, api_url: str, repository: str) -> None:
        """Nothing is asked yet."""
        auth = github.Auth.Token(token)
        self._repository = github.Github(
            auth=auth, base_url=api_url, lazy=True, retry=None
        ).get_repo(repository)

    def exists(self, tag: str) -> bool:
        """Whether the tag has one.

        Raises:
            GitOpsError: GitHub cannot be asked.
        """
        try:
            self._repository.get_release(tag)
        except github.UnknownObjectException:
            return False
        except github.GithubException as error:
            raise _failed("read", tag, error) from None
        return True

    def create(self, tag: str, notes: str, *, newest: bool, prerelease: bool) -> None:
        """Make one.

        Raises:
            GitOpsError: GitHub refuses.
        """
        try:
            self._repository.create_git_release(
                tag,
                name=tag,
                message=notes,
                prerelease=prerelease,
                make_latest="true" if newest else "false",
            )
        except github.GithubException as error:
            raise _failed("created", tag, error) from None


def _failed(what: str, tag: str, error: github.GithubException) -> GitOpsError:
    return GitOpsError(
        f"The GitHub release {tag} could not be {what}",
        cause=f"GitHub answers {error.status}: {error.message or ''}",
        fix="run the release again: the next run goes on from here",
    )
