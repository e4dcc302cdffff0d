"""The gate `http`: addresses outside answer as the configuration expects."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import field
from urllib.parse import urlsplit

from gitops_action.core.config.expressions import ExpressionError, expression_holds
from gitops_action.core.config.resolved import HttpGate
from gitops_action.core.dataclass import dataclass
from gitops_action.core.gates.model import GateResult, Word
from gitops_action.core.pattern import pattern
from gitops_action.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class HttpAnswer:
    """What an address answered; `problem` says why there is no answer.

    `body` is decoded text, within the limit of what is read.
    """

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class HttpFacts:
    """The answer of each address; one that is missing was not asked in this run."""

    answers: Mapping[str, HttpAnswer] = field(default_factory=dict)


def evaluate(environment: str, gates: Sequence[HttpGate], facts: HttpFacts) -> GateResult | None:
    """None where no address is configured; else the worst answer."""
    if not gates:
        return None
    found = [(_host(gate), *_expected(gate, facts.answers.get(gate.url))) for gate in gates]
    host, word, code, reason = min(found, key=lambda one: _ORDER.index(one[1]))
    passed = word == "pass"
    return GateResult(
        gate="http",
        environment=environment,
        word=word,
        reason=_said(len(gates)) if passed else f"{host} {reason}",
        code=code,
        found="; ".join(f"`{where}` {said}" for where, _, _, said in found),
    )


_ORDER: tuple[Word, ...] = ("unknown", "wait", "pass")


def _said(number: int) -> str:
    return f"{number} address{'es' if number > 1 else ''} as expected"


def _host(gate: HttpGate) -> str:
    """The address without what may identify someone to it."""
    return urlsplit(gate.url).netloc


def _expected(gate: HttpGate, answer: HttpAnswer | None) -> tuple[Word, str, str]:
    if answer is None:
        return "unknown", "http-unanswered", "was not asked"
    if answer.problem:
        return "unknown", "http-unanswered", f"did not answer: {answer.problem}"
    try:
        holds = expression_holds(gate.expect, {"response": _response(answer)})
    except ExpressionError as error:
        return (
            "unknown",
            "http-expression",
            f"answered {answer.status}, and `expect`: {_first(error)}",
        )
    if not holds:
        return "wait", "http-unexpected", f"answered {answer.status}, not what is expected"
    return "pass", "http-expected", f"answered {answer.status}"


def _first(error: ExpressionError) -> str:
    """The first sentence: the library explains at length."""
    return str(error).partition(". ")[0]


def _response(answer: HttpAnswer) -> Mapping[str, object]:
    """What expressions see; `json` is null where the body is none."""
    return {
        "status": answer.status,
        "headers": {name.lower(): value for name, value in answer.headers.items()},
        "body": answer.body,
        "json": _json(answer.body),
    }


def _json(body: str) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


# What the job allows: `GITOPS_HTTP_*`.

_PREFIX = "GITOPS_HTTP_"
_HOSTS, _INSECURE = f"{_PREFIX}HOSTS", f"{_PREFIX}INSECURE"
_NAME = pattern(r"[A-Z][A-Z0-9_]{0,60}")
_FORBIDDEN = frozenset({"Host", "Content-Length", "Transfer-Encoding", "Connection", "Proxy"})
"""Headers that steer the request itself."""


@dataclass(frozen=True, kw_only=True)
class HttpSettings:
    """Which headers go to which hosts, and which hosts are asked without TLS.

    Attributes:
        headers: sent to `hosts` alone; their values are secrets.
        hosts: as in an address, with the port where it has one.
        insecure: hosts that may be asked by plain HTTP, on this machine too.
    """

    headers: Mapping[str, str] = field(default_factory=dict)
    hosts: frozenset[str] = frozenset()
    insecure: frozenset[str] = frozenset()


def http_settings(environ: Mapping[str, str]) -> HttpSettings:
    """Read `GITOPS_HTTP_HOSTS`, `GITOPS_HTTP_INSECURE`, and each header from `GITOPS_HTTP_<NAME>`.

    Raises:
        UsageError: a header cannot be sent, or nothing says to which hosts.
    """
    headers: dict[str, str] = {}
    for variable, value in sorted(environ.items()):
        if variable in {_HOSTS, _INSECURE} or not variable.startswith(_PREFIX) or not value:
            continue
        name = variable.removeprefix(_PREFIX)
        header = "-".join(part.capitalize() for part in name.split("_"))
        if not _NAME.fullmatch(name) or header in _FORBIDDEN:
            raise UsageError(f"{variable} is not a header that can be sent", fix="remove it")
        if not value.isprintable() or not value.isascii():
            raise UsageError(
                f"The value of {variable} has characters that no header may have",
                fix="write it in one line of ASCII",
            )
        headers[header] = value
    hosts = _listed(environ.get(_HOSTS, ""))
    if headers and not hosts:
        raise UsageError(
            f"{_HOSTS} is missing, so that no host gets the headers",
            fix=f"set {_HOSTS} to the hosts that they are meant for, e.g. status.acme.dev",
        )
    return HttpSettings(headers=headers, hosts=hosts, insecure=_listed(environ.get(_INSECURE, "")))


def _listed(text: str) -> frozenset[str]:
    return frozenset(text.lower().replace(",", " ").split())
