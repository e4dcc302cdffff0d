from datetime import UTC, datetime

import pytest

from gitops_action.adapters.github.errors import Purpose, RequestFailure, translate

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
READ = Purpose(operation="read the content", permission="contents: read", repository="acme/env")
WRITE = Purpose(
    operation="open pull requests",
    permission="pull-requests: write",
    repository="acme/env",
    writes=True,
)


@pytest.mark.parametrize(
    ("purpose", "failure", "words"),
    [
        (READ, {"status": 401, "message": "Bad credentials"}, ["token", "expired"]),
        (READ, {"status": 404, "message": "Not Found"}, ["cannot see acme/env", "App"]),
        (
            READ,
            {"status": 200, "kinds": ("NOT_FOUND",), "message": "Could not resolve"},
            ["cannot see acme/env", "contents: read"],
        ),
        (
            WRITE,
            {
                "status": 403,
                "message": "Resource not accessible by integration",
                "headers": {"x-accepted-github-permissions": "pull_requests=write"},
            },
            ["may not open pull requests", "pull-requests: write", "acme/env"],
        ),
        (
            WRITE,
            {"status": 404, "message": "Not Found", "headers": {"x-oauth-scopes": "gist"}},
            ["may not open pull requests", "scopes gist"],
        ),
        (
            WRITE,
            {
                "status": 403,
                "message": "GitHub Actions is not permitted to create or approve pull requests.",
            },
            ["Settings, Actions, General"],
        ),
        (
            WRITE,
            {"status": 403, "message": "Repository was archived so is read-only."},
            ["archived"],
        ),
        (
            WRITE,
            {"status": 403, "message": "Resource protected", "headers": {"x-github-sso": "x"}},
            ["single sign-on"],
        ),
        (
            WRITE,
            {
                "status": 200,
                "kinds": ("UNPROCESSABLE",),
                "message": "Repository rule violations found\n\n"
                "Changes must be made through a pull request.",
            },
            ["branch rule", "Changes must be made through a pull request", "mode: pull-request"],
        ),
        (
            WRITE,
            {
                "status": 422,
                "message": "Repository rule violations found. Commits must have verified "
                "signatures.",
            },
            ["App's token", "signs"],
        ),
        (
            READ,
            {"status": 429, "message": "API rate limit exceeded", "headers": {"retry-after": "60"}},
            ["rate limit", "2026-01-02 03:05:05 UTC"],
        ),
        (
            WRITE,
            {"status": 200, "message": "Field 'updateRefs' doesn't exist on type 'Mutation'"},
            ["transport: git"],
        ),
        (READ, {"status": 0, "message": "the connection to x failed"}, ["cannot be reached"]),
        (WRITE, {"status": 503, "message": "Unavailable"}, ["failed to open", "503"]),
        (WRITE, {"status": 422, "message": "No commits between"}, ["refused", "No commits"]),
    ],
)
def test_an_error_names_what_is_missing_and_what_to_do(
    purpose: Purpose, failure: dict[str, object], words: list[str]
) -> None:
    error = translate(RequestFailure(**failure), purpose, NOW)  # type: ignore[arg-type]

    for word in words:
        assert word in str(error)


def test_rights_read_as_workflows_write_them() -> None:
    failure = RequestFailure(
        status=403,
        message="Resource not accessible by integration",
        headers={"x-accepted-github-permissions": "contents=write,workflows=write; issues=read"},
    )

    assert "contents: write and workflows: write or issues: read" in str(
        translate(failure, WRITE, NOW)
    )
