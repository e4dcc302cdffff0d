"""`init`: writes a new repository from a template, and lists what is left to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from gitops_action.core.dataclass import dataclass
from gitops_action.core.inputs.init import INIT, InitInputs
from gitops_action.core.outcome import Line, Outcome, Part
from gitops_action.core.scaffold import Answers, Subject, next_steps, render
from gitops_action.core.scaffold.next_steps import SetUpStep
from gitops_action.core.scaffold.questions import RUNS_FROM, Question, questions_for, read_answers
from gitops_action.errors import GitOpsError, UsageError


class TemplateSource(Protocol):
    """The templates that come with this program."""

    def files(self, name: str) -> Mapping[str, str]:
        """Path to text of one template's files."""
        ...


class WriteTarget(Protocol):
    """Where the repository is written."""

    def folder(self, requested: str, *, name: str) -> str:
        """The folder as a person would write it: `wanted`, the current one, or `./NAME`."""
        ...

    def in_the_way(self, folder: str, paths: tuple[str, ...]) -> tuple[str, ...]:
        """Which of these files (or what keeps them from being written) are there already."""
        ...

    def write(self, folder: str, files: Mapping[str, str]) -> None:
        """Write all of them or none."""
        ...


class Person(Protocol):
    """Someone who can be asked."""

    def ask(self, question: Question, default: str) -> str:
        """The answer, `default` where it is empty."""
        ...

    def tell(self, error: GitOpsError) -> None:
        """Say why an answer cannot be."""
        ...


@dataclass(frozen=True, kw_only=True)
class InitPorts:
    """What `init` talks to.

    Attributes:
        templates: what repositories are made from.
        target: where they are written.
        person: None where nobody can be asked.
        runs_from: the repository that this program came from, OWNER/NAME; empty where unknown.
    """

    templates: TemplateSource
    target: WriteTarget
    person: Person | None = None
    runs_from: str = ""


def run(inputs: InitInputs, ports: InitPorts) -> Outcome:
    """Ask for what is missing, render, write, list the next steps.

    Raises:
        UsageError: an answer cannot be, or is missing and nobody can be asked.
        GitOpsError: files are in the way, or could not be written; nothing was.
    """
    answers = _answers(inputs, ports)
    files = render(ports.templates.files(answers.template), answers)
    name = answers.written.partition("/")[2]
    folder = ports.target.folder(inputs.output, name="" if answers.subject == "workflow" else name)
    there = ports.target.in_the_way(folder, tuple(files))
    if there and not inputs.force and not inputs.dry_run:
        raise _blocked(there, folder, answers.subject)
    if not inputs.dry_run:
        ports.target.write(folder, files)
    return _outcome(answers, folder, tuple(files), there, inputs)


def _answers(inputs: InitInputs, ports: InitPorts) -> Answers:
    """Each question in turn: what was said by a flag, else by the person, else the default."""
    given = {**_given(inputs), RUNS_FROM: ports.runs_from}
    for question in questions_for(inputs.what, given, INIT):
        text = given.get(question.name, "")
        if text:
            question.check(text)
        else:
            text = _answered(question, given, ports.person)
        given[question.name] = text
    return read_answers(inputs.what, given)


def _given(inputs: InitInputs) -> dict[str, str]:
    return {
        "owner": inputs.owner,
        "name": inputs.name,
        "layout": inputs.layout,
        "environments": ",".join(inputs.environments),
        "applications": ",".join(inputs.applications),
        "registry": inputs.registry,
        "image": inputs.image,
        "engine": inputs.engine,
        "identity": inputs.identity,
        "environment-repository": inputs.environment_repository,
        "code-owners": inputs.code_owners,
        "hand-over": inputs.hand_over,
        "library": inputs.library,
    }


def _answered(question: Question, given: Mapping[str, str], person: Person | None) -> str:
    default = question.default(given)
    if person is None or question.quiet:
        if not default:
            raise UsageError(
                f"--{question.name} is missing",
                cause="it has no default, and there is no terminal to ask at",
                fix=f"give --{question.name}{question.example and ' '}{question.example}",
            )
        question.check(default)
        return default
    while True:
        text = person.ask(question, default)
        try:
            question.check(text)
        except UsageError as error:
            person.tell(error)
        else:
            return text


def _blocked(there: tuple[str, ...], folder: str, subject: Subject) -> GitOpsError:
    instead = {
        "application": "add the release workflow alone by `gitops-action init workflow`, ",
        "environment": "describe a repository that exists by `gitops-action init config`, ",
    }
    return GitOpsError(
        f"{_count(there)} in the way in {folder}, and nothing was written",
        cause="\n".join(there),
        fix=f"{instead.get(subject, '')}choose another folder by --output,"
        " or replace them by --force",
    )


def _count(paths: tuple[str, ...]) -> str:
    return f"{len(paths)} files are" if len(paths) > 1 else "1 file is"


def _outcome(
    answers: Answers,
    folder: str,
    paths: tuple[str, ...],
    there: tuple[str, ...],
    inputs: InitInputs,
) -> Outcome:
    steps = next_steps(answers, folder)
    verb = "would write" if inputs.dry_run else "wrote"
    blocked = f"; {_count(there)} there already: --force replaces"
    files = [f"  {path}{'  (is there already)' if path in there else ''}" for path in paths]
    return Outcome(
        outputs={},
        headline=f"{verb} {len(paths)} file{'s' * (len(paths) > 1)} to {folder}"
        f"{blocked if there and inputs.dry_run else ''}",
        lines=(*files, *_lines(steps)),
        data={
            "folder": folder,
            "files": list(paths),
            "existing": list(there),
            "steps": [
                {"title": step.title, "text": list(step.text), "commands": list(step.commands)}
                for step in steps
            ],
        },
    )


def _lines(steps: tuple[SetUpStep, ...]) -> tuple[Line, ...]:
    """Commands stand at the margin, so that a here-document can be copied as it is."""
    lines: list[Line] = ["", (Part(text="What is left to do", tone="strong"),)]
    for number, step in enumerate(steps, start=1):
        lines += ["", (Part(text=f"{number}. {step.title}", tone="strong"),)]
        lines += [f"   {text}" for text in step.text]
        for command in step.commands:
            lines += [(Part(text=line, tone="new"),) for line in command.splitlines()]
    return tuple(lines)
