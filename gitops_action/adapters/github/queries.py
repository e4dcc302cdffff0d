"""Our GraphQL documents. A test validates each against GitHub's published schema."""

from __future__ import annotations

from collections.abc import Sequence

FOLDER_DEPTH = 6
"""Levels of folders that one query reads; what lies deeper is read from an archive."""

_BLOB = "... on Blob { oid byteSize isBinary isTruncated text }"
_ENTRY = f"name mode oid type object {{ {_BLOB} }}"

TIP = f"""
query Tip(
  $owner: String!, $name: String!, $ref: String!, $named: Boolean!,
  $config: String!, $holds: String!
) {{
  viewer {{ login databaseId }}
  repository(owner: $owner, name: $name) {{
    id nameWithOwner isArchived
    defaultBranchRef {{ name target @skip(if: $named) {{ ...Tip }} }}
    ref(qualifiedName: $ref) @include(if: $named) {{ name target {{ ...Tip }} }}
  }}
}}
fragment Tip on GitObject {{
  oid
  ... on Commit {{
    tree {{ oid }}
    config: file(path: $config) {{ {_ENTRY} }}
    holds: file(path: $holds) {{ object {{ ... on Tree {{ entries {{ {_ENTRY} }} }} }} }}
  }}
}}
"""

BRANCH_NAMES = """
query BranchNames($owner: String!, $name: String!) {
  repository(owner: $owner, name: $name) {
    refs(refPrefix: "refs/heads/", first: 100) { nodes { name } }
  }
}
"""

REF = """
query Ref($owner: String!, $name: String!, $ref: String!) {
  repository(owner: $owner, name: $name) { ref(qualifiedName: $ref) { target { oid } } }
}
"""

UPDATE_REFS = """
mutation UpdateRefs($input: UpdateRefsInput!) { updateRefs(input: $input) { clientMutationId } }
"""

COMMIT_ON_BRANCH = """
mutation CommitOnBranch($input: CreateCommitOnBranchInput!) {
  createCommitOnBranch(input: $input) { commit { oid } }
}
"""

LATEST = """
query Latest($owner: String!, $name: String!, $ref: String!) {
  repository(owner: $owner, name: $name) {
    ref(qualifiedName: $ref) {
      target {
        oid
        ... on Commit {
          history(first: 10) { nodes { oid message parents(first: 2) { nodes { oid } } } }
        }
      }
    }
  }
}
"""

VIEWER = "query Viewer { viewer { login databaseId } }"

ENABLE_AUTO_MERGE = """
mutation EnableAutoMerge($input: EnablePullRequestAutoMergeInput!) {
  enablePullRequestAutoMerge(input: $input) { pullRequest { number } }
}
"""

COMMENTS = """
query Comments($owner: String!, $name: String!, $number: Int!, $before: String) {
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) {
      comments(last: 100, before: $before) {
        nodes { fullDatabaseId body viewerDidAuthor }
        pageInfo { hasPreviousPage startCursor }
      }
    }
  }
}
"""

DECORATIONS = """
query Decorations($owner: String!, $name: String!, $number: Int!) {
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) {
      author { __typename login }
      labels(first: 100) { nodes { name } }
      assignees(first: 100) { nodes { login } }
      reviewRequests(first: 100) {
        nodes { requestedReviewer { ... on User { login } ... on Team { slug } } }
      }
      latestReviews(first: 100) {
        nodes { author { login } onBehalfOf(first: 10) { nodes { slug } } }
      }
    }
  }
}
"""

_ACTOR = "{ __typename login }"
_PULL_REQUEST = f"""
fragment PullRequestFacts on PullRequest {{
  number id url state title body isDraft isCrossRepository headRefOid baseRefName
  author {_ACTOR}
  mergeCommit {{ oid }}
  labels(first: 50) {{ nodes {{ name }} }}
  timelineItems(last: 10, itemTypes: [CLOSED_EVENT, HEAD_REF_DELETED_EVENT]) {{
    nodes {{
      __typename
      ... on ClosedEvent {{ createdAt actor {_ACTOR} }}
      ... on HeadRefDeletedEvent {{ createdAt actor {_ACTOR} }}
    }}
  }}
}}
"""
_SIGNATURE = "{ email user { login } }"
_COMMIT = (
    f"oid message parents(first: 5) {{ nodes {{ oid }} }} author {_SIGNATURE} "
    f"committer {_SIGNATURE}"
)


