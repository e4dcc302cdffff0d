"""The JSON Schema of the configuration: keys, types, and what each means.

Editors use it, and the reader checks by it. Run as a module, it writes the shipped file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, get_args

from gitops_action.core.config import resolved
from gitops_action.core.config.formats import FORMATS, LONGEST_NAME
from gitops_action.core.pull_requests import MergeMethod

Schema = dict[str, Any]
"""A JSON Schema, or a part of one."""

SCHEMA_ID = "urn:gitops-action:gitops.yaml:1"
"""What the schema calls itself, wherever a copy of it is read from; ends with the version."""

SCHEMA_PATH = Path(__file__).parents[2] / "schemas" / "gitops.schema.json"

_TEXT: Schema = {"type": "string", "minLength": 1}
_ANY_TEXT: Schema = {"type": "string"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_FLAG: Schema = {"type": "boolean"}
_NULL: Schema = {"type": "null"}


def _format(name: str) -> Schema:
    """Text of one of our formats."""
    pattern = FORMATS[name].pattern
    shape: Schema = {"pattern": pattern} if pattern else {"minLength": 1}
    return {"type": "string", "format": name, **shape}


_NAME = _format("name") | {"maxLength": LONGEST_NAME}
_DURATION = _format("time-span")
_URL = _format("url")


def _choice(literal: object) -> Schema:
    return {"type": "string", "enum": list(get_args(literal))}


def _part(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _list(of: Schema, *, least: int = 0) -> Schema:
    return {"type": "array", "items": of} | ({"minItems": least} if least else {})


def _by_name(of: Schema, *, least: int = 0) -> Schema:
    mapping = {"type": "object", "additionalProperties": of, "propertyNames": _NAME}
    return mapping | ({"minProperties": least} if least else {})


def _key(of: Schema, description: str, default: object = None) -> Schema:
    """A key that is not empty; `default` is shown where it is a plain value."""
    return of | {"description": description} | ({} if default is None else {"default": default})


def _optional(of: Schema, description: str) -> Schema:
    """A key that may be empty, which means the same as no key."""
    return {"anyOf": [of, _NULL], "description": description}


def _section(description: str, keys: Mapping[str, Schema], *required: str) -> Schema:
    """A mapping with these keys and no others."""
    return {
        "type": "object",
        "description": description,
        "additionalProperties": False,
        "properties": dict(keys),
    } | ({"required": list(required)} if required else {})


# An environment's `deploy`.

_PUSH = "With engine: push. "
_ENGINE = _choice(resolved.Engine)
_CLUSTER = {
    "kustomizations": _key(
        _list(_format("kustomization")), "Flux Kustomizations, NAMESPACE/NAME; default by path."
    ),
    "context": _optional(_TEXT, "Context of the kubeconfig."),
    "access": _key(
        _choice(resolved.Access),
        "none: wait for Flux's commit status instead.",
        resolved.Target(name="", engine="push").access,
    ),
    "status-prefix": _optional(_TEXT, "Start of Flux's commit status contexts; with access: none."),
}
_ENGINES = "push: the job applies. flux: the job waits for Flux."


_DEPLOY_DEFAULTS = resolved.Deploy()
_PRUNE = _section(
    "What a deployment may delete without being asked.",
    {
        "max": _key(
            {"anyOf": [_format("percentage"), _COUNT]},
            "A share of the objects, or a number of them.",
            "20%",
        ),
        "confirm": _key(
            _list(_TEXT),
            "Kinds that are deleted only with a confirmation.",
            list(resolved.CONFIRMED_KINDS),
        ),
    },
)
_IGNORE = _section(
    "Fields that stay as they are in the cluster.",
    {
        "kind": _key(_TEXT, "Kind of the objects, e.g. Deployment."),
        "name": _optional(_TEXT, "Name; all objects of the kind if absent."),
        "fields": _key(
            _list(_format("field-pointer"), least=1),
            "JSON pointers, e.g. /spec/replicas; a list item by its position or its name.",
        ),
        "reason": _key(_TEXT, "Why, for people."),
    },
    *("kind", "fields", "reason"),
)
_KIND_RULE = _section(
    "When an object of a custom kind is healthy: expressions over the object's own fields.",
    {
        "group": _key(_ANY_TEXT, "API group, e.g. example.com.", ""),
        "kind": _key(_TEXT, "Kind, e.g. Database."),
        "current": _key(_format("expression"), "Whether it is as described and ready."),
        "failed": _optional(_format("expression"), "Whether it failed for good."),
        "in-progress": _optional(_format("expression"), "Whether it is still on the way."),
    },
    *("kind", "current"),
)
_HEALTH = _section(
    "How long to wait for health, and what it is for custom kinds.",
    {
        "timeout": _optional(_DURATION, "Default 10m."),
        "tolerate-restarts": _key(
            _COUNT,
            "Restarts that are no failure yet.",
            _DEPLOY_DEFAULTS.health.tolerate_restarts,
        ),
        "kinds": _key(_list(_part("KindRule")), "What health is for custom kinds."),
    },
)
_TARGET = _section(
    "One of several clusters that an environment is deployed to.",
    {
        "engine": _key(_ENGINE, _ENGINES),
        **_CLUSTER,
        "name": _key(_NAME, "Name of the target, unique in its environment."),
    },
    *("engine", "name"),
)
_DEPLOY = _section(
    "Where an environment is deployed to: one cluster given directly, or several `targets`.",
    {
        "engine": _optional(_ENGINE, _ENGINES),
        **_CLUSTER,
        "targets": _key(_list(_part("Target")), "Several clusters."),
        "prune": _key(_part("Prune"), "What may be deleted."),
        "health": _key(_part("Health"), "How long to wait."),
        "drift": _key(
            _choice(resolved.Drift),
            f"{_PUSH}What a run without changes does about drift: a note, or an apply.",
            _DEPLOY_DEFAULTS.drift,
        ),
        "conflicts": _key(
            _choice(resolved.Conflicts),
            f"{_PUSH}Fields that other managers own: an error, or taken over.",
            _DEPLOY_DEFAULTS.conflicts,
        ),
        "ignore": _key(
            _list(_part("Ignore")),
            f"{_PUSH}Fields that stay as they are in the cluster.",
        ),
        "workflow": _key(
            _format("deploy-workflow"),
            "The workflow file that deploys; its runs prove that a deployment took place.",
            _DEPLOY_DEFAULTS.workflow,
        ),
        "preflight": _key(
            _choice(resolved.Preflight),
            f"{_PUSH}Beyond 100 new objects, whether each is tried on the API server"
            " before the first write, or one of each kind and namespace.",
            _DEPLOY_DEFAULTS.preflight,
        ),
    },
)


# An environment's `gates`.


_HTTP_DEFAULTS = resolved.HttpGate(url="", expect="")
_WINDOW = _section(
    "A recurring span of time, five-field cron, in which merging is denied or allowed.",
    {
        "deny": _optional(_format("cron"), "Start of each span without merging."),
        "allow": _optional(_format("cron"), "Start of each span with merging."),
        "for": _key(_DURATION, "How long each span lasts, e.g. 63h."),
        "timezone": _key(_format("time-zone"), "IANA name, e.g. Europe/Berlin.", "UTC"),
    },
    "for",
)
_APPROVALS = _section(
    "Who has to approve.",
    {
        "count": _key(_COUNT, "How many approvals are needed.", 1),
        "teams": _key(_list(_format("team")), "Teams that count, ORG/TEAM."),
        "users": _key(_list(_format("login")), "People who count."),
        "not-by": _key(
            _list(_choice(resolved.NotBy)),
            "Whose approvals do not count; source-authors: of the application's commits.",
            list(resolved.DEFAULT_NOT_BY),
        ),
    },
)
_CHECK = {
    "anyOf": [
        _TEXT,
        _section(
            "A check run or commit status, of one App alone where `app` is given.",
            {
                "name": _key(_TEXT, "Name of the check run, or context of the status."),
                "app": _optional(
                    {"type": "integer", "minimum": 1},
                    "Id of the GitHub App that it must be of; any App if absent.",
                ),
            },
            "name",
        ),
    ]
}
_HTTP = _section(
    "An address that is asked before a merge.",
    {
        "url": _key(_URL, "Address to ask; redirects are not followed."),
        "expect": _key(_format("expectation"), 'Expression, e.g. "response.status == 200".'),
        "timeout": _key(_DURATION, "How long to wait.", "10s"),
        "retries": _key(
            _COUNT, "How often a failed request is sent again.", _HTTP_DEFAULTS.retries
        ),
    },
    *("url", "expect"),
)
_PROVENANCE = _section(
    "Which workflow must have built the images.",
    {
        "workflow": _key(
            _format("workflow-file"),
            "The workflow file, OWNER/REPO/.github/workflows/FILE.yml; {application} in it"
            " is the application's name.",
        ),
        "ref": _optional(
            _format("ref-pattern"),
            "Refs that it may have run from: refs/tags/v*; * is any text.",
        ),
        "issuer": _key(
            _URL,
            "Who issued the identity that the signature is of.",
            resolved.ACTIONS_ISSUER,
        ),
        "trusted-root": _optional(
            _format("file"),
            "File of this repository with the trusted roots, one JSON document a line;"
            " sigstore's public root if absent.",
        ),
    },
    "workflow",
)
_OVERRIDE = _section(
    "Who may override gates; being in one of the teams, or one of the users, is enough.",
    {
        "teams": _key(_list(_format("team")), "Teams, ORG/TEAM."),
        "users": _key(_list(_format("login")), "People."),
    },
)
_GATES = _section(
    "What has to be true before a change merges.",
    {
        "soak": _optional(
            _DURATION, "How long images must have run in every environment of `after`."
        ),
        "windows": _key(_list(_part("Window")), "When to merge."),
        "approvals": _optional(_part("Approvals"), "Who has to approve."),
        "checks": _key(
            _list(_part("Check")),
            "Checks or statuses that must have succeeded; plain text means any App's.",
        ),
        "http": _key(_list(_part("Http")), "Addresses to ask."),
        "provenance": _optional(_part("Provenance"), "Which workflow must have built the images."),
        "override": _optional(_part("Override"), "Who may override gates; nobody if absent."),
    },
)


# `validate`, applications and environments.


_VALIDATE_DEFAULTS = resolved.Validation()
_VALIDATE = _section(
    "How the rendered objects are checked.",
    {
        "kubernetes": _key(
            _format("kubernetes-version"),
            "Version whose schemas built-in kinds are checked by.",
            _VALIDATE_DEFAULTS.kubernetes,
        ),
        "schemas": _key(
            _list(_format("folder")),
            "Folders of this repository with CustomResourceDefinitions.",
        ),
        "unknown-kinds": _key(
            _choice(resolved.UnknownKinds),
            "What to do about kinds that no schema is known for.",
            _VALIDATE_DEFAULTS.unknown_kinds,
        ),
        "remote-bases": _key(
            _FLAG,
            "Whether kustomizations may name other repositories.",
            _VALIDATE_DEFAULTS.remote_bases,
        ),
        "existing": _key(
            _choice(resolved.Existing),
            "What a problem is that the base branch has as well.",
            _VALIDATE_DEFAULTS.existing,
        ),
    },
)


_ENVIRONMENT_DEFAULTS = resolved.Environment(name="")
_APPLICATION = _section(
    "An application: the images it is made of and the repository they are built from.",
    {
        "images": _key(
            _list(_format("image-repository")),
            "Image repositories without tags; found when absent.",
        ),
        "source": _optional(_format("owner-name"), "The application's own repository, OWNER/NAME."),
        "rollback": _optional(
            _choice(resolved.RollbackMode),
            "The stricter of this and the environment's `rollback.mode` applies.",
        ),
    },
)
_ROLLBACK = _section(
    "What happens when a deployment failed.",
    {
        "mode": _key(
            _choice(resolved.RollbackMode),
            "Merge the way back, propose it, or do nothing.",
            _ENVIRONMENT_DEFAULTS.rollback.mode,
        ),
        "approvals": _key(
            _COUNT, "Approvals the way back needs.", _ENVIRONMENT_DEFAULTS.rollback.approvals
        ),
    },
)
_PROMOTION = _section(
    "How an environment gets what ran in those of its `after`.",
    {
        "mode": _key(
            _choice(resolved.PromotionMode),
            "Whether pull requests are opened by themselves.",
            _ENVIRONMENT_DEFAULTS.promotion.mode,
        ),
        "pick": _key(
            _choice(resolved.Pick),
            "The newest version that soaked, or that was verified.",
            _ENVIRONMENT_DEFAULTS.promotion.pick,
        ),
        "supersede": _key(
            _choice(resolved.Supersede),
            "How long a newer version replaces an open promotion.",
            _ENVIRONMENT_DEFAULTS.promotion.supersede,
        ),
    },
)
_ENVIRONMENT = _section(
    "An environment: a folder, what comes before it, its gates, and where it runs.",
    {
        "path": _key(
            _TEXT,
            "Its folder; one segment may be {application}. `.` is the whole repository.",
        ),
        "after": _key(_list(_NAME), "Environments a version must have run in before."),
        "formerly": _key(
            _list(_NAME),
            "Names that it had before: inventory, holds and history are taken over.",
        ),
        "production": _optional(
            _FLAG,
            "Whether it is production; by default when its name is production or prod.",
        ),
        "url": _optional(
            _format("environment-url"),
            "Where it can be visited; may hold {application}. GitHub shows it.",
        ),
        "merge": _key(_choice(resolved.MergeMode), "Who merges.", _ENVIRONMENT_DEFAULTS.merge),
        "merge-method": _key(
            _choice(MergeMethod), "How the gate merges.", _ENVIRONMENT_DEFAULTS.merge_method
        ),
        "promotion": _key(_part("Promotion"), "How versions come here from `after`."),
        "gates": _optional(_part("Gates"), "What must be true before."),
        "rollback": _key(_part("Rollback"), "After a failed deployment."),
        "deploy": _optional(_part("Deploy"), "Where it runs."),
    },
    "path",
)


_PARTS: Mapping[str, Schema] = {
    "Application": _APPLICATION,
    "Approvals": _APPROVALS,
    "Check": _CHECK,
    "Deploy": _DEPLOY,
    "Environment": _ENVIRONMENT,
    "Gates": _GATES,
    "Health": _HEALTH,
    "Http": _HTTP,
    "Ignore": _IGNORE,
    "KindRule": _KIND_RULE,
    "Override": _OVERRIDE,
    "Promotion": _PROMOTION,
    "Provenance": _PROVENANCE,
    "Prune": _PRUNE,
    "Rollback": _ROLLBACK,
    "Target": _TARGET,
    "Validate": _VALIDATE,
    "Window": _WINDOW,
}


@cache
def schema() -> Schema:
    """The whole schema."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "gitops.yaml",
        **_section(
            "The configuration of an environment repository.",
            {
                "version": _key({"type": "integer", "const": 1}, "Version of this format."),
                "validate": _key(_part("Validate"), "How rendered objects are checked."),
                "applications": _key(
                    _by_name(_part("Application")),
                    "Applications; found from the folders when absent.",
                ),
                "environments": _key(
                    _by_name(_part("Environment"), least=1),
                    "Environments, in the order they are shown.",
                ),
            },
            *("version", "environments"),
        ),
        "$defs": dict(sorted(_PARTS.items())),
    }


def schema_text() -> str:
    """The schema as JSON text, the same bytes each time; without our formats.

    Validators may refuse a schema that names formats that they do not know.
    """
    return json.dumps(_without_formats(schema()), indent=2) + "\n"


def _without_formats(node: object) -> object:
    if isinstance(node, list):
        return [_without_formats(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: _without_formats(item)
        for key, item in node.items()
        if not (key == "format" and isinstance(item, str))
    }


if __name__ == "__main__":
    SCHEMA_PATH.write_text(schema_text(), encoding="utf-8")
