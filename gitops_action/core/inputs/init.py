"""The interface of `init`, which writes new repositories."""

from __future__ import annotations

from gitops_action.core.dataclass import dataclass
from gitops_action.core.inputs.declaration import Command, Input

WHAT = Input(
    name="what",
    topic="What changes",
    kind="choice",
    choices=("environment", "application", "workflow"),
    help="A new environment repository, a new application repository, or the release workflow for"
    " an application repository that exists.",
)
OWNER = Input(
    name="owner",
    topic="What changes",
    help="The account or organisation on GitHub.",
    default_help="asked for",
)
NAME = Input(
    name="name",
    topic="What changes",
    help="Name of the repository; for an application also its name in the environments.",
    default_help="`environment` for an environment repository; else asked for",
)
LAYOUT = Input(
    name="layout",
    topic="What changes",
    kind="choice",
    choices=("overlays", "minimal"),
    help="Of an environment repository: one kustomize overlay for each environment and"
    " application, or one environment with `applications/NAME/deployment.yaml`.",
    default_help="`overlays`",
)
ENVIRONMENTS = Input(
    name="environments",
    topic="What changes",
    kind="names",
    help="Environments, in the order that versions pass them.",
    default_help="`staging,production`",
)
APPLICATIONS = Input(
    name="applications",
    topic="What changes",
    kind="names",
    help="Applications to begin with: `NAME`, or `NAME=IMAGE` with or without a tag.",
    default_help="`web`",
)
REGISTRY = Input(
    name="registry",
    topic="What changes",
    help="Where images are that are not named in full: `REGISTRY/OWNER/NAME`.",
    default_help="`ghcr.io`",
)
IMAGE = Input(
    name="image",
    topic="What changes",
    help="Of an application: its image without tag.",
    default_help="`REGISTRY/OWNER/NAME`",
)
ENGINE = Input(
    name="engine",
    topic="What changes",
    kind="choice",
    choices=("flux", "push"),
    help="Who applies: Flux in the cluster, or a job that may write to it.",
    default_help="`flux`",
)
ENVIRONMENT_REPOSITORY = Input(
    name="environment-repository",
    topic="What changes",
    kind="repository",
    help="Of an application: where its releases are proposed.",
    default_help="`OWNER/environment`",
)
HAND_OVER = Input(
    name="hand-over",
    topic="How it is proposed",
    kind="choice",
    choices=("pull-request", "dispatch"),
    help="Of an application: its release opens the pull request itself, or starts the environment"
    " repository's workflow that does, so that the application needs no right to write there.",
    default_help="`pull-request`",
)
CODE_OWNERS = Input(
    name="code-owners",
    topic="What changes",
    help="Who reviews changes, as CODEOWNERS names them: `@acme/platform`. An organisation alone"
    " is nobody, one of its teams is.",
    default_help="`@OWNER`",
)
LIBRARY_INPUT = Input(
    name="library",
    topic="Access",
    kind="repository",
    help="The repository of this action, whose workflows are called.",
    default_help="where this program was installed from; else asked for",
)
OUTPUT = Input(
    name="output",
    topic="Where",
    help="The folder that is written.",
    default_help="the current one for `workflow`, or when it is empty; else `./NAME`",
)
FORCE = Input(
    name="force",
    topic="Where",
    kind="flag",
    help="Replace files that are in the way.",
    default="false",
)
DRY_RUN = Input(
    name="dry-run",
    topic="Where",
    kind="flag",
    help="List the files, write nothing.",
    default="false",
)

INIT = Command(
    name="init",
    help="Writes a new environment or application repository, and lists what to set on GitHub.",
    positional=(WHAT,),
    inputs=(
        OWNER,
        NAME,
        LAYOUT,
        ENVIRONMENTS,
        APPLICATIONS,
        REGISTRY,
        IMAGE,
        ENGINE,
        ENVIRONMENT_REPOSITORY,
        CODE_OWNERS,
        HAND_OVER,
        OUTPUT,
        FORCE,
        DRY_RUN,
        LIBRARY_INPUT,
    ),
    outputs=(),
    terminal_only=True,
)


@dataclass(frozen=True, kw_only=True)
class InitInputs:
    """The inputs of `init`; what is empty was not given and is asked for or takes its default."""

    what: str
    owner: str = ""
    name: str = ""
    layout: str = ""
    environments: tuple[str, ...] = ()
    applications: tuple[str, ...] = ()
    registry: str = ""
    image: str = ""
    engine: str = ""
    environment_repository: str = ""
    code_owners: str = ""
    hand_over: str = ""
    output: str = ""
    force: bool = False
    dry_run: bool = False
    library: str = ""
