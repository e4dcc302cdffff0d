"""Answers to everything that `init` asks, in the combinations that matter."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from itertools import product
from pathlib import Path
from typing import get_args

from gitops_action.adapters.scaffold import PackagedTemplates
from gitops_action.core.scaffold import Answers, NewApplication, render
from gitops_action.core.scaffold.questions import Engine, Handover

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
WEB = NewApplication(name="web", image="ghcr.io/acme/web", tag="v1.2.3", source="acme/web")
API = NewApplication(name="api-1", image="localhost:5000/acme/api", tag="1.20", source="acme/api-1")
EXAMPLE = Answers(
    subject="environment",
    repository="acme/environment",
    applications=(WEB,),
    code_owners="@acme/platform",
    library="OWNER/gitops-action",
)
"""What the templates themselves say."""

OTHER = replace(
    EXAMPLE,
    repository="Octo-Org/env.prod",
    code_owners="@octo-org/sre @alice",
    library="octo-org/gitops-action",
)


def installed_from(folder: Path, address: str = "https://github.com/acme/gitops-action") -> Path:
    """A folder for PYTHONPATH: pip's record of where the package came from (PEP 610)."""
    record = folder / "gitops_action-1.0.dist-info"
    record.mkdir(parents=True, exist_ok=True)
    (record / "METADATA").write_text("Metadata-Version: 2.1\nName: gitops-action\nVersion: 1.0\n")
    (record / "direct_url.json").write_text(
        json.dumps({"url": address, "vcs_info": {"vcs": "git"}})
    )
    return folder


ENVIRONMENTS = (("live",), ("staging", "production"), ("dev", "qa", "staging", "production-eu"))


def combinations() -> list[Answers]:
    """Layouts, engines, numbers of environments and applications; hand-overs and registries."""
    applications = ((WEB,), (API, replace(WEB, name="web-front")))
    overlays = [
        replace(OTHER, engine=engine, environments=environments, applications=found)
        for engine, environments, found in product(get_args(Engine), ENVIRONMENTS, applications)
    ]
    minimal = [
        replace(
            OTHER, layout="minimal", engine=engine, environments=("default",), applications=found
        )
        for engine, found in product(get_args(Engine), applications)
    ]
    by_job_token = [
        replace(answers, identity="job-token") for answers in (overlays[-1], minimal[0])
    ]
    others = [
        replace(OTHER, subject=subject, handover=handover, applications=(application,))
        for subject, handover, application in product(
            ("application", "workflow"), get_args(Handover), (WEB, API)
        )
    ]
    return [*overlays, *minimal, *by_job_token, *others]


def name_of(answers: Answers) -> str:
    """A name for tests and folders."""
    applications = "-".join(item.name for item in answers.applications)
    parts = {
        "environment": (answers.engine, answers.identity, len(answers.environments)),
        "application": (answers.handover,),
        "workflow": (answers.handover,),
    }
    return "-".join(str(part) for part in (answers.template, *parts[answers.subject], applications))


def files_of(answers: Answers) -> dict[str, str]:
    """The repository that is written for these answers."""
    return dict(_rendered(answers))


@cache
def _rendered(answers: Answers) -> Mapping[str, str]:
    return render(PackagedTemplates().files(answers.template), answers)


def written(answers: Answers, folder: Path) -> Path:
    """The same, on disk."""
    for path, text in files_of(answers).items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    return folder
