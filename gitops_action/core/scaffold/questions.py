"""What is asked for each kind of repository, with what each answer may be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Literal, cast

from gitops_action.core.dataclass import dataclass
from gitops_action.core.inputs import split_names
from gitops_action.core.inputs.declaration import Command
from gitops_action.core.scaffold import names
from gitops_action.core.scaffold.names import read_image
from gitops_action.errors import UsageError

RUNS_FROM = "runs-from"
"""Among the answers: the repository that this program came from, where that is known."""

Given = Mapping[str, str]
"""Answers so far by the input's name, lists as comma-separated text."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """One thing that is asked, where no flag has said it.

    Attributes:
        name: the input that answers it.
        text: the question.
        default: what an empty answer means, from the answers before; empty: there is none.
        check: raises UsageError for what cannot be.
        choices: all that it may be, where these are few.
        quiet: takes its default without being asked for.
        example: an answer as a flag takes it.
    """

    name: str
    text: str
    default: Callable[[Given], str]
    check: Callable[[str], object]
    choices: tuple[str, ...] = ()
    quiet: bool = False
    example: str = ""


def questions_for(what: str, given: Given, command: Command) -> tuple[Question, ...]:
    """The questions in their order.

    Raises:
        UsageError: a flag is given that means nothing here.
    """
    library = replace(_LIBRARY, quiet=bool(given.get(RUNS_FROM)))
    found = (*_COMMON, *(_ENVIRONMENT if what == "environment" else _APPLICATION), library)
    if given.get("layout") == "minimal":
        found = tuple(question for question in found if question.name != "environments")
    if what == "workflow":
        found = tuple(question for question in found if question.name != "code-owners")
    known = {question.name for question in found}
    asked = {question.name for question in (*_COMMON, *_ENVIRONMENT, *_APPLICATION)}
    for name in asked - known:
        if given.get(name):
            about = f"{what} --layout minimal" if name == "environments" else what
            raise UsageError(
                f"--{name} means nothing for `{command.name} {about}`",
                cause="a repository of this kind has nothing that depends on it",
                fix=f"leave it out, or see `gitops-action {command.name} --help`",
            )
    return tuple(_with_choices(question, command) for question in found)


def _with_choices(question: Question, command: Command) -> Question:
    item = command.find(question.name)
    if item is None or not item.choices:
        return question
    choices = item.choices
    return Question(
        name=question.name,
        text=question.text,
        default=question.default,
        check=lambda text: _one_of(question.name, text, choices),
        choices=choices,
        quiet=question.quiet,
    )


def _one_of(name: str, text: str, choices: tuple[str, ...]) -> None:
    if text not in choices:
        raise UsageError(f"{text!r} is no {name}", fix=f"write one of {', '.join(choices)}")


def _environments(text: str) -> None:
    for name in _some(text):
        names.check_environment(name)


def _some(text: str) -> tuple[str, ...]:
    found = split_names(text)
    if not found:
        raise UsageError("There has to be one at least", fix="write a name")
    return found


def _applications(text: str) -> None:
    for entry in _some(text):
        name, _, image = entry.partition("=")
        names.check_label("application", name)
        if image or "=" in entry:
            names.read_image(image)


def _image(text: str) -> None:
    if names.read_image(text).tag:
        raise UsageError(f"The image {text!r} has a tag", fix="name it without; releases have tags")


def _full_name(text: str) -> None:
    owner, slash, name = text.partition("/")
    names.check_owner(owner)
    names.check_repository(name if slash else "")


def _always(text: str) -> Callable[[Given], str]:
    return lambda _given: text


def _anything(_text: str) -> None:
    """The choices are checked."""


_COMMON = (
    Question(
        name="owner",
        text="Account or organisation on GitHub",
        default=_always(""),
        check=names.check_owner,
    ),
)
_LIBRARY = Question(
    name="library",
    text="Repository of this action (OWNER/NAME), whose workflows are called",
    default=lambda given: given.get(RUNS_FROM, ""),
    check=names.check_library,
    example="ACCOUNT/gitops-action",
)
_REGISTRY = Question(
    name="registry",
    text="Registry of the images",
    default=_always("ghcr.io"),
    check=names.check_registry,
)
_CODE_OWNERS = Question(
    name="code-owners",
    text="Who reviews changes",
    default=lambda given: f"@{given['owner']}",
    check=names.check_code_owners,
)
_ENVIRONMENT = (
    Question(
        name="name",
        text="Name of the repository",
        default=_always("environment"),
        check=names.check_repository,
    ),
    Question(
        name="layout", text="Layout", default=_always("overlays"), check=_anything, quiet=True
    ),
    Question(
        name="environments",
        text="Environments, in the order that versions pass them",
        default=_always("staging, production"),
        check=_environments,
    ),
    Question(
        name="applications",
        text="Applications, NAME or NAME=IMAGE",
        default=_always("web"),
        check=_applications,
    ),
    _REGISTRY,
    Question(name="engine", text="Who applies", default=_always("flux"), check=_anything),
    Question(
        name="identity", text="Who merges", default=_always("app"), check=_anything, quiet=True
    ),
    _CODE_OWNERS,
)
_APPLICATION = (
    Question(
        name="name",
        text="Name of the application",
        default=_always(""),
        check=lambda text: names.check_label("application", text),
    ),
    Question(
        name="registry",
        text="Registry of the image",
        default=_always("ghcr.io"),
        check=names.check_registry,
        quiet=True,
    ),
    Question(
        name="image",
        text="Its image, without tag",
        default=lambda given: f"{given['registry']}/{given['owner'].lower()}/{given['name']}",
        check=_image,
    ),
    Question(
        name="environment-repository",
        text="The environment repository",
        default=lambda given: f"{given['owner']}/environment",
        check=_full_name,
    ),
    Question(
        name="hand-over",
        text="How a release gets there",
        default=_always("pull-request"),
        check=_anything,
    ),
    _CODE_OWNERS,
)


# What a new repository is made from, as one checked value.

Subject = Literal["application", "environment", "workflow"]
Layout = Literal["overlays", "minimal"]
Engine = Literal["flux", "push"]
RepositoryIdentity = Literal["app", "job-token"]
Handover = Literal["pull-request", "dispatch"]

UNRELEASED = "v0.0.0"
"""Stands for the version of an application that has none yet; any release is newer."""


@dataclass(frozen=True, kw_only=True)
class NewApplication:
    """An application: its name, its image without tag, the version to begin with, its source."""

    name: str
    image: str
    tag: str
    source: str


@dataclass(frozen=True, kw_only=True)
class Answers:
    """All that the templates depend on.

    Attributes:
        subject: what is written.
        layout: the shape of an environment repository.
        repository: the environment repository, OWNER/NAME.
        applications: those of the environment repository; else the one that is written.
        environments: names, in the order that versions pass them.
        engine: who applies: Flux, or a job.
        identity: who proposes and merges in an environment repository.
        handover: how a release reaches the environment repository.
        code_owners: who reviews, as CODEOWNERS names people and teams.
        library: the repository of this action, OWNER/NAME.
    """

    subject: Subject
    layout: Layout = "overlays"
    repository: str
    applications: tuple[NewApplication, ...]
    environments: tuple[str, ...] = ("staging", "production")
    engine: Engine = "flux"
    identity: RepositoryIdentity = "app"
    handover: Handover = "pull-request"
    code_owners: str
    library: str

    @property
    def application(self) -> NewApplication:
        """The first of the applications; there is always one."""
        return self.applications[0]

    @property
    def registry(self) -> str:
        """Where the application's image is pushed."""
        return self.application.image.split("/", maxsplit=1)[0]

    @property
    def written(self) -> str:
        """The repository that the files are for, OWNER/NAME."""
        return self.repository if self.subject == "environment" else self.application.source

    @property
    def template(self) -> str:
        """The folder of `templates/` that is rendered."""
        if self.subject != "environment":
            return "application"
        return "environment" if self.layout == "overlays" else "minimal"


