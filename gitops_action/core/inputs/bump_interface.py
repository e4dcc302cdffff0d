"""The interface of `bump`: its inputs and outputs."""

from __future__ import annotations

from gitops_action.core.config.values import format_duration
from gitops_action.core.inputs import bump, common
from gitops_action.core.inputs.declaration import Command, Input, Output

# The part of `bump`'s interface that is about `mode: dispatch`.

DISPATCH_INPUTS = (
    Input(
        name="workflow",
        topic="How it is proposed",
        default=bump.DEFAULT_WORKFLOW,
        help="File name of the workflow that `mode: dispatch` starts in the environment"
        " repository.",
    ),
    Input(
        name="dispatch-event",
        topic="How it is proposed",
        kind="choice",
        choices=bump.DISPATCH_EVENTS,
        default="workflow_dispatch",
        help="How `mode: dispatch` starts the workflow: by itself, which takes `actions: write`, or"
        " by the event `new-application-version`, which takes `contents: write`.",
    ),
    Input(
        name="wait",
        topic="How it is proposed",
        kind="flag",
        default="false",
        help="With `mode: dispatch`: wait for the run and report its result and proposals.",
    ),
    Input(
        name="timeout",
        topic="How it is proposed",
        default_help=f"`{format_duration(bump.DEFAULT_TIMEOUT)}`",
        help="How long to wait, like `90s` or `10m`: with `mode: dispatch` and `wait` for the run,"
        " which is `unknown` after that; with `deploy` for everything to be healthy.",
    ),
)

DISPATCH_OUTPUTS = (
    Output(name="run-id", help="With `mode: dispatch`: the number of the run, once known."),
    Output(name="run-url", help="With `mode: dispatch`: the address of the run, once known."),
    Output(
        name="run-conclusion",
        help="With `wait`: how the run ended, as GitHub says (`success`, `failure`,"
        " `cancelled`, …), or `unknown`.",
    ),
)


IMAGES = Input(
    name="images",
    topic="What changes",
    kind="lines",
    help="Images to bring in, as full references: `ghcr.io/acme/web:v1.2.3`,"
    " `ghcr.io/acme/web@sha256:…`, `ghcr.io/acme/web:v1.2.3@sha256:…`, or"
    " `old/name=new/name:tag` to change the name.",
)
SET = Input(
    name="set",
    topic="What changes",
    kind="lines",
    help="Explicit edits, `FILE: PATH = VALUE` a line: `values.yaml: image.tag = v2`,"
    ' `values.yaml: "dotted.key" = v2`, `apps.yaml: [[1]]spec.images[name=web].newTag = v2`.'
    " Keys are never created.",
)

