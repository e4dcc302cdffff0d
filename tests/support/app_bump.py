"""A bump as the action builds it, on the double; registries are not asked."""

from __future__ import annotations

from collections.abc import Mapping

from gitops_action.app.bump import run
from gitops_action.app.tools import Context
from gitops_action.core.inputs import BUMP, check_values
from gitops_action.core.inputs.values import with_defaults
from gitops_action.core.outcome import Outcome
from gitops_action.core.redaction.known import Redactor
from tests.support.bump_stage import Stage
from tests.support.github_forge import REPOSITORY
from tests.support.reporters import QUIET


def app_inputs(stage: Stage, **given: str) -> Mapping[str, str]:
    """The texts of the inputs; keywords are inputs with underscores for hyphens."""
    texts = {name.replace("_", "-"): text for name, text in given.items()}
    return {
        "repository": REPOSITORY,
        "token": stage.token,
        "api-url": stage.forge.api_url,
        "graphql-url": stage.forge.graphql_url,
        "server-url": stage.forge.server_url,
        "verify": "off",
        "digest": "keep",
        **texts,
    }


def app_bump(stage: Stage, images: str, **given: str) -> Outcome:
    """Bump to these images with adapters that the app has built."""
    texts = with_defaults(BUMP, app_inputs(stage, images=images, **given), {})
    environ = {"SOURCE_DATE_EPOCH": "1795435200"}
    return run(
        check_values(BUMP, texts), Context(environ=environ, redactor=Redactor(), reporter=QUIET)
    )
