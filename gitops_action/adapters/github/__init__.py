"""GitHub (github.com, Enterprise Cloud and Server): content, pull requests, history.

client = connect(token, api_url, graphql_url, clock)
content = ApiContentStore(client, "acme/environment")
forge = GitHubForge(client, "acme/environment")
history = GitHubSourceHistory(connect(source_token, api_url, graphql_url, clock))
"""

from gitops_action.adapters.github.client import GitHubClient, connect
from gitops_action.adapters.github.content import ApiContentStore
from gitops_action.adapters.github.errors import ApiLacksError
from gitops_action.adapters.github.history import GitHubSourceFacts, GitHubSourceHistory
from gitops_action.adapters.github.pull_requests import GitHubForge

__all__ = [
    "ApiContentStore",
    "ApiLacksError",
    "GitHubClient",
    "GitHubForge",
    "GitHubSourceFacts",
    "GitHubSourceHistory",
    "connect",
]
