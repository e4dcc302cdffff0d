"""What callers of the library give, and whether this tree still takes it.

A caller of a reusable workflow that grants less than a called job asks for, or gives an input or a
secret that the workflow does not have, fails at its start (GitHub: "Reusing workflows"). What was
published in templates and documents lives on in the repositories of users, so that each release
keeps its callers in `release/callers/`, and a test compares all of them with the workflows of now.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import get_args

import yaml

from gitops_action.core.scaffold import Answers, NewApplication, render
from gitops_action.core.scaffold.questions import Engine, Handover, Layout, RepositoryIdentity

ROOT = Path(__file__).resolve().parent.parent
PUBLISHED = ROOT / "release" / "callers"
_USES = re.compile(r"[\w.-]+/gitops-action(?P<path>(?:/[\w./-]+)?)@.+")
_WORKFLOW = re.compile(r"/\.github/workflows/(?P<name>[\w.-]+\.ya?ml)")
_FENCE = re.compile(r"^```ya?ml\n(?P<code>.*?)^```", re.DOTALL | re.MULTILINE)
_LEVELS = {"none": 0, "read": 1, "write": 2}
_SCOPES = (
    *("actions", "artifact-metadata", "attestations", "checks", "contents", "deployments"),
    *("discussions", "id-token", "issues", "models", "packages", "pages", "pull-requests"),
    *("repository-projects", "security-events", "statuses"),
)
_DEFAULT = {"contents": "read", "packages": "read"}
"""What a job may do that says nothing, in the more restricted of GitHub's two settings."""

Yaml = Mapping[str, object]
Rights = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Caller:
    """A job that calls a workflow, or a step that uses an action.

    Attributes:
        place: where it stands.
        target: the workflow's file name; an action's path, empty for the main one.
        kind: which of the two.
        inputs: names that are given.
        secrets: names that are given; None: all of the caller's (`inherit`).
        rights: what the calling job grants.
        outputs: names that are read.
    """

    place: str
    target: str
    kind: str
    inputs: tuple[str, ...] = ()
    secrets: tuple[str, ...] | None = ()
    rights: Rights = field(default_factory=dict)
    outputs: tuple[str, ...] = ()


# Callers, from this tree and from releases.


def present_callers(root: Path = ROOT) -> tuple[Caller, ...]:
    """Those of the templates, the documents, and the workflows with the examples above them."""
    found = _of_templates(root)
    for path in sorted(
        (*root.glob("*.md"), *root.glob("docs/*.md"), *root.glob("templates/*/*.md"))
    ):
        for match in _FENCE.finditer(path.read_text("utf-8")):
            found += callers_in(match["code"], str(path.relative_to(root)))
    for path in sorted((root / ".github" / "workflows").glob("*.yml")):
        text = path.read_text("utf-8")
        place = str(path.relative_to(root))
        found += callers_in(text, place)
        found += callers_in(_comment_above(text), f"{place} (example)")
    return tuple(found)


def _of_templates(root: Path) -> list[Caller]:
    """What `init` writes: a template calls other workflows for other answers."""
    found: list[Caller] = []
    for answers in _answers():
        home = root / "templates" / answers.template
        paths = sorted(home.glob(".github/workflows/*.yml"))
        texts = {str(path.relative_to(root)): path.read_text("utf-8") for path in paths}
        for place, text in render(texts, answers).items():
            found += (one for one in callers_in(text, place) if one not in found)
    return found


def _answers() -> Iterator[Answers]:
    """One for each combination that a template's workflows depend on."""
    web = NewApplication(name="web", image="ghcr.io/acme/web", tag="v1", source="acme/web")
    common = Answers(
        subject="environment",
        repository="acme/environment",
        applications=(web,),
        code_owners="@acme/platform",
        library="OWNER/gitops-action",
    )
    for layout, engine, identity in product(*map(get_args, (Layout, Engine, RepositoryIdentity))):
        yield replace(common, layout=layout, engine=engine, identity=identity)
    elsewhere = replace(web, image="registry.example.com/acme/web")
    for handover, application in product(get_args(Handover), (web, elsewhere)):
        yield replace(common, subject="application", handover=handover, applications=(application,))


