import functools

import pytest
from graphql import GraphQLSchema, build_ast_schema, parse, validate

from gitops_action.adapters.github import (
    gate_queries,
    merged_by,
    promotions,
    proved_records,
    queries,
)
from testbed.forge.npm import package

DOCUMENTS = {
    "tip": queries.TIP,
    "branch names": queries.BRANCH_NAMES,
    "ref": queries.REF,
    "update refs": queries.UPDATE_REFS,
    "viewer": queries.VIEWER,
    "auto-merge": queries.ENABLE_AUTO_MERGE,
    "commit on branch": queries.COMMIT_ON_BRANCH,
    "latest": queries.LATEST,
    "comments": queries.COMMENTS,
    "decorations": queries.DECORATIONS,
    "open pull requests": gate_queries.OPEN_PULL_REQUESTS,
    "gated pull request": gate_queries.GATED_PULL_REQUEST,
    "merged pull requests": gate_queries.MERGED_PULL_REQUESTS,
    "older reviews": gate_queries.OLDER_REVIEWS,
    "later comments": gate_queries.LATER_COMMENTS,
    "default branch": gate_queries.DEFAULT_BRANCH,
    "branch": queries.branch_document(0, 0),
    "branch with paths": queries.branch_document(3, 2),
    "files": queries.files_document(0),
    "files with paths": queries.files_document(100),
    "folders": queries.folders_document(4),
    "deployments": proved_records.deployments_document(3),
    "workflow runs": proved_records.runs_document(40),
    "people of commits": merged_by.people_document(40),
    "open pull requests that promote": promotions.OPEN_PULL_REQUESTS,
}


@functools.cache
def github_schema() -> GraphQLSchema:
    folder, _ = package("@octokit/graphql-schema")
    text = (folder / "schema.graphql").read_text()
    return build_ast_schema(parse(text, no_location=True), assume_valid=True)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_githubs_schema_takes_the_document(name: str) -> None:
    assert validate(github_schema(), parse(DOCUMENTS[name])) == []


def test_every_document_is_validated() -> None:
    constants = {value for key, value in vars(queries).items() if key.isupper() and key[0] != "_"}
    texts = {value for value in constants if isinstance(value, str)}

    assert texts <= set(DOCUMENTS.values())
