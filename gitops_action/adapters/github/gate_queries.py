"""The GraphQL documents of the gate. A test validates each against GitHub's published schema."""

from __future__ import annotations

PAGE = 50
"""Pull requests a query: each brings its reviews, statuses and first comments."""

_ACTOR = "{ __typename login }"
_REVIEW = (
    f"fullDatabaseId state submittedAt authorCanPushToRepository author {_ACTOR} commit {{ oid }}"
)
_STATUS = f"context state description targetUrl createdAt creator {_ACTOR}"
_COMMENT = (
    "fullDatabaseId url body createdAt lastEditedAt viewerDidAuthor"
    f" editor {_ACTOR} author {{ __typename login ... on User {{ databaseId }} }}"
)
_CHECK = "databaseId name status conclusion startedAt url checkSuite { app { databaseId } }"
_PULL_REQUEST = f"""
fragment GatedPullRequest on PullRequest {{
  number url state title body isDraft isCrossRepository createdAt
  headRefName headRefOid baseRefName
  headRepository {{ nameWithOwner }}
  author {_ACTOR}
  commits(last: 1) {{ nodes {{ commit {{
    oid
    statusCheckRollup {{ contexts(first: 100) {{
      pageInfo {{ hasNextPage }}
      nodes {{
        __typename
        ... on StatusContext {{ {_STATUS} }}
        ... on CheckRun @include(if: $checks) {{ {_CHECK} }}
      }}
    }} }}
  }} }} }}
  reviews(last: 100) {{
    pageInfo {{ hasPreviousPage startCursor }}
    nodes {{ {_REVIEW} }}
  }}
  comments(first: 20) {{
    pageInfo {{ hasNextPage endCursor }}
    nodes {{ {_COMMENT} }}
  }}
}}
"""

OPEN_PULL_REQUESTS = f"""
query OpenPullRequests(
  $owner: String!, $name: String!, $base: String!, $after: String, $checks: Boolean!
) {{
  viewer {{ login databaseId }}
  repository(owner: $owner, name: $name) {{
    nameWithOwner
    pullRequests(
      states: [OPEN], baseRefName: $base, first: {PAGE}, after: $after,
      orderBy: {{field: CREATED_AT, direction: ASC}}
    ) {{
      pageInfo {{ hasNextPage endCursor }}
      nodes {{ ...GatedPullRequest }}
    }}
  }}
}}
{_PULL_REQUEST}"""

GATED_PULL_REQUEST = f"""
query GatedPullRequest($owner: String!, $name: String!, $number: Int!, $checks: Boolean!) {{
  viewer {{ login databaseId }}
  repository(owner: $owner, name: $name) {{
    pullRequest(number: $number) {{ ...GatedPullRequest }}
  }}
}}
{_PULL_REQUEST}"""

MERGED_PULL_REQUESTS = """
query MergedPullRequests($owner: String!, $name: String!, $base: String!) {
  repository(owner: $owner, name: $name) {
    pullRequests(
      states: [MERGED], baseRefName: $base, first: 100,
      orderBy: {field: UPDATED_AT, direction: DESC}
    ) {
      nodes { mergedAt mergeCommit { oid parents(first: 1) { nodes { oid } } } }
    }
  }
}
"""

OLDER_REVIEWS = f"""
query OlderReviews($owner: String!, $name: String!, $number: Int!, $before: String) {{
  repository(owner: $owner, name: $name) {{
    pullRequest(number: $number) {{
      reviews(last: 100, before: $before) {{
        pageInfo {{ hasPreviousPage startCursor }}
        nodes {{ {_REVIEW} }}
      }}
    }}
  }}
}}
"""

LATER_COMMENTS = f"""
query LaterComments($owner: String!, $name: String!, $number: Int!, $after: String) {{
  repository(owner: $owner, name: $name) {{
    pullRequest(number: $number) {{
      comments(first: 100, after: $after) {{
        pageInfo {{ hasNextPage endCursor }}
        nodes {{ {_COMMENT} }}
      }}
    }}
  }}
}}
"""

DEFAULT_BRANCH = """
query DefaultBranch($owner: String!, $name: String!) {
  repository(owner: $owner, name: $name) { nameWithOwner defaultBranchRef { name } }
}
"""

MERGE_QUEUE = """
query MergeQueue($owner: String!, $name: String!, $branch: String!) {
  repository(owner: $owner, name: $name) {
    mergeQueue(branch: $branch) {
      entries(first: 100) {
        nodes {
          enqueuedAt
          pullRequest { number }
          headCommit { oid }
          baseCommit { oid }
        }
      }
    }
  }
}
"""

QUEUED_PULL_REQUEST = """
query QueuedPullRequest($owner: String!, $name: String!, $number: Int!) {
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) {
      id isInMergeQueue
      timelineItems(last: 1, itemTypes: [REMOVED_FROM_MERGE_QUEUE_EVENT]) {
        nodes {
          ... on RemovedFromMergeQueueEvent { createdAt reason actor { __typename login } }
        }
      }
    }
  }
}
"""

ENQUEUE = """
mutation Enqueue($id: ID!, $head: GitObjectID!) {
  enqueuePullRequest(input: {pullRequestId: $id, expectedHeadOid: $head}) {
    mergeQueueEntry { id }
  }
}
"""

DEQUEUE = """
mutation Dequeue($id: ID!) {
  dequeuePullRequest(input: {id: $id}) { mergeQueueEntry { id } }
}
"""