_CONTENT = (
    IMAGES,
    SET,
    Input(
        name="digest",
        topic="What changes",
        kind="choice",
        choices=bump.DIGEST_MODES,
        default="pin",
        help="Whether digests are written beside tags: resolved and pinned, left as given, or"
        " removed.",
    ),
    Input(
        name="verify",
        topic="What changes",
        kind="choice",
        choices=bump.VERIFY_MODES,
        default="auto",
        help="How strictly the registry must know the image. `auto`: a missing image is an"
        " error, an unverifiable one a warning.",
    ),
    Input(
        name="source",
        topic="What changes",
        help="Commit the images were built from, as `OWNER/NAME@SHA`.",
        default_help="the image's labels, else the job's commit when its repository is the"
        " application's",
    ),
    Input(
        name="paths",
        topic="What changes",
        kind="names",
        help="Globs that limit which files may be edited; one that begins with `!` excludes.",
        default_help="every file of the environment",
    ),
    Input(
        name="allow-downgrade",
        topic="What changes",
        kind="flag",
        default="false",
        help="Accept a lower version or an older source commit.",
    ),
)
_PROPOSAL = (
    Input(
        name="mode",
        topic="How it is proposed",
        kind="choice",
        choices=bump.MODES,
        default="pull-request",
        help="Open a pull request, commit to the base branch, edit files under"
        " `working-directory` without token and network, or start the environment repository's"
        " own workflow that bumps.",
    ),
    common.WORKING_DIRECTORY,
    Input(
        name="transport",
        topic="How it is proposed",
        kind="choice",
        choices=bump.TRANSPORTS,
        default="auto",
        help="How the repository is read and written: GitHub's API, or Git. `auto`: the API; a"
        " write goes by Git where the server's API has no call for it.",
    ),
    Input(
        name="reopen",
        topic="How it is proposed",
        kind="flag",
        default="false",
        help="Propose a version again that a person closed unmerged.",
    ),
    Input(
        name="signoff",
        topic="How it is proposed",
        kind="flag",
        default="false",
        help="Add a `Signed-off-by` trailer to commits.",
    ),
    Input(
        name="branch",
        topic="How it is proposed",
        help="Branch of the pull request, a Jinja2 template.",
        default_help="`gitops/<environment>/<application>`",
    ),
    Input(
        name="pull-request-title",
        topic="How it is proposed",
        help="Title of the pull request, a Jinja2 template.",
        default_help="what changes from what to what",
    ),
    Input(
        name="pull-request-body",
        topic="How it is proposed",
        help="Body of the pull request, a Jinja2 template.",
        default_help="changes with their reasons, commits, who and which run",
    ),
    Input(
        name="commit-message",
        topic="How it is proposed",
        help="Message of the commit, a Jinja2 template; trailers are added.",
        default_help="as the title",
    ),
    Input(
        name="pull-request-labels",
        topic="How it is proposed",
        kind="names",
        help="Labels to put on the pull request.",
    ),
    Input(
        name="pull-request-reviewers",
        topic="How it is proposed",
        kind="names",
        help="Logins to ask for a review.",
    ),
    Input(
        name="pull-request-team-reviewers",
        topic="How it is proposed",
        kind="names",
        help="Slugs of teams to ask for a review.",
    ),
    Input(
        name="pull-request-assignees",
        topic="How it is proposed",
        kind="names",
        help="Logins to assign to the pull request.",
    ),
    Input(
        name="pull-request-draft",
        topic="How it is proposed",
        kind="flag",
        default="false",
        help="Open the pull request as a draft.",
    ),
    Input(
        name="auto-merge",
        topic="How it is proposed",
        kind="choice",
        choices=bump.AUTO_MERGES,
        default="none",
        help="Let GitHub merge the pull request by this method when its requirements are met."
        " Refused where the environment has gates and `gitops/ready` is not required.",
    ),
)
_FIRST = "of the first pull request"

BUMP = Command(
    name="bump",
    help="Plans the image change in the environment repository and opens or refreshes one pull"
    " request per environment.",
    inputs=(
        common.REPOSITORY,
        common.TOKEN,
        *_CONTENT,
        common.ENVIRONMENT,
        common.APPLICATION,
        *_PROPOSAL,
        *DISPATCH_INPUTS,
        common.BASE,
        common.CONFIG,
        common.DRY_RUN,
        common.SOURCE_TOKEN,
        common.REGISTRY_USERNAME,
        common.REGISTRY_PASSWORD,
        *common.ENDPOINTS,
    ),
    outputs=(
        Output(
            name="changed",
            help="`true` when this run moved a branch, opened or updated a pull request, or edited"
            " files; else `false`, as always in a dry run.",
        ),
        Output(
            name="plan",
            help="JSON list of changes: environment, application, file, line, path, old, new,"
            " rule.",
        ),
        Output(
            name="files",
            help="The files that change, one a line; a name with control characters as a JSON"
            " string.",
        ),
        Output(name="image", help="The first image, as it is written."),
        Output(name="tag", help="The tag of the first image."),
        Output(name="digest", help="The digest of the first image."),
        Output(
            name="pull-requests",
            help="JSON list: environment, number, url, operation"
            " (`created`, `updated`, `unchanged`, `closed` or `superseded`), branch, commit.",
        ),
        Output(name="pull-request-number", help=f"Number {_FIRST}."),
        Output(name="pull-request-url", help=f"Address {_FIRST}."),
        Output(name="pull-request-operation", help=f"What was done, {_FIRST}."),
        Output(name="branch", help=f"Branch {_FIRST}."),
        Output(name="commit", help=f"Newest commit {_FIRST}, or of the base branch."),
        *DISPATCH_OUTPUTS,
    ),
)