# Puts checked answers together.


def read_answers(what: str, given: Given) -> Answers:
    """What the templates need, from an answer to each question.

    Raises:
        UsageError: an application is named twice.
    """
    subject, owner = cast("Subject", what), given["owner"]
    if subject == "environment":
        layout = cast("Layout", given["layout"])
        environments = split_names(given["environments"]) if layout == "overlays" else ("default",)
        return Answers(
            subject=subject,
            layout=layout,
            repository=f"{owner}/{given['name']}",
            applications=_read_applications(given),
            environments=environments,
            engine=cast("Engine", given["engine"]),
            identity=cast("RepositoryIdentity", given["identity"]),
            code_owners=given["code-owners"],
            library=given["library"],
        )
    name = given["name"]
    application = NewApplication(
        name=name, image=given["image"], tag=UNRELEASED, source=f"{owner}/{name}"
    )
    return Answers(
        subject=subject,
        repository=given["environment-repository"],
        applications=(application,),
        handover=cast("Handover", given["hand-over"]),
        code_owners=given.get("code-owners", f"@{owner}"),
        library=given["library"],
    )


def _read_applications(given: Given) -> tuple[NewApplication, ...]:
    found: dict[str, NewApplication] = {}
    for entry in split_names(given["applications"]):
        name, _, text = entry.partition("=")
        if name in found:
            raise UsageError(
                f"The application {name!r} is named twice",
                cause="each application has a folder of its own",
                fix="name it once in --applications",
            )
        image = read_image(text or f"{given['registry']}/{given['owner'].lower()}/{name}")
        found[name] = NewApplication(
            name=name,
            image=image.name,
            tag=image.tag or UNRELEASED,
            source=f"{given['owner']}/{name}",
        )
    return tuple(found.values())
