"""Defaults that depend on the surroundings: resolved here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from gitops_action.core.inputs.declaration import Command

_PUBLIC_SERVER = "https://github.com"
_PUBLIC_API = "https://api.github.com"


@dataclass(frozen=True, kw_only=True)
class Endpoints:
    """Where one GitHub is reached; without a slash at the end."""

    api_url: str
    graphql_url: str
    server_url: str


def with_defaults(
    command: Command, given: Mapping[str, str], environ: Mapping[str, str]
) -> dict[str, str]:
    """Fill in what was not given from the environment.

    Secrets fall back to their variables, `repository` to the job's, and the three addresses of
    GitHub to the job's or to what follows from the one that was given.
    """
    texts = {name: text for name, text in given.items() if text}
    for item in command.inputs:
        fallback = (environ.get(variable, "").strip() for variable in item.variables)
        if not texts.get(item.name, "").strip() and (text := next(filter(None, fallback), "")):
            texts[item.name] = text
    if command.find("repository") and environ.get("GITHUB_REPOSITORY"):
        texts.setdefault("repository", environ["GITHUB_REPOSITORY"])
    if command.find("api-url"):
        endpoints = resolve_endpoints(texts, environ)
        texts["api-url"] = endpoints.api_url
        texts["graphql-url"] = endpoints.graphql_url
        texts["server-url"] = endpoints.server_url
    return texts


def resolve_endpoints(given: Mapping[str, str], environ: Mapping[str, str]) -> Endpoints:
    """The addresses of GitHub: as given, else of the job, else the public ones.

    As soon as one is given, the others follow from it and not from the job, so that two servers
    are never mixed. GitHub Enterprise Server has its APIs at `/api/v3` and `/api/graphql`,
    GitHub Enterprise Cloud with data residency at `api.NAME.ghe.com` (GitHub's documentation,
    "Getting started with the REST API" and "Forming calls with GraphQL").
    """
    own = {name: given.get(name, "").strip().rstrip("/") for name in _VARIABLES}
    if not any(own.values()):
        own = {name: environ.get(key, "").rstrip("/") for name, key in _VARIABLES.items()}
    server = own["server-url"] or _server(own["api-url"] or own["graphql-url"])
    api = own["api-url"] or _api(server)
    return Endpoints(
        api_url=api, graphql_url=own["graphql-url"] or _graphql(api), server_url=server
    )


_VARIABLES = {
    "api-url": "GITHUB_API_URL",
    "graphql-url": "GITHUB_GRAPHQL_URL",
    "server-url": "GITHUB_SERVER_URL",
}


def _server(api: str) -> str:
    parts = _parts(api)
    if parts is None:
        return _PUBLIC_SERVER
    scheme, host = parts
    cloud = host == "api.github.com" or host.endswith(".ghe.com")
    return f"{scheme}://{host.removeprefix('api.') if cloud else host}"


def _api(server: str) -> str:
    parts = _parts(server)
    if parts is None or parts[1] == "github.com":
        return _PUBLIC_API
    scheme, host = parts
    return f"{scheme}://api.{host}" if host.endswith(".ghe.com") else f"{server}/api/v3"


def _graphql(api: str) -> str:
    return f"{api.removesuffix('/v3')}/graphql"


def _parts(address: str) -> tuple[str, str] | None:
    try:
        parts = urlsplit(address)
    except ValueError:
        return None  # said later, when the input's grammar is checked
    return (parts.scheme, parts.netloc.lower()) if parts.netloc else None