def published_callers(folder: Path = PUBLISHED) -> tuple[Caller, ...]:
    """Those of every release, as it wrote them down."""
    return tuple(
        _read(entry)
        for path in sorted(folder.glob("*.json"))
        for entry in json.loads(path.read_text())
    )


def publish(version: str, callers: Iterable[Caller], folder: Path = PUBLISHED) -> Path:
    """Write down what a release publishes; gives the file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{version}.json"
    entries = [asdict(one) | {"place": f"{version}: {one.place}"} for one in callers]
    path.write_text(json.dumps(entries, indent=1, sort_keys=True) + "\n")
    return path


def _read(entry: Mapping[str, object]) -> Caller:
    secrets = entry["secrets"]
    return Caller(
        place=str(entry["place"]),
        target=str(entry["target"]),
        kind=str(entry["kind"]),
        inputs=_names(entry["inputs"]),
        secrets=None if secrets is None else _names(secrets),
        rights={str(key): str(value) for key, value in _mapping(entry["rights"]).items()},
        outputs=_names(entry["outputs"]),
    )


def callers_in(text: str, place: str) -> Iterator[Caller]:
    """The callers in a workflow, or in a part of one: jobs, a single job, steps."""
    try:
        body: object = yaml.load(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError:
        return
    if isinstance(body, Mapping) and "jobs" not in body and "uses" not in body:
        body = {"jobs": body} if _has_jobs(body) else body
    if isinstance(body, Mapping):
        yield from _jobs(body, place, text)
    yield from _steps(body, place, text)


def _has_jobs(body: Yaml) -> bool:
    return any(
        isinstance(job, Mapping) and ("uses" in job or "steps" in job) for job in body.values()
    )


def _jobs(body: Yaml, place: str, text: str) -> Iterator[Caller]:
    for name, job in _mapping(body.get("jobs")).items():
        used = _USES.fullmatch(str(_mapping(job).get("uses", "")))
        found = _WORKFLOW.fullmatch(used["path"]) if used else None
        if found is None:
            continue
        secrets = _mapping(job).get("secrets")
        granted = _mapping(job).get("permissions", body.get("permissions"))
        yield Caller(
            place=f"{place}: {name}",
            target=found["name"],
            kind="workflow",
            inputs=_names(_mapping(job).get("with")),
            secrets=None if secrets == "inherit" else _names(secrets),
            rights=_DEFAULT if granted is None else _rights(granted),
            outputs=_read_outputs(text, rf"needs\.{re.escape(str(name))}\.outputs\.([\w-]+)"),
        )


def _steps(node: object, place: str, text: str) -> Iterator[Caller]:
    if isinstance(node, list):
        for item in node:
            yield from _steps(item, place, text)
        return
    if not isinstance(node, Mapping):
        return
    used = _USES.fullmatch(str(node.get("uses", "")))
    if used and not _WORKFLOW.fullmatch(used["path"]):
        step = str(node.get("id", ""))
        outputs = rf"steps\.{re.escape(step)}\.outputs\.([\w-]+)"
        yield Caller(
            place=f"{place}: {node.get('name') or step or 'a step'}",
            target=used["path"].strip("/"),
            kind="action",
            inputs=_names(node.get("with")),
            outputs=_read_outputs(text, outputs) if step else (),
        )
    for value in node.values():
        yield from _steps(value, place, text)


def _read_outputs(text: str, pattern: str) -> tuple[str, ...]:
    return tuple(sorted(set(re.findall(pattern, text))))


def _comment_above(text: str) -> str:
    """The example in the comment at the top of a workflow."""
    lines = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        if line.startswith("#   ") or line == "#":
            lines.append(line[4:])
    return "\n".join(lines)


# What a tree takes, and what is wrong with a caller of it.


@dataclass(frozen=True, kw_only=True)
class Library:
    """The called workflows and actions of a tree, by file name and path."""

    workflows: Mapping[str, Yaml]
    actions: Mapping[str, Yaml]

    @classmethod
    def of(cls, root: Path = ROOT) -> Library:
        """Read them."""
        workflows = {
            path.name: _mapping(yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader))
            for path in sorted((root / ".github" / "workflows").glob("*.yml"))
        }
        actions = {
            str(path.parent.relative_to(root)).removeprefix("."): _mapping(
                yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)
            )
            for path in (root / "action.yml", *sorted(root.glob("*/action.yml")))
        }
        called = {name: body for name, body in workflows.items() if _called(body) is not None}
        return cls(workflows=called, actions=actions)

    def problems(self, callers: Iterable[Caller]) -> tuple[str, ...]:
        """Why callers would fail, or get nothing where they expect something."""
        return tuple(
            f"{caller.place}: {problem}" for caller in callers for problem in self._problems(caller)
        )

    def _problems(self, caller: Caller) -> Iterator[str]:
        if caller.kind == "action":
            action = self.actions.get(caller.target)
            if action is None:
                yield f"there is no action {caller.target!r}"
                return
            yield from _unknown("input", caller.inputs, _mapping(action.get("inputs")))
            yield from _unknown("output", caller.outputs, _mapping(action.get("outputs")))
            return
        workflow = self.workflows.get(caller.target)
        if workflow is None:
            yield f"there is no reusable workflow {caller.target!r}"
            return
        call = _called(workflow) or {}
        yield from _unknown("input", caller.inputs, _mapping(call.get("inputs")))
        yield from _missing("input", caller.inputs, _mapping(call.get("inputs")))
        yield from _unknown("output", caller.outputs, _mapping(call.get("outputs")))
        if caller.secrets is not None:
            yield from _unknown("secret", caller.secrets, _mapping(call.get("secrets")))
            yield from _missing("secret", caller.secrets, _mapping(call.get("secrets")))
        yield from _denied(caller.rights, workflow)


def _called(workflow: Yaml) -> Yaml | None:
    # YAML 1.1 reads the key `on` as a boolean.
    events = workflow.get("on", workflow.get(True))  # type: ignore[call-overload]
    if not isinstance(events, Mapping) or "workflow_call" not in events:
        return None
    return _mapping(events["workflow_call"])


def _unknown(what: str, given: Iterable[str], declared: Yaml) -> Iterator[str]:
    known = {name.lower() for name in declared}
    yield from (f"there is no {what} {name!r}" for name in given if name.lower() not in known)


def _missing(what: str, given: Sequence[str], declared: Yaml) -> Iterator[str]:
    names = {name.lower() for name in given}
    for name, shape in declared.items():
        if _mapping(shape).get("required") is True and name.lower() not in names:
            yield f"the {what} {name!r} is required"


def _denied(granted: Rights, workflow: Yaml) -> Iterator[str]:
    """Rights that a called job asks for; jobs that are skipped count as well."""
    for name, job in _mapping(workflow.get("jobs")).items():
        asked = _mapping(job).get("permissions", workflow.get("permissions"))
        for scope, level in _rights(asked if asked is not None else {}).items():
            if _LEVELS[level] > _LEVELS[granted.get(scope, "none")]:
                yield f"its job {name!r} asks for {scope}: {level}, which the caller does not grant"


def _rights(written: object) -> Rights:
    if isinstance(written, str):
        level = written.removesuffix("-all")
        return {scope: level for scope in _SCOPES if level in _LEVELS}
    return {str(scope): str(level) for scope, level in _mapping(written).items()}


def _names(written: object) -> tuple[str, ...]:
    if isinstance(written, Mapping | list | tuple):
        return tuple(sorted(str(name) for name in written))
    return ()


def _mapping(value: object) -> Yaml:
    return value if isinstance(value, Mapping) else {}