def branch_document(paths: int, prefixes: int) -> str:
    """Write the query for a branch with the blobs of `$p0` … `$pN` at its head.

    `$r0` … `$rN` are the refs whose names are folders of the branch's name.
    """
    refs = "".join(f", $r{index}: String!" for index in range(prefixes))
    above = " ".join(
        f"r{index}: ref(qualifiedName: $r{index}) {{ name }}" for index in range(prefixes)
    )
    return f"""
query Branch(
  $owner: String!, $name: String!, $branch: String!, $head: String!, $base: String!,
  $below: String!{refs}{_declare(paths)}
) {{
  viewer {{ login databaseId }}
  repository(owner: $owner, name: $name) {{
    head: ref(qualifiedName: $head) {{
      target {{ oid ... on Commit {{ __typename {_files(paths)} }} }}
    }}
    below: refs(refPrefix: $below, first: 1) {{ nodes {{ name }} }}
    {above}
    base: ref(qualifiedName: $base) {{
      target {{ oid }}
      compare(headRef: $branch) {{
        aheadBy
        baseTarget {{ oid }}
        headTarget {{ oid }}
        commits(first: 100) {{ totalCount nodes {{ {_COMMIT} }} }}
      }}
    }}
    pullRequests(
      headRefName: $branch, first: 20, orderBy: {{field: CREATED_AT, direction: DESC}}
    ) {{
      pageInfo {{ hasNextPage }}
      nodes {{ ...PullRequestFacts }}
    }}
    open: pullRequests(headRefName: $branch, states: [OPEN], first: 5) {{
      pageInfo {{ hasNextPage }}
      nodes {{
        ...PullRequestFacts
        files(first: 100) {{ totalCount nodes {{ path }} }}
      }}
    }}
  }}
}}
{_PULL_REQUEST}"""


def pull_requests_document(numbers: Sequence[int]) -> str:
    """Write the query for pull requests by their numbers."""
    found = " ".join(
        f"p{number}: pullRequest(number: {number}) {{ ...PullRequestFacts }}" for number in numbers
    )
    return f"""
query PullRequests($owner: String!, $name: String!) {{
  repository(owner: $owner, name: $name) {{ {found} }}
}}
{_PULL_REQUEST}"""


def files_document(paths: int) -> str:
    """Write the query for mode and blob id of `$p0` … `$pN` at the commit `$oid`, and its tree."""
    return f"""
query Files($owner: String!, $name: String!, $oid: GitObjectID!{_declare(paths)}) {{
  repository(owner: $owner, name: $name) {{
    id
    object(oid: $oid) {{ ... on Commit {{ tree {{ oid }} {_files(paths)} }} }}
  }}
}}
"""


def folders_document(folders: int) -> str:
    """Write the query for all that lies in the folders `$p0` … `$pN`, with text, at `$oid`."""
    tree = "__typename"
    for _ in range(FOLDER_DEPTH):
        tree = (
            f"__typename {_BLOB} ... on Tree {{ entries {{ name mode oid object {{ {tree} }} }} }}"
        )
    found = " ".join(
        f"f{index}: file(path: $p{index}) {{ name mode oid object {{ {tree} }} }}"
        for index in range(folders)
    )
    return f"""
query Folders($owner: String!, $name: String!, $oid: GitObjectID!{_declare(folders)}) {{
  repository(owner: $owner, name: $name) {{
    object(oid: $oid) {{ ... on Commit {{ tree {{ oid }} {found} }} }}
  }}
}}
"""


def path_variables(paths: Sequence[str]) -> dict[str, object]:
    """Number the paths as the documents above do."""
    return {f"p{index}": path for index, path in enumerate(paths)}


def _declare(paths: int) -> str:
    return "".join(f", $p{index}: String!" for index in range(paths))


def _files(paths: int) -> str:
    return " ".join(f"f{index}: file(path: $p{index}) {{ mode oid }}" for index in range(paths))
