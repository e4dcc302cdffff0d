"""Puts checked answers together."""

from __future__ import annotations

from typing import cast

from gitops_action.core.inputs import split_names
from gitops_action.core.scaffold.answers import (
    UNRELEASED,
    Answers,
    Application,
    Engine,
    Handover,
    Layout,
    Subject,
)
from gitops_action.core.scaffold.names import read_image
from gitops_action.core.scaffold.questions import Given
from gitops_action.errors import UsageError


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
            applications=_applications(given),
            environments=environments,
            engine=cast("Engine", given["engine"]),
            code_owners=given["code-owners"],
            library=given["library"],
        )
    name = given["name"]
    application = Application(
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


def _applications(given: Given) -> tuple[Application, ...]:
    found: dict[str, Application] = {}
    for entry in split_names(given["applications"]):
        name, _, text = entry.partition("=")
        if name in found:
            raise UsageError(
                f"The application {name!r} is named twice",
                cause="each application has a folder of its own",
                fix="name it once in --applications",
            )
        image = read_image(text or f"{given['registry']}/{given['owner'].lower()}/{name}")
        found[name] = Application(
            name=name,
            image=image.name,
            tag=image.tag or UNRELEASED,
            source=f"{given['owner']}/{name}",
        )
    return tuple(found.values())
