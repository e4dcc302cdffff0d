"""REST by PyGithub, with everything of it switched off that would wait or repeat by itself."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

import github
import requests
from github.Requester import Requester

from gitops_action.adapters.github.errors import HTTP_MOVED, HTTP_OK, RequestFailure
from gitops_action.adapters.github.transport import TIMEOUT, USER_AGENT, unreachable
from gitops_action.core.pattern import pattern

API_VERSION = "2022-11-28"
"""The REST API's version that this package is written for (GitHub: "API Versions")."""

_NEXT = pattern(r'<([^<>]{1,2000})>;\s?rel="next"')

_ELSEWHERE = "the API redirects to another host, which never gets the token"


class Rest:
    """JSON requests to GitHub's REST API, one try each."""

    def __init__(self, *, token: str, api_url: str) -> None:
        """Set PyGithub up: retries and pauses are ours to decide, in `retry`."""
        self._api_url = api_url
        self._requester: Requester = github.Github(
            auth=github.Auth.Token(token) if token else None,
            base_url=api_url.rstrip("/"),
            timeout=int(TIMEOUT[1]),
            user_agent=USER_AGENT,
            retry=None,
            seconds_between_requests=None,
            seconds_between_writes=None,
            lazy=True,
            api_version=API_VERSION,
        ).requester

    def request(
        self,
        verb: str,
        path: str,
        body: Mapping[str, object] | None = None,
        query: Mapping[str, object] | None = None,
    ) -> object:
        """Send one request, return the answer's JSON.

        Raises:
            RequestFailure: GitHub refused, or did not answer.
        """
        return self._send(verb, path, body, query)[1]

    def page(self, path: str, query: Mapping[str, object]) -> tuple[object, str]:
        """Get one page of a list with cursors: its JSON, and the cursor of the next, or nothing.

        Raises:
            RequestFailure: GitHub refused, or did not answer.
        """
        headers, data = self._send("GET", path, None, query)
        found = _NEXT.search(str(headers.get("link") or ""))
        cursors = parse_qs(urlsplit(found[1]).query).get("after") if found else None
        return data, cursors[0] if cursors else ""

    def _send(
        self,
        verb: str,
        path: str,
        body: Mapping[str, object] | None,
        query: Mapping[str, object] | None,
    ) -> tuple[Mapping[str, object], object]:
        try:
            headers, data = self._requester.requestJsonAndCheck(
                verb, path, parameters=dict(query or {}), input=body
            )
        except github.GithubException as error:
            raise _failure(error) from None
        except requests.RequestException as error:
            raise unreachable(error, self._api_url) from None
        except (ValueError, RecursionError):
            # PyGithub reads JSON and addresses without a second thought.
            message = "the answer cannot be read"
            raise RequestFailure(status=HTTP_OK, message=message, kinds=("FORMAT",)) from None
        except RuntimeError:
            # PyGithub's way to refuse a redirect to another host or protocol.
            raise RequestFailure(status=HTTP_MOVED, message=_ELSEWHERE) from None
        answer: object = data
        return headers, answer


def _failure(error: github.GithubException) -> RequestFailure:
    data = error.data if isinstance(error.data, Mapping) else {}
    parts = [str(data.get("message") or error.message or "")]
    for detail in data.get("errors") or ():
        text = detail.get("message") if isinstance(detail, Mapping) else detail
        if text:
            parts.append(str(text))
    headers = {name.lower(): str(value) for name, value in (error.headers or {}).items()}
    message = "; ".join(part for part in parts if part)
    return RequestFailure(status=error.status, message=message, headers=headers)
