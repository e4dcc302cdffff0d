"""What was seen before: an issue opens for what is seen a second time in a row."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from shlex import quote

from gitops_action.core.answers import parse_json
from gitops_action.core.comments.grammar import PREFIX
from gitops_action.core.drift.report import DriftReport, DriftState, TargetDrift
from gitops_action.core.issues import NewIssue
from gitops_action.core.json_values import texts
from gitops_action.core.markdown import code, escape

Sights = Mapping[str, frozenset[str]]
"""By environment and cluster: what was seen, each an object and a field."""

_LONGEST = 60_000
"""Characters of an issue; GitHub takes 65,536."""


def place_of(one: TargetDrift) -> str:
    """The key of an environment in one cluster."""
    return f"{one.environment}/{one.target}"


def sights_of(one: TargetDrift) -> frozenset[str]:
    """What is seen now."""
    return frozenset(_seen(one))


def _seen(one: TargetDrift) -> Iterator[str]:
    for item in one.objects:
        if not item.fields:
            yield f"{item.id} {item.change.value}"
        yield from (f"{item.id} {each.path}" for each in item.fields)


def confirmed(one: TargetDrift, before: Sights) -> frozenset[str]:
    """What is seen a second time in a row."""
    return sights_of(one) & before.get(place_of(one), frozenset())


def after(report: DriftReport, before: Sights) -> Sights:
    """What the next run is given. What could not be read neither counts nor interrupts."""
    found = dict(before)
    for one in report.targets:
        earlier = before.get(place_of(one), frozenset())
        if one.state is DriftState.UNKNOWN:
            continue
        unread = tuple(f"{item} " for item in one.unread)
        kept = {each for each in earlier if unread and each.startswith(unread)}
        found[place_of(one)] = earlier | sights_of(one) if one.reason else sights_of(one) | kept
    return found


def read_sights(written: str) -> Sights:
    """The sights of a file; none where it is empty or no such file."""
    try:
        found = parse_json(written) if written.strip() else {}
    except ValueError:
        return {}
    if not isinstance(found, Mapping):
        return {}
    sights = found.get("sights")
    if not isinstance(sights, Mapping):
        return {}
    return {str(key): frozenset(texts(sights, str(key))) for key in sights}


def write_sights(sights: Sights) -> str:
    """The file's content."""
    listed = {key: sorted(value) for key, value in sorted(sights.items())}
    return json.dumps({"version": 1, "sights": listed}, indent=1) + "\n"


def subject_of(environment: str) -> str:
    """What the issue of an environment is about."""
    return f"drift {environment}"


def drift_issue(environment: str, seen: frozenset[str], *, sections: str) -> NewIssue:
    """The issue of an environment.

    Args:
        environment: its name.
        seen: what was seen twice: an issue that a person closed stays closed until it changes.
        sections: the report in Markdown.
    """
    objects = len({one.rpartition(" ")[0] for one in seen})
    many = f"{objects} object{'s' * (objects != 1)} differ{'s' * (objects == 1)}"
    redeploy = f"gitops-action deploy --environment {quote(environment)}"
    comment = f"{PREFIX} deploy {environment}"
    body = (
        "The cluster differs from what was deployed, in two comparisons in a row. Adopt a change in"
        f" Git, or undo it: {code(redeploy)}, or the comment {code(comment)}, brings back what was"
        " deployed. Then this issue closes itself.\n\n"
        f"{sections}"
    )
    if len(body) > _LONGEST:
        cut = body[:_LONGEST].rpartition("\n")[0]
        fence = "\n```\n\n</details>" if cut.count("<details>") > cut.count("</details>") else ""
        body = f"{cut}{fence}\n\nThe rest is left out: see the summary of the run."
    return NewIssue(
        subject=subject_of(environment),
        occasion=sha256("\n".join(sorted(seen)).encode()).hexdigest()[:16],
        title=escape(f"Drift in {environment}: {many} from what was deployed"),
        body=body,
    )
